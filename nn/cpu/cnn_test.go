package cpu_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/tabgrad/tabgrad/nn/backendtest"
	"github.com/tabgrad/tabgrad/nn/cpu"
	"github.com/tabgrad/tabgrad/nn/prog"
)

// openCNN loads the seed CNN with Glorot-uniform kernels and one batch of noise, whose class is the
// image row that is brightened.
func openCNN[T cpu.Float](t testing.TB, batch int, o cpu.Options) (*prog.Program, *cpu.Exec[T]) {
	t.Helper()
	p, err := backendtest.SeedCNN(batch).Build()
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := cpu.New[T](o).Load(p)
	if err != nil {
		t.Fatal(err)
	}
	e := loaded.(*cpu.Exec[T])
	t.Cleanup(func() { e.Close() })
	rng := rand.New(rand.NewPCG(1, 2))
	write := func(name string, f func(i int) float32) {
		b := p.Find(name)
		v := make([]float32, p.Shape(b).Size())
		for i := range v {
			v[i] = f(i)
		}
		if err := e.Write(b, v); err != nil {
			t.Fatal(err)
		}
	}
	for name, fans := range map[string]float64{"conv2d/kernel": 9 + 288, "conv2d_1/kernel": 288 + 576, "dense/kernel": 9216 + 128, "dense_1/kernel": 138} {
		r := rand.New(rand.NewPCG(3, uint64(fans)))
		limit := math.Sqrt(6 / fans)
		write(name, func(int) float32 { return float32(limit * (2*r.Float64() - 1)) })
	}
	write("x", func(i int) float32 {
		v := rng.Float32() / 4
		if row, class := i/28%28, i/784%10; row/2 == class+2 {
			v += 0.75
		}
		return v
	})
	write("y", func(i int) float32 {
		if i%10 == i/10%10 {
			return 1
		}
		return 0
	})
	step := prog.Hyper{Rate: 1, Scale: 1}.Words()
	write("hyper", func(i int) float32 { return step[i] })
	return p, e
}

func BenchmarkSeedCNN(b *testing.B) {
	_, e := openCNN[float32](b, 128, cpu.Options{})
	for b.Loop() {
		if err := e.Run(); err != nil {
			b.Fatal(err)
		}
	}
}

func read[T cpu.Float](t testing.TB, p *prog.Program, e *cpu.Exec[T], name string) []float32 {
	t.Helper()
	b := p.Find(name)
	v := make([]float32, p.Shape(b).Size())
	if err := e.Read(b, v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestSeedCNNLearns(t *testing.T) {
	const batch = 10
	p, e := openCNN[float32](t, batch, cpu.Options{})
	var losses []float32
	for range 14 {
		if err := e.Run(); err != nil {
			t.Fatal(err)
		}
		losses = append(losses, read(t, p, e, "loss")[0])
	}
	if first, last := losses[0], losses[len(losses)-1]; math.Abs(float64(first)-math.Log(10)) > 1 || !(last < first/2) {
		t.Errorf("losses of 14 steps on one batch: %v", losses)
	}
	if hits := read(t, p, e, "accuracy")[0]; hits < batch*3/4 {
		t.Errorf("%v of %d right after 14 steps", hits, batch)
	}
}

func TestProcsNeverChangeResults(t *testing.T) {
	var want []float32
	for _, procs := range []int{1, 2, 3} {
		p, e := openCNN[float32](t, 5, cpu.Options{Procs: procs})
		for range 2 {
			if err := e.Run(); err != nil {
				t.Fatal(err)
			}
		}
		got := read(t, p, e, "params")
		if want == nil {
			want = got
		}
		for i := range want {
			if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
				t.Fatalf("%d goroutines: parameter %d is %v, with one %v", procs, i, got[i], want[i])
			}
		}
	}
}

func TestRunAllocatesNothing(t *testing.T) {
	_, e := openCNN[float32](t, 2, cpu.Options{Procs: 1})
	allocs := testing.AllocsPerRun(3, func() {
		if err := e.Run(); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations a run", allocs)
	}
}
