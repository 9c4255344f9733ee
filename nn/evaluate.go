package nn

import (
	"context"
	"errors"
	"io"
	"runtime"
)

// EvalOptions are Evaluate's.
type EvalOptions struct {
	BatchSize    int       // 0: 32, or what an input's batch_size says
	SampleWeight []float32 // one a sample: what its loss counts, of every output
	// SampleWeights are the same for single outputs, by their names.
	SampleWeights map[string][]float32
	Steps         int        // how many batches of a stream are taken; 0: all
	Callbacks     []Callback // those of their functions that are called in tests
	Output        io.Writer  // what callbacks print to; nil is os.Stdout
	// Yield is called between batches, while the model is free; nil is runtime.Gosched.
	Yield func()
}

// Evaluate returns the loss, penalties included, and the metrics on d. It may be called during Fit.
func (m *Model) Evaluate(ctx context.Context, d Dataset, o EvalOptions) (Logs, error) {
	return m.evaluateOn(ctx, o, func(o *EvalOptions) (source, error) {
		if o.Steps != 0 {
			return nil, fail(ErrConfig, "evaluate: there are steps, which are for a stream")
		}
		s, err := m.newSamples("evaluate", d, o.SampleWeight, o.SampleWeights)
		if err != nil {
			return nil, err
		}
		src := newIndexed(s, o.BatchSize)
		return src, m.fits("evaluate", src)
	})
}

// EvaluateBatches is Evaluate on the batches of a stream.
func (m *Model) EvaluateBatches(ctx context.Context, b Batches, o EvalOptions) (Logs, error) {
	return m.evaluateOn(ctx, o, func(o *EvalOptions) (source, error) {
		switch {
		case b == nil:
			return nil, fail(ErrData, "evaluate: there is no data")
		case o.SampleWeight != nil || o.SampleWeights != nil:
			return nil, fail(ErrConfig, "evaluate: there are sample weights, which come with the batches of a stream")
		}
		return &streamed{of: b, what: "evaluate"}, nil
	})
}

func (m *Model) evaluateOn(ctx context.Context, o EvalOptions, data func(*EvalOptions) (source, error)) (Logs, error) {
	if err := m.batchSize("evaluate", &o.BatchSize, &o.Yield); err != nil {
		return nil, err
	}
	if o.Steps < 0 {
		return nil, fail(ErrConfig, "evaluate: steps is %d, wanted at least 1", o.Steps)
	}
	m.mu.Lock()
	err := m.ready(ctx, false)
	var src source
	if err == nil {
		src, err = data(&o)
	}
	r := &run{m: m, train: m.train, output: o.Output}
	m.mu.Unlock()
	if err != nil {
		return nil, err
	}
	r.names = r.train.names
	var logs Logs
	err = r.with(o.Callbacks, func() (err error) {
		logs, err = r.evaluate(ctx, src, o.Steps, &Progress{}, "", o.Yield)
		return err
	})
	return logs, join(err, src.close())
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

// evaluate takes batches of s, at most steps where that isn't 0. Where the model is compiled anew on the way it
// fails.
func (r *run) evaluate(ctx context.Context, s source, steps int, p *Progress, prefix string, yield func()) (Logs, error) {
	if err := s.open(ctx, p.Epoch, 0); err != nil {
		return nil, err
	}
	what := "evaluate"
	if prefix != "" {
		what = "validation"
	}
	if x, _ := s.shapes(); x == nil {
		return nil, fail(ErrData, "%s: there is no batch", what)
	}
	if _, ok := s.(*streamed); ok { // of which the shapes are known only now
		r.m.mu.Lock()
		err := r.m.fits(what, s)
		r.m.mu.Unlock()
		if err != nil {
			return nil, err
		}
	}
	t := newTally(r.train)
	logs := newLogs("", r.train.names)
	if p.Batches, p.Logs = s.batches(), logs; p.Batches == 0 {
		p.Batches = steps
	}
	stop := r.call(testBegin, p)
	if stop != nil && !errors.Is(stop, ErrStop) {
		return nil, stop
	}
	for ; stop == nil && (steps == 0 || p.Batch < steps); p.Batch++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n, weighted, err := s.next(ctx)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			break
		}
		p.Samples = n
		if stop = r.call(testBatchBegin, p); stop != nil && !errors.Is(stop, ErrStop) {
			return nil, stop
		}
		if err := r.evaluateBatch(s, n, weighted, t); err != nil {
			return nil, err
		}
		t.write(logs)
		if end := r.call(testBatchEnd, p); errors.Is(end, ErrStop) {
			stop = end
		} else if end != nil {
			return nil, end
		}
		yield()
	}
	if p.Batch == 0 && stop == nil {
		return nil, fail(ErrData, "%s: there is no batch", what)
	}
	p.Batches = p.Batch
	p.Batch--
	if err := r.call(testEnd, p); err != nil && !errors.Is(err, ErrStop) {
		return nil, err
	}
	for i := range logs {
		logs[i].Name = prefix + logs[i].Name
	}
	return logs, nil
}

func (r *run) evaluateBatch(s source, n int, weighted bool, t *tally) error {
	m := r.m
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.train != r.train {
		return fail(ErrBusy, "%s: the model was compiled anew during evaluate", m.name)
	}
	p, err := m.program(evaluating, n, weighted)
	if err != nil {
		return err
	}
	if err := s.stage(m, p, true); err != nil {
		return err
	}
	if err := m.run(p, evaluating); err != nil {
		return err
	}
	t.add(p)
	return nil
}
