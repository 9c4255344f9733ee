package bindings

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tabgrad/tabgrad/nn/format"
)

// saved is a model as a page would keep it.
func (p *page) saved(model Object, withOptimizer bool) (text string, weights []byte) {
	p.t.Helper()
	reply := p.mustCall("model.save", and(model, Object{"includeOptimizer": withOptimizer})).(Object)
	return reply["json"].(string), reply["weights"].([]byte)
}

func files(text string, weights []byte) Object {
	return Object{"json": text, "files": Object{"model.weights.bin": weights}}
}

func (p *page) loaded(arguments Object) Object {
	p.t.Helper()
	return p.mustCall("model.load", arguments).(Object)
}

func (p *page) weights(model Object) [][]float32 {
	p.t.Helper()
	var all [][]float32
	for _, w := range p.mustCall("model.getWeights", Object{"model": model["model"]}).([]any) {
		all = append(all, w.(Object)["data"].([]float32))
	}
	return all
}

func sameBits(t *testing.T, got, want [][]float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d weights, want %d", len(got), len(want))
	}
	for i := range want {
		for j := range want[i] {
			if math.Float32bits(got[i][j]) != math.Float32bits(want[i][j]) {
				t.Fatalf("weight %d, element %d is %v, want %v", i, j, got[i][j], want[i][j])
			}
		}
	}
}

// dropping is a network whose training depends on the seed, the steps so far and the optimizer's memory.
func (p *page) dropping() Object {
	model := p.newModel(
		layer("Dense", Object{"units": 8.0, "activation": "tanh", "input_shape": num(2)}),
		layer("Dropout", Object{"rate": 0.5}),
		layer("Dense", Object{"units": 2.0, "activation": "softmax"}))
	p.mustCall("model.compile", and(model, Object{"optimizer": layer("Adam", Object{"learning_rate": 0.05}), "loss": "categorical_crossentropy", "metrics": list("accuracy")}))
	return model
}

func TestALoadedModelIsTheSameAndGoesOnAsIfNeverSaved(t *testing.T) {
	p := cpuPage(t, Options{Seed: 42})
	fit := func(model Object, from, to float64) {
		t.Helper()
		p.mustCall("model.fit", and(xor(), Object{"model": model["model"], "batchSize": 2.0, "initialEpoch": from, "epochs": to}))
	}
	straight, cut := p.dropping(), p.dropping()
	fit(straight, 0, 7)
	fit(cut, 0, 3)
	text, weights := p.saved(cut, true)
	again := p.loaded(files(text, weights))
	if again["compiled"] != true || again["name"] != "sequential" || len(again["config"].(Object)["config"].(Object)["layers"].([]any)) != 4 {
		t.Errorf("got %v", again)
	}
	sameBits(t, p.weights(again), p.weights(cut))
	fit(again, 3, 7)
	sameBits(t, p.weights(again), p.weights(straight))

	// Saved once more, before anything else happened to it, it makes the same files.
	twice := p.loaded(files(text, weights))
	if text2, weights2 := p.saved(twice, true); text2 != text || string(weights2) != string(weights) {
		t.Error("what was loaded is saved as something else")
	}
}

func TestWithoutItsOptimizerAModelPredictsAndCanBeCompiled(t *testing.T) {
	p := cpuPage(t, Options{Seed: 42})
	model := p.dropping()
	p.mustCall("model.trainOnBatch", and(model, xor()))
	text, weights := p.saved(model, false)
	if want := 4 * (2*8 + 8 + 8*2 + 2); len(weights) != want {
		t.Errorf("%d bytes of weights, want %d", len(weights), want)
	}
	var top map[string]any
	if err := json.Unmarshal([]byte(text), &top); err != nil {
		t.Fatal(err)
	}
	if top["trainingConfig"] != nil || top["tabgrad"] != nil {
		t.Error("the training is in the files")
	}
	again := p.loaded(files(text, weights))
	if again["compiled"] != false {
		t.Error("it says that it is compiled")
	}
	x := Object{"model": again["model"], "x": xor()["x"]}
	want := p.mustCall("model.predict", and(model, Object{"x": xor()["x"]})).(Object)["data"].([]float32)
	sameBits(t, [][]float32{p.mustCall("model.predict", x).(Object)["data"].([]float32)}, [][]float32{want})
	_, err := p.call("model.fit", and(x, xor()), nil)
	wantError(t, err, BadConfig)
	p.mustCall("model.compile", Object{"model": again["model"], "optimizer": "sgd", "loss": "mse"})
	p.mustCall("model.trainOnBatch", and(Object{"model": again["model"]}, xor()))
}

// A model is saved while it is trained: between two steps.
func TestAModelIsSavedDuringFit(t *testing.T) {
	p := cpuPage(t, Options{HopEvery: 1})
	model := p.newXOR()
	fit := p.send("model.fit", long(model, Object{}))
	p.loaded(files(p.saved(model, true)))
	p.server.Receive(Object{"cancel": fit})
	_, err := p.wait(fit, nil)
	wantError(t, err, Aborted)
}

// A model of TensorFlow.js's, in shards, with its optimizer; its training has the seed of the engine.
func TestAModelOfTFJSIsLoadedFromItsShards(t *testing.T) {
	folder := filepath.Join("..", "nn", "format", "testdata", "tfjs", "golden", "mlp")
	text, err := os.ReadFile(filepath.Join(folder, "model.json"))
	if err != nil {
		t.Fatal(err)
	}
	shards, err := filepath.Glob(filepath.Join(folder, "*.bin"))
	if err != nil || len(shards) < 2 {
		t.Fatalf("%d shards: %v", len(shards), err)
	}
	named := Object{}
	for _, path := range shards {
		if named[filepath.Base(path)], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	p := cpuPage(t, Options{Seed: 42})
	model := p.loaded(Object{"json": string(text), "files": named, "seedless": true})
	if model["compiled"] != true {
		t.Error("it is not compiled")
	}
	if classes, _ := model["metadata"].(Object)["classes"].([]any); len(classes) != 3 {
		t.Errorf("metadata is %v", model["metadata"])
	}
	if again, _ := p.saved(Object{"model": model["model"]}, true); !strings.Contains(again, `"seed":"42"`) {
		t.Error("its seed is not the engine's")
	}
}

func TestASafetensorsFileIsLoaded(t *testing.T) {
	p := cpuPage(t, Options{Seed: 42})
	model := p.dropping()
	p.mustCall("model.trainOnBatch", and(model, xor()))
	text, weights := p.saved(model, true)
	artifacts, err := format.ReadTFJS([]byte(text), func(string) ([]byte, error) { return weights, nil })
	if err != nil {
		t.Fatal(err)
	}
	file, err := format.WriteSafetensors(artifacts)
	if err != nil {
		t.Fatal(err)
	}
	again := p.loaded(Object{"safetensors": file})
	if text2, weights2 := p.saved(Object{"model": again["model"]}, true); text2 != text || string(weights2) != string(weights) {
		t.Error("the model of a safetensors file is saved as something else")
	}
}

func TestFilesThatAreNoModelAreRefused(t *testing.T) {
	p := cpuPage(t, Options{})
	text, weights := p.saved(p.newXOR(), true)
	for _, c := range []struct {
		name  string
		files Object
		code  Code
		parts []string
	}{
		{"nothing", Object{}, BadData, []string{"json is null"}},
		{"another kind", Object{"safetensors": 1.0}, BadData, []string{"safetensors is 1"}},
		{"no JSON", files("hello", weights), BadFormat, []string{"model.json", "byte 0"}},
		{"a shard is missing", Object{"json": text}, BadFormat, []string{"model.weights.bin is missing"}},
		{"truncated weights", files(text, weights[:len(weights)-4]), BadFormat, []string{"model.weights.bin", "the manifest announces"}},
		{"too many weights", files(text, append([]byte{0, 0, 0, 0}, weights...)), BadFormat, []string{"model.weights.bin"}},
		{"an unknown layer", files(strings.Replace(text, `"class_name":"Dense"`, `"class_name":"Denser"`, 1), weights), Unsupported, []string{`"Denser"`, "unknown"}},
		{"another size", files(strings.Replace(text, `"units":8`, `"units":9`, 1), weights), BadFormat, []string{"shape is [2 8]"}},
		{"a path that leads out", files(strings.Replace(text, "./model.weights.bin", "../model.weights.bin", 1), weights), BadFormat, []string{"below the model's folder"}},
		{"a cut safetensors file", Object{"safetensors": []byte{1, 2, 3}}, BadFormat, []string{"3 bytes"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := p.call("model.load", c.files, nil)
			wantError(t, err, c.code, c.parts...)
		})
	}
	if models := p.mustCall("engine.stats", Object{}).(Object)["models"]; models != 1.0 {
		t.Errorf("%v models are kept, want the first alone", models)
	}
}
