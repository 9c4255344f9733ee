package simd

import (
	"errors"
	"fmt"
	"sync"

	"github.com/tabgrad/tabgrad/nn/prog"
	"github.com/tabgrad/tabgrad/wasm/kernels"
)

// ErrLost means that a lane died in the middle of a run, or that the kernels failed: the memory is
// in an undefined state, and the Backend and all its Execs are of no more use.
var ErrLost = errors.New("the kernels are lost")

// Backend runs programs on the kernels. It implements prog.Backend. Programs share variables only
// within one Backend. Its methods, and those of its Execs, may be called by several goroutines;
// the kernels do one thing at a time.
type Backend struct {
	name  string
	lanes int
	// winograd is on with the relaxed kernels only: the strict ones keep to the definition's sums,
	// though Winograd's are the same everywhere, too.
	winograd bool

	mu     sync.Mutex
	host   host
	memory allocator
	stores map[*prog.Store]*storage
	execs  int
	lost   error
}

// A host is where the kernels live. Addresses and sizes are in bytes of their memory.
type host interface {
	// grow makes the memory at least size bytes large; false where it can't be.
	grow(size uint64) bool
	size() uint64
	// begin is called before the first program is loaded, and end after the last is closed.
	begin() error
	end()
	zero(address, size uint32)
	writeWords(address uint32, words []uint32)
	// access makes a way to copy to and from n float32 at an address.
	access(address uint32, n int) access
	// start runs the program at an address on all lanes.
	start(program uint32) (kernels.Status, error)
}

// An access copies between Go and a stretch of the kernels' memory, without allocating.
type access interface {
	write(src []float32)
	read(dst []float32)
}

// storage is the values of a prog.Store while an Exec of it is open.
type storage struct {
	address uint32
	size    int // elements
	open    int // Execs
}

func newBackend(h host, variant string, lanes int) *Backend {
	s := "s"
	if lanes == 1 {
		s = ""
	}
	return &Backend{
		name: fmt.Sprintf("simd %s, %d lane%s", variant, lanes, s), lanes: lanes, winograd: variant == "relaxed",
		host: h, memory: newAllocator(h), stores: map[*prog.Store]*storage{},
	}
}

// Name says which kernels run, on how many lanes: "simd relaxed, 2 lanes".
func (b *Backend) Name() string { return b.name }

// Lanes is the number of lanes: threads that compute, with the caller's.
func (b *Backend) Lanes() int { return b.lanes }

// MemoryBytes is the size of the kernels' memory, which never shrinks, and how much of it is in use.
func (b *Backend) MemoryBytes() (size, used int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return int(b.host.size()), int(b.memory.used)
}

// Load prepares p: see prog.Backend. The Store of p must have the size it had at its first Load
// for as long as an Exec of it is open.
func (b *Backend) Load(p *prog.Program) (prog.Exec, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.lost != nil {
		return nil, fmt.Errorf("%s: %w", p.Name, b.lost)
	}
	if b.execs == 0 {
		if err := b.host.begin(); err != nil {
			return nil, fmt.Errorf("%s: %w", p.Name, err)
		}
	}
	b.execs++
	e := &Exec{backend: b, p: p}
	if err := e.load(); err != nil {
		e.free()
		return nil, fmt.Errorf("%s: %w", p.Name, err)
	}
	return e, nil
}

// attach returns the address of a Store's values, which are zero where it had none.
func (b *Backend) attach(store *prog.Store) (*storage, error) {
	s := b.stores[store]
	if s == nil {
		address, err := b.allocate("store", 4*store.Size)
		if err != nil {
			return nil, err
		}
		s = &storage{address: address, size: store.Size}
		b.stores[store] = s
	}
	if s.size != store.Size {
		return nil, fmt.Errorf("the store grew from %d to %d elements while in use: %w", s.size, store.Size, prog.ErrProgram)
	}
	s.open++
	return s, nil
}

func (b *Backend) detach(store *prog.Store) {
	s := b.stores[store]
	if s.open--; s.open == 0 {
		b.memory.free(s.address, 4*s.size)
		delete(b.stores, store)
	}
}

// allocate takes zeroed memory.
func (b *Backend) allocate(what string, bytes int) (uint32, error) {
	address, ok := b.memory.allocate(bytes)
	if !ok {
		return 0, fmt.Errorf("%s of %d bytes, with %d of %d in use: %w", what, bytes, b.memory.used, b.host.size(), prog.ErrMemory)
	}
	b.host.zero(address, uint32(bytes))
	return address, nil
}

// Exec is a loaded program. It implements prog.Exec. Write, Run and Read allocate nothing.
type Exec struct {
	backend *Backend
	p       *prog.Program
	closed  bool

	store   *storage
	blocks  []block
	arena   uint32
	scratch uint32
	program uint32
	buffers []access // by prog.Buf, made when first used
}

type block struct {
	address uint32
	bytes   int
}

func (e *Exec) load() error {
	p := e.p
	if p.Store != nil {
		s, err := e.backend.attach(p.Store)
		if err != nil {
			return err
		}
		e.store = s
	}
	var err error
	if e.arena, err = e.allocate("arena", 4*p.Arena); err != nil {
		return err
	}
	enc := encoder{p: p, lanes: e.backend.lanes, winograd: e.backend.winograd, address: e.address}
	if err := enc.encode(0, 0); err != nil { // to learn how much scratch it wants, and its constants
		return err
	}
	if e.scratch, err = e.allocate("scratch", enc.scratchBytes); err != nil {
		return err
	}
	var constants uint32
	if n := len(enc.values); n > 0 {
		if constants, err = e.allocate("constants", 4*n); err != nil {
			return err
		}
		e.backend.host.access(constants, n).write(enc.values)
	}
	if err := enc.encode(e.scratch, constants); err != nil {
		return err
	}
	words := enc.program.Words()
	if e.program, err = e.allocate("program", 4*len(words)); err != nil {
		return err
	}
	e.backend.host.writeWords(e.program, words)
	e.buffers = make([]access, len(p.Bufs))
	return nil
}

func (e *Exec) allocate(what string, bytes int) (uint32, error) {
	address, err := e.backend.allocate(what, bytes)
	if err == nil {
		e.blocks = append(e.blocks, block{address, bytes})
	}
	return address, err
}

// address is where buffer b lies; false where nothing uses it.
func (e *Exec) address(b prog.Buf) (uint32, bool) {
	offset, inStore := e.p.Place(b)
	switch {
	case offset < 0:
		return 0, false
	case inStore:
		return e.store.address + uint32(4*offset), true
	}
	return e.arena + uint32(4*offset), true
}

// Write copies src into an Input or a Var.
func (e *Exec) Write(b prog.Buf, src []float32) error {
	e.backend.mu.Lock()
	defer e.backend.mu.Unlock()
	a, err := e.access(b, len(src), true)
	if a != nil {
		a.write(src)
	}
	return err
}

// Read copies an Input, Output or Var to dst.
func (e *Exec) Read(b prog.Buf, dst []float32) error {
	e.backend.mu.Lock()
	defer e.backend.mu.Unlock()
	a, err := e.access(b, len(dst), false)
	if a != nil {
		a.read(dst)
	}
	return err
}

// access checks a Write or Read; it is nil where there is nothing to copy.
func (e *Exec) access(b prog.Buf, n int, write bool) (access, error) {
	if err := e.usable(); err != nil {
		return nil, err
	}
	if err := prog.CheckAccess(e.p, b, n, write); err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, nil
	}
	if e.buffers[b] == nil {
		address, ok := e.address(b)
		if !ok {
			return nil, nil
		}
		e.buffers[b] = e.backend.host.access(address, n)
	}
	return e.buffers[b], nil
}

func (e *Exec) usable() error {
	if e.closed {
		return fmt.Errorf("%s: %w", e.p.Name, prog.ErrClosed)
	}
	if e.backend.lost != nil {
		return fmt.Errorf("%s: %w", e.p.Name, e.backend.lost)
	}
	return nil
}

// Run does one step, and returns when it is done. Its error wraps ErrLost where a lane did not come
// to a barrier in time, or the kernels trapped.
func (e *Exec) Run() error {
	e.backend.mu.Lock()
	defer e.backend.mu.Unlock()
	if err := e.usable(); err != nil {
		return err
	}
	status, err := e.backend.host.start(e.program)
	if err == nil && status != kernels.StatusOK {
		err = errors.New(status.String())
	}
	if err != nil {
		e.backend.lost = fmt.Errorf("%w: %w", ErrLost, err)
		return fmt.Errorf("%s: %w", e.p.Name, e.backend.lost)
	}
	return nil
}

// Close frees the arena, and the Store where this was its last Exec. Closing again does nothing.
func (e *Exec) Close() error {
	e.backend.mu.Lock()
	defer e.backend.mu.Unlock()
	if !e.closed {
		e.free()
	}
	return nil
}

func (e *Exec) free() {
	b := e.backend
	e.closed = true
	for _, block := range e.blocks {
		b.memory.free(block.address, block.bytes)
	}
	if e.store != nil {
		b.detach(e.p.Store)
	}
	e.blocks, e.buffers = nil, nil
	if b.execs--; b.execs == 0 {
		b.host.end()
	}
}
