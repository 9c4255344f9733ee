package nn_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/data"
)

// Numbers that have no vector are an error that says which sample holds which, wherever data come in.
func TestEmbeddingChecksItsNumbers(t *testing.T) {
	inner := nn.NewSequential(nn.Input(2, 2), nn.Embedding{InputDim: 5, OutputDim: 3}, nn.Flatten{}, nn.Dense{Units: 1})
	for name, m := range map[string]*nn.Model{
		"first":           nn.NewSequential(nn.Input(4), nn.Embedding{InputDim: 5, OutputDim: 3}, nn.Flatten{}, nn.Dense{Units: 1}),
		"behind reshapes": nn.NewSequential(nn.Input(4), nn.Reshape{Target: []int{2, 2}}, nn.Flatten{}, nn.Embedding{InputDim: 5, OutputDim: 3}, nn.Flatten{}, nn.Dense{Units: 1}),
		"inside":          nn.NewSequential(nn.Input(4), nn.Reshape{Target: []int{2, 2}}, inner),
	} {
		for _, c := range []struct {
			bad  float32
			text string
		}{
			{5, "embedding: sample 2 holds 5 at element 3, wanted a whole number from 0 to 4"},
			{-1, "embedding: sample 2 holds -1 at element 3, wanted a whole number from 0 to 4"},
			{1.5, "embedding: sample 2 holds 1.5 at element 3, wanted a whole number from 0 to 4"},
			{1e30, "embedding: sample 2 holds 1e+30 at element 3, wanted a whole number from 0 to 4"},
		} {
			if err := m.Compile(nn.Training{Optimizer: nn.SGD{}, Loss: nn.MeanSquaredError, Backend: backend()}); err != nil {
				t.Fatal(err)
			}
			x := []float32{0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, c.bad, 1, 1, 1, 1}
			d := table(t, []int{4, 4}, x, []int{4, 1}, make([]float32, 4))
			_, fit := m.Fit(ctx, d, nn.FitOptions{BatchSize: 2, NoShuffle: true})
			_, evaluate := m.Evaluate(ctx, d, nn.EvalOptions{BatchSize: 3})
			_, predict := m.Predict(ctx, d.X(), nn.PredictOptions{BatchSize: 2})
			_, step := m.TrainOnBatch(ctx, d, nn.BatchOptions{})
			for what, err := range map[string]error{"fit": fit, "evaluate": evaluate, "predict": predict, "train on batch": step} {
				if !errors.Is(err, nn.ErrData) || err.Error() != c.text {
					t.Errorf("%s: %s: %v, wanted %s", name, what, err, c.text)
				}
			}
		}
		ok := table(t, []int{2, 4}, []float32{0, 1, 2, 3, 4, 0, 1, 2}, []int{2, 1}, make([]float32, 2))
		if _, err := m.Fit(ctx, ok, nn.FitOptions{}); err != nil {
			t.Errorf("%s: afterwards: %v", name, err)
		}
	}
	x := mustFloats(t, []int{1, 1}, []float32{7})
	if _, err := nn.NewSequential(nn.Input(1), nn.Embedding{InputDim: 5, OutputDim: 2, Name: "words"}).Predict(ctx, x, nn.PredictOptions{}); err == nil || err.Error() != "words: sample 0 holds 7 at element 0, wanted a whole number from 0 to 4" {
		t.Errorf("without Compile: %v", err)
	}
}

// Where the numbers come from a layer, so that the data say nothing, a wrong one does not go unseen.
func TestEmbeddingOfWhatALayerMakes(t *testing.T) {
	m := nn.NewSequential(nn.Input(2), nn.Dense{Units: 2, KernelInit: nn.Identity{}, Frozen: true}, nn.Embedding{InputDim: 3, OutputDim: 2}, nn.Flatten{}, nn.Dense{Units: 1})
	if err := m.Compile(nn.Training{Optimizer: nn.SGD{}, Loss: nn.MeanSquaredError, Backend: backend()}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		x   []float32
		bad bool
	}{{[]float32{0, 2}, false}, {[]float32{0, 3}, true}, {[]float32{-1, 0}, true}} {
		d := table(t, []int{1, 2}, c.x, []int{1, 1}, []float32{1})
		p, err := m.Predict(ctx, d.X(), nn.PredictOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if isNaN := math.IsNaN(float64(p.Data[0])); isNaN != c.bad {
			t.Errorf("%v gives %v", c.x, p.Data)
		}
		if _, err := m.Fit(ctx, d, nn.FitOptions{}); errors.Is(err, nn.ErrDiverged) != c.bad {
			t.Errorf("a fit on %v: %v", c.x, err)
		}
	}
}

// Vectors that are given are what training begins with; the config has them not, the weights do.
func TestEmbeddingWeights(t *testing.T) {
	m := nn.NewSequential(nn.Input(1), nn.WithWeights(nn.Embedding{InputDim: 2, OutputDim: 3}, []float32{1, 2, 3, 4, 5, 6}))
	if got := mustWeights(t, m)[0].Data; !slices.Equal(got, []float32{1, 2, 3, 4, 5, 6}) {
		t.Errorf("the vectors are %v", got)
	}
	config, err := nn.Config(m.Layers()[1].Layer())
	if err != nil {
		t.Fatal(err)
	}
	if v := config.(map[string]any)["config"].(map[string]any)["weights"]; v != nil {
		t.Errorf("the config holds the vectors: %v", v)
	}
}

// A model of padded sentences learns to tell which of two words comes first, whatever follows the padding.
func TestMaskedModelLearns(t *testing.T) {
	const n, steps = 128, 6
	r := data.NewRandom(1, 0)
	x, classes := make([]float32, n*steps), make([]int, n)
	for i := range n {
		sentence := x[i*steps : (i+1)*steps]
		length := 3 + r.IntN(steps-2)
		for k := range length {
			sentence[k] = float32(3 + r.IntN(5))
		}
		classes[i] = r.IntN(2)
		first := r.IntN(length - 1)
		second := first + 1 + r.IntN(length-first-1)
		sentence[first], sentence[second] = float32(1+classes[i]), float32(2-classes[i])
	}
	m := nn.NewSequential(nn.Input(steps), nn.Embedding{InputDim: 8, OutputDim: 8, MaskZero: true},
		nn.Bidirectional{Layer: nn.LSTM{Units: 8}}, nn.Dense{Units: 2, Activation: nn.Softmax})
	if err := m.Compile(nn.Training{Optimizer: nn.Adam{LearningRate: 0.01}, Loss: nn.CategoricalCrossentropy, Metrics: []nn.Metric{nn.Accuracy}, Seed: 1, Backend: backend()}); err != nil {
		t.Fatal(err)
	}
	d := table(t, []int{n, steps}, x, []int{n, 2}, oneHot(classes, 2))
	h, err := m.Fit(ctx, d, nn.FitOptions{Epochs: 40})
	if err != nil {
		t.Fatal(err)
	}
	if a := h.Values["accuracy"]; a[len(a)-1] < 0.98 {
		t.Errorf("after 40 epochs the accuracy is %v", a[len(a)-1])
	}

	// Padding, more of it, changes nothing.
	longer := make([]float32, n*2*steps)
	for i := range n {
		copy(longer[i*2*steps:], x[i*steps:(i+1)*steps])
	}
	wide := nn.NewSequential(nn.Input(2*steps), nn.Embedding{InputDim: 8, OutputDim: 8, MaskZero: true},
		nn.Bidirectional{Layer: nn.LSTM{Units: 8}}, nn.Dense{Units: 2, Activation: nn.Softmax})
	if err := wide.SetWeights(mustWeights(t, m)); err != nil {
		t.Fatal(err)
	}
	a, err := m.Predict(ctx, d.X(), nn.PredictOptions{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := wide.Predict(ctx, mustFloats(t, []int{n, 2 * steps}, longer), nn.PredictOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range a.Data {
		if math.Abs(float64(a.Data[i]-b.Data[i])) > 1e-6 {
			t.Fatalf("output %d is %v, with more padding %v", i, a.Data[i], b.Data[i])
		}
	}
}
