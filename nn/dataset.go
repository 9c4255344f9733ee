package nn

import (
	"math"
	"slices"

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

// A MultiDataset is a Dataset whose samples have several inputs or targets, in the order of the model's
// inputs and of its outputs that have a loss. XShape, YShape and Batch, which are a Dataset's, are not
// called. [Columns] is one.
type MultiDataset interface {
	Dataset
	// XShapes and YShapes are one sample's shapes.
	XShapes() [][]int
	YShapes() [][]int
	// BatchMulti copies the samples indices[0], indices[1], ... one behind another into each of xs and ys.
	BatchMulti(indices []int, xs, ys [][]float32) error
}

// Columns is a MultiDataset of columns of one length.
type Columns struct{ x, y []Column }

// NewColumns joins the columns of inputs and of targets. It fails with ErrShape where they are not of the same
// length, and with ErrData where there are no inputs.
func NewColumns(x, y []Column) (*Columns, error) {
	if len(x) == 0 {
		return nil, fail(ErrData, "columns: there are no inputs")
	}
	for i, c := range append(append([]Column{}, x...), y...) {
		if c == nil {
			return nil, fail(ErrData, "columns: column %d is nil", i)
		}
		if c.Len() != x[0].Len() {
			return nil, fail(ErrShape, "columns: column %d has %d samples, the first has %d", i, c.Len(), x[0].Len())
		}
	}
	return &Columns{x, y}, nil
}

// Len is the number of samples.
func (c *Columns) Len() int { return c.x[0].Len() }

// XShapes are the inputs' shapes.
func (c *Columns) XShapes() [][]int { return shapesOf(c.x) }

// YShapes are the targets' shapes.
func (c *Columns) YShapes() [][]int { return shapesOf(c.y) }

func shapesOf(columns []Column) [][]int {
	shapes := make([][]int, len(columns))
	for i, c := range columns {
		shapes[i] = c.Shape()
	}
	return shapes
}

// XShape is the first input's shape.
func (c *Columns) XShape() []int { return c.x[0].Shape() }

// YShape is the first target's shape.
func (c *Columns) YShape() []int {
	if len(c.y) == 0 {
		return nil
	}
	return c.y[0].Shape()
}

// Batch is BatchMulti for one input and one target.
func (c *Columns) Batch(indices []int, x, y []float32) error {
	return c.BatchMulti(indices, [][]float32{x}, [][]float32{y})
}

// BatchMulti copies the samples into xs and ys. It fails with ErrShape where those are not as many as the
// columns.
func (c *Columns) BatchMulti(indices []int, xs, ys [][]float32) error {
	if len(xs) != len(c.x) || len(ys) != len(c.y) {
		return fail(ErrShape, "columns: %d inputs and %d targets were asked for, there are %d and %d", len(xs), len(ys), len(c.x), len(c.y))
	}
	for k, column := range c.x {
		copyRows(column, indices, xs[k])
	}
	for k, column := range c.y {
		copyRows(column, indices, ys[k])
	}
	return nil
}

func copyRows(c Column, indices []int, dst []float32) {
	if len(indices) == 0 {
		return
	}
	per := len(dst) / len(indices)
	for k, i := range indices {
		c.CopyRow(dst[k*per:(k+1)*per], i)
	}
}

// samples are a run of a dataset's samples, with their weights where there are any.
type samples struct {
	of       Dataset
	first, n int
	weights  [][]float32 // of each of the model's objectives, by index in of; nil for none
}

// newSamples checks d and the weights of its samples: weight, which is every output's, or weights by the
// outputs' names.
func (m *Model) newSamples(what string, d Dataset, weight []float32, weights map[string][]float32) (samples, error) {
	if d == nil {
		return samples{}, fail(ErrData, "%s: there is no data", what)
	}
	s := samples{of: d, n: d.Len()}
	if s.n == 0 {
		return samples{}, fail(ErrData, "%s: there are no samples", what)
	}
	if weight == nil && weights == nil {
		return s, nil
	}
	names := m.outputNames()
	for name, list := range weights {
		if !slices.ContainsFunc(m.train.objectives, func(o *objective) bool { return names[o.output] == name }) {
			return samples{}, fail(ErrConfig, "%s: there are sample weights of %q, which is not an output with a loss", what, name)
		}
		if err := checkSampleWeight(what, list, s.n); err != nil {
			return samples{}, err
		}
	}
	if err := checkSampleWeight(what, weight, s.n); err != nil {
		return samples{}, err
	}
	for _, o := range m.train.objectives {
		own, ok := weights[names[o.output]]
		if !ok {
			own = weight
		}
		s.weights = append(s.weights, own)
	}
	return s, nil
}

func checkSampleWeight(what string, weights []float32, n int) error {
	if weights != nil && len(weights) != n {
		return fail(ErrShape, "%s: %d sample weights for %d samples", what, len(weights), n)
	}
	for i, w := range weights {
		if w-w != 0 {
			return fail(ErrData, "%s: the weight of sample %d is %v, wanted a finite number", what, i, w)
		}
	}
	return nil
}

// shapes are one sample's inputs and targets.
func (s *samples) shapes() (x, y []prog.Shape) {
	if multi, ok := s.of.(MultiDataset); ok {
		for _, shape := range multi.XShapes() {
			x = append(x, shape)
		}
		for _, shape := range multi.YShapes() {
			y = append(y, shape)
		}
		return x, y
	}
	return []prog.Shape{s.of.XShape()}, []prog.Shape{s.of.YShape()}
}

func (s *samples) batch(indices []int, xs, ys [][]float32) error {
	if multi, ok := s.of.(MultiDataset); ok {
		return multi.BatchMulti(indices, xs, ys)
	}
	return s.of.Batch(indices, xs[0], ys[0])
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

// fits checks the data's shapes against the model, which is built if it is not yet.
func (m *Model) fits(what string, s source) error {
	x, y := s.shapes()
	if err := m.build(x); err != nil {
		return err
	}
	if len(y) != len(m.train.objectives) {
		return fail(ErrShape, "%s: the data have %d targets, the model has %d outputs with a loss", what, len(y), len(m.train.objectives))
	}
	for k, o := range m.train.objectives {
		out := m.outputs[o.output].shape
		want, err := o.Loss.Target(out)
		if err != nil {
			return err
		}
		got := y[k]
		if trimmed(got).Equal(trimmed(want)) {
			continue
		}
		hint := ""
		switch o.Loss.(type) {
		case CategoricalCrossentropyLoss:
			if got.Size() == 1 {
				hint = " (for class numbers use sparse categorical crossentropy)"
			}
		case SparseCategoricalCrossentropyLoss:
			if got.Equal(out) {
				hint = " (for one-hot targets use categorical crossentropy)"
			}
		}
		return fail(ErrShape, "%s: y%s is %v a sample, the loss of the model's output %v wants %v%s", what, o.of(), got, out, want, hint)
	}
	return nil
}

// of says in messages whose target it is, where there are several.
func (o *objective) of() string {
	if o.name == "" {
		return ""
	}
	return " of " + o.name
}

// trimmed is a shape without trailing ones: one number may come as [] or [1].
func trimmed(s prog.Shape) prog.Shape {
	for len(s) > 0 && s[len(s)-1] == 1 {
		s = s[:len(s)-1]
	}
	return s
}

// weighClasses gives the staged samples the weights of their classes.
func (p *program) weighClasses(weights map[int]float64) {
	if weights == nil {
		return
	}
	for j, values := range p.weightValues {
		y := p.ys[j]
		per := len(y) / p.batch
		for k := range values {
			if w, ok := weights[classOf(y[k*per:(k+1)*per])]; ok {
				values[k] = float32(w)
			}
		}
	}
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
	for k, xs := range p.xs {
		if at := notFinite(xs); at >= 0 {
			per := len(xs) / p.batch
			return fail(ErrData, "x: sample %d holds %v at element %d of %v", indices[at/per], xs[at], at%per, m.inputs[k].shape)
		}
	}
	if err := m.checkInputs(p.xs, p.batch, func(row int) int { return indices[row] }); err != nil {
		return err
	}
	for k, o := range m.train.objectives {
		ys := p.ys[k]
		per := max(1, len(ys)/p.batch)
		if at := notFinite(ys); at >= 0 {
			return fail(ErrData, "y%s: sample %d holds %v", o.of(), indices[at/per], ys[at])
		}
		if c, ok := o.Loss.(TargetChecker); ok {
			if at, wanted := c.CheckTargets(m.outputs[o.output].shape, ys); at >= 0 {
				return fail(ErrData, "y%s: sample %d holds %v, %s", o.of(), indices[at/per], ys[at], wanted)
			}
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
