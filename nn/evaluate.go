package nn

import (
	"context"
	"runtime"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// EvalOptions are Evaluate's.
type EvalOptions struct {
	BatchSize    int       // 0: 32, or what an input's batch_size says
	SampleWeight []float32 // one a sample: what its loss counts, of every output
	// SampleWeights are the same for single outputs, by their names.
	SampleWeights map[string][]float32
	// Yield is called between batches, while the model is free; nil is runtime.Gosched.
	Yield func()
}

// Evaluate returns the loss, penalties included, and the metrics on d. It may be called during Fit.
func (m *Model) Evaluate(ctx context.Context, d Dataset, o EvalOptions) (Logs, error) {
	if err := m.batchSize("evaluate", &o.BatchSize, &o.Yield); err != nil {
		return nil, err
	}
	m.mu.Lock()
	err := m.ready(ctx, false)
	var s samples
	if err == nil {
		s, err = m.newSamples("evaluate", d, o.SampleWeight, o.SampleWeights)
	}
	if err == nil {
		err = m.fits("evaluate", s)
	}
	train := m.train
	m.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return m.evaluate(ctx, train, s, o.BatchSize, "", o.Yield)
}

func (m *Model) batchSize(what string, n *int, yield *func()) error {
	if *n < 0 {
		return fail(ErrConfig, "%s: batch size is %d, wanted at least 1", what, *n)
	}
	if *n == 0 {
		m.mu.Lock()
		*n = m.usualBatch()
		m.mu.Unlock()
	}
	if *yield == nil {
		*yield = runtime.Gosched
	}
	return nil
}

// usualBatch is the size of batches where nothing is said: that of an input that gives one, else 32.
func (m *Model) usualBatch() int {
	for _, x := range m.inputs {
		if n := x.from.batch; n > 0 {
			return n
		}
	}
	return 32
}

// evaluate goes by train, what the model is compiled for; where that changes on the way it fails.
func (m *Model) evaluate(ctx context.Context, train *training, s samples, batch int, prefix string, yield func()) (Logs, error) {
	t := newTally(train)
	logs := newLogs(prefix, train.names)
	indices := make([]int, min(batch, s.n))
	for at := 0; at < s.n; at += batch {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		indices = indices[:min(batch, s.n-at)]
		for i := range indices {
			indices[i] = s.first + at + i
		}
		if err := m.evaluateBatch(train, &s, indices, t); err != nil {
			return nil, err
		}
		yield()
	}
	t.write(logs)
	return logs, nil
}

func (m *Model) evaluateBatch(train *training, s *samples, indices []int, t *tally) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.train != train {
		return fail(ErrBusy, "%s: the model was compiled anew during evaluate", m.name)
	}
	p, err := m.program(evaluating, len(indices), s.weights != nil)
	if err != nil {
		return err
	}
	if err := m.stage(p, s, indices, nil, true); err != nil {
		return err
	}
	if err := m.run(p, evaluating); err != nil {
		return err
	}
	t.add(p)
	return nil
}

// PredictOptions are Predict's.
type PredictOptions struct {
	BatchSize int // 0: 32, or what an input's batch_size says
	// Yield is called between batches, while the model is free; nil is runtime.Gosched.
	Yield func()
}

// Predict is the model's output [n, ...] for the n inputs x, of a model with one input and one output. It
// may be called during Fit, and before Compile.
func (m *Model) Predict(ctx context.Context, x Column, o PredictOptions) (Tensor, error) {
	if x == nil {
		return Tensor{}, fail(ErrData, "predict: there is no data")
	}
	out, err := m.PredictMulti(ctx, []Column{x}, o)
	if err != nil {
		return Tensor{}, err
	}
	if len(out) != 1 {
		return Tensor{}, fail(ErrConfig, "predict: the model has %d outputs, wanted one (PredictMulti returns all)", len(out))
	}
	return out[0], nil
}

// PredictMulti is Predict for a model with several inputs or outputs.
func (m *Model) PredictMulti(ctx context.Context, x []Column, o PredictOptions) ([]Tensor, error) {
	if err := m.batchSize("predict", &o.BatchSize, &o.Yield); err != nil {
		return nil, err
	}
	var in []prog.Shape
	for k, c := range x {
		if c == nil {
			return nil, fail(ErrData, "predict: there is no data for input %d", k)
		}
		if c.Len() != x[0].Len() {
			return nil, fail(ErrShape, "predict: input %d has %d samples, the first has %d", k, c.Len(), x[0].Len())
		}
		in = append(in, c.Shape())
	}
	if len(in) == 0 {
		return nil, fail(ErrData, "predict: there is no data")
	}
	n := x[0].Len()
	m.mu.Lock()
	err := ctx.Err()
	if err == nil {
		err = m.build(in)
	}
	shapes := m.outputShapes()
	m.mu.Unlock()
	if err != nil {
		return nil, err
	}
	out := make([]Tensor, len(shapes))
	for k, s := range shapes {
		out[k] = Tensor{Shape: append([]int{n}, s...), Data: make([]float32, n*s.Size())}
	}
	for at := 0; at < n; at += o.BatchSize {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := m.predictBatch(x, at, min(o.BatchSize, n-at), out); err != nil {
			return nil, err
		}
		o.Yield()
	}
	return out, nil
}

// predictBatch predicts from samples at to at+n-1.
func (m *Model) predictBatch(x []Column, at, n int, out []Tensor) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, err := m.program(predicting, n, false)
	if err != nil {
		return err
	}
	for k, c := range x {
		per := len(p.xs[k]) / n
		for i := range n {
			c.CopyRow(p.xs[k][i*per:(i+1)*per], at+i)
		}
	}
	if err := m.checkInputs(p.xs, n, func(row int) int { return at + row }); err != nil {
		return err
	}
	if err := m.run(p, predicting); err != nil {
		return err
	}
	for k, values := range p.predValues {
		copy(out[k].Data[at*len(values)/n:], values)
	}
	return nil
}
