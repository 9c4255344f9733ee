package nn

import (
	"math"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// RootMeanSquaredError is the root of the mean of (pred - target)².
type RootMeanSquaredError struct{}

// CosineSimilarityMetric is the cosine of the angle between prediction and target: 1 where they point the same
// way, and not -1 as for the loss.
type CosineSimilarityMetric struct {
	Axis int `arg:"axis" default:"-1" doc:"The dimension that the vectors lie along, counted with the batch; negative from the end."`
}

// R2Score is the coefficient of determination of each of the outputs, 1 - Σ(y-p)²/Σ(y-ȳ)², or a mean of them. With
// NumRegressors it is adjusted: 1 - (1-R²)(n-1)/(n-r-1).
type R2Score struct {
	Aggregation   string `arg:"class_aggregation" default:"uniform_average" null:"none" oneof:"uniform_average,variance_weighted_average,none" doc:"The mean of the outputs, by their variance or not; null: one figure an output."`
	NumRegressors int    `arg:"num_regressors" min:"0" doc:"How many independent inputs r the predictions are made of; 0: not adjusted."`
}

// PearsonCorrelation is the mean of the correlation of each prediction with its target, a vector each.
type PearsonCorrelation struct {
	Axis int `arg:"axis" default:"-1" doc:"The dimension that the vectors lie along, counted with the batch; negative from the end."`
}

// ConcordanceCorrelation is PearsonCorrelation that counts differences of mean and scale, too (Lin 1989).
type ConcordanceCorrelation struct {
	Axis int `arg:"axis" default:"-1" doc:"The dimension that the vectors lie along, counted with the batch; negative from the end."`
}

// Measure is the root of the mean. It does not leave out what a mask does, as in Keras.
func (RootMeanSquaredError) Measure() Measure {
	const name = "root_mean_squared_error"
	return Measure{
		Name: name,
		Sums: func(s *Scored) []prog.Buf {
			pred, target := s.alike(name)
			return s.weightedMean(s.Unary(prog.Square, s.Sub(pred, target)), s.Weight)
		},
		Result: func(sums []float64) float64 { return math.Sqrt(meanResult(sums)) },
	}
}

// Measure is the mean of the cosines.
func (m CosineSimilarityMetric) Measure() Measure {
	return vectorMeasure("cosine_similarity", m.Axis, func(s *Scored, pred, target prog.Buf) prog.Buf {
		return cosine(s.Builder, pred, target, m.Axis)
	})
}

// Measure is the mean of the correlations.
func (m PearsonCorrelation) Measure() Measure {
	return vectorMeasure("pearson_correlation", m.Axis, func(s *Scored, pred, target prog.Buf) prog.Buf {
		p, _ := s.centred(pred, m.Axis)
		t, _ := s.centred(target, m.Axis)
		square := func(x prog.Buf) prog.Buf { return s.Reduce(prog.SumSquares, x, false, m.Axis) }
		return s.Div(s.Reduce(prog.Sum, s.Mul(p, t), false, m.Axis), s.Unary(prog.Sqrt, s.Mul(square(p), square(t))))
	})
}

// Measure is the mean of 2·cov(y, p) / (var y + var p + (ȳ - p̄)²).
func (m ConcordanceCorrelation) Measure() Measure {
	return vectorMeasure("concordance_correlation", m.Axis, func(s *Scored, pred, target prog.Buf) prog.Buf {
		p, pMean := s.centred(pred, m.Axis)
		t, tMean := s.centred(target, m.Axis)
		mean := func(x prog.Buf) prog.Buf { return s.Reduce(prog.Mean, x, true, m.Axis) }
		norm := s.Add(s.Add(mean(s.Unary(prog.Square, p)), mean(s.Unary(prog.Square, t))), s.Unary(prog.Square, s.Sub(tMean, pMean)))
		return s.Reduce(prog.Mean, s.Div(s.Affine(s.Mul(t, p), 2, 0), s.Affine(norm, 1, epsilon)), false, m.Axis)
	})
}

// centred is x without its mean along an axis, and that.
func (s *Scored) centred(x prog.Buf, axis int) (rest, mean prog.Buf) {
	mean = s.Reduce(prog.Mean, x, true, axis)
	return s.Sub(x, mean), mean
}

// vectorMeasure is the Measure of the mean of a function of vectors.
func vectorMeasure(name string, axis int, values func(s *Scored, pred, target prog.Buf) prog.Buf) Measure {
	return meanMeasure(name, func(s *Scored) prog.Buf {
		pred, target := s.alike(name)
		if rank := len(s.Shape(pred)); s.Err() == nil && (axis < -rank || axis >= rank) {
			return s.Fail(fail(ErrConfig, "%s: axis is %d, wanted %d to %d for predictions of %v", name, axis, -rank, rank-1, s.Shape(pred)))
		}
		return values(s, pred, target)
	})
}

// Measure is the score. It has, of each output, Σy, Σy² and Σ(y-p)², then Σ1, by their weights, and the number of
// targets (keras/src/metrics/regression_metrics.py).
func (m R2Score) Measure() Measure {
	measure := Measure{
		Name:   "r2_score",
		Sums:   m.sums,
		Result: func(sums []float64) float64 { return m.adjusted(m.result(sums), sums) },
	}
	if m.Aggregation == "none" {
		measure.Results = func(sums []float64) []float64 {
			scores, _ := m.scores(sums)
			for i, r := range scores {
				scores[i] = m.adjusted(r, sums)
			}
			return scores
		}
	}
	return measure
}

func (m R2Score) sums(s *Scored) []prog.Buf {
	pred, target := s.alike("r2_score")
	shape := s.Shape(pred)
	if s.Err() == nil && len(shape) != 2 {
		return []prog.Buf{s.Fail(fail(ErrShape, "r2_score: predictions are %v, wanted [batch, outputs]", shape))}
	}
	weight, count := s.Fill(1), s.Fill(0)
	if s.Err() == nil {
		count = s.Fill(float64(shape[0]))
	}
	if s.Weight != prog.None {
		weight, count = alongside(s.Builder, s.Weight, pred), s.Reduce(prog.Sum, s.Weight, false)
	}
	weighted := s.Mul(target, weight)
	sum := func(x prog.Buf) prog.Buf { return s.Reduce(prog.Sum, x, false, 0) }
	return []prog.Buf{
		sum(weighted), sum(s.Mul(target, weighted)), sum(s.Mul(s.Unary(prog.Square, s.Sub(target, pred)), weight)),
		count, s.Fill(float64(shape.Size())),
	}
}

// scores are the outputs', and Σ(y-ȳ)² of each.
func (m R2Score) scores(sums []float64) (scores, totals []float64) {
	n := (len(sums) - 2) / 3
	count := sums[3*n]
	for i := range n {
		total := sums[n+i] - sums[i]*sums[i]/count
		score := 1 - sums[2*n+i]/total
		if math.IsInf(score, 0) {
			score = 0
		}
		scores, totals = append(scores, score), append(totals, total)
	}
	return scores, totals
}

func (m R2Score) result(sums []float64) float64 {
	scores, totals := m.scores(sums)
	sum, weights := 0.0, 0.0
	for i, r := range scores {
		w := 1.0
		if m.Aggregation == "variance_weighted_average" {
			w = totals[i]
		}
		sum, weights = sum+w*r, weights+w
	}
	return sum / weights
}

// adjusted is the score for the number of inputs, where there are fewer of them than samples.
func (m R2Score) adjusted(r float64, sums []float64) float64 {
	n, inputs := sums[len(sums)-1], float64(m.NumRegressors)
	if inputs == 0 || inputs >= n-1 {
		return r
	}
	return 1 - (1-r)*(n-1)/(n-inputs-1)
}
