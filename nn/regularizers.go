package nn

import "github.com/tabgrad/tabgrad/nn/prog"

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
