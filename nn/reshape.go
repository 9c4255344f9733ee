package nn

import "github.com/tabgrad/tabgrad/nn/prog"

// Flatten joins all of a sample's dimensions into one: [28, 28, 1] becomes [784].
type Flatten struct {
	Name string `arg:"name" doc:"The layer's name."`
}

// Build returns the product of the dimensions.
func (f Flatten) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	return prog.Shape{in.Size()}, nil
}

// Lower is a view: it costs nothing.
func (f Flatten) Lower(c *Call, x prog.Buf) prog.Buf {
	return c.Reshape(x, c.batch(x), c.In().Size())
}

// Reshape gives a sample another shape of as many elements. One dimension of Target may be -1 and is
// computed.
type Reshape struct {
	Target []int  `arg:"target_shape" required:"yes" min:"-1" doc:"The sample's new shape; one dimension may be -1."`
	Name   string `arg:"name" doc:"The layer's name."`
}

// Build resolves the -1.
func (r Reshape) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	out := append(prog.Shape{}, r.Target...)
	free, known := -1, 1
	for i, d := range out {
		switch {
		case d == -1 && free >= 0:
			return nil, fail(ErrConfig, "target_shape is %v, wanted at most one -1", prog.Shape(r.Target))
		case d == -1:
			free = i
		default:
			known *= d
		}
	}
	if free >= 0 && known > 0 {
		out[free] = in.Size() / known
	}
	if out.Size() != in.Size() {
		return nil, fail(ErrShape, "input %v has %d elements, target_shape %v wants %d",
			in, in.Size(), prog.Shape(r.Target), known)
	}
	return out, nil
}

// Lower is a view: it costs nothing.
func (r Reshape) Lower(c *Call, x prog.Buf) prog.Buf {
	return c.Reshape(x, append([]int{c.batch(x)}, c.Out()...)...)
}
