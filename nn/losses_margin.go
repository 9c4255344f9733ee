package nn

import "github.com/tabgrad/tabgrad/nn/prog"

// HingeLoss is the mean of max(1 - t·p, 0), for targets of -1 and 1; a batch of only 0 and 1 counts as
// such.
type HingeLoss struct{}

// SquaredHingeLoss is the mean of max(1 - t·p, 0)², for targets as HingeLoss has them.
type SquaredHingeLoss struct{}

// CategoricalHingeLoss is max(n - s + 1, 0) of each row, where s = Σ t·p is the prediction for the target's
// class and n the largest for another, for one-hot targets.
type CategoricalHingeLoss struct{}

// DiceLoss is 1 - 2Σtp / (Σt + Σp + ε): how little two areas overlap. By default the sums are over the
// whole batch.
type DiceLoss struct {
	Axis []int `arg:"axis" axes:"yes" doc:"The dimensions that are summed over, counted with the batch; all by default."`
}

// TverskyLoss is 1 - Σtp / (Σtp + αΣt(1-p) + βΣ(1-t)p + ε), with α for what is missed and β for what is too
// much; 1/2 and 1/2 is DiceLoss (Salehi et al. 2017).
type TverskyLoss struct {
	Alpha float64 `arg:"alpha" default:"0.5" min:"0" doc:"α, what missed targets count."`
	Beta  float64 `arg:"beta" default:"0.5" min:"0" doc:"β, what wrong predictions count."`
	Axis  []int   `arg:"axis" axes:"yes" doc:"The dimensions that are summed over, counted with the batch; all by default."`
}

// CircleLoss draws the vectors of one class together, and those of different classes apart, among a batch
// (Sun et al. 2020). Predictions are vectors of length 1, targets class numbers; the mean is over the samples
// that have another of their class in the batch and one of another.
type CircleLoss struct {
	Gamma        float64 `arg:"gamma" default:"80" min:"0" doc:"γ, the scale."`
	Margin       float64 `arg:"margin" default:"0.4" min:"0" max:"1" doc:"The margin, 0 to 1."`
	KeepDiagonal bool    `arg:"!remove_diagonal" doc:"Whether a vector is left out of its own class."`
}

// Target is out.
func (HingeLoss) Target(out prog.Shape) (prog.Shape, error) { return out, nil }

// Each is the mean of the margins that are missed.
func (HingeLoss) Each(b *prog.Builder, pred, target prog.Buf) prog.Buf {
	return lastMean(b, missedMargin(b, pred, target))
}

// Target is out.
func (SquaredHingeLoss) Target(out prog.Shape) (prog.Shape, error) { return out, nil }

// Each is the mean of the squares of the margins that are missed.
func (SquaredHingeLoss) Each(b *prog.Builder, pred, target prog.Buf) prog.Buf {
	return lastMean(b, b.Unary(prog.Square, missedMargin(b, pred, target)))
}

// missedMargin is max(1 - t·p, 0), with 2t - 1 for t where all of the batch's t are 0 or 1.
func missedMargin(b *prog.Builder, pred, target prog.Buf) prog.Buf {
	binary := b.Add(b.Binary(prog.Equal, target, b.Fill(0)), b.Binary(prog.Equal, target, b.Fill(1)))
	signed := b.Reduce(prog.Max, b.Affine(binary, -1, 1), false) // 1 where any is neither
	t := b.Add(target, b.Mul(b.Affine(signed, -1, 1), b.Affine(target, 1, -1)))
	return b.Unary(prog.Relu, b.Affine(b.Mul(t, pred), -1, 1))
}

// Target is out, of at least two classes.
func (CategoricalHingeLoss) Target(out prog.Shape) (prog.Shape, error) {
	if len(out) == 0 || out.Last() < 2 {
		return nil, fail(ErrShape, "the model's output is %v, categorical hinge wants at least two classes; for one use hinge", out)
	}
	return out, nil
}

// Each is the margin that each row misses.
func (CategoricalHingeLoss) Each(b *prog.Builder, pred, target prog.Buf) prog.Buf {
	own := b.Reduce(prog.Sum, b.Mul(target, pred), false, -1)
	other := b.Reduce(prog.Max, b.Mul(b.Affine(target, -1, 1), pred), false, -1)
	return b.Unary(prog.Relu, b.Affine(b.Sub(other, own), 1, 1))
}

// Target is out.
func (l DiceLoss) Target(out prog.Shape) (prog.Shape, error) {
	return out, axesWithin("dice", l.Axis, out)
}

// Each is one number for all that is summed over.
func (l DiceLoss) Each(b *prog.Builder, pred, target prog.Buf) prog.Buf {
	sum := func(x prog.Buf) prog.Buf { return b.Reduce(prog.Sum, x, false, l.Axis...) }
	return b.Affine(b.Div(sum(b.Mul(target, pred)), b.Affine(b.Add(sum(target), sum(pred)), 1, epsilon)), -2, 1)
}

// Target is out.
func (l TverskyLoss) Target(out prog.Shape) (prog.Shape, error) {
	return out, axesWithin("tversky", l.Axis, out)
}

// Each is one number for all that is summed over.
func (l TverskyLoss) Each(b *prog.Builder, pred, target prog.Buf) prog.Buf {
	sum := func(x prog.Buf) prog.Buf { return b.Reduce(prog.Sum, x, false, l.Axis...) }
	both := b.Mul(target, pred)
	missed, wrong := sum(b.Sub(target, both)), sum(b.Sub(pred, both))
	hit := sum(both)
	all := b.Add(hit, b.Add(b.Affine(missed, l.Alpha, epsilon), b.Affine(wrong, l.Beta, 0)))
	return b.Affine(b.Div(hit, all), -1, 1)
}

// axesWithin refuses axes that predictions of out, with their batch, do not have.
func axesWithin(what string, axes []int, out prog.Shape) error {
	rank := len(out) + 1
	seen := make([]bool, rank)
	for _, a := range axes {
		if a < -rank || a >= rank || seen[(a+rank)%rank] {
			return fail(ErrConfig, "%s: axis is %v, wanted different numbers from %d to %d for predictions of %v with their batch", what, axes, -rank, rank-1, out)
		}
		seen[(a+rank)%rank] = true
	}
	return nil
}

// Target is a class number.
func (CircleLoss) Target(out prog.Shape) (prog.Shape, error) {
	if len(out) != 1 {
		return nil, fail(ErrShape, "circle: the model's output is %v, wanted one vector a sample", out)
	}
	return prog.Shape{}, nil
}

// Each is ln(1 + e^(p+n)) of each sample, for the logarithms p and n of the sums of its class's and of the
// others' terms, multiplied so that the mean is over those that are not 0.
func (l CircleLoss) Each(b *prog.Builder, pred, target prog.Buf) prog.Buf {
	s := b.Shape(pred)
	if b.Err() != nil {
		return prog.None
	}
	n := s[0]
	distance := b.Unary(prog.Relu, b.Affine(b.MatMul(pred, pred, false, true), -1, 1)) // 1 - cosine, [N, N]
	same := b.Binary(prog.Equal, b.Reshape(target, n, 1), b.Reshape(target, 1, n))
	other := b.Affine(same, -1, 1)
	if !l.KeepDiagonal {
		same = b.Mul(same, b.Affine(oneHot(b, counted(b, n), n), -1, 1))
	}
	// γ·weight·(distance - Δ), with the weights and Δ of keras/src/losses/losses.py.
	near := b.Mul(b.Affine(distance, 1, l.Margin), b.Affine(distance, l.Gamma, -l.Gamma*l.Margin))
	far := b.Mul(b.Unary(prog.Relu, b.Affine(distance, -1, 1+l.Margin)), b.Affine(distance, -l.Gamma, l.Gamma*(1-l.Margin)))
	logits := b.Add(logSumExpOf(b, near, same), logSumExpOf(b, far, other))
	each := b.Unary(prog.Softplus, logits)
	counts := b.Binary(prog.Greater, each, b.Fill(0))
	return b.Mul(each, b.Div(b.Fill(float64(n)), b.Binary(prog.Maximum, b.Reduce(prog.Sum, counts, false), b.Fill(1))))
}

// logSumExpOf is ln Σ eˣ of each row over what mask has 1 for: far below 0 where that is nothing.
func logSumExpOf(b *prog.Builder, x, mask prog.Buf) prog.Buf {
	const nothing = -1e6
	x = b.Select(mask, x, b.Fill(nothing))
	top := b.Reduce(prog.Max, x, true, -1)
	sum := b.Reduce(prog.Sum, b.Unary(prog.Exp, b.Sub(x, top)), false, -1)
	return b.Add(b.Unary(prog.Log, sum), b.Reshape(top, b.Shape(sum)...))
}

// CheckTargets wants whole numbers.
func (CircleLoss) CheckTargets(_ prog.Shape, y []float32) (int, string) {
	for i, v := range y {
		if v != float32(int32(v)) {
			return i, "wanted a class, a whole number"
		}
	}
	return -1, ""
}
