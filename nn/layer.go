package nn

import (
	"github.com/tabgrad/tabgrad/nn/prog"
)

// A Layer is one step of a model. Its exported fields are its arguments, described by struct tags
// (see registry.go), and a model fills the defaults in before it calls Build or Lower.
type Layer interface {
	// Build declares the layer's variables for one sample's input shape, and returns one sample's
	// output shape. Shapes are without the batch. The model puts the layer's name before the error.
	Build(s *Scope, in prog.Shape) (prog.Shape, error)
	// Lower writes the forward pass of a batch x [N, in...] and returns [N, out...].
	Lower(c *Call, x prog.Buf) prog.Buf
}

// A Scope collects what a layer declares in Build.
type Scope struct {
	name   string
	frozen bool
	vars   []*variable
}

// A variable is a parameter of the model.
type variable struct {
	name        string // "dense/kernel"
	shape       prog.Shape
	init        Initializer
	regularizer Regularizer // nil for none
	trainable   bool
	store       int // its index in the Store's Vars
	offset      int // where it begins in the model's values
}

// Var declares the layer's next variable, a parameter that is trained unless the layer is frozen.
// r may be nil.
func (s *Scope) Var(name string, shape prog.Shape, init Initializer, r Regularizer) {
	s.vars = append(s.vars, &variable{
		name: s.name + "/" + name, shape: shape, init: init, regularizer: r, trainable: !s.frozen,
	})
}

// A Call is one lowering of a layer into a program, whose Builder it embeds.
type Call struct {
	*prog.Builder
	// Training is true in the program of a training step; Dropout only acts there.
	Training bool

	in, out prog.Shape
	vars    []prog.Buf
	step    prog.Buf
	key     uint64
	losses  []prog.Buf
}

// Var is the layer's i-th variable, in the order of its Scope.Var calls.
func (c *Call) Var(i int) prog.Buf { return c.vars[i] }

// In and Out are one sample's shapes, as Build had them.
func (c *Call) In() prog.Shape { return c.in }

// Out is one sample's output shape, as Build returned it.
func (c *Call) Out() prog.Shape { return c.out }

// Random is a tensor of random numbers, other ones each step and the same ones for the same model
// seed, layer and step. A seed other than 0 stands in for the model's.
func (c *Call) Random(d prog.Dist, a, b float64, seed uint64, shape prog.Shape) prog.Buf {
	key := c.key
	if seed != 0 {
		key = mix(seed)
	}
	return c.Builder.Random(c.step, prog.RandomAttr{Dist: d, Key: key, A: a, B: b, Shape: shape})
}

// AddLoss adds a scalar to the model's loss, as regularizers do.
func (c *Call) AddLoss(x prog.Buf) { c.losses = append(c.losses, x) }

// batch is the number of samples in x.
func (c *Call) batch(x prog.Buf) int {
	if s := c.Shape(x); len(s) > 0 {
		return s[0]
	}
	return 0
}

// activity adds the penalty of an activity regularizer on a layer's output, a batch's divided by its
// size, and returns the output.
func (c *Call) activity(r Regularizer, y prog.Buf) prog.Buf {
	if r != nil {
		c.AddLoss(c.Affine(r.Penalty(c.Builder, y), 1/float64(c.batch(y)), 0))
	}
	return y
}

// InputLayer says the shape of one sample. See [Input].
type InputLayer struct {
	Shape []int  `arg:"shape" required:"yes" min:"1" doc:"One sample's shape, without the batch."`
	Name  string `arg:"name" doc:"The layer's name."`
}

// Input is the first layer: it says the shape of one sample, without the batch: Input(28, 28, 1).
func Input(shape ...int) Layer { return InputLayer{Shape: shape} }

// Build returns the layer's shape; the model has checked the data against it.
func (l InputLayer) Build(_ *Scope, _ prog.Shape) (prog.Shape, error) {
	return append(prog.Shape{}, l.Shape...), nil
}

// Lower returns x.
func (l InputLayer) Lower(_ *Call, x prog.Buf) prog.Buf { return x }
