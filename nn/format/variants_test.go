package format_test

import (
	"encoding/binary"
	"errors"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/format"
)

// The many ways in which other programs write what mlp's model.json says, all read as the same model.
func TestTopologyVariants(t *testing.T) {
	dir := goldenDir + "/mlp"
	text := string(must[[]byte](t)(os.ReadFile(dir + "/model.json")))
	want := must[map[string]any](t)(must[*nn.Model](t)(readGolden(t, dir).Model(backend())).Config())
	names := []any{"dense_Dense1/kernel", "dense_Dense1/bias", "dense_Dense2/kernel", "dense_Dense3/kernel", "dense_Dense3/bias"}
	rename := func(f func(name string) string) func(tree) {
		return func(v tree) {
			for i, name := range names {
				set(v, f(name.(string)), "weightsManifest", 0, "weights", i, "name")
			}
		}
	}
	layer := func(i int, path ...any) []any {
		return append([]any{"modelTopology", "config", "layers", i, "config"}, path...)
	}
	for name, change := range map[string]func(tree){
		"nested under model_config": func(v tree) {
			v["modelTopology"] = map[string]any{"model_config": v["modelTopology"], "keras_version": "2.4.0"}
		},
		"Keras 3's batch_shape": func(v tree) {
			set(v, drop, layer(0, "batch_input_shape")...)
			set(v, []any{nil, 4}, layer(0, "batch_shape")...)
		},
		"Keras 3's modules and policies": func(v tree) {
			policy := map[string]any{"module": "keras", "class_name": "DTypePolicy", "config": map[string]any{"name": "float32"}, "registered_name": nil}
			set(v, policy, layer(1, "dtype")...)
			set(v, map[string]any{"module": "keras.initializers", "class_name": "Zeros", "config": map[string]any{}, "registered_name": nil}, layer(0, "bias_initializer")...)
			set(v, "keras.layers", "modelTopology", "config", "layers", 0, "module")
			set(v, map[string]any{"input_shape": []any{nil, 4}}, "modelTopology", "config", "layers", 0, "build_config")
		},
		"an input layer of its own name": func(v tree) {
			layers := v["modelTopology"].(map[string]any)["config"].(map[string]any)["layers"].([]any)
			set(v, drop, layer(0, "batch_input_shape")...)
			input := map[string]any{"class_name": "InputLayer", "config": map[string]any{"batch_input_shape": []any{nil, 4}, "name": "input_layer", "sparse": false, "ragged": false, "dtype": "float32"}}
			set(v, append([]any{input}, layers...), "modelTopology", "config", "layers")
		},
		"truncated_normal":           func(v tree) { set(v, "truncated_normal", layer(0, "kernel_initializer", "config", "distribution")...) },
		"names with the model's":     rename(func(s string) string { return "sequential_1/" + s }),
		"names with :0":              rename(func(s string) string { return s + ":0" }),
		"names with a cell's":        rename(func(s string) string { return strings.Replace(s, "/", "/cell/", 1) }),
		"names of another model":     rename(func(s string) string { return "x" + s }),
		"names in another order":     swapWeights,
		"no trainingConfig":          func(v tree) { delete(v, "trainingConfig") },
		"an optimizer nn has not":    func(v tree) { set(v, "Nonesuch", "trainingConfig", "optimizer_config", "class_name") },
		"a loss nn has not":          func(v tree) { v["trainingConfig"].(map[string]any)["loss"] = "nonesuch" },
		"losses and metrics by name": func(v tree) { byOutput(v) },
		"weights nn has not":         func(v tree) { v["trainingConfig"].(map[string]any)["loss_weights"] = []any{1, 2} },
		"a mode nn has not":          func(v tree) { v["trainingConfig"].(map[string]any)["sample_weight_mode"] = "temporal" },
	} {
		v := parseTree(t, text)
		change(v)
		a, err := format.ReadTFJS([]byte(v.String()), opener(dir))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		m := must[*nn.Model](t)(a.Model(backend()))
		if got := must[map[string]any](t)(m.Config()); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: config is\n%v, wanted\n%v", name, got, want)
		}
		if has := m.Training().Optimizer != nil; has != (a.Training != nil) || (a.TrainingErr != nil) != strings.Contains(name, "nn has not") {
			t.Errorf("%s: optimizer %v, error %v", name, has, a.TrainingErr)
		}
	}
}

// byOutput writes loss and metrics as models of several outputs have them.
func byOutput(v tree) {
	config := v["trainingConfig"].(map[string]any)
	config["loss"] = map[string]any{"output": "categorical_crossentropy"}
	config["metrics"] = map[string]any{"output": []any{"accuracy"}}
	config["loss_weights"], config["weighted_metrics"], config["sample_weight_mode"] = nil, []any{}, nil
}

// swapWeights changes the order of the first two weights, which are of different shapes. The bytes stay:
// here only the names matter.
func swapWeights(v tree) {
	list := v["weightsManifest"].([]any)[0].(map[string]any)["weights"].([]any)
	list[0], list[1] = list[1], list[0]
}

// Each tensor is found by its name, wherever it lies.
func TestWeightsByName(t *testing.T) {
	m := nn.NewSequential(nn.Input(2), nn.Dense{Units: 2, Name: "a"}, nn.Dense{Units: 2, Name: "b"})
	a := must[*format.Artifacts](t)(format.FromModel(m))
	files := must[[]format.File](t)(format.WriteTFJS(a, ""))
	v := parseTree(t, string(files[0].Data))
	list := v["weightsManifest"].([]any)[0].(map[string]any)["weights"].([]any)
	list[0], list[2] = list[2], list[0] // the kernels, which are of one shape
	b := must[*format.Artifacts](t)(format.ReadTFJS([]byte(v.String()), openFiles(files)))
	if !reflect.DeepEqual(b.Weights[0].Data, a.Weights[2].Data) || !reflect.DeepEqual(b.Weights[2].Data, a.Weights[0].Data) {
		t.Error("weights were taken by their order")
	}
}

// Groups have files of their own, and a group's tensors may begin anywhere in them.
func TestManifestGroups(t *testing.T) {
	m := nn.NewSequential(nn.Input(2), nn.Dense{Units: 3}, nn.Dense{Units: 2})
	a := must[*format.Artifacts](t)(format.FromModel(m))
	files := must[[]format.File](t)(format.WriteTFJS(a, ""))
	v := parseTree(t, string(files[0].Data))
	list := v["weightsManifest"].([]any)[0].(map[string]any)["weights"].([]any)
	set(v, []any{
		map[string]any{"paths": []any{"one", "two"}, "weights": list[:2]},
		map[string]any{"paths": []any{}, "weights": []any{}},
		map[string]any{"paths": []any{"sub/three"}, "weights": list[2:]},
	}, "weightsManifest")
	data := files[1].Data
	parts := map[string][]byte{"one": data[:7], "two": data[7:36], "sub/three": data[36:]}
	b := must[*format.Artifacts](t)(format.ReadTFJS([]byte(v.String()), func(path string) ([]byte, error) { return parts[path], nil }))
	if !reflect.DeepEqual(a.Weights, b.Weights) {
		t.Error("weights differ")
	}
}

// A safetensors file of another program: no config, other dtypes, any order.
func TestSafetensorsOfOthers(t *testing.T) {
	data := binary.LittleEndian.AppendUint64(nil, math.Float64bits(-2.5))
	data = append(data, 0x00, 0x3c, 0x00, 0xc4) // 1, -4 as float16
	data = append(data, 0x40, 0x40)             // 3 as bfloat16
	header := `{"w":{"dtype":"F16","shape":[2,1],"data_offsets":[8,12]},"b":{"dtype":"BF16","shape":[],"data_offsets":[12,14]},` +
		`"v":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},"__metadata__":{"format":"pt"}}`
	a := must[*format.Artifacts](t)(format.ReadSafetensors([]byte(safetensorsOf(header, data))))
	want := []nn.Weight{
		{Name: "v", Shape: []int{1}, Data: []float32{-2.5}},
		{Name: "w", Shape: []int{2, 1}, Data: []float32{1, -4}},
		{Name: "b", Shape: []int{}, Data: []float32{3}},
	}
	if !reflect.DeepEqual(a.Weights, want) {
		t.Errorf("weights are %v, wanted %v", a.Weights, want)
	}
	if _, err := a.Model(backend()); !errors.Is(err, format.ErrUnsupported) {
		t.Errorf("a model without a config: %v", err)
	}
}

// What cannot be written is an error, not a file that cannot be read.
func TestWritersRefuse(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*format.Artifacts)
		want  error
	}{
		"NaN":             {func(a *format.Artifacts) { a.Weights[0].Data[3] = float32(math.NaN()) }, format.ErrWeights},
		"a weight less":   {func(a *format.Artifacts) { a.Weights = a.Weights[1:] }, format.ErrWeights},
		"another shape":   {func(a *format.Artifacts) { a.Weights[0].Shape = []int{3, 4} }, format.ErrWeights},
		"too few numbers": {func(a *format.Artifacts) { a.Weights[0].Data = a.Weights[0].Data[1:] }, format.ErrWeights},
		"a slot less":     {func(a *format.Artifacts) { a.Training.State.Slots = a.Training.State.Slots[1:] }, format.ErrWeights},
		"NaN in a slot":   {func(a *format.Artifacts) { a.Training.State.Slots[0].Data[0] = float32(math.NaN()) }, format.ErrWeights},
		"no optimizer":    {func(a *format.Artifacts) { a.Training.Optimizer = nil }, format.ErrWeights},
		"metadata":        {func(a *format.Artifacts) { a.Metadata = map[string]any{"f": func() {}} }, format.ErrUnsupported},
		"metadata's NaN":  {func(a *format.Artifacts) { a.Metadata = map[string]any{"f": math.NaN()} }, format.ErrFormat},
		"the topology":    {func(a *format.Artifacts) { set(a.Topology, []any{}, "config", "layers") }, format.ErrTopology},
	} {
		m, _ := trained(t, nn.NewSequential(nn.Input(4), nn.Dense{Units: 3, Activation: nn.Softmax}), nn.Adam{}, 4)
		a := must[*format.Artifacts](t)(format.FromModel(m))
		c.spoil(a)
		if _, err := format.WriteTFJS(a, ""); !errors.Is(err, c.want) {
			t.Errorf("%s: tfjs: %v, wanted %v", name, err, c.want)
		}
		if _, err := format.WriteSafetensors(a); !errors.Is(err, c.want) {
			t.Errorf("%s: safetensors: %v, wanted %v", name, err, c.want)
		}
	}
	a := must[*format.Artifacts](t)(format.FromModel(network()))
	for _, name := range []string{"../x", "a/b", `a\b`, ".hidden", "a:b", "a?b"} {
		if _, err := format.WriteTFJS(a, name); !errors.Is(err, format.ErrPath) {
			t.Errorf("name %q: %v", name, err)
		}
	}
	if _, err := format.FromModel(nn.NewSequential(nn.Dense{Units: 3})); !errors.Is(err, nn.ErrNotBuilt) {
		t.Errorf("a model without an input: %v", err)
	}
}
