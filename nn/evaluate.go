package nn

import (
	"context"
	"runtime"
)

// EvalOptions are Evaluate's.
type EvalOptions struct {
	BatchSize    int       // 0: 32
	SampleWeight []float32 // one a sample: what its loss counts
	// Yield is called between batches, while the model is free; nil is runtime.Gosched.
	Yield func()
}

// Evaluate returns the loss, penalties included, and the metrics on d. It may be called during Fit.
func (m *Model) Evaluate(ctx context.Context, d Dataset, o EvalOptions) (Logs, error) {
	if err := batchSize("evaluate", &o.BatchSize, &o.Yield); err != nil {
		return nil, err
	}
	s, err := newSamples("evaluate", d, o.SampleWeight)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	err = m.ready(ctx, false)
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

func batchSize(what string, n *int, yield *func()) error {
	if *n < 0 {
		return fail(ErrConfig, "%s: batch size is %d, wanted at least 1", what, *n)
	}
	if *n == 0 {
		*n = 32
	}
	if *yield == nil {
		*yield = runtime.Gosched
	}
	return nil
}

// evaluate goes by train, what the model is compiled for; where that changes on the way it fails.
func (m *Model) evaluate(ctx context.Context, train *training, s samples, batch int, prefix string, yield func()) (Logs, error) {
	t := newTally(train.Metrics)
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
	BatchSize int // 0: 32
	// Yield is called between batches, while the model is free; nil is runtime.Gosched.
	Yield func()
}

// Predict is the model's output [n, ...] for the n inputs x. It may be called during Fit, and before
// Compile.
func (m *Model) Predict(ctx context.Context, x Column, o PredictOptions) (Tensor, error) {
	if err := batchSize("predict", &o.BatchSize, &o.Yield); err != nil {
		return Tensor{}, err
	}
	if x == nil {
		return Tensor{}, fail(ErrData, "predict: there is no data")
	}
	m.mu.Lock()
	err := ctx.Err()
	if err == nil {
		err = m.build(x.Shape())
	}
	out := append([]int{x.Len()}, m.output...)
	per := m.output.Size()
	m.mu.Unlock()
	if err != nil {
		return Tensor{}, err
	}
	pred := make([]float32, x.Len()*per)
	for at := 0; at < x.Len(); at += o.BatchSize {
		if err := ctx.Err(); err != nil {
			return Tensor{}, err
		}
		n := min(o.BatchSize, x.Len()-at)
		if err := m.predictBatch(x, at, n, pred[at*per:(at+n)*per]); err != nil {
			return Tensor{}, err
		}
		o.Yield()
	}
	return Tensor{Shape: out, Data: pred}, nil
}

func (m *Model) predictBatch(x Column, at, n int, dst []float32) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, err := m.program(predicting, n, false)
	if err != nil {
		return err
	}
	per := len(p.xs) / n
	for i := range n {
		x.CopyRow(p.xs[i*per:(i+1)*per], at+i)
	}
	if err := m.run(p, predicting); err != nil {
		return err
	}
	copy(dst, p.predValues)
	return nil
}
