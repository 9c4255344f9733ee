package nn_test

import (
	"errors"
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/data"
	"github.com/tabgrad/tabgrad/nn/prog"
)

// Constants that are not the default travel in a config, and back.
func TestActivationConfigs(t *testing.T) {
	for _, f := range []nn.ActivationFunc{
		nn.ReLU.With(0.1), nn.ReLU.With(0, 6), nn.ReLU.With(0.1, 3, -1), nn.ELU.With(2), nn.CELU.With(0.5), nn.GELUTanh, nn.Threshold.With(0.5, -1),
		nn.HardShrink.With(1), nn.Squareplus.With(0), nn.Softmax.With(1), nn.GLU.With(2), nn.Mish,
	} {
		config, err := nn.Config(f)
		if err != nil {
			t.Fatal(err)
		}
		again, err := nn.ActivationFrom(config)
		if err != nil || again != f {
			t.Errorf("%v: %v reads back as %v, %v", f, config, again, err)
		}
	}
	if config, _ := nn.Config(nn.ReLU); config != "relu" {
		t.Errorf("relu's config is %v", config)
	}
	want := map[string]any{"class_name": "relu", "config": map[string]any{"max_value": 6.0}}
	if config, _ := nn.Config(nn.ReLU.With(0, 6)); !reflect.DeepEqual(config, want) {
		t.Errorf("got %v, wanted %v", config, want)
	}
}

// What activations are refused with.
func TestActivationErrors(t *testing.T) {
	config := func(name string, args map[string]any) any {
		return map[string]any{"class_name": name, "config": args}
	}
	for _, c := range []struct {
		config any
		text   string
	}{
		{config("relu", map[string]any{"alpha": 6}), `activation: relu has no argument "alpha"`},
		{config("relu", map[string]any{"negative_slope": -1}), `activation: relu: negative_slope is -1, wanted at least 0`},
		{config("relu", map[string]any{"max_value": "x"}), `activation: relu: max_value is "x", wanted at least 0`},
		{config("elu", map[string]any{"alpha": -0.5}), `activation: elu: alpha is -0.5, wanted at least 0`},
		{config("celu", map[string]any{"alpha": 0}), `activation: celu: alpha is 0, wanted more than 0`},
		{config("gelu", map[string]any{"approximate": 1}), `activation: gelu: approximate is 1, wanted true or false`},
		{config("softmax", map[string]any{"axis": 1.5}), `activation: softmax: axis is 1.5, wanted a whole number`},
		{config("threshold", map[string]any{"threshold": 1}), `activation: threshold: default_value is missing`},
		{config("threshold", map[string]any{"threshold": 1, "default_value": "x"}), `activation: threshold: default_value is "x", wanted a finite number`},
		{config("squareplus", map[string]any{"b": -4}), `activation: squareplus: b is -4, wanted at least 0`},
		{"swiss", `activation "swiss" is unknown, wanted one of linear, relu, relu6, leaky_relu, elu, celu, selu, gelu, silu, mish, sigmoid, log_sigmoid, hard_sigmoid, hard_silu, sparse_sigmoid, tanh, hard_tanh, tanh_shrink, hard_shrink, soft_shrink, threshold, softplus, squareplus, sparse_plus, softsign, exponential, softmax, log_softmax, sparsemax, glu`},
	} {
		_, err := nn.ActivationFrom(c.config)
		if !errors.Is(err, nn.ErrConfig) || err.Error() != c.text {
			t.Errorf("%v: got %v, wanted %s", c.config, err, c.text)
		}
	}
	for _, c := range []struct {
		layer nn.Layer
		in    []int
		kind  error
		text  string
	}{
		{nn.Activation{Fn: nn.GLU}, []int{5}, nn.ErrShape, "activation: glu: input [5] has 5 elements along axis -1, wanted an even number"},
		{nn.Activation{Fn: nn.GLU.With(1)}, []int{3, 4}, nn.ErrShape, "activation: glu: input [3,4] has 3 elements along axis 1, wanted an even number"},
		{nn.Activation{Fn: nn.Softmax.With(0)}, []int{5}, nn.ErrConfig, "activation: softmax: axis is 0, wanted -1 to -1 or 1 to 1: the input [5] has these dimensions, and 0 is the batch"},
		{nn.Activation{Fn: nn.LogSoftmax.With(-3)}, []int{5, 2}, nn.ErrConfig, "activation: log_softmax: axis is -3, wanted -2 to -1 or 1 to 2: the input [5,2] has these dimensions, and 0 is the batch"},
		{nn.Activation{Fn: nn.ELU.With(-1)}, []int{5}, nn.ErrConfig, "activation: activation: alpha is -1, wanted at least 0"},
		{nn.Dense{Units: 4, Activation: nn.GLU}, []int{5}, nn.ErrConfig, "dense: activation is glu, which halves its input: wanted as an Activation layer behind this one"},
	} {
		err := nn.NewSequential(nn.Input(c.in...), c.layer).Compile(nn.Training{})
		if !errors.Is(err, c.kind) || err.Error() != c.text {
			t.Errorf("%+v: got %v, wanted %s", c.layer, err, c.text)
		}
	}
}

// GLU halves the shape, along its axis.
func TestGLUShape(t *testing.T) {
	for axis, want := range map[int][]int{-1: {4, 3}, 1: {2, 6}} {
		m := nn.NewSequential(nn.Input(4, 6), nn.Activation{Fn: nn.GLU.With(float64(axis))})
		if got := m.OutputShape(); !reflect.DeepEqual(got, want) {
			t.Errorf("axis %d: %v, wanted %v", axis, got, want)
		}
	}
}

// Sparsemax is algorithm 1 of Martins and Astudillo 2016, which sorts; Keras 3.15's is wrong.
func TestSparsemax(t *testing.T) {
	sparsemax := func(z []float64) []float64 {
		sorted := slices.Clone(z)
		slices.SortFunc(sorted, func(a, b float64) int { return int(math.Copysign(1, b-a)) })
		sum, tau := 0.0, 0.0
		for k, v := range sorted {
			if sum += v; 1+float64(k+1)*v > sum {
				tau = (sum - 1) / float64(k+1)
			}
		}
		p := make([]float64, len(z))
		for i, v := range z {
			p[i] = max(v-tau, 0)
		}
		return p
	}
	const rows, n = 50, 7
	r := data.NewRandom(1, 0)
	x := goldenTensor{Shape: []int{rows, n}, Data: make([]float32, rows*n)}
	weight := goldenTensor{Shape: x.Shape, Data: make([]float32, rows*n)}
	for i := range x.Data {
		x.Data[i] = float32(math.Round((r.Float64()*4-2)*8) / 8) // with equal ones
		weight.Data[i] = float32(r.Float64())
	}
	want := goldenTensor{Shape: x.Shape}
	grad := goldenTensor{Shape: x.Shape}
	for at := 0; at < rows*n; at += n {
		z := make([]float64, n)
		for i := range z {
			z[i] = float64(x.Data[at+i])
		}
		p := sparsemax(z)
		total, mean, support := 0.0, 0.0, 0.0
		for i, v := range p {
			want.Data = append(want.Data, float32(v))
			if total += v; v > 0 {
				support++
				mean += float64(weight.Data[at+i])
			}
		}
		if math.Abs(total-1) > 1e-12 {
			t.Fatalf("the reference's row is %v", p)
		}
		for i, v := range p { // the Jacobian: the support's indicator, centred on the support
			d := 0.0
			if v > 0 {
				d = float64(weight.Data[at+i]) - mean/support
			}
			grad.Data = append(grad.Data, float32(d))
		}
	}
	for _, p := range functionPrecisions {
		for axis, shape := range map[float64][]int{-1: {rows, n}, 1: {rows, n, 1}} {
			run := &functionRun{goldenRun: goldenRun{T: t, tolerance: p.tolerance, backend: p.backend(t)}}
			buf := run.begin(x)
			y := run.b.Reshape(nn.Sparsemax.With(axis).Lower(run.b, run.b.Reshape(buf, shape...)), rows, n)
			run.expect(p.name+": y", y, want)
			sum := run.b.Reduce(prog.Sum, run.b.Mul(y, run.input("weight", weight)), false)
			run.expect(p.name+": gradient", prog.Grad(run.b, sum, []prog.Buf{buf})[0], grad)
			run.finish()
		}
	}
}
