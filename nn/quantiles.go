package nn

import (
	"math"
	"slices"
	"sort"
)

// quantileLearner keeps a summary of all numbers so far: some of them in ascending order, each standing
// for as many as its weight says. It is Keras's (keras/src/layers/preprocessing/discretization.py), with
// its float32 where Keras has float32, so that the boundaries are Keras's.
type quantileLearner struct {
	layer   Discretization
	summary summary
}

type summary struct{ values, weights []float32 }

// Learn summarizes the batch, about 1/epsilon numbers at equal distances, and joins that to the summary so far.
func (q *quantileLearner) Learn(batch []float32) error {
	values := slices.Clone(batch)
	slices.Sort(values)
	step := max(float64(len(values))/(1/q.layer.Epsilon), 1)
	var s summary
	for i := int(step - 1); i < len(values); i += int(step) {
		s.values, s.weights = append(s.values, values[i]), append(s.weights, float32(step))
	}
	q.summary = s.with(q.summary).compressed(q.layer.Epsilon)
	return nil
}

// Done is the layer with the boundaries.
func (q *quantileLearner) Done() (Layer, [][]float32, error) {
	s := q.summary.compressed(1 / float64(q.layer.Bins))
	if len(s.values) < 2 {
		return nil, nil, fail(ErrData, "there are too few data for %d ranges", q.layer.Bins)
	}
	l := q.layer
	l.Boundaries = nil
	for _, v := range s.values[:len(s.values)-1] {
		l.Boundaries = append(l.Boundaries, float64(v))
	}
	return l, nil, nil
}

// with merges two summaries.
func (s summary) with(t summary) summary {
	values, weights := append(slices.Clone(s.values), t.values...), append(slices.Clone(s.weights), t.weights...)
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(i, j int) bool { return values[order[i]] < values[order[j]] })
	var out summary
	for _, i := range order {
		out.values, out.weights = append(out.values, values[i]), append(out.weights, weights[i])
	}
	return out
}

// compressed has a value for each share epsilon of the weights, interpolated; a summary of fewer stays.
func (s summary) compressed(epsilon float64) summary {
	if float64(len(s.values))*epsilon < 1 {
		return s
	}
	sums := make([]float32, len(s.weights)) // of the weights so far, and their share of all
	total := float32(0)
	for i, w := range s.weights {
		total += w
		sums[i] = total
	}
	shares := make([]float32, len(sums))
	for i, w := range sums {
		shares[i] = w / total
	}
	var out summary
	before := 0.0
	for i := range int(math.Ceil(1 / epsilon)) {
		share := epsilon + float64(i)*epsilon
		sum := interp(share, shares, sums)
		out.values = append(out.values, float32(interp(share, shares, s.values)))
		out.weights = append(out.weights, float32(sum-before))
		before = sum
	}
	return out
}

// interp is NumPy's interp: y at x, between the points (xs[i], ys[i]) of ascending xs.
func interp(x float64, xs, ys []float32) float64 {
	last := len(xs) - 1
	if x >= float64(xs[last]) {
		return float64(ys[last])
	}
	if x < float64(xs[0]) {
		return float64(ys[0])
	}
	i := sort.Search(len(xs), func(i int) bool { return float64(xs[i]) > x }) // the first beyond x
	x0, x1, y0, y1 := float64(xs[i-1]), float64(xs[i]), float64(ys[i-1]), float64(ys[i])
	return (y1-y0)/(x1-x0)*(x-x0) + y0
}
