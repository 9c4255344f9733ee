package nn

import (
	"slices"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// The layers of this file are activation functions, each as a layer with arguments of its own. Their Go names end in
// Layer where the function has the name.

// ReLULayer is the ReLU layer: x from Threshold on, at most MaxValue, else NegativeSlope·(x - Threshold).
type ReLULayer struct {
	MaxValue      *float64 `arg:"max_value" min:"0" doc:"The largest result; none by default."`
	NegativeSlope float64  `arg:"negative_slope" min:"0" doc:"What x below the threshold is multiplied by."`
	Threshold     float64  `arg:"threshold" min:"0" doc:"Where x begins to pass."`
	Name          string   `arg:"name" doc:"The layer's name."`
}

// LeakyReLULayer is the LeakyReLU layer: x where x > 0, else NegativeSlope·x (Maas et al. 2013). By default the slope is
// 0.3, and not 0.2 as the function's.
type LeakyReLULayer struct {
	NegativeSlope float64 `arg:"negative_slope" also:"alpha" default:"0.3" min:"0" doc:"What x below 0 is multiplied by."`
	Name          string  `arg:"name" doc:"The layer's name."`
}

// ELULayer is the ELU layer: x where x > 0, else Alpha·(eˣ - 1) (Clevert et al. 2015).
type ELULayer struct {
	Alpha float64 `arg:"alpha" default:"1" min:"0" doc:"What eˣ - 1 is multiplied by."`
	Name  string  `arg:"name" doc:"The layer's name."`
}

// SoftmaxLayer is the Softmax layer: eˣ / Σ eˣ over the dimensions of Axis. It may have a second input, a mask of
// the first's sizes or 1: where it is at most 1/2 the result is 0, and the others' sum is 1; where it leaves nothing of
// a row all are 0. A mask that comes with the input does the same, where it is of the input's shape.
type SoftmaxLayer struct {
	Multi
	Axis []int  `arg:"axis" default:"-1" axes:"yes" doc:"The dimensions that are summed over, counted with the batch, or from the end where they are below 0."`
	Name string `arg:"name" doc:"The layer's name."`
}

// PReLU is x where x > 0, else α·x, with an α that is learnt for each element of a sample, or for all along
// SharedAxes (He et al. 2015).
type PReLU struct {
	AlphaInit       Initializer `arg:"alpha_initializer" default:"zeros" doc:"What α begins as."`
	AlphaReg        Regularizer `arg:"alpha_regularizer" doc:"Penalty on α, added to the loss."`
	AlphaConstraint Constraint  `arg:"alpha_constraint" doc:"What α is held to after each step."`
	SharedAxes      []int       `arg:"shared_axes" axes:"yes" min:"1" doc:"The dimensions along which α is the same, counted with the batch: [1, 2] gives each channel of an image one."`
	Name            string      `arg:"name" doc:"The layer's name."`
	Frozen          bool        `arg:"!trainable" doc:"Whether training changes the layer's variables."`
}

// Build keeps the shape.
func (l ReLULayer) Build(_ *Scope, in prog.Shape) (prog.Shape, error) { return in, nil }

// Build keeps the shape.
func (l LeakyReLULayer) Build(_ *Scope, in prog.Shape) (prog.Shape, error) { return in, nil }

// Build keeps the shape.
func (l ELULayer) Build(_ *Scope, in prog.Shape) (prog.Shape, error) { return in, nil }

// BuildMulti keeps the shape.
func (l SoftmaxLayer) BuildMulti(_ *Scope, in []prog.Shape) ([]prog.Shape, error) {
	if len(in) > 2 {
		return nil, fail(ErrConfig, "got %d inputs, wanted 1, or 2 with a mask", len(in))
	}
	if _, err := axesIn(l.Axis, in[0]); err != nil {
		return nil, err
	}
	if len(in) == 2 {
		if out, ok := prog.BroadcastShape(in[0], in[1]); !ok || !out.Equal(in[0]) || len(in[1]) != len(out) {
			return nil, fail(ErrShape, "wanted a mask of as many dimensions as the input, of its sizes or 1")
		}
	}
	return in[:1], nil
}

// InputNames are those of Keras's call.
func (l SoftmaxLayer) InputNames() []string { return []string{"inputs", "mask"} }

// Build declares alpha, of a sample's shape with 1 for SharedAxes.
func (l PReLU) Build(s *Scope, in prog.Shape) (prog.Shape, error) {
	shape := append(prog.Shape{}, in...)
	for _, a := range l.SharedAxes {
		if a > len(in) {
			return nil, fail(ErrConfig, "shared_axes is %v, and the input %v; wanted some of its dimensions, from 1 to %d", prog.Shape(l.SharedAxes), in, len(in))
		}
		shape[a-1] = 1
	}
	(&weight{l.AlphaInit, l.AlphaReg, l.AlphaConstraint}).declare(s, "alpha", shape)
	return in, nil
}

// Lower applies the function.
func (l ReLULayer) Lower(c *Call, x prog.Buf) prog.Buf {
	top := none
	if l.MaxValue != nil {
		top = *l.MaxValue
	}
	return ReLU.With(l.NegativeSlope, top, l.Threshold).Lower(c.Builder, x)
}

// Lower applies the function.
func (l LeakyReLULayer) Lower(c *Call, x prog.Buf) prog.Buf {
	return LeakyReLU.With(l.NegativeSlope).Lower(c.Builder, x)
}

// Lower applies the function.
func (l ELULayer) Lower(c *Call, x prog.Buf) prog.Buf {
	return ELU.With(l.Alpha).Lower(c.Builder, x)
}

// LowerMulti takes the softmax of what the mask leaves.
func (l SoftmaxLayer) LowerMulti(c *Call, x []prog.Buf) []prog.Buf {
	mask := c.Mask(0)
	c.SetMask(0, mask)
	if len(x) == 2 {
		mask = x[1]
	}
	y := x[0]
	if mask != prog.None {
		if s, m := c.Shape(y), c.Shape(mask); c.Err() == nil && len(x) == 1 && !m.Equal(s) {
			return []prog.Buf{c.Fail(fail(ErrShape, "the input is %v and its mask %v, wanted one of the input's shape, or a mask as a second input", s, m))}
		}
		mask = c.Binary(prog.Greater, mask, c.Fill(0.5))
		y = c.Select(mask, y, c.Fill(-1e9))
	}
	axes, _ := axesIn(l.Axis, c.In())
	y = softmaxOver(c.Builder, y, behindBatch(axes))
	if mask != prog.None {
		y = c.Binary(prog.Where, y, mask)
	}
	return []prog.Buf{y}
}

// softmaxOver is the softmax over axes together.
func softmaxOver(b *prog.Builder, x prog.Buf, axes []int) prog.Buf {
	if len(axes) == 1 {
		return alongAxis(b, x, axes[0], b.Softmax)
	}
	// The axes behind the others, and joined.
	s := b.Shape(x)
	var perm []int
	for d := range s {
		if !slices.Contains(axes, d) {
			perm = append(perm, d)
		}
	}
	rows := len(perm)
	perm = append(perm, axes...)
	if b.Err() != nil {
		return prog.None
	}
	y := b.Transpose(x, perm...)
	behind := append(prog.Shape{}, b.Shape(y)...)
	y = b.Reshape(b.Softmax(b.Reshape(y, append(append([]int{}, behind[:rows]...), -1)...)), behind...)
	inverse := make([]int, len(perm))
	for i, d := range perm {
		inverse[d] = i
	}
	return b.Transpose(y, inverse...)
}

// Lower is max(x, 0) - α·max(-x, 0).
func (l PReLU) Lower(c *Call, x prog.Buf) prog.Buf {
	negative := c.Unary(prog.Relu, c.Unary(prog.Neg, x))
	return c.Sub(c.Unary(prog.Relu, x), c.Mul(c.Var(0), negative))
}

// KeepsMask: what counts goes on to count.
func (ReLULayer) KeepsMask() {}

// KeepsMask: what counts goes on to count.
func (LeakyReLULayer) KeepsMask() {}

// KeepsMask: what counts goes on to count.
func (ELULayer) KeepsMask() {}

// KeepsMask: what counts goes on to count.
func (PReLU) KeepsMask() {}
