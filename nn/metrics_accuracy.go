package nn

import "github.com/tabgrad/tabgrad/nn/prog"

// AccuracyMetric is the share of predictions that are right. As with Keras's "accuracy", the model's output and
// the targets decide what that means: BinaryAccuracy for an output of one number, SparseCategoricalAccuracy
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

// TopKCategoricalAccuracy is the share of rows where fewer than K predictions are larger than that of the
// target's largest element.
type TopKCategoricalAccuracy struct {
	K int `arg:"k" default:"5" min:"1" doc:"How many predictions may be the right one."`
}

// SparseTopKCategoricalAccuracy is the share of rows where fewer than K predictions are larger than that of the
// target's class.
type SparseTopKCategoricalAccuracy struct {
	K         int  `arg:"k" default:"5" min:"1" doc:"How many predictions may be the right one."`
	SortedIDs bool `arg:"from_sorted_ids" doc:"Whether predictions are class numbers, the best first."`
}

// The accuracies with Keras's defaults.
var (
	Accuracy                  = AccuracyMetric{}
	BinaryAccuracy            = BinaryAccuracyMetric{Threshold: 0.5}
	CategoricalAccuracy       = CategoricalAccuracyMetric{}
	SparseCategoricalAccuracy = SparseCategoricalAccuracyMetric{}
)

// Measure is that of the accuracy which fits.
func (AccuracyMetric) Measure() Measure {
	return meanMeasure("accuracy", func(s *Scored) prog.Buf {
		p, t := s.Shape(s.Pred), s.Shape(s.Target)
		switch {
		case len(p) < 2 || p.Last() == 1:
			return BinaryAccuracy.hits(s)
		case len(t) < len(p) || t.Last() == 1:
			return SparseCategoricalAccuracy.hits(s)
		}
		return CategoricalAccuracy.hits(s)
	})
}

// Measure is the mean of hits.
func (m BinaryAccuracyMetric) Measure() Measure { return meanMeasure("binary_accuracy", m.hits) }

func (m BinaryAccuracyMetric) hits(s *Scored) prog.Buf {
	pred, target := s.alike("binary_accuracy")
	return s.Binary(prog.Equal, s.Binary(prog.Greater, pred, s.Fill(m.Threshold)), target)
}

// Measure is the mean of hits.
func (m CategoricalAccuracyMetric) Measure() Measure {
	return meanMeasure("categorical_accuracy", m.hits)
}

func (CategoricalAccuracyMetric) hits(s *Scored) prog.Buf {
	pred, target := s.alike("categorical_accuracy")
	return s.Binary(prog.Equal, s.ArgMax(pred), s.ArgMax(target))
}

// Measure is the mean of hits.
func (m SparseCategoricalAccuracyMetric) Measure() Measure {
	return meanMeasure("sparse_categorical_accuracy", m.hits)
}

func (SparseCategoricalAccuracyMetric) hits(s *Scored) prog.Buf {
	target := s.classes("sparse_categorical_accuracy")
	return s.Binary(prog.Equal, s.ArgMax(s.Pred), target)
}

// Measure is the mean of hits.
func (m TopKCategoricalAccuracy) Measure() Measure {
	return meanMeasure("top_k_categorical_accuracy", func(s *Scored) prog.Buf {
		_, target := s.alike("top_k_categorical_accuracy")
		return s.inTop(s.ArgMax(target), m.K)
	})
}

// Measure is the mean of hits.
func (m SparseTopKCategoricalAccuracy) Measure() Measure {
	return meanMeasure("sparse_top_k_categorical_accuracy", func(s *Scored) prog.Buf {
		target := s.classes("sparse_top_k_categorical_accuracy")
		p := s.Shape(s.Pred)
		if !m.SortedIDs || s.Err() != nil {
			return s.inTop(target, m.K)
		}
		rows := p[:len(p)-1]
		best := s.Slice(s.Pred, make([]int, len(p)), append(rows[:len(rows):len(rows)], min(m.K, p.Last())))
		target = s.Reshape(target, append(rows[:len(rows):len(rows)], 1)...)
		return s.Reduce(prog.Max, s.Binary(prog.Equal, best, target), false, -1)
	})
}

// inTop is 1 for a row where fewer than k predictions are larger than that of the class, which is one of
// the row's, else 0 (TensorFlow's in_top_k).
func (s *Scored) inTop(class prog.Buf, k int) prog.Buf {
	hot := oneHot(s.Builder, class, s.Shape(s.Pred).Last())
	own := s.Reduce(prog.Sum, s.Mul(s.Pred, hot), true, -1)
	larger := s.Reduce(prog.Sum, s.Binary(prog.Greater, s.Pred, own), false, -1)
	return s.Mul(s.Binary(prog.Less, larger, s.Fill(float64(k))), s.Reduce(prog.Max, hot, false, -1))
}
