package cpu

import (
	"fmt"
	"sync"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// Exec is a loaded program. It implements prog.Exec. With one goroutine, Run allocates nothing.
type Exec[T Float] struct {
	backend *Backend[T]
	p       *prog.Program
	procs   int
	arena   []T
	store   []T
	steps   []step
	closed  bool
}

// Write copies src into an Input or a Var.
func (e *Exec[T]) Write(b prog.Buf, src []float32) error {
	dst, err := e.access(b, len(src), true)
	for i := range dst {
		dst[i] = T(src[i])
	}
	return err
}

// Read copies an Input, Output or Var to dst.
func (e *Exec[T]) Read(b prog.Buf, dst []float32) error {
	src, err := e.access(b, len(dst), false)
	for i := range src {
		dst[i] = float32(src[i])
	}
	return err
}

// WriteFloat64 is Write of values that are kept whole where the backend's elements are float64.
func (e *Exec[T]) WriteFloat64(b prog.Buf, src []float64) error {
	dst, err := e.access(b, len(src), true)
	for i := range dst {
		dst[i] = T(src[i])
	}
	return err
}

// ReadFloat64 is Read without rounding to float32.
func (e *Exec[T]) ReadFloat64(b prog.Buf, dst []float64) error {
	src, err := e.access(b, len(dst), false)
	for i := range src {
		dst[i] = float64(src[i])
	}
	return err
}

func (e *Exec[T]) access(b prog.Buf, n int, write bool) ([]T, error) {
	if e.closed {
		return nil, fmt.Errorf("%s: %w", e.p.Name, prog.ErrClosed)
	}
	if err := prog.CheckAccess(e.p, b, n, write); err != nil {
		return nil, err
	}
	return e.at(b), nil
}

// at is the memory of buffer b, empty where b has no place because nothing uses it.
func (e *Exec[T]) at(b prog.Buf) []T {
	n := e.p.Shape(b).Size()
	offset, inStore := e.p.Place(b)
	switch {
	case offset < 0:
		return nil
	case inStore:
		return e.store[offset : offset+n : offset+n]
	}
	return e.arena[offset : offset+n : offset+n]
}

// Run does one step, and returns when it is done.
func (e *Exec[T]) Run() error {
	if e.closed {
		return fmt.Errorf("%s: %w", e.p.Name, prog.ErrClosed)
	}
	for i := range e.steps {
		e.steps[i].run(e.procs)
	}
	return nil
}

// Close frees the arena, and the Store where this was its last Exec. Closing again does nothing.
func (e *Exec[T]) Close() error {
	if e.closed {
		return nil
	}
	e.closed = true
	e.arena, e.store, e.steps = nil, nil, nil
	e.backend.detach(e.p.Store)
	return nil
}

// A step is an op, or a part of one, as a loop over units of work that don't depend on each other.
type step struct {
	units int
	cost  int // of a unit, in elements touched, roughly
	do    func(from, to int)
}

// minWork is the cost below which a goroutine of its own is not worth starting (about 1 µs).
const minWork = 1 << 14

func (s *step) run(procs int) {
	n := min(procs, s.units, 1+s.units*s.cost/minWork)
	if n <= 1 {
		s.do(0, s.units)
		return
	}
	var wg sync.WaitGroup
	for i := 1; i < n; i++ {
		wg.Go(func() { s.do(i*s.units/n, (i+1)*s.units/n) })
	}
	s.do(0, s.units/n)
	wg.Wait()
}
