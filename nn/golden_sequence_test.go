package nn_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/data"
)

// What Keras answers for layers over sequences: testdata/keras/sequence.py describes the files. Each case runs in float32, in
// float64 and on the SIMD kernels.

type sequenceCase struct {
	Name   string
	Inputs [][]int
	Nodes  []struct {
		Layer any
		In    []int
		Args  map[string]any
	}
	Outputs   []int
	BatchSize int `json:"batch_size"`
	Optimizer any
	Weights   []goldenTensor
	X, Y      []goldenTensor
	Expect    struct {
		Predict      []goldenTensor
		Loss         float64
		Grads        []goldenTensor
		Steps        []float64
		FinalWeights []goldenTensor `json:"final_weights"`
		Evaluate     float64
	}
}

func TestSequencesAreKeras(t *testing.T) {
	for _, family := range []string{"layers_recurrent", "layers_wrappers", "layers_attention"} {
		for _, c := range golden[sequenceCase](t, "keras", family) {
			for _, p := range functionPrecisions {
				t.Run(c.Name+"/"+p.name, func(t *testing.T) {
					(&sequenceRun{goldenRun{T: t, tolerance: p.tolerance, backend: p.backend(t)}, &c}).run()
				})
			}
		}
	}
}

type sequenceRun struct {
	goldenRun
	c *sequenceCase
}

func (g *sequenceRun) run() {
	e := &g.c.Expect
	n := g.c.X[0].Shape[0]
	batch := g.c.BatchSize
	if batch == 0 {
		batch = n
	}
	out, err := g.model(nil).PredictMulti(ctx, g.columns(g.c.X, 0, n), nn.PredictOptions{BatchSize: batch})
	if err != nil {
		g.Fatal(err)
	}
	if len(out) != len(e.Predict) {
		g.Fatalf("there are %d outputs, wanted %d", len(out), len(e.Predict))
	}
	for i, want := range e.Predict {
		g.tensor(fmt.Sprint("output ", i), out[i].Shape, out[i].Data, want)
	}
	if e.Steps == nil {
		return
	}
	if e.Grads != nil {
		g.gradients(batch)
	}
	m := g.model(nil)
	for i, want := range e.Steps {
		g.step(m, fmt.Sprint("step ", i), i*batch%n, batch, want)
	}
	g.tensors("after the steps", g.weights(m), e.FinalWeights)
	logs, err := m.Evaluate(ctx, g.table(0, n), nn.EvalOptions{BatchSize: batch})
	if err != nil {
		g.Fatal(err)
	}
	loss, _ := logs.Get("loss")
	g.near("evaluate", loss, e.Evaluate, 0)
}

// gradients compares what a step takes off the weights at learning rate 1: see goldenRun.gradients. What a step writes itself,
// such as moving averages, is left to the steps. A gradient that is 0, such as that of a key's bias, which moves all scores alike,
// is the difference of others.
func (g *sequenceRun) gradients(batch int) {
	const rate = 1 << 20
	m := g.model(nn.SGD{LearningRate: rate})
	g.step(m, "loss", 0, batch, g.c.Expect.Loss)
	for i, w := range g.weights(m) {
		for k := range w.Data {
			w.Data[k] = float32((float64(g.c.Weights[i].Data[k]) - float64(w.Data[k])) / rate)
		}
		want := g.c.Expect.Grads[i]
		switch zero := largest(want.Data) < 1e-12; {
		case zero && !(largest(w.Data) <= 1e-6):
			g.Errorf("%s gradient is %v, wanted 0", want.Name, w.Data)
		case w.Trainable && !zero:
			g.tensor(want.Name+" gradient", w.Shape, w.Data, want)
		}
	}
}

func largest(values []float32) float64 {
	m := 0.0
	for _, v := range values {
		m = math.Max(m, math.Abs(float64(v)))
	}
	return m
}

func (g *sequenceRun) step(m *nn.Model, what string, at, n int, want float64) {
	logs, err := m.TrainOnBatch(ctx, g.table(at, n), nn.BatchOptions{})
	if err != nil {
		g.Fatal(err)
	}
	loss, _ := logs.Get("loss")
	g.near(what, loss, want, 0)
}

// columns are n samples of the tensors from the at-th on.
func (g *sequenceRun) columns(tensors []goldenTensor, at, n int) []nn.Column {
	var list []nn.Column
	for _, x := range tensors {
		per := len(x.Data) / x.Shape[0]
		c, err := data.NewFloats(append([]int{n}, x.Shape[1:]...), x.Data[at*per:(at+n)*per])
		if err != nil {
			g.Fatal(err)
		}
		list = append(list, c)
	}
	return list
}

func (g *sequenceRun) table(at, n int) nn.Dataset {
	d, err := nn.NewColumns(g.columns(g.c.X, at, n), g.columns(g.c.Y, at, n))
	if err != nil {
		g.Fatal(err)
	}
	return d
}

// model is the case's graph with its weights, compiled with o or else the case's optimizer.
func (g *sequenceRun) model(o nn.Optimizer) *nn.Model {
	var tensors []*nn.Symbolic
	for _, shape := range g.c.Inputs {
		tensors = append(tensors, nn.Apply(nn.InputLayer{Shape: shape, Batch: g.c.BatchSize}))
	}
	inputs := tensors
	pick := func(indices []int) (list []*nn.Symbolic) {
		for _, i := range indices {
			list = append(list, tensors[i])
		}
		return list
	}
	for _, node := range g.c.Nodes {
		layer, err := nn.LayerFrom(node.Layer)
		if err != nil {
			g.Fatal(err)
		}
		out, err := nn.ApplyWith(layer, node.Args, pick(node.In)...)
		if err != nil {
			g.Fatal(err)
		}
		tensors = append(tensors[:len(tensors):len(tensors)], out...)
	}
	m := nn.NewModel(inputs, pick(g.c.Outputs))
	if o == nil {
		var err error
		if o, err = nn.OptimizerFrom(g.c.Optimizer); err != nil {
			g.Fatal(err)
		}
	}
	if err := m.Compile(nn.Training{Optimizer: o, Loss: nn.MeanSquaredError, Backend: g.backend}); err != nil {
		g.Fatal(err)
	}
	weights := g.weights(m)
	if len(weights) != len(g.c.Weights) {
		g.Fatalf("the model has %d weights, wanted %d: %v", len(weights), len(g.c.Weights), g.c.Weights)
	}
	for i, want := range g.c.Weights {
		if weights[i].Name != want.Name {
			g.Errorf("weight %d is %s, wanted %s", i, weights[i].Name, want.Name)
		}
		weights[i].Shape, weights[i].Data = want.Shape, want.Data
	}
	if err := m.SetWeights(weights); err != nil {
		g.Fatal(err)
	}
	g.Cleanup(func() { m.Close() })
	return m
}
