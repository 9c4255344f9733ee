package nn_test

import (
	"math"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
)

// Label smoothing is the loss on targets moved towards the uniform distribution.
func TestLabelSmoothing(t *testing.T) {
	x := []float32{0.5, -1, 2, 0.25, 1, 1}
	for _, c := range []struct {
		units           int
		smoothed, plain nn.Loss
		y, moved        []float32
	}{
		{3, nn.CategoricalCrossentropyLoss{LabelSmoothing: 0.3}, nn.CategoricalCrossentropy,
			[]float32{1, 0, 0, 0, 0, 1}, []float32{0.8, 0.1, 0.1, 0.1, 0.1, 0.8}},
		{1, nn.BinaryCrossentropyLoss{LabelSmoothing: 0.3}, nn.BinaryCrossentropy, []float32{1, 0}, []float32{0.85, 0.15}},
	} {
		activation := nn.Softmax
		if c.units == 1 {
			activation = nn.Sigmoid
		}
		m := nn.NewSequential(nn.Input(3), nn.Dense{Units: c.units, Activation: activation})
		loss := func(l nn.Loss, y []float32) float64 {
			if err := m.Compile(nn.Training{Loss: l, Backend: backend()}); err != nil {
				t.Fatal(err)
			}
			logs, err := m.Evaluate(ctx, table(t, []int{2, 3}, x, []int{2, c.units}, y), nn.EvalOptions{})
			if err != nil {
				t.Fatal(err)
			}
			v, _ := logs.Get("loss")
			return v
		}
		smoothed, moved, plain := loss(c.smoothed, c.y), loss(c.plain, c.moved), loss(c.plain, c.y)
		if math.Abs(smoothed-moved) > 1e-6 || math.Abs(smoothed-plain) < 1e-2 {
			t.Errorf("%T: smoothed %v, on moved targets %v, not smoothed %v", c.smoothed, smoothed, moved, plain)
		}
	}
}

// The weights of validation samples count in its loss, and only there.
func TestValidationWeight(t *testing.T) {
	d := stripes(t, 20, 1)
	weights := make([]float32, 20)
	weights[3] = 20
	m := compiled(t, smallCNN(), nn.SGD{LearningRate: nn.Zero}, 1)
	h, err := m.Fit(ctx, d, nn.FitOptions{Validation: d, ValidationWeight: weights})
	if err != nil {
		t.Fatal(err)
	}
	one := make([]float32, 64)
	d.X().CopyRow(one, 3)
	y := make([]float32, 4)
	d.Y().CopyRow(y, 3)
	logs, err := m.Evaluate(ctx, table(t, []int{1, 8, 8, 1}, one, []int{1, 4}, y), nn.EvalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want, _ := logs.Get("loss")
	if got := h.Values["val_loss"][0]; math.Abs(got-want) > 1e-5 {
		t.Errorf("val_loss is %v, wanted that of sample 3, %v", got, want)
	}
}

// An activity regularizer adds its penalty on a batch's outputs divided by the batch's size, as Keras 3.15 does.
func TestActivityRegularizer(t *testing.T) {
	m := nn.NewSequential(nn.Input(1), nn.Dense{Units: 1, NoBias: true, KernelInit: nn.Ones{}, ActivityReg: nn.L1L2{L1: 0.1, L2: 0.01}})
	if err := m.Compile(nn.Training{Loss: nn.MeanSquaredError, Backend: backend()}); err != nil {
		t.Fatal(err)
	}
	x := []float32{1, -2, 3}
	logs, err := m.Evaluate(ctx, table(t, []int{3, 1}, x, []int{3, 1}, x), nn.EvalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := (0.1*(1+2+3) + 0.01*(1+4+9)) / 3
	if loss, _ := logs.Get("loss"); math.Abs(loss-want) > 1e-6 {
		t.Errorf("the loss is %v, wanted the penalty alone, %v", loss, want)
	}
}
