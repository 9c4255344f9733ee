//go:build !js

package simd

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/tabgrad/tabgrad/nn/prog"
	"github.com/tabgrad/tabgrad/wasm/kernels"
)

// fixedHost is memory that only has a size.
type fixedHost struct {
	host
	bytes, most uint64
}

func (h *fixedHost) size() uint64 { return h.bytes }

func (h *fixedHost) grow(size uint64) bool {
	if size > h.most {
		return false
	}
	h.bytes = size
	return true
}

func TestAllocator(t *testing.T) {
	h := &fixedHost{bytes: 64 << 10, most: 8 << 20}
	a := newAllocator(h)
	base := a.top
	type taken struct {
		at    uint32
		bytes int
	}
	var all []taken
	rng := rand.New(rand.NewPCG(1, 2))
	refused := 0
	for range 5000 {
		if rng.IntN(2) == 0 || len(all) == 0 {
			n := rng.IntN(300000)
			at, ok := a.allocate(n)
			if !ok {
				refused++
				continue
			}
			if at%blockAlign != 0 || uint64(at) < base || uint64(at)+uint64(n)+behind > h.bytes {
				t.Fatalf("%d bytes at %#x of %#x", n, at, h.bytes)
			}
			for _, b := range all {
				if uint64(at) < uint64(b.at)+blockSize(b.bytes) && uint64(b.at) < uint64(at)+blockSize(n) {
					t.Fatalf("%d bytes at %#x overlap %d at %#x", n, at, b.bytes, b.at)
				}
			}
			all = append(all, taken{at, n})
			continue
		}
		i := rng.IntN(len(all))
		a.free(all[i].at, all[i].bytes)
		all = append(all[:i], all[i+1:]...)
	}
	if refused == 0 {
		t.Error("the memory was never full")
	}
	for _, b := range all {
		a.free(b.at, b.bytes)
	}
	if a.used != 0 || a.top != base || len(a.spare) != 0 {
		t.Errorf("after freeing all: %d used, top %#x of %#x, spare %v", a.used, a.top, base, a.spare)
	}
}

// deafHost's helpers never come.
type deafHost struct{ *nativeHost }

func (h deafHost) begin() error {
	h.zero(0, kernels.HeapBase)
	h.writeWords(kernels.ControlPatience, []uint32{1}) // 100 ms
	return nil
}

func TestALostLaneIsAnError(t *testing.T) {
	h, err := newNativeHost(2)
	if err != nil {
		t.Fatal(err)
	}
	b := newBackend(deafHost{h}, "strict", 2)
	r := prog.NewBuilder("lost", nil)
	r.Output("y", r.Unary(prog.Neg, r.Input("x", 8)))
	p, err := r.Build()
	if err != nil {
		t.Fatal(err)
	}
	e, err := b.Load(p)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := e.Run(); !errors.Is(err, ErrLost) {
			t.Fatalf("got %v, wanted ErrLost", err)
		}
	}
	if _, err := b.Load(p); !errors.Is(err, ErrLost) {
		t.Errorf("Load: got %v, wanted ErrLost", err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

// TestEveryFunctionHasAKernel: a function that is missing in a map would silently be another.
func TestEveryFunctionHasAKernel(t *testing.T) {
	for _, f := range prog.Unaries() {
		if _, ok := unaryFns[f]; !ok && f != prog.Identity {
			t.Errorf("unary %v has none", f)
		}
	}
	for _, f := range prog.Binaries() {
		if _, ok := binaryFns[f]; !ok {
			t.Errorf("binary %v has none", f)
		}
	}
	for _, r := range prog.Rules() {
		if _, ok := rules[r]; !ok {
			t.Errorf("rule %v has none", r)
		}
	}
}
