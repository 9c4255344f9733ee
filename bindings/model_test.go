package bindings

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tabgrad/tabgrad/nn/cpu"
)

func cpuPage(t *testing.T, o Options) *page {
	o.Backend = cpu.New[float32](cpu.Options{})
	return newPage(t, o)
}

func tensorOf(shape []int, numbers ...float32) Object { return tensorValue(shape, numbers) }

func layer(class string, config Object) Object {
	return Object{"class_name": class, "config": config}
}

func sequential(layers ...any) Object { return layer("Sequential", Object{"layers": layers}) }

func list(items ...any) []any { return items }

func num(numbers ...float64) []any {
	out := make([]any, len(numbers))
	for i, n := range numbers {
		out[i] = n
	}
	return out
}

// newModel makes a model and returns the args that name it.
func (p *page) newModel(layers ...any) Object {
	p.t.Helper()
	created := p.mustCall("model.create", Object{"config": sequential(layers...), "seed": 5.0})
	return Object{"model": created.(Object)["model"]}
}

func (p *page) newXOR() Object {
	model := p.newModel(
		layer("Dense", Object{"units": 8.0, "activation": "tanh", "input_shape": num(2)}),
		layer("Dense", Object{"units": 2.0, "activation": "softmax"}))
	p.mustCall("model.compile", and(model, Object{
		"optimizer": layer("Adam", Object{"learningRate": 0.05}), "loss": "categoricalCrossentropy", "metrics": list("accuracy")}))
	return model
}

func and(objects ...Object) Object {
	out := Object{}
	for _, o := range objects {
		for key, value := range o {
			out[key] = value
		}
	}
	return out
}

// xor is the table of exclusive or.
func xor() Object {
	return Object{"x": tensorOf([]int{4, 2}, 0, 0, 0, 1, 1, 0, 1, 1), "y": tensorOf([]int{4, 2}, 1, 0, 0, 1, 0, 1, 1, 0)}
}

// figure is the number called name in logs, -1 where there is none.
func figure(logs Value, name string) float64 {
	for _, f := range logs.(Fields) {
		if f.Name == name {
			return f.Value.(float64)
		}
	}
	return -1
}

func TestAModelLearns(t *testing.T) {
	p := cpuPage(t, Options{})
	model := p.newXOR()
	var begun, ended []float64
	var batches, progress int
	history, err := p.call("model.fit", and(model, xor(), Object{
		"epochs": 120.0, "batchSize": 2.0, "validationX": xor()["x"], "validationY": xor()["y"],
		"progress": true,
	}, functions("batchEnd", "epochBegin", "epochEnd")), func(name string, data Object) {
		switch name {
		case "epochBegin":
			begun = append(begun, data["epoch"].(float64))
		case "epochEnd":
			ended = append(ended, data["epoch"].(float64))
			if figure(data["logs"], "val_accuracy") < 0 {
				t.Fatalf("epoch %v has the logs %v, want val_accuracy among them", data["epoch"], data["logs"])
			}
		case "batches":
			for _, item := range data["items"].([]any) {
				if at := item.(Object)["batch"]; at != float64(batches%2) {
					t.Fatalf("batch %v came as number %d", at, batches)
				}
				batches++
			}
		case "progress":
			progress++
			if data["batches"] != 2.0 || data["epochs"] != 120.0 || data["samplesPerSecond"].(float64) <= 0 {
				t.Fatalf("progress %v", data)
			}
		}
	})
	if err != nil {
		t.Fatalf("%s: %s", err.Code, err.Message)
	}
	values := history.(Object)["history"].(Fields)
	var names []string
	for _, f := range values {
		names = append(names, f.Name)
	}
	if got := strings.Join(names, " "); got != "loss accuracy val_loss val_accuracy" {
		t.Errorf("history has %s", got)
	}
	losses := values[0].Value.([]any)
	if len(losses) != 120 || len(history.(Object)["epoch"].([]any)) != 120 {
		t.Errorf("history has %d losses, want 120", len(losses))
	}
	if first, last := losses[0].(float64), losses[119].(float64); last > 0.1 || last >= first {
		t.Errorf("loss went from %v to %v, want below 0.1", first, last)
	}
	if len(begun) != 120 || len(ended) != 120 || !slices.IsSorted(begun) || !slices.IsSorted(ended) {
		t.Errorf("%d epochs began and %d ended, want 120 in order", len(begun), len(ended))
	}
	if batches != 240 || progress < 120 {
		t.Errorf("heard of %d batches and progress %d times, want 240 and at least once an epoch", batches, progress)
	}
	if scores := p.mustCall("model.evaluate", and(model, xor())); figure(scores, "accuracy") != 1 {
		t.Errorf("evaluate %v, want accuracy 1", scores)
	}
	predicted := p.mustCall("model.predict", and(model, Object{"x": xor()["x"]})).(Object)
	if shape := predicted["shape"].([]any); !slices.Equal(shape, num(4, 2)) {
		t.Errorf("predict has the shape %v, want 4, 2", shape)
	}
	if steps := p.mustCall("engine.stats", Object{}).(Object)["steps"]; steps != 240.0 {
		t.Errorf("stats count %v steps, want 240", steps)
	}
	if logs := p.mustCall("model.trainOnBatch", and(model, xor())); figure(logs, "accuracy") != 1 {
		t.Errorf("trainOnBatch %v, want accuracy 1", logs)
	}
}

func TestBytesWithAScaleTrainLikeFloats(t *testing.T) {
	p := cpuPage(t, Options{})
	weights := func(x Object) Value {
		model := p.newXOR()
		p.mustCall("model.fit", and(model, xor(), Object{"x": x, "epochs": 3.0}))
		return p.mustCall("model.getWeights", model).([]any)[0].(Object)["data"]
	}
	bytes := Object{"data": []byte{0, 0, 0, 2, 2, 0, 2, 2}, "shape": num(4, 2), "scale": 0.5}
	ints := Object{"data": []int32{0, 0, 0, 2, 2, 0, 2, 2}, "shape": num(4, 2), "scale": 0.5}
	want := weights(xor()["x"].(Object)).([]float32)
	for name, x := range map[string]Object{"bytes": bytes, "ints": ints} {
		if have := weights(x).([]float32); !slices.Equal(have, want) {
			t.Errorf("%s: weights %v, want %v", name, have, want)
		}
	}
}

func TestWeightsGoOutAndIn(t *testing.T) {
	p := cpuPage(t, Options{})
	a, b := p.newXOR(), p.newXOR()
	p.mustCall("model.fit", and(a, xor(), Object{"epochs": 2.0}))
	list := p.mustCall("model.getWeights", a).([]any)
	var names []string
	for _, w := range list {
		names = append(names, w.(Object)["name"].(string))
	}
	if got := strings.Join(names, " "); got != "dense/kernel dense/bias dense_1/kernel dense_1/bias" {
		t.Errorf("weights are called %s", got)
	}
	p.mustCall("model.setWeights", and(b, Object{"weights": list}))
	x := Object{"x": xor()["x"]}
	if have, want := p.mustCall("model.predict", and(b, x)).(Object)["data"].([]float32), p.mustCall("model.predict", and(a, x)).(Object)["data"].([]float32); !slices.Equal(have, want) {
		t.Errorf("with a's weights b predicts %v, want %v", have, want)
	}
	_, err := p.call("model.setWeights", and(b, Object{"weights": list[:3]}), nil)
	wantError(t, err, ShapeMismatch, "3 weights", "4")
}

func TestBadInputSaysWhatIsWrong(t *testing.T) {
	p := cpuPage(t, Options{})
	model := p.newXOR()
	nan := float32(math.NaN())
	tests := []struct {
		name, method string
		args         Object
		code         Code
		parts        []string
	}{
		{"a wrong shape", "model.fit", Object{"x": tensorOf([]int{4, 3}, make([]float32, 12)...)}, ShapeMismatch, []string{"dense: x is [3]", "[2]"}},
		{"a wrong shape to predict from", "model.predict", Object{"x": tensorOf([]int{1, 3}, 1, 2, 3)}, ShapeMismatch, []string{"dense: x is [3]", "[2]"}},
		{"too few targets", "model.fit", Object{"y": tensorOf([]int{3, 2}, 1, 0, 1, 0, 1, 0)}, ShapeMismatch, []string{"fit", "4", "3"}},
		{"numbers that don't fill the shape", "model.fit", Object{"x": tensorOf([]int{4, 2}, 1)}, ShapeMismatch, []string{"fit: x", "1 numbers"}},
		{"a single number", "model.predict", Object{"x": tensorOf(nil, 1)}, ShapeMismatch, []string{"single number"}},
		{"no tensor", "model.fit", Object{"x": "text"}, BadData, []string{"fit: x is \"text\""}},
		{"NaN", "model.fit", Object{"x": tensorOf([]int{4, 2}, 0, 0, 0, nan, 1, 0, 1, 1)}, BadData, []string{"sample 1", "NaN"}},
		{"a target out of range", "model.fit", Object{"y": tensorOf([]int{4, 2}, 1, 0, 0, 3, 1, 0, 0, 1)}, BadData, []string{"sample 1", "3"}},
		{"class numbers for one-hot", "model.fit", Object{"y": tensorOf([]int{4}, 0, 1, 1, 0)}, ShapeMismatch, []string{"sparse"}},
		{"a batch size of 0", "model.fit", Object{"batchSize": 0.0}, BadConfig, []string{"fit: batchSize is 0", "from 1"}},
		{"a split that leaves nothing", "model.fit", Object{"validationSplit": 0.9}, BadConfig, []string{"split"}},
		{"a class weight that is no number", "model.fit", Object{"classWeight": Object{"1": "much"}}, BadConfig, []string{"classWeight: 1", "much"}},
		{"sample weights of another length", "model.fit", Object{"sampleWeight": tensorOf([]int{3}, 1, 1, 1)}, ShapeMismatch, []string{"sampleWeight", "[3]", "[4]"}},
		{"an unknown optimizer", "model.compile", Object{"optimizer": "adamant", "loss": "mse"}, BadConfig, []string{"adamant", "adadelta"}},
		{"an unknown loss", "model.compile", Object{"optimizer": "adam", "loss": "lossy"}, BadConfig, []string{"lossy"}},
		{"an unknown metric", "model.compile", Object{"optimizer": "adam", "loss": "mse", "metrics": list("precission")}, BadConfig, []string{"precission"}},
		{"metrics that are no list", "model.compile", Object{"optimizer": "adam", "loss": "mse", "metrics": "mae"}, BadConfig, []string{"metrics", "array"}},
		{"weighted metrics that are no list", "model.compile", Object{"optimizer": "adam", "loss": "mse", "weightedMetrics": 1.0}, BadConfig, []string{"weightedMetrics", "array"}},
		{"a weighted metric out of range", "model.compile", Object{"optimizer": "adam", "loss": "mse", "weightedMetrics": list(layer("Precision", Object{"top_k": 0.0}))}, BadConfig, []string{"precision: top_k is 0", "at least 1"}},
		{"an unknown layer", "model.create", Object{"config": sequential(layer("Dens", Object{}))}, BadConfig, []string{"Dens"}},
		{"an unknown option", "model.create", Object{"config": sequential(layer("Dense", Object{"units": 1.0, "unit": 2.0}))}, BadConfig, []string{"dense", "unit"}},
		{"a rate out of range", "model.create", Object{"config": sequential(layer("Dropout", Object{"rate": 1.5}))}, BadConfig, []string{"dropout", "1.5"}},
		{"a model that is too large", "model.create", Object{"config": sequential(layer("Dense", Object{"units": 1e8, "input_shape": num(4)}))}, OutOfMemory, []string{"500000000 parameters"}},
		{"a model that was disposed", "model.predict", Object{"model": 99.0}, Disposed, []string{"disposed"}},
	}
	before := p.mustCall("model.getWeights", model)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := p.call(test.method, and(model, xor(), test.args), nil)
			wantError(t, err, test.code, test.parts...)
		})
	}
	after := p.mustCall("model.getWeights", model)
	for i, w := range after.([]any) {
		if !slices.Equal(w.(Object)["data"].([]float32), before.([]any)[i].(Object)["data"].([]float32)) {
			t.Errorf("bad input changed weight %d", i)
		}
	}
}

func TestDivergingKeepsTheLastGoodEpoch(t *testing.T) {
	p := cpuPage(t, Options{})
	model := p.newModel(layer("Dense", Object{"units": 1.0, "input_shape": num(1)}))
	p.mustCall("model.compile", and(model, Object{"optimizer": layer("SGD", Object{"learning_rate": 100.0}), "loss": "mse"}))
	var good []Value
	_, err := p.call("model.fit", and(model, Object{
		"x": tensorOf([]int{4, 1}, 1, 2, 3, 4), "y": tensorOf([]int{4, 1}, 2, 4, 6, 8), "epochs": 50.0, "batchSize": 2.0,
	}, functions("epochEnd")), func(string, Object) { good = append(good, nil) })
	wantError(t, err, Diverged, "epoch")
	epoch, ok := err.Details["epoch"].(float64)
	if !ok || int(epoch) != len(good) {
		t.Errorf("diverged in epoch %v after %d good ones", err.Details["epoch"], len(good))
	}
	if _, ok := err.Details["batch"].(float64); !ok {
		t.Errorf("details %v do not name the batch", err.Details)
	}
	for _, w := range p.mustCall("model.getWeights", model).([]any) {
		for _, v := range w.(Object)["data"].([]float32) {
			if v-v != 0 {
				t.Errorf("a weight is %v after diverging", v)
			}
		}
	}
}
