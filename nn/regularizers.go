package nn

import (
	"math"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// A Regularizer is a penalty on a tensor, added to the loss in training and in evaluation.
type Regularizer interface {
	// Penalty writes the penalty on x down, a scalar.
	Penalty(b *prog.Builder, x prog.Buf) prog.Buf
}

// L1 is Factor · Σ|x|.
type L1 struct {
	Factor float64 `arg:"l1" default:"0.01" min:"0" doc:"Factor of the sum of absolute values."`
}

// L2 is Factor · Σx².
type L2 struct {
	Factor float64 `arg:"l2" default:"0.01" min:"0" doc:"Factor of the sum of squares."`
}

// L1L2 is L1 · Σ|x| + L2 · Σx².
type L1L2 struct {
	L1 float64 `arg:"l1" min:"0" doc:"Factor of the sum of absolute values."`
	L2 float64 `arg:"l2" min:"0" doc:"Factor of the sum of squares."`
}

// Penalty is Factor · Σ|x|.
func (r L1) Penalty(b *prog.Builder, x prog.Buf) prog.Buf {
	return b.Affine(b.Reduce(prog.Sum, b.Unary(prog.Abs, x), false), r.Factor, 0)
}

// Penalty is Factor · Σx².
func (r L2) Penalty(b *prog.Builder, x prog.Buf) prog.Buf {
	return b.Affine(b.Reduce(prog.Sum, b.Unary(prog.Square, x), false), r.Factor, 0)
}

// Penalty is the sum of both.
func (r L1L2) Penalty(b *prog.Builder, x prog.Buf) prog.Buf {
	return b.Add(L1{r.L1}.Penalty(b, x), L2{r.L2}.Penalty(b, x))
}

// OrthogonalRegularizer is Factor times the mean of |cos| of the angles between all pairs of a matrix's rows, or
// columns: 0 where they are orthogonal.
type OrthogonalRegularizer struct {
	Factor float64 `arg:"factor" default:"0.01" min:"0" doc:"What the mean is multiplied by."`
	Mode   string  `arg:"mode" default:"rows" oneof:"rows,columns" doc:"Which vectors are to be orthogonal."`
}

// Penalty is Factor · Σ|cos| / pairs.
func (r OrthogonalRegularizer) Penalty(b *prog.Builder, x prog.Buf) prog.Buf {
	s := b.Shape(x)
	if len(s) != 2 {
		return b.Fail(r.CheckShape(s))
	}
	size, cos := s[0], prog.None
	if r.Mode == "columns" {
		size = s[1]
		x = normalize(b, x, 0)
		cos = b.MatMul(x, x, true, false)
	} else {
		x = normalize(b, x, 1)
		cos = b.MatMul(x, x, false, true)
	}
	pairs := float64(size) * float64(size-1) / 2
	others := b.Binary(prog.Unless, cos, oneHot(b, counted(b, size), size)) // without the diagonal
	return b.Affine(b.Reduce(prog.Sum, b.Unary(prog.Abs, others), false), r.Factor/2/math.Max(pairs, 1), 0)
}

// CheckShape wants a matrix.
func (r OrthogonalRegularizer) CheckShape(s prog.Shape) error {
	if len(s) != 2 {
		return fail(ErrShape, "orthogonal_regularizer: the variable is %v, wanted a matrix", s)
	}
	return nil
}
