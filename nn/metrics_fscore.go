package nn

import "github.com/tabgrad/tabgrad/nn/prog"

// FBetaScore is (1+β²)·precision·recall / (β²·precision + recall), of each class or a mean over the classes, for
// targets of 0 and 1.
type FBetaScore struct {
	Average   string  `arg:"average" null:"" oneof:"micro,macro,weighted" doc:"micro: of all classes counted together; macro: the mean; weighted: by how often each class is the target; null: one figure a class."`
	Beta      float64 `arg:"beta" default:"1" above:"0" doc:"β, what recall counts beside precision."`
	Threshold float64 `arg:"threshold" null:"0" above:"0" max:"1" doc:"Predictions above it are positive; null: a row's largest."`
}

// F1Score is FBetaScore with β = 1: the harmonic mean of precision and recall.
type F1Score struct {
	Average   string  `arg:"average" null:"" oneof:"micro,macro,weighted" doc:"micro: of all classes counted together; macro: the mean; weighted: by how often each class is the target; null: one figure a class."`
	Threshold float64 `arg:"threshold" null:"0" above:"0" max:"1" doc:"Predictions above it are positive; null: a row's largest."`
}

// Measure is the score.
func (m FBetaScore) Measure() Measure { return m.measure("fbeta_score") }

// Measure is the score.
func (m F1Score) Measure() Measure {
	return FBetaScore{Average: m.Average, Beta: 1, Threshold: m.Threshold}.measure("f1_score")
}

// measure has of each class the true and false positives, the false negatives and the targets (keras/src/metrics/
// f_score_metrics.py).
func (m FBetaScore) measure(name string) Measure {
	measure := Measure{
		Name:   name,
		Sums:   func(s *Scored) []prog.Buf { return m.sums(name, s) },
		Result: m.result,
	}
	if m.Average == "" {
		measure.Results = m.scores
	}
	return measure
}

func (m FBetaScore) sums(name string, s *Scored) []prog.Buf {
	pred, target := s.alike(name)
	if p := s.Shape(pred); s.Err() == nil && len(p) != 2 {
		return []prog.Buf{s.Fail(fail(ErrShape, "%s: predictions are %v, wanted [batch, classes]", name, p))}
	}
	var yes prog.Buf
	if m.Threshold == 0 {
		most := s.Binary(prog.GreaterEqual, pred, s.Reduce(prog.Max, pred, true, -1))
		yes = s.Mul(most, s.Binary(prog.Greater, s.Unary(prog.Abs, pred), s.Fill(1e-9)))
	} else {
		yes = s.Binary(prog.Greater, pred, s.Fill(m.Threshold))
	}
	weight := s.Fill(1)
	if s.Weight != prog.None {
		weight = alongside(s.Builder, s.Weight, pred)
	}
	weighted := s.Mul(target, weight)
	hits := s.Mul(yes, weighted)
	sum := func(x prog.Buf) prog.Buf { return s.Reduce(prog.Sum, x, false, 0) }
	return []prog.Buf{sum(hits), sum(s.Sub(s.Mul(yes, weight), hits)), sum(s.Sub(weighted, hits)), sum(weighted)}
}

// scores are the classes'.
func (m FBetaScore) scores(sums []float64) []float64 {
	n := len(sums) / 4
	list := make([]float64, n)
	for c := range list {
		list[c] = m.score(sums[c], sums[n+c], sums[2*n+c])
	}
	return list
}

func (m FBetaScore) score(tp, fp, fn float64) float64 {
	precision, recall := tp/(tp+fp+epsilon), tp/(tp+fn+epsilon)
	square := m.Beta * m.Beta
	return precision * recall / (square*precision + recall + epsilon) * (1 + square)
}

func (m FBetaScore) result(sums []float64) float64 {
	n := len(sums) / 4
	if m.Average == "micro" {
		var all [4]float64
		for i, v := range sums {
			all[i/n] += v
		}
		return m.score(all[0], all[1], all[2])
	}
	sum, weights := 0.0, 0.0
	for c, score := range m.scores(sums) {
		w := 1.0
		if m.Average == "weighted" {
			w = sums[3*n+c]
		}
		sum, weights = sum+w*score, weights+w
	}
	if m.Average == "weighted" {
		weights += epsilon
	}
	return sum / weights
}
