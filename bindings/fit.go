package bindings

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/tabgrad/tabgrad/nn"
)

// A fit's args:
//
//	x, y, sampleWeight?, validationX?, validationY?    tensors
//	batchSize?, epochs?, initialEpoch?, validationSplit?, validationBatchSize?, shuffle?, seed?, classWeight?
//	events: {batches, progress, epochBegin, epochEnd}  what the page wants to hear of
//
// and its events, of which all but progress are acknowledged:
//
//	epochBegin    {epoch}
//	batches       {items: [{batch, logs}]}      every batch since the last of these, about every 50 ms
//	progress      {epoch, epochs, batch, batches, logs, samplesPerSecond, msPerStep, secondsLeft}
//	epochEnd      {epoch, logs}

// fitJob is a fit that runs.
type fitJob struct {
	s      *Service
	m      *model
	ctx    context.Context
	cancel context.CancelFunc
	done   chan struct{}
	emit   Emit
	turn   *turn
	wants  struct{ batches, progress, epochBegin, epochEnd bool }

	mu      sync.Mutex
	stopped bool
	resumed chan struct{} // closed by resume; nil while the job isn't paused

	epoch, batch int             // where it is, for what it says when it diverges
	items        []any           // batches that the page hasn't heard of
	delivered    <-chan struct{} // closed when the page has handled the last "batches"; nil at first
	names        []string        // of the figures in the history
	began        time.Time       // of the batch
	trained      time.Duration   // spent in this epoch's batches
	samples      int             // trained on in this epoch
	told         time.Time       // of the last progress
}

func (s *Service) fit(ctx context.Context, a *args, emit Emit) (Value, error) {
	m := s.model(a)
	if a.err != nil {
		return nil, a.err
	}
	table := a.table("x", "y")
	options := nn.FitOptions{
		BatchSize:       a.integer("batchSize", 0, 1, largestBatch),
		Epochs:          a.integer("epochs", 1, 1, 1<<31-1),
		InitialEpoch:    a.integer("initialEpoch", 0, 0, 1<<31-1),
		ValidationSplit: a.number("validationSplit", 0),
		ValidationBatch: a.integer("validationBatchSize", 0, 1, largestBatch),
		NoShuffle:       !a.boolean("shuffle", true),
		Seed:            a.seed("seed", 0),
		ClassWeight:     a.classWeight(),
	}
	if a.err == nil {
		options.SampleWeight = a.weights("sampleWeight", table.Len())
	}
	if a.values["validationX"] != nil {
		if validation := a.table("validationX", "validationY"); validation != nil {
			options.Validation = validation
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	j := &fitJob{s: s, m: m, ctx: ctx, cancel: cancel, done: make(chan struct{}), emit: emit, turn: s.turn()}
	wants := args{where: a.where, values: a.object("events")}
	j.wants.batches = wants.boolean("batches", false)
	j.wants.progress = wants.boolean("progress", false)
	j.wants.epochBegin = wants.boolean("epochBegin", false)
	j.wants.epochEnd = wants.boolean("epochEnd", false)
	if a.err != nil || wants.err != nil {
		return nil, errors.Join(a.err, wants.err)
	}
	options.Yield = j.between
	options.Callbacks = []nn.Callback{nn.LambdaCallback{OnEpochBegin: j.onEpochBegin, OnBatchBegin: j.onBatchBegin, OnBatchEnd: j.onBatchEnd, OnEpochEnd: j.onEpochEnd}}

	s.mu.Lock()
	if m.fit != nil {
		s.mu.Unlock()
		return nil, &Error{Code: Busy, Message: "fit: the model is being trained already"}
	}
	m.fit = j
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		m.fit = nil
		s.mu.Unlock()
		close(j.done)
	}()
	if err := m.take(ctx); err != nil {
		return nil, err
	}
	defer m.give()
	history, err := m.net.Fit(ctx, table, options)
	if err != nil {
		e := asError(err)
		if e.Code == Diverged || e.Code == BadData {
			e = &Error{Code: e.Code, Message: e.Message, Details: Object{"epoch": float64(j.epoch), "batch": float64(j.batch)}}
		}
		return nil, e
	}
	return historyValue(history, j.names), nil
}

// classWeight is the object of classes and weights under "classWeight".
func (a *args) classWeight() map[int]float64 {
	object := a.object("classWeight")
	if object == nil {
		return nil
	}
	out := make(map[int]float64, len(object))
	for name, v := range object {
		class, err := strconv.Atoi(name)
		weight, ok := v.(float64)
		if err != nil || !ok {
			a.fail(BadConfig, "classWeight: %s is %s, want the numbers of classes and what each counts", name, kind(v))
			return nil
		}
		out[class] = weight
	}
	return out
}

// historyValue is a history, its figures in the order of names.
func historyValue(h *nn.History, names []string) Object {
	epochs := make([]any, len(h.Epochs))
	for i, e := range h.Epochs {
		epochs[i] = float64(e)
	}
	var values Fields
	for _, name := range names {
		numbers := make([]any, len(h.Values[name]))
		for i, v := range h.Values[name] {
			numbers[i] = v
		}
		values = append(values, Field{name, numbers})
	}
	return Object{"epoch": epochs, "history": values}
}

func (j *fitJob) onEpochBegin(p *nn.Progress) error {
	j.epoch, j.batch, j.trained, j.samples, j.told = p.Epoch, 0, 0, 0, time.Now()
	if !j.wants.epochBegin {
		return nil
	}
	return j.tell(Event{"epochBegin", Object{"epoch": float64(p.Epoch)}})
}

func (j *fitJob) onBatchBegin(p *nn.Progress) error {
	j.epoch, j.batch = p.Epoch, p.Batch
	if j.wants.progress {
		j.began = time.Now()
	}
	return nil
}

func (j *fitJob) onBatchEnd(p *nn.Progress) error {
	j.s.mu.Lock()
	j.s.steps++
	j.s.mu.Unlock()
	last := p.Batch == p.Batches-1
	if j.wants.batches {
		j.items = append(j.items, Object{"batch": float64(p.Batch), "logs": logsValue(p.Logs)})
		if last || j.turn.due() {
			if err := j.tellBatches(); err != nil {
				return err
			}
		}
	}
	if j.wants.progress {
		now := time.Now()
		j.trained += now.Sub(j.began)
		j.samples += p.Samples
		if last || now.Sub(j.told) >= j.turn.every {
			j.told = now
			j.emit(Event{"progress", j.progress(p)}, false)
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.stopped {
		return nn.ErrStop
	}
	return nil
}

func (j *fitJob) onEpochEnd(p *nn.Progress) error {
	if len(j.names) < len(p.Logs) {
		j.names = j.names[:0]
		for _, l := range p.Logs {
			j.names = append(j.names, l.Name)
		}
	}
	if !j.wants.epochEnd {
		return nil
	}
	if err := j.tell(Event{"epochEnd", Object{"epoch": float64(p.Epoch), "logs": logsValue(p.Logs)}}); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.stopped {
		return nn.ErrStop
	}
	return nil
}

func (j *fitJob) progress(p *nn.Progress) Object {
	steps := float64(p.Batch + 1)
	seconds := max(j.trained.Seconds(), 1e-9)
	return Object{
		"epoch":            float64(p.Epoch),
		"epochs":           float64(p.Epochs),
		"batch":            steps,
		"batches":          float64(p.Batches),
		"logs":             logsValue(p.Logs),
		"samplesPerSecond": float64(j.samples) / seconds,
		"msPerStep":        seconds / steps * 1000,
		"secondsLeft":      seconds / steps * (float64(p.Batches) - steps),
	}
}

// tellBatches sends the batches that the page hasn't heard of, once it has handled those before: a page that is slower than the training
// slows it down, instead of drowning.
func (j *fitJob) tellBatches() error {
	if err := j.await(j.delivered); err != nil {
		return err
	}
	j.delivered = j.emit(Event{"batches", Object{"items": j.items}}, true)
	j.items = nil
	return nil
}

// tell sends an event and waits until the page has handled it. The model is free meanwhile: a callback may evaluate it.
func (j *fitJob) tell(event Event) error { return j.await(j.emit(event, true)) }

// await gives the model up until done is closed, and is the context's error when that ends first. nil is done.
func (j *fitJob) await(done <-chan struct{}) error {
	if done == nil {
		return nil
	}
	j.m.give()
	select {
	case <-done:
	case <-j.ctx.Done():
	}
	// Taken without the context: fit gives it back in any case.
	j.m.held <- struct{}{}
	return j.ctx.Err()
}

// between is what happens between two steps: others get the model, messages are taken, and a paused job waits.
func (j *fitJob) between() {
	j.m.give()
	j.turn.hopIfDue()
	for {
		j.mu.Lock()
		resumed := j.resumed
		j.mu.Unlock()
		if resumed == nil || j.ctx.Err() != nil {
			break
		}
		select {
		case <-resumed: // and perhaps paused again
		case <-j.ctx.Done():
		}
	}
	j.m.held <- struct{}{}
}

// job is the running fit of the model that a request names, nil for none.
func (s *Service) job(a *args) *fitJob {
	m := s.model(a)
	if m == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return m.fit
}

// pause holds the running fit between two steps. Without one it does nothing.
func (s *Service) pause(_ context.Context, a *args, _ Emit) (Value, error) {
	if j := s.job(a); j != nil {
		j.mu.Lock()
		defer j.mu.Unlock()
		if j.resumed == nil {
			j.resumed = make(chan struct{})
		}
	}
	return nil, a.err
}

// resume lets a paused fit go on.
func (s *Service) resume(_ context.Context, a *args, _ Emit) (Value, error) {
	if j := s.job(a); j != nil {
		j.resume(false)
	}
	return nil, a.err
}

// stop ends the running fit after its batch, as if its epochs were done.
func (s *Service) stop(_ context.Context, a *args, _ Emit) (Value, error) {
	if j := s.job(a); j != nil {
		j.resume(true)
	}
	return nil, a.err
}

func (j *fitJob) resume(stop bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.stopped = j.stopped || stop
	if j.resumed != nil {
		close(j.resumed)
		j.resumed = nil
	}
}
