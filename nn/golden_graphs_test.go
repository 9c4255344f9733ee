package nn_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/data"
)

// What Keras answers for functional models: testdata/keras/graphs.py.

type graphCase struct {
	Name         string
	Config       map[string]any
	Loss         any
	LossWeights  any `json:"loss_weights"`
	Metrics      any
	Optimizer    any
	Weights      []goldenTensor
	X, Y         []goldenTensor
	SampleWeight []goldenTensor `json:"sample_weight"`
	Expect       struct {
		Predict      []goldenTensor
		Shapes       [][]int
		Trainable    []bool
		Loss         float64
		Grads        []goldenTensor
		Steps        []map[string]figures
		FinalWeights []goldenTensor `json:"final_weights"`
		Evaluate     map[string]figures
	}
}

type graphRun struct {
	goldenRun
	graph *graphCase
}

func eachGraph(t *testing.T, family string, run func(g *graphRun)) {
	for _, c := range golden[graphCase](t, "keras", family) {
		for _, p := range functionPrecisions {
			t.Run(c.Name+"/"+p.name, func(t *testing.T) {
				run(&graphRun{goldenRun{T: t, tolerance: p.tolerance, backend: p.backend(t)}, &c})
			})
		}
	}
}

func TestGraphsAreKeras(t *testing.T) {
	eachGraph(t, "graphs", func(g *graphRun) {
		e := &g.graph.Expect
		m := g.compiled(g.optimizer(g.graph.Optimizer))
		g.predicts(m)
		weights := g.weights(m)
		for i, trainable := range e.Trainable {
			if weights[i].Trainable != trainable {
				g.Errorf("%s: trainable is %v, wanted %v", weights[i].Name, weights[i].Trainable, trainable)
			}
		}
		g.gradients()
		for i, want := range e.Steps {
			logs, err := m.TrainOnBatch(ctx, g.data(), nn.BatchOptions{SampleWeights: g.sampleWeights(m)})
			if err != nil {
				g.Fatal(err)
			}
			g.logs(fmt.Sprintf("step %d", i+1), logs, want)
		}
		g.tensors("after the steps", g.weights(m), e.FinalWeights)
		logs, err := m.Evaluate(ctx, g.data(), nn.EvalOptions{SampleWeights: g.sampleWeights(m)})
		if err != nil {
			g.Fatal(err)
		}
		g.logs("evaluate", logs, e.Evaluate)
		g.rewritten(m)
	})
}

// Keras 2's configs make the same models.
func TestGraphsAreKeras2(t *testing.T) {
	eachGraph(t, "graphs_keras2", func(g *graphRun) {
		m := g.model()
		g.predicts(m)
		g.rewritten(m)
	})
}

// model is the case's with its weights, which Keras names and orders in the same way.
func (g *graphRun) model() *nn.Model {
	g.Helper()
	m, err := nn.ModelFrom(g.graph.Config)
	if err != nil {
		g.Fatal(err)
	}
	if err := m.Compile(nn.Training{Backend: g.backend}); err != nil {
		g.Fatal(err)
	}
	g.Cleanup(func() { m.Close() })
	weights := g.weights(m)
	if len(weights) != len(g.graph.Weights) {
		g.Fatalf("the model has %d weights, wanted %d", len(weights), len(g.graph.Weights))
	}
	for i, want := range g.graph.Weights {
		if parts := strings.Split(weights[i].Name, "/"); strings.Join(parts[len(parts)-2:], "/") != want.Name {
			g.Errorf("weight %d is %s, wanted %s", i, weights[i].Name, want.Name)
		}
		weights[i].Data = want.Data
	}
	if err := m.SetWeights(weights); err != nil {
		g.Fatal(err)
	}
	return m
}

func (g *graphRun) optimizer(config any) nn.Optimizer {
	o, err := nn.OptimizerFrom(config)
	if err != nil {
		g.Fatal(err)
	}
	return o
}

// compiled is the model with the losses, their weights and the metrics, which are by output or in a list.
func (g *graphRun) compiled(o nn.Optimizer) *nn.Model {
	g.Helper()
	m := g.model()
	training := nn.Training{Optimizer: o, Outputs: map[string]nn.Objective{}, Backend: g.backend}
	for k, name := range m.OutputNames() {
		of := func(v any) any {
			switch v := v.(type) {
			case map[string]any:
				return v[name]
			case []any:
				if len(m.OutputNames()) > 1 {
					return v[k]
				}
			}
			return v
		}
		loss, err := nn.LossFrom(of(g.graph.Loss))
		if err != nil {
			g.Fatal(err)
		}
		objective := nn.Objective{Loss: loss}
		objective.Weight, _ = of(g.graph.LossWeights).(float64)
		list, _ := of(g.graph.Metrics).([]any)
		for _, config := range list {
			metric, err := nn.MetricFrom(config)
			if err != nil {
				g.Fatal(err)
			}
			objective.Metrics = append(objective.Metrics, metric)
		}
		training.Outputs[name] = objective
	}
	if err := m.Compile(training); err != nil {
		g.Fatal(err)
	}
	return m
}

func (g *graphRun) columns(list []goldenTensor) []nn.Column {
	var columns []nn.Column
	for _, x := range list {
		c, err := data.NewFloats(x.Shape, x.Data)
		if err != nil {
			g.Fatal(err)
		}
		columns = append(columns, c)
	}
	return columns
}

func (g *graphRun) data() *nn.Columns {
	d, err := nn.NewColumns(g.columns(g.graph.X), g.columns(g.graph.Y))
	if err != nil {
		g.Fatal(err)
	}
	return d
}

func (g *graphRun) sampleWeights(m *nn.Model) map[string][]float32 {
	if g.graph.SampleWeight == nil {
		return nil
	}
	weights := map[string][]float32{}
	for k, name := range m.OutputNames() {
		weights[name] = g.graph.SampleWeight[k].Data
	}
	return weights
}

func (g *graphRun) predicts(m *nn.Model) {
	g.Helper()
	out, err := m.PredictMulti(ctx, g.columns(g.graph.X), nn.PredictOptions{})
	if err != nil {
		g.Fatal(err)
	}
	if len(out) != len(g.graph.Expect.Predict) {
		g.Fatalf("%d outputs, wanted %d", len(out), len(g.graph.Expect.Predict))
	}
	for k, want := range g.graph.Expect.Predict {
		g.tensor(fmt.Sprintf("output %d", k), out[k].Shape, out[k].Data, want)
	}
}

// gradients reads the gradients off one step of SGD; see goldenRun.gradients. What such a step does to moving
// averages Keras's step at rate 1 does too.
func (g *graphRun) gradients() {
	const rate = 1 << 20
	m := g.compiled(nn.SGD{LearningRate: rate})
	logs, err := m.TrainOnBatch(ctx, g.data(), nn.BatchOptions{SampleWeights: g.sampleWeights(m)})
	if err != nil {
		g.Fatal(err)
	}
	loss, _ := logs.Get("loss")
	g.near("loss", loss, g.graph.Expect.Loss, 0)
	grads := g.weights(m)
	for i, w := range grads {
		scale := 1.0
		if w.Trainable {
			scale = rate
		}
		for k := range w.Data {
			w.Data[k] = float32((float64(g.graph.Weights[i].Data[k]) - float64(w.Data[k])) / scale)
		}
		if !w.Trainable { // a difference of numbers of the weights' size
			for k, want := range g.graph.Expect.Grads[i].Data {
				g.near(w.Name+" moved", float64(w.Data[k]), float64(want), 1)
			}
			continue
		}
		g.tensor(w.Name+" gradient", w.Shape, w.Data, g.graph.Expect.Grads[i])
	}
}

// rewritten: the model's own config, as JSON, makes a model with the same config that predicts the same.
func (g *graphRun) rewritten(m *nn.Model) {
	g.Helper()
	config := asJSON(g.T, must(g.T, m.Config))
	again, err := nn.ModelFrom(config)
	if err != nil {
		g.Fatal(err)
	}
	if second := asJSON(g.T, must(g.T, again.Config)); !reflect.DeepEqual(config, second) {
		g.Errorf("the config\n%v\nreads back as\n%v", config, second)
	}
	copied := graphRun{g.goldenRun, &graphCase{Config: config, Weights: g.graph.Weights, X: g.graph.X}}
	copied.graph.Expect.Predict = g.graph.Expect.Predict
	copied.predicts(copied.model())
}

func must[T any](t testing.TB, f func() (T, error)) T {
	t.Helper()
	v, err := f()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// asJSON is a config as it is once it has been written and read.
func asJSON(t testing.TB, config any) map[string]any {
	t.Helper()
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	var read map[string]any
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	return read
}
