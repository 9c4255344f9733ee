package nn

import (
	"context"
	"errors"
	"fmt"
	"runtime"
)

// FitOptions say how Fit goes. The zero value trains one epoch in batches of 32.
type FitOptions struct {
	BatchSize    int // 0: 32, or what an input's batch_size says
	Epochs       int // where training ends, counted from 0; 0: one more than InitialEpoch
	InitialEpoch int // where it begins, for resuming

	Validation       Dataset   // evaluated at the end of epochs
	ValidationWeight []float32 // one a sample of Validation: what its loss counts
	ValidationSplit  float64   // or this share of the data, its tail, cut off before any shuffling
	ValidationBatch  int       // 0: BatchSize
	ValidationEvery  int       // epochs from one validation to the next; 0: 1

	NoShuffle bool   // take the samples in their order, each epoch
	Seed      uint64 // of the shuffling; 0: the model's

	SampleWeight  []float32            // one a sample: what its loss counts, of every output
	SampleWeights map[string][]float32 // the same for single outputs, by their names
	ClassWeight   map[int]float64      // what the loss of a class's samples counts; classes that are missing count 1; for one output

	Callbacks []Callback
	// Yield is called between steps, while the model is free, so that others get their turn; nil is
	// runtime.Gosched.
	Yield func()
}

// Fit trains the model on d. Each epoch takes all samples once, in batches, in an order that the seed
// and the number of steps the model has taken decide. What the loss is infinite or NaN for ends it with
// ErrDiverged or, where the data are to blame, ErrData; the weights and the optimizer then go back to
// the end of the last good epoch. When ctx ends, or a callback fails, the weights stay as they are. The
// History holds the epochs that were completed, with an error too; it is nil where Fit never began.
func (m *Model) Fit(ctx context.Context, d Dataset, o FitOptions) (*History, error) {
	f, err := m.newFit(ctx, d, o)
	if err != nil {
		return nil, err
	}
	defer func() {
		m.mu.Lock()
		m.busy = false
		m.mu.Unlock()
	}()
	err = f.run(ctx)
	if errors.Is(err, ErrDiverged) || errors.Is(err, ErrData) {
		err = join(err, f.restore())
	}
	return f.history, err
}

// A fit is a running Fit.
type fit struct {
	m        *Model
	o        FitOptions
	train    samples
	val      samples // of is nil for none
	weighted bool
	order    []int
	good     []float32 // the store at the end of the last good epoch
	next     []float32 // what becomes good, if it is
	goodStep [2]uint64 // the model's steps and updates then
	tally    *tally
	logs     Logs // the figures so far of this epoch, changed in place
	progress *Progress
	history  *History
}

// newFit checks everything that can be checked before the first step, and marks the model busy.
func (m *Model) newFit(ctx context.Context, d Dataset, o FitOptions) (*fit, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.busy {
		return nil, fail(ErrBusy, "%s: fit during fit", m.name)
	}
	if err := m.ready(ctx, true); err != nil {
		return nil, err
	}
	f := &fit{m: m, o: o, history: &History{Values: map[string][]float64{}}}
	if err := f.defaults(); err != nil {
		return nil, err
	}
	var err error
	if f.train, err = m.newSamples("fit", d, o.SampleWeight, o.SampleWeights); err != nil {
		return nil, err
	}
	if err := m.fits("fit", f.train); err != nil {
		return nil, err
	}
	switch {
	case o.Validation != nil && o.ValidationSplit != 0:
		return nil, fail(ErrConfig, "fit: there are both validation data and a validation split")
	case o.Validation != nil:
		if f.val, err = m.newSamples("validation", o.Validation, o.ValidationWeight, nil); err != nil {
			return nil, err
		}
		if err := m.fits("validation", f.val); err != nil {
			return nil, err
		}
	case o.ValidationSplit != 0:
		if f.train, f.val, err = f.train.tail(o.ValidationSplit); err != nil {
			return nil, err
		}
	}
	f.order = make([]int, f.train.n)
	batch := min(f.o.BatchSize, f.train.n)
	f.progress = &Progress{Epoch: o.InitialEpoch, Epochs: f.o.Epochs, Batches: (f.train.n + batch - 1) / batch}
	f.tally = newTally(m.train)
	f.logs = newLogs("", m.train.names)
	for _, n := range []int{f.train.n % batch, batch} { // what cannot be loaded is said before a weight changes
		if n == 0 {
			continue
		}
		if _, err := m.program(fitting, n, f.weighted); err != nil {
			return nil, err
		}
	}
	f.good, f.next = make([]float32, m.engine.store.Size), make([]float32, m.engine.store.Size)
	if err := f.save(); err != nil {
		return nil, err
	}
	m.busy = true
	return f, nil
}

func (f *fit) defaults() error {
	o := &f.o
	for _, n := range []struct {
		name string
		v    *int
		def  int
	}{
		{"batch size", &o.BatchSize, f.m.usualBatch()}, {"initial epoch", &o.InitialEpoch, 0}, {"epochs", &o.Epochs, o.InitialEpoch + 1},
		{"validation batch size", &o.ValidationBatch, o.BatchSize}, {"validation frequency", &o.ValidationEvery, 1},
	} {
		if *n.v < 0 {
			return fail(ErrConfig, "fit: %s is %d, wanted at least 1", n.name, *n.v)
		}
		if *n.v == 0 {
			*n.v = n.def
		}
	}
	if o.ValidationBatch == 0 {
		o.ValidationBatch = o.BatchSize
	}
	if o.Seed == 0 {
		o.Seed = f.m.seed
	}
	if o.Yield == nil {
		o.Yield = runtime.Gosched
	}
	if (o.SampleWeight != nil || o.SampleWeights != nil) && o.ClassWeight != nil {
		return fail(ErrConfig, "fit: there are both sample weights and class weights, wanted one of them")
	}
	if err := f.m.oneClassed("fit", o.ClassWeight); err != nil {
		return err
	}
	for class, w := range o.ClassWeight {
		if !finite(w) {
			return fail(ErrData, "fit: the weight of class %d is %v, wanted a finite number", class, w)
		}
	}
	f.weighted = o.SampleWeight != nil || o.SampleWeights != nil || o.ClassWeight != nil
	return nil
}

// oneClassed refuses class weights of several outputs.
func (m *Model) oneClassed(what string, weights map[int]float64) error {
	if n := len(m.train.objectives); weights != nil && n > 1 {
		return fail(ErrConfig, "%s: class weights are for a model with one loss, this one has %d; use sample weights", what, n)
	}
	return nil
}

func (f *fit) run(ctx context.Context) (err error) {
	defer func() {
		if end := call(f.o.Callbacks, onTrainEnd, f.progress); err == nil && !errors.Is(end, ErrStop) {
			err = end
		}
	}()
	err = call(f.o.Callbacks, onTrainBegin, f.progress)
	for e := f.o.InitialEpoch; e < f.o.Epochs && err == nil; e++ {
		err = f.epoch(ctx, e)
	}
	if errors.Is(err, ErrStop) {
		err = nil
	}
	return err
}

// epoch trains one epoch. ErrStop ends it before its last batch, but as an epoch that counts.
func (f *fit) epoch(ctx context.Context, epoch int) error {
	p := f.progress
	f.tally.reset()
	p.Epoch, p.Batch, p.Samples, p.BatchLoss, p.Logs = epoch, 0, 0, 0, nil
	if err := call(f.o.Callbacks, onEpochBegin, p); err != nil {
		return err
	}
	for i := range f.order {
		f.order[i] = f.train.first + i
	}
	if !f.o.NoShuffle {
		shuffle(f.order, mix(f.o.Seed, f.m.step))
	}
	p.Logs = f.logs
	var stop error
	for p.Batch = 0; p.Batch < p.Batches && stop == nil; p.Batch++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		begin := p.Batch * f.o.BatchSize
		indices := f.order[begin:min(begin+f.o.BatchSize, len(f.order))]
		p.Samples = len(indices)
		if stop = call(f.o.Callbacks, onBatchBegin, p); stop != nil && !errors.Is(stop, ErrStop) {
			return stop
		}
		if err := f.step(indices, epoch == f.o.InitialEpoch); err != nil {
			return err
		}
		if end := call(f.o.Callbacks, onBatchEnd, p); errors.Is(end, ErrStop) {
			stop = end
		} else if end != nil {
			return end
		}
		f.o.Yield()
	}
	p.Batch = p.Batches - 1
	logs := append(Logs{}, f.logs...)
	p.Logs = logs
	if err := f.keep(); err != nil {
		return err
	}
	if f.val.of != nil && ((epoch+1)%f.o.ValidationEvery == 0) {
		val, err := f.m.evaluate(ctx, f.m.train, f.val, f.o.ValidationBatch, "val_", f.o.Yield)
		if err != nil {
			return err
		}
		p.Logs = append(logs, val...)
	}
	f.history.add(epoch, p.Logs)
	if err := call(f.o.Callbacks, onEpochEnd, p); err != nil {
		return err
	}
	return stop
}

// step trains on one batch. With check it looks at the data first: once each sample, in the first epoch.
func (f *fit) step(indices []int, check bool) error {
	m := f.m
	m.mu.Lock()
	defer m.mu.Unlock()
	p, err := m.program(fitting, len(indices), f.weighted)
	if err != nil {
		return err
	}
	if err := m.stage(p, &f.train, indices, f.o.ClassWeight, check); err != nil {
		return err
	}
	if err := m.run(p, fitting); err != nil {
		return err
	}
	loss := float64(p.result[0])
	f.progress.BatchLoss = loss
	if !finite(loss) {
		if err := m.checkBatch(p, indices); err != nil {
			return err
		}
		return f.diverged("the loss is " + fmt.Sprint(loss))
	}
	f.tally.add(p)
	f.tally.write(f.logs)
	return nil
}

func (f *fit) diverged(what string) error {
	return fail(ErrDiverged, "fit: %s in epoch %d of %d, batch %d of %d; the weights are those of the last good epoch; a smaller learning rate may help",
		what, f.progress.Epoch+1, f.o.Epochs, f.progress.Batch+1, f.progress.Batches)
}

// keep makes the present weights those of the last good epoch. It fails with ErrDiverged where they are
// not finite.
func (f *fit) keep() error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	return f.save()
}

// save is keep for a caller that holds the model.
func (f *fit) save() error {
	m := f.m
	if len(f.next) > 0 {
		if err := m.refresh(); err != nil { // a SetWeights since the last step
			return err
		}
		if err := m.engine.weights.Read(m.engine.whole, f.next); err != nil {
			return err
		}
		if notFinite(f.next) >= 0 {
			return f.diverged("a weight is no longer finite")
		}
	}
	f.good, f.next = f.next, f.good
	f.goodStep = [2]uint64{m.step, m.updates}
	return nil
}

// restore takes the model back to the end of the last good epoch.
func (f *fit) restore() error {
	m := f.m
	m.mu.Lock()
	defer m.mu.Unlock()
	m.step, m.updates = f.goodStep[0], f.goodStep[1]
	if len(f.good) == 0 || m.engine == nil {
		return nil
	}
	m.wrote()
	return m.engine.weights.Write(m.engine.whole, f.good)
}

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
	if err := m.fits("train on batch", s); err != nil {
		return nil, err
	}
	p, err := m.program(fitting, s.n, s.weights != nil || o.ClassWeight != nil)
	if err != nil {
		return nil, err
	}
	indices := make([]int, s.n)
	for i := range indices {
		indices[i] = i
	}
	if err := m.stage(p, &s, indices, o.ClassWeight, true); err != nil {
		return nil, err
	}
	if err := m.run(p, fitting); err != nil {
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
