package nn

import (
	"slices"

	"github.com/tabgrad/tabgrad/nn/prog"
)

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

// Permute changes the order of a sample's dimensions: dimension i of the output is dimension Dims[i] of the input,
// counted from 1.
type Permute struct {
	Dims []int  `arg:"dims" required:"yes" min:"1" doc:"The input's dimensions in their new order, counted from 1."`
	Name string `arg:"name" doc:"The layer's name."`
}

// Build permutes the shape.
func (l Permute) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	out, ok := make(prog.Shape, len(in)), len(l.Dims) == len(in)
	for i, d := range l.Dims {
		if ok = ok && d <= len(in) && !slices.Contains(l.Dims[:i], d); ok {
			out[i] = in[d-1]
		}
	}
	if !ok {
		return nil, fail(ErrConfig, "dims is %v, wanted each dimension of the input %v once, from 1 to %d", prog.Shape(l.Dims), in, len(in))
	}
	return out, nil
}

// Lower transposes.
func (l Permute) Lower(c *Call, x prog.Buf) prog.Buf {
	return c.Transpose(x, append([]int{0}, l.Dims...)...)
}

// RepeatVector makes a sequence [N, D] of a vector [D], N times the same.
type RepeatVector struct {
	N    int    `arg:"n" required:"yes" min:"1" doc:"How often it is repeated."`
	Name string `arg:"name" doc:"The layer's name."`
}

// Build puts N before the vector's size.
func (l RepeatVector) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	if len(in) != 1 {
		return nil, fail(ErrShape, "input is %v, wanted a vector [features]", in)
	}
	return prog.Shape{l.N, in[0]}, nil
}

// Lower repeats.
func (l RepeatVector) Lower(c *Call, x prog.Buf) prog.Buf {
	n := c.batch(x)
	return c.Broadcast(c.Reshape(x, n, 1, c.In().Last()), prog.Shape{n, l.N, c.In().Last()})
}
