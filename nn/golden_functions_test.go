package nn_test

import (
	"slices"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/cpu"
	"github.com/tabgrad/tabgrad/nn/prog"
)

// What Keras's functions give when they are called alone: testdata/keras/functions.py and metrics.py. Each case
// runs in float32, in float64 and on the SIMD kernels.

type functionCase struct {
	Name         string
	Class        string `json:"class_name"`
	Config       map[string]any
	X, Weight    goldenTensor
	Pred         goldenTensor `json:"y_pred"`
	Target       goldenTensor `json:"y_true"`
	SampleWeight goldenTensor `json:"sample_weight"`
	Expect       struct {
		Y, Grad       goldenTensor
		Loss, Penalty float64
	}
}

func (c *functionCase) config() any {
	return map[string]any{"class_name": c.Class, "config": c.Config}
}

type functionPrecision struct {
	name    string
	backend func(t *testing.T) prog.Backend
	tolerance
}

// functionPrecisions are those of nn/cpu, and where the tests run natively the kernels.
var functionPrecisions = []functionPrecision{
	{"float32", func(*testing.T) prog.Backend { return backend() }, tolerance{1e-5, 1e-6}},
	{"float64", func(*testing.T) prog.Backend { return cpu.New[float64](cpu.Options{Procs: 1}) }, tolerance{3e-7, 3e-7}},
}

func eachFunction(t *testing.T, family string, run func(r *functionRun, c *functionCase)) {
	for _, c := range golden[functionCase](t, "keras", family) {
		for _, p := range functionPrecisions {
			t.Run(c.Name+"/"+p.name, func(t *testing.T) {
				r := &functionRun{goldenRun: goldenRun{T: t, tolerance: p.tolerance, backend: p.backend(t)}}
				run(r, &c)
			})
		}
	}
}

// A functionRun writes a program of one function down, runs it once, and compares its outputs.
type functionRun struct {
	goldenRun
	b     *prog.Builder
	write []func(e prog.Exec) error
	check []func(e prog.Exec)
}

// begin starts the program with x as a variable, so that there is a gradient of it.
func (r *functionRun) begin(x goldenTensor) prog.Buf {
	store := &prog.Store{}
	i := store.Add("x", x.Shape)
	r.b = prog.NewBuilder(r.Name(), store)
	return r.given(r.b.Var(i), x)
}

func (r *functionRun) input(name string, x goldenTensor) prog.Buf {
	return r.given(r.b.Input(name, x.Shape...), x)
}

func (r *functionRun) given(buf prog.Buf, x goldenTensor) prog.Buf {
	r.write = append(r.write, func(e prog.Exec) error { return e.Write(buf, x.Data) })
	return buf
}

// expect compares x with what Keras says.
func (r *functionRun) expect(what string, x prog.Buf, want goldenTensor) {
	out := r.b.Output(what, x)
	shape := r.b.Shape(out)
	r.check = append(r.check, func(e prog.Exec) {
		got := make([]float32, shape.Size())
		if err := e.Read(out, got); err != nil {
			r.Fatal(err)
		}
		r.tensor(what, shape, got, want)
	})
}

func (r *functionRun) expectNumber(what string, x prog.Buf, want float64) {
	r.expect(what, x, goldenTensor{Shape: []int{}, Data: []float32{float32(want)}})
}

func (r *functionRun) finish() {
	r.Helper()
	p, err := r.b.Build()
	if err != nil {
		r.Fatal(err)
	}
	e, err := r.backend.Load(p)
	if err != nil {
		r.Fatal(err)
	}
	defer e.Close()
	for _, write := range r.write {
		if err := write(e); err != nil {
			r.Fatal(err)
		}
	}
	if err := e.Run(); err != nil {
		r.Fatal(err)
	}
	for _, check := range r.check {
		check(e)
	}
}

func TestActivationsAreKeras(t *testing.T) {
	eachFunction(t, "activation_functions", func(r *functionRun, c *functionCase) {
		f, err := nn.ActivationFrom(c.config())
		if err != nil {
			t.Fatal(err)
		}
		x := r.begin(c.X)
		y := f.Lower(r.b, x)
		r.expect("y", y, c.Expect.Y)
		if c.Expect.Grad.Data != nil {
			sum := r.b.Reduce(prog.Sum, r.b.Mul(y, r.input("weight", c.Weight)), false)
			r.expect("gradient", prog.Grad(r.b, sum, []prog.Buf{x})[0], c.Expect.Grad)
		}
		r.finish()
	})
}

func TestLossesAreKeras(t *testing.T) {
	eachFunction(t, "loss_functions", func(r *functionRun, c *functionCase) {
		if c.Class == "CTC" {
			c.Config = map[string]any{"max_label_length": c.Target.Shape[1]}
			r.tolerance = tolerance{1e-5, 2e-6} // TensorFlow computes it in float32
		}
		l, err := nn.LossFrom(c.config())
		if err != nil {
			t.Fatal(err)
		}
		pred := r.begin(c.Pred)
		target, err := l.Target(c.Pred.Shape[1:])
		if err != nil || !slices.Equal(target, c.Target.Shape[1:]) {
			t.Fatalf("targets are %v, wanted %v (%v)", target, c.Target.Shape[1:], err)
		}
		if checker, ok := l.(nn.TargetChecker); ok {
			if at, wanted := checker.CheckTargets(c.Pred.Shape[1:], c.Target.Data); at >= 0 {
				t.Errorf("target %d is refused: %s", at, wanted)
			}
		}
		each := l.Each(r.b, pred, r.input("y", c.Target))
		if w := c.SampleWeight; w.Data != nil {
			column := slices.Repeat([]int{1}, max(1, len(r.b.Shape(each))))
			column[0] = w.Shape[0]
			each = r.b.Mul(each, r.b.Reshape(r.input("weight", w), column...))
		}
		loss := r.b.Reduce(prog.Mean, each, false)
		r.expectNumber("loss", loss, c.Expect.Loss)
		r.expect("gradient", prog.Grad(r.b, loss, []prog.Buf{pred})[0], c.Expect.Grad)
		r.finish()
	})
}

func TestRegularizersAreKeras(t *testing.T) {
	eachFunction(t, "regularizer_functions", func(r *functionRun, c *functionCase) {
		reg, err := nn.RegularizerFrom(c.config())
		if err != nil {
			t.Fatal(err)
		}
		x := r.begin(c.X)
		penalty := reg.Penalty(r.b, x)
		r.expectNumber("penalty", penalty, c.Expect.Penalty)
		r.expect("gradient", prog.Grad(r.b, penalty, []prog.Buf{x})[0], c.Expect.Grad)
		r.finish()
	})
}

func TestConstraintsAreKeras(t *testing.T) {
	eachFunction(t, "constraint_functions", func(r *functionRun, c *functionCase) {
		constraint, err := nn.ConstraintFrom(c.config())
		if err != nil {
			t.Fatal(err)
		}
		r.expect("y", constraint.Project(r.b, r.begin(c.X)), c.Expect.Y)
		r.finish()
	})
}
