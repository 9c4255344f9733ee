package nn

import (
	"math"
	"sort"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// AUC is the area under the curve that true and false positives draw as the threshold rises: of the rates of both
// (ROC), of precision over recall (PR), or of the gains of these (PRGAIN; Flach and Kull 2015).
type AUC struct {
	NumThresholds int       `arg:"num_thresholds" default:"200" min:"2" doc:"How many thresholds from 0 to 1 the curve is drawn of."`
	Curve         string    `arg:"curve" default:"ROC" oneof:"ROC,PR,PRGAIN" doc:"The curve."`
	Summation     string    `arg:"summation_method" default:"interpolation" oneof:"interpolation,minoring,majoring" doc:"How the area between thresholds is taken: in between, the least it may be, or the most."`
	Thresholds    []float64 `arg:"thresholds" min:"0" max:"1" doc:"The thresholds, in the place of num_thresholds; 0 and 1 are added."`
	MultiLabel    bool      `arg:"multi_label" doc:"Whether each of several outputs has a curve; the area is their mean."`
	NumLabels     int       `arg:"num_labels" null:"0" min:"1" doc:"How many outputs there are, where each has a curve."`
	LabelWeights  []float64 `arg:"label_weights" min:"0" doc:"What each of several outputs counts."`
	FromLogits    bool      `arg:"from_logits" doc:"Whether predictions are logits, not probabilities."`
}

func (m AUC) check(where string) error {
	if m.NumLabels != 0 && !m.MultiLabel {
		return fail(ErrConfig, "%s: num_labels is %d, and is for multi_label alone", where, m.NumLabels)
	}
	return nil
}

// Measure is the area (keras/src/metrics/confusion_metrics.py).
func (m AUC) Measure() Measure {
	c := evenCounter("auc", m.NumThresholds, nil)
	if len(m.Thresholds) > 0 {
		c.thresholds = append([]float64{0}, m.Thresholds...)
		sort.SliceStable(c.thresholds, func(i, j int) bool { return c.thresholds[i] < c.thresholds[j] })
		c.thresholds = append(c.thresholds, 1)
		c.even = evenly(c.thresholds)
	}
	c.open, c.byLabel = true, m.MultiLabel
	c.thresholds[0], c.thresholds[len(c.thresholds)-1] = -epsilon, 1+epsilon
	if !m.MultiLabel {
		c.weights = m.LabelWeights
	}
	return Measure{Name: "auc", Result: func(sums []float64) float64 { return m.area(c.counts(sums)) }, Sums: func(s *Scored) []prog.Buf {
		if last := s.Shape(s.Pred).Last(); m.MultiLabel && s.Err() == nil {
			if m.NumLabels != 0 && m.NumLabels != last {
				s.Fail(fail(ErrConfig, "auc: num_labels is %d, the predictions are %v", m.NumLabels, s.Shape(s.Pred)))
			} else if n := len(m.LabelWeights); n != 0 && n != last {
				s.Fail(fail(ErrConfig, "auc: %d label_weights for predictions of %v", n, s.Shape(s.Pred)))
			}
		}
		if m.FromLogits {
			of := *s
			of.Pred = s.Unary(prog.Sigmoid, s.Pred)
			s = &of
		}
		return c.sums(s)
	}}
}

// area is the mean of the labels' areas, by their weights.
func (m AUC) area(labels [][]confusion) float64 {
	sum, weights := 0.0, 0.0
	for l, counts := range labels {
		w := 1.0
		if m.MultiLabel && m.LabelWeights != nil {
			w = m.LabelWeights[l]
		}
		area := 0.0
		for i := range counts[1:] {
			if m.Curve == "PR" && m.Summation == "interpolation" {
				area += interpolatedArea(counts[i], counts[i+1])
				continue
			}
			x0, y0 := m.point(counts[i])
			x1, y1 := m.point(counts[i+1])
			height := (y0 + y1) / 2
			switch m.Summation {
			case "minoring":
				height = min(y0, y1)
			case "majoring":
				height = max(y0, y1)
			}
			area += (x0 - x1) * height
		}
		sum, weights = sum+w*area, weights+w
	}
	return divide(sum, weights)
}

// point is where the curve is at a threshold.
func (m AUC) point(n confusion) (x, y float64) {
	switch m.Curve {
	case "ROC":
		return divide(n.fp, n.fp+n.tn), n.recall()
	case "PR":
		return n.recall(), n.precision()
	}
	if n.tp == 0 {
		return 0, 1
	}
	scale := divide(n.tp+n.fn, n.tn+n.fp)
	return max(1-scale*divide(n.fn, n.tp), 0), 1 - scale*divide(n.fp, n.tp)
}

// interpolatedArea is the area under precision over recall between two thresholds, with true and false positives
// growing in proportion (Davis and Goadrich 2006).
func interpolatedArea(low, high confusion) float64 {
	gained, before, after := low.tp-high.tp, high.tp+high.fp, low.tp+low.fp
	slope := divide(gained, max(after-before, 0))
	intercept := high.tp - slope*before
	ratio := 1.0
	if after > 0 && before > 0 {
		ratio = after / before
	}
	return divide(slope*(gained+intercept*math.Log(ratio)), max(high.tp+high.fn, 0))
}
