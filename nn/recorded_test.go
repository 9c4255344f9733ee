package nn_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/prog"
)

// recording reads a recording in JSON.
func recording(t testing.TB, text string) *nn.Recording {
	t.Helper()
	var config any
	if err := json.Unmarshal([]byte(text), &config); err != nil {
		t.Fatal(err)
	}
	r, err := nn.RecordingFrom(config)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// recordedDense is relu(x·kernel + bias) of 3 numbers.
const recordedDense = `{
	"weights": [{"name": "kernel", "shape": [3, 4], "initializer": "glorotUniform"}, {"name": "bias", "shape": [4], "initializer": "zeros"}],
	"calls": [{"inputs": [[3]], "ops": [["matMul", ["x0", "w0"]], ["add", ["t0", "w1"]], ["relu", ["t1"]]], "outputs": ["t2"]}]}`

// Every operation gives what keras.ops does, and its gradient.
func TestOpsAreKeras(t *testing.T) {
	type opCase struct {
		Name   string
		Op     []any
		Inputs []goldenTensor
		Weight goldenTensor
		Expect struct{ Y, Grad goldenTensor }
	}
	tested := map[string]bool{}
	for _, c := range golden[opCase](t, "keras", "ops") {
		for _, p := range functionPrecisions {
			t.Run(c.Name+"/"+p.name, func(t *testing.T) {
				g := &goldenRun{T: t, tolerance: p.tolerance, backend: p.backend(t)}
				// The inputs are the weights of a layer, so that their gradients can be had.
				config := map[string]any{"calls": []any{}, "weights": []any{}}
				for i, x := range c.Inputs {
					config["weights"] = append(config["weights"].([]any), map[string]any{"name": fmt.Sprint("x", i), "shape": x.Shape})
				}
				operands := slices.Clone(c.Op[1].([]any))
				for i, o := range operands {
					if s, ok := o.(string); ok {
						operands[i] = strings.Replace(s, "x", "w", 1)
					}
				}
				list := []any{[]any{c.Op[0], operands, c.Op[2]}, []any{"reshape", []any{"t0"}, map[string]any{"shape": []any{1, -1}}}, []any{"multiply", []any{"x0", 0}},
					[]any{"sum", []any{"t2"}}, []any{"add", []any{"t1", "t3"}}, []any{"tile", []any{"t4"}, map[string]any{"repeats": []any{2, 1}}}}
				list = append(list, []any{"zeros", []any{}, map[string]any{"shape": []any{nil, 1}}}, []any{"slice", []any{"t5"}, map[string]any{"begin": []any{0, 0}, "size": []any{1, -1}}}, []any{"add", []any{"t7", "t6"}})
				config["calls"] = []any{map[string]any{"inputs": []any{[]any{1}}, "ops": list, "outputs": []any{"t8"}}}
				r, err := nn.RecordingFrom(config)
				if err != nil {
					t.Fatal(err)
				}
				model := func(weight []float32) *nn.Model {
					layers := []nn.Layer{nn.Input(1), nn.Recorded{What: r, Name: "op"}}
					loss := nn.Loss(nn.MeanSquaredError)
					if weight != nil {
						loss = weighted{weight}
					}
					m := nn.NewSequential(layers...)
					if err := m.Compile(nn.Training{Optimizer: nn.SGD{LearningRate: 1 << 20}, Loss: loss, Backend: g.backend}); err != nil {
						t.Fatal(err)
					}
					weights := g.weights(m)
					for i, x := range c.Inputs {
						weights[i].Data = x.Data
					}
					if err := m.SetWeights(weights); err != nil {
						t.Fatal(err)
					}
					return m
				}
				m := model(nil)
				defer m.Close()
				y := outputsOf(t, m, columns(t, 1, 1, []int{1}))[0]
				g.tensor("y", c.Expect.Y.Shape, y.Data, c.Expect.Y)
				if c.Expect.Grad.Data != nil {
					m := model(c.Weight.Data)
					defer m.Close()
					d := must(t, func() (*nn.Columns, error) {
						return nn.NewColumns(columns(t, 1, 1, []int{1}), columns(t, 1, 1, []int{len(y.Data)}))
					})
					must(t, func() (nn.Logs, error) { return m.TrainOnBatch(ctx, d, nn.BatchOptions{}) })
					after := g.weights(m)[0]
					for i := range after.Data {
						after.Data[i] = float32((float64(c.Inputs[0].Data[i]) - float64(after.Data[i])) / (1 << 20))
					}
					g.tensor("gradient", after.Shape, after.Data, c.Expect.Grad)
				}
			})
		}
		tested[c.Op[0].(string)] = true
	}
	for _, e := range nn.Ops() {
		if slices.Contains([]string{"assign", "add_loss", "random_uniform", "random_normal", "dropout"}, e.Name) {
			continue // have tests of their own
		}
		activation := slices.ContainsFunc(nn.Registry(), func(a *nn.Entry) bool { return a.Kind == nn.KindActivation && a.Name == e.Name })
		if !tested[e.Name] && !activation {
			t.Errorf("there is no case of %s", e.Name)
		}
	}
}

// weighted is Σ weight·pred.
type weighted struct{ weight []float32 }

func (weighted) Target(out prog.Shape) (prog.Shape, error) { return out, nil }

func (l weighted) Each(b *prog.Builder, pred, _ prog.Buf) prog.Buf {
	return b.Reduce(prog.Sum, b.Mul(pred, b.Const(l.weight, 1, len(l.weight))), false)
}

// The names of operations are told apart, and those of activations are theirs.
func TestOpNames(t *testing.T) {
	names := map[string]string{}
	for _, e := range nn.Ops() {
		for _, name := range append([]string{e.Name, e.JS}, e.Aliases...) {
			key := strings.ToLower(strings.ReplaceAll(name, "_", ""))
			if other := names[key]; other != "" && other != e.Name {
				t.Errorf("%q means both %s and %s", name, other, e.Name)
			}
			names[key] = e.Name
		}
		if e.Doc == "" {
			t.Errorf("%s has no sentence", e.Name)
		}
		for _, a := range e.Args {
			if a.Doc == "" {
				t.Errorf("%s: %s has no sentence", e.Name, a.Name)
			}
		}
	}
}

// A recorded layer, loss and metric give to the bit what those that are built in do.
func TestRecordedIsBuiltIn(t *testing.T) {
	x, y := columns(t, 1, 12, []int{3}), columns(t, 2, 12, []int{2})
	d := must(t, func() (*nn.Columns, error) { return nn.NewColumns(x, y) })
	squared := recording(t, `{"calls": [{"inputs": [[2], [2]], "ops": [["sub", ["x0", "x1"]], ["square", ["t0"]], ["mean", ["t1"], {"axis": -1}]], "outputs": ["t2"]}]}`)
	run := func(first nn.Layer, loss nn.Loss, metric nn.Metric) ([]nn.Weight, nn.Logs) {
		m := nn.NewSequential(nn.Input(3), first, nn.Dense{Units: 2, Name: "last"})
		if err := m.Compile(nn.Training{Optimizer: nn.Adam{}, Loss: loss, Metrics: []nn.Metric{metric}, Seed: 7, Backend: backend()}); err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		for range 3 {
			must(t, func() (*nn.History, error) { return m.Fit(ctx, d, nn.FitOptions{BatchSize: 5}) })
		}
		return mustWeights(t, m), must(t, func() (nn.Logs, error) { return m.Evaluate(ctx, d, nn.EvalOptions{}) })
	}
	want, wantLogs := run(nn.Dense{Units: 4, Activation: nn.ReLU}, nn.MeanSquaredError, nn.Named("mine", nn.MeanOf(nn.MeanSquaredError)))
	got, logs := run(nn.Recorded{What: recording(t, recordedDense)}, nn.RecordedLoss{What: squared}, nn.RecordedMetric{What: squared, Name: "mine"})
	if !sameWeights(got, want) {
		t.Error("the weights differ")
	}
	if !reflect.DeepEqual(logs, wantLogs) {
		t.Errorf("the figures are %v, wanted %v", logs, wantLogs)
	}
}

// Each run of a function holds for its inputs' shapes and, where that makes a difference, for training or inference.
func TestRecordedCalls(t *testing.T) {
	r := recording(t, `{"weights": [{"name": "scale", "shape": [], "initializer": "ones"}], "calls": [
		{"inputs": [[2]], "training": true, "ops": [["mul", ["x0", "w0"]], ["mul", ["t0", 10]]], "outputs": ["t1"]},
		{"inputs": [[2]], "training": false, "ops": [["mul", ["x0", "w0"]]], "outputs": ["t0"]},
		{"inputs": [[3]], "ops": [["mul", ["x0", 2]]], "outputs": ["t0", "x0"]}]}`)
	layer := nn.Share(nn.Recorded{What: r, Name: "mine"})
	a, b := nn.NewInput(2), nn.NewInput(3)
	outs := must(t, func() ([]*nn.Symbolic, error) { return nn.ApplyMulti(layer, b) })
	m := nn.NewModel(nn.Inputs(a, b), append(outs, nn.Apply(layer, a)))
	if err := m.Compile(nn.Training{Optimizer: nn.SGD{LearningRate: nn.Zero}, Backend: backend(), Outputs: map[string]nn.Objective{"mine_2": {Loss: nn.MeanAbsoluteError}}}); err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	one := func(n int) nn.Column {
		x := columns(t, 1, 1, []int{n})[0]
		return x
	}
	p := outputsOf(t, m, []nn.Column{one(2), one(3)})
	x := make([]float32, 3)
	one(3).CopyRow(x, 0)
	if want := []float32{2 * x[0], 2 * x[1], 2 * x[2]}; !slices.Equal(p[0].Data, want) || !slices.Equal(p[1].Data, x) || !slices.Equal(p[2].Data, x[:2]) {
		t.Errorf("got %v", p)
	}
	zero := columns(t, 1, 1, []int{2})[0]
	d := must(t, func() (*nn.Columns, error) { return nn.NewColumns([]nn.Column{one(2), one(3)}, []nn.Column{zero}) })
	logs := must(t, func() (nn.Logs, error) { return m.TrainOnBatch(ctx, d, nn.BatchOptions{}) })
	if loss, want := logs[0].Value, 9*(math.Abs(float64(x[0]))+math.Abs(float64(x[1])))/2; math.Abs(loss-want) > 1e-5 {
		t.Errorf("in training the loss is %v, wanted %v", loss, want)
	}
	// One that was not run says so.
	err := nn.NewModel(nn.Inputs(a), nn.Outputs(nn.Apply(layer, nn.Apply(nn.Reshape{Target: []int{1, 2}}, a)))).Compile(nn.Training{})
	var missing *nn.NotRecordedError
	if !errors.As(err, &missing) || missing.Of != r || fmt.Sprint(missing.Inputs) != "[[1 2]]" || !errors.Is(err, nn.ErrConfig) ||
		err.Error() != "mine: it is not recorded for inputs [1,2], and its function is not here to be run; it comes after reshape, whose output is [1,2]" {
		t.Errorf("%v", err)
	}
}

// What a layer's function may do besides: assign states, add to the loss, draw numbers, and pass a mask on.
func TestRecordedLayerOnly(t *testing.T) {
	r := recording(t, `{"weights": [{"name": "seen", "shape": [2], "initializer": "zeros", "trainable": false}, {"name": "w", "shape": [2], "initializer": "ones"}], "calls": [
		{"inputs": [[2]], "training": false, "ops": [["mul", ["x0", "w1"]]], "outputs": ["t0"]},
		{"inputs": [[2]], "training": true, "ops": [["sum", ["x0"], {"axis": 0}], ["add", ["w0", "t0"]], ["assign", ["w0", "t1"]],
			["mul", ["x0", "w1"]], ["sum", ["w1"]], ["addLoss", ["t4"]], ["dropout", ["t3"], {"rate": 0.5}], ["randomUniform", [], {"shape": [null, 1]}],
			["randomNormal", [], {"shape": [null, 2]}], ["add", ["t7", "t8"]], ["mul", ["t9", 0]], ["add", ["t6", "t10"]]], "outputs": ["t11"]}]}`)
	m := nn.NewSequential(nn.Input(2), nn.Recorded{What: r, Name: "mine"})
	if err := m.Compile(nn.Training{Optimizer: nn.SGD{LearningRate: 0.5}, Loss: nn.MeanSquaredError, Backend: backend(), Seed: 1}); err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	d := table(t, []int{2, 2}, []float32{1, 2, 3, 4}, []int{2, 2}, make([]float32, 4))
	first := must(t, func() (nn.Logs, error) { return m.TrainOnBatch(ctx, d, nn.BatchOptions{}) })
	second := must(t, func() (nn.Logs, error) { return m.TrainOnBatch(ctx, d, nn.BatchOptions{}) })
	if w := mustWeights(t, m); w[1].Name != "mine/seen" || !slices.Equal(w[1].Data, []float32{8, 12}) || w[1].Trainable || !w[0].Trainable {
		t.Errorf("the weights are %v", w)
	}
	if first[0].Value < 2 || first[0].Value == second[0].Value {
		t.Errorf("losses %v and %v, wanted at least what was added, 2, and other masks", first, second)
	}

	// Masks: of a layer that keeps its input's the loss leaves out what the mask does.
	for keeps, want := range map[string]float64{"true": 2, "false": 1} {
		r := recording(t, `{"keeps_mask": `+keeps+`, "calls": [{"inputs": [[2, 1]], "ops": [["mul", ["x0", 1]]], "outputs": ["t0"]}]}`)
		m := nn.NewSequential(nn.Input(2, 1), nn.Masking{}, nn.Recorded{What: r})
		if err := m.Compile(nn.Training{Loss: nn.MeanAbsoluteError, Backend: backend()}); err != nil {
			t.Fatal(err)
		}
		logs := must(t, func() (nn.Logs, error) {
			return m.Evaluate(ctx, table(t, []int{1, 2, 1}, []float32{2, 0}, []int{1, 2, 1}, []float32{0, 0}), nn.EvalOptions{})
		})
		if logs[0].Value != want {
			t.Errorf("keeps_mask %s: the loss is %v, wanted %v", keeps, logs[0].Value, want)
		}
	}
}

// A recorded metric's figures of each sample, or each step, count by the samples' weights where they are wanted; one of the
// whole batch has no samples.
func TestRecordedMetricWeights(t *testing.T) {
	metric := func(ops string) nn.Metric {
		return nn.RecordedMetric{What: recording(t, `{"calls": [{"inputs": [[2], [2]], "ops": [`+ops+`], "outputs": ["t0"]}]}`)}
	}
	m := nn.NewSequential(nn.Input(2), nn.Activation{Fn: nn.Linear})
	metrics := []nn.Metric{nn.Named("each", metric(`["mul", ["x1", 1]]`)), nn.Named("row", metric(`["sum", ["x1"], {"axis": 1}]`)), nn.Named("all", metric(`["sum", ["x1"]]`))}
	if err := m.Compile(nn.Training{Loss: nn.MeanSquaredError, Metrics: metrics, WeightedMetrics: metrics, Backend: backend()}); err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	logs := must(t, func() (nn.Logs, error) {
		return m.Evaluate(ctx, table(t, []int{2, 2}, []float32{1, 3, 5, 15}, []int{2, 2}, make([]float32, 4)), nn.EvalOptions{SampleWeight: []float32{3, 1}})
	})
	for i, want := range []nn.Log{{Name: "each", Value: 6}, {Name: "row", Value: 12}, {Name: "all", Value: 24},
		{Name: "weighted_each", Value: 4}, {Name: "weighted_row", Value: 8}, {Name: "weighted_all", Value: 24}} {
		if !reflect.DeepEqual(logs[i+1], want) {
			t.Errorf("got %v, wanted %v", logs[i+1], want)
		}
	}
}

// The distributions of what is drawn.
func TestRecordedRandom(t *testing.T) {
	r := recording(t, `{"calls": [{"inputs": [[1]], "training": false, "ops": [["concat", ["x0", "x0", "x0"]]], "outputs": ["t0"]},
		{"inputs": [[1]], "training": true, "ops": [["randomUniform", [], {"shape": [null, 1], "minval": -1, "maxval": 3}], ["randomNormal", [], {"shape": [null, 1], "mean": 2, "stddev": 3}],
			["onesLike", ["x0"]], ["dropout", ["t2"], {"rate": 0.25}], ["concat", ["t0", "t1", "t3"]]], "outputs": ["t4"]}]}`)
	const n = 20000
	for _, c := range []struct {
		power int
		want  [3]float64 // of the uniform, the normal and the dropped
	}{{1, [3]float64{1, 2, 1}}, {2, [3]float64{1 + 16.0/12, 4 + 9, 4.0 / 3}}} {
		m := nn.NewSequential(nn.Input(1), nn.Recorded{What: r})
		if err := m.Compile(nn.Training{Optimizer: nn.SGD{}, Loss: moment(c.power), Metrics: []nn.Metric{at{0, c.power}, at{1, c.power}, at{2, c.power}}, Backend: backend(), Seed: 3}); err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		logs := must(t, func() (nn.Logs, error) {
			return m.TrainOnBatch(ctx, table(t, []int{n, 1}, make([]float32, n), []int{n, 3}, make([]float32, 3*n)), nn.BatchOptions{})
		})
		for k, want := range c.want {
			if got := logs[k+1].Value; math.Abs(got-want) > 0.03*want+0.03 {
				t.Errorf("moment %d of distribution %d is %v, wanted %v", c.power, k, got, want)
			}
		}
	}
}

// moment is a loss, and at a metric: a power of the predictions, of one of them.
type moment int

func (moment) Target(out prog.Shape) (prog.Shape, error) { return out, nil }

func (p moment) Each(b *prog.Builder, pred, _ prog.Buf) prog.Buf {
	return b.Reduce(prog.Mean, pred, false, -1)
}

type at struct{ index, power int }

func (a at) Measure() nn.Measure {
	return nn.Measure{
		Name: fmt.Sprint("at", a.index),
		Sums: func(s *nn.Scored) []prog.Buf {
			n := s.Shape(s.Pred)[0]
			y := s.Slice(s.Pred, []int{0, a.index}, prog.Shape{n, 1})
			if a.power == 2 {
				y = s.Unary(prog.Square, y)
			}
			return []prog.Buf{s.Reduce(prog.Sum, y, false), s.Fill(float64(n))}
		},
		Result: func(sums []float64) float64 { return sums[0] / sums[1] },
	}
}

// A recording that is none says where it is wrong.
func TestRecordingErrors(t *testing.T) {
	call := func(ops string) string {
		return `{"calls": [{"inputs": [[3]], "ops": [` + ops + `], "outputs": ["t0"]}]}`
	}
	for _, c := range [][2]string{
		{`7`, "recording is 7, wanted an object with weights and calls"},
		{`{"weights": 3}`, "weights is 3, wanted a list"},
		{`{"weights": [{"name": "w"}]}`, "weight 0: map[name:w], wanted a name and a shape of whole numbers"},
		{`{"weights": [{"name": "w", "shape": [-1]}]}`, "weight 0: map[name:w shape:[-1]], wanted a name and a shape of whole numbers"},
		{`{"weights": [{"name": "w", "shape": [1]}, {"name": "w", "shape": [2]}]}`, `weight 1: another is called "w" too`},
		{`{"weights": [{"name": "w", "shape": [1], "initializer": {"class_name": "RandomNormal", "config": {"stddev": -1}}}]}`, "weight 0: w: random_normal: stddev is -1, wanted at least 0"},
		{`{"calls": 3}`, "calls is 3, wanted a list"},
		{`{"calls": [{}]}`, "a call is map[], wanted inputs, ops and outputs"},
		{`{"calls": [{"inputs": [[null]], "ops": [], "outputs": ["x0"]}]}`, "an input's shape is [null], wanted a list of whole numbers"},
		{`{"calls": [{"inputs": [[1]], "ops": [], "outputs": [2]}]}`, "output: 2, wanted a tensor"},
		{`{"calls": [{"inputs": [[1]], "ops": [], "outputs": ["x1"]}]}`, `output: an operand is "x1", wanted a number, or an input, a weight or a result that is there`},
		{call(`"add"`), `operation 0: "add", wanted [name, operands, arguments]`},
		{call(`["add", ["x0", 1], 5]`), `operation 0: ["add", ["x0", 1], 5], wanted [name, operands, arguments]`},
		{call(`["ad", ["x0", 1]]`), `operation 0: there is no operation "ad"`},
		{call(`["add", ["x0"]]`), "operation 0: ops.add: 1 operands, wanted 2"},
		{call(`["concat", []]`), "operation 0: ops.concat: no operands, wanted at least one"},
		{call(`["add", ["x0", "t0"]]`), `operation 0: ops.add: an operand is "t0", wanted a number, or an input, a weight or a result that is there`},
		{call(`["add", ["x0", "w0"]]`), `operation 0: ops.add: an operand is "w0", wanted a number, or an input, a weight or a result that is there`},
		{call(`["add", ["x0", true]]`), `operation 0: ops.add: an operand is true, wanted a number, or an input, a weight or a result that is there`},
		{call(`["exp", ["x0"], {"axis": 1}]`), `operation 0: ops.exp: unknown argument "axis", it has none`},
		{call(`["sum", ["x0"], {"axes": 1}]`), `operation 0: ops.sum: unknown argument "axes" (1), wanted one of axis, keep_dims`},
		{call(`["sum", ["x0"], {"axis": "all"}]`), `operation 0: ops.sum: axis is "all", wanted a whole number or a list of them`},
		{call(`["clip", ["x0"], {"min": 1}]`), "operation 0: ops.clip: max is missing"},
		{call(`["elu", ["x0"], {"alpha": -1}]`), "operation 0: ops.elu: elu: alpha is -1, wanted at least 0"},
		{call(`["cast", ["x0"], {"dtype": "int8"}]`), `operation 0: ops.cast: dtype is "int8", wanted float32 or int32 or bool`},
		{call(`["reshape", ["x0"], {"shape": [null, 2.5]}]`), "operation 0: ops.reshape: shape is [null, 2.5], wanted a list of whole numbers and nulls"},
		{call(`["pad", ["x0"], {"pad_width": [1, 2]}]`), "operation 0: ops.pad: pad_width is [1, 2], wanted a list of pairs of whole numbers"},
		{call(`["pad", ["x0"], {"pad_width": [[-1, 2]]}]`), "operation 0: ops.pad: pad_width is [[-1, 2]], wanted at least 0"},
		{call(`["dropout", ["x0"], {"rate": 1}]`), "operation 0: ops.dropout: rate is 1, wanted at least 0 and less than 1"},
		{call(`["conv2d", ["x0", "x0"], {"strides": 0}]`), "operation 0: ops.conv2d: strides is 0, wanted a whole number or two, at least 1"},
	} {
		var config any
		if err := json.Unmarshal([]byte(c[0]), &config); err != nil {
			t.Fatal(err)
		}
		_, err := nn.RecordingFrom(config)
		if err == nil || err.Error() != c[1] || !errors.Is(err, nn.ErrConfig) {
			t.Errorf("%s:\n%v, wanted\n%s", c[0], err, c[1])
		}
	}
	if _, err := nn.RecordingFrom(map[string]any{"calls": []any{map[string]any{
		"inputs": []any{[]any{3}}, "ops": []any{[]any{"add", []any{"x0", math.NaN()}}}, "outputs": []any{"t0"},
	}}}); err == nil || err.Error() != "operation 0: ops.add: an operand is NaN, wanted a finite number" {
		t.Error(err)
	}
}

// Shapes that do not fit are said with the layer, the operation and its operands.
func TestRecordedShapeErrors(t *testing.T) {
	for _, c := range [][2]string{
		{`["matMul", ["x0", "w0"]]`, "mine: ops.matMul of [null,2,3] and w [4,5]: inner dimensions 3 and 4 differ"},
		{`["add", ["x0", "w0"]]`, "mine: ops.add of [null,2,3] and w [4,5]: shapes cannot be broadcast together"},
		{`["exp", ["x0"]], ["concat", ["t0", "x0", "w0"]]`, "mine: ops.concat of [null,2,3] and [null,2,3] and w [4,5]: ranks differ"},
		{`["sum", ["x0"], {"axis": 3}]`, "mine: ops.sum of [null,2,3]: reduce sum: no axis 3 in [null,2,3]"},
		{`["reshape", ["x0"], {"shape": [null, 4]}]`, "mine: ops.reshape of [null,2,3]: cannot reshape [null,2,3] (null elements) to [null,4]"},
		{`["argMax", ["x0"], {"axis": -4}]`, "mine: ops.argMax of [null,2,3]: there is no dimension -4"},
		{`["expandDims", ["x0"], {"axis": 4}]`, "mine: ops.expandDims of [null,2,3]: the result has no dimension 4"},
		{`["squeeze", ["x0"], {"axis": 1}]`, "mine: ops.squeeze of [null,2,3]: dimension 1 is 2, wanted 1"},
		{`["transpose", ["x0"], {"axes": [0, 1, 1]}]`, "mine: ops.transpose of [null,2,3]: [0 1 1] is no permutation of its dimensions"},
		{`["tile", ["x0"], {"repeats": [2]}]`, "mine: ops.tile of [null,2,3]: repeats has 1 numbers, wanted 3"},
		{`["slice", ["x0"], {"begin": [0, 1, 1], "size": [-1, 2, 1]}]`, "mine: ops.slice of [null,2,3]: slice [0 1 1][null,2,1] is outside"},
		{`["conv2d", ["x0", "w0"]]`, "mine: ops.conv2d of [null,2,3] and w [4,5]: wanted images [N, H, W, C] and a kernel [KH, KW, C/groups, filters]"},
		{`["maxPool", ["x0"], {"poolSize": 2}]`, "mine: ops.maxPool of [null,2,3]: wanted images [N, H, W, C]"},
		{`["constant", [], {"value": [1, 2], "shape": [3]}]`, "mine: ops.constant: 2 numbers for [3]"},
		{`["randomUniform", [], {"shape": [2]}]`, "mine: ops.randomUniform: it is for the training of a layer alone: draw where `training` is true"},
		{`["assign", ["w0", "w0"]]`, "mine: ops.assign of w [4,5] and w [4,5]: the first operand is not a weight with trainable: false"},
		{`["addLoss", ["x0"]]`, "mine: ops.addLoss of [null,2,3]: the loss is [null,2,3], wanted one number"},
		{`["sum", ["x0"]]`, "mine: output 0 is [], wanted [null, ...] with the batch's size first"},
		{`["transpose", ["x0"]]`, "mine: output 0 is [3,2,null], wanted [null, ...] with the batch's size first"},
		{`["matMul", ["x0", "x0"], {"transposeY": true}], ["reshape", ["x0"], {"shape": [null, -1]}], ["matMul", ["t1", "t1"], {"transposeY": true}]`,
			"mine: output 0 is [null,null], wanted only its first dimension to depend on the batch's size"},
	} {
		last := strings.Count(c[0], "], [") // operations end so; of those that have lists as arguments it counts none
		text := fmt.Sprintf(`{"weights": [{"name": "w", "shape": [4, 5]}], "calls": [{"inputs": [[2, 3]], "ops": [%s], "outputs": ["t%d"]}]}`, c[0], last)
		m := nn.NewSequential(nn.Input(2, 3), nn.Recorded{What: recording(t, text), Name: "mine"})
		err := m.Compile(nn.Training{})
		if err == nil || err.Error() != c[1] || !errors.Is(err, nn.ErrShape) && !errors.Is(err, nn.ErrConfig) {
			t.Errorf("%v, wanted\n%s", err, c[1])
		}
	}
	// A loss of another shape than it was run for, and one that draws.
	for text, ops := range map[string]string{
		"loss: it is not recorded for inputs [2] and [2], and its function is not here to be run": `{"calls": []}`,
	} {
		m := nn.NewSequential(nn.Input(2))
		if err := m.Compile(nn.Training{Loss: nn.RecordedLoss{What: recording(t, ops)}}); err == nil || err.Error() != text {
			t.Errorf("%v, wanted %s", err, text)
		}
	}
}
