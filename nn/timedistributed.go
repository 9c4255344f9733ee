package nn

import (
	"slices"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// TimeDistributed applies a layer to each step of a sequence [T, ...], with the same weights.
// keras/src/layers/rnn/time_distributed.py
type TimeDistributed struct {
	Multi
	Layer Layer `arg:"layer" required:"yes" doc:"The layer for one step."`

	Name   string `arg:"name" doc:"The layer's name."`
	Frozen bool   `arg:"!trainable" doc:"Whether training changes the layer's variables."`
}

// BuildMulti builds the layer for a step.
func (l TimeDistributed) BuildMulti(s *Scope, in []prog.Shape) ([]prog.Shape, error) {
	if len(in) != 1 {
		return nil, fail(ErrConfig, "got %d inputs, wanted 1", len(in))
	}
	if x := in[0]; len(x) < 2 || x[0] == 0 {
		return nil, fail(ErrShape, "input is %v, wanted a sequence [steps, ...] of what the layer takes", x)
	}
	outs, err := s.Layer(innerName(l.Layer), l.Layer, in[0][1:])
	if err != nil {
		return nil, err
	}
	if len(outs) != 1 {
		return nil, fail(ErrConfig, "its layer has %d outputs, wanted 1", len(outs))
	}
	return []prog.Shape{append(prog.Shape{in[0][0]}, outs[0]...)}, nil
}

// innerName is what a layer inside another is called.
func innerName(l Layer) string {
	if name := nameOf(bare(l)); name != "" {
		return name
	}
	return autoName(bare(l), nil)
}

// LowerMulti applies the layer to the steps of all samples together; one that keeps state, such as moving
// averages, to one step after another.
func (l TimeDistributed) LowerMulti(c *Call, x []prog.Buf) []prog.Buf {
	if c.Err() != nil {
		return []prog.Buf{prog.None}
	}
	shape, mask := c.Shape(x[0]), c.Mask(0)
	c.SetMask(0, mask)
	if m := c.Shape(mask); len(m) > 2 { // which steps are left out, if nothing of them counts
		axes := []int{}
		for d := range m[2:] {
			axes = append(axes, d+2)
		}
		c.SetMask(0, c.Reduce(prog.Max, mask, false, axes...))
	}
	n, t := shape[0], shape[1]
	if c.app.subs[0].of.hasState() {
		steps, masks := c.Parts(timeFirst(c, x[0])), slices.Repeat([]prog.Buf{prog.None}, t)
		if mask != prog.None {
			masks = c.Parts(timeFirst(c, mask))
		}
		for i := range steps {
			y, _ := c.LayerMasked(0, steps[i:i+1], masks[i:i+1])
			if steps[i] = y[0]; c.Err() != nil {
				return y
			}
		}
		return []prog.Buf{timeFirst(c, c.Stack(steps...))}
	}
	joined := func(x prog.Buf) prog.Buf { return c.Reshape(x, append([]int{n * t}, c.Shape(x)[2:]...)...) }
	if mask != prog.None {
		mask = joined(mask)
	}
	before := len(c.l.losses)
	y, _ := c.LayerMasked(0, []prog.Buf{joined(x[0])}, []prog.Buf{mask})
	if c.Err() != nil {
		return y
	}
	for i, loss := range c.l.losses[before:] { // penalties are of a sample, which has all the steps
		c.l.losses[before+i] = c.Affine(loss, float64(t), 0)
	}
	return []prog.Buf{c.Reshape(y[0], append([]int{n, t}, c.Shape(y[0])[1:]...)...)}
}

// hasState is whether a step may write variables of the layer or of one inside it.
func (i *Instance) hasState() bool {
	return len(i.states) > 0 || slices.ContainsFunc(i.parts, (*Instance).hasState)
}
