package nn_test

import (
	"math"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
)

// With a causal mask no output depends on later steps; with a window of w none on steps that are w or more away.
func TestAttentionSeesWhatItMay(t *testing.T) {
	const steps, features = 6, 4
	causal := map[string]any{"use_causal_mask": true}
	for name, c := range map[string]struct {
		layer nn.Layer
		args  map[string]any
		sees  func(from, to int) bool
	}{
		"attention":              {nn.Attention{}, nil, func(i, j int) bool { return true }},
		"causal attention":       {nn.Attention{UseScale: true}, causal, func(i, j int) bool { return j <= i }},
		"causal additive":        {nn.AdditiveAttention{}, causal, func(i, j int) bool { return j <= i }},
		"heads":                  {nn.MultiHeadAttention{Heads: 2, KeyDim: 3}, nil, func(i, j int) bool { return true }},
		"causal heads":           {nn.MultiHeadAttention{Heads: 2, KeyDim: 3}, causal, func(i, j int) bool { return j <= i }},
		"window":                 {nn.MultiHeadAttention{Heads: 2, KeyDim: 3, Window: 2}, nil, func(i, j int) bool { return j-i < 2 && i-j < 2 }},
		"causal window, grouped": {nn.GroupQueryAttention{KeyDim: 3, Heads: 4, Shared: 2, Window: 3}, causal, func(i, j int) bool { return j <= i && i-j < 3 }},
	} {
		x := nn.NewInput(steps, features)
		out, err := nn.ApplyWith(c.layer, c.args, x, x)
		if err != nil {
			t.Fatal(err)
		}
		m := nn.NewModel(nn.Inputs(x), out)
		if err := m.Compile(nn.Training{Seed: 3, Backend: backend()}); err != nil {
			t.Fatal(err)
		}
		values := noise(1, steps*features)
		predict := func() []float32 {
			t.Helper()
			p, err := m.Predict(ctx, mustFloats(t, []int{1, steps, features}, values), nn.PredictOptions{})
			if err != nil {
				t.Fatal(err)
			}
			return p.Data
		}
		before := predict()
		for j := range steps {
			old := append([]float32{}, values...)
			for k := range features {
				values[j*features+k] += 1
			}
			after := predict()
			copy(values, old)
			for i := range steps {
				changed := false
				for k := range features {
					changed = changed || math.Abs(float64(after[i*features+k]-before[i*features+k])) > 1e-7
				}
				if changed != (c.sees(i, j) || i == j) {
					t.Errorf("%s: what step %d returns depends on step %d: %t", name, i, j, changed)
				}
			}
		}
	}
}

// Dropout drops scores in training, other ones each step, and keeps the mean.
func TestAttentionDropout(t *testing.T) {
	const steps = 50
	for name, layer := range map[string]nn.Layer{
		"attention": nn.Attention{Dropout: 0.25}, "additive": nn.AdditiveAttention{Dropout: 0.25},
		"heads": nn.MultiHeadAttention{Heads: 2, KeyDim: 1, Dropout: 0.25, KernelInit: nn.Constant{Value: 1. / 2}},
	} {
		x := nn.NewInput(steps, 1)
		m := nn.NewModel(nn.Inputs(x), nn.Outputs(nn.Apply(layer, x, x)))
		if err := m.Compile(nn.Training{Optimizer: nn.SGD{LearningRate: nn.Zero}, Loss: nn.MeanAbsoluteError, Seed: 5, Backend: backend()}); err != nil {
			t.Fatal(err)
		}
		ones := make([]float32, 20*steps)
		for i := range ones {
			ones[i] = 1
		}
		d := table(t, []int{20, steps, 1}, ones, []int{20, steps, 1}, make([]float32, 20*steps))
		p, err := m.Predict(ctx, d.X(), nn.PredictOptions{})
		if err != nil {
			t.Fatal(err)
		}
		whole := float64(p.Data[0])
		seen := map[float64]bool{}
		for range 3 {
			logs, err := m.TrainOnBatch(ctx, d, nn.BatchOptions{})
			if err != nil {
				t.Fatal(err)
			}
			seen[logs[0].Value] = true
			if math.Abs(logs[0].Value-whole) > 0.02*whole {
				t.Errorf("%s: the mean in training is %v, without dropout %v", name, logs[0].Value, whole)
			}
		}
		if len(seen) != 3 || seen[whole] {
			t.Errorf("%s: three steps have the means %v, wanted different masks", name, seen)
		}
	}
}
