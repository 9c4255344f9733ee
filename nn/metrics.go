package nn

import (
	"strconv"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// A Metric is a figure over an epoch: some sums over all of its samples, and a function of them. So an
// epoch's value is exact however it was cut into batches, and precision, recall or AUC, which are
// ratios of counts, fit as well as means do. Metrics do not see sample weights, as in Keras.
type Metric interface {
	// MetricName is its key in logs and History.
	MetricName() string
	// Sums writes down what a batch adds to the sums: scalars or vectors, one behind another. pred is
	// [N, out...], target [N, ...] of the shape that the loss gives targets.
	Sums(b *prog.Builder, pred, target prog.Buf) []prog.Buf
	// Result is the figure, from the sums over the epoch.
	Result(sums []float64) float64
}

// A MaskedMetric is a Metric that leaves out the predictions that a mask [N, T] has 0 for, as Keras's means
// of a function do. Other metrics count all of them.
type MaskedMetric interface {
	MaskedSums(b *prog.Builder, pred, target, mask prog.Buf) []prog.Buf
}

// AccuracyMetric is the share of predictions that are right. As in Keras, the model's output and the
// targets decide what that means: BinaryAccuracy for an output of one number, SparseCategoricalAccuracy
// for targets without the output's last dimension, else CategoricalAccuracy.
type AccuracyMetric struct{}

// BinaryAccuracyMetric is the share of numbers on the right side of Threshold.
type BinaryAccuracyMetric struct {
	Threshold float64 `arg:"threshold" default:"0.5" doc:"Predictions above it count as 1, others as 0."`
}

// CategoricalAccuracyMetric is the share of rows whose largest prediction is where the target's is.
type CategoricalAccuracyMetric struct{}

// SparseCategoricalAccuracyMetric is the share of rows whose largest prediction is the target's class.
type SparseCategoricalAccuracyMetric struct{}

// The metrics with Keras's defaults.
var (
	Accuracy                  = AccuracyMetric{}
	BinaryAccuracy            = BinaryAccuracyMetric{Threshold: 0.5}
	CategoricalAccuracy       = CategoricalAccuracyMetric{}
	SparseCategoricalAccuracy = SparseCategoricalAccuracyMetric{}
)

// meanResult is the Result of a metric whose sums are a sum and a count.
func meanResult(sums []float64) float64 { return sums[0] / sums[1] }

// meanSums are a sum of values and their count.
func meanSums(b *prog.Builder, values prog.Buf) []prog.Buf {
	return []prog.Buf{b.Reduce(prog.Sum, values, false), b.Fill(float64(b.Shape(values).Size()))}
}

// MetricName is "accuracy".
func (AccuracyMetric) MetricName() string { return "accuracy" }

// Sums are the number of right predictions and of all.
func (AccuracyMetric) Sums(b *prog.Builder, pred, target prog.Buf) []prog.Buf {
	p, t := b.Shape(pred), b.Shape(target)
	switch {
	case len(p) < 2 || p.Last() == 1:
		return BinaryAccuracy.Sums(b, pred, target)
	case len(t) < len(p) || t.Last() == 1:
		return SparseCategoricalAccuracy.Sums(b, pred, target)
	}
	return CategoricalAccuracy.Sums(b, pred, target)
}

// Result is their ratio.
func (AccuracyMetric) Result(sums []float64) float64 { return meanResult(sums) }

// MetricName is "binary_accuracy".
func (BinaryAccuracyMetric) MetricName() string { return "binary_accuracy" }

// Sums are the number of right predictions and of all.
func (m BinaryAccuracyMetric) Sums(b *prog.Builder, pred, target prog.Buf) []prog.Buf {
	if !b.Shape(pred).Equal(b.Shape(target)) {
		return []prog.Buf{b.Fail(fail(ErrShape, "binary_accuracy: predictions are %v and targets %v, wanted the same", b.Shape(pred), b.Shape(target)))}
	}
	yes := b.Binary(prog.Greater, pred, b.Fill(m.Threshold))
	return meanSums(b, b.Binary(prog.Equal, yes, target))
}

// Result is their ratio.
func (BinaryAccuracyMetric) Result(sums []float64) float64 { return meanResult(sums) }

// MetricName is "categorical_accuracy".
func (CategoricalAccuracyMetric) MetricName() string { return "categorical_accuracy" }

// Sums are the number of right predictions and of all.
func (CategoricalAccuracyMetric) Sums(b *prog.Builder, pred, target prog.Buf) []prog.Buf {
	if !b.Shape(pred).Equal(b.Shape(target)) {
		return []prog.Buf{b.Fail(fail(ErrShape, "categorical_accuracy: predictions are %v and targets %v, wanted the same", b.Shape(pred), b.Shape(target)))}
	}
	return meanSums(b, b.Binary(prog.Equal, b.ArgMax(pred), b.ArgMax(target)))
}

// Result is their ratio.
func (CategoricalAccuracyMetric) Result(sums []float64) float64 { return meanResult(sums) }

// MetricName is "sparse_categorical_accuracy".
func (SparseCategoricalAccuracyMetric) MetricName() string { return "sparse_categorical_accuracy" }

// Sums are the number of right predictions and of all.
func (SparseCategoricalAccuracyMetric) Sums(b *prog.Builder, pred, target prog.Buf) []prog.Buf {
	class := b.ArgMax(pred)
	if want := b.Shape(class); want.Size() != b.Shape(target).Size() {
		return []prog.Buf{b.Fail(fail(ErrShape, "sparse_categorical_accuracy: targets are %v, wanted one class a prediction, %v", b.Shape(target), want))}
	}
	return meanSums(b, b.Binary(prog.Equal, class, b.Reshape(target, b.Shape(class)...)))
}

// Result is their ratio.
func (SparseCategoricalAccuracyMetric) Result(sums []float64) float64 { return meanResult(sums) }

// Named is a metric under another name: Named("mse", MeanSquaredError).
func Named(name string, m Metric) Metric { return namedMetric{m, name} }

type namedMetric struct {
	Metric
	name string
}

func (m namedMetric) MetricName() string { return m.name }

// The losses as metrics: the mean of Each over the epoch's samples.

// MetricName is "mean_squared_error".
func (MeanSquaredErrorLoss) MetricName() string { return "mean_squared_error" }

// Sums are the sum of Each and the count.
func (l MeanSquaredErrorLoss) Sums(b *prog.Builder, pred, target prog.Buf) []prog.Buf {
	return lossSums(b, l, pred, target)
}

// Result is the mean.
func (MeanSquaredErrorLoss) Result(sums []float64) float64 { return meanResult(sums) }

// MetricName is "mean_absolute_error".
func (MeanAbsoluteErrorLoss) MetricName() string { return "mean_absolute_error" }

// Sums are the sum of Each and the count.
func (l MeanAbsoluteErrorLoss) Sums(b *prog.Builder, pred, target prog.Buf) []prog.Buf {
	return lossSums(b, l, pred, target)
}

// Result is the mean.
func (MeanAbsoluteErrorLoss) Result(sums []float64) float64 { return meanResult(sums) }

// MetricName is "binary_crossentropy".
func (BinaryCrossentropyLoss) MetricName() string { return "binary_crossentropy" }

// Sums are the sum of Each and the count.
func (l BinaryCrossentropyLoss) Sums(b *prog.Builder, pred, target prog.Buf) []prog.Buf {
	return lossSums(b, l, pred, target)
}

// Result is the mean.
func (BinaryCrossentropyLoss) Result(sums []float64) float64 { return meanResult(sums) }

// MetricName is "categorical_crossentropy".
func (CategoricalCrossentropyLoss) MetricName() string { return "categorical_crossentropy" }

// Sums are the sum of Each and the count.
func (l CategoricalCrossentropyLoss) Sums(b *prog.Builder, pred, target prog.Buf) []prog.Buf {
	return lossSums(b, l, pred, target)
}

// Result is the mean.
func (CategoricalCrossentropyLoss) Result(sums []float64) float64 { return meanResult(sums) }

// MetricName is "sparse_categorical_crossentropy".
func (SparseCategoricalCrossentropyLoss) MetricName() string {
	return "sparse_categorical_crossentropy"
}

// Sums are the sum of Each and the count.
func (l SparseCategoricalCrossentropyLoss) Sums(b *prog.Builder, pred, target prog.Buf) []prog.Buf {
	return lossSums(b, l, pred, target)
}

// Result is the mean.
func (SparseCategoricalCrossentropyLoss) Result(sums []float64) float64 { return meanResult(sums) }

func lossSums(b *prog.Builder, l Loss, pred, target prog.Buf) []prog.Buf {
	if b.Err() != nil {
		return nil
	}
	batch := b.Shape(pred)
	want, err := l.Target(batch[1:])
	if name := l.(Metric).MetricName(); err != nil {
		return []prog.Buf{b.Fail(fail(ErrShape, "%s: %v", name, err))}
	} else if want = append(prog.Shape{batch[0]}, want...); !want.Equal(b.Shape(target)) {
		return []prog.Buf{b.Fail(fail(ErrShape, "%s: targets are %v, wanted %v", name, b.Shape(target), want))}
	}
	return meanSums(b, l.Each(b, pred, target))
}

func itoa(n int) string { return strconv.Itoa(n) }
