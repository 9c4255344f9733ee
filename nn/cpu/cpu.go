package cpu

import (
	"fmt"
	"sync"
	"unsafe"

	"github.com/tabgrad/tabgrad/nn/prog"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// Float is the element type of a backend.
type Float interface{ float32 | float64 }

// Options configures a backend.
type Options struct {
	// Procs is the number of goroutines that share an op, 0 for as many as there are processors.
	// In a browser there is one.
	Procs int
}

// Backend runs programs on the processor. It implements prog.Backend.
type Backend[T Float] struct {
	procs int
	gemm  gemm[T]

	mu     sync.Mutex
	stores map[*prog.Store]*storage[T]
}

// storage holds the values of a prog.Store while an Exec of it is open.
type storage[T Float] struct {
	data []T
	open int // Execs
}

// A gemm is gonum's general matrix product: c = alpha·op(a)·op(b) + beta·c. It is called directly,
// not through blas32, so that the linker leaves out the rest of gonum.
type gemm[T Float] func(tA, tB blas.Transpose, m, n, k int, alpha T, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int)

func init() {
	prog.Register("cpu", func() prog.Backend { return New[float32](Options{}) })
}

// New is a backend with stores of its own: programs share variables only within one Backend.
func New[T Float](o Options) *Backend[T] {
	b := &Backend[T]{procs: o.Procs, stores: map[*prog.Store]*storage[T]{}}
	if b.procs <= 0 {
		b.procs = processors()
	}
	switch g := any(&b.gemm).(type) {
	case *gemm[float32]:
		*g = gonum.Implementation{}.Sgemm
	case *gemm[float64]:
		*g = gonum.Implementation{}.Dgemm
	}
	return b
}

// Name is "cpu" for float32 and "cpu float64" for float64.
func (b *Backend[T]) Name() string {
	if unsafe.Sizeof(T(0)) == 8 {
		return "cpu float64"
	}
	return "cpu"
}

// Load prepares p: see prog.Backend. The Store of p must have the size it had at its first Load
// for as long as an Exec of it is open.
func (b *Backend[T]) Load(p *prog.Program) (prog.Exec, error) {
	size := p.Arena
	if p.Store != nil {
		size += p.Store.Size
	}
	if size > maxBytes/int(unsafe.Sizeof(T(0))) {
		return nil, fmt.Errorf("%s: %d elements: %w", p.Name, size, prog.ErrMemory)
	}
	e := &Exec[T]{backend: b, p: p, procs: b.procs, arena: make([]T, p.Arena)}
	if err := b.attach(e); err != nil {
		return nil, err
	}
	l := &loader[T]{p: p, e: e, gemm: b.gemm}
	for i := range p.Ops {
		if err := l.op(&p.Ops[i]); err != nil {
			b.detach(p.Store)
			return nil, fmt.Errorf("%s: %w", p.Name, err)
		}
	}
	return e, nil
}

func (b *Backend[T]) attach(e *Exec[T]) error {
	store := e.p.Store
	if store == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.stores[store]
	if s == nil {
		s = &storage[T]{data: make([]T, store.Size)}
		b.stores[store] = s
	}
	if len(s.data) != store.Size {
		return fmt.Errorf("%s: the store grew from %d to %d elements while in use: %w",
			e.p.Name, len(s.data), store.Size, prog.ErrProgram)
	}
	s.open++
	e.store = s.data
	return nil
}

func (b *Backend[T]) detach(store *prog.Store) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s := b.stores[store]; s != nil {
		if s.open--; s.open == 0 {
			delete(b.stores, store)
		}
	}
}
