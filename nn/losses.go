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
	// [N, Target(out)...], the result [N, ...] without out's last dimension.
	Each(b *prog.Builder, pred, target prog.Buf) prog.Buf
}

// A TargetChecker is a Loss that some targets make no sense for.
type TargetChecker interface {
	// CheckTargets finds the first of the values y, targets one after another, that cannot be, and says
	// what is wanted ("wanted a whole number from 0 to 9"). It returns -1 where all is well.
	CheckTargets(out prog.Shape, y []float32) (at int, wanted string)
}

// MeanSquaredErrorLoss is the mean of (pred - target)².
type MeanSquaredErrorLoss struct{}

// MeanAbsoluteErrorLoss is the mean of |pred - target|.
type MeanAbsoluteErrorLoss struct{}

// BinaryCrossentropyLoss is the mean of -(t·ln p + (1-t)·ln(1-p)) over the last dimension, for targets
// from 0 to 1. Where the model ends in a sigmoid, it is computed from the logits.
type BinaryCrossentropyLoss struct {
	FromLogits     bool    `arg:"from_logits" doc:"Whether predictions are logits, not probabilities."`
	LabelSmoothing float64 `arg:"label_smoothing" min:"0" max:"1" doc:"Share by which targets move towards 1/2."`
}

// CategoricalCrossentropyLoss is -Σ t·ln p over the last dimension, for one-hot targets. Where the model
// ends in a softmax, it is computed from the logits.
type CategoricalCrossentropyLoss struct {
	FromLogits     bool    `arg:"from_logits" doc:"Whether predictions are logits, not probabilities."`
	LabelSmoothing float64 `arg:"label_smoothing" min:"0" max:"1" doc:"Share by which targets move towards the uniform distribution."`
}

// SparseCategoricalCrossentropyLoss is -ln p[t] over the last dimension, for targets that are class
// numbers. Where the model ends in a softmax, it is computed from the logits.
type SparseCategoricalCrossentropyLoss struct {
	FromLogits bool `arg:"from_logits" doc:"Whether predictions are logits, not probabilities."`
}

// The losses with Keras's defaults. Each may be used as a metric too.
var (
	MeanSquaredError              = MeanSquaredErrorLoss{}
	MeanAbsoluteError             = MeanAbsoluteErrorLoss{}
	BinaryCrossentropy            = BinaryCrossentropyLoss{}
	CategoricalCrossentropy       = CategoricalCrossentropyLoss{}
	SparseCategoricalCrossentropy = SparseCategoricalCrossentropyLoss{}
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

// lastMean is the mean over the last dimension, where x has more than the batch.
func lastMean(b *prog.Builder, x prog.Buf) prog.Buf {
	if len(b.Shape(x)) < 2 {
		return x
	}
	return b.Reduce(prog.Mean, x, false, -1)
}

// Target is out.
func (BinaryCrossentropyLoss) Target(out prog.Shape) (prog.Shape, error) { return out, nil }

// Each is the mean crossentropy.
func (l BinaryCrossentropyLoss) Each(b *prog.Builder, pred, target prog.Buf) prog.Buf {
	if l.LabelSmoothing != 0 {
		target = b.Affine(target, 1-l.LabelSmoothing, l.LabelSmoothing/2)
	}
	if l.FromLogits {
		return lastMean(b, b.Binary(prog.LogitXent, pred, target))
	}
	return lastMean(b, b.BinaryXent(pred, target))
}

// CheckTargets wants numbers from 0 to 1.
func (BinaryCrossentropyLoss) CheckTargets(_ prog.Shape, y []float32) (int, string) {
	return outside01(y)
}

// Target is out, of at least two classes.
func (CategoricalCrossentropyLoss) Target(out prog.Shape) (prog.Shape, error) {
	return out, wantsClasses(out)
}

// Each is the crossentropy of each row.
func (l CategoricalCrossentropyLoss) Each(b *prog.Builder, pred, target prog.Buf) prog.Buf {
	if l.LabelSmoothing != 0 {
		target = b.Affine(target, 1-l.LabelSmoothing, l.LabelSmoothing/float64(b.Shape(pred).Last()))
	}
	if l.FromLogits {
		return b.SoftmaxXent(pred, target, false)
	}
	return b.Xent(pred, target, false)
}

// CheckTargets wants numbers from 0 to 1.
func (CategoricalCrossentropyLoss) CheckTargets(_ prog.Shape, y []float32) (int, string) {
	return outside01(y)
}

// Target is out without its last dimension, the classes.
func (SparseCategoricalCrossentropyLoss) Target(out prog.Shape) (prog.Shape, error) {
	if err := wantsClasses(out); err != nil {
		return nil, err
	}
	return out[:len(out)-1], nil
}

// Each is the crossentropy of each row.
func (l SparseCategoricalCrossentropyLoss) Each(b *prog.Builder, pred, target prog.Buf) prog.Buf {
	if l.FromLogits {
		return b.SoftmaxXent(pred, target, true)
	}
	return b.Xent(pred, target, true)
}

// CheckTargets wants class numbers.
func (SparseCategoricalCrossentropyLoss) CheckTargets(out prog.Shape, y []float32) (int, string) {
	classes := float32(out.Last())
	for i, v := range y {
		if !(v >= 0 && v < classes) || v != float32(int32(v)) {
			return i, "wanted a class, a whole number from 0 to " + itoa(out.Last()-1)
		}
	}
	return -1, ""
}

func wantsClasses(out prog.Shape) error {
	if len(out) == 0 || out.Last() < 2 {
		return fail(ErrShape, "the model's output is %v, categorical crossentropy wants at least two classes; for one probability use binary crossentropy", out)
	}
	return nil
}

func outside01(y []float32) (int, string) {
	for i, v := range y {
		if !(v >= 0 && v <= 1) {
			return i, "wanted a number from 0 to 1"
		}
	}
	return -1, ""
}

// finite reports whether v is neither NaN nor an infinity.
func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
