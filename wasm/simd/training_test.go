//go:build !js

package simd_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/tabgrad/tabgrad/nn/backendtest"
	"github.com/tabgrad/tabgrad/nn/cpu"
	"github.com/tabgrad/tabgrad/nn/prog"
)

// A training is a program with inputs x, y, step and hyper, and random contents for them.
type training struct {
	p    *prog.Program
	e    prog.Exec
	vars []prog.Buf
	x, y prog.Buf
	rng  *rand.Rand
}

func build(t testing.TB, b *prog.Builder) *prog.Program {
	t.Helper()
	p, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// newTraining loads p and gives its first variables He-normal values.
func newTraining(t testing.TB, backend prog.Backend, p *prog.Program, rate float32) *training {
	t.Helper()
	s := &training{p: p, e: load(t, backend, p), rng: rand.New(rand.NewPCG(7, 7)), x: p.Find("x"), y: p.Find("y")}
	for _, v := range p.Store.Vars {
		b := p.Find(v.Name)
		if b == prog.None || len(v.Shape) < 2 {
			continue
		}
		values := make([]float32, v.Shape.Size())
		deviation := math.Sqrt(2 / float64(v.Shape.Rows()))
		for i := range values {
			values[i] = float32(s.rng.NormFloat64() * deviation)
		}
		must(t, s.e.Write(b, values))
		s.vars = append(s.vars, b)
	}
	must(t, s.e.Write(p.Find("hyper"), []float32{rate}))
	return s
}

// step writes a batch of images whose class is where they are bright, and runs.
func (s *training) step(t testing.TB, n int) {
	t.Helper()
	shape := s.p.Shape(s.x)
	x, y := make([]float32, shape.Size()), make([]float32, s.p.Shape(s.y).Size())
	pixels, classes := shape.Size()/shape[0], s.p.Shape(s.y).Last()
	for i := range shape[0] {
		class := s.rng.IntN(classes)
		y[i*classes+class] = 1
		for j := range pixels {
			v := s.rng.Float32() * 0.5
			if j*classes/pixels == class {
				v += 0.5
			}
			x[i*pixels+j] = v
		}
	}
	must(t, s.e.Write(s.x, x))
	must(t, s.e.Write(s.y, y))
	words := prog.StepWords(uint64(n))
	must(t, s.e.Write(s.p.Find("step"), words[:]))
	must(t, s.e.Run())
}

// hash is the sha256 of all variables, as little-endian float32.
func (s *training) hash(t testing.TB) string {
	t.Helper()
	sum := sha256.New()
	for _, v := range read(t, s.e, s.p, s.p.Find("store")) {
		sum.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// smallCNN is a convolutional network on [batch, 12, 12, 1] with everything that the seed CNN has.
func smallCNN(batch int) *prog.Builder {
	s := &prog.Store{}
	s.Add("conv/kernel", prog.Shape{3, 3, 1, 8})
	s.Add("conv/bias", prog.Shape{8})
	s.Add("conv_1/kernel", prog.Shape{3, 3, 8, 11})
	s.Add("conv_1/bias", prog.Shape{11})
	s.Add("dense/kernel", prog.Shape{4 * 4 * 11, 10})
	s.Add("dense/bias", prog.Shape{10})
	params, count := s.Size, len(s.Vars)
	slots := []int{s.Add("a", prog.Shape{params}), s.Add("d", prog.Shape{params})}
	b := prog.NewBuilder("small_cnn", s)
	x, y := b.Input("x", batch, 12, 12, 1), b.Input("y", batch, 10)
	step, hyper := b.Input("step", 2), b.Input("hyper", prog.HyperSize)
	var v []prog.Buf
	for i := range count {
		v = append(v, b.Var(i))
	}
	conv := prog.ConvAttr{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Groups: 1}
	h := b.Unary(prog.Relu, b.Add(b.Conv2D(x, v[0], conv), v[1]))
	h = b.Unary(prog.Relu, b.Add(b.Conv2D(h, v[2], conv), v[3]))
	h = b.Pool(h, prog.PoolAttr{Window: [2]int{2, 2}, Stride: [2]int{2, 2}})
	h = b.Mul(h, b.Random(step, prog.RandomAttr{Dist: prog.Keep, Key: 1, A: 0.25, Shape: b.Shape(h)}))
	p := b.Softmax(b.Add(b.MatMul(b.Reshape(h, batch, -1), v[4], false, false), v[5]))
	loss := b.Reduce(prog.Mean, b.Xent(p, y, false), false)
	b.Output("loss", loss)
	b.Update(prog.UpdateAttr{Rule: prog.RuleAdadelta, Rho: 0.95, Epsilon: 1e-7},
		b.StoreRange("params", 0, params), b.Pack(prog.Grad(b, loss, v)...), hyper, b.Var(slots[0]), b.Var(slots[1]))
	return b
}

// smallCNNHash is the variables of smallCNN(16) after 50 steps on the strict kernels. It changes
// when a kernel computes in another order, and then has to be the same again on every machine.
const smallCNNHash = "d5bf56345669dfe455f475b890a97082a35e693a5cb539005fa045c9d740482d"

func TestSeedCNNSteps(t *testing.T) {
	p := build(t, smallCNN(16))
	for lanes := 1; lanes <= 3; lanes++ {
		s := newTraining(t, native(t, lanes), p, 1)
		var first, last float32
		for n := range 50 {
			s.step(t, n)
			last = read(t, s.e, p, p.Find("loss"))[0]
			if n == 0 {
				first = last
			}
		}
		if !(last < 0.6*first) {
			t.Errorf("%d lanes: the loss went from %v to %v", lanes, first, last)
		}
		if got := s.hash(t); got != smallCNNHash {
			t.Errorf("%d lanes: the weights' hash is %s, wanted %s", lanes, got, smallCNNHash)
		}
		must(t, s.e.Close())
	}
}

// TestSeedCNN takes a step of the real network, with a small batch, beside nn/cpu.
func TestSeedCNN(t *testing.T) {
	p := build(t, backendtest.SeedCNN(4))
	reference := newTraining(t, cpu.New[float32](cpu.Options{Procs: 1}), p, 1)
	s := newTraining(t, native(t, 2), p, 1)
	defer s.e.Close()
	for n := range 2 {
		reference.step(t, n)
		s.step(t, n)
	}
	got, want := read(t, s.e, p, p.Find("loss"))[0], read(t, reference.e, p, p.Find("loss"))[0]
	if math.Abs(float64(got-want)) > 1e-4*float64(want) {
		t.Errorf("the loss of the second step is %v, on the cpu %v", got, want)
	}
	for _, b := range s.vars {
		a, r := read(t, s.e, p, b), read(t, reference.e, p, b)
		for i := range a {
			if d := math.Abs(float64(a[i] - r[i])); d > 1e-4 {
				t.Fatalf("%s[%d] is %v, on the cpu %v", p.Bufs[b].Name, i, a[i], r[i])
			}
		}
	}
}

// TestStepsAllocateNothing: neither the kernels' memory nor Go's heap grows.
func TestStepsAllocateNothing(t *testing.T) {
	p := build(t, smallCNN(2))
	b := native(t, 1)
	s := newTraining(t, b, p, 1)
	defer s.e.Close()
	x, loss := make([]float32, p.Shape(s.x).Size()), make([]float32, 1)
	step := func() {
		if s.e.Write(s.x, x) != nil || s.e.Run() != nil || s.e.Read(p.Find("loss"), loss) != nil {
			t.Error("a step failed")
		}
	}
	step()
	size, used := b.MemoryBytes()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const steps = 2000
	for range steps {
		step()
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
