package bindings

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// A ref is a tensor of a graph in a config: a layer's node's result.
func ref(layer string, more ...float64) []any {
	at := []any{layer, 0.0, 0.0}
	for i, n := range more {
		at[1+i] = n
	}
	return at
}

// node applies a layer to tensors.
func node(refs ...[]any) []any {
	list := make([]any, len(refs))
	for i, r := range refs {
		list[i] = append(slices.Clone(r), Object{})
	}
	return list
}

// in is a layer of a graph, with its key there.
func in(key string, l Object, nodes ...any) Object {
	return and(l, Object{"name": key, "inbound_nodes": append([]any{}, nodes...)})
}

func inputLayer(name string, shape ...float64) Object {
	return in(name, layer("InputLayer", Object{"shape": num(shape...), "name": name}))
}

func functional(layers, inputs, outputs []any) Object {
	return layer("Functional", Object{"layers": layers, "input_layers": inputs, "output_layers": outputs})
}

// forked is a model of the inputs a and b, [2] each, and the outputs u, of two classes, and v, a number.
func (p *page) forked() Object {
	p.t.Helper()
	return p.mustCall("model.create", Object{"seed": 3.0, "config": functional(list(
		inputLayer("a", 2), inputLayer("b", 2),
		in("d", layer("Dense", Object{"units": 2.0, "activation": "tanh", "name": "d"}), node(ref("a")), node(ref("b"))),
		in("s", layer("Add", Object{}), node(ref("d"), ref("d", 1))),
		in("u", layer("Dense", Object{"units": 2.0, "activation": "softmax", "name": "u"}), node(ref("s"))),
		in("v", layer("Dense", Object{"units": 1.0, "name": "v"}), node(ref("s"))),
	), list(ref("a"), ref("b")), list(ref("u"), ref("v")))}).(Object)
}

func modelOf(reply Object) Object { return Object{"model": reply["model"]} }

// forkedData is four samples for it.
func forkedData() (x, y Object) {
	return Object{"a": tensorOf([]int{4, 2}, 0, 0, 0, 1, 1, 0, 1, 1), "b": tensorOf([]int{4, 2}, 1, 0, 1, 1, 0, 0, 0, 1)},
		Object{"u": tensorOf([]int{4, 2}, 1, 0, 0, 1, 0, 1, 1, 0), "v": tensorOf([]int{4, 1}, 0, 1, 1, 0)}
}

func fieldNames(v Value) string {
	var names []string
	for _, f := range v.(Fields) {
		names = append(names, f.Name)
	}
	return strings.Join(names, " ")
}

func TestAGraphTrains(t *testing.T) {
	p := cpuPage(t, Options{})
	created := p.forked()
	if !reflect.DeepEqual(created["layers"], list("a", "b", "d", "add", "u", "v")) {
		t.Errorf("its layers are %v", created["layers"])
	}
	wantInputs := list(Object{"name": "a", "shape": num(2)}, Object{"name": "b", "shape": num(2)})
	if wantOutputs := list(Object{"name": "u", "shape": num(2)}, Object{"name": "v", "shape": num(1)}); !reflect.DeepEqual(created["inputs"], wantInputs) || !reflect.DeepEqual(created["outputs"], wantOutputs) {
		t.Errorf("its ends are %v and %v", created["inputs"], created["outputs"])
	}
	m := modelOf(created)
	x, y := forkedData()
	byName, inOrder := Object{"x": x, "y": y}, Object{"x": list(x["a"], x["b"]), "y": list(y["u"], y["v"])}
	weight := tensorOf([]int{4}, 1, 2, 0, 1)
	p.mustCall("model.compile", and(m, Object{
		"optimizer": layer("Adam", Object{"learning_rate": 0.05}), "loss": Object{"u": "categorical_crossentropy", "v": "mse"},
		"lossWeights": Object{"v": 0.5}, "metrics": Object{"u": list("accuracy"), "v": "mae"},
	}))
	history := p.mustCall("model.fit", and(m, byName, Object{"epochs": 60.0, "batchSize": 2.0, "validationX": inOrder["x"], "validationY": inOrder["y"],
		"sampleWeight": Object{"u": weight, "v": weight}})).(Object)["history"]
	names := "loss u_loss v_loss u_accuracy v_mae"
	if got := fieldNames(history); got != names+" val_loss val_u_loss val_v_loss val_u_accuracy val_v_mae" {
		t.Errorf("the history has %s", got)
	}
	losses := history.(Fields)[0].Value.([]any)
	if first, last := losses[0].(float64), losses[59].(float64); last > first/2 {
		t.Errorf("the loss went from %v to %v", first, last)
	}
	// By name and in order, and one weight for both, are the same.
	a := p.mustCall("model.evaluate", and(m, byName, Object{"sampleWeight": list(weight, weight)}))
	if b := p.mustCall("model.evaluate", and(m, inOrder, Object{"sampleWeight": weight})); !reflect.DeepEqual(a, b) || fieldNames(a) != names {
		t.Errorf("evaluate gives %v and %v", a, b)
	}
	sum := figure(a, "u_loss") + figure(a, "v_loss")/2
	if loss := figure(a, "loss"); loss-sum > 1e-6 || sum-loss > 1e-6 {
		t.Errorf("the loss is %v, want %v", loss, sum)
	}
	out := p.mustCall("model.predict", and(m, Object{"x": inOrder["x"]})).([]any)
	if len(out) != 2 || !reflect.DeepEqual(out[1].(Object)["shape"], num(4, 1)) {
		t.Errorf("predict gives %v", out)
	}
	if got := fieldNames(p.mustCall("model.trainOnBatch", and(m, inOrder))); got != names {
		t.Errorf("a step gives %s", got)
	}
}

// A loss for one output alone wants the targets of that one.
func TestOneLossOfTwoOutputs(t *testing.T) {
	p := cpuPage(t, Options{})
	m := modelOf(p.forked())
	x, y := forkedData()
	for _, loss := range []Value{Object{"v": "mse"}, list(nil, "mse"), Object{"u": nil, "v": "mse"}} {
		p.mustCall("model.compile", and(m, Object{"optimizer": "sgd", "loss": loss, "lossWeights": list(nil, 2.0)}))
		for _, given := range []Value{y["v"], list(y["v"]), Object{"v": y["v"]}} {
			if got := fieldNames(p.mustCall("model.trainOnBatch", and(m, Object{"x": x, "y": given}))); got != "loss" {
				t.Errorf("loss %v: a step gives %s", loss, got)
			}
		}
	}
	// A weight of 0 counts for nothing.
	p.mustCall("model.compile", and(m, Object{"optimizer": "sgd", "loss": "mse", "lossWeights": list(0.0, 0.0)}))
	if loss := figure(p.mustCall("model.evaluate", and(m, Object{"x": x, "y": y})), "loss"); loss != 0 {
		t.Errorf("the loss is %v, want 0", loss)
	}
}

func TestLayersAreShared(t *testing.T) {
	p := cpuPage(t, Options{})
	first := p.forked()
	shared := func(config Object) Object { return layer("Shared", and(modelOf(first), config)) }
	// A layer of it, the whole of it, and a stack with a layer of it.
	second := p.mustCall("model.create", Object{"config": functional(list(
		inputLayer("x", 2),
		in("tower", shared(Object{"layer": "d"}), node(ref("x"))),
		in("whole", shared(nil), node(ref("x"), ref("tower"))),
	), list(ref("x")), list(ref("whole", 0, 1), ref("tower")))}).(Object)
	third := p.newModel(layer("InputLayer", Object{"shape": num(2)}), shared(Object{"layer": "d"}), layer("Dense", Object{"units": 1.0}))
	whole := second["layers"].([]any)[2].(string)
	kernels := func() (list [][]float32) {
		for _, at := range []Object{and(modelOf(first), Object{"layer": "d"}), and(modelOf(second), Object{"layer": "d"}), and(modelOf(second), Object{"layer": whole}), third} {
			list = append(list, p.mustCall("model.getWeights", at).([]any)[0].(Object)["data"].([]float32))
		}
		return list
	}
	before := kernels()
	p.mustCall("model.compile", and(third, Object{"optimizer": "sgd", "loss": "mse"}))
	p.mustCall("model.trainOnBatch", and(third, Object{"x": tensorOf([]int{1, 2}, 1, 2), "y": tensorOf([]int{1, 1}, 3)}))
	after := kernels()
	if slices.Equal(before[0], after[0]) {
		t.Error("a step changed nothing")
	}
	for i := range after {
		if !slices.Equal(before[i], before[0]) || !slices.Equal(after[i], after[0]) {
			t.Errorf("model %d has weights of its own", i)
		}
	}
	part := p.mustCall("model.part", and(modelOf(second), Object{"layer": whole})).(Object)
	x, _ := forkedData()
	want := p.mustCall("model.predict", and(modelOf(first), Object{"x": x}))
	if got := p.mustCall("model.predict", and(modelOf(part), Object{"x": x})); !reflect.DeepEqual(got, want) || part["name"] != first["name"] {
		t.Errorf("the part %v predicts %v, want %v", part["name"], got, want)
	}
	p.mustCall("model.setWeights", and(modelOf(part), Object{"layer": "v", "weights": list(tensorOf([]int{2, 1}, 0, 0), tensorOf([]int{1}, 7))}))
	if y := p.mustCall("model.predict", and(modelOf(second), Object{"x": tensorOf([]int{1, 2}, 1, 2)})).([]any)[0]; !reflect.DeepEqual(y, tensorOf([]int{1, 1}, 7)) {
		t.Errorf("predict gives %v, want 7", y)
	}
	if n := p.mustCall("model.countParams", and(modelOf(second), Object{"layer": whole})).(Object)["total"]; n != 15.0 {
		t.Errorf("it has %v parameters, want 15", n)
	}
	// The models' layers outlive the model that they were made for.
	p.mustCall("model.dispose", modelOf(first))
	kept := p.mustCall("model.predict", and(modelOf(part), Object{"x": x}))
	if kept.([]any)[1].(Object)["data"].([]float32)[0] != 7 {
		t.Errorf("after the first was disposed predict gives %v", kept)
	}
	_, err := p.call("model.create", Object{"config": sequential(shared(Object{"layer": "d"}))}, nil)
	wantError(t, err, Disposed, "a layer is of a model that was disposed")
}

func TestFreezing(t *testing.T) {
	p := cpuPage(t, Options{})
	m := modelOf(p.forked())
	for _, test := range []struct {
		trainable Object
		want      string
	}{
		{nil, "15 15"},
		{Object{"d": false}, "15 9"},
		{Object{"": false}, "15 0"},
		{Object{"": true, "u": false}, "15 9"}, // the model first, then what is in it
		{Object{"": true}, "15 15"},
	} {
		counts := p.mustCall("model.countParams", and(m, Object{"trainable": test.trainable})).(Object)
		if got := fmt.Sprint(counts["total"], " ", counts["trainable"]); got != test.want {
			t.Errorf("%v: the parameters are %s, want %s", test.trainable, got, test.want)
		}
	}
	p.mustCall("model.compile", and(m, Object{"optimizer": "sgd", "loss": "mse", "trainable": Object{"d": false}}))
	before := p.weights(m)
	x, y := forkedData()
	p.mustCall("model.trainOnBatch", and(m, Object{"x": x, "y": y}))
	after := p.weights(m)
	sameBits(t, after[:2], before[:2])
	if slices.Equal(after[2], before[2]) {
		t.Error("a layer that is not frozen did not change")
	}
	if table := p.mustCall("model.summary", and(m, Object{"trainable": Object{"u": false}})).(string); !strings.Contains(table, "Trainable params: 3 ") {
		t.Errorf("the summary is\n%s", table)
	}
}

// doubling is a recording of a layer that multiplies by its weight, for inputs of a shape.
func doubling(shape ...float64) Object {
	return Object{"weights": list(Object{"name": "w", "shape": list(), "initializer": layer("Constant", Object{"value": 2.0})}),
		"calls": list(Object{"inputs": list(num(shape...)), "ops": list(list("mul", list("x0", "w0"), Object{})), "outputs": list("t0")})}
}

func TestACustomLayerIsRecordedForItsInputs(t *testing.T) {
	p := cpuPage(t, Options{})
	config := func(recording Object) Object {
		return Object{"config": functional(list(inputLayer("x", 2, 3), in("c", layer("Recorded", Object{"id": "page7", "name": "twice", "recording": recording}), node(ref("x")))),
			list(ref("x")), list(ref("c")))}
	}
	empty := Object{"weights": list(), "calls": list()}
	for _, recording := range []Object{empty, doubling(3)} {
		reply := p.mustCall("model.create", config(recording))
		if want := (Object{"record": Object{"id": "page7", "inputs": list(num(2, 3))}}); !reflect.DeepEqual(reply, want) {
			t.Errorf("create replies %v, want %v", reply, want)
		}
	}
	m := modelOf(p.mustCall("model.create", config(doubling(2, 3))).(Object))
	y := p.mustCall("model.predict", and(m, Object{"x": tensorOf([]int{1, 2, 3}, 1, 2, 3, 4, 5, 6)}))
	if want := tensorOf([]int{1, 2, 3}, 2, 4, 6, 8, 10, 12); !reflect.DeepEqual(y, want) {
		t.Errorf("predict gives %v, want %v", y, want)
	}
	// Saved, it needs no function.
	again := p.loaded(files(p.saved(m, false)))
	if got := p.mustCall("model.predict", and(modelOf(again), Object{"x": tensorOf([]int{1, 2, 3}, 1, 2, 3, 4, 5, 6)})); !reflect.DeepEqual(got, y) {
		t.Errorf("loaded it predicts %v, want %v", got, y)
	}
	_, err := p.call("model.create", Object{"config": sequential(layer("Recorded", Object{"id": "c", "recording": empty}))}, nil)
	wantError(t, err, BadConfig, "a custom layer wants to know its input's shape")
	_, err = p.call("model.create", config(Object{"calls": 3.0}), nil)
	wantError(t, err, BadConfig, "twice: ")
}

func TestShapesOfOperations(t *testing.T) {
	p := cpuPage(t, Options{})
	reply := p.mustCall("ops.shapes", Object{"inputs": list(num(4, 6)), "weights": list(Object{"name": "w", "shape": num(6, 2)}), "layer": true, "ops": list(
		list("matMul", list("x0", "w0"), Object{}), list("sum", list("t0"), Object{"axis": 1.0}))})
	if want := (Object{"shapes": list(list(nil, 4.0, 2.0), list(nil, 2.0))}); !reflect.DeepEqual(reply, want) {
		t.Errorf("got %v, want %v", reply, want)
	}
	_, err := p.call("ops.shapes", Object{"inputs": list(num(4)), "weights": list(), "ops": list(list("matMul", list("x0", "x0"), Object{}))}, nil)
	wantError(t, err, ShapeMismatch, "ops.matMul of [null,4] and [null,4]")
	_, err = p.call("ops.shapes", Object{"inputs": list(num(4)), "weights": list(), "ops": list(), "layer": 1.0}, nil)
	wantError(t, err, BadConfig, "layer is 1")
}

func TestWhatIsWrongWithAGraphIsSaid(t *testing.T) {
	p := cpuPage(t, Options{})
	m := modelOf(p.forked())
	p.mustCall("model.compile", and(m, Object{"optimizer": "sgd", "loss": "mse"}))
	x, y := forkedData()
	graph := func(layers ...any) Object {
		return Object{"config": functional(append(list(inputLayer("x", 2)), layers...), list(ref("x")), list(ref("y")))}
	}
	compile := func(more Object) Object { return and(m, Object{"optimizer": "sgd", "loss": "mse"}, more) }
	for _, test := range []struct {
		method string
		args   Object
		code   Code
		part   string
	}{
		{"model.create", graph(), BadConfig, `"y"`},
		{"model.create", graph(in("y", layer("Shared", Object{"model": 99.0}), node(ref("x")))), Disposed, "a layer is of a model that was disposed"},
		{"model.create", graph(in("y", layer("Shared", Object{"model": "first"}), node(ref("x")))), BadConfig, "a shared layer is of no model"},
		{"model.create", graph(in("y", layer("Shared", and(m, Object{"layer": "w"})), node(ref("x")))), BadConfig, `"w"`},
		{"model.create", graph(in("y", layer("Add", Object{}), node(ref("x"), ref("z")))), BadConfig, "z"},
		{"model.create", graph(inputLayer("z", 3), in("y", layer("Add", Object{}), node(ref("x"), ref("z")))), ShapeMismatch, "add: inputs x [2] and z [3]"},
		{"model.create", Object{"config": layer("Functional", nil)}, BadConfig, "functional: input_layers is null, wanted a list"},
		{"model.create", Object{"config": layer("Subclassed", Object{"layers": list()})}, BadConfig, `"Subclassed"`},
		{"model.part", and(m, Object{"layer": "d"}), BadConfig, "d is not a model"},
		{"model.part", and(m, Object{"layer": "nowhere"}), BadConfig, "nowhere"},
		{"model.getWeights", and(m, Object{"layer": 3.0}), BadConfig, "layer is 3, want a name"},
		{"model.setWeights", and(m, Object{"layer": "v", "weights": list(tensorOf([]int{1}, 7))}), ShapeMismatch, "v: got 1 weights, it has 2"},
		{"model.countParams", and(m, Object{"layer": "nowhere"}), BadConfig, "nowhere"},
		{"model.compile", compile(Object{"loss": list("mse")}), BadConfig, "loss is an array of 1, want one for each of the model's 2 outputs (u, v)"},
		{"model.compile", compile(Object{"loss": Object{"w": "mse"}}), BadConfig, `loss is for "w", want u, v`},
		{"model.compile", compile(Object{"loss": Object{"u": nil}}), BadConfig, "loss has none for any of the outputs u, v"},
		{"model.compile", compile(Object{"lossWeights": Object{"v": "much"}}), BadConfig, `lossWeights of v is "much", want a number`},
		{"model.compile", compile(Object{"metrics": list("mae")}), BadConfig, "metrics is one array for 2 outputs"},
		{"model.compile", compile(Object{"metrics": "mae"}), BadConfig, `metrics is "mae", want an array, or an object by the outputs' names`},
		{"model.compile", compile(Object{"metrics": Object{"w": "mae"}}), BadConfig, `metrics is for "w"`},
		{"model.compile", compile(Object{"trainable": Object{"d": "no"}}), BadConfig, `trainable of "d" is "no", want true or false`},
		{"model.compile", compile(Object{"trainable": Object{"w": true}}), BadConfig, `"w"`},
		{"model.evaluate", and(m, Object{"x": Object{"a": x["a"]}, "y": y}), BadData, "x has no b, want a, b"},
		{"model.evaluate", and(m, Object{"x": and(x, Object{"c": x["a"]}), "y": y}), BadData, "x has c, want a, b"},
		{"model.evaluate", and(m, Object{"x": x, "y": list(y["u"], tensorOf([]int{3, 1}, 1, 2, 3))}), ShapeMismatch, "y[1] has 3 samples, the first input has 4"},
		{"model.evaluate", and(m, Object{"x": x, "y": y["u"]}), ShapeMismatch, "1 targets, the model has 2 outputs with a loss"},
		{"model.evaluate", and(m, Object{"x": x, "y": y, "sampleWeight": list(tensorOf([]int{4}, 1, 1, 1, 1), tensorOf([]int{3}, 1, 1, 1))}), ShapeMismatch, "sampleWeight[1] has the shape [3], want [4]"},
		{"model.evaluate", and(m, Object{"x": x, "y": y, "sampleWeight": list(y["v"], y["v"], y["v"])}), ShapeMismatch, "sampleWeight has 3 tensors, want one for each output with a loss (u, v)"},
		{"model.predict", and(m, Object{"x": x["a"]}), ShapeMismatch, "1 inputs, wanted 2 (a, b)"},
	} {
		_, err := p.call(test.method, test.args, nil)
		if err == nil {
			t.Errorf("%s, which should say %q: no error", test.method, test.part)
			continue
		}
		wantError(t, err, test.code, test.part)
	}
	// None of it harmed the model.
	p.mustCall("model.trainOnBatch", and(m, Object{"x": x, "y": y}))
}
