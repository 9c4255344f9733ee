package nn_test

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/data"
)

// twoOfBoth is a model with two inputs, two outputs, a shared layer and a residual connection.
func twoOfBoth() *nn.Model {
	a, b := nn.NamedInput("a", 4), nn.NamedInput("b", 4)
	tower := nn.Share(nn.Dense{Units: 4, Activation: nn.Tanh, Name: "tower"})
	left, right := nn.Apply(tower, a), nn.Apply(tower, b)
	y := nn.Apply(nn.Add{}, left, right, a)
	return nn.NewModel(nn.Inputs(a, b), nn.Outputs(
		nn.Apply(nn.Dense{Units: 3, Activation: nn.Softmax, Name: "kind"}, y),
		nn.Apply(nn.Dense{Units: 1, Name: "value"}, nn.Apply(nn.Dropout{Rate: 0.2}, right)),
	)).Rename("two_of_both")
}

// nested is a Sequential with a graph in it, which has a Sequential in it.
func nested() *nn.Model {
	core := nn.NewSequential(nn.Input(3), nn.Dense{Units: 3, Activation: nn.ReLU}, nn.BatchNormalization{}).Rename("core")
	x := nn.NewInput(3)
	middle := nn.NewModel(nn.Inputs(x), nn.Outputs(nn.Apply(nn.Add{}, x, nn.Apply(core, x)))).Rename("middle")
	return nn.NewSequential(nn.Input(2), nn.Dense{Units: 3, Name: "first"}, middle, nn.Dense{Units: 2, Name: "last"})
}

// columns are n samples of random numbers for each of the shapes.
func columns(t testing.TB, seed uint64, n int, shapes ...[]int) []nn.Column {
	t.Helper()
	r := data.NewRandom(seed, 0)
	var list []nn.Column
	for _, shape := range shapes {
		size := n
		for _, d := range shape {
			size *= d
		}
		values := make([]float32, size)
		for i := range values {
			values[i] = float32(2*r.Float64() - 1)
		}
		c, err := data.NewFloats(append([]int{n}, shape...), values)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, c)
	}
	return list
}

func outputsOf(t testing.TB, m *nn.Model, x []nn.Column) []nn.Tensor {
	t.Helper()
	return must(t, func() ([]nn.Tensor, error) { return m.PredictMulti(ctx, x, nn.PredictOptions{}) })
}

func weightNames(t testing.TB, m *nn.Model) []string {
	t.Helper()
	var names []string
	for _, w := range mustWeights(t, m) {
		names = append(names, w.Name)
	}
	return names
}

// A model of a part of another's graph has its weights, and training one changes the other.
func TestPartsShareWeights(t *testing.T) {
	whole := twoOfBoth()
	if err := whole.Compile(nn.Training{Optimizer: nn.SGD{LearningRate: 0.1}, Loss: nn.MeanSquaredError, Seed: 1, Backend: backend()}); err != nil {
		t.Fatal(err)
	}
	defer whole.Close()
	x, y := columns(t, 1, 6, []int{4}, []int{4}), columns(t, 2, 6, []int{3}, []int{1})
	d := must(t, func() (*nn.Columns, error) { return nn.NewColumns(x, y) })
	step := func() {
		t.Helper()
		must(t, func() (nn.Logs, error) { return whole.TrainOnBatch(ctx, d, nn.BatchOptions{}) })
	}
	step()

	// By the tensors that the layers made, and by applying a layer once more.
	tower := must(t, func() (*nn.Instance, error) { return whole.Layer("tower") })
	part := nn.NewModel(whole.Inputs(), nn.Outputs(tower.Output()))
	z := nn.NewInput(4)
	again := nn.NewModel(nn.Inputs(z), nn.Outputs(nn.Apply(tower, z), nn.Apply(nn.Dense{Units: 2, Name: "head"}, nn.Apply(tower, z))))
	for _, m := range []*nn.Model{part, again} {
		if err := m.Compile(nn.Training{Optimizer: nn.SGD{LearningRate: 0.1}, Loss: nn.MeanSquaredError, Seed: 9, Backend: backend()}); err != nil {
			t.Fatal(err)
		}
		defer m.Close()
	}
	if got := weightNames(t, again); !slices.Equal(got, []string{"tower/kernel", "tower/bias", "head/kernel", "head/bias"}) {
		t.Errorf("the weights are %v", got)
	}
	same := func(when string) {
		t.Helper()
		a, b := outputsOf(t, part, x), outputsOf(t, again, x[:1])
		if !reflect.DeepEqual(a[0], b[0]) {
			t.Errorf("%s the models differ", when)
		}
		w := mustWeights(t, whole)
		if !sameWeights(w[:2], mustWeights(t, again)[:2]) || !sameWeights(w[:2], mustWeights(t, part)) {
			t.Errorf("%s the weights differ", when)
		}
	}
	same("at first")
	before := mustWeights(t, part)
	step()
	same("after a step of the whole")
	d2 := must(t, func() (*nn.Columns, error) { return nn.NewColumns(x[:1], columns(t, 3, 6, []int{4}, []int{2})) })
	must(t, func() (nn.Logs, error) { return again.TrainOnBatch(ctx, d2, nn.BatchOptions{}) })
	same("after a step of another")
	if sameWeights(before, mustWeights(t, part)) {
		t.Error("the weights have not moved")
	}
	step()
	same("after a step of the whole again")
}

// What is frozen stays as it is until the model is compiled again; a frozen BatchNormalization goes by what it has
// learnt. A model that is frozen trains nothing.
func TestFreezing(t *testing.T) {
	x, y := columns(t, 1, 8, []int{2}), columns(t, 2, 8, []int{2})
	d := must(t, func() (*nn.Columns, error) { return nn.NewColumns(x, y) })
	m := nested()
	compile := func() {
		t.Helper()
		if err := m.Compile(nn.Training{Optimizer: nn.SGD{LearningRate: 0.1}, Loss: nn.MeanSquaredError, Seed: 4, Backend: backend()}); err != nil {
			t.Fatal(err)
		}
	}
	defer m.Close()
	moved := func() string {
		t.Helper()
		before := mustWeights(t, m)
		must(t, func() (nn.Logs, error) { return m.TrainOnBatch(ctx, d, nn.BatchOptions{}) })
		var names []string
		for i, w := range mustWeights(t, m) {
			if !slices.Equal(w.Data, before[i].Data) {
				names = append(names, strings.TrimPrefix(w.Name, "middle/"))
			}
		}
		return strings.Join(names, " ")
	}
	const core = "core/dense/kernel core/dense/bias core/batch_normalization/gamma core/batch_normalization/beta core/batch_normalization/moving_mean core/batch_normalization/moving_variance"
	const all = "first/kernel first/bias " + core + " last/kernel last/bias"
	for _, c := range []struct {
		layer     string
		trainable bool
		moved     string
		trained   int // numbers
	}{
		{"last", true, all, 35},
		{"middle", false, "first/kernel first/bias last/kernel last/bias", 17},
		{"middle/core/dense", true, "first/kernel first/bias core/dense/kernel core/dense/bias last/kernel last/bias", 29},
		{"", false, "", 0},
		{"last", true, "", 0},
		{"", true, all, 35},
		{"middle/core/batch_normalization", false, "first/kernel first/bias core/dense/kernel core/dense/bias last/kernel last/bias", 29},
	} {
		if err := m.SetTrainable(c.layer, c.trainable); err != nil {
			t.Fatal(err)
		}
		compile()
		if got := moved(); got != c.moved {
			t.Errorf("%q trainable %v: %q moves, wanted %q", c.layer, c.trainable, got, c.moved)
		}
		if total, trained := m.CountParams(); total != 41 || trained != c.trained {
			t.Errorf("%q trainable %v: %d parameters and %d trained, wanted 41 and %d", c.layer, c.trainable, total, trained, c.trained)
		}
		// The config says so too.
		again := must(t, func() (*nn.Model, error) { return nn.ModelFrom(must(t, m.Config)) })
		if _, trained := again.CountParams(); trained != c.trained {
			t.Errorf("%q trainable %v: its config's model trains %d, wanted %d", c.layer, c.trainable, trained, c.trained)
		}
	}
	if err := m.SetTrainable("middle/no", true); !errors.Is(err, nn.ErrConfig) {
		t.Errorf("a layer that is not there: %v", err)
	}
	// Before the model is built, too.
	m = nn.NewSequential(nn.Dense{Units: 2}, nn.Dense{Units: 2})
	if err := m.SetTrainable("", false); err != nil {
		t.Fatal(err)
	}
	compile()
	must(t, func() (nn.Logs, error) { return m.TrainOnBatch(ctx, d, nn.BatchOptions{}) })
	if got := moved(); got != "" {
		t.Errorf("a model frozen before it was built: %q moves", got)
	}
}

// Applied with training false a layer does what it does in inference, also while the model is trained; with true,
// the other way round.
func TestAppliedWithTraining(t *testing.T) {
	x, y := columns(t, 1, 16, []int{4}), columns(t, 2, 16, []int{4})
	model := func(args map[string]any) *nn.Model {
		in := nn.NewInput(4)
		norm := nn.Share(nn.BatchNormalization{Momentum: 0.5, GammaInit: nn.Constant{Value: 2}})
		out := must(t, func() ([]*nn.Symbolic, error) { return nn.ApplyWith(norm, args, in) })
		m := nn.NewModel(nn.Inputs(in), out)
		if err := m.Compile(nn.Training{Optimizer: nn.SGD{}, Loss: nn.MeanSquaredError, Backend: backend()}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { m.Close() })
		return m
	}
	d := must(t, func() (*nn.Columns, error) { return nn.NewColumns(x, y) })
	loss := func(m *nn.Model, train bool) float64 {
		t.Helper()
		logs, err := m.Evaluate(ctx, d, nn.EvalOptions{})
		if train {
			logs, err = m.TrainOnBatch(ctx, d, nn.BatchOptions{})
		}
		if err != nil {
			t.Fatal(err)
		}
		v, _ := logs.Get("loss")
		return v
	}
	plain := loss(model(nil), true)
	still := loss(model(nil), false)
	if plain == still {
		t.Fatal("training and inference are the same")
	}
	if got := loss(model(map[string]any{"training": false}), true); got != still {
		t.Errorf("with training false a step's loss is %v, wanted %v", got, still)
	}
	if got := loss(model(map[string]any{"training": true}), false); got != plain {
		t.Errorf("with training true an evaluation's loss is %v, wanted %v", got, plain)
	}
}

// A layer's weights are the model's, and may be set apart from the others.
func TestLayerWeights(t *testing.T) {
	m := nested()
	all := mustWeights(t, m)
	for layer, want := range map[string][2]int{"first": {0, 2}, "middle": {2, 8}, "middle/core/dense": {2, 4}, "last": {8, 10}, "middle/add": {0, 0}} {
		got := must(t, func() ([]nn.Weight, error) { return m.LayerWeights(layer) })
		if !reflect.DeepEqual(append([]nn.Weight{}, got...), append([]nn.Weight{}, all[want[0]:want[1]]...)) {
			t.Errorf("%s has the weights %v", layer, got)
		}
	}
	dense := must(t, func() ([]nn.Weight, error) { return m.LayerWeights("middle/core/dense") })
	dense[1].Data = []float32{1, 2, 3}
	if err := m.SetLayerWeights("middle/core/dense", dense); err != nil {
		t.Fatal(err)
	}
	all[3].Data = []float32{1, 2, 3}
	if got := mustWeights(t, m); !sameWeights(got, all) {
		t.Errorf("the weights are %v, wanted %v", got, all)
	}
	if err := m.SetLayerWeights("first", dense[:1]); !errors.Is(err, nn.ErrShape) || err.Error() != "first: got 1 weights, it has 2" {
		t.Error(err)
	}
	if _, err := m.LayerWeights("no"); !errors.Is(err, nn.ErrConfig) {
		t.Error(err)
	}
}

// Configs that make no model say why.
func TestGraphConfigErrors(t *testing.T) {
	type object = map[string]any
	layer := func(class, name string, config object, nodes ...any) any {
		return object{"class_name": class, "name": name, "config": config, "inbound_nodes": nodes}
	}
	input := layer("InputLayer", "x", object{"batch_shape": []any{nil, 4}, "name": "x"})
	of := func(name string, node, result int) []any { return []any{name, node, result, object{}} }
	dense := func(name string, nodes ...any) any {
		return layer("Dense", name, object{"units": 4, "name": name}, nodes...)
	}
	model := func(layers ...any) object {
		return object{"name": "m", "layers": layers, "input_layers": []any{[]any{"x", 0, 0}}, "output_layers": []any{[]any{"d", 0, 0}}}
	}
	with := func(config object, key string, v any) object {
		config = maps.Clone(config)
		config[key] = v
		return config
	}
	good := model(input, dense("d", []any{of("x", 0, 0)}))
	if _, err := nn.ModelFrom(object{"class_name": "Functional", "config": good}); err != nil {
		t.Fatal(err)
	}
	keras3 := func(args, kwargs any) any { return object{"args": args, "kwargs": kwargs} }
	x3 := object{"class_name": "__keras_tensor__", "config": object{"keras_history": []any{"x", 0, 0}}}
	for _, c := range []struct {
		config object
		text   string
	}{
		{with(good, "layers", "many"), `m: layers is "many", wanted a list`},
		{model(7), "m: layer 0 is 7, wanted a class_name, a config, a name and inbound_nodes"},
		{model(object{"class_name": "Dense", "config": object{"units": 3}}), "m: layer 0 has no name"},
		{model(input, input), "x: two layers have this name"},
		{model(input, layer("Dens", "d", object{})), `layer "Dens" is unknown, wanted one of ` + names(nn.KindLayer)},
		{model(input, layer("Dense", "d", object{"units": 0, "name": "d"})), "d: units is 0, wanted a whole number, at least 1"},
		{model(input, object{"class_name": "Dense", "name": "d", "config": object{"units": 3}, "inbound_nodes": "x"}), `d: inbound_nodes is "x", wanted a list`},
		{model(input, dense("d", 5)), "d: a node is 5, wanted tensors as [layer, node, result]"},
		{model(input, dense("d", []any{[]any{"x", 0}})), `d: a node is [["x", 0]], wanted tensors as [layer, node, result]`},
		{model(input, dense("d", []any{[]any{"x", 0.5, 0}})), `d: a node is [["x", 0.5, 0]], wanted tensors as [layer, node, result]`},
		{model(input, dense("d", keras3([]any{x3, 2}, nil))), "d: argument 1 of a node is 2, wanted a tensor"},
		{model(input, dense("d", keras3([]any{x3}, object{"mask": x3}))), "d: the argument mask is a tensor, and not one of its inputs"},
		{model(input, dense("d", keras3([]any{x3}, object{"training": 1}))), "d: training is 1, wanted true or false"},
		{model(input, dense("d", keras3([]any{x3}, object{"causal": true}))), "d: it is applied with causal, wanted training"},
		{model(input, dense("d", keras3([]any{[]any{x3, x3}}, nil))), "d: inputs x [4] and x [4]: got 2 inputs, wanted 1"},
		{model(input, dense("d", []any{of("e", 0, 0)})), `d: there is no layer "e"`},
		{model(input, dense("d", []any{of("x", 1, 0)})), "d: node 1 of x is wanted, it has 1"},
		{model(input, dense("d", []any{of("x", 0, 2)})), "d: result 2 of x is wanted, it has 1"},
		{model(input, dense("d", []any{of("e", 0, 0)}), dense("e", []any{of("d", 0, 0)})), "d: it depends on its own output"},
		{model(input, dense("d", []any{of("d", 0, 0)})), "d: it depends on its own output"},
		{model(input, dense("d", []any{of("x", 0, 0)}), layer("Reshape", "r", object{"target_shape": []any{3}, "name": "r"}, []any{of("d", 0, 0)})),
			"r: input [4] has 4 elements, target_shape [3] wants 3; it comes after d, whose output is [4]"},
		{with(good, "input_layers", nil), "m: input_layers is null, wanted a list of [layer, node, result]"},
		{with(good, "output_layers", []any{}), "m: output_layers is [], wanted a list of [layer, node, result]"},
		{with(good, "output_layers", []any{[]any{"no", 0, 0}}), `m: output_layers: there is no layer "no"`},
		{with(good, "input_layers", []any{[]any{"d", 0, 0}}), "m: input 0 is the output of d, wanted an input"},
	} {
		_, err := nn.ModelFrom(object{"class_name": "Functional", "config": c.config})
		if err == nil || err.Error() != c.text || !errors.Is(err, nn.ErrConfig) && !errors.Is(err, nn.ErrShape) {
			t.Errorf("got  %v\nwanted %s", err, c.text)
		}
	}
	for text, config := range map[string]object{
		`model: class_name is "Dense", wanted Sequential or Functional`: {"class_name": "Dense"},
		`model: class_name is null, wanted Sequential or Functional`:    {},
		`functional: config is 3, wanted an object`:                     {"class_name": "Functional", "config": 3},
		`sequential: layers is 3, wanted a list`:                        {"class_name": "Sequential", "config": object{"layers": 3}},
	} {
		if _, err := nn.ModelFrom(config); !errors.Is(err, nn.ErrConfig) || err.Error() != text {
			t.Errorf("got %v, wanted %s", err, text)
		}
	}
	// A config cannot say that an inner model's layer is the outer one's too.
	d := nn.Share(nn.Dense{Units: 4, Name: "d"})
	in := nn.NewInput(4)
	inner := nn.NewModel(nn.Inputs(in), nn.Outputs(nn.Apply(d, in))).Rename("inner")
	x := nn.NewInput(4)
	outer := nn.NewModel(nn.Inputs(x), nn.Outputs(nn.Apply(d, nn.Apply(inner, x)))).Rename("outer")
	if _, err := outer.Config(); err == nil || err.Error() != "outer: a layer is both in it and in a model inside it, which a config cannot say" {
		t.Error(err)
	}
}

// A config may hold layers in place of their configs, whose weights the model then shares.
func TestConfigsOfLayers(t *testing.T) {
	m := nested()
	must(t, m.GetWeights)
	middle, last := must(t, func() (*nn.Instance, error) { return m.Layer("middle") }), must(t, func() (*nn.Instance, error) { return m.Layer("last") })
	dense := map[string]any{"class_name": "Dense", "config": map[string]any{"units": 3}, "name": "key", "inbound_nodes": []any{[]any{[]any{"in", 0, 0}}}}
	graph := must(t, func() (*nn.Model, error) {
		return nn.ModelFrom(map[string]any{"class_name": "Functional", "config": map[string]any{
			"layers": []any{
				map[string]any{"class_name": "InputLayer", "config": map[string]any{"shape": []any{5}}, "name": "in"}, dense,
				map[string]any{"name": "mid", "config": nn.Layer(middle), "inbound_nodes": []any{[]any{[]any{"key", 0, 0}}}},
				map[string]any{"name": "end", "config": nn.Layer(last), "inbound_nodes": []any{[]any{[]any{"mid", 0, 0}}}},
			},
			"input_layers": []any{"in", 0, 0}, "output_layers": []any{"end", 0, 0},
		}})
	})
	chain := must(t, func() (*nn.Model, error) {
		return nn.ModelFrom(map[string]any{"class_name": "Sequential", "config": map[string]any{"layers": []any{middle, last}}})
	})
	want := mustWeights(t, m)[2:]
	if got := mustWeights(t, graph); len(got) != len(want)+2 || !sameWeights(got[2:], want) || got[0].Name != "dense/kernel" {
		t.Errorf("the graph's weights are %v", weightNames(t, graph))
	}
	if got := mustWeights(t, chain); !sameWeights(got, want) {
		t.Error("the Sequential's weights are others")
	}
}

// The layers of a nested model's config are the model's own.
func TestNestedConfig(t *testing.T) {
	for _, m := range []*nn.Model{nested(), twoOfBoth()} {
		again := must(t, func() (*nn.Model, error) { return nn.ModelFrom(asJSON(t, must(t, m.Config))) })
		if m.Summary() != again.Summary() || fmt.Sprint(weightNames(t, m)) != fmt.Sprint(weightNames(t, again)) {
			t.Errorf("\n%s%v\nreads back as\n%s%v", m.Summary(), weightNames(t, m), again.Summary(), weightNames(t, again))
		}
	}
}
