package backendtest_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tabgrad/tabgrad/nn/backendtest"
	"github.com/tabgrad/tabgrad/nn/cpu"
	"github.com/tabgrad/tabgrad/nn/prog"
)

// Central differences of the loss, in float64: (loss(w + eps) - loss(w - eps)) / 2eps.
const (
	eps  = 1e-6
	atol = 1e-5
	rtol = 1e-3
	// A large operand is checked at this many of its elements.
	samples = 40
)

// TestGradients holds the gradients of every case without kinks against differences, and wants at
// least 8 shapes of everything that has a gradient.
func TestGradients(t *testing.T) {
	checked := map[string]int{}
	for _, c := range backendtest.Cases() {
		if c.Rough {
			continue
		}
		if rec := c.Recording(); len(rec.Params) > 0 {
			for _, build := range []func(*prog.Builder) (*prog.Program, error){(*prog.Builder).BuildPlain, (*prog.Builder).Build} {
				rec := c.Recording()
				p, err := build(rec.Builder)
				if err != nil {
					t.Fatalf("%s: %v", c.Name, err)
				}
				checkGradients(t, c.Name, p, rec)
			}
			checked[c.Name[:strings.LastIndex(c.Name, "/")]]++
		}
	}
	want := []string{
		"MatMul", "Conv2D", "Conv2DInputGrad", "Pool/max", "Pool/avg", "Broadcast", "Softmax", "LogSoftmax", "Xent/dense", "Xent/sparse",
		"SoftmaxXent/dense", "SoftmaxXent/sparse", "Gather", "ScatterAdd", "Transpose", "Slice", "Concat", "Pad", "Copy",
	}
	for _, fn := range prog.Unaries() {
		if fn != prog.Sign && fn != prog.Floor && fn != prog.Round {
			want = append(want, "Unary/"+fn.String())
		}
	}
	for _, fn := range []prog.Binary{
		prog.Add, prog.Sub, prog.Mul, prog.Div, prog.Pow, prog.Maximum, prog.Minimum, prog.BinaryXent, prog.LogitXent,
		prog.Where, prog.Unless,
	} {
		want = append(want, "Binary/"+fn.String())
	}
	for _, fn := range prog.Reductions() {
		want = append(want, "Reduce/"+fn.String())
	}
	for _, border := range prog.Borders() {
		want = append(want, "Warp/"+border.String())
	}
	for _, name := range want {
		if checked[name] < 8 {
			t.Errorf("gradients of %s were checked at %d shapes, wanted 8", name, checked[name])
		}
	}
}

func checkGradients(t *testing.T, name string, p *prog.Program, rec *backendtest.Recording) {
	t.Helper()
	loaded, err := cpu.New[float64](cpu.Options{Procs: 1}).Load(p)
	if err != nil {
		t.Fatal(err)
	}
	e := loaded.(*cpu.Exec[float64])
	defer e.Close()
	for _, w := range rec.Writes {
		if err := e.Write(w.Buf, w.Values); err != nil {
			t.Fatal(err)
		}
	}
	run := func() float64 {
		if err := e.Run(); err != nil {
			t.Fatal(err)
		}
		var loss [1]float64
		if err := e.ReadFloat64(rec.Loss, loss[:]); err != nil {
			t.Fatal(err)
		}
		return loss[0]
	}
	run()
	grads := make([][]float64, len(rec.Grads))
	for i, g := range rec.Grads {
		grads[i] = make([]float64, p.Shape(g).Size())
		if err := e.ReadFloat64(g, grads[i]); err != nil {
			t.Fatal(err)
		}
	}
	rng := rand.New(rand.NewPCG(7, 7))
	for i, param := range rec.Params {
		w := make([]float64, p.Shape(param).Size())
		if err := e.ReadFloat64(param, w); err != nil {
			t.Fatal(err)
		}
		at := func(j int, v float64) float64 {
			old := w[j]
			w[j] = v
			if err := e.WriteFloat64(param, w); err != nil {
				t.Fatal(err)
			}
			w[j] = old
			return run()
		}
		for k, j := range rng.Perm(len(w)) {
			if k == samples {
				break
			}
			want := (at(j, w[j]+eps) - at(j, w[j]-eps)) / (2 * eps)
			if got := grads[i][j]; !(math.Abs(got-want) <= atol+rtol*math.Abs(want)) {
				t.Errorf("%s: gradient of operand %d%v[%d] is %v, by differences %v\n%v", name, i, p.Shape(param), j, got, want, p)
				return
			}
		}
		if err := e.WriteFloat64(param, w); err != nil {
			t.Fatal(err)
		}
	}
}
