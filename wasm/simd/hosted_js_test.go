package simd_test

import (
	"errors"
	"fmt"
	"runtime"
	"testing"

	"github.com/tabgrad/tabgrad/nn/backendtest"
	"github.com/tabgrad/tabgrad/nn/prog"
	"github.com/tabgrad/tabgrad/wasm/simd"
	"github.com/tabgrad/tabgrad/wasm/simd/internal/training"
)

// The tests of this file run in Node: TestInNode starts them, by their names.

func hosted(t *testing.T) *simd.Backend {
	t.Helper()
	b, err := simd.NewHosted()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestHostedConformance(t *testing.T) {
	b := hosted(t)
	backendtest.Run(t, func() prog.Backend { return b }, backendtest.Options{Programs: 20})
}

// TestHostedWinograd is conformance of what only the relaxed kernels use.
func TestHostedWinograd(t *testing.T) {
	b := hosted(t)
	backendtest.RunCase(t, b, winogradConv, backendtest.Options{})
	backendtest.RunCase(t, b, winogradLayers, backendtest.Options{})
}

func TestHostedGolden(t *testing.T) {
	b := hosted(t)
	first, last, hash, err := training.Golden(b)
	if err != nil {
		t.Fatal(err)
	}
	if !(last < 0.6*first) {
		t.Errorf("the loss went from %v to %v", first, last)
	}
	fmt.Println(b.Name(), hash)
}

// TestHostedNormal prints what TestInNode compares with the kernels under wazero.
func TestHostedNormal(t *testing.T) {
	hash, err := normalHash(hosted(t))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(hash)
}

// TestHostedLost: the page has ended all lanes but Go's own.
func TestHostedLost(t *testing.T) {
	b := hosted(t)
	if _, _, _, err := training.Golden(b); !errors.Is(err, simd.ErrLost) {
		t.Errorf("got %v, wanted ErrLost", err)
	}
}

func TestHostedWithoutKernels(t *testing.T) {
	if _, err := simd.NewHosted(); !errors.Is(err, prog.ErrUnsupported) {
		t.Errorf("got %v, wanted ErrUnsupported", err)
	}
}

// TestHostedAllocate: neither the kernels' memory nor Go's heap grows.
func TestHostedAllocate(t *testing.T) {
	b := hosted(t)
	p, err := training.SmallCNN(2).Build()
	if err != nil {
		t.Fatal(err)
	}
	s, err := training.New(b, p, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Exec.Close()
	step := func(n int) {
		if _, err := s.Step(n); err != nil {
			t.Fatal(err)
		}
	}
	step(0)
	size, used := b.MemoryBytes()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const steps = 2000
	for n := range steps {
		step(n)
	}
	runtime.ReadMemStats(&after)
	if s2, u2 := b.MemoryBytes(); s2 != size || u2 != used {
		t.Errorf("the kernels' memory went from %d (%d used) to %d (%d used)", size, used, s2, u2)
	}
	if n := after.Mallocs - before.Mallocs; n > steps/10 {
		t.Errorf("%d steps made %d allocations, %d bytes", steps, n, after.TotalAlloc-before.TotalAlloc)
	}
}

// TestHostedRunsOut: a memory that can't grow is an error, after which what fits runs; views of
// the memory survive its growth.
func TestHostedRunsOut(t *testing.T) {
	b := hosted(t)
	negation := func(n int) (*prog.Program, prog.Exec, error) {
		r := prog.NewBuilder("negation", nil)
		r.Output("y", r.Unary(prog.Neg, r.Input("x", n)))
		p, err := r.Build()
		if err != nil {
			t.Fatal(err)
		}
		e, err := b.Load(p)
		return p, e, err
	}
	run := func(p *prog.Program, e prog.Exec, n int) {
		t.Helper()
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(i)
		}
		if err := errors.Join(e.Write(p.Find("x"), x), e.Run(), e.Read(p.Find("y"), x)); err != nil {
			t.Fatal(err)
		}
		for i, v := range x {
			if v != -float32(i) {
				t.Fatalf("-%d is %v", i, v)
			}
		}
	}
	p, e, err := negation(1000)
	if err != nil {
		t.Fatal(err)
	}
	run(p, e, 1000)
	if _, _, err := negation(64 << 20); !errors.Is(err, prog.ErrMemory) { // 512 MB of 128
		t.Fatalf("got %v, wanted ErrMemory", err)
	}
	q, f, err := negation(3 << 20) // grows the memory
	if err != nil {
		t.Fatal(err)
	}
	run(q, f, 3<<20)
	run(p, e, 1000)
	if err := errors.Join(e.Close(), f.Close()); err != nil {
		t.Error(err)
	}
	if _, used := b.MemoryBytes(); used != 0 {
		t.Errorf("%d bytes are in use", used)
	}
}
