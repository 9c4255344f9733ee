package nn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
)

// FitOptions say how Fit goes. The zero value trains one epoch in batches of 32.
type FitOptions struct {
	BatchSize    int // 0: 32, or what an input's batch_size says
	Epochs       int // where training ends, counted from 0; 0: one more than InitialEpoch
	InitialEpoch int // where it begins, for resuming

	Validation       Dataset   // evaluated at the end of epochs
	ValidationWeight []float32 // one a sample of Validation: what its loss counts
	// ValidationWeights are the same for single outputs, by their names.
	ValidationWeights map[string][]float32
	ValidationSplit   float64 // or this share of the data, its tail, cut off before any shuffling
	ValidationBatch   int     // 0: BatchSize
	ValidationEvery   int     // epochs from one validation to the next; 0: 1

	// ValidationBatches take the place of Validation. ValidationSteps are how many are taken; 0: all.
	ValidationBatches Batches
	ValidationSteps   int
	// StepsPerEpoch are the batches of a stream that make an epoch; the next goes on behind them, and from the
	// beginning where the stream has ended. 0: an epoch is the stream from its beginning to its end.
	StepsPerEpoch int

	NoShuffle bool   // take the samples in their order, each epoch
	Seed      uint64 // of the shuffling; 0: the model's

	SampleWeight  []float32            // one a sample: what its loss counts, of every output
	SampleWeights map[string][]float32 // the same for single outputs, by their names
	ClassWeight   map[int]float64      // what the loss of a class's samples counts; classes that are missing count 1; for one output

	Callbacks []Callback
	// Verbose 1 prints a progress bar, 2 a line an epoch, as Keras does.
	Verbose int
	// Output is what Verbose and the callbacks print to; nil is os.Stdout.
	Output io.Writer
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
	return m.fit(ctx, o, func(f *fit) error {
		if o.StepsPerEpoch != 0 {
			return fail(ErrConfig, "fit: there are steps per epoch, which are for a stream")
		}
		s, err := m.newSamples("fit", d, o.SampleWeight, o.SampleWeights)
		if err != nil {
			return err
		}
		if err := m.fits("fit", newIndexed(s, f.o.BatchSize)); err != nil {
			return err
		}
		if o.ValidationSplit != 0 {
			var tail samples
			if s, tail, err = s.tail(o.ValidationSplit); err != nil {
				return err
			}
			f.val = newIndexed(tail, f.o.ValidationBatch)
		}
		f.train = newIndexed(s, f.o.BatchSize)
		return nil
	})
}

// FitBatches is Fit on the batches of a stream, which are as large as it makes them and come in its order.
func (m *Model) FitBatches(ctx context.Context, s Batches, o FitOptions) (*History, error) {
	return m.fit(ctx, o, func(f *fit) error {
		switch {
		case s == nil:
			return fail(ErrData, "fit: there is no data")
		case o.ValidationSplit != 0:
			return fail(ErrConfig, "fit: there is a validation split, which a stream has not: wanted validation data")
		case o.SampleWeight != nil || o.SampleWeights != nil:
			return fail(ErrConfig, "fit: there are sample weights, which come with the batches of a stream")
		}
		f.train = &streamed{of: s, what: "fit"}
		return nil
	})
}

// fit trains; data makes its sources.
func (m *Model) fit(ctx context.Context, o FitOptions, data func(*fit) error) (*History, error) {
	f := &fit{run: run{m: m, fits: true}, o: o, history: &History{Values: map[string][]float64{}}}
	if err := f.begin(ctx, data); err != nil {
		return nil, err
	}
	began := false
	err := f.with(f.o.Callbacks, func() error {
		if err := f.resume(); err != nil {
			return err
		}
		began = true
		err := f.epochs(ctx)
		if errors.Is(err, ErrDiverged) || errors.Is(err, ErrData) {
			err = join(err, f.restoreGood())
		}
		return err
	})
	err = join(err, f.train.close())
	if f.val != nil {
		err = join(err, f.val.close())
	}
	m.mu.Lock()
	m.busy = false
	m.mu.Unlock()
	if !began {
		return nil, err
	}
	return f.history, err
}

// A fit is a running Fit.
type fit struct {
	run
	o          FitOptions
	train, val source // val is nil for none
	weighted   bool   // whatever the batches say
	prepared   bool
	opened     int       // the epoch that a stream was opened at
	taken      int       // the batches that were taken since
	open       bool      // a stream is, and has not ended
	order      uint64    // the model's steps at the epoch's beginning
	from       *Backup   // what the first epoch goes on from; nil for none
	since      int       // batches since the last backup
	good       []float32 // the store at the end of the last good epoch
	next       []float32 // what becomes good, if it is
	goodStep   [2]uint64 // the model's steps and updates then
	tally      *tally
	logs       Logs // the figures so far of this epoch, changed in place
	progress   *Progress
	history    *History
}

// begin checks everything that can be checked before the first step, and marks the model busy.
func (f *fit) begin(ctx context.Context, data func(*fit) error) error {
	m, o := f.m, &f.o
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.busy {
		return fail(ErrBusy, "%s: fit during fit", m.name)
	}
	if err := m.ready(ctx, true); err != nil {
		return err
	}
	f.run.train = m.train
	if err := f.defaults(); err != nil {
		return err
	}
	if err := data(f); err != nil {
		return err
	}
	given := 0
	for _, there := range []bool{o.Validation != nil, o.ValidationBatches != nil, o.ValidationSplit != 0} {
		if there {
			given++
		}
	}
	switch {
	case given > 1:
		return fail(ErrConfig, "fit: there are both validation data and a validation split")
	case o.Validation != nil:
		s, err := m.newSamples("validation", o.Validation, o.ValidationWeight, o.ValidationWeights)
		if err != nil {
			return err
		}
		f.val = newIndexed(s, o.ValidationBatch)
		if err := m.fits("validation", f.val); err != nil {
			return err
		}
	case o.ValidationBatches != nil:
		f.val = &streamed{of: o.ValidationBatches, what: "validation"}
	}
	f.progress = &Progress{Epoch: o.InitialEpoch, Epochs: o.Epochs, Batches: f.train.batches()}
	if f.progress.Batches == 0 {
		f.progress.Batches = o.StepsPerEpoch
	}
	f.tally = newTally(m.train)
	f.logs = newLogs("", m.train.names)
	f.names = m.train.names
	m.busy = true
	return nil
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
		{"steps per epoch", &o.StepsPerEpoch, 0}, {"validation steps", &o.ValidationSteps, 0},
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
	if o.Yield == nil {
		o.Yield = runtime.Gosched
	}
	f.output = o.Output
	switch o.Verbose {
	case 0:
	case 1, 2:
		o.Callbacks = append(o.Callbacks[:len(o.Callbacks):len(o.Callbacks)], ProgbarLogger{Verbose: o.Verbose})
	default:
		return fail(ErrConfig, "fit: verbose is %d, wanted 0, 1 or 2", o.Verbose)
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

// resume looks for a backup and goes back to where it was made. Of a dataset everything is known by then, of a
// stream its shapes are when it is opened.
func (f *fit) resume() error {
	if f.backup != nil {
		var err error
		if f.from, err = f.backup.Store.Load(); err != nil {
			return fmt.Errorf("backup_and_restore: %w", err)
		}
		if f.from != nil {
			if err := f.restoreBackup(f.from); err != nil {
				return err
			}
		}
	}
	if _, ok := f.train.(*indexed); !ok {
		return nil
	}
	return f.prepare()
}

// prepare is what is left to do when the shapes of the data are known.
func (f *fit) prepare() error {
	if f.prepared {
		return nil
	}
	f.prepared = true
	m := f.m
	m.mu.Lock()
	defer m.mu.Unlock()
	if x, _ := f.train.shapes(); x != nil {
		if err := m.fits("fit", f.train); err != nil {
			return err
		}
	} else if f.from == nil {
		return fail(ErrData, "fit: there is no batch for epoch %d", f.progress.Epoch+1)
	}
	n, size := f.train.samples(), f.train.batchSize()
	if n > 0 { // what cannot be loaded is said before a weight changes
		size = min(size, n)
		for _, n := range []int{n % size, size} {
			if n == 0 {
				continue
			}
			if _, err := m.program(m.stepMode(), n, f.weighted); err != nil {
				return err
			}
		}
	}
	return f.save()
}

// epochs trains all epochs.
func (f *fit) epochs(ctx context.Context) error {
	p := f.progress
	err := f.call(trainBegin, p)
	first := f.o.InitialEpoch
	if f.from != nil {
		first = f.from.Epoch
	}
	if f.from != nil && f.from.Stopped && f.from.Batch == 0 {
		first = f.o.Epochs
	}
	for e := first; e < f.o.Epochs && err == nil; e++ {
		err = f.epoch(ctx, e)
	}
	if err != nil && !errors.Is(err, ErrStop) {
		return err
	}
	if err := f.m.finalize(); err != nil {
		return err
	}
	if err := f.call(trainEnd, p); err != nil && !errors.Is(err, ErrStop) {
		return err
	}
	if f.backup != nil && !f.backup.Keep {
		return f.backup.Store.Delete()
	}
	return nil
}

// epoch trains one epoch. ErrStop ends it before its last batch, but as an epoch that counts.
func (f *fit) epoch(ctx context.Context, epoch int) error {
	p := f.progress
	f.tally.reset()
	p.Epoch, p.Batch, p.Samples, p.BatchLoss, p.Logs = epoch, 0, 0, 0, nil
	from := f.from
	if from != nil {
		p.Batch = from.Batch
	}
	if err := f.call(epochBegin, p); err != nil {
		return err
	}
	f.order = f.m.step
	if err := f.turn(ctx, epoch); err != nil {
		return err
	}
	p.Logs = f.logs
	stop := error(nil)
	if f.from = nil; from != nil && from.Batch > 0 {
		if !f.tally.set(from.Tally, f.m.sumSizes()) {
			return fail(ErrConfig, "backup_and_restore: the backup has the sums of other metrics: delete it to begin anew")
		}
		f.tally.write(f.logs)
		if from.Stopped {
			stop = ErrStop
		}
	}
	for ; stop == nil && (f.o.StepsPerEpoch == 0 || p.Batch < f.o.StepsPerEpoch); p.Batch++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, weighted, err := f.batch(ctx, epoch)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
		p.Samples = n
		if stop = f.call(batchBegin, p); stop != nil && !errors.Is(stop, ErrStop) {
			return stop
		}
		if err := f.step(n, weighted, epoch == f.o.InitialEpoch || from != nil); err != nil {
			return err
		}
		if end := f.call(batchEnd, p); errors.Is(end, ErrStop) {
			stop = end
		} else if end != nil {
			return end
		}
		if f.since++; f.backup != nil && f.backup.SaveFreq > 0 && f.since >= int(f.backup.SaveFreq) {
			if err := f.back(epoch, p.Batch+1, stop != nil); err != nil {
				return err
			}
		}
		f.o.Yield()
	}
	if p.Batch == 0 {
		return fail(ErrData, "fit: there is no batch for epoch %d", epoch+1)
	}
	p.Batches = p.Batch
	p.Batch--
	return f.end(ctx, epoch, stop)
}

// turn opens the source for an epoch.
func (f *fit) turn(ctx context.Context, epoch int) error {
	skip := 0
	if f.from != nil && f.from.Batch > 0 {
		f.order, skip = f.from.Order, f.from.Batch
	}
	if s, ok := f.train.(*indexed); ok {
		if !f.o.NoShuffle {
			seed := f.o.Seed
			if seed == 0 {
				seed = f.m.seed // which a backup may have changed
			}
			s.shuffle(mix(seed, f.order))
		}
		return s.open(ctx, epoch, skip)
	}
	if f.o.StepsPerEpoch > 0 && f.from != nil {
		return f.openAt(ctx, f.from.Opened, f.from.Taken)
	}
	if f.o.StepsPerEpoch > 0 && f.open {
		return nil // it goes on
	}
	return f.openAt(ctx, epoch, skip)
}

// openAt opens the stream.
func (f *fit) openAt(ctx context.Context, epoch, skip int) error {
	f.opened, f.taken, f.open = epoch, skip, true
	if err := f.train.open(ctx, epoch, skip); err != nil {
		return err
	}
	return f.prepare()
}

// batch takes the next batch of the source.
func (f *fit) batch(ctx context.Context, epoch int) (n int, weighted bool, err error) {
	if n, weighted, err = f.train.next(ctx); err != nil {
		return 0, false, err
	}
	if n == 0 && f.taken > 0 && f.progress.Batch == 0 && f.o.StepsPerEpoch > 0 { // it had ended with the last epoch
		if err := f.openAt(ctx, epoch, 0); err != nil {
			return 0, false, err
		}
		n, weighted, err = f.train.next(ctx)
	}
	f.taken++
	if n == 0 {
		f.open = false
	}
	return n, weighted, err
}

// end is what happens when an epoch's batches are trained.
func (f *fit) end(ctx context.Context, epoch int, stop error) error {
	p := f.progress
	logs := append(Logs{}, f.logs...)
	p.Logs = logs
	if err := f.keep(); err != nil {
		return err
	}
	if f.val != nil && ((epoch+1)%f.o.ValidationEvery == 0) {
		val, err := f.evaluate(ctx, f.val, f.o.ValidationSteps, &Progress{Epoch: epoch, Epochs: f.o.Epochs}, "val_", f.o.Yield)
		if err != nil {
			return err
		}
		p.Logs = append(logs, val...)
	}
	err := f.call(epochEnd, p)
	f.history.add(epoch, p.Logs)
	if err != nil && !errors.Is(err, ErrStop) {
		return err
	}
	if err == nil {
		err = stop
	}
	if f.backup != nil && f.backup.SaveFreq == 0 {
		if e := f.back(epoch+1, 0, err != nil); e != nil {
			return e
		}
	}
	return err
}

// step trains on the batch of n samples that the source has taken. With check it looks at the data first:
// once each sample, in the first epoch.
func (f *fit) step(n int, weighted, check bool) error {
	m := f.m
	m.mu.Lock()
	defer m.mu.Unlock()
	if weighted && f.o.ClassWeight != nil {
		return fail(ErrConfig, "fit: there are both sample weights and class weights, wanted one of them")
	}
	kind := m.stepMode()
	p, err := m.program(kind, n, f.weighted || weighted)
	if err != nil {
		return err
	}
	if err := f.train.stage(m, p, check); err != nil {
		return err
	}
	p.weighClasses(f.o.ClassWeight)
	if err := m.run(p, kind); err != nil {
		return err
	}
	loss := float64(p.result[0])
	f.progress.BatchLoss = loss
	if !finite(loss) && !f.tolerant {
		if err := f.train.stage(m, p, true); err != nil {
			return err
		}
		return f.diverged("the loss is " + fmt.Sprint(loss))
	}
	f.tally.add(p)
	f.tally.write(f.logs)
	return nil
}

func (f *fit) diverged(what string) error {
	batch := fmt.Sprint(f.progress.Batch + 1)
	if n := f.progress.Batches; n > 0 {
		batch += fmt.Sprintf(" of %d", n)
	}
	return fail(ErrDiverged, "fit: %s in epoch %d of %d, batch %s; the weights are those of the last good epoch; a smaller learning rate may help",
		what, f.progress.Epoch+1, f.o.Epochs, batch)
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
	if f.tolerant { // nothing is gone back to
		return nil
	}
	if f.good == nil {
		if err := m.load(); err != nil {
			return err
		}
		f.good, f.next = make([]float32, m.engine.store.Size), make([]float32, m.engine.store.Size)
	}
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

// restoreGood takes the model back to the end of the last good epoch.
func (f *fit) restoreGood() error {
	m := f.m
	m.mu.Lock()
	defer m.mu.Unlock()
	if f.good == nil {
		return nil
	}
	m.step, m.updates = f.goodStep[0], f.goodStep[1]
	if len(f.good) == 0 || m.engine == nil {
		return nil
	}
	m.wrote()
	return m.engine.weights.Write(m.engine.whole, f.good)
}
