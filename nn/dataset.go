package nn

import (
	"math"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// A Dataset is what a model is trained on and evaluated with: samples of an input x and a target y.
// Package nn/data has such types.
type Dataset interface {
	// Len is the number of samples.
	Len() int
	// XShape and YShape are one sample's shapes, without the batch. The empty shape is one number.
	XShape() []int
	YShape() []int
	// Batch copies the samples indices[0], indices[1], ... one behind another into x and y.
	Batch(indices []int, x, y []float32) error
}

// A Column is what a model predicts from: inputs without targets. Package nn/data has such types.
type Column interface {
	// Len is the number of samples.
	Len() int
	// Shape is one sample's shape, without the batch. The empty shape is one number.
	Shape() []int
	// CopyRow fills dst with sample i.
	CopyRow(dst []float32, i int)
}

// A Tensor is numbers in row-major order.
type Tensor struct {
	Shape []int
	Data  []float32
}

// samples are a run of a dataset's samples, with their weights where there are any.
type samples struct {
	of       Dataset
	first, n int
	weights  []float32 // by index in of; nil for none
}

func newSamples(what string, d Dataset, weights []float32) (samples, error) {
	if d == nil {
		return samples{}, fail(ErrData, "%s: there is no data", what)
	}
	n := d.Len()
	if n == 0 {
		return samples{}, fail(ErrData, "%s: there are no samples", what)
	}
	if weights != nil && len(weights) != n {
		return samples{}, fail(ErrShape, "%s: %d sample weights for %d samples", what, len(weights), n)
	}
	for i, w := range weights {
		if w-w != 0 {
			return samples{}, fail(ErrData, "%s: the weight of sample %d is %v, wanted a finite number", what, i, w)
		}
	}
	return samples{of: d, n: n, weights: weights}, nil
}

// tail cuts the last part off, as Keras's validation_split does: from floor(n·(1-share)) on.
func (s samples) tail(share float64) (head, tail samples, err error) {
	if !(share > 0 && share < 1) {
		return s, s, fail(ErrConfig, "fit: validation split is %s, wanted more than 0 and less than 1", text(share))
	}
	at := int(math.Floor(float64(s.n) * (1 - share)))
	if at == 0 || at == s.n {
		return s, s, fail(ErrConfig, "fit: a validation split of %s of %d samples leaves %d to train and %d to validate",
			text(share), s.n, at, s.n-at)
	}
	head, tail = s, s
	head.n, tail.first, tail.n = at, s.first+at, s.n-at
	return head, tail, nil
}

// fits checks a dataset's shapes against the model, which is built if it is not yet.
func (m *Model) fits(what string, s samples) error {
	if err := m.build(s.of.XShape()); err != nil {
		return err
	}
	want, err := m.train.Loss.Target(m.output)
	if err != nil {
		return err
	}
	if got := prog.Shape(s.of.YShape()); !trimmed(got).Equal(trimmed(want)) {
		hint := ""
		switch m.train.Loss.(type) {
		case CategoricalCrossentropyLoss:
			if got.Size() == 1 {
				hint = " (for class numbers use sparse categorical crossentropy)"
			}
		case SparseCategoricalCrossentropyLoss:
			if got.Equal(m.output) {
				hint = " (for one-hot targets use categorical crossentropy)"
			}
		}
		return fail(ErrShape, "%s: y is %v a sample, the loss of the model's output %v wants %v%s", what, got, m.output, want, hint)
	}
	return nil
}

// trimmed is a shape without trailing ones: one number may come as [] or [1].
func trimmed(s prog.Shape) prog.Shape {
	for len(s) > 0 && s[len(s)-1] == 1 {
		s = s[:len(s)-1]
	}
	return s
}

// stage copies a batch into p; with check it looks for values that cannot be used.
func (m *Model) stage(p *program, s *samples, indices []int, classWeight map[int]float64, check bool) error {
	if err := s.of.Batch(indices, p.xs, p.ys); err != nil {
		return err
	}
	if check {
		if err := m.checkBatch(p, indices); err != nil {
			return err
		}
	}
	if !p.weighted {
		return nil
	}
	per := len(p.ys) / p.batch
	for k, i := range indices {
		p.weightValues[k] = 1
		if s.weights != nil {
			p.weightValues[k] = s.weights[i]
		}
		if classWeight != nil {
			if w, ok := classWeight[classOf(p.ys[k*per:(k+1)*per])]; ok {
				p.weightValues[k] = float32(w)
			}
		}
	}
	return nil
}

// classOf is the class that a target stands for: the place of a one-hot target's largest value, or the
// class number itself.
func classOf(y []float32) int {
	if len(y) == 1 {
		return int(y[0])
	}
	best := 0
	for i, v := range y {
		if v > y[best] {
			best = i
		}
	}
	return best
}

// checkBatch finds values that training cannot use.
func (m *Model) checkBatch(p *program, indices []int) error {
	if at := notFinite(p.xs); at >= 0 {
		per := len(p.xs) / p.batch
		return fail(ErrData, "x: sample %d holds %v at element %d of %v", indices[at/per], p.xs[at], at%per, m.input)
	}
	per := max(1, len(p.ys)/p.batch)
	if at := notFinite(p.ys); at >= 0 {
		return fail(ErrData, "y: sample %d holds %v", indices[at/per], p.ys[at])
	}
	if c, ok := m.train.Loss.(TargetChecker); ok {
		if at, wanted := c.CheckTargets(m.output, p.ys); at >= 0 {
			return fail(ErrData, "y: sample %d holds %v, %s", indices[at/per], p.ys[at], wanted)
		}
	}
	return nil
}

// notFinite is the index of the first NaN or infinity, -1 where there is none.
func notFinite(values []float32) int {
	for i, v := range values {
		if v-v != 0 { // 0 for every finite number, NaN for the others
			return i
		}
	}
	return -1
}
