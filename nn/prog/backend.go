package prog

import (
	"errors"
	"fmt"
	"slices"
	"sync"
)

// A Backend runs programs. It doesn't aim to be pleasant, but correct and small.
type Backend interface {
	// Name says what it is, for people: "cpu", "simd strict, 2 lanes".
	Name() string
	// Load prepares p. Programs with the same Store share their variables; a Store's values begin at
	// zero and live until the last Exec of it is closed. The error wraps ErrUnsupported and names
	// the op and shape where the backend cannot run one, and ErrMemory where there is no room.
	Load(p *Program) (Exec, error)
}

// An Exec is a loaded program. It is used by one goroutine at a time, and so are all Execs that
// share a Store.
type Exec interface {
	// Write copies src into an Input or a Var. len(src) must be the buffer's size.
	Write(b Buf, src []float32) error
	// Run does one step. It may return before a device has finished.
	Run() error
	// Read copies an Input, Output or Var to dst, waiting for pending runs. len(dst) must be the
	// buffer's size.
	Read(b Buf, dst []float32) error
	// Close frees what the program takes. Closing again does nothing; every other method then fails
	// with ErrClosed.
	Close() error
}

var (
	// ErrUnsupported: the backend has no way to run an op at this shape.
	ErrUnsupported = errors.New("unsupported by this backend")
	// ErrMemory: there is no room for the program's arena or the store.
	ErrMemory = errors.New("out of memory")
	// ErrClosed: the Exec was closed.
	ErrClosed = errors.New("exec is closed")
	// ErrProgram: the program breaks a rule that Verify checks, or the op table's shape rules.
	ErrProgram = errors.New("bad program")
	// ErrAccess: Write or Read of a buffer that the host may not touch so, or of the wrong length.
	ErrAccess = errors.New("bad access")
)

// CheckAccess is the argument check that every Exec's Write and Read share: b must be a buffer of
// p that the host may write (Input, Var) or read (Input, Output, Var), and n its size.
func CheckAccess(p *Program, b Buf, n int, write bool) error {
	verb := "read"
	if write {
		verb = "write"
	}
	if b < 0 || int(b) >= len(p.Bufs) {
		return fmt.Errorf("%s %s: no buffer %d: %w", p.Name, verb, b, ErrAccess)
	}
	buf := p.Bufs[b]
	if buf.Kind == Temp || write && buf.Kind == Output {
		return fmt.Errorf("%s %s: %s is of kind %s: %w", p.Name, verb, p.bufName(b), buf.Kind, ErrAccess)
	}
	if n != buf.Shape.Size() {
		return fmt.Errorf("%s %s: %s%v has %d elements, got %d: %w",
			p.Name, verb, p.bufName(b), buf.Shape, buf.Shape.Size(), n, ErrAccess)
	}
	return nil
}

var registry struct {
	sync.Mutex
	names []string
	make  map[string]func() Backend
}

// Register makes a backend available by name to those who don't choose one; the first registered
// is the default. Package nn/cpu registers "cpu" when it is imported.
func Register(name string, make_ func() Backend) {
	registry.Lock()
	defer registry.Unlock()
	if registry.make == nil {
		registry.make = map[string]func() Backend{}
	}
	if !slices.Contains(registry.names, name) {
		registry.names = append(registry.names, name)
	}
	registry.make[name] = make_
}

// NewDefault is a new instance of the first registered backend, an error where none is.
func NewDefault() (Backend, error) {
	registry.Lock()
	defer registry.Unlock()
	if len(registry.names) == 0 {
		return nil, errors.New(`no backend: import _ "github.com/tabgrad/tabgrad/nn/cpu", or name one`)
	}
	return registry.make[registry.names[0]](), nil
}
