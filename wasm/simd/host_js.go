package simd

import (
	"errors"
	"fmt"
	"syscall/js"
	"unsafe"

	"github.com/tabgrad/tabgrad/nn/prog"
	"github.com/tabgrad/tabgrad/wasm/kernels"
)

// NewHosted is a Backend on the kernels that the page has prepared as js.Global().tabgrad.kernels.
// Its error wraps prog.ErrUnsupported where there are none (the value is null or absent).
//
// What JavaScript must do, in this order:
//
//  1. Instantiate wasm/kernels' trampoline. Every Go module that contains this package imports
//     "tabgrad".call2; give it the trampoline's export of that name, or anything callable where
//     there are no kernels.
//  2. Make the memory (shared for several lanes, with the maximum that is wanted and can be had) and
//     instantiate a kernels module with { env: { memory } }.
//  3. With n lanes: start n-1 workers that instantiate the same module over the same memory and call
//     lane_loop(i), i = 1 to n-1; wait until the word at kernels.ControlReady is n-1. (A helper that
//     comes later would miss a program, and the run would end with StatusLaneLost.)
//  4. Set, before Go's main runs, globalThis.tabgrad.kernels, as Go sees its globals, to
//     { variant: "strict" or "relaxed", lanes: n, memory, exports, table }: the kernels' exports,
//     and the trampoline's table, of which this package takes slot 0.
//
// From then on the memory behind kernels.HeapBase belongs to this package, which grows it with
// memory.grow; the page must not keep memory.buffer. A lane that dies is noticed by the others after
// kernels.DefaultPatience; the page should end the engine as soon as it knows.
func NewHosted() (*Backend, error) {
	found := js.Global().Get("tabgrad")
	if found.Truthy() {
		found = found.Get("kernels")
	}
	if !found.Truthy() {
		return nil, fmt.Errorf("simd: the page has loaded no kernels: %w", prog.ErrUnsupported)
	}
	h := &jsHost{memory: found.Get("memory"), lanes: uint32(found.Get("lanes").Int())}
	found.Get("table").Call("set", startSlot, found.Get("exports").Get("start"))
	h.look()
	if n := cores(); n > 0 && int(h.lanes) > n {
		h.writeWords(kernels.ControlLooks, []uint32{kernels.FewLooks})
	}
	return newBackend(h, found.Get("variant").String(), int(h.lanes)), nil
}

// cores is how many threads the machine runs at a time; 0 where the host doesn't say.
func cores() int {
	navigator := js.Global().Get("navigator")
	if !navigator.Truthy() {
		return 0
	}
	n := navigator.Get("hardwareConcurrency")
	if n.Type() != js.TypeNumber {
		return 0
	}
	return n.Int()
}

// startSlot is where the trampoline's table has the kernels' start.
const startSlot = 0

// trampoline2 calls the function in a slot of the trampoline's table.
//
//go:wasmimport tabgrad call2
//go:noescape
func trampoline2(slot, a, b uint32) uint32

type jsHost struct {
	memory js.Value
	lanes  uint32
	bytes  js.Value // a Uint8Array of the whole memory, made anew when it has grown
	length uint64
	grown  int // how often
}

func (h *jsHost) look() {
	h.bytes = js.Global().Get("Uint8Array").New(h.memory.Get("buffer"))
	h.length = uint64(h.bytes.Get("byteLength").Float())
	h.grown++
}

func (h *jsHost) size() uint64 { return h.length }

func (h *jsHost) grow(size uint64) (ok bool) {
	defer func() { // RangeError
		if r := recover(); r != nil {
			var e js.Error
			if err, isError := r.(error); !isError || !errors.As(err, &e) {
				panic(r)
			}
			ok = false
		}
	}()
	const page = 64 << 10
	h.memory.Call("grow", float64((size-h.length+page-1)/page))
	h.look()
	return true
}

func (h *jsHost) begin() error { return nil }
func (h *jsHost) end()         {}

func (h *jsHost) zero(address, size uint32) {
	h.bytes.Call("fill", 0, float64(address), float64(uint64(address)+uint64(size)))
}

func (h *jsHost) view(address uint32, bytes int) js.Value {
	return h.bytes.Call("subarray", float64(address), float64(uint64(address)+uint64(bytes)))
}

func (h *jsHost) writeWords(address uint32, words []uint32) {
	js.CopyBytesToJS(h.view(address, 4*len(words)), unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), 4*len(words)))
}

func (h *jsHost) start(program uint32) (kernels.Status, error) {
	return kernels.Status(trampoline2(startSlot, program, h.lanes)), nil
}

func (h *jsHost) access(address uint32, n int) access {
	return &jsAccess{host: h, address: address, bytes: 4 * n}
}

// A jsAccess keeps its view of the memory, since making one allocates, for as long as the memory
// doesn't grow.
type jsAccess struct {
	host    *jsHost
	address uint32
	bytes   int
	view    js.Value
	grown   int
}

func (a *jsAccess) current() js.Value {
	if a.grown != a.host.grown {
		a.view, a.grown = a.host.view(a.address, a.bytes), a.host.grown
	}
	return a.view
}

func (a *jsAccess) write(src []float32) { js.CopyBytesToJS(a.current(), floatBytes(src)) }
func (a *jsAccess) read(dst []float32)  { js.CopyBytesToGo(floatBytes(dst), a.current()) }

func floatBytes(v []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), 4*len(v))
}
