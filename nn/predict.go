package nn

import (
	"context"
	"errors"
	"io"
)

// PredictOptions are Predict's.
type PredictOptions struct {
	BatchSize int        // 0: 32, or what an input's batch_size says
	Steps     int        // how many batches of a stream are taken; 0: all
	Callbacks []Callback // those of their functions that are called in predictions
	Output    io.Writer  // what callbacks print to; nil is os.Stdout
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
	for k, c := range x {
		if c == nil {
			return nil, fail(ErrData, "predict: there is no data for input %d", k)
		}
		if c.Len() != x[0].Len() {
			return nil, fail(ErrShape, "predict: input %d has %d samples, the first has %d", k, c.Len(), x[0].Len())
		}
	}
	if len(x) == 0 {
		return nil, fail(ErrData, "predict: there is no data")
	}
	if err := m.batchSize("predict", &o.BatchSize, &o.Yield); err != nil {
		return nil, err
	}
	o.Steps = 0
	return m.predictOn(ctx, newIndexed(samples{of: &Columns{x: x}, n: x[0].Len()}, o.BatchSize), o)
}

// PredictBatches is PredictMulti of the batches of a stream. Of its targets, where it has any, nothing is read.
func (m *Model) PredictBatches(ctx context.Context, b Batches, o PredictOptions) ([]Tensor, error) {
	if b == nil {
		return nil, fail(ErrData, "predict: there is no data")
	}
	if err := m.batchSize("predict", &o.BatchSize, &o.Yield); err != nil {
		return nil, err
	}
	if o.Steps < 0 {
		return nil, fail(ErrConfig, "predict: steps is %d, wanted at least 1", o.Steps)
	}
	src := &streamed{of: b, what: "predict"}
	out, err := m.predictOn(ctx, src, o)
	return out, join(err, src.close())
}

func (m *Model) predictOn(ctx context.Context, s source, o PredictOptions) ([]Tensor, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := s.open(ctx, 0, 0); err != nil {
		return nil, err
	}
	in, _ := s.shapes()
	if in == nil {
		return nil, fail(ErrData, "predict: there is no batch")
	}
	m.mu.Lock()
	err := m.build(in)
	shapes := m.outputShapes()
	r := &run{m: m, train: m.train, output: o.Output}
	m.mu.Unlock()
	if err != nil {
		return nil, err
	}
	out := make([]Tensor, len(shapes))
	for k, shape := range shapes {
		out[k] = Tensor{Shape: append([]int{0}, shape...), Data: make([]float32, 0, s.samples()*shape.Size())}
	}
	return out, r.with(o.Callbacks, func() error { return r.predict(ctx, s, o, out) })
}

// predict appends the predictions of the batches of s to out.
func (r *run) predict(ctx context.Context, s source, o PredictOptions, out []Tensor) error {
	p := &Progress{Batches: s.batches()}
	stop := r.call(predictBegin, p)
	if stop != nil && !errors.Is(stop, ErrStop) {
		return stop
	}
	for ; stop == nil && (o.Steps == 0 || p.Batch < o.Steps); p.Batch++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, _, err := s.next(ctx)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
		p.Samples = n
		if stop = r.call(predictBatchBegin, p); stop != nil && !errors.Is(stop, ErrStop) {
			return stop
		}
		if err := r.predictBatch(s, n, out); err != nil {
			return err
		}
		if end := r.call(predictBatchEnd, p); errors.Is(end, ErrStop) {
			stop = end
		} else if end != nil {
			return end
		}
		o.Yield()
	}
	p.Batches = p.Batch
	p.Batch = max(0, p.Batch-1)
	if err := r.call(predictEnd, p); err != nil && !errors.Is(err, ErrStop) {
		return err
	}
	return nil
}

func (r *run) predictBatch(s source, n int, out []Tensor) error {
	m := r.m
	m.mu.Lock()
	defer m.mu.Unlock()
	p, err := m.program(predicting, n, false)
	if err != nil {
		return err
	}
	if err := s.stage(m, p, false); err != nil {
		return err
	}
	if err := m.run(p, predicting); err != nil {
		return err
	}
	for k, values := range p.predValues {
		out[k].Data = append(out[k].Data, values...)
		out[k].Shape[0] += n
	}
	return nil
}
