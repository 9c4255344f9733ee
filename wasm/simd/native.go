//go:build !js

package simd

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/tabgrad/tabgrad/wasm/asm"
	"github.com/tabgrad/tabgrad/wasm/kernels"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// nativePages is the maximum of the kernels' memory, in pages of 64 KiB: 1 GiB, of which the
// operating system provides what is touched.
const nativePages = 16384

// NewNative is a Backend with the strict kernels on wazero, each lane an instance on a goroutine of
// its own. The goroutines live while an Exec is open. It is how the kernels are tested; for work
// on a native machine nn/cpu is simpler, and no slower.
func NewNative(lanes int) (*Backend, error) {
	if lanes < 1 {
		return nil, fmt.Errorf("simd: %d lanes", lanes)
	}
	h, err := newNativeHost(lanes)
	if err != nil {
		return nil, fmt.Errorf("simd: %w", err)
	}
	return newBackend(h, "strict", lanes), nil
}

// compiled is shared by all backends of the process: compiling takes wazero about a second.
var compiled = struct {
	sync.Mutex
	cache  wazero.CompilationCache
	module []byte
}{}

type nativeHost struct {
	memory api.Memory
	lanes  []*nativeLane
	wait   sync.WaitGroup
}

// A nativeLane is an instance of the kernels, used by one goroutine at a time.
type nativeLane struct {
	module api.Module
	start  api.Function
	stack  [2]uint64
}

func newNativeHost(lanes int) (*nativeHost, error) {
	ctx := context.Background()
	options := kernels.Options{Shared: true, MaxPages: nativePages}
	compiled.Lock()
	defer compiled.Unlock()
	if compiled.cache == nil {
		compiled.cache = wazero.NewCompilationCache()
		compiled.module = kernels.Module(options)
	}
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithCompilationCache(compiled.cache).
		WithCoreFeatures(api.CoreFeaturesV2|experimental.CoreFeaturesThreads))
	env := asm.NewModule()
	env.Memory(options.Limits())
	env.ExportMemory("memory")
	holder, err := r.InstantiateWithConfig(ctx, env.Encode(), wazero.NewModuleConfig().WithName("env"))
	if err != nil {
		return nil, err
	}
	module, err := r.CompileModule(ctx, compiled.module)
	if err != nil {
		return nil, err
	}
	h := &nativeHost{memory: holder.Memory()}
	for i := range lanes {
		m, err := r.InstantiateModule(ctx, module, wazero.NewModuleConfig().WithName(fmt.Sprint("lane", i)))
		if err != nil {
			return nil, err
		}
		h.lanes = append(h.lanes, &nativeLane{module: m, start: m.ExportedFunction("start")})
	}
	return h, nil
}

func (h *nativeHost) size() uint64 { return uint64(h.memory.Size()) }

func (h *nativeHost) grow(size uint64) bool {
	const page = 64 << 10
	if size > nativePages*page {
		return false
	}
	_, ok := h.memory.Grow(uint32((size - h.size() + page - 1) / page))
	return ok
}

// begin sends the helpers into their loop, and waits until they are there: they would miss a
// program that is posted before.
func (h *nativeHost) begin() error {
	h.zero(0, kernels.HeapBase)
	// Tests run on more lanes than there are cores, and beside each other.
	h.writeWords(kernels.ControlLooks, []uint32{kernels.FewLooks})
	for i, l := range h.lanes[1:] {
		h.wait.Go(func() {
			_, err := l.module.ExportedFunction("lane_loop").Call(context.Background(), uint64(i+1))
			if err != nil {
				// The others learn it at the next barrier, instead of after its patience.
				atomic.StoreUint32(h.control(kernels.ControlStatus), uint32(kernels.StatusLaneLost))
			}
		})
	}
	for atomic.LoadUint32(h.control(kernels.ControlReady)) != uint32(len(h.lanes)-1) {
		runtime.Gosched()
	}
	return nil
}

func (h *nativeHost) end() {
	if len(h.lanes) > 1 {
		// An instance of lane 0 that trapped can't stop the others; nobody will call them again.
		if _, err := h.lanes[0].module.ExportedFunction("stop").Call(context.Background()); err != nil {
			return
		}
	}
	h.wait.Wait()
}

func (h *nativeHost) start(program uint32) (kernels.Status, error) {
	l := h.lanes[0]
	l.stack = [2]uint64{uint64(program), uint64(len(h.lanes))}
	if err := l.start.CallWithStack(context.Background(), l.stack[:]); err != nil {
		return 0, err
	}
	return kernels.Status(l.stack[0]), nil
}

// bytes is a part of the memory. Words in it are little-endian, as in any machine that Go's wasm and
// this package's tests run on.
func (h *nativeHost) bytes(address, size uint32) []byte {
	b, ok := h.memory.Read(address, size)
	if !ok {
		panic(fmt.Sprintf("simd: %d bytes at %#x are outside of the memory", size, address))
	}
	return b
}

// control is a word of the control block.
func (h *nativeHost) control(address uint32) *uint32 {
	return (*uint32)(unsafe.Pointer(unsafe.SliceData(h.bytes(address, 4))))
}

func (h *nativeHost) zero(address, size uint32) { clear(h.bytes(address, size)) }

func (h *nativeHost) writeWords(address uint32, words []uint32) {
	b := h.bytes(address, uint32(4*len(words)))
	copy(unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(b))), len(words)), words)
}

// access is a slice: a shared memory stays where it is when it grows.
func (h *nativeHost) access(address uint32, n int) access {
	b := h.bytes(address, uint32(4*n))
	return nativeAccess(unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(b))), n))
}

type nativeAccess []float32

func (a nativeAccess) write(src []float32) { copy(a, src) }
func (a nativeAccess) read(dst []float32)  { copy(dst, a) }
