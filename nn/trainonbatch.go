package nn

import "context"

// TrainOnBatch trains one step on all of d's samples together, and returns the loss and the metrics of
// that batch before the step. Where the loss is NaN or infinite it returns ErrDiverged; the weights
// are then of no use.
func (m *Model) TrainOnBatch(ctx context.Context, d Dataset, o BatchOptions) (Logs, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.busy {
		return nil, fail(ErrBusy, "%s: train on batch during fit", m.name)
	}
	if err := m.ready(ctx, true); err != nil {
		return nil, err
	}
	s, err := m.newSamples("train on batch", d, o.SampleWeight, o.SampleWeights)
	if err != nil {
		return nil, err
	}
	if err := m.oneClassed("train on batch", o.ClassWeight); err != nil {
		return nil, err
	}
	if err := m.fits("train on batch", newIndexed(s, s.n)); err != nil {
		return nil, err
	}
	kind := m.stepMode()
	p, err := m.program(kind, s.n, s.weights != nil || o.ClassWeight != nil)
	if err != nil {
		return nil, err
	}
	src := newIndexed(s, s.n)
	if _, _, err := src.next(ctx); err != nil {
		return nil, err
	}
	if err := src.stage(m, p, true); err != nil {
		return nil, err
	}
	p.weighClasses(o.ClassWeight)
	if err := m.run(p, kind); err != nil {
		return nil, err
	}
	if loss := float64(p.result[0]); !finite(loss) {
		return nil, fail(ErrDiverged, "train on batch: the loss is %v", loss)
	}
	t := newTally(m.train)
	t.add(p)
	logs := newLogs("", m.train.names)
	t.write(logs)
	return logs, nil
}

// BatchOptions are TrainOnBatch's.
type BatchOptions struct {
	SampleWeight  []float32            // one a sample: what its loss counts, of every output
	SampleWeights map[string][]float32 // the same for single outputs, by their names
	ClassWeight   map[int]float64      // what the loss of a class's samples counts; classes that are missing count 1; for one output
}
