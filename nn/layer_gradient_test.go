package nn_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/cpu"
	"github.com/tabgrad/tabgrad/nn/prog"
)

// Every layer of the harness, in training and in inference: the gradients of its inputs and variables against central
// differences in float64, of a loss in which each element of each output has another weight.
func TestLayerGradients(t *testing.T) {
	for _, c := range layerTests {
		if c.in == nil {
			continue // an input layer
		}
		config, err := nn.Config(c.layer)
		if err != nil {
			t.Fatal(err)
		}
		class := config.(map[string]any)["class_name"].(string)
		for _, training := range []bool{false, true} {
			t.Run(class, func(t *testing.T) { checkLayerGradients(t, c, training) })
		}
	}
}

const gradientBatch = 3

func checkLayerGradients(t *testing.T, c layerTest, training bool) {
	a, err := nn.LowerAlone(c.layer, append([][]int{c.in}, c.more...), gradientBatch, training)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(5, 0))
	loss := prog.None
	add := func(x prog.Buf) {
		if loss == prog.None {
			loss = x
		} else {
			loss = a.Add(loss, x)
		}
	}
	for _, y := range a.Out {
		weights := make([]float32, a.Shape(y).Size())
		for i := range weights {
			weights[i] = float32(rng.Float64()*2 - 1)
		}
		add(a.Reduce(prog.Sum, a.Mul(y, a.Const(weights, a.Shape(y)...)), false))
	}
	for _, x := range a.Losses {
		add(a.Reshape(x))
	}
	var wrt []prog.Buf
	var values [][]float64
	states := map[prog.Buf][]float64{} // what has no gradient
	for _, x := range a.X {
		numbers := apart(rng, a.Shape(x).Size())
		if c.below > 0 {
			for i := range numbers {
				numbers[i] = float64(rng.IntN(c.below))
			}
			states[x] = numbers
			continue
		}
		wrt, values = append(wrt, x), append(values, numbers)
	}
	for _, v := range a.Vars {
		numbers := apart(rng, a.Shape(v.Buf).Size())
		if v.State { // a variance, say
			for i := range numbers {
				numbers[i] = math.Abs(numbers[i]) + 0.5
			}
			states[v.Buf] = numbers
			continue
		}
		wrt, values = append(wrt, v.Buf), append(values, numbers)
	}
	out := a.Output("loss", loss)
	var grads []prog.Buf
	for _, g := range prog.Grad(a.Builder, loss, wrt) {
		grads = append(grads, a.Output("grad"+string(rune('a'+len(grads))), g))
	}
	a.Finish()
	p, err := a.Build()
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := cpu.New[float64](cpu.Options{Procs: 1}).Load(p)
	if err != nil {
		t.Fatal(err)
	}
	e := loaded.(*cpu.Exec[float64])
	defer e.Close()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(e.Write(a.Step, []float32{7, 0}))
	run := func() float64 {
		t.Helper()
		for i, x := range wrt {
			must(e.WriteFloat64(x, values[i]))
		}
		for x, v := range states { // a step may have changed them
			must(e.WriteFloat64(x, v))
		}
		must(e.Run())
		var l [1]float64
		must(e.ReadFloat64(out, l[:]))
		return l[0]
	}
	run()
	got := make([][]float64, len(wrt))
	for i, g := range grads {
		got[i] = make([]float64, len(values[i]))
		must(e.ReadFloat64(g, got[i]))
	}
	const eps, atol, rtol = 1e-6, 1e-5, 1e-3
	for i := range wrt {
		for k, j := range rng.Perm(len(values[i])) {
			if k == 30 {
				break
			}
			old := values[i][j]
			values[i][j] = old + eps
			up := run()
			values[i][j] = old - eps
			down := run()
			values[i][j] = old
			if want := (up - down) / (2 * eps); !(math.Abs(got[i][j]-want) <= atol+rtol*math.Abs(want)) {
				t.Errorf("training=%t: gradient of operand %d%v[%d] is %v, by differences %v", training, i, p.Shape(wrt[i]), j, got[i][j], want)
				return
			}
		}
	}
}

// apart are n numbers in [-1.5, 1.5] of which no two are within 0.002 of each other, nor one of 0, so that no
// difference crosses a kink.
func apart(rng *rand.Rand, n int) []float64 {
	values := make([]float64, n)
	for i, j := range rng.Perm(n) {
		values[i] = 3 / float64(n+1) * (float64(j-n/2) + 0.5)
	}
	return values
}
