package format_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/format"
)

// A malformed file is a good one with one thing wrong, and the error that says so.
type malformed struct {
	name string
	file string            // model.json, or a whole safetensors file
	bins map[string][]byte // the weight files of model.json; nil for safetensors
	want error
}

func (m malformed) size() int {
	n := len(m.file)
	for _, b := range m.bins {
		n += len(b)
	}
	return n
}

func (m malformed) read() (*format.Artifacts, error) {
	if m.bins == nil {
		return format.ReadSafetensors([]byte(m.file))
	}
	return format.ReadTFJS([]byte(m.file), func(path string) ([]byte, error) {
		if b, ok := m.bins[path]; ok {
			return b, nil
		}
		return nil, fs.ErrNotExist
	})
}

// A tree is a JSON document to be changed.
type tree map[string]any

func parseTree(t testing.TB, text string) tree {
	var v tree
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func (v tree) String() string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// drop, as a value, removes the key or element.
var drop = &struct{}{}

// set changes what a path of keys and indices leads to.
func set(v any, value any, path ...any) any {
	if len(path) == 0 {
		return value
	}
	switch key := path[0].(type) {
	case string:
		m, ok := v.(map[string]any)
		if tr, isTree := v.(tree); isTree {
			m, ok = tr, true
		}
		if !ok {
			panic(fmt.Sprintf("%q in %T", key, v))
		}
		if m[key] = set(m[key], value, path[1:]...); m[key] == any(drop) {
			delete(m, key)
		}
	case int:
		list := v.([]any)
		if list[key] = set(list[key], value, path[1:]...); list[key] == any(drop) {
			return slices.Delete(list, key, key+1)
		}
	}
	return v
}

var (
	nan      = []byte{0, 0, 0xc0, 0x7f}
	infinity = []byte{0, 0, 0x80, 0xff}
)

// badShapes are shapes that no tensor has, and one that no memory holds.
var badShapes = []struct {
	shape any
	want  error
}{
	{drop, format.ErrFormat}, {nil, format.ErrFormat}, {"4,5", format.ErrFormat}, {4, format.ErrFormat}, {[]any{-4, -5}, format.ErrFormat},
	{[]any{4, 2.5}, format.ErrFormat}, {[]any{"4", 5}, format.ErrFormat}, {[]any{nil, 5}, format.ErrFormat}, {[]any{[]any{4}, 5}, format.ErrFormat},
	{[]any{1e300}, format.ErrFormat}, {[]any{1 << 40, 1 << 40}, format.ErrTooLarge}, {[]any{1 << 31}, format.ErrTooLarge},
	{[]any{1 << 16, 1 << 16}, format.ErrTooLarge}, {[]any{1 << 21, 1 << 21, 1 << 22}, format.ErrTooLarge}, {make([]any, 1000), format.ErrFormat},
}

// badJSON are tails and values that JSON has not, spliced in where a value stands.
var badJSON = []struct {
	text string
	want error
}{
	{"NaN", format.ErrFormat}, {"Infinity", format.ErrFormat}, {"+1", format.ErrFormat}, {"01", format.ErrFormat}, {".5", format.ErrFormat}, {"1.", format.ErrFormat},
	{"1e", format.ErrFormat}, {"--1", format.ErrFormat}, {"0x10", format.ErrFormat}, {"1e999", format.ErrTooLarge}, {"'a'", format.ErrFormat}, {"nul", format.ErrFormat},
	{"True", format.ErrFormat}, {"[1,]", format.ErrFormat}, {"[,1]", format.ErrFormat}, {"{\"a\":1,}", format.ErrFormat}, {"{a:1}", format.ErrFormat}, {"{\"a\"}", format.ErrFormat},
	{"/* */ 1", format.ErrFormat}, {"\"\t\"", format.ErrFormat}, {"\"\\x41\"", format.ErrFormat}, {"\"\\u12\"", format.ErrFormat}, {"\"\\ud800\"", format.ErrFormat}, {"\"\\udc00\\ud800\"", format.ErrFormat},
	{"\"\xff\"", format.ErrFormat}, {"\"\xed\xa0\x80\"", format.ErrFormat}, {"{\"a\":1,\"a\":2}", format.ErrFormat}, {"{\"a\":1,\"\\u0061\":2}", format.ErrFormat},
	{strings.Repeat("[", 100) + strings.Repeat("]", 100), format.ErrTooLarge}, {strings.Repeat("[", 1<<20), format.ErrTooLarge}, {strings.Repeat(`{"a":`, 1<<18), format.ErrTooLarge},
	{"[" + strings.Repeat("0,", 1<<20) + "0]", format.ErrTooLarge}, {strings.Repeat("9", 2000), format.ErrTooLarge}, {"1 2", format.ErrFormat}, {"", format.ErrFormat},
}

// badTopologies change layers[layer] of the mlp: Dense relu, Dense tanh, Dense softmax.
var badTopologies = []struct {
	layer int
	path  []any
	value any
	want  error
}{
	{1, []any{"class_name"}, "Lambda", format.ErrUnsupported}, {1, []any{"class_name"}, "ConvLSTM2D", format.ErrUnsupported}, {0, []any{"class_name"}, "../../etc", format.ErrUnsupported},
	{2, []any{"class_name"}, strings.Repeat("D", 1<<16), format.ErrUnsupported}, {1, []any{"class_name"}, drop, format.ErrFormat}, {1, []any{"class_name"}, 3, format.ErrFormat},
	{1, []any{"config"}, drop, format.ErrFormat}, {1, []any{"config"}, []any{}, format.ErrFormat}, {0, nil, nil, format.ErrFormat}, {0, nil, "Dense", format.ErrFormat},
	{0, []any{"config", "units"}, -5, format.ErrTopology}, {0, []any{"config", "units"}, 0, format.ErrTopology}, {0, []any{"config", "units"}, 1.5, format.ErrTopology},
	{0, []any{"config", "units"}, "5", format.ErrTopology}, {0, []any{"config", "units"}, nil, format.ErrTopology}, {0, []any{"config", "units"}, drop, format.ErrTopology},
	{0, []any{"config", "units"}, 1e18, format.ErrTooLarge}, {0, []any{"config", "units"}, 1 << 31, format.ErrTooLarge}, {0, []any{"config", "units"}, math.MaxInt32, format.ErrTopology},
	{0, []any{"config", "units"}, 6, format.ErrWeights}, {0, []any{"config", "units"}, 1 << 28, format.ErrWeights}, {0, []any{"config", "use_bias"}, false, format.ErrWeights},
	{1, []any{"config", "use_bias"}, true, format.ErrWeights}, {1, []any{"config", "use_bias"}, "yes", format.ErrTopology}, {0, []any{"config", "activation"}, "swoosh", format.ErrTopology},
	{0, []any{"config", "activation"}, 1, format.ErrTopology}, {0, []any{"config", "activation"}, map[string]any{}, format.ErrTopology},
	{0, []any{"config", "kernel_initializer"}, "nonesuch", format.ErrTopology}, {0, []any{"config", "kernel_initializer", "config", "scale"}, 3, format.ErrUnsupported},
	{0, []any{"config", "kernel_initializer", "config", "mode"}, "fan_out", format.ErrUnsupported}, {0, []any{"config", "kernel_initializer", "config"}, drop, format.ErrUnsupported},
	{0, []any{"config", "kernel_initializer", "class_name"}, "Mystery", format.ErrTopology}, {0, []any{"config", "kernel_regularizer", "class_name"}, "L3", format.ErrTopology},
	{0, []any{"config", "kernel_regularizer", "config", "l2"}, -1, format.ErrTopology}, {0, []any{"config", "kernel_constraint"}, "nonesuch", format.ErrTopology},
	{0, []any{"config", "surprise"}, 1, format.ErrTopology}, {0, []any{"config", "dtype"}, "float64", format.ErrTopology}, {1, []any{"config", "name"}, "dense_Dense1", format.ErrTopology},
	{0, []any{"config", "batch_input_shape"}, drop, format.ErrTopology}, {0, []any{"config", "batch_input_shape"}, []any{nil, nil}, format.ErrTopology},
	{0, []any{"config", "batch_input_shape"}, []any{nil, -4}, format.ErrTopology}, {0, []any{"config", "batch_input_shape"}, []any{nil, 0}, format.ErrTopology},
	{0, []any{"config", "batch_input_shape"}, []any{nil, 1e12}, format.ErrTooLarge}, {0, []any{"config", "batch_input_shape"}, []any{nil, 1 << 30, 1 << 30, 4}, format.ErrTopology},
	{0, []any{"config", "batch_input_shape"}, []any{}, format.ErrTopology}, {0, []any{"config", "batch_input_shape"}, "4", format.ErrTopology},
	{0, []any{"config", "batch_input_shape"}, []any{nil}, format.ErrTopology}, {0, []any{"config", "batch_input_shape"}, []any{nil, 5}, format.ErrWeights},
	{1, nil, map[string]any{"class_name": "Conv2D", "config": map[string]any{"filters": 4, "kernel_size": []any{3, 3}}}, format.ErrTopology},
	{1, nil, map[string]any{"class_name": "Reshape", "config": map[string]any{"target_shape": []any{-1, -1}}}, format.ErrTopology},
	{1, nil, map[string]any{"class_name": "Reshape", "config": map[string]any{"target_shape": []any{7}}}, format.ErrTopology},
	{1, nil, map[string]any{"class_name": "Dropout", "config": map[string]any{"rate": 2}}, format.ErrTopology},
	{1, nil, map[string]any{"class_name": "ReLU", "config": map[string]any{"max_value": -6}}, format.ErrTopology},
	{1, nil, map[string]any{"class_name": "Softmax", "config": map[string]any{"axis": 3}}, format.ErrTopology},
	{1, nil, map[string]any{"class_name": "LeakyReLU", "config": map[string]any{"alpha": "x"}}, format.ErrTopology},
	{1, nil, map[string]any{"class_name": "InputLayer", "config": map[string]any{"batch_input_shape": []any{nil, 5}}}, format.ErrTopology},
}

// badTops change model.json.
var badTops = []struct {
	path  []any
	value any
	want  error
}{
	{[]any{"modelTopology"}, drop, format.ErrFormat}, {[]any{"modelTopology"}, []any{}, format.ErrFormat}, {[]any{"modelTopology"}, "x", format.ErrFormat},
	{[]any{"modelTopology", "model_config"}, "{}", format.ErrFormat}, {[]any{"modelTopology", "class_name"}, "Graph", format.ErrUnsupported}, {[]any{"modelTopology", "class_name"}, "Functional", format.ErrTopology}, {[]any{"modelTopology", "class_name"}, drop, format.ErrFormat},
	{[]any{"modelTopology", "config"}, drop, format.ErrFormat}, {[]any{"modelTopology", "config", "layers"}, drop, format.ErrFormat}, {[]any{"modelTopology", "config", "layers"}, map[string]any{}, format.ErrFormat},
	{[]any{"modelTopology", "config", "layers"}, []any{}, format.ErrTopology}, {[]any{"modelTopology", "config"}, []any{}, format.ErrTopology}, {[]any{"format"}, "graph-model", format.ErrUnsupported},
	{[]any{"weightsManifest"}, drop, format.ErrFormat}, {[]any{"weightsManifest"}, map[string]any{}, format.ErrFormat}, {[]any{"weightsManifest"}, []any{}, format.ErrWeights}, {[]any{"weightsManifest", 0}, nil, format.ErrFormat},
	{[]any{"weightsManifest", 0, "paths"}, drop, format.ErrFormat}, {[]any{"weightsManifest", 0, "paths"}, []any{}, format.ErrTruncated}, {[]any{"weightsManifest", 0, "paths"}, "group1-shard1of8.bin", format.ErrFormat},
	{[]any{"weightsManifest", 0, "paths", 3}, drop, format.ErrTruncated}, {[]any{"weightsManifest", 0, "paths", 3}, "group1-shard1of8.bin", format.ErrFormat}, {[]any{"weightsManifest", 0, "paths", 3}, 7, format.ErrFormat},
	{[]any{"weightsManifest", 0, "paths", 3}, "elsewhere.bin", format.ErrWeights}, {[]any{"weightsManifest", 0, "weights"}, drop, format.ErrFormat}, {[]any{"weightsManifest", 0, "weights"}, []any{}, format.ErrWeights},
	{[]any{"userDefinedMetadata"}, []any{}, format.ErrFormat}, {[]any{"userDefinedMetadata"}, "x", format.ErrFormat},
	{[]any{"trainingConfig"}, "x", format.ErrFormat}, {[]any{"trainingConfig", "optimizer_config", "config"}, drop, format.ErrFormat}, {[]any{"trainingConfig", "optimizer_config"}, "adam", format.ErrFormat},
	{[]any{"trainingConfig", "optimizer_config"}, map[string]any{"class_name": "Adagrad", "config": map[string]any{}}, format.ErrWeights},
	{[]any{"tabgrad"}, "x", format.ErrFormat}, {[]any{"tabgrad"}, map[string]any{"seed": 1}, format.ErrFormat}, {[]any{"tabgrad"}, map[string]any{"seed": "-1"}, format.ErrFormat},
	{[]any{"tabgrad"}, map[string]any{"seed": "1", "steps": "2", "updates": "2", "learning_rate": -1}, format.ErrFormat}, {[]any{"tabgrad"}, map[string]any{"metrics": 1}, format.ErrFormat},
	{[]any{"tabgrad"}, map[string]any{"weighted_metrics": "mse"}, format.ErrFormat}, {[]any{"tabgrad"}, map[string]any{"loss_weight": "2"}, format.ErrFormat},
}

var badPaths = []string{
	"", ".", "..", "/etc/passwd", "../x.bin", "a/../x.bin", "./../x.bin", "a//b", "a/", `..\x.bin`, `a\b`, `C:\x`, "C:x", "http://example.org/x.bin",
	"//example.org/x", "a/./b", "%2e%2e/x", "a%2Fb", "a%5cb", "x?y", "x#y", "x\x00y", "x\ny", "file:x", "././..",
}

func malformedTFJS(t *testing.T) []malformed {
	dir := filepath.Join(goldenDir, "mlp")
	text := string(must[[]byte](t)(os.ReadFile(filepath.Join(dir, "model.json"))))
	bins := map[string][]byte{}
	for i := range 8 {
		name := fmt.Sprintf("group1-shard%dof8.bin", i+1)
		bins[name] = must[[]byte](t)(os.ReadFile(filepath.Join(dir, name)))
	}
	weights := parseTree(t, text)["weightsManifest"].([]any)[0].(map[string]any)["weights"].([]any)
	var list []malformed
	add := func(want error, file string, name string, args ...any) {
		list = append(list, malformed{"tfjs: " + fmt.Sprintf(name, args...), file, bins, want})
	}
	edit := func(want error, value any, path ...any) {
		add(want, set(parseTree(t, text), value, path...).(tree).String(), "%v = %.60v", path, value)
	}
	withBin := func(want error, name string, b []byte, what string) {
		changed := maps.Clone(bins)
		if changed[name] = b; b == nil {
			delete(changed, name)
		}
		list = append(list, malformed{"tfjs: " + name + " " + what, text, changed, want})
	}

	for i := 0; i < len(text); i += len(text) / 25 {
		add(format.ErrTruncated, text[:i], "cut at %d", i)
	}
	for _, tail := range []string{"x", "{}", "\x00", ","} {
		add(format.ErrFormat, text+tail, "behind it %q", tail)
	}
	add(format.ErrFormat, "\ufeff"+text, "a byte order mark")
	add(format.ErrFormat, "[]", "a list")
	add(format.ErrFormat, "null", "null")
	add(format.ErrFormat, "\x1f\x8b"+text, "gzip's beginning")
	for _, c := range badJSON {
		add(c.want, strings.Replace(text, `"convertedBy":null`, `"convertedBy":`+c.text, 1), "value %.20q", c.text)
	}
	for _, c := range badTops {
		edit(c.want, c.value, c.path...)
	}
	for _, c := range badTopologies {
		edit(c.want, c.value, append([]any{"modelTopology", "config", "layers", c.layer}, c.path...)...)
	}
	for _, p := range badPaths {
		edit(format.ErrPath, p, "weightsManifest", 0, "paths", 2)
	}
	at := 0
	joined := []byte{}
	for i := range 8 {
		joined = append(joined, bins[fmt.Sprintf("group1-shard%dof8.bin", i+1)]...)
	}
	for i, w := range weights {
		spec := func(want error, value any, key ...any) {
			edit(want, value, append([]any{"weightsManifest", 0, "weights", i}, key...)...)
		}
		isIter := w.(map[string]any)["name"] == "iter"
		for j, c := range badShapes {
			if i < 2 || j%len(weights) == i {
				spec(c.want, c.shape, "shape")
			}
		}
		spec(format.ErrFormat, drop, "name")
		spec(format.ErrUnsupported, []any{"float64", "string", "complex64", "bool", 7, nil}[i%6], "dtype")
		renamed := []error{format.ErrWeights, format.ErrUnsupported}[btoi(isIter)]
		spec(renamed, "weightless", "name")
		spec(format.ErrWeights, []any{9, 9, 9}, "shape")
		if !isIter {
			spec(format.ErrWeights, drop)
			spec(format.ErrUnsupported, "int32", "dtype")
		}
		spec(format.ErrUnsupported, "spare", "group")
		spec([]error{format.ErrFormat, format.ErrUnsupported}[btoi(isIter)], map[string]any{"dtype": "uint8", "scale": "1"}, "quantization")
		spec(format.ErrUnsupported, map[string]any{"dtype": "int4"}, "quantization")
		if i < 5 { // the model's: the files are then too long
			spec(format.ErrWeights, map[string]any{"dtype": "uint8", "scale": 1, "min": 0}, "quantization")
			spec(format.ErrWeights, "optimizer", "group")
		}
		if i > 0 {
			spec(renamed, weights[i-1].(map[string]any)["name"], "name")
		}
		size := 4
		for _, d := range w.(map[string]any)["shape"].([]any) {
			size *= int(d.(float64))
		}
		for what, bits := range map[string][]byte{"NaN": nan, "infinity": infinity} {
			if isIter {
				bits = []byte{0, 0, 0, 0x80}
			}
			spoilt := bytes.Clone(joined)
			copy(spoilt[at+size-4:], bits)
			changed := map[string][]byte{}
			for j := range 8 {
				changed[fmt.Sprintf("group1-shard%dof8.bin", j+1)] = spoilt[100*j : min(100*(j+1), len(spoilt))]
			}
			list = append(list, malformed{fmt.Sprintf("tfjs: %s in weight %d", what, i), text, changed, format.ErrWeights})
		}
		at += size
	}
	for name, b := range bins {
		withBin(format.ErrTruncated, name, b[:len(b)-1], "is short")
		withBin(format.ErrTruncated, name, []byte{}, "is empty")
		withBin(format.ErrWeights, name, append(bytes.Clone(b), 0), "is long")
		withBin(format.ErrWeights, name, make([]byte, 1<<20), "is much too long")
		withBin(format.ErrWeights, name, nil, "is missing")
	}
	return list
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// safetensorsOf puts a header and data together.
func safetensorsOf(header string, data []byte) string {
	return string(binary.LittleEndian.AppendUint64(nil, uint64(len(header)))) + header + string(data)
}

func malformedSafetensors(t *testing.T) []malformed {
	m, _ := trained(t, nn.NewSequential(nn.Input(4), nn.Dense{Units: 3, Activation: nn.ReLU}, nn.Dense{Units: 3, Activation: nn.Softmax}), nn.Adam{}, 4)
	a := must[*format.Artifacts](t)(format.FromModel(m))
	a.Metadata = map[string]any{"note": 1.0}
	good := string(must[[]byte](t)(format.WriteSafetensors(a)))
	n := binary.LittleEndian.Uint64([]byte(good))
	header, data := strings.TrimRight(good[8:8+n], " "), []byte(good[8+n:])
	var list []malformed
	add := func(want error, file string, name string, args ...any) {
		list = append(list, malformed{name: "safetensors: " + fmt.Sprintf(name, args...), file: file, want: want})
	}
	edit := func(want error, value any, path ...any) {
		add(want, safetensorsOf(set(parseTree(t, header), value, path...).(tree).String(), data), "%v = %.60v", path, value)
	}
	for i := 0; i < len(good); i += len(good) / 40 {
		add(format.ErrTruncated, good[:i], "cut at %d", i)
	}
	for _, n := range []uint64{100_000_001, 1 << 32, 1 << 53, math.MaxInt64, math.MaxUint64} {
		add(format.ErrTooLarge, string(binary.LittleEndian.AppendUint64(nil, n))+good[8:], "a header of %d bytes", n)
	}
	add(format.ErrTruncated, string(binary.LittleEndian.AppendUint64(nil, 100_000_000))+good[8:], "a header of 100 MB claimed")
	add(format.ErrFormat, string(binary.LittleEndian.AppendUint64(nil, 0))+good[8:], "an empty header")
	add(format.ErrFormat, safetensorsOf(" "+header, data), "a space before it")
	add(format.ErrFormat, safetensorsOf("[]", nil), "a list")
	add(format.ErrFormat, safetensorsOf(header+"x", data), "something behind the header")
	add(format.ErrTruncated, safetensorsOf(header[:len(header)-1], data), "the header's end cut off")
	add(format.ErrFormat, good+"x", "a byte more")
	add(format.ErrFormat, safetensorsOf(header[:len(header)-1]+`,"dense/bias":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}`, data), "a name twice")
	for _, c := range badJSON {
		add(c.want, safetensorsOf(strings.Replace(header, "{", `{"x":`+c.text+",", 1), data), "value %.20q", c.text)
	}
	offsets := func(want error, name string, begin, end any) { edit(want, []any{begin, end}, name, "data_offsets") }
	tree := parseTree(t, header)
	names := slices.Sorted(maps.Keys(tree))
	for _, name := range names {
		if name == "__metadata__" {
			continue
		}
		at := tree[name].(map[string]any)["data_offsets"].([]any)
		begin, end := int(at[0].(float64)), int(at[1].(float64))
		offsets(format.ErrFormat, name, begin+4, end)
		offsets(format.ErrFormat, name, end, begin)
		offsets(format.ErrFormat, name, -begin-4, end)
		offsets(format.ErrFormat, name, begin, 1e300)
		offsets(format.ErrFormat, name, begin+1000, end+1000)      // a hole where it was
		offsets(format.ErrFormat, name, 1<<52, 1<<52+(end-begin))  // far behind the data
		if other := "dense/kernel"; name != other && begin >= 48 { // over another
			offsets(format.ErrFormat, name, 0, end-begin)
			offsets(format.ErrFormat, name, 4, 4+end-begin)
		}
		edit(format.ErrFormat, drop, name, "data_offsets")
		edit(format.ErrFormat, drop, name, "dtype")
		edit(format.ErrFormat, 1, name, "surprise")
		edit(format.ErrFormat, nil, name)
		edit(format.ErrUnsupported, "I8", name, "dtype")
		edit(format.ErrFormat, "F64", name, "dtype")
		edit(format.ErrFormat, []any{9, 9}, name, "shape")
		edit(format.ErrWeights, []any{(end - begin) / 4, 1, 1}, name, "shape")
		for what, bits := range map[string][]byte{"NaN": nan, "infinity": infinity} {
			spoilt := bytes.Clone(data)
			copy(spoilt[end-4:], bits)
			add(format.ErrWeights, safetensorsOf(header, spoilt), "%s in %s", what, name)
		}
		add(format.ErrWeights, safetensorsOf(strings.Replace(header, `"`+name+`"`, `"other"`, 1), data), "%s renamed", name)
	}
	for _, c := range badShapes {
		edit(c.want, c.shape, "dense/kernel", "shape")
	}
	for key, values := range map[string]map[error][]any{
		"config": {
			format.ErrTruncated: {"", "{", `{"class_name"`}, format.ErrFormat: {"x", "[]", "{}", `{"class_name":"Sequential"}`, 1, nil},
			format.ErrUnsupported: {strings.Replace(a.GeneratedBy, "tabgrad", `{"class_name":"Graph"}`, 1)},
		},
		"training": {format.ErrTruncated: {""}, format.ErrFormat: {"[]", "{}", "1 2", 1}},
		"user":     {format.ErrTruncated: {""}, format.ErrFormat: {"[]", "1", "{}x", 1}},
	} {
		for want, list := range values {
			for _, v := range list {
				edit(want, v, "__metadata__", key)
			}
		}
	}
	edit(format.ErrFormat, []any{}, "__metadata__")
	config := tree["__metadata__"].(map[string]any)["config"].(string)
	for from, to := range map[string]string{`"units":3`: `"units":4`, `"shape":[4]`: `"shape":[5]`} {
		edit(format.ErrWeights, strings.Replace(config, from, to, 1), "__metadata__", "config")
	}
	for from, to := range map[string]string{`"units":3`: `"units":1e15`, `"shape":[4]`: `"shape":[1e15]`} {
		edit(format.ErrTooLarge, strings.Replace(config, from, to, 1), "__metadata__", "config")
	}
	edit(format.ErrUnsupported, strings.Replace(config, `"Dense"`, `"Sparse"`, 1), "__metadata__", "config")
	return list
}

// Hundreds of files, each a good one with one thing wrong, are refused: with the error that says what, in
// words that say where, without a panic, and without memory for what they announce.
func TestMalformed(t *testing.T) {
	list := append(malformedTFJS(t), malformedSafetensors(t)...)
	if len(list) < 500 {
		t.Errorf("only %d files were made", len(list))
	}
	t.Logf("%d files", len(list))
	var before, after runtime.MemStats
	for _, m := range list {
		func() {
			defer func() {
				if r := recover(); r != nil {
					t.Errorf("%s: panic: %v", m.name, r)
				}
			}()
			runtime.ReadMemStats(&before)
			a, err := m.read()
			runtime.ReadMemStats(&after)
			if !errors.Is(err, m.want) || a != nil {
				t.Errorf("%s: error %v, wanted %q", m.name, err, m.want)
			} else if text := err.Error(); len(text) < 10 || len(text) > 600 || strings.HasPrefix(text, m.want.Error()) {
				t.Errorf("%s: the message says little, or much: %q", m.name, text)
			}
			if got, bound := after.TotalAlloc-before.TotalAlloc, uint64(1<<17+48*m.size()); got > bound {
				t.Errorf("%s: %d bytes allocated for a file of %d, wanted at most %d", m.name, got, m.size(), bound)
			}
		}()
	}
}
