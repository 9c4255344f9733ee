package nn

import (
	"slices"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// The metrics of this file count how often each class was predicted for each: intersection over union is, of a
// class, tp/(tp+fp+fn) (keras/src/metrics/iou_metrics.py). Sample weights count in full; Keras's count of weights is
// of whole numbers unless it is given a dtype.

// IoU is the mean of the intersection over union of TargetIDs, of those that occur.
type IoU struct {
	Classes   int   `arg:"num_classes" required:"yes" min:"1" doc:"How many classes there are."`
	TargetIDs []int `arg:"target_class_ids" required:"yes" min:"0" doc:"The classes that the mean is over."`
	Ignore    *int  `arg:"ignore_class" doc:"A class whose targets don't count, such as -1 or 255 for unlabelled pixels."`
	DenseTrue bool  `arg:"!sparse_y_true" doc:"Whether targets are class numbers; else the largest of the last dimension is the class."`
	DensePred bool  `arg:"!sparse_y_pred" doc:"Whether predictions are class numbers; else the largest of the last dimension is the class."`
}

// BinaryIoU is IoU of two classes, of which predictions from Threshold on are the second.
type BinaryIoU struct {
	TargetIDs []int   `arg:"target_class_ids" default:"0,1" min:"0" max:"1" doc:"The classes that the mean is over."`
	Threshold float64 `arg:"threshold" default:"0.5" doc:"Predictions from it on are 1."`
}

// MeanIoU is IoU of all classes.
type MeanIoU struct {
	Classes   int  `arg:"num_classes" required:"yes" min:"1" doc:"How many classes there are."`
	Ignore    *int `arg:"ignore_class" doc:"A class whose targets don't count, such as -1 or 255 for unlabelled pixels."`
	DenseTrue bool `arg:"!sparse_y_true" doc:"Whether targets are class numbers; else the largest of the last dimension is the class."`
	DensePred bool `arg:"!sparse_y_pred" doc:"Whether predictions are class numbers; else the largest of the last dimension is the class."`
}

// OneHotIoU is IoU with one-hot targets.
type OneHotIoU struct {
	Classes    int   `arg:"num_classes" required:"yes" min:"1" doc:"How many classes there are."`
	TargetIDs  []int `arg:"target_class_ids" required:"yes" min:"0" doc:"The classes that the mean is over."`
	Ignore     *int  `arg:"ignore_class" doc:"A class whose targets don't count."`
	SparsePred bool  `arg:"sparse_y_pred" doc:"Whether predictions are class numbers; else the largest of the last dimension is the class."`
}

// OneHotMeanIoU is IoU of all classes with one-hot targets.
type OneHotMeanIoU struct {
	Classes    int  `arg:"num_classes" required:"yes" min:"1" doc:"How many classes there are."`
	Ignore     *int `arg:"ignore_class" doc:"A class whose targets don't count."`
	SparsePred bool `arg:"sparse_y_pred" doc:"Whether predictions are class numbers; else the largest of the last dimension is the class."`
}

// ConfusionMatrix has as figures how often each class was predicted for each: those of the first class's targets,
// then those of the second's, and so on. The class is a row's largest, or of a single number 1 above Threshold, of
// predictions and of targets that are no class numbers. Keras has no such metric.
type ConfusionMatrix struct {
	Threshold float64 `arg:"threshold" default:"0.5" doc:"Single predictions above it are of class 1."`
}

func (m IoU) check(where string) error { return checkClasses(where, m.TargetIDs, m.Classes) }

func (m OneHotIoU) check(where string) error { return checkClasses(where, m.TargetIDs, m.Classes) }

func checkClasses(where string, ids []int, classes int) error {
	if len(ids) == 0 {
		return fail(ErrConfig, "%s: target_class_ids is empty, wanted at least one", where)
	}
	if most := slices.Max(ids); most >= classes {
		return fail(ErrConfig, "%s: target_class_ids has %d, wanted less than num_classes, %d", where, most, classes)
	}
	return nil
}

// Measure is the mean intersection over union.
func (m IoU) Measure() Measure {
	return iou("io_u", m.Classes, m.TargetIDs, func(s *Scored) []prog.Buf {
		return s.crossed("io_u", s.class(s.Target, m.DenseTrue), s.class(s.Pred, m.DensePred), m.Classes, m.Ignore)
	})
}

// Measure is the mean intersection over union.
func (m BinaryIoU) Measure() Measure {
	return iou("binary_io_u", 2, m.TargetIDs, func(s *Scored) []prog.Buf {
		return s.crossed("binary_io_u", s.Target, s.Binary(prog.GreaterEqual, s.Pred, s.Fill(m.Threshold)), 2, nil)
	})
}

// Measure is the mean intersection over union.
func (m MeanIoU) Measure() Measure {
	measure := IoU{m.Classes, all(m.Classes), m.Ignore, m.DenseTrue, m.DensePred}.Measure()
	measure.Name = "mean_io_u"
	return measure
}

// Measure is the mean intersection over union.
func (m OneHotIoU) Measure() Measure {
	measure := IoU{m.Classes, m.TargetIDs, m.Ignore, true, !m.SparsePred}.Measure()
	measure.Name = "one_hot_io_u"
	return measure
}

// Measure is the mean intersection over union.
func (m OneHotMeanIoU) Measure() Measure {
	measure := IoU{m.Classes, all(m.Classes), m.Ignore, true, !m.SparsePred}.Measure()
	measure.Name = "one_hot_mean_io_u"
	return measure
}

// all are 0, 1, ..., n-1.
func all(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// Measure is the counts.
func (m ConfusionMatrix) Measure() Measure {
	const name = "confusion_matrix"
	return Measure{Name: name, Results: slices.Clone[[]float64], Sums: func(s *Scored) []prog.Buf {
		p, t := s.Shape(s.Pred), s.Shape(s.Target)
		switch {
		case len(p) < 2 || p.Last() == 1:
			return s.crossed(name, s.Target, s.Binary(prog.Greater, s.Pred, s.Fill(m.Threshold)), 2, nil)
		case len(t) < len(p) || t.Last() == 1:
			return s.crossed(name, s.Target, s.ArgMax(s.Pred), p.Last(), nil)
		}
		return s.crossed(name, s.ArgMax(s.Target), s.ArgMax(s.Pred), p.Last(), nil)
	}}
}

// class is the class numbers that x has, or where it is dense the places of its rows' largest numbers.
func (s *Scored) class(x prog.Buf, dense bool) prog.Buf {
	if dense {
		return s.ArgMax(x)
	}
	// A class number is rounded towards 0.
	return s.Mul(s.Unary(prog.Sign, x), s.Unary(prog.Floor, s.Unary(prog.Abs, x)))
}

// crossed is how often each class is predicted for each: [classes·classes], a row a class of targets. What is no
// class, and what is ignored, doesn't count.
func (s *Scored) crossed(name string, target, pred prog.Buf, classes int, ignore *int) []prog.Buf {
	size := s.Shape(pred).Size()
	if s.Err() == nil && s.Shape(target).Size() != size {
		return []prog.Buf{s.Fail(fail(ErrShape, "%s: targets are %v for predictions of %v", name, s.Shape(s.Target), s.Shape(s.Pred)))}
	}
	weight := s.Fill(1)
	if s.Weight != prog.None {
		weight = alongside(s.Builder, s.Weight, pred)
	}
	weight = s.Reshape(s.Broadcast(weight, s.Shape(pred)), size)
	pred, target = s.Reshape(pred, size), s.Reshape(target, size)
	within := func(x prog.Buf) prog.Buf {
		return s.Mul(s.Binary(prog.GreaterEqual, x, s.Fill(0)), s.Binary(prog.Less, x, s.Fill(float64(classes))))
	}
	valid := s.Mul(within(pred), within(target))
	if ignore != nil {
		valid = s.Mul(valid, s.Affine(s.Binary(prog.Equal, target, s.Fill(float64(*ignore))), -1, 1))
	}
	at := s.Add(s.Affine(target, float64(classes), 0), pred)
	return []prog.Buf{s.ScatterAdd(s.Select(valid, at, s.Fill(-1)), weight, prog.Shape{classes * classes})}
}

// iou is the Measure of the mean intersection over union of some classes, from the counts of crossed.
func iou(name string, classes int, ids []int, sums func(s *Scored) []prog.Buf) Measure {
	return Measure{Name: name, Sums: sums, Result: func(sums []float64) float64 {
		total, occur := 0.0, 0.0
		for _, id := range ids {
			tp, union := sums[id*classes+id], 0.0
			for c := range classes {
				union += sums[id*classes+c] + sums[c*classes+id]
			}
			if union -= tp; union > 1e-9 {
				total, occur = total+tp/(union+epsilon), occur+1
			}
		}
		return total / (occur + epsilon)
	}}
}
