package nn

import (
	"slices"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// Dot is the dot product of two tensors along one dimension of each, sample by sample: of [N, a, k] and [N, k, b] along
// 2 and 1 it is the matrix product [N, a, b]. The output has the first's other dimensions and then the second's; where
// there are none it has one of 1.
type Dot struct {
	Multi
	Axes      []int  `arg:"axes" required:"yes" axes:"yes" doc:"The dimension of each, counted with the batch, or from the end where it is below 0; one number for both."`
	Normalize bool   `arg:"normalize" doc:"Whether the vectors are made to be of length 1 first, so that the result is the cosine of their angle."`
	Name      string `arg:"name" doc:"The layer's name."`
}

// BuildMulti returns the dimensions that are left.
func (l Dot) BuildMulti(_ *Scope, in []prog.Shape) ([]prog.Shape, error) {
	if len(in) != 2 {
		return nil, fail(ErrConfig, "got %d inputs, wanted 2", len(in))
	}
	axes, err := l.axes(in)
	if err != nil {
		return nil, err
	}
	if a, b := in[0][axes[0]], in[1][axes[1]]; a != b {
		return nil, fail(ErrShape, "wanted as many elements along axes %v: they have %d and %d", prog.Shape(l.Axes), a, b)
	}
	out := append(without(in[0], axes[0]), without(in[1], axes[1])...)
	if len(out) == 0 {
		out = prog.Shape{1}
	}
	return []prog.Shape{out}, nil
}

// axes are the samples' dimensions.
func (l Dot) axes(in []prog.Shape) (axes [2]int, err error) {
	if n := len(l.Axes); n < 1 || n > 2 {
		return axes, fail(ErrConfig, "axes is %v, wanted one number or two", prog.Shape(l.Axes))
	}
	for i := range axes {
		a := l.Axes[min(i, len(l.Axes)-1)]
		if axes[i], err = axisOf(a, in[i]); err != nil {
			return axes, fail(ErrConfig, "axes is %v, and input %d %v; wanted one of its %d dimensions, from 1 or from -1 on", prog.Shape(l.Axes), i, in[i], len(in[i]))
		}
	}
	return axes, nil
}

func without(s prog.Shape, dimension int) prog.Shape {
	return slices.Delete(slices.Clone(s), dimension, dimension+1)
}

// LowerMulti multiplies matrices: the first's vectors as rows by the second's as columns.
func (l Dot) LowerMulti(c *Call, x []prog.Buf) []prog.Buf {
	c.SetMask(0, prog.None)
	axes, _ := l.axes(c.Ins())
	n := c.batch(x[0])
	var rows [2]prog.Buf
	for i, axis := range axes {
		in, y := c.Ins()[i], x[i]
		if l.Normalize {
			y = normalize(c.Builder, y, axis+1)
		}
		rows[i] = c.Reshape(lastAxisOf(c.Builder, y, axis+1), n, without(in, axis).Size(), in[axis])
	}
	return []prog.Buf{c.Reshape(c.MatMul(rows[0], rows[1], false, true), append([]int{n}, c.Out()...)...)}
}

// lastAxisOf is x with the axis behind all others.
func lastAxisOf(b *prog.Builder, x prog.Buf, axis int) prog.Buf {
	var perm []int
	for d := range b.Shape(x) {
		if d != axis {
			perm = append(perm, d)
		}
	}
	if axis == len(perm) || b.Err() != nil {
		return x
	}
	return b.Transpose(x, append(perm, axis)...)
}
