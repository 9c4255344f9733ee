// Package bindings is the engine behind the JavaScript API: models, data and training jobs by id, as plain Go that is tested natively.
// It is not the API itself (bindings/npm is) and computes nothing (package nn does). syscall/js appears in *_js.go only.
//
// Start with the description of the messages at the top of protocol.go; Server decodes them, Service does what they ask, and ServeJS ties a
// Server to a web worker. fit.go is the one long-running job.
package bindings

//go:generate go run ./gen -to npm/src

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/prog"
)

// Emit tells the caller of a request what happens meanwhile. With ack the channel returned gets the caller's answer, most often nil, when it
// has handled the event; without, it is nil.
type Emit func(event Event, ack bool) <-chan Value

// Options are what a Service runs on.
type Options struct {
	Backend prog.Backend
	// Threads is how many lanes Backend computes with.
	Threads int
	// Hop lets the host's event loop go round, so that messages that wait are taken. Natively runtime.Gosched is enough.
	Hop func()
	// HopEvery is how long a job computes before it hops; 0 means 50 ms: long enough that hops (about 10 us) cost nothing, short enough that a
	// page which asks for a prediction during training doesn't feel it.
	HopEvery time.Duration
	// Memory reports the bytes of Go's linear memory and of the kernels'. It may be nil.
	Memory func() (goBytes, kernelBytes int)
	// Seed decides the weights, shuffles and dropout of models and fits without a seed of their own.
	Seed uint64
}

// Service holds the engine's models and does what requests ask.
type Service struct {
	options Options

	mu     sync.Mutex
	models map[int]*model
	lastID int
	steps  int

	adaptations shelf[*nn.Adaptation]
	texts       shelf[*texter]
	feeds       map[float64]*opening // those that are open
	lastFeed    int
}

// NewService makes a Service without models.
func NewService(o Options) *Service {
	if o.Hop == nil {
		o.Hop = runtime.Gosched
	}
	if o.HopEvery == 0 {
		o.HopEvery = 50 * time.Millisecond
	}
	if o.Memory == nil {
		o.Memory = func() (int, int) { return 0, 0 }
	}
	return &Service{options: o, models: map[int]*model{}, feeds: map[float64]*opening{}}
}

type handler func(s *Service, ctx context.Context, a *args, emit Emit) (Value, error)

var methods = map[string]handler{
	"engine.stats":         (*Service).stats,
	"feed.push":            (*Service).push,
	"ops.shapes":           (*Service).shapes,
	"model.create":         (*Service).create,
	"model.part":           with((*Service).part),
	"model.countParams":    with((*Service).countParams),
	"model.compile":        with((*Service).compile),
	"model.summary":        with((*Service).summary),
	"model.fit":            (*Service).fit,
	"model.evaluate":       with((*Service).evaluate),
	"model.predict":        with((*Service).predict),
	"model.trainOnBatch":   with((*Service).trainOnBatch),
	"model.getWeights":     with((*Service).getWeights),
	"model.setWeights":     with((*Service).setWeights),
	"model.resetStates":    with((*Service).resetStates),
	"model.save":           with((*Service).save),
	"model.load":           (*Service).load,
	"model.pause":          (*Service).pause,
	"model.resume":         (*Service).resume,
	"model.stop":           (*Service).stop,
	"model.dispose":        (*Service).dispose,
	"model.learningRate":   (*Service).learningRate,
	"datasets.centerDigit": (*Service).centerDigit,
	"datasets.digits":      (*Service).digits,
	"datasets.idx":         (*Service).idx,
	"layer.adapt":          (*Service).adapt,
	"layer.drop":           (*Service).dropAdaptation,
	"text.create":          (*Service).createText,
	"text.adapt":           withText((*Service).adaptText),
	"text.apply":           withText((*Service).applyText),
	"text.vocabulary":      withText((*Service).vocabulary),
	"text.config":          withText((*Service).textConfig),
	"text.dispose":         (*Service).disposeText,
}

// Call does what method asks with values and returns its result. It may be called from many goroutines. Errors are *Error.
func (s *Service) Call(ctx context.Context, method string, values Object, emit Emit) (Value, error) {
	do := methods[method]
	if do == nil {
		return nil, &Error{Code: Internal, Message: "bindings: no method " + method}
	}
	// "fit: x is ...", as the page's method is called.
	a := &args{where: method[strings.IndexByte(method, '.')+1:], values: values, emit: emit}
	result, err := do(s, ctx, a, emit)
	if err == nil {
		err = a.err
	}
	if err != nil {
		return nil, asError(err)
	}
	return result, nil
}

// stats are numbers to see that nothing grows: bytes and objects on Go's heap, allocations since the start, memories, steps.
func (s *Service) stats(context.Context, *args, Emit) (Value, error) {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	goBytes, kernelBytes := s.options.Memory()
	s.mu.Lock()
	defer s.mu.Unlock()
	return Object{
		"heapBytes":         float64(m.HeapAlloc),
		"heapObjects":       float64(m.HeapObjects),
		"mallocs":           float64(m.Mallocs),
		"goMemoryBytes":     float64(goBytes),
		"kernelMemoryBytes": float64(kernelBytes),
		"steps":             float64(s.steps),
		"models":            float64(len(s.models)),
		"threads":           float64(s.options.Threads),
	}, nil
}
