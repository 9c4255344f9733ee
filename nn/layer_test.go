package nn_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/data"
	"github.com/tabgrad/tabgrad/nn/prog"
)

// A layerTest is what the harness does with a layer: build it, look at its shapes and variables, write
// its config and read it back, train a step of it, and see what it says about a bad argument or input.
type layerTest struct {
	layer   nn.Layer
	in, out []int
	vars    map[string][]int
	bad     []badLayer
	// more and outs are the shapes of further inputs and outputs of a MultiLayer.
	more, outs [][]int
	// front is the layer before it in a training step; nil for a softplus.
	front nn.Layer
	// states are the variables that a training step writes although they are not trained.
	states []string
	// below is what the inputs are whole numbers below, where they are indices.
	below int
}

type badLayer struct {
	layer nn.Layer
	in    []int
	kind  error
	text  string
	more  [][]int // further inputs
}

var layerTests = []layerTest{
	{
		layer: nn.InputLayer{Shape: []int{3, 2}}, in: nil, out: []int{3, 2},
		bad: []badLayer{{nn.Input(3, 0), nil, nn.ErrConfig, "input_layer: shape is [3, 0], wanted at least 1", nil}},
	},
	{
		layer: nn.Dense{Units: 4, Activation: nn.Tanh, KernelReg: nn.L2{}, BiasReg: nn.L1{Factor: 0.1}, ActivityReg: nn.L1L2{L1: 0.1, L2: 0.2}},
		in:    []int{3}, out: []int{4}, vars: map[string][]int{"dense/kernel": {3, 4}, "dense/bias": {4}},
		bad: []badLayer{
			{nn.Dense{}, []int{3}, nn.ErrConfig, "dense: units is missing", nil},
			{nn.Dense{Units: -2}, []int{3}, nn.ErrConfig, "dense: units is -2, wanted at least 1", nil},
			{nn.Dense{Units: 2}, []int{}, nn.ErrShape, "dense: input is a single number, wanted at least one dimension", nil},
			{nn.Dense{Units: 2, KernelInit: nn.RandomNormal{Stddev: -1}}, []int{3}, nn.ErrConfig, "dense: kernel_initializer: stddev is -1, wanted at least 0", nil},
			{nn.Dense{Units: 2, Activation: nn.ELU.With(-1)}, []int{3}, nn.ErrConfig, "dense: activation: alpha is -1, wanted at least 0", nil},
		},
	},
	{layer: nn.Dense{Units: 4, NoBias: true, Name: "head"}, in: []int{2, 5}, out: []int{2, 4}, vars: map[string][]int{"head/kernel": {5, 4}}},
	{layer: nn.Dense{Units: 4, Frozen: true}, in: []int{3}, out: []int{4}, vars: map[string][]int{"dense/kernel": {3, 4}, "dense/bias": {4}}},
	{
		layer: nn.Conv2D{Filters: 4, Kernel: nn.Size2{3, 2}, Activation: nn.LeakyReLU.With(0.1), KernelInit: nn.HeNormal{Seed: 3}},
		in:    []int{6, 5, 2}, out: []int{4, 4, 4}, vars: map[string][]int{"conv2d/kernel": {3, 2, 2, 4}, "conv2d/bias": {4}},
		bad: []badLayer{
			{nn.Conv2D{Filters: 4}, []int{6, 5, 2}, nn.ErrConfig, "conv2d: kernel_size is missing", nil},
			{nn.Conv2D{Filters: 4, Kernel: nn.Size2{3, 0}}, []int{6, 5, 2}, nn.ErrConfig, "conv2d: kernel_size is [3, 0], wanted at least 1", nil},
			{nn.Conv2D{Filters: 4, Kernel: nn.Size2{3, 3}}, []int{6}, nn.ErrShape, "conv2d: input is [6], wanted an image [height, width, channels]", nil},
			{nn.Conv2D{Filters: 4, Kernel: nn.Size2{3, 3}, Dilation: nn.Size2{2, 2}}, []int{4, 9, 1}, nn.ErrShape, "conv2d: input is 4x9, wanted at least the window's 5x5", nil},
			{nn.Conv2D{Filters: 4, Kernel: nn.Size2{3, 3}, Groups: 3}, []int{9, 9, 2}, nn.ErrConfig, "conv2d: groups is 3, wanted a divisor of the input's 2 channels and of filters, 4", nil},
		},
	},
	{layer: nn.Conv2D{Filters: 4, Kernel: nn.Size2{3, 3}, Strides: nn.Size2{2, 1}, Padding: nn.Same, Groups: 2, NoBias: true}, in: []int{5, 5, 2}, out: []int{3, 5, 4}, vars: map[string][]int{"conv2d/kernel": {3, 3, 1, 4}}},
	{
		layer: nn.MaxPooling2D{}, in: []int{5, 4, 3}, out: []int{2, 2, 3},
		bad: []badLayer{
			{nn.MaxPooling2D{Pool: nn.Size2{-1, 2}}, []int{5, 4, 3}, nn.ErrConfig, "max_pooling2d: pool_size is [-1, 2], wanted at least 1", nil},
			{nn.MaxPooling2D{}, []int{5}, nn.ErrShape, "max_pooling2d: input is [5], wanted an image [height, width, channels]", nil},
			{nn.MaxPooling2D{}, []int{1, 9, 2}, nn.ErrShape, "max_pooling2d: input is 1x9, wanted at least the window's 2x2", nil},
		},
	},
	{
		layer: nn.AveragePooling2D{Pool: nn.Size2{3, 2}, Strides: nn.Size2{1, 2}, Padding: nn.Same}, in: []int{5, 5, 3}, out: []int{5, 3, 3},
		bad: []badLayer{{nn.AveragePooling2D{Strides: nn.Size2{0, 1}}, []int{5, 4, 3}, nn.ErrConfig, "average_pooling2d: strides is [0, 1], wanted at least 1", nil}},
	},
	{layer: nn.Flatten{}, in: []int{3, 4, 2}, out: []int{24}},
	{
		layer: nn.Reshape{Target: []int{-1, 4}}, in: []int{2, 6}, out: []int{3, 4},
		bad: []badLayer{
			{nn.Reshape{Target: []int{-1, -1}}, []int{4}, nn.ErrConfig, "reshape: target_shape is [-1,-1], wanted at most one -1", nil},
			{nn.Reshape{Target: []int{-1, 5}}, []int{2, 6}, nn.ErrShape, "reshape: input [2,6] has 12 elements, target_shape [-1,5] wants 5", nil},
			{nn.Reshape{Target: []int{-2, 6}}, []int{2, 6}, nn.ErrConfig, "reshape: target_shape is [-2, 6], wanted at least -1", nil},
		},
	},
	{
		layer: nn.Dropout{Rate: 0.5, Seed: 7}, in: []int{3, 2}, out: []int{3, 2},
		bad: []badLayer{
			{nn.Dropout{Rate: 1.5}, []int{3}, nn.ErrConfig, "dropout: rate is 1.5, wanted 0 to 1", nil},
			{nn.Dropout{Rate: math.NaN()}, []int{3}, nn.ErrConfig, "dropout: rate is NaN, wanted 0 to 1", nil},
		},
	},
	{layer: nn.Add{}, in: []int{3, 2}, more: [][]int{{3, 1}, {2}}, out: []int{3, 2}, bad: []badLayer{
		{nn.Add{}, []int{26, 26, 32}, nn.ErrShape, "add: inputs input_layer [26,26,32] and input_layer_1 [24,24,64]: wanted shapes that are the same, or 1 where they differ", [][]int{{24, 24, 64}}},
	}},
	{layer: nn.Subtract{}, in: []int{3, 2}, more: [][]int{{3, 2}}, out: []int{3, 2}, bad: []badLayer{
		{nn.Subtract{}, []int{2}, nn.ErrConfig, "subtract: inputs input_layer [2] and input_layer_1 [2] and input_layer_2 [2]: got 3 inputs, wanted 2", [][]int{{2}, {2}}},
		{nn.Subtract{}, []int{2}, nn.ErrConfig, "subtract: got 1 inputs, wanted 2", nil},
	}},
	{layer: nn.Multiply{}, in: []int{3, 2}, more: [][]int{{3, 2}, {3, 2}}, out: []int{3, 2}},
	{layer: nn.Average{}, in: []int{2}, more: [][]int{{3, 2}}, out: []int{3, 2}},
	{layer: nn.Maximum{}, in: []int{3, 2}, more: [][]int{{3, 2}}, out: []int{3, 2}},
	{layer: nn.Minimum{}, in: []int{3, 2}, more: [][]int{{3, 2}}, out: []int{3, 2}},
	{layer: nn.Concatenate{}, in: []int{3, 2}, more: [][]int{{3, 4}, {3, 1}}, out: []int{3, 7}, bad: []badLayer{
		{nn.Concatenate{Axis: 3}, []int{3, 2}, nn.ErrConfig, "concatenate: inputs input_layer [3,2] and input_layer_1 [3,2]: axis is 3, and the input [3,2]; wanted one of its 2 dimensions, from 1 or from -1 on", [][]int{{3, 2}}},
		{nn.Concatenate{}, []int{3, 2}, nn.ErrShape, "concatenate: inputs input_layer [3,2] and input_layer_1 [4,2]: wanted shapes that are the same but for dimension 1", [][]int{{4, 2}}},
	}},
	{layer: nn.Concatenate{Axis: 1}, in: []int{3, 2}, more: [][]int{{1, 2}}, out: []int{4, 2}},
	{
		layer: nn.BatchNormalization{Momentum: 0.9, GammaReg: nn.L2{}}, in: []int{3, 2}, out: []int{3, 2},
		vars:   map[string][]int{"batch_normalization/gamma": {2}, "batch_normalization/beta": {2}, "batch_normalization/moving_mean": {2}, "batch_normalization/moving_variance": {2}},
		states: []string{"batch_normalization/moving_mean", "batch_normalization/moving_variance"},
		bad: []badLayer{
			{nn.BatchNormalization{Axis: -3}, []int{3, 2}, nn.ErrConfig, "batch_normalization: axis is -3, and the input [3,2]; wanted one of its 2 dimensions, from 1 or from -1 on", nil},
			{nn.BatchNormalization{Momentum: 2}, []int{3, 2}, nn.ErrConfig, "batch_normalization: momentum is 2, wanted 0 to 1", nil},
			{nn.BatchNormalization{}, []int{}, nn.ErrConfig, "batch_normalization: axis is -1, and the input []; wanted one of its 0 dimensions, from 1 or from -1 on", nil},
		},
	},
	{
		layer: nn.BatchNormalization{Axis: 1, NoScale: true, Name: "bn"}, in: []int{3, 2}, out: []int{3, 2},
		vars: map[string][]int{"bn/beta": {3}, "bn/moving_mean": {3}, "bn/moving_variance": {3}}, states: []string{"bn/moving_mean", "bn/moving_variance"},
	},
	{
		layer: nn.BatchNormalization{Frozen: true}, in: []int{2}, out: []int{2},
		vars: map[string][]int{"batch_normalization/gamma": {2}, "batch_normalization/beta": {2}, "batch_normalization/moving_mean": {2}, "batch_normalization/moving_variance": {2}},
	},
	{layer: nn.Masking{MaskValue: 0.5}, in: []int{3, 2}, out: []int{3, 2}, bad: []badLayer{
		{nn.Masking{}, []int{}, nn.ErrShape, "masking: input is a single number, wanted at least one dimension", nil},
	}},
	{layer: nn.IdentityLayer{}, in: []int{3, 2}, out: []int{3, 2}},
	{
		layer: nn.Recorded{What: recordedScale}, in: []int{3, 2}, more: [][]int{{2}}, out: []int{3, 2}, outs: [][]int{{3}},
		vars: map[string][]int{"lambda/scale": {2}, "lambda/seen": {}}, states: []string{"lambda/seen"},
		bad: []badLayer{
			{nn.Recorded{}, []int{3, 2}, nn.ErrConfig, "lambda: recording is missing", nil},
			{nn.Recorded{What: recordedScale}, []int{3, 2}, nn.ErrConfig, "lambda: it is not recorded for inputs [3,2], and its function is not here to be run", nil},
		},
	},
	{
		layer: nn.Activation{Fn: nn.Softmax}, in: []int{3, 2}, out: []int{3, 2},
		bad: []badLayer{{nn.Activation{Fn: nn.Softmax}, []int{}, nn.ErrShape, "activation: input is a single number, softmax wants at least one dimension", nil}},
	},
}

// recordedScale is x·scale + y, and the sum of its rows; it counts its steps.
var recordedScale = func() *nn.Recording {
	ops := []any{[]any{"multiply", []any{"x0", "w0"}}, []any{"expand_dims", []any{"x1"}, map[string]any{"axis": 1}}, []any{"add", []any{"t0", "t1"}}, []any{"sum", []any{"t2"}, map[string]any{"axis": -1.0}}}
	call := func(training bool, ops []any) any {
		return map[string]any{"inputs": []any{[]any{3, 2}, []any{2}}, "training": training, "ops": ops, "outputs": []any{"t2", "t3"}}
	}
	r, err := nn.RecordingFrom(map[string]any{
		"weights": []any{
			map[string]any{"name": "scale", "shape": []any{2}, "initializer": "ones", "regularizer": "l2", "constraint": "nonNeg"},
			map[string]any{"name": "seen", "shape": []any{}, "initializer": "zeros", "trainable": false},
		},
		"calls": []any{call(false, ops), call(true, append(slices.Clone(ops), []any{"add", []any{"w1", 1}}, []any{"assign", []any{"w1", "t4"}}))},
	})
	if err != nil {
		panic(err)
	}
	return r
}()

func TestLayers(t *testing.T) {
	covered := map[string]bool{}
	for _, c := range layerTests {
		config, err := nn.Config(c.layer)
		if err != nil {
			t.Fatal(err)
		}
		class := config.(map[string]any)["class_name"].(string)
		covered[class] = true
		t.Run(class, func(t *testing.T) { c.run(t, config) })
	}
	for _, e := range nn.Registry() {
		if e.Kind == nn.KindLayer && !covered[e.Class] {
			t.Errorf("the harness has no case of %s", e.Class)
		}
	}
}

func (c *layerTest) run(t *testing.T, config any) {
	// Written as JSON and read back, it is the same layer.
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	var decoded any
	if err := json.Unmarshal(text, &decoded); err != nil {
		t.Fatal(err)
	}
	again, err := nn.LayerFrom(decoded)
	if err != nil {
		t.Fatal(err)
	}
	if config2, err := nn.Config(again); err != nil || !reflect.DeepEqual(config, config2) {
		t.Errorf("config\n%v\nreads back as\n%v, %v", config, config2, err)
	}

	for _, layer := range []nn.Layer{c.layer, again} {
		in := c.out
		if c.in != nil {
			in = c.in
		}
		m := modelOf(layer, c.in, c.more)
		var shapes [][]int
		for _, y := range m.Outputs() {
			shapes = append(shapes, y.Shape())
		}
		if want := append([][]int{c.out}, c.outs...); !reflect.DeepEqual(shapes, want) {
			t.Fatalf("outputs are %v, wanted %v (%v)", shapes, want, m.Compile(nn.Training{}))
		}
		weights := mustWeights(t, m)
		got := map[string][]int{}
		for _, w := range weights {
			got[w.Name] = w.Shape
		}
		if len(got) != len(c.vars) || len(got) > 0 && !reflect.DeepEqual(got, c.vars) {
			t.Errorf("variables are %v, wanted %v", got, c.vars)
		}
		c.train(t, in, layer)
	}

	for _, bad := range c.bad {
		m := modelOf(bad.layer, bad.in, bad.more)
		err := m.Compile(nn.Training{})
		if !errors.Is(err, bad.kind) || err.Error() != bad.text {
			t.Errorf("%+v on %v: %v (%v), wanted %s (%v)", bad.layer, bad.in, err, errors.Unwrap(err), bad.text, bad.kind)
		}
		if _, err2 := m.GetWeights(); !errors.Is(err2, bad.kind) {
			t.Errorf("afterwards GetWeights says %v", err2)
		}
	}
}

// modelOf is a model of one layer behind inputs; in is nil for an input layer.
func modelOf(layer nn.Layer, in []int, more [][]int) *nn.Model {
	switch _, multi := layer.(nn.MultiLayer); {
	case in == nil:
		return nn.NewSequential(layer)
	case !multi:
		return nn.NewSequential(nn.Input(in...), layer)
	}
	inputs := nn.Inputs(nn.NewInput(in...))
	for _, shape := range more {
		inputs = append(inputs, nn.NewInput(shape...))
	}
	outputs, err := nn.ApplyMulti(layer, inputs...)
	if err != nil {
		outputs = nn.Outputs(nn.Apply(layer, inputs...))
	}
	return nn.NewModel(inputs, outputs)
}

// train takes a step of layer between two dense ones: all that can be trained moves, and what is frozen
// does not.
func (c *layerTest) train(t *testing.T, in []int, layer nn.Layer) {
	t.Helper()
	var m *nn.Model
	front := c.front
	if front == nil {
		front = nn.Activation{Fn: nn.Softplus}
	}
	shapes := append([][]int{in}, c.more...)
	switch _, multi := layer.(nn.MultiLayer); {
	case c.in == nil:
		m = nn.NewSequential(layer, nn.Flatten{Name: "flat"}, nn.Dense{Units: 2, Name: "last"})
	case !multi:
		m = nn.NewSequential(nn.Input(in...), front, layer, nn.Flatten{Name: "flat"}, nn.Dense{Units: 2, Name: "last"})
	default:
		var inputs, x, y []*nn.Symbolic
		for _, shape := range shapes {
			inputs = append(inputs, nn.NewInput(shape...))
			x = append(x, nn.Apply(front, inputs[len(inputs)-1]))
		}
		outs, err := nn.ApplyMulti(layer, x...)
		if err != nil {
			t.Fatal(err)
		}
		for _, out := range outs {
			y = append(y, nn.Apply(nn.Dense{Units: 2, Name: fmt.Sprint("last_", len(y))}, nn.Apply(nn.Flatten{}, out)))
		}
		m = nn.NewModel(inputs, nn.Outputs(nn.Apply(nn.Add{Name: "total"}, y...)))
	}
	if err := m.Compile(nn.Training{Optimizer: nn.SGD{LearningRate: 0.1}, Loss: nn.MeanSquaredError, Seed: 3, Backend: backend()}); err != nil {
		t.Fatal(err)
	}
	before := mustWeights(t, m)
	r := data.NewRandom(1, 0)
	var x []nn.Column
	column := func(scale, offset float64, shape ...int) nn.Column {
		values := make([]float32, prog.Shape(shape).Size())
		for i := range values {
			values[i] = float32(r.Float64()*scale + offset)
		}
		c, err := data.NewFloats(shape, values)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for _, shape := range shapes {
		x = append(x, column(2, -1, append([]int{5}, shape...)...))
	}
	d, err := nn.NewColumns(x, []nn.Column{column(1, 0, 5, 2)})
	if err != nil {
		t.Fatal(err)
	}
	logs, err := m.TrainOnBatch(ctx, d, nn.BatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if loss, _ := logs.Get("loss"); !(loss > 0 && loss < 100) {
		t.Errorf("the loss is %v", loss)
	}
	for i, w := range mustWeights(t, m) {
		if moved := !slices.Equal(w.Data, before[i].Data); moved != (w.Trainable || slices.Contains(c.states, w.Name)) {
			t.Errorf("%s: trainable is %v, moved is %v", w.Name, w.Trainable, moved)
		}
	}
	p, err := m.PredictMulti(ctx, x, nn.PredictOptions{BatchSize: 2})
	if err != nil || !slices.Equal(p[0].Shape, []int{5, 2}) {
		t.Errorf("predict gives %v, %v", p, err)
	}
}

func mustWeights(t testing.TB, m *nn.Model) []nn.Weight {
	t.Helper()
	w, err := m.GetWeights()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// Names are Keras's automatic ones, or a layer's own, which must not repeat.
func TestLayerNames(t *testing.T) {
	m := nn.NewSequential(nn.Input(8, 8, 1), nn.Conv2D{Filters: 1, Kernel: nn.Size2{1, 1}}, nn.Conv2D{Filters: 1, Kernel: nn.Size2{1, 1}},
		nn.Flatten{}, nn.Dense{Units: 1}, nn.Dense{Units: 1, Name: "mine"}, &nn.Dense{Units: 1})
	var got []string
	for _, w := range mustWeights(t, m) {
		got = append(got, w.Name)
	}
	want := []string{"conv2d/kernel", "conv2d/bias", "conv2d_1/kernel", "conv2d_1/bias", "dense/kernel", "dense/bias",
		"mine/kernel", "mine/bias", "dense_1/kernel", "dense_1/bias"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, wanted %v", got, want)
	}
	for want, layers := range map[string][]nn.Layer{
		"a: two layers have this name":                             {nn.Input(1), nn.Dense{Units: 1, Name: "a"}, nn.Dense{Units: 1, Name: "a"}},
		"input_layer: an input layer is layer 1, wanted the first": {nn.Dense{Units: 1}, nn.Input(1)},
		"sequential: layer 1 is nil":                               {nn.Input(1), nil},
		"sequential: the model has no layers":                      {},
	} {
		if _, err := nn.NewSequential(layers...).GetWeights(); err == nil || err.Error() != want || !errors.Is(err, nn.ErrConfig) {
			t.Errorf("got %v, wanted %s", err, want)
		}
	}
}

// A model without an Input is built when it first sees data; a mistake then is no dead end.
func TestBuiltByData(t *testing.T) {
	m := nn.NewSequential(nn.Conv2D{Filters: 2, Kernel: nn.Size2{3, 3}}, nn.Flatten{}, nn.Dense{Units: 2})
	if _, err := m.GetWeights(); !errors.Is(err, nn.ErrNotBuilt) {
		t.Errorf("before: %v", err)
	}
	flat, _ := data.NewFloats([]int{2, 16}, make([]float32, 32))
	if _, err := m.Predict(ctx, flat, nn.PredictOptions{}); !errors.Is(err, nn.ErrShape) || err.Error() != "conv2d: input is [16], wanted an image [height, width, channels]" {
		t.Errorf("flat images: %v", err)
	}
	image, _ := flat.Reshape(4, 4, 1)
	p, err := m.Predict(ctx, image, nn.PredictOptions{})
	if err != nil || !slices.Equal(p.Shape, []int{2, 2}) {
		t.Fatalf("%v, %v", p.Shape, err)
	}
	if _, err := m.Predict(ctx, flat, nn.PredictOptions{}); !errors.Is(err, nn.ErrShape) || err.Error() != "conv2d: x is [16] a sample, the model was built for [4,4,1]" {
		t.Errorf("flat images afterwards: %v", err)
	}
	if w := mustWeights(t, m); len(w) != 4 || !slices.Equal(w[2].Shape, []int{8, 2}) {
		t.Errorf("weights %v", w)
	}
}

// Dropout drops in training only, another mask each step, and keeps the mean.
func TestDropout(t *testing.T) {
	const n = 10000
	m := nn.NewSequential(nn.Input(n), nn.Dropout{Rate: 0.25}, nn.Dense{Units: 1, NoBias: true, KernelInit: nn.Constant{Value: 1.0 / n}})
	if err := m.Compile(nn.Training{Optimizer: nn.SGD{LearningRate: nn.Zero}, Loss: nn.MeanAbsoluteError, Seed: 5, Backend: backend()}); err != nil {
		t.Fatal(err)
	}
	x := make([]float32, n)
	for i := range x {
		x[i] = 1
	}
	d := table(t, []int{1, n}, x, []int{1, 1}, []float32{0})
	p, err := m.Predict(ctx, d.X(), nn.PredictOptions{})
	if err != nil || math.Abs(float64(p.Data[0])-1) > 1e-4 {
		t.Errorf("in inference the mean is %v, %v", p.Data, err)
	}
	seen := map[float64]bool{}
	for range 5 {
		logs, err := m.TrainOnBatch(ctx, d, nn.BatchOptions{})
		if err != nil {
			t.Fatal(err)
		}
		mean, _ := logs.Get("loss") // that of x after dropout
		if math.Abs(mean-1) > 0.03 {
			t.Errorf("in training the mean is %v", mean)
		}
		seen[mean] = true
	}
	if len(seen) < 4 || seen[1] {
		t.Errorf("5 steps have the means %v, wanted different masks", seen)
	}
}
