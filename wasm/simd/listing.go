//go:build !js

package simd

import (
	"github.com/tabgrad/tabgrad/nn/prog"
	"github.com/tabgrad/tabgrad/wasm/kernels"
)

// A Listing is a program as the kernels would get it, for those who look at it from outside: the
// profiler. It needs no kernels and no memory.
type Listing struct {
	// Bytes is how much memory the kernels need, from address 0.
	Bytes int
	// Ops are the program's, in order.
	Ops []ListedOp
}

// A ListedOp is one op of a Listing.
type ListedOp struct {
	Op prog.Op
	// Words are a program of this op alone, as a Backend writes it into the kernels' memory.
	Words []uint32
}

// List encodes p for the variant "strict" or "relaxed" of the kernels and so many lanes.
func List(p *prog.Program, variant string, lanes int) (*Listing, error) {
	h := &paperHost{}
	b := newBackend(h, variant, lanes)
	loaded, err := b.Load(p)
	if err != nil {
		return nil, err
	}
	e := loaded.(*Exec)
	l := &Listing{}
	for i, op := range p.Ops {
		one := encoder{p: p, lanes: lanes, winograd: b.winograd, address: e.address, scratch: e.scratch}
		if err := one.op(&p.Ops[i]); err != nil {
			return nil, err
		}
		l.Ops = append(l.Ops, ListedOp{Op: op, Words: append([]uint32{}, one.program.Words()...)})
	}
	l.Bytes = int(h.bytes)
	return l, nil
}

// A paperHost has as much memory as one likes, and nothing in it.
type paperHost struct{ bytes uint64 }

func (h *paperHost) size() uint64 { return h.bytes }
func (h *paperHost) grow(size uint64) bool {
	h.bytes = size
	return size <= 1<<32
}
func (h *paperHost) begin() error                                    { return nil }
func (h *paperHost) end()                                            {}
func (h *paperHost) zero(uint32, uint32)                             {}
func (h *paperHost) writeWords(uint32, []uint32)                     {}
func (h *paperHost) access(uint32, int) access                       { return paperAccess{} }
func (h *paperHost) start(uint32) (status kernels.Status, err error) { return }

type paperAccess struct{}

func (paperAccess) write([]float32) {}
func (paperAccess) read([]float32)  {}
