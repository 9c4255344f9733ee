package format_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/format"
)

// What tfjs does with a layer that is written for it.
const (
	unknown  = iota // it has no such layer, or answers otherwise
	predicts        // it cannot train it: it has no gradient of dilated convolutions, nor of LayerNormalization without β, and other noise
	trains
)

// What stands between an input and a dense layer in models that are written, read and, where tfjs has the layers,
// loaded there. Samples are images of 8x8x2, or for sequences 32x4.
var layerModels = []struct {
	name     string
	tfjs     int
	sequence bool
	layers   []nn.Layer
}{
	// A constraint that holds: tfjs applies it to what it loads.
	{"conv1d", trains, true, []nn.Layer{nn.Conv1D{Filters: 3, Kernel: 3, Strides: 2, Padding: nn.Same, Activation: nn.ReLU, KernelConstraint: nn.MaxNorm{Max: 3, Axis: []int{0, 1}}}}},
	{"conv1d_dilated", predicts, true, []nn.Layer{nn.Conv1D{Filters: 3, Kernel: 3, Dilation: 2}}},
	{"conv1d_causal_groups", unknown, true, []nn.Layer{nn.Conv1D{Filters: 4, Kernel: 3, Padding: nn.Causal, Groups: 2}}},
	{"conv2d_transpose", trains, false, []nn.Layer{nn.Conv2DTranspose{Filters: 3, Kernel: nn.Size2{3, 3}, Strides: nn.Size2{2, 2}, Padding: nn.Same}}},
	{"conv2d_transpose_valid", trains, false, []nn.Layer{nn.Conv2DTranspose{Filters: 3, Kernel: nn.Size2{3, 2}, Strides: nn.Size2{2, 1}, NoBias: true}}},
	{"conv2d_transpose_output_padding", unknown, false, []nn.Layer{nn.Conv2DTranspose{Filters: 3, Kernel: nn.Size2{3, 3}, Strides: nn.Size2{2, 2}, OutPadding: &nn.Size2{0, 1}}}},
	{"conv1d_transpose", unknown, true, []nn.Layer{nn.Conv1DTranspose{Filters: 3, Kernel: 3, Strides: 2, OutPadding: new(nn.Size1)}}},
	{"depthwise_conv2d", trains, false, []nn.Layer{nn.DepthwiseConv2D{Kernel: nn.Size2{3, 3}, Multiplier: 2, Padding: nn.Same, DepthwiseReg: nn.L2{Factor: 1e-3}}}},
	{"depthwise_conv2d_named", trains, false, []nn.Layer{nn.Conv2D{Filters: 4, Kernel: nn.Size2{1, 1}}, nn.DepthwiseConv2D{Kernel: nn.Size2{3, 3}, Strides: nn.Size2{2, 2}, DepthwiseInit: nn.HeNormal{}, Name: "dw"}}},
	{"depthwise_conv1d", unknown, true, []nn.Layer{nn.DepthwiseConv1D{Kernel: 3, Multiplier: 2}}},
	{"separable_conv2d", trains, false, []nn.Layer{nn.SeparableConv2D{Filters: 5, Kernel: nn.Size2{3, 3}, Multiplier: 2, PointwiseInit: nn.LecunUniform{}}}},
	{"separable_conv1d", unknown, true, []nn.Layer{nn.SeparableConv1D{Filters: 5, Kernel: 3, Padding: nn.Same}}},
	{"pooling1d", trains, true, []nn.Layer{nn.MaxPooling1D{}, nn.AveragePooling1D{Pool: 3, Strides: 1, Padding: nn.Same}}},
	{"global_average1d", trains, true, []nn.Layer{nn.GlobalAveragePooling1D{}}},
	{"global_max1d", trains, true, []nn.Layer{nn.GlobalMaxPooling1D{}}},
	{"global_average2d", trains, false, []nn.Layer{nn.GlobalAveragePooling2D{}}},
	{"global_max2d", trains, false, []nn.Layer{nn.GlobalMaxPooling2D{}}},
	{"global_keepdims", unknown, false, []nn.Layer{nn.GlobalMaxPooling2D{KeepDims: true}}},
	{"layer_normalization", trains, false, []nn.Layer{nn.LayerNormalization{Axis: []int{2, 3}, Epsilon: 0.01}}},
	{"layer_normalization_last", predicts, false, []nn.Layer{nn.LayerNormalization{NoCenter: true}}},
	{"batch_normalization", trains, false, []nn.Layer{nn.BatchNormalization{GammaConstraint: nn.NonNeg{}, Momentum: 0.9}}},
	{"other_normalizations", unknown, false, []nn.Layer{nn.GroupNormalization{Groups: 1}, nn.GroupNormalization{Groups: -1}, nn.RMSNormalization{Axis: []int{-2, -1}}, nn.UnitNormalization{}}},
	{"noise", predicts, true, []nn.Layer{nn.SpatialDropout1D{Rate: 0.5}, nn.GaussianNoise{Stddev: 0.1}, nn.GaussianDropout{Rate: 0.2}, nn.AlphaDropout{Rate: 0.1}, nn.Dropout{Rate: 0.5, NoiseShape: nn.NoiseShape{0, 1, 4}}}},
	{"other_noise", unknown, false, []nn.Layer{nn.SpatialDropout2D{Rate: 0.5, Seed: 4}, nn.ActivityRegularization{L1: 0.1}, nn.AlphaDropout{Rate: 0.1, NoiseShape: nn.NoiseShape{0, 8, 8, 1}}}},
	{"shapes", trains, false, []nn.Layer{nn.Permute{Dims: []int{3, 1, 2}}, nn.Permute{Dims: []int{2, 3, 1}}, nn.Flatten{}, nn.RepeatVector{N: 2}}},
	{"borders", trains, false, []nn.Layer{nn.Cropping2D{Cropping: nn.Sides{1, 0, 2, 1}}, nn.ZeroPadding2D{Padding: nn.Sides{2, 1}}, nn.ZeroPadding2D{}, nn.UpSampling2D{Size: nn.Size2{2, 1}}}},
	{"borders1d", unknown, true, []nn.Layer{nn.Cropping1D{Cropping: nn.Ends{0, 3}}, nn.ZeroPadding1D{}, nn.UpSampling1D{Size: 3}}},
	{"bilinear", unknown, false, []nn.Layer{nn.UpSampling2D{Interpolation: "bilinear"}}}, // tfjs takes other points
	{"relu", trains, false, []nn.Layer{nn.ReLULayer{MaxValue: ptr(0.5)}}},
	{"relu_slope", unknown, false, []nn.Layer{nn.ReLULayer{NegativeSlope: 0.25, Threshold: 0.1}}},
	{"leaky_relu", trains, false, []nn.Layer{nn.LeakyReLULayer{}, nn.LeakyReLULayer{NegativeSlope: 0.1}, nn.Activation{Fn: nn.LeakyReLU}, nn.Activation{Fn: nn.LeakyReLU.With(0.4)}}},
	{"prelu", trains, false, []nn.Layer{nn.PReLU{AlphaInit: nn.Constant{Value: 0.25}, SharedAxes: []int{1, 2}}, nn.PReLU{}}},
	{"elu", trains, false, []nn.Layer{nn.ELULayer{}, nn.SoftmaxLayer{}}},
	{"softmax_axes", unknown, false, []nn.Layer{nn.ELULayer{Alpha: 0.5}, nn.SoftmaxLayer{Axis: []int{1, 2}}}},
}

func ptr[T any](v T) *T { return &v }

func layerModel(sequence bool, layers []nn.Layer) *nn.Model {
	all := []nn.Layer{nn.Input(8, 8, 2)}
	if sequence {
		all = append(all, nn.Reshape{Target: []int{32, 4}})
	}
	all = append(all, layers...)
	if m := nn.NewSequential(all...); len(m.OutputShape()) > 1 { // tfjs's Flatten wants something to flatten
		all = append(all, nn.Flatten{Name: "flat"})
	}
	return nn.NewSequential(append(all, nn.Dense{Units: 3, Name: "last"})...)
}

// Every layer is the same after it was written and read, in all formats, with its weights.
func TestLayersAreKept(t *testing.T) {
	for _, c := range layerModels {
		m := layerModel(c.sequence, c.layers)
		for way, roundTrip := range formats {
			again := must[*nn.Model](t)(roundTrip(t, must[*format.Artifacts](t)(format.FromModel(m))).Model(backend()))
			if want, got := must[nn.State](t)(m.State()), must[nn.State](t)(again.State()); !reflect.DeepEqual(want, got) {
				t.Errorf("%s, %s: weights differ", way, c.name)
			}
			want, got := must[map[string]any](t)(m.Config()), must[map[string]any](t)(again.Config())
			if !reflect.DeepEqual(want, got) {
				t.Errorf("%s, %s: config is\n%v, wanted\n%v", way, c.name, got, want)
			}
		}
	}
}

// tfjs loads the layers that it has, answers the same, and goes on training them.
func TestTFJSReadsLayers(t *testing.T) {
	one, target := samples(t, 6, 8, 8, 2)
	x, y := tensors{one}, tensors{target}
	var dirs []string
	for _, c := range layerModels {
		if c.tfjs == unknown {
			continue
		}
		m := layerModel(c.sequence, c.layers)
		dir := filepath.Join(t.TempDir(), c.name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := m.Compile(nn.Training{Optimizer: nn.SGD{LearningRate: 0.05}, Loss: nn.MeanSquaredError, Backend: backend()}); err != nil {
			t.Fatal(err)
		}
		files := must[[]format.File](t)(format.WriteTFJS(must[*format.Artifacts](t)(format.FromModel(m)), ""))
		p := prediction{Inputs: x, Outputs: predict(t, m, x)}
		if c.tfjs == trains {
			p.More = &more{X: x, Y: y, Steps: 3}
			p.More.train(t, m)
			p.More.Outputs = predict(t, m, x)
		}
		files = append(files, format.File{Name: "predict.json", Data: must[[]byte](t)(json.Marshal(p))})
		for _, f := range files {
			if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		dirs = append(dirs, dir)
	}
	out, err := exec.Command("node", append([]string{"testdata/tfjs/check.mjs"}, dirs...)...).CombinedOutput()
	if lines := strings.Count(string(out), ": off by "); err != nil || lines != len(dirs) {
		t.Errorf("%v; %d of %d models compared\n%s", err, lines, len(dirs), out)
	}
}

// Keras 2's configs of these layers, with what it writes into them besides, and tfjs's names.
func TestReadsKeras2Layers(t *testing.T) {
	zeros := map[string]any{"class_name": "Zeros", "config": map[string]any{}}
	glorot := map[string]any{"class_name": "GlorotUniform", "config": map[string]any{"seed": nil}}
	common := map[string]any{"name": "l", "trainable": true, "dtype": "float32"}
	with := func(more map[string]any) map[string]any {
		config := map[string]any{}
		for _, m := range []map[string]any{common, more} {
			for k, v := range m {
				config[k] = v
			}
		}
		return config
	}
	separable := with(map[string]any{
		"filters": 4.0, "kernel_size": []any{3.0, 3.0}, "strides": []any{1.0, 1.0}, "padding": "same", "data_format": "channels_last", "dilation_rate": []any{1.0, 1.0}, "groups": 1.0,
		"activation": "linear", "use_bias": false, "kernel_initializer": glorot, "bias_initializer": zeros, "kernel_regularizer": nil, "bias_regularizer": nil, "activity_regularizer": nil,
		"kernel_constraint": nil, "bias_constraint": nil, "depth_multiplier": 1.0, "depthwise_initializer": glorot, "pointwise_initializer": glorot, "depthwise_regularizer": nil,
		"pointwise_regularizer": nil, "depthwise_constraint": nil, "pointwise_constraint": nil,
	})
	for _, c := range []struct {
		class   string
		config  map[string]any
		want    nn.Layer
		weights map[string][]int
	}{
		{"SeparableConv2D", separable, nn.SeparableConv2D{Filters: 4, Kernel: nn.Size2{3, 3}, Padding: nn.Same, NoBias: true, Name: "l"}, map[string][]int{"l/depthwise_kernel": {3, 3, 2, 1}, "l/pointwise_kernel": {1, 1, 2, 4}}},
		{"DepthwiseConv2D", with(map[string]any{"kernel_size": []any{3.0, 3.0}, "groups": 1.0, "use_bias": false, "depth_multiplier": 2.0, "depthwise_initializer": glorot}),
			nn.DepthwiseConv2D{Kernel: nn.Size2{3, 3}, Multiplier: 2, NoBias: true, Name: "l"}, map[string][]int{"l/depthwise_kernel": {3, 3, 2, 2}}},
		{"DepthwiseConv2D", with(map[string]any{"kernel_size": []any{3.0, 3.0}, "use_bias": false}), // Keras 3's name
			nn.DepthwiseConv2D{Kernel: nn.Size2{3, 3}, NoBias: true, Name: "l"}, map[string][]int{"l/kernel": {3, 3, 2, 1}}},
		{"LeakyReLU", with(map[string]any{"alpha": 0.1}), nn.LeakyReLULayer{NegativeSlope: 0.1, Name: "l"}, nil},
		{"ReLU", with(map[string]any{"max_value": 6.0, "negative_slope": 0.0, "threshold": 0.0}), nn.ReLULayer{MaxValue: ptr(6.0), Name: "l"}, nil},
		{"ThresholdedReLU", with(map[string]any{"theta": 0.5}), nn.ReLULayer{Threshold: 0.5, Name: "l"}, nil},
		{"Softmax", with(map[string]any{"axis": 3.0}), nn.SoftmaxLayer{Axis: []int{3}, Name: "l"}, nil},
		{"BatchNormalization", with(map[string]any{"axis": -1.0, "momentum": 0.99, "epsilon": 0.001, "center": false, "scale": false, "beta_constraint": nil, "gamma_constraint": nil, "renorm": false, "renorm_clipping": nil, "renorm_momentum": 0.99, "synchronized": false}),
			nn.BatchNormalization{NoCenter: true, NoScale: true, Name: "l"}, map[string][]int{"l/moving_mean": {2}, "l/moving_variance": {2}}},
		{"ZeroPadding2D", with(map[string]any{"padding": []any{[]any{1.0, 0.0}, []any{2.0, 1.0}}, "data_format": "channels_last"}), nn.ZeroPadding2D{Padding: nn.Sides{1, 0, 2, 1}, Name: "l"}, nil},
		{"UpSampling2D", with(map[string]any{"size": []any{2.0, 3.0}, "data_format": "channels_last", "interpolation": "nearest"}), nn.UpSampling2D{Size: nn.Size2{2, 3}, Name: "l"}, nil},
		{"MaxPooling1D", with(map[string]any{"pool_size": []any{2.0}, "strides": []any{2.0}, "padding": "valid", "data_format": "channels_last"}), nil, nil},
	} {
		shape := []any{nil, 8.0, 8.0, 2.0}
		if c.want == nil {
			shape, c.want = []any{nil, 8.0, 2.0}, nn.MaxPooling1D{Strides: 2, Name: "l"}
		}
		c.config["batch_input_shape"] = shape
		specs, paths, bytes := []any{}, []any{}, 0
		for name, s := range c.weights {
			specs = append(specs, map[string]any{"name": name, "shape": s, "dtype": "float32"})
			n := 4
			for _, d := range s {
				n *= d
			}
			bytes += n
		}
		if bytes > 0 {
			paths = append(paths, "w.bin")
		}
		src := must[[]byte](t)(json.Marshal(map[string]any{
			"modelTopology":   map[string]any{"class_name": "Sequential", "config": map[string]any{"name": "s", "layers": []any{map[string]any{"class_name": c.class, "config": c.config}}}},
			"weightsManifest": []any{map[string]any{"paths": paths, "weights": specs}},
		}))
		a, err := format.ReadTFJS(src, func(string) ([]byte, error) { return make([]byte, bytes), nil })
		if err != nil {
			t.Errorf("%s: %v", c.class, err)
			continue
		}
		m := must[*nn.Model](t)(a.Model(backend()))
		want := must[any](t)(nn.Config(c.want))
		layers := must[map[string]any](t)(m.Config())["config"].(map[string]any)["layers"].([]any)
		if got := layers[len(layers)-1]; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: config is\n%v, wanted\n%v", c.class, got, want)
		}
	}
}
