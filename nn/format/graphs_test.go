package format_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/format"
)

// A graph is a model with several inputs or outputs, or layers that are not in a line, and how it is trained.
type graph struct {
	model   *nn.Model
	outputs map[string]nn.Objective
}

// graphs are all that a config of a graph can say.
func graphs() map[string]graph {
	conv := func(x *nn.Symbolic, more nn.Conv2D) *nn.Symbolic {
		more.Filters, more.Kernel, more.Padding = 4, nn.Size2{3, 3}, nn.Same
		return nn.Apply(more, x)
	}
	x := nn.NewInput(6, 6, 2)
	y := conv(x, nn.Conv2D{Activation: nn.ReLU})
	z := nn.Apply(nn.Activation{Fn: nn.ReLU}, nn.Apply(nn.BatchNormalization{Momentum: 0.8}, conv(y, nn.Conv2D{NoBias: true})))
	z = nn.Apply(nn.Flatten{}, nn.Apply(nn.MaxPooling2D{}, nn.Apply(nn.Add{}, z, y)))
	residual := nn.NewModel(nn.Inputs(x), nn.Outputs(nn.Apply(nn.Dense{Units: 3, Activation: nn.Softmax}, z))).Rename("residual")

	twoOfBoth := func() *nn.Model {
		a, b := nn.NamedInput("a", 4), nn.NamedInput("b", 4)
		tower := nn.Share(nn.Dense{Units: 5, Activation: nn.Tanh})
		u, v := nn.Apply(tower, a), nn.Apply(tower, b)
		y := nn.Apply(nn.Concatenate{}, u, v, nn.Apply(nn.Multiply{}, a, b))
		return nn.NewModel(nn.Inputs(a, b), nn.Outputs(
			nn.Apply(nn.Dense{Units: 3, Activation: nn.Softmax, Name: "kind"}, y),
			nn.Apply(nn.Dense{Units: 1, Name: "value"}, nn.Apply(nn.Dense{Units: 4, Activation: nn.ReLU, Frozen: true}, nn.Apply(nn.Average{}, u, v)))))
	}

	block := nn.NewSequential(nn.Dense{Units: 4, Activation: nn.ReLU}, nn.BatchNormalization{}, nn.Reshape{Target: []int{2, -1}}, nn.Flatten{}, nn.Dense{Units: 4}).Rename("block")
	p := nn.NewInput(4)
	inner := nn.NewModel(nn.Inputs(p), nn.Outputs(nn.Apply(nn.Add{}, p, nn.Apply(block, p)))).Rename("inner")
	// Of two outputs. tfjs runs such a model once for each, so that a BatchNormalization in it would move its averages twice.
	r := nn.NewInput(4)
	forked := nn.NewModel(nn.Inputs(r), nn.Outputs(nn.Apply(nn.Dense{Units: 2}, r), nn.Apply(nn.Dense{Units: 4}, r))).Rename("forked")
	q := nn.NewInput(4)
	first, _ := nn.ApplyMulti(forked, q)
	end := nn.Apply(nn.Dense{Units: 3, Activation: nn.Softmax, Name: "end"}, nn.Apply(nn.Concatenate{}, nn.Apply(inner, nn.Apply(inner, first[1])), first[0]))

	// A custom layer with a state, loss and metric.
	recording := func(text string) *nn.Recording {
		var config any
		if err := json.Unmarshal([]byte(text), &config); err != nil {
			panic(err)
		}
		r, err := nn.RecordingFrom(config)
		if err != nil {
			panic(err)
		}
		return r
	}
	squares := recording(`{"calls": [{"inputs": [[3], [3]],
		"ops": [["sub", ["x0", "x1"]], ["square", ["t0"]], ["constant", [], {"value": [0.5, 0.25, 1e-9], "shape": [3]}], ["mul", ["t1", "t2"]]], "outputs": ["t3"]}]}`)
	counting := recording(`{"weights": [{"name": "w", "shape": [4, 3], "regularizer": "l2"}, {"name": "n", "shape": [], "initializer": "zeros", "trainable": false}], "calls": [
		{"inputs": [[4]], "training": false, "ops": [["matMul", ["x0", "w0"]], ["softmax", ["t0"], {"axis": -1}]], "outputs": ["t1"]},
		{"inputs": [[4]], "training": true, "ops": [["add", ["w1", 1]], ["assign", ["w1", "t0"]], ["matMul", ["x0", "w0"]], ["dropout", ["t2"], {"rate": 0.25, "seed": 3}], ["softmax", ["t3"]]], "outputs": ["t4"]}]}`)
	recorded := nn.NewSequential(nn.Input(4), nn.Recorded{What: counting, Name: "mine"})

	cce, mse := nn.Objective{Loss: nn.CategoricalCrossentropy, Metrics: []nn.Metric{nn.Accuracy}}, nn.Objective{Loss: nn.MeanSquaredError, Weight: 0.25, WeightedMetrics: []nn.Metric{nn.RootMeanSquaredError{}}}
	return map[string]graph{
		"residual": {residual, map[string]nn.Objective{"dense": cce}},
		"two":      {twoOfBoth(), map[string]nn.Objective{"kind": cce, "value": {Loss: nn.MeanSquaredError, Metrics: []nn.Metric{nn.Named("mae", nn.MeanOf(nn.MeanAbsoluteError))}}}},
		"weighted": {twoOfBoth(), map[string]nn.Objective{"kind": cce, "value": mse}},
		"nested":   {nn.NewModel(nn.Inputs(q), nn.Outputs(end)), map[string]nn.Objective{"end": cce}},
		"recorded": {recorded, map[string]nn.Objective{"mine": {Loss: nn.RecordedLoss{What: squares, Name: "squares"}, Metrics: []nn.Metric{nn.RecordedMetric{What: squares, Name: "m"}}}}},
		"in_chain": {nn.NewSequential(nn.Input(4), block, nn.Dense{Units: 3, Activation: nn.Softmax, Name: "last"}), nil},
	}
}

// graphData is what a graph is trained on.
type graphData struct {
	x, y tensors
	*nn.Columns
}

func (g graph) data(t testing.TB) graphData {
	t.Helper()
	var d graphData
	for _, x := range g.model.Inputs() {
		one, _ := samples(t, 12, x.Shape()...)
		d.x = append(d.x, one)
	}
	for _, y := range g.model.Outputs() {
		one, hot := samples(t, 12, y.Shape()...)
		if len(y.Shape()) == 1 && y.Shape()[0] == 3 {
			one = hot
		}
		d.y = append(d.y, one)
	}
	d.Columns = must[*nn.Columns](t)(nn.NewColumns(d.x.columns(t), d.y.columns(t)))
	return d
}

func (g graph) trained(t testing.TB, o nn.Optimizer) (*nn.Model, graphData) {
	t.Helper()
	d := g.data(t)
	training := nn.Training{Optimizer: o, Outputs: g.outputs, Seed: 5, Backend: backend()}
	if g.outputs == nil {
		training.Loss = nn.CategoricalCrossentropy
	}
	if err := g.model.Compile(training); err != nil {
		t.Fatal(err)
	}
	must[*nn.History](t)(g.model.Fit(ctx, d, nn.FitOptions{BatchSize: 5, Epochs: 2}))
	return g.model, d
}

// Graphs too come back from every format with all that training goes on from.
func TestGraphsResumeToTheBit(t *testing.T) {
	for way, roundTrip := range formats {
		for name, g := range graphs() {
			m, d := g.trained(t, nn.Adam{})
			again := must[*nn.Model](t)(roundTrip(t, must[*format.Artifacts](t)(format.FromModel(m))).Model(backend()))
			before, after := must[map[string]any](t)(m.Config()), must[map[string]any](t)(again.Config())
			if name != "nested" && name != "in_chain" && !reflect.DeepEqual(before, after) { // there a Sequential's input becomes a layer
				t.Errorf("%s, %s: config is\n%v, wanted\n%v", way, name, after, before)
			}
			for _, m := range []*nn.Model{m, again} {
				must[*nn.History](t)(m.Fit(ctx, d, nn.FitOptions{BatchSize: 5, InitialEpoch: 2, Epochs: 4}))
			}
			want, got := must[nn.State](t)(m.State()), must[nn.State](t)(again.State())
			if !reflect.DeepEqual(want, got) {
				t.Errorf("%s, %s: training gone on with from the file differs", way, name)
			}
			want2, got2 := must[nn.Logs](t)(m.Evaluate(ctx, d, nn.EvalOptions{})), must[nn.Logs](t)(again.Evaluate(ctx, d, nn.EvalOptions{}))
			if !reflect.DeepEqual(want2, got2) {
				t.Errorf("%s, %s: the figures are %v, wanted %v", way, name, got2, want2)
			}
		}
	}
}
