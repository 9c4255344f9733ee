package nn

import (
	"github.com/tabgrad/tabgrad/nn/prog"
)

// A Layer is one step of a model, in the common case of one tensor in and one out. Its exported fields
// are its arguments, described by struct tags (see registry.go), and a model fills the defaults in
// before it calls Build or Lower. A layer holds no weights: those belong to an [Instance], which a model
// makes of each layer that it is given. Any type with these two methods is a layer; the registry only
// gives it a config.
//
// What else a layer may be:
//   - a [MultiLayer]: several tensors in, or several out
//   - a [MaskKeeper]: its output has its input's mask
//   - an [InputNamer]: its inputs have names in Keras
//   - an [ArgNamer]: it is applied with arguments beside tensors
type Layer interface {
	// Build declares the layer's variables for one sample's input shape, and returns one sample's
	// output shape. Shapes are without the batch. The model puts the layer's name before the error.
	// A layer that is applied several times is built each time, and must declare the same variables.
	Build(s *Scope, in prog.Shape) (prog.Shape, error)
	// Lower writes the forward pass of a batch x [N, in...] and returns [N, out...].
	Lower(c *Call, x prog.Buf) prog.Buf
}

// A MultiLayer takes several tensors, or returns several: Add, Concatenate, attention, an RNN with its
// state. A model calls BuildMulti and LowerMulti in place of Build and Lower, with one input too; embed
// [Multi] for those two.
type MultiLayer interface {
	Layer
	// BuildMulti is Build for all inputs. It says how many inputs it wants where there are others. The
	// model names the inputs and their shapes before the error.
	BuildMulti(s *Scope, in []prog.Shape) ([]prog.Shape, error)
	// LowerMulti is Lower: as many results as BuildMulti returned shapes.
	LowerMulti(c *Call, x []prog.Buf) []prog.Buf
}

// Multi, embedded in a MultiLayer, has the methods of Layer, which a model does not call for it. It makes layers that
// cannot be compared, for which the compiler writes no comparison.
type Multi struct{ _ [0]func() }

// Build is not called.
func (Multi) Build(*Scope, prog.Shape) (prog.Shape, error) {
	return nil, fail(ErrConfig, "it has several inputs or outputs, and cannot be a part of a layer that gives it one")
}

// Lower is not called.
func (Multi) Lower(c *Call, _ prog.Buf) prog.Buf {
	return c.Fail(fail(ErrConfig, "it has several inputs or outputs"))
}

// A MaskKeeper is a layer whose outputs have its first input's mask: Keras's supports_masking with
// compute_mask as it is. The mask ends at a layer that is none and does not call [Call.SetMask].
type MaskKeeper interface{ KeepsMask() }

// An InputNamer says what Keras calls a MultiLayer's inputs, in their order, so that configs may give
// them by name: "query", "value", "key". A name that ends in "..." stands for all inputs from there on.
type InputNamer interface{ InputNames() []string }

// An ArgNamer names the arguments beside tensors that it takes when it is applied ("use_causal_mask"); see
// [ApplyWith]. All layers take "training".
type ArgNamer interface{ ArgNames() []string }

// A Constraint is applied to a variable after each of the optimizer's steps.
type Constraint interface {
	// Project writes down the value that takes w's place.
	Project(b *prog.Builder, w prog.Buf) prog.Buf
}

// A Scope collects what a layer declares in Build.
type Scope struct{ app *application }

// Var declares the layer's next variable, a parameter that is trained unless the layer is frozen.
// r may be nil.
func (s *Scope) Var(name string, shape prog.Shape, init Initializer, r Regularizer) {
	i := s.app.of
	i.vars = append(i.vars, &variable{name: name, owner: i, shape: shape, init: init, regularizer: r})
}

// Constrain sets the constraint of the variable declared last; nil does nothing.
func (s *Scope) Constrain(c Constraint) {
	if c != nil {
		s.app.of.vars[len(s.app.of.vars)-1].constraint = c
	}
}

// A weight is what a variable begins as and is held to: arguments of most layers that have variables.
type weight struct {
	init       Initializer
	reg        Regularizer
	constraint Constraint
}

// declare declares the variable. A nil weight is one that the layer does without.
func (w *weight) declare(s *Scope, name string, shape prog.Shape) {
	if w != nil {
		s.Var(name, shape, w.init, w.reg)
		s.Constrain(w.constraint)
	}
}

// weightUnless is a weight that a layer may do without.
func weightUnless(none bool, init Initializer, reg Regularizer, constraint Constraint) *weight {
	if none {
		return nil
	}
	return &weight{init, reg, constraint}
}

// State declares the layer's next state: a variable that is not trained, but that a step may write
// with [Call.Assign], such as moving averages. It is saved with the weights.
func (s *Scope) State(name string, shape prog.Shape, init Initializer) {
	i := s.app.of
	i.states = append(i.states, &variable{name: name, owner: i, shape: shape, init: init, state: true})
}

// Carry is State for what passes from one batch to the next and is no weight: a stateful layer's memory of its
// sequences. It is not listed, nor saved, and [Model.ResetStates] takes it back to its beginning.
func (s *Scope) Carry(name string, shape prog.Shape, init Initializer) {
	s.State(name, shape, init)
	i := s.app.of
	i.states[len(i.states)-1].carried = true
}

// Layer builds a layer inside this one, as a wrapper does, and returns the shapes of its results. Its
// variables stand behind the layer's own, under its name.
func (s *Scope) Layer(name string, l Layer, in ...prog.Shape) ([]prog.Shape, error) {
	inner := instanceOf(l)
	if inner.name == "" {
		inner.name = name
	}
	if err := validate(inner.name, inner.layer); err != nil {
		return nil, err
	}
	if s.app.of.frozen {
		inner.freeze(true)
	}
	app, err := inner.build(in, nil, s.app.batch)
	if err != nil {
		return nil, named(inner.name, err)
	}
	s.app.of.parts = append(s.app.of.parts, inner)
	s.app.subs = append(s.app.subs, app)
	return app.outs, nil
}

// Arg is an argument that the layer is applied with, beside tensors: use_causal_mask. nil where there
// is none.
func (s *Scope) Arg(name string) any { return s.app.args[name] }

// Batch is the number of samples that every batch will have, 0 where the model's input does not say.
func (s *Scope) Batch() int { return s.app.batch }

// A Call is one lowering of a layer into a program, whose Builder it embeds.
type Call struct {
	*prog.Builder
	// Training is true in the program of a training step; Dropout only acts there.
	Training bool

	l     *lowering
	app   *application
	key   uint64
	draws uint64
	calls uint64 // of inner layers
	in    []value
	masks []prog.Buf // of the outputs, nil while none is set
}

// Var is the layer's i-th variable, in the order of its Scope.Var calls.
func (c *Call) Var(i int) prog.Buf { return c.l.variable(c.app.of.vars[i]) }

// State is the layer's i-th state, in the order of its Scope.State calls: as it was before the step, or
// what has been assigned to it since.
func (c *Call) State(i int) prog.Buf { return c.l.variable(c.app.of.states[i]) }

// Assign makes x the layer's i-th state. The variable is written at the end of the step, whatever the
// program is for; what reads State later in the step sees x, and no gradient flows through it into the
// next step.
func (c *Call) Assign(i int, x prog.Buf) { c.l.assign(c.app.of.states[i], x) }

// Frozen is whether the layer is not trained. BatchNormalization then uses its moving statistics.
func (c *Call) Frozen() bool { return c.l.frozen[c.app.of] }

// In is one sample's shape of the first input, as Build had it.
func (c *Call) In() prog.Shape { return c.app.ins[0] }

// Out is one sample's shape of the first output, as Build returned it.
func (c *Call) Out() prog.Shape { return c.app.outs[0] }

// Ins are all inputs' shapes, as BuildMulti had them.
func (c *Call) Ins() []prog.Shape { return c.app.ins }

// Outs are all outputs' shapes, as BuildMulti returned them.
func (c *Call) Outs() []prog.Shape { return c.app.outs }

// Arg is an argument that the layer is applied with, beside tensors.
func (c *Call) Arg(name string) any { return c.app.args[name] }

// Mask is the mask of the i-th input, [N, T] with 1 for a step that counts and 0 for one that does
// not; None where all count.
func (c *Call) Mask(i int) prog.Buf { return c.in[i].mask }

// SetMask gives the i-th output a mask, or with None takes away the one that it would keep.
func (c *Call) SetMask(i int, mask prog.Buf) {
	if c.masks == nil {
		c.masks = make([]prog.Buf, len(c.app.outs))
		for k := range c.masks {
			c.masks[k] = prog.None
		}
	}
	c.masks[i] = mask
}

// Layer lowers the i-th layer that Build declared with Scope.Layer. It may be called several times: a
// cell, step by step.
func (c *Call) Layer(i int, x ...prog.Buf) []prog.Buf {
	y, _ := c.LayerMasked(i, x, nil)
	return y
}

// LayerMasked is Layer with the inputs' masks, None or missing for no mask, and returns the outputs'.
func (c *Call) LayerMasked(i int, x, masks []prog.Buf) (y, yMasks []prog.Buf) {
	in := make([]value, len(x))
	for k, b := range x {
		in[k] = value{b, prog.None}
		if k < len(masks) {
			in[k].mask = masks[k]
		}
	}
	c.calls++
	for _, v := range c.l.apply(c.app.subs[i], in, mix(c.key, c.calls), c.Training) {
		y, yMasks = append(y, v.buf), append(yMasks, v.mask)
	}
	return y, yMasks
}

// Random is a tensor of random numbers, other ones each step and the same ones for the same model
// seed, layer and step. A seed other than 0 stands in for the model's. A second call in one layer
// draws other numbers. It is for training: the step is counted there.
func (c *Call) Random(d prog.Dist, a, b float64, seed uint64, shape prog.Shape) prog.Buf {
	key := c.key
	if seed != 0 {
		if key = mix(seed); c.app.number > 0 {
			key = mix(seed, uint64(c.app.number))
		}
	}
	if c.draws > 0 {
		key = mix(key, c.draws)
	}
	c.draws++
	if c.l.step == prog.None {
		return c.Fail(fail(ErrConfig, "it draws random numbers, which is for training alone"))
	}
	return c.Builder.Random(c.l.step, prog.RandomAttr{Dist: d, Key: key, A: a, B: b, Shape: shape})
}

// AddLoss adds a scalar to the model's loss, as regularizers do.
func (c *Call) AddLoss(x prog.Buf) { c.l.losses = append(c.l.losses, x) }

// batch is the number of samples in x.
func (c *Call) batch(x prog.Buf) int {
	if s := c.Shape(x); len(s) > 0 {
		return s[0]
	}
	return 0
}

// finish is what layers with kernels end with: a product or convolution y gets the bias, the i-th variable, if there is
// one, the activation, the layer's shape and its penalty.
func (c *Call) finish(y prog.Buf, bias *weight, i int, f ActivationFunc, r Regularizer) prog.Buf {
	if bias != nil {
		y = c.Add(y, c.Var(i))
	}
	out := append([]int{c.batch(c.in[0].buf)}, c.Out()...)
	if f.alongRows() { // of the right shape; and softmax last, so that crossentropy finds it
		return c.activity(r, f.Lower(c.Builder, c.Reshape(y, out...)))
	}
	return c.activity(r, c.Reshape(f.Lower(c.Builder, y), out...))
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
	Batch int    `arg:"batch_size" min:"0" null:"0" doc:"How many samples a batch has, where layers are to keep their state from one to the next."`
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
