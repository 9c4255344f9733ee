package nn

import (
	"math"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// A Loss measures how far predictions are from targets. The model's loss is the mean of Each over the
// batch (each sample's multiplied by its weight before, the divisor staying the number of elements,
// as Keras's sum_over_batch_size does), plus the regularizers' penalties.
type Loss interface {
	// Target is the shape of one sample's target for predictions of shape out.
	Target(out prog.Shape) (prog.Shape, error)
	// Each writes down the loss of each of the predictions' rows: pred is [N, out...], target
	// [N, Target(out)...], the result [N, ...] without out's last dimension; or a scalar, where a loss is the
	// batch's and not a row's.
	Each(b *prog.Builder, pred, target prog.Buf) prog.Buf
}

// A TargetChecker is a Loss that some targets make no sense for.
type TargetChecker interface {
	// CheckTargets finds the first of the values y, targets one after another, that cannot be, and says
	// what is wanted ("wanted a whole number from 0 to 9"). It returns -1 where all is well.
	CheckTargets(out prog.Shape, y []float32) (at int, wanted string)
}

// The formulae are keras/src/losses/losses.py's, with ε = 1e-7, Keras's epsilon.
const epsilon = 1e-7

// MeanSquaredErrorLoss is the mean of (pred - target)².
type MeanSquaredErrorLoss struct{}

// MeanAbsoluteErrorLoss is the mean of |pred - target|.
type MeanAbsoluteErrorLoss struct{}

// MeanAbsolutePercentageErrorLoss is 100 times the mean of |pred - target| / max(|target|, ε).
type MeanAbsolutePercentageErrorLoss struct{}

// MeanSquaredLogarithmicErrorLoss is the mean of (ln(max(pred, ε) + 1) - ln(max(target, ε) + 1))².
type MeanSquaredLogarithmicErrorLoss struct{}

// HuberLoss is the mean of e²/2 for errors e up to δ, and of δ|e| - δ²/2 beyond (Huber 1964).
type HuberLoss struct {
	Delta float64 `arg:"delta" default:"1" min:"0" doc:"The error δ where the square ends."`
}

// LogCoshLoss is the mean of ln cosh(pred - target).
type LogCoshLoss struct{}

// CosineSimilarityLoss is minus the cosine of the angle between prediction and target: -1 where they point
// the same way.
type CosineSimilarityLoss struct {
	Axis int `arg:"axis" default:"-1" doc:"The dimension that the vectors lie along, counted with the batch; negative from the end."`
}

// The losses with Keras's defaults. Many may be used as metrics too.
var (
	MeanSquaredError                   = MeanSquaredErrorLoss{}
	MeanAbsoluteError                  = MeanAbsoluteErrorLoss{}
	MeanAbsolutePercentageError        = MeanAbsolutePercentageErrorLoss{}
	MeanSquaredLogarithmicError        = MeanSquaredLogarithmicErrorLoss{}
	Huber                              = HuberLoss{}
	LogCosh                            = LogCoshLoss{}
	CosineSimilarity                   = CosineSimilarityLoss{}
	BinaryCrossentropy                 = BinaryCrossentropyLoss{}
	CategoricalCrossentropy            = CategoricalCrossentropyLoss{}
	SparseCategoricalCrossentropy      = SparseCategoricalCrossentropyLoss{}
	BinaryFocalCrossentropy            = BinaryFocalCrossentropyLoss{}
	CategoricalFocalCrossentropy       = CategoricalFocalCrossentropyLoss{}
	CategoricalGeneralizedCrossEntropy = CategoricalGeneralizedCrossEntropyLoss{}
	KLDivergence                       = KLDivergenceLoss{}
	Poisson                            = PoissonLoss{}
	Hinge                              = HingeLoss{}
	SquaredHinge                       = SquaredHingeLoss{}
	CategoricalHinge                   = CategoricalHingeLoss{}
	Dice                               = DiceLoss{}
	Tversky                            = TverskyLoss{}
	Circle                             = CircleLoss{}
)

// Target is out.
func (MeanSquaredErrorLoss) Target(out prog.Shape) (prog.Shape, error) { return out, nil }

// Each is the mean of the squared differences.
func (MeanSquaredErrorLoss) Each(b *prog.Builder, pred, target prog.Buf) prog.Buf {
	return lastMean(b, b.Unary(prog.Square, b.Sub(pred, target)))
}

// Target is out.
func (MeanAbsoluteErrorLoss) Target(out prog.Shape) (prog.Shape, error) { return out, nil }

// Each is the mean of the absolute differences.
func (MeanAbsoluteErrorLoss) Each(b *prog.Builder, pred, target prog.Buf) prog.Buf {
	return lastMean(b, b.Unary(prog.Abs, b.Sub(pred, target)))
}

// Target is out.
func (MeanAbsolutePercentageErrorLoss) Target(out prog.Shape) (prog.Shape, error) { return out, nil }

// Each is 100 times the mean of the relative differences.
func (MeanAbsolutePercentageErrorLoss) Each(b *prog.Builder, pred, target prog.Buf) prog.Buf {
	scale := b.Binary(prog.Maximum, b.Unary(prog.Abs, target), b.Fill(epsilon))
	return b.Affine(lastMean(b, b.Unary(prog.Abs, b.Div(b.Sub(target, pred), scale))), 100, 0)
}

// Target is out.
func (MeanSquaredLogarithmicErrorLoss) Target(out prog.Shape) (prog.Shape, error) { return out, nil }

// Each is the mean of the logarithms' squared differences.
func (MeanSquaredLogarithmicErrorLoss) Each(b *prog.Builder, pred, target prog.Buf) prog.Buf {
	log := func(x prog.Buf) prog.Buf {
		return b.Unary(prog.Log1p, b.Binary(prog.Maximum, x, b.Fill(epsilon)))
	}
	return lastMean(b, b.Unary(prog.Square, b.Sub(log(pred), log(target))))
}

// Target is out.
func (HuberLoss) Target(out prog.Shape) (prog.Shape, error) { return out, nil }

// Each is the mean of the errors' losses.
func (l HuberLoss) Each(b *prog.Builder, pred, target prog.Buf) prog.Buf {
	size := b.Unary(prog.Abs, b.Sub(pred, target))
	square := b.Binary(prog.Minimum, size, b.Fill(l.Delta)) // the part of the error that is squared
	return lastMean(b, b.Add(b.Affine(b.Unary(prog.Square, square), 0.5, 0), b.Affine(b.Sub(size, square), l.Delta, 0)))
}

// Target is out.
func (LogCoshLoss) Target(out prog.Shape) (prog.Shape, error) { return out, nil }

// Each is the mean of ln cosh e = |e| + ln(1 + (e^(-2|e|) - 1)/2), which for small errors loses less than Keras's
// e + ln(1 + e^(-2e)) - ln 2 does.
func (LogCoshLoss) Each(b *prog.Builder, pred, target prog.Buf) prog.Buf {
	size := b.Unary(prog.Abs, b.Sub(pred, target))
	fall := b.Affine(b.Unary(prog.Expm1, b.Affine(size, -2, 0)), 0.5, 0)
	return lastMean(b, b.Add(size, b.Unary(prog.Log1p, fall)))
}

// Target is out.
func (l CosineSimilarityLoss) Target(out prog.Shape) (prog.Shape, error) {
	if rank := len(out) + 1; l.Axis < -rank || l.Axis >= rank {
		return nil, fail(ErrConfig, "cosine_similarity: axis is %d, wanted %d to %d for predictions of %v with their batch", l.Axis, -rank, rank-1, out)
	}
	return out, nil
}

// Each is minus the cosine.
func (l CosineSimilarityLoss) Each(b *prog.Builder, pred, target prog.Buf) prog.Buf {
	return b.Unary(prog.Neg, cosine(b, pred, target, l.Axis))
}

// cosine is Σ xy / (‖x‖ ‖y‖) along an axis.
func cosine(b *prog.Builder, x, y prog.Buf, axis int) prog.Buf {
	return b.Reduce(prog.Sum, b.Mul(normalize(b, x, axis), normalize(b, y, axis)), false, axis)
}

// normalize is x / ‖x‖ along an axis, of a vector shorter than ε x/ε, as keras/src/ops/nn.py has it.
func normalize(b *prog.Builder, x prog.Buf, axis int) prog.Buf {
	return normalizeTo(b, x, epsilon, axis)
}

// normalizeTo is normalize over several axes, with an ε of its own. The limit is on the square, before the root,
// so that the gradient of a vector of zeros is finite.
func normalizeTo(b *prog.Builder, x prog.Buf, epsilon float64, axes ...int) prog.Buf {
	square := b.Reduce(prog.Sum, b.Unary(prog.Square, x), true, axes...)
	return b.Mul(x, b.Unary(prog.Rsqrt, b.Binary(prog.Maximum, square, b.Fill(epsilon*epsilon))))
}

// lastMean is the mean over the last dimension, where x has more than the batch.
func lastMean(b *prog.Builder, x prog.Buf) prog.Buf {
	if len(b.Shape(x)) < 2 {
		return x
	}
	return b.Reduce(prog.Mean, x, false, -1)
}

// finite reports whether v is neither NaN nor an infinity.
func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
