package nn

import (
	"slices"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// Normalization makes the mean 0 and the variance 1 at each position of Axis: (x - mean)/max(√variance, 1e-7),
// or with Invert back again: x·max(√variance, 1e-7) + mean. Mean and variance are either arguments, or of the
// data that the layer is adapted to ([Adapt]), and then variables, saved with the weights; before that they are
// 0 and 1.
type Normalization struct {
	Axis     []int     `arg:"axis" default:"-1" axes:"yes" null:"" doc:"The dimensions whose positions have a mean each, counted with the batch; null or [] for one mean of all."`
	Mean     []float64 `arg:"mean" doc:"The mean: a number, or one for each position of the last axis; by default what the layer is adapted to."`
	Variance []float64 `arg:"variance" min:"0" doc:"The variance, likewise."`
	Invert   bool      `arg:"invert" doc:"Whether it goes back from what is normalised."`
	Name     string    `arg:"name" doc:"The layer's name."`
}

// Build declares mean and variance, [axis...], and count, which Keras keeps too, unless they are given.
func (l Normalization) Build(s *Scope, in prog.Shape) (prog.Shape, error) {
	kept, err := l.kept(in)
	if err != nil {
		return nil, err
	}
	if len(l.Mean) != len(l.Variance) {
		return nil, fail(ErrConfig, "mean has %d numbers and variance %d, wanted as many", len(l.Mean), len(l.Variance))
	}
	if n := len(l.Mean); n > 0 {
		if n != 1 && (len(kept) == 0 || n != in[kept[len(kept)-1]]) {
			return nil, fail(ErrConfig, "mean has %d numbers for the axis %s of %v, wanted one, or one for each position of its last", n, show(l.Axis), in)
		}
		return in, nil
	}
	shape := sizes(in, kept)
	s.State("mean", shape, Zeros{})
	s.State("variance", shape, Ones{})
	s.State("count", prog.Shape{}, Zeros{})
	return in, nil
}

// kept are the dimensions of a sample that have a mean for each position, in ascending order.
func (l Normalization) kept(in prog.Shape) ([]int, error) {
	kept := []int{}
	for _, axis := range l.Axis {
		a, err := axisOf(axis, in)
		if err != nil {
			return nil, err
		}
		kept = append(kept, a)
	}
	kept = ascending(kept)
	if len(slices.Compact(slices.Clone(kept))) != len(kept) {
		return nil, fail(ErrConfig, "axis is %s, wanted each dimension once", show(l.Axis))
	}
	return kept, nil
}

// Lower normalises.
func (l Normalization) Lower(c *Call, x prog.Buf) prog.Buf {
	in := c.In()
	kept, _ := l.kept(in)
	wide := slices.Repeat([]int{1}, len(in)+1) // the shape of the means beside x
	for _, d := range kept {
		wide[d+1] = in[d]
	}
	var mean, variance prog.Buf
	switch n := len(l.Mean); {
	case n == 0:
		mean, variance = c.State(0), c.State(1)
	default:
		mean, variance = c.row(l.Mean), c.row(l.Variance)
		for i := range wide {
			if n == 1 || i != kept[len(kept)-1]+1 {
				wide[i] = 1
			}
		}
	}
	mean = c.Reshape(mean, wide...)
	deviation := c.Binary(prog.Maximum, c.Unary(prog.Sqrt, c.Reshape(variance, wide...)), c.Fill(1e-7))
	if l.Invert {
		return c.Add(c.Mul(x, deviation), mean)
	}
	return c.Div(c.Sub(x, mean), deviation)
}

// KeepsMask: what counts goes on to count.
func (Normalization) KeepsMask() {}

// Learner makes Normalization an Adapter.
func (l Normalization) Learner(sample prog.Shape) (Learner, error) {
	if l.Mean != nil {
		return nil, fail(ErrConfig, "mean and variance are given, wanted a layer without")
	}
	kept, err := l.kept(sample)
	if err != nil {
		return nil, err
	}
	m := &momentsLearner{layer: l, position: make([]int, sample.Size())}
	n := sizes(sample, kept).Size()
	m.sum, m.mean, m.squares = make([]float64, n), make([]float64, n), make([]float64, n)
	index := make([]int, len(sample))
	for i := range m.position {
		for _, d := range kept {
			m.position[i] = m.position[i]*sample[d] + index[d]
		}
		for d := len(sample) - 1; d >= 0; d-- {
			if index[d]++; index[d] < sample[d] {
				break
			}
			index[d] = 0
		}
	}
	return m, nil
}

// momentsLearner learns mean and variance in float64: of each batch in two passes, the batches joined by the
// formula of Chan, Golub and LeVeque ("Updating formulae and a pairwise algorithm for computing sample
// variances", 1979), so that neither many batches nor a large mean costs digits.
type momentsLearner struct {
	layer    Normalization
	position []int     // of each of a sample's elements, among the means
	count    float64   // of numbers at each position
	mean     []float64 // of all so far
	squares  []float64 // Σ (x - mean)² of all so far
	sum      []float64 // of a batch
}

func (m *momentsLearner) Learn(batch []float32) error {
	n := len(m.position)
	clear(m.sum)
	for i, v := range batch {
		m.sum[m.position[i%n]] += float64(v)
	}
	count := float64(len(batch) / len(m.mean))
	all := m.count + count
	for p := range m.sum { // the batch's mean
		m.sum[p] /= count
	}
	for i, v := range batch {
		p := m.position[i%n]
		d := float64(v) - m.sum[p]
		m.squares[p] += d * d
	}
	for p, mean := range m.sum {
		d := mean - m.mean[p]
		m.mean[p] += d * count / all
		m.squares[p] += d * d * m.count * count / all
	}
	m.count = all
	return nil
}

func (m *momentsLearner) Done() (Layer, [][]float32, error) {
	if m.count == 0 {
		return nil, nil, fail(ErrData, "there are no data")
	}
	mean, variance := make([]float32, len(m.mean)), make([]float32, len(m.mean))
	for p := range mean {
		mean[p], variance[p] = float32(m.mean[p]), float32(m.squares[p]/m.count)
	}
	return m.layer, [][]float32{mean, variance, {0}}, nil
}
