package bindings

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/tabgrad/tabgrad/nn"
)

// A fit's args, beside those about callbacks (callbacks.go):
//
//	x, y, sampleWeight?, validationX?, validationY?, validationSampleWeight?    tensors, one or several; see protocol.go
//	stream?, validationStream?             true where the page sends batches instead (feed.go)
//	batchSize?, epochs?, initialEpoch?, validationSplit?, validationBatchSize?, validationFreq?, shuffle?, seed?, classWeight?
//	batchesPerEpoch?, validationBatches?   of streams
//	progress?                              whether the page wants to hear of it
//
// and its events, of which none is acknowledged:
//
//	progress      {epoch, epochs, batch, batches, logs, samplesPerSecond, msPerStep, secondsLeft}
//	learningRate  {value}       where an epoch has changed it

// fitJob is a fit that runs.
type fitJob struct {
	job
	cancel context.CancelFunc
	done   chan struct{}

	mu      sync.Mutex
	stopped bool
	resumed chan struct{} // closed by resume; nil while the job isn't paused

	progress     bool          // the page wants to hear of it
	epoch, batch int           // where it is, for what it says when it diverges
	began        time.Time     // of the batch
	trained      time.Duration // spent in this epoch's batches
	steps        int           // done in this epoch
	samples      int           // trained on in this epoch
	told         time.Time     // of the last progress
	rate         float64       // the learning rate that the page knows of
}

func (s *Service) fit(ctx context.Context, a *args, emit Emit) (Value, error) {
	m := s.model(a)
	if a.err != nil {
		return nil, a.err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	j := &fitJob{job: *s.newJob(ctx, m, emit), cancel: cancel, done: make(chan struct{}), progress: a.boolean("progress", false), rate: m.net.LearningRate()}
	j.hold = j.wait
	o := nn.FitOptions{
		BatchSize:       a.integer("batchSize", 0, 1, largestBatch),
		Epochs:          a.integer("epochs", 1, 1, 1<<31-1),
		InitialEpoch:    a.integer("initialEpoch", 0, 0, 1<<31-1),
		ValidationSplit: a.number("validationSplit", 0),
		ValidationBatch: a.integer("validationBatchSize", 0, 1, largestBatch),
		ValidationEvery: a.integer("validationFreq", 0, 1, 1<<31-1),
		ValidationSteps: a.integer("validationBatches", 0, 1, 1<<31-1),
		StepsPerEpoch:   a.integer("batchesPerEpoch", 0, 1, 1<<31-1),
		NoShuffle:       !a.boolean("shuffle", true),
		Seed:            a.seed("seed", 0),
		ClassWeight:     a.classWeight(),
		Yield:           j.between,
	}
	o.Callbacks, o.Output = j.callbacks(a)
	o.Callbacks = append(o.Callbacks, nn.LambdaCallback{OnEpochBegin: j.onEpochBegin, OnBatchBegin: j.onBatchBegin, OnBatchEnd: j.onBatchEnd, OnEpochEnd: j.onEpochEnd})
	ends := m.ends()
	switch {
	case a.boolean("validationStream", false):
		o.ValidationBatches = j.feed("validation", "validation", atMost(o.ValidationSteps))
	case a.values["validationX"] != nil:
		if validation := a.dataset(ends, "validationX", "validationY"); validation != nil {
			o.Validation = validation
			o.ValidationWeight, o.ValidationWeights = a.weights(ends, "validationSampleWeight", validation.Len())
		}
	}
	train := func() (*nn.History, error) {
		return m.net.FitBatches(ctx, j.feed("fit", "train", func(epoch, skip int) int {
			return max(0, o.StepsPerEpoch*(o.Epochs-epoch)-skip)
		}), o)
	}
	if !a.boolean("stream", false) && a.err == nil {
		data := a.dataset(ends, "x", "y")
		if a.err == nil {
			o.SampleWeight, o.SampleWeights = a.weights(ends, "sampleWeight", data.Len())
		}
		train = func() (*nn.History, error) { return m.net.Fit(ctx, data, o) }
	}
	if a.err != nil {
		return nil, a.err
	}

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
	history, err := train()
	if err != nil {
		e := asError(err)
		if e.Code == Diverged || e.Code == BadData {
			e = &Error{Code: e.Code, Message: e.Message, Details: Object{"epoch": float64(j.epoch), "batch": float64(j.batch)}}
		}
		return nil, e
	}
	reply := historyValue(history)
	reply["learningRate"] = m.net.LearningRate()
	return reply, nil
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

// historyValue is a history, its figures in the order in which they came.
func historyValue(h *nn.History) Object {
	epochs := make([]any, len(h.Epochs))
	for i, e := range h.Epochs {
		epochs[i] = float64(e)
	}
	var values Fields
	for _, name := range h.Names {
		numbers := numbersValue(h.Values[name])
		for _, list := range h.Lists[name] {
			numbers = append(numbers, numbersValue(list))
		}
		values = append(values, Field{name, numbers})
	}
	return Object{"epoch": epochs, "history": values}
}

func (j *fitJob) onEpochBegin(p *nn.Progress) error {
	j.epoch, j.batch, j.trained, j.steps, j.samples, j.told = p.Epoch, p.Batch, 0, 0, 0, time.Now()
	return nil
}

func (j *fitJob) onBatchBegin(p *nn.Progress) error {
	j.epoch, j.batch = p.Epoch, p.Batch
	if j.progress {
		j.began = time.Now()
	}
	return nil
}

func (j *fitJob) onBatchEnd(p *nn.Progress) error {
	j.s.mu.Lock()
	j.s.steps++
	j.s.mu.Unlock()
	if j.progress {
		now := time.Now()
		j.trained += now.Sub(j.began)
		j.steps++
		j.samples += p.Samples
		if p.Batch == p.Batches-1 || now.Sub(j.told) >= j.turn.every {
			j.told = now
			j.emit(Event{"progress", j.sofar(p)}, false)
		}
	}
	return j.stop()
}

// stop is ErrStop where the page has asked for it.
func (j *fitJob) stop() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.stopped {
		return nn.ErrStop
	}
	return nil
}

func (j *fitJob) onEpochEnd(p *nn.Progress) error {
	if rate := j.m.net.LearningRate(); rate != j.rate {
		j.rate = rate
		j.emit(Event{"learningRate", Object{"value": rate}}, false)
	}
	return j.stop()
}

func (j *fitJob) sofar(p *nn.Progress) Object {
	seconds := max(j.trained.Seconds(), 1e-9)
	perStep := seconds / float64(j.steps)
	return Object{
		"epoch":            float64(p.Epoch),
		"epochs":           float64(p.Epochs),
		"batch":            float64(p.Batch + 1),
		"batches":          float64(p.Batches), // 0 while it isn't known
		"logs":             logsValue(p.Logs),
		"samplesPerSecond": float64(j.samples) / seconds,
		"msPerStep":        perStep * 1000,
		"secondsLeft":      max(0, perStep*float64(p.Batches-p.Batch-1)),
	}
}

// between is what happens between two steps: others get the model, messages are taken, and a paused job waits.
func (j *fitJob) between() {
	j.m.give()
	j.hop()
	j.wait()
	j.m.held <- struct{}{}
}

// wait returns when the job is not paused.
func (j *fitJob) wait() {
	for {
		j.mu.Lock()
		resumed := j.resumed
		j.mu.Unlock()
		if resumed == nil || j.ctx.Err() != nil {
			return
		}
		select {
		case <-resumed: // and perhaps paused again
		case <-j.ctx.Done():
		}
	}
}

// learningRate sets the learning rate, where there is one, and returns what it is.
func (s *Service) learningRate(_ context.Context, a *args, _ Emit) (Value, error) {
	m := s.model(a)
	if m == nil {
		return nil, a.err
	}
	if a.values["value"] != nil {
		rate := a.number("value", 0)
		if a.err != nil {
			return nil, a.err
		}
		if err := m.net.SetLearningRate(rate); err != nil {
			return nil, err
		}
	}
	return m.net.LearningRate(), nil
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
