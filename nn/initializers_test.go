package nn_test

import (
	"errors"
	"math"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/prog"
)

// Orthogonal's rows or columns, whichever are fewer, are orthogonal and of length Gain.
func TestOrthogonal(t *testing.T) {
	for _, shape := range []prog.Shape{{40, 40}, {50, 20}, {20, 50}, {3, 3, 4, 10}, {1, 7}, {7, 1}} {
		w := make([]float32, shape.Size())
		nn.Orthogonal{Gain: 1.5}.Init(w, shape, nn.NewStream(3, 0))
		columns := shape.Last()
		rows := len(w) / columns
		many, few := rows, columns
		at := func(k, i int) float64 { return float64(w[i*columns+k]) }
		if rows < columns {
			many, few = columns, rows
			at = func(k, i int) float64 { return float64(w[k*columns+i]) }
		}
		for a := range few {
			for b := range few {
				dot, want := 0.0, 0.0
				for i := range many {
					dot += at(a, i) * at(b, i)
				}
				if a == b {
					want = 1.5 * 1.5
				}
				if math.Abs(dot-want) > 1e-6 {
					t.Fatalf("%v: the product of %d and %d is %v, wanted %v", shape, a, b, dot, want)
				}
			}
		}
	}
	// Both signs: without R's positive diagonal the first element would always be of one.
	positive := 0
	for seed := range uint64(200) {
		w := make([]float32, 9)
		nn.Orthogonal{Gain: 1}.Init(w, prog.Shape{3, 3}, nn.NewStream(seed+1, 0))
		if w[0] > 0 {
			positive++
		}
	}
	if positive < 70 || positive > 130 {
		t.Errorf("the first element is positive %d times in 200", positive)
	}
}

// Identity is exact.
func TestIdentity(t *testing.T) {
	for _, shape := range []prog.Shape{{3, 3}, {2, 4}, {4, 2}, {1, 1}} {
		w := make([]float32, shape.Size())
		nn.Identity{Gain: 3}.Init(w, shape, nil)
		for i, v := range w {
			want := float32(0)
			if i/shape[1] == i%shape[1] {
				want = 3
			}
			if v != want {
				t.Errorf("%v: element %d is %v, wanted %v", shape, i, v, want)
			}
		}
	}
}

// What initializers, regularizers and constraints are refused with, by themselves and by the variables that they do
// not fit.
func TestVariableErrors(t *testing.T) {
	config := func(name string, args map[string]any) any {
		return map[string]any{"class_name": name, "config": args}
	}
	for _, c := range []struct {
		kind   nn.Kind
		config any
		text   string
	}{
		{nn.KindInitializer, config("VarianceScaling", map[string]any{"mode": "fan_up"}), `variance_scaling: mode is "fan_up", wanted fan_in or fan_out or fan_avg`},
		{nn.KindInitializer, config("VarianceScaling", map[string]any{"distribution": 3}), `variance_scaling: distribution is 3, wanted a string`},
		{nn.KindInitializer, config("VarianceScaling", map[string]any{"scale": -1}), `variance_scaling: scale is -1, wanted at least 1e-30`},
		{nn.KindInitializer, config("Orthogonal", map[string]any{"gain": "x"}), `orthogonal: gain is "x", wanted a number`},
		{nn.KindRegularizer, config("OrthogonalRegularizer", map[string]any{"mode": "diagonals"}), `orthogonal_regularizer: mode is "diagonals", wanted rows or columns`},
		{nn.KindRegularizer, config("OrthogonalRegularizer", map[string]any{"factor": -1}), `orthogonal_regularizer: factor is -1, wanted at least 0`},
		{nn.KindConstraint, config("MaxNorm", map[string]any{"max_value": -1}), `max_norm: max_value is -1, wanted at least 0`},
		{nn.KindConstraint, config("MaxNorm", map[string]any{"axis": "x"}), `max_norm: axis is "x", wanted a whole number or a list of them`},
		{nn.KindConstraint, config("MinMaxNorm", map[string]any{"rate": 2}), `min_max_norm: rate is 2, wanted 0 to 1`},
		{nn.KindConstraint, "norm", `constraint "norm" is unknown, wanted one of max_norm, non_neg, unit_norm, min_max_norm`},
	} {
		_, err := fromAny(c.kind, c.config)
		if !errors.Is(err, nn.ErrConfig) || err.Error() != c.text {
			t.Errorf("%v: got %v, wanted %s", c.config, err, c.text)
		}
	}
	for _, c := range []struct {
		layer nn.Dense
		kind  error
		text  string
	}{
		{nn.Dense{Units: 2, BiasInit: nn.Orthogonal{}}, nn.ErrShape, "dense: bias: orthogonal: the variable is [2], wanted at least two dimensions"},
		{nn.Dense{Units: 2, BiasInit: nn.Identity{}}, nn.ErrShape, "dense: bias: identity: the variable is [2], wanted a matrix"},
		{nn.Dense{Units: 2, BiasReg: nn.OrthogonalRegularizer{}}, nn.ErrShape, "dense: bias: orthogonal_regularizer: the variable is [2], wanted a matrix"},
		{nn.Dense{Units: 2, KernelConstraint: nn.MaxNorm{Axis: []int{2}}}, nn.ErrConfig, "dense: kernel: max_norm: axis is [2], wanted different numbers from -2 to 1 for a variable of [3,2]"},
		{nn.Dense{Units: 2, KernelConstraint: nn.UnitNorm{Axis: []int{1, -1}}}, nn.ErrConfig, "dense: kernel: unit_norm: axis is [1 -1], wanted different numbers from -2 to 1 for a variable of [3,2]"},
		{nn.Dense{Units: 2, BiasConstraint: nn.MinMaxNorm{Min: 2}}, nn.ErrConfig, "dense: bias: min_max_norm: min_value is 2, wanted at most max_value, 1"},
		{nn.Dense{Units: 2, BiasConstraint: nn.MaxNorm{Max: -1}}, nn.ErrConfig, "dense: bias_constraint: max_value is -1, wanted at least 0"},
	} {
		err := nn.NewSequential(nn.Input(3), c.layer).Compile(nn.Training{})
		if !errors.Is(err, c.kind) || err.Error() != c.text {
			t.Errorf("%+v: got %v, wanted %s", c.layer, err, c.text)
		}
	}
}

// A constraint holds after every step of a fit, and a frozen layer's variables are left as they are.
func TestConstraintsHoldInFit(t *testing.T) {
	d := stripes(t, 40, 1)
	m := nn.NewSequential(nn.Input(8, 8, 1), nn.Conv2D{Filters: 3, Kernel: nn.Size2{3, 3}, KernelConstraint: nn.UnitNorm{Axis: []int{0, 1, 2}}, Frozen: true},
		nn.Flatten{}, nn.Dense{Units: 5, KernelConstraint: nn.MaxNorm{Max: 0.5}, BiasConstraint: nn.NonNeg{}}, nn.Dense{Units: 4, Activation: nn.Softmax})
	if err := m.Compile(nn.Training{Optimizer: nn.SGD{LearningRate: 0.5}, Loss: nn.CategoricalCrossentropy, Seed: 2, Backend: backend()}); err != nil {
		t.Fatal(err)
	}
	frozen := mustWeights(t, m)[0].Data
	free := false
	check := nn.LambdaCallback{OnBatchEnd: func(*nn.Progress) error {
		w := mustWeights(t, m)
		for k := range 5 {
			sum := 0.0
			for i := range w[2].Shape[0] {
				v := float64(w[2].Data[i*5+k])
				sum += v * v
			}
			if math.Sqrt(sum) > 0.5+1e-5 {
				t.Errorf("unit %d has the norm %v", k, math.Sqrt(sum))
			}
			if w[3].Data[k] < 0 {
				t.Errorf("bias %d is %v", k, w[3].Data[k])
			}
		}
		for i, v := range w[0].Data {
			if v != frozen[i] {
				t.Errorf("the frozen kernel changed")
				break
			}
		}
		for _, v := range w[5].Data {
			free = free || v < 0
		}
		return nil
	}}
	if _, err := m.Fit(ctx, d, nn.FitOptions{BatchSize: 8, Epochs: 2, Callbacks: []nn.Callback{check}}); err != nil {
		t.Fatal(err)
	}
	if !free {
		t.Error("the bias without a constraint was never below 0, so the test shows nothing")
	}
}
