package main

import (
	"context"
	"slices"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/prog"
)

// A model that is profiled.
type model struct {
	layers    []nn.Layer
	optimizer nn.Optimizer
}

// models are www/bench's, by the ids of page/workloads.js; the LSTM with GRUs in its place; and a small Transformer, without its
// normalization, which is worth batches of 32.
var models = map[string]model{
	"cnn": {
		optimizer: nn.Adadelta{LearningRate: 1},
		layers: []nn.Layer{
			nn.Input(28, 28, 1),
			nn.Conv2D{Filters: 32, Kernel: nn.Size2{3, 3}, Activation: nn.ReLU},
			nn.Conv2D{Filters: 64, Kernel: nn.Size2{3, 3}, Activation: nn.ReLU},
			nn.MaxPooling2D{Pool: nn.Size2{2, 2}},
			nn.Dropout{Rate: 0.25},
			nn.Flatten{},
			nn.Dense{Units: 128, Activation: nn.ReLU},
			nn.Dropout{Rate: 0.5},
			nn.Dense{Units: 10, Activation: nn.Softmax},
		},
	},
	"mlp": {
		optimizer: nn.Adam{},
		layers: []nn.Layer{
			nn.Input(784),
			nn.Dense{Units: 128, Activation: nn.ReLU},
			nn.Dense{Units: 10, Activation: nn.Softmax},
		},
	},
	"mlp512": {
		optimizer: nn.Adam{},
		layers: []nn.Layer{
			nn.Input(784),
			nn.Dense{Units: 512, Activation: nn.ReLU},
			nn.Dense{Units: 512, Activation: nn.ReLU},
			nn.Dense{Units: 10, Activation: nn.Softmax},
		},
	},
	"lstm": {
		optimizer: nn.Adam{},
		layers:    []nn.Layer{nn.Input(28, 28), nn.LSTM{Units: 128}, nn.Dense{Units: 10, Activation: nn.Softmax}},
	},
	"gru": {
		optimizer: nn.Adam{},
		layers:    []nn.Layer{nn.Input(28, 28), nn.GRU{Units: 128}, nn.Dense{Units: 10, Activation: nn.Softmax}},
	},
	"transformer": {
		optimizer: nn.Adam{},
		layers: []nn.Layer{
			nn.Input(64), nn.Embedding{InputDim: 96, OutputDim: 128}, attentive(64, 128, 4), attentive(64, 128, 4), nn.Dense{Units: 96, Activation: nn.Softmax},
		},
	},
	"residual": {
		optimizer: nn.AdamW{},
		layers:    []nn.Layer{residual(), nn.GlobalAveragePooling2D{}, nn.Dense{Units: 10, Activation: nn.Softmax}},
	},
	"deep": {
		optimizer: nn.Adam{},
		layers: slices.Concat(
			[]nn.Layer{nn.Input(32, 32, 3)}, block(32), block(64), block(128),
			[]nn.Layer{nn.Flatten{}, nn.Dense{Units: 10, Activation: nn.Softmax}},
		),
	},
}

// attentive is a block of a small causal Transformer, without its normalization.
func attentive(steps, width, heads int) *nn.Model {
	x := nn.NewInput(steps, width)
	found, err := nn.ApplyWith(nn.MultiHeadAttention{Heads: heads, KeyDim: width / heads}, map[string]any{"use_causal_mask": true}, x, x)
	if err != nil {
		panic(err)
	}
	y := nn.Apply(nn.Add{}, x, found[0])
	z := nn.Apply(nn.Dense{Units: width}, nn.Apply(nn.Dense{Units: 4 * width, Activation: nn.ReLU}, y))
	return nn.NewModel(nn.Inputs(x), nn.Outputs(nn.Apply(nn.Add{}, y, z)))
}

// residual is nn/examples/residual's network up to its last pooling.
func residual() *nn.Model {
	in := nn.NewInput(28, 28, 1)
	conv := func(x *nn.Symbolic, filters, stride int, then nn.ActivationFunc) *nn.Symbolic {
		x = nn.Apply(nn.Conv2D{Filters: filters, Kernel: nn.Size2{3, 3}, Strides: nn.Size2{stride, stride}, Padding: nn.Same, NoBias: true}, x)
		return nn.Apply(nn.Activation{Fn: then}, nn.Apply(nn.BatchNormalization{}, x))
	}
	x := nn.Apply(nn.RandomRotation{Factor: []float64{0.03}}, in)
	x = nn.Apply(nn.RandomTranslation{Height: []float64{0.08}, Width: []float64{0.08}}, x)
	x = nn.Apply(nn.RandomZoom{Height: []float64{0.1}}, x)
	x = conv(x, 16, 1, nn.ReLU)
	for i, filters := range []int{16, 32, 64} {
		y := conv(conv(x, filters, min(i+1, 2), nn.ReLU), filters, 1, nn.Linear)
		if i > 0 {
			x = nn.Apply(nn.Conv2D{Filters: filters, Kernel: nn.Size2{1, 1}, NoBias: true}, nn.Apply(nn.AveragePooling2D{}, x))
		}
		x = nn.Apply(nn.Activation{Fn: nn.ReLU}, nn.Apply(nn.Add{}, x, y))
	}
	return nn.NewModel(nn.Inputs(in), nn.Outputs(x))
}

// block is two convolutions that keep the images' size, and a pooling that halves it.
func block(filters int) []nn.Layer {
	conv := nn.Conv2D{Filters: filters, Kernel: nn.Size2{3, 3}, Padding: nn.Same, Activation: nn.ReLU}
	return []nn.Layer{conv, conv, nn.MaxPooling2D{Pool: nn.Size2{2, 2}}}
}

// training is a model's program for a training step.
func training(spec model, batch int) (*prog.Program, error) {
	rec := &recorder{}
	m := nn.NewSequential(spec.layers...)
	err := m.Compile(nn.Training{Optimizer: spec.optimizer, Loss: nn.CategoricalCrossentropy, Metrics: []nn.Metric{nn.Accuracy}, Backend: rec})
	if err != nil {
		return nil, err
	}
	in, out := m.InputShape(), m.OutputShape()
	if _, err := m.TrainOnBatch(context.Background(), zeros{in, out, batch}, nn.BatchOptions{}); err != nil {
		return nil, err
	}
	return rec.last, nil
}

// zeros is a dataset of so many samples with nothing in them.
type zeros struct {
	x, y []int
	n    int
}

func (z zeros) Len() int                            { return z.n }
func (z zeros) XShape() []int                       { return z.x }
func (z zeros) YShape() []int                       { return z.y }
func (z zeros) Batch(_ []int, x, y []float32) error { clear(x); clear(y); return nil }

// A recorder is a backend that keeps the last program it was given, and computes nothing.
type recorder struct{ last *prog.Program }

func (r *recorder) Name() string { return "recorder" }
func (r *recorder) Load(p *prog.Program) (prog.Exec, error) {
	r.last = p
	return idle{}, nil
}

type idle struct{}

func (idle) Write(prog.Buf, []float32) error { return nil }
func (idle) Run() error                      { return nil }
func (idle) Read(prog.Buf, []float32) error  { return nil }
func (idle) Close() error                    { return nil }
