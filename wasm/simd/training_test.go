//go:build !js

package simd_test

import (
	"errors"
	"math"
	"runtime"
	"testing"

	"github.com/tabgrad/tabgrad/nn/backendtest"
	"github.com/tabgrad/tabgrad/nn/cpu"
	"github.com/tabgrad/tabgrad/nn/prog"
	"github.com/tabgrad/tabgrad/wasm/simd/internal/training"
)

func build(t testing.TB, b *prog.Builder) *prog.Program {
	t.Helper()
	p, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func newTraining(t testing.TB, backend prog.Backend, p *prog.Program) *training.Training {
	t.Helper()
	s, err := training.New(backend, p, 1)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSeedCNNSteps(t *testing.T) {
	for lanes := 1; lanes <= 3; lanes++ {
		first, last, hash, err := training.Golden(native(t, lanes))
		if err != nil {
			t.Fatal(err)
		}
		if !(last < 0.6*first) {
			t.Errorf("%d lanes: the loss went from %v to %v", lanes, first, last)
		}
		if hash != training.GoldenHash {
			t.Errorf("%d lanes: the weights' hash is %s, wanted %s", lanes, hash, training.GoldenHash)
		}
	}
}

// TestSeedCNN takes steps of the real network, with a small batch, beside nn/cpu.
func TestSeedCNN(t *testing.T) {
	p := build(t, backendtest.SeedCNN(4))
	reference := newTraining(t, cpu.New[float32](cpu.Options{Procs: 1}), p)
	s := newTraining(t, native(t, 2), p)
	defer s.Exec.Close()
	for n := range 2 {
		want, err := reference.Step(n)
		must(t, err)
		got, err := s.Step(n)
		must(t, err)
		if math.Abs(float64(got-want)) > 1e-4*float64(want) {
			t.Errorf("the loss of step %d is %v, on the cpu %v", n, got, want)
		}
	}
	for _, b := range s.Kernels {
		got, want := read(t, s.Exec, p, b), read(t, reference.Exec, p, b)
		for i := range got {
			if d := math.Abs(float64(got[i] - want[i])); d > 1e-4 {
				t.Fatalf("%s[%d] is %v, on the cpu %v", p.Bufs[b].Name, i, got[i], want[i])
			}
		}
	}
}

// TestStepsAllocateNothing: neither the kernels' memory nor Go's heap grows.
func TestStepsAllocateNothing(t *testing.T) {
	b := native(t, 1)
	s := newTraining(t, b, build(t, training.SmallCNN(2)))
	defer s.Exec.Close()
	step := func(n int) {
		if _, err := s.Step(n); err != nil {
			t.Error(err)
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
	// The runtime itself allocates now and then; a step must not.
	if mallocs := after.Mallocs - before.Mallocs; mallocs > steps/10 {
		t.Errorf("%d steps made %d allocations, %d bytes", steps, mallocs, after.TotalAlloc-before.TotalAlloc)
	}
}

func TestMemoryRunsOutAndIsFreed(t *testing.T) {
	b := native(t, 1)
	negation := func(n int) *prog.Program {
		r := prog.NewBuilder("negation", nil)
		r.Output("y", r.Unary(prog.Neg, r.Input("x", n)))
		return build(t, r)
	}
	for range 3 {
		if _, err := b.Load(negation(200 << 20)); !errors.Is(err, prog.ErrMemory) { // 1.6 GB of 1 GiB
			t.Fatalf("got %v, wanted ErrMemory", err)
		}
		if _, used := b.MemoryBytes(); used != 0 {
			t.Fatalf("%d bytes are in use after a Load that failed", used)
		}
		e := load(t, b, negation(1000))
		must(t, e.Run())
		must(t, e.Close())
		if size, used := b.MemoryBytes(); used != 0 || size > 8<<20 {
			t.Fatalf("%d bytes are in use, of %d", used, size)
		}
	}
}
