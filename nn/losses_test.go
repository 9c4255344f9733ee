package nn_test

import (
	"errors"
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

// Small errors' ln cosh e, e²/2 - e⁴/12 + ..., is not lost in the difference of larger numbers.
func TestLogCoshOfSmallErrors(t *testing.T) {
	m := nn.NewSequential(nn.Input(1))
	if err := m.Compile(nn.Training{Loss: nn.LogCosh, Backend: backend()}); err != nil {
		t.Fatal(err)
	}
	for _, e := range []float64{0.2, -0.05, 0.01, -0.002} {
		logs, err := m.Evaluate(ctx, table(t, []int{1, 1}, []float32{float32(e)}, []int{1, 1}, []float32{0}), nn.EvalOptions{})
		if err != nil {
			t.Fatal(err)
		}
		want := math.Log(math.Cosh(e))
		if got, _ := logs.Get("loss"); math.Abs(got-want) > 1e-4*want {
			t.Errorf("ln cosh %g is %g, wanted %g", e, got, want)
		}
	}
}

// What losses are refused with.
func TestLossErrors(t *testing.T) {
	config := func(name string, args map[string]any) any {
		return map[string]any{"class_name": name, "config": args}
	}
	for _, c := range []struct {
		loss any
		out  []int
		kind error
		text string
	}{
		{config("Huber", map[string]any{"delta": -1}), nil, nn.ErrConfig, "huber: delta is -1, wanted at least 0"},
		{config("Huber", map[string]any{"delta": "wide"}), nil, nn.ErrConfig, `huber: delta is "wide", wanted a number`},
		{config("Huber", map[string]any{"gamma": 1}), nil, nn.ErrConfig, `huber: unknown argument "gamma" (1), wanted one of delta`},
		{config("Huber", map[string]any{"reduction": "sum"}), nil, nn.ErrConfig, `huber: reduction is "sum", and only "sum_over_batch_size" is supported`},
		{config("BinaryFocalCrossentropy", map[string]any{"alpha": 2}), nil, nn.ErrConfig, "binary_focal_crossentropy: alpha is 2, wanted 0 to 1"},
		{config("BinaryFocalCrossentropy", map[string]any{"apply_class_balancing": 1}), nil, nn.ErrConfig, "binary_focal_crossentropy: apply_class_balancing is 1, wanted true or false"},
		{config("CategoricalFocalCrossentropy", map[string]any{"gamma": -2}), nil, nn.ErrConfig, "categorical_focal_crossentropy: gamma is -2, wanted at least 0"},
		{config("CategoricalCrossentropy", map[string]any{"label_smoothing": 1.5}), nil, nn.ErrConfig, "categorical_crossentropy: label_smoothing is 1.5, wanted 0 to 1"},
		{config("SparseCategoricalCrossentropy", map[string]any{"ignore_class": 0.5}), nil, nn.ErrConfig, "sparse_categorical_crossentropy: ignore_class is 0.5, wanted a whole number"},
		{config("CategoricalGeneralizedCrossEntropy", map[string]any{"q": 1}), nil, nn.ErrConfig, "categorical_generalized_cross_entropy: q is 1, wanted at least 1e-06 and less than 1"},
		{config("Tversky", map[string]any{"alpha": -1}), nil, nn.ErrConfig, "tversky: alpha is -1, wanted at least 0"},
		{config("Dice", map[string]any{"axis": "all"}), nil, nn.ErrConfig, `dice: axis is "all", wanted a whole number or a list of them`},
		{config("Dice", map[string]any{"axis": []any{1, 4}}), []int{3, 3}, nn.ErrConfig, "dice: axis is [1 4], wanted different numbers from -3 to 2 for predictions of [3,3] with their batch"},
		{config("Tversky", map[string]any{"axis": []any{1, -2}}), []int{3, 3}, nn.ErrConfig, "tversky: axis is [1 -2], wanted different numbers from -3 to 2 for predictions of [3,3] with their batch"},
		{config("CosineSimilarity", map[string]any{"axis": 2}), []int{3}, nn.ErrConfig, "cosine_similarity: axis is 2, wanted -2 to 1 for predictions of [3] with their batch"},
		{config("CTC", nil), nil, nn.ErrConfig, "ctc: max_label_length is missing"},
		{config("CTC", map[string]any{"max_label_length": 9}), []int{4, 5}, nn.ErrConfig, "ctc: max_label_length is 9, wanted at most the 4 steps of the model's output [4,5]"},
		{config("CTC", map[string]any{"max_label_length": 2}), []int{5}, nn.ErrShape, "the model's output is [5], ctc wants [steps, classes] with at least two classes"},
		{"circle", []int{4, 5}, nn.ErrShape, "circle: the model's output is [4,5], wanted one vector a sample"},
		{"categorical_hinge", []int{1}, nn.ErrShape, "the model's output is [1], categorical hinge wants at least two classes; for one use hinge"},
		{config("Circle", map[string]any{"margin": 3}), nil, nn.ErrConfig, "circle: margin is 3, wanted 0 to 1"},
	} {
		l, err := nn.LossFrom(c.loss)
		if err == nil && c.out != nil {
			_, err = l.Target(c.out)
		}
		if !errors.Is(err, c.kind) || err.Error() != c.text {
			t.Errorf("%v: got %v, wanted %s", c.loss, err, c.text)
		}
	}
}

// Targets that losses make no sense of.
func TestTargetErrors(t *testing.T) {
	for _, c := range []struct {
		loss   nn.TargetChecker
		out    []int
		y      []float32
		at     int
		wanted string
	}{
		{nn.SparseCategoricalCrossentropyLoss{IgnoreClass: new(-1)}, []int{3}, []float32{2, -1, 3}, 2, "wanted a class, a whole number from 0 to 2, or -1"},
		{nn.CategoricalGeneralizedCrossEntropy, []int{3}, []float32{2, 0.5}, 1, "wanted a class, a whole number from 0 to 2"},
		{nn.BinaryFocalCrossentropy, []int{2}, []float32{0, 2}, 1, "wanted a number from 0 to 1"},
		{nn.CategoricalFocalCrossentropy, []int{2}, []float32{-1, 0}, 0, "wanted a number from 0 to 1"},
		{nn.Circle, []int{4}, []float32{3, 1.5}, 1, "wanted a class, a whole number"},
		{nn.CTCLoss{MaxLabels: 3}, []int{4, 5}, []float32{1, 2, 0, 1, 0, 2}, 5, "wanted 0: the target ended before"},
		{nn.CTCLoss{MaxLabels: 3}, []int{4, 5}, []float32{1, 5, 0}, 1, "wanted a class, a whole number from 0 to 4"},
		{nn.CTCLoss{MaxLabels: 3}, []int{4, 5}, []float32{1, 1, 2, 3, 3, 3}, 5, "wanted fewer labels: with a blank between equal ones they take more than the output's 4 steps"},
		{nn.CTCLoss{MaxLabels: 3}, []int{5, 5}, []float32{1, 1, 1}, -1, ""},
	} {
		if at, wanted := c.loss.CheckTargets(c.out, c.y); at != c.at || wanted != c.wanted {
			t.Errorf("%T %v: %d, %q, wanted %d, %q", c.loss, c.y, at, wanted, c.at, c.wanted)
		}
	}
}
