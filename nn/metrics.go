package nn

import (
	"reflect"
	"strconv"
	"strings"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// A Metric is a figure over an epoch, or several: one a class, one a threshold. It is data; how it is computed is
// its Measure. Any Loss is one by MeanOf.
type Metric interface{ Measure() Measure }

// A Measure is how a metric is computed: some sums over all samples of an epoch, and a function of them. So the
// figure is exact however the epoch was cut into batches, and precision, recall or AUC, which are ratios of
// counts, fit as well as means do.
type Measure struct {
	// Name is its key in logs and History, as Keras has it.
	Name string
	// Sums writes down what a batch adds to the sums: scalars or tensors, one behind another.
	Sums func(s *Scored) []prog.Buf
	// Result is the figure, from the sums over the epoch.
	Result func(sums []float64) float64
	// Results are the figures in the place of Result's, where there are several; nil where there is one.
	Results func(sums []float64) []float64
}

// A Scored is a batch that is scored, in the program that it embeds the Builder of.
type Scored struct {
	*prog.Builder
	Pred   prog.Buf // [N, out...]
	Target prog.Buf // [N, ...] of the shape that the loss gives targets
	Weight prog.Buf // [N], what each sample counts; None where all count the same
	// Mask is [N, T] with 0 for a step of a sequence that does not count; None where all do. Keras's means of a
	// function leave those steps out, its other metrics do not.
	Mask prog.Buf
}

// divide is a/b, 0 where b is 0.
func divide(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// meanMeasure is the Measure of a mean of values, [N, ...].
func meanMeasure(name string, values func(s *Scored) prog.Buf) Measure {
	return Measure{Name: name, Sums: func(s *Scored) []prog.Buf { return s.Mean(values(s)) }, Result: meanResult}
}

// meanResult is the Result of a metric whose sums are a sum and a count.
func meanResult(sums []float64) float64 { return divide(sums[0], sums[1]) }

// Mean are a sum of values, [N, ...], by their weight and mask, and what those add up to
// (keras/src/metrics/reduction_metrics.py).
func (s *Scored) Mean(values prog.Buf) []prog.Buf {
	weight := s.Weight
	if s.Mask != prog.None {
		if weight == prog.None {
			weight = s.Mask
		} else {
			weight = s.Mul(s.Mask, alongside(s.Builder, weight, s.Mask))
		}
	}
	return s.weightedMean(values, weight)
}

// weightedMean is Mean by a weight of the first dimensions of values, None for 1.
func (s *Scored) weightedMean(values, weight prog.Buf) []prog.Buf {
	size := float64(s.Shape(values).Size())
	if weight == prog.None || s.Err() != nil {
		return []prog.Buf{s.Reduce(prog.Sum, values, false), s.Fill(size)}
	}
	each := size / float64(max(1, s.Shape(weight).Size())) // values of each weight
	return []prog.Buf{
		s.Reduce(prog.Sum, s.Mul(values, alongside(s.Builder, weight, values)), false),
		s.Affine(s.Reduce(prog.Sum, weight, false), each, 0),
	}
}

// alike gives predictions and targets one rank where they differ by a last dimension of 1, as Keras's
// squeeze_or_expand_to_same_rank does, and fails where they are of different shapes then.
func (s *Scored) alike(name string) (pred, target prog.Buf) {
	p, t := s.Shape(s.Pred), s.Shape(s.Target)
	if s.Err() == nil && !trimmed(p).Equal(trimmed(t)) {
		s.Fail(fail(ErrShape, "%s: predictions are %v and targets %v, wanted the same", name, p, t))
	}
	return s.Pred, s.Reshape(s.Target, p...)
}

// classes are targets that are class numbers, of the predictions' rows.
func (s *Scored) classes(name string) prog.Buf {
	p, t := s.Shape(s.Pred), s.Shape(s.Target)
	if s.Err() != nil {
		return prog.None
	}
	if len(p) == 0 || !trimmed(p[:len(p)-1]).Equal(trimmed(t)) {
		return s.Fail(fail(ErrShape, "%s: targets are %v, wanted one class a prediction of %v", name, t, p))
	}
	return s.Reshape(s.Target, p[:len(p)-1]...)
}

// MeanOf is the mean of a loss over the epoch's samples, as a metric. It goes by the loss's name.
func MeanOf(l Loss) Metric { return lossMetric{l} }

type lossMetric struct{ Loss }

// entry is the registry's entry of a metric that is the mean of a loss: Keras's metric where it has one.
func (m lossMetric) entry() *Entry {
	t := reflect.TypeOf(m.Loss)
	for _, e := range entries {
		if e.Kind == KindMetric && reflect.TypeOf(e.value) == t {
			return e
		}
	}
	return byType[t]
}

// Measure is the mean of Each.
func (m lossMetric) Measure() Measure {
	name := strings.ToLower(reflect.Indirect(reflect.ValueOf(m.Loss)).Type().Name())
	if e := m.entry(); e != nil {
		name = e.Name
	}
	return Measure{Name: name, Sums: func(s *Scored) []prog.Buf { return m.sums(name, s) }, Result: meanResult}
}

func (m lossMetric) sums(name string, s *Scored) []prog.Buf {
	pred := s.Shape(s.Pred)
	if s.Err() != nil {
		return nil
	}
	want, err := m.Loss.Target(pred[1:])
	if err == nil {
		if want = append(prog.Shape{pred[0]}, want...); !trimmed(want).Equal(trimmed(s.Shape(s.Target))) {
			err = fail(ErrShape, "targets are %v, wanted %v", s.Shape(s.Target), want)
		}
	}
	if err != nil {
		return []prog.Buf{s.Fail(fail(ErrShape, "%s: %v", name, err))}
	}
	target := s.Reshape(s.Target, want...)
	rows, ok := m.Loss.(rowed)
	if !ok {
		return s.Mean(m.Loss.Each(s.Builder, s.Pred, target))
	}
	// What is ignored has no loss, and is counted all the same, but for weighted means: Keras looks at a mask only
	// where there are weights.
	each, valid := rows.rows(s.Builder, s.Pred, target)
	if valid != prog.None && (s.Weight != prog.None || s.Mask != prog.None) {
		weight := valid
		for _, w := range []prog.Buf{s.Weight, s.Mask} {
			if w != prog.None {
				weight = s.Mul(weight, alongside(s.Builder, w, weight))
			}
		}
		return s.weightedMean(each, weight)
	}
	return s.Mean(each)
}

// A rowed loss leaves some rows out, as targets say; valid is 0 for those, or None where all count.
type rowed interface {
	rows(b *prog.Builder, pred, target prog.Buf) (each, valid prog.Buf)
}

// Named is a metric under another name: Named("mse", MeanOf(MeanSquaredError)).
func Named(name string, m Metric) Metric { return namedMetric{m, name} }

type namedMetric struct {
	Metric
	name string
}

// Measure is the metric's under the name.
func (m namedMetric) Measure() Measure {
	measure := m.Metric.Measure()
	measure.Name = m.name
	return measure
}

// metricEntry is the registry's entry of a metric, nil for one of someone's own.
func metricEntry(m Metric) *Entry {
	switch m := m.(type) {
	case namedMetric:
		return metricEntry(m.Metric)
	case lossMetric:
		return m.entry()
	}
	return byType[reflect.TypeOf(m)]
}

// completeMetric is a metric with its defaults, or the error in its arguments.
func completeMetric(where string, m Metric) (Metric, error) {
	switch m := m.(type) {
	case nil:
		return nil, fail(ErrConfig, "%s: a metric is nil", where)
	case namedMetric:
		inner, err := completeMetric(where, m.Metric)
		return namedMetric{inner, m.name}, err
	case lossMetric:
		if m.Loss == nil {
			return nil, fail(ErrConfig, "%s: a metric is the mean of no loss", where)
		}
		m.Loss = complete(m.Loss).(Loss)
		return m, validate(where, m.Loss)
	}
	m = complete(m).(Metric)
	return m, validate(where, m)
}

func itoa(n int) string { return strconv.Itoa(n) }
