package nn

import (
	"math"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// The metrics of this file count right and wrong predictions of targets that are true (not 0) or false, at one
// or at several thresholds: a prediction counts as positive above it (keras/src/metrics/metrics_utils.py).
// Predictions of several numbers count as many times. With several thresholds there are as many figures.

// TruePositives counts the predictions above the threshold whose target is true.
type TruePositives struct {
	Thresholds []float64 `arg:"thresholds" min:"0" max:"1" doc:"The thresholds; 0.5 by default."`
}

// TrueNegatives counts the predictions not above the threshold whose target is false.
type TrueNegatives struct {
	Thresholds []float64 `arg:"thresholds" min:"0" max:"1" doc:"The thresholds; 0.5 by default."`
}

// FalsePositives counts the predictions above the threshold whose target is false.
type FalsePositives struct {
	Thresholds []float64 `arg:"thresholds" min:"0" max:"1" doc:"The thresholds; 0.5 by default."`
}

// FalseNegatives counts the predictions not above the threshold whose target is true.
type FalseNegatives struct {
	Thresholds []float64 `arg:"thresholds" min:"0" max:"1" doc:"The thresholds; 0.5 by default."`
}

// Precision is the share of true targets among the predictions above the threshold.
type Precision struct {
	Thresholds []float64 `arg:"thresholds" min:"0" max:"1" doc:"The thresholds; 0.5 by default, none where there is a top_k."`
	TopK       int       `arg:"top_k" null:"0" min:"1" doc:"How many of a row's predictions, the largest, may be positive."`
	ClassID    *int      `arg:"class_id" min:"0" doc:"The class that alone is counted."`
}

// Recall is the share of the predictions above the threshold among the true targets.
type Recall struct {
	Thresholds []float64 `arg:"thresholds" min:"0" max:"1" doc:"The thresholds; 0.5 by default, none where there is a top_k."`
	TopK       int       `arg:"top_k" null:"0" min:"1" doc:"How many of a row's predictions, the largest, may be positive."`
	ClassID    *int      `arg:"class_id" min:"0" doc:"The class that alone is counted."`
}

// SensitivityAtSpecificity is the largest sensitivity, tp/(tp+fn), at a threshold whose specificity, tn/(tn+fp), is
// at least a value.
type SensitivityAtSpecificity struct {
	Specificity float64 `arg:"specificity" required:"yes" min:"0" max:"1" doc:"The least specificity."`
	Thresholds  int     `arg:"num_thresholds" default:"200" min:"1" doc:"How many thresholds from 0 to 1 are tried."`
	ClassID     *int    `arg:"class_id" min:"0" doc:"The class that alone is counted."`
}

// SpecificityAtSensitivity is the largest specificity, tn/(tn+fp), at a threshold whose sensitivity, tp/(tp+fn), is
// at least a value.
type SpecificityAtSensitivity struct {
	Sensitivity float64 `arg:"sensitivity" required:"yes" min:"0" max:"1" doc:"The least sensitivity."`
	Thresholds  int     `arg:"num_thresholds" default:"200" min:"1" doc:"How many thresholds from 0 to 1 are tried."`
	ClassID     *int    `arg:"class_id" min:"0" doc:"The class that alone is counted."`
}

// PrecisionAtRecall is the largest precision at a threshold whose recall is at least a value.
type PrecisionAtRecall struct {
	Recall     float64 `arg:"recall" required:"yes" min:"0" max:"1" doc:"The least recall."`
	Thresholds int     `arg:"num_thresholds" default:"200" min:"1" doc:"How many thresholds from 0 to 1 are tried."`
	ClassID    *int    `arg:"class_id" min:"0" doc:"The class that alone is counted."`
}

// RecallAtPrecision is the largest recall at a threshold whose precision is at least a value.
type RecallAtPrecision struct {
	Precision  float64 `arg:"precision" required:"yes" min:"0" max:"1" doc:"The least precision."`
	Thresholds int     `arg:"num_thresholds" default:"200" min:"1" doc:"How many thresholds from 0 to 1 are tried."`
	ClassID    *int    `arg:"class_id" min:"0" doc:"The class that alone is counted."`
}

// A counter counts predictions above thresholds.
type counter struct {
	name       string // of the metric, for messages
	thresholds []float64
	even       bool // thresholds are 0, 1/(T-1), ..., 1, but for an epsilon at the ends
	open       bool // the first of them is below 0 and the last above 1
	topK       int
	class      *int
	byLabel    bool // each of the predictions' last dimension for itself
	weights    []float64
}

// noThreshold is below every prediction, and what those count as that are not among a row's best.
const noThreshold = -1e10

// newCounter is a counter at thresholds, by default at one.
func newCounter(name string, thresholds []float64, topK int, class *int) counter {
	c := counter{name: name, thresholds: thresholds, topK: topK, class: class}
	switch {
	case len(thresholds) > 0:
	case topK > 0:
		c.thresholds = []float64{noThreshold}
	default:
		c.thresholds = []float64{0.5}
	}
	c.even = evenly(c.thresholds)
	return c
}

// evenCounter is a counter at n thresholds from 0 to 1.
func evenCounter(name string, n int, class *int) counter {
	c := counter{name: name, thresholds: []float64{0.5}, class: class}
	if n > 1 {
		c.even, c.thresholds = true, make([]float64, n)
		for i := range c.thresholds {
			c.thresholds[i] = float64(i) / float64(n-1)
		}
	}
	return c
}

// evenly reports whether thresholds are 0, 1/(T-1), ..., 1, as NumPy's allclose would.
func evenly(thresholds []float64) bool {
	for i, t := range thresholds {
		even := float64(i) / float64(len(thresholds)-1)
		if math.Abs(t-even) > epsilon+1e-5*even {
			return false
		}
	}
	return len(thresholds) >= 3
}

// sums are, for each label (one, where they are not apart) and threshold the true and false positives, and
// then for each label the true and false targets: [L, T, 2] and [L, 2]. At even thresholds a prediction is
// counted at the largest that it is above, and counts adds up.
func (c counter) sums(s *Scored) []prog.Buf {
	pred, target := s.alike(c.name)
	pred, target = c.chosen(s, pred, target)
	if s.Err() != nil {
		return nil
	}
	shape := s.Shape(pred)
	weight := s.Fill(1)
	if s.Weight != prog.None {
		weight = alongside(s.Builder, s.Weight, pred)
	}
	if c.weights != nil {
		if len(c.weights) != shape.Last() {
			s.Fail(fail(ErrConfig, "%s: %d label_weights for predictions of %v", c.name, len(c.weights), shape))
			return nil
		}
		w := make([]float32, len(c.weights))
		for i, v := range c.weights {
			w[i] = float32(v)
		}
		weight = s.Mul(weight, s.Const(w, len(w)))
	}
	weight = s.Broadcast(weight, shape)
	isFalse := s.Binary(prog.Equal, target, s.Fill(0))
	falses := s.Mul(isFalse, weight)
	trues := s.Sub(weight, falses)
	labels := 1
	if c.byLabel {
		if len(shape) != 2 {
			s.Fail(fail(ErrShape, "%s: predictions are %v, wanted [batch, labels] for multi_label", c.name, shape))
			return nil
		}
		labels = shape[1]
	}
	n := shape.Size() / max(1, labels)
	flat := func(x prog.Buf) prog.Buf { return s.Reshape(x, n, labels, 1) }
	both := s.Concat(2, flat(trues), flat(falses)) // [n, L, 2]
	totals := s.Reduce(prog.Sum, both, false, 0)
	T := len(c.thresholds)
	if c.even {
		x := s.UnaryConst(prog.Clip, pred, 0, 1)
		at := s.Affine(s.Unary(prog.Floor, s.Affine(x, -float64(T-1), 0)), -1, -1) // ⌈x(T-1)⌉ - 1
		if c.open {
			at = s.Unary(prog.Relu, at)
		}
		first := make([]float32, labels)
		for l := range first {
			first[l] = float32(l * T)
		}
		inside := s.Binary(prog.GreaterEqual, s.Reshape(at, n, labels), s.Fill(0))
		at = s.Select(inside, s.Add(s.Reshape(at, n, labels), s.Const(first, labels)), s.Fill(-1))
		return []prog.Buf{s.ScatterAdd(s.Reshape(at, n*labels), s.Reshape(both, n*labels, 2), prog.Shape{labels * T, 2}), totals}
	}
	t := make([]float32, T)
	for i, v := range c.thresholds {
		t[i] = float32(v)
	}
	above := s.Binary(prog.Greater, flat(pred), s.Const(t, T)) // [n, L, T]
	counts := func(x prog.Buf) prog.Buf {
		return s.Reshape(s.Reduce(prog.Sum, s.Mul(above, flat(x)), false, 0), labels, T, 1)
	}
	return []prog.Buf{s.Concat(2, counts(trues), counts(falses)), totals}
}

// chosen are the predictions and targets that count: a row's best, one class's.
func (c counter) chosen(s *Scored, pred, target prog.Buf) (prog.Buf, prog.Buf) {
	shape := s.Shape(pred)
	if c.topK > 0 && s.Err() == nil {
		if len(shape) < 2 || c.topK > shape.Last() {
			s.Fail(fail(ErrConfig, "%s: top_k is %d, the predictions are %v", c.name, c.topK, shape))
			return pred, target
		}
		best := s.best(pred, c.topK)
		pred = s.Select(best, pred, s.Fill(noThreshold))
	}
	if c.class != nil && s.Err() == nil {
		if len(shape) < 2 || *c.class >= shape.Last() {
			s.Fail(fail(ErrConfig, "%s: class_id is %d, the predictions are %v", c.name, *c.class, shape))
			return pred, target
		}
		begin, one := make([]int, len(shape)), append(append(prog.Shape{}, shape[:len(shape)-1]...), 1)
		begin[len(begin)-1] = *c.class
		pred, target = s.Slice(pred, begin, one), s.Slice(target, begin, one)
	}
	return pred, target
}

// best is 1 for the k largest of each row, of equals the first, and 0 for the others.
func (s *Scored) best(x prog.Buf, k int) prog.Buf {
	n := s.Shape(x).Last()
	if k == n {
		return s.Fill(1)
	}
	best := prog.None
	for range k {
		hot := oneHot(s.Builder, s.ArgMax(x), n)
		x = s.Select(hot, s.Fill(math.Inf(-1)), x)
		if best == prog.None {
			best = hot
		} else {
			best = s.Add(best, hot)
		}
	}
	return best
}

// A confusion is what a counter's sums say at a threshold.
type confusion struct{ tp, fp, tn, fn float64 }

// counts are what the sums say of each label, at each threshold.
func (c counter) counts(sums []float64) [][]confusion {
	T := len(c.thresholds)
	labels := len(sums) / (2*T + 2)
	all := make([][]confusion, labels)
	for l := range all {
		row, total := sums[l*T*2:(l+1)*T*2], sums[labels*T*2+l*2:]
		all[l] = make([]confusion, T)
		tp, fp := 0.0, 0.0
		for i := T - 1; i >= 0; i-- {
			if !c.even {
				tp, fp = 0, 0
			}
			tp, fp = tp+row[2*i], fp+row[2*i+1]
			all[l][i] = confusion{tp, fp, total[1] - fp, total[0] - tp}
		}
	}
	return all
}

func (c confusion) precision() float64   { return divide(c.tp, c.tp+c.fp) }
func (c confusion) recall() float64      { return divide(c.tp, c.tp+c.fn) }
func (c confusion) specificity() float64 { return divide(c.tn, c.tn+c.fp) }

// atThresholds is the Measure of a function of the counts at each threshold.
func (c counter) atThresholds(of func(confusion) float64) Measure {
	figures := func(sums []float64) []float64 {
		var list []float64
		for _, n := range c.counts(sums)[0] {
			list = append(list, of(n))
		}
		return list
	}
	m := Measure{Name: c.name, Sums: c.sums, Result: func(sums []float64) float64 { return figures(sums)[0] }}
	if len(c.thresholds) > 1 {
		m.Results = figures
	}
	return m
}

// largest is the Measure of the largest value of a function of the counts at the thresholds where another is at
// least a value; 0 where there are none.
func (c counter) largest(of, bounded func(confusion) float64, least float64) Measure {
	return Measure{Name: c.name, Sums: c.sums, Result: func(sums []float64) float64 {
		best := 0.0
		for _, n := range c.counts(sums)[0] {
			if float32(bounded(n)) >= float32(least) { // which Keras compares as float32
				best = max(best, of(n))
			}
		}
		return best
	}}
}

// Measure is the true positives.
func (m TruePositives) Measure() Measure {
	return newCounter("true_positives", m.Thresholds, 0, nil).atThresholds(func(n confusion) float64 { return n.tp })
}

// Measure is the true negatives.
func (m TrueNegatives) Measure() Measure {
	return newCounter("true_negatives", m.Thresholds, 0, nil).atThresholds(func(n confusion) float64 { return n.tn })
}

// Measure is the false positives.
func (m FalsePositives) Measure() Measure {
	return newCounter("false_positives", m.Thresholds, 0, nil).atThresholds(func(n confusion) float64 { return n.fp })
}

// Measure is the false negatives.
func (m FalseNegatives) Measure() Measure {
	return newCounter("false_negatives", m.Thresholds, 0, nil).atThresholds(func(n confusion) float64 { return n.fn })
}

// Measure is tp/(tp+fp), 0 where there are none.
func (m Precision) Measure() Measure {
	return newCounter("precision", m.Thresholds, m.TopK, m.ClassID).atThresholds(confusion.precision)
}

// Measure is tp/(tp+fn), 0 where there are none.
func (m Recall) Measure() Measure {
	return newCounter("recall", m.Thresholds, m.TopK, m.ClassID).atThresholds(confusion.recall)
}

// Measure is the largest sensitivity.
func (m SensitivityAtSpecificity) Measure() Measure {
	return evenCounter("sensitivity_at_specificity", m.Thresholds, m.ClassID).largest(confusion.recall, confusion.specificity, m.Specificity)
}

// Measure is the largest specificity.
func (m SpecificityAtSensitivity) Measure() Measure {
	return evenCounter("specificity_at_sensitivity", m.Thresholds, m.ClassID).largest(confusion.specificity, confusion.recall, m.Sensitivity)
}

// Measure is the largest precision.
func (m PrecisionAtRecall) Measure() Measure {
	return evenCounter("precision_at_recall", m.Thresholds, m.ClassID).largest(confusion.precision, confusion.recall, m.Recall)
}

// Measure is the largest recall.
func (m RecallAtPrecision) Measure() Measure {
	return evenCounter("recall_at_precision", m.Thresholds, m.ClassID).largest(confusion.recall, confusion.precision, m.Precision)
}
