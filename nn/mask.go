package nn

import "github.com/tabgrad/tabgrad/nn/prog"

// Masking marks the steps of a sequence [T, D] whose numbers are all MaskValue as ones that do not count:
// layers behind it, and the loss, leave them out. In its output they are 0.
type Masking struct {
	MaskValue float64 `arg:"mask_value" doc:"What all of a step's numbers are where it does not count."`
	Name      string  `arg:"name" doc:"The layer's name."`
}

// Build keeps the shape.
func (l Masking) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	if len(in) == 0 {
		return nil, fail(ErrShape, "input is a single number, wanted at least one dimension")
	}
	return in, nil
}

// Lower sets the mask [N, T].
func (l Masking) Lower(c *Call, x prog.Buf) prog.Buf {
	same := c.Binary(prog.Equal, x, c.Fill(l.MaskValue))
	counts := c.Reduce(prog.Max, c.Affine(same, -1, 1), false, -1)
	c.SetMask(0, counts)
	return c.Mul(x, alongside(c.Builder, counts, x))
}

// KeepsMask: what counts goes on to count.
func (Dense) KeepsMask() {}

// KeepsMask: what counts goes on to count.
func (Activation) KeepsMask() {}

// KeepsMask: what counts goes on to count.
func (IdentityLayer) KeepsMask() {}

// KeepsMask: what counts goes on to count.
func (Dropout) KeepsMask() {}
