package nn_test

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/cpu"
	"github.com/tabgrad/tabgrad/nn/data"
	"github.com/tabgrad/tabgrad/nn/prog"
)

// A stepped cell is another one, of which nothing is known but what it does in a step.
type stepped struct {
	nn.Multi
	of nn.Cell
}

func (s stepped) StateShapes() []prog.Shape { return s.of.StateShapes() }
func (s stepped) BuildMulti(scope *nn.Scope, in []prog.Shape) ([]prog.Shape, error) {
	return s.of.BuildMulti(scope, in)
}
func (s stepped) LowerMulti(c *nn.Call, x []prog.Buf) []prog.Buf { return s.of.LowerMulti(c, x) }

// noise are numbers in [-1, 1].
func noise(seed uint64, n int) []float32 {
	r := data.NewRandom(seed, 0)
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(r.Float64()*2 - 1)
	}
	return values
}

// A cell that is called step by step gives what the same cell gives for a whole sequence, fused: outputs, loss and
// the weights after steps, for every way of going through it.
func TestSteppedCellsEqualFusedOnes(t *testing.T) {
	const n, steps, features = 3, 5, 2
	x := noise(1, n*steps*features)
	for _, zero := range []int{0, 1, 5, 11, 12, 14} { // the steps that are masked: at the start, in the middle, at the end
		clear(x[zero*features : (zero+1)*features])
	}
	for name, cell := range map[string]nn.Cell{
		"SimpleRNN": nn.SimpleRNNCell{Units: 3}, "LSTM": nn.LSTMCell{Units: 3}, "GRU": nn.GRUCell{Units: 3}, "GRU before": nn.GRUCell{Units: 3, ResetBefore: true},
		"stacked": nn.StackedRNNCells{Cells: []nn.Layer{nn.LSTMCell{Units: 2}, nn.GRUCell{Units: 3}}},
		"dropout": nn.LSTMCell{Units: 3, Dropout: 0.4, Seed: 3}, "recurrent dropout": nn.GRUCell{Units: 3, Dropout: 0.4, RecurrentDropout: 0.3, Seed: 3},
	} {
		full, err := nn.LayerFrom(cell) // with its defaults
		if err != nil {
			t.Fatal(err)
		}
		cell = full.(nn.Cell)
		for _, options := range []string{"", "sequences", "backwards sequences", "masked", "masked sequences", "masked backwards sequences", "masked zero sequences state", "state", "initial masked sequences", "bidirectional masked sequences"} {
			has := func(word string) bool { return strings.Contains(options, word) }
			var results []string
			for _, c := range []nn.Cell{cell, stepped{of: cell}} {
				if has("bidirectional") && strings.Contains(name, "dropout") {
					continue // both directions have masks of their own
				}
				inputs := nn.Inputs(nn.NewInput(steps, features))
				columns := []nn.Column{mustFloats(t, []int{n, steps, features}, x)}
				in := nn.Inputs(inputs[0])
				if has("masked") {
					in[0] = nn.Apply(nn.Masking{}, in[0])
				}
				in[0] = nn.Apply(nn.Dense{Units: features}, in[0])
				for k, s := range cell.StateShapes() {
					if has("initial") {
						inputs = append(inputs, nn.NewInput(s...))
						in = append(in, inputs[k+1])
						columns = append(columns, mustFloats(t, append([]int{n}, s...), noise(uint64(k), n*s.Size())))
					}
				}
				var layer nn.Layer = nn.RNN{Cell: c, ReturnSequences: has("sequences"), Backwards: has("backwards"), ReturnState: has("state"), ZeroOutput: has("zero")}
				if has("bidirectional") {
					layer = nn.Bidirectional{Layer: layer}
				}
				out, err := nn.ApplyMulti(layer, in...)
				if err != nil {
					t.Fatal(err)
				}
				m := nn.NewModel(inputs, out)
				if err := m.Compile(nn.Training{Optimizer: nn.SGD{LearningRate: 0.1}, Loss: nn.MeanSquaredError, Seed: 3, Backend: cpu.New[float64](cpu.Options{Procs: 1})}); err != nil {
					t.Fatal(err)
				}
				var targets []nn.Column
				for k, y := range out {
					shape := append([]int{n}, y.Shape()...)
					targets = append(targets, mustFloats(t, shape, noise(uint64(10+k), prog.Shape(shape).Size())))
				}
				d, err := nn.NewColumns(columns, targets)
				if err != nil {
					t.Fatal(err)
				}
				result := ""
				for range 2 {
					logs, err := m.TrainOnBatch(ctx, d, nn.BatchOptions{})
					if err != nil {
						t.Fatalf("%s %s: %v", name, options, err)
					}
					result += fmt.Sprintf("%.5g ", logs[0].Value)
				}
				for _, w := range mustWeights(t, m) {
					result += fmt.Sprintf("%.4f ", w.Data)
				}
				predictions, err := m.PredictMulti(ctx, columns, nn.PredictOptions{})
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range predictions {
					result += fmt.Sprintf("%.4f ", p.Data)
				}
				results = append(results, result)
			}
			if len(results) == 2 && results[0] != results[1] {
				t.Errorf("%s %s: fused\n%s\nstep by step\n%s", name, options, results[0], results[1])
			}
		}
	}
}

func mustFloats(t testing.TB, shape []int, values []float32) *data.Array {
	t.Helper()
	a, err := data.NewFloats(shape, values)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// What a stateful layer keeps: a sequence in pieces, batch after batch, gives what it gives whole; until it is reset.
func TestStateful(t *testing.T) {
	const n, pieces, steps = 2, 3, 4
	build := func(layer nn.Layer, length, batch int) *nn.Model {
		m := nn.NewSequential(nn.InputLayer{Shape: []int{length, 1}, Batch: batch}, layer, nn.Dense{Units: 1, Name: "last"})
		if err := m.Compile(nn.Training{Optimizer: nn.SGD{}, Loss: nn.MeanSquaredError, Seed: 5, Backend: backend()}); err != nil {
			t.Fatal(err)
		}
		return m
	}
	whole := noise(3, n*pieces*steps) // [n, pieces·steps]
	var cut []float32                 // [pieces, n, steps]
	for p := range pieces {
		for s := range n {
			cut = append(cut, whole[(s*pieces+p)*steps:(s*pieces+p+1)*steps]...)
		}
	}
	for name, layers := range map[string][2]nn.Layer{
		"lstm": {nn.LSTM{Units: 3}, nn.LSTM{Units: 3, Stateful: true}}, "gru": {nn.GRU{Units: 3}, nn.GRU{Units: 3, Stateful: true}},
		"rnn": {nn.RNN{Cell: nn.SimpleRNNCell{Units: 3}}, nn.RNN{Cell: nn.SimpleRNNCell{Units: 3}, Stateful: true}},
	} {
		plain, m := build(layers[0], pieces*steps, 0), build(layers[1], steps, n)
		want, err := plain.Predict(ctx, mustFloats(t, []int{n, pieces * steps, 1}, whole), nn.PredictOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if a, b := len(mustWeights(t, plain)), len(mustWeights(t, m)); a != b {
			t.Errorf("%s: there are %d weights with state and %d without", name, b, a)
		}
		if err := m.SetWeights(mustWeights(t, plain)); err != nil {
			t.Fatal(err)
		}
		x := mustFloats(t, []int{pieces * n, steps, 1}, cut)
		predict := func() []float32 {
			t.Helper()
			p, err := m.Predict(ctx, x, nn.PredictOptions{}) // in batches of n, since the input says so
			if err != nil {
				t.Fatal(err)
			}
			return p.Data[(pieces-1)*n:]
		}
		near := func(what string, got []float32, yes bool) {
			t.Helper()
			same := true
			for i, v := range got {
				same = same && math.Abs(float64(v-want.Data[i])) < 1e-6
			}
			if same != yes {
				t.Errorf("%s: %s: got %v, the whole sequence gives %v", name, what, got, want.Data)
			}
		}
		near("in pieces", predict(), true)
		near("going on", predict(), false)
		if err := m.ResetStates(); err != nil {
			t.Fatal(err)
		}
		near("after a reset", predict(), true)
		if err := m.ResetStates(strings.SplitN(mustWeights(t, m)[0].Name, "/", 2)[0]); err != nil {
			t.Fatal(err)
		}
		if err := m.Close(); err != nil { // the state stays with the model
			t.Fatal(err)
		}
		near("after a reset of the layer", predict(), true)
		if err := m.ResetStates("nobody"); !errors.Is(err, nn.ErrConfig) {
			t.Errorf("a reset of a layer that is not there: %v", err)
		}
		total, _ := m.CountParams()
		if plainTotal, _ := plain.CountParams(); total != plainTotal || !strings.Contains(m.Summary(), fmt.Sprintf("Total params: %d", total)) {
			t.Errorf("%s: %d parameters with state and %d without", name, total, plainTotal)
		}

		// A training step begins with the state too, and leaves its own.
		if err := m.ResetStates(); err != nil {
			t.Fatal(err)
		}
		y := mustFloats(t, []int{pieces * n, 1}, make([]float32, pieces*n))
		d, err := data.NewTable(x, y)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Fit(ctx, d, nn.FitOptions{NoShuffle: true, Epochs: 2, Callbacks: []nn.Callback{nn.LambdaCallback{OnEpochBegin: func(*nn.Progress) error { return m.ResetStates() }}}}); err != nil {
			t.Fatal(err)
		}
		odd := mustFloats(t, []int{n + 1, steps, 1}, make([]float32, (n+1)*steps))
		_, err = m.Predict(ctx, odd, nn.PredictOptions{})
		if want := "a batch has 1 samples, and its state is that of 2: stateful layers want all batches of the size that the input says"; !errors.Is(err, nn.ErrShape) || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: a short batch: %v, wanted %s", name, err, want)
		}
	}
}

// Dropout drops the same features in all steps, and in training alone.
func TestRecurrentDropout(t *testing.T) {
	const steps, features, units, rate = 3, 4000, 2, 0.25
	for name, layer := range map[string]nn.Layer{
		"input":     nn.SimpleRNN{Units: units, Dropout: rate, Activation: nn.Linear, KernelInit: nn.Constant{Value: 1.0 / features}, RecurrentInit: nn.Zeros{}, ReturnSequences: true, NoBias: true},
		"recurrent": nn.SimpleRNN{Units: features, RecurrentDropout: rate, Activation: nn.Linear, KernelInit: nn.Zeros{}, RecurrentInit: nn.Identity{}, ReturnSequences: true, NoBias: true},
	} {
		inputs := nn.Inputs(nn.NewInput(steps, features))
		columns := []nn.Column{mustFloats(t, []int{1, steps, features}, slices.Repeat([]float32{1}, steps*features))}
		in := inputs
		if name == "recurrent" {
			inputs = append(inputs, nn.NewInput(features))
			in = inputs
			columns = append(columns, mustFloats(t, []int{1, features}, slices.Repeat([]float32{1}, features)))
		}
		out := nn.Apply(layer, in...)
		m := nn.NewModel(inputs, nn.Outputs(out))
		width := out.Shape()[1]
		if err := m.Compile(nn.Training{Optimizer: nn.SGD{LearningRate: nn.Zero}, Loss: nn.MeanAbsoluteError, Seed: 5, Backend: backend()}); err != nil {
			t.Fatal(err)
		}
		p, err := m.PredictMulti(ctx, columns, nn.PredictOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if v := float64(p[0].Data[0]); math.Abs(v-1) > 1e-4 {
			t.Errorf("%s: in inference the output is %v, wanted 1", name, v)
		}
		d, err := nn.NewColumns(columns, []nn.Column{mustFloats(t, []int{1, steps, width}, make([]float32, steps*width))})
		if err != nil {
			t.Fatal(err)
		}
		logs, err := m.TrainOnBatch(ctx, d, nn.BatchOptions{})
		if err != nil {
			t.Fatal(err)
		}
		// The mean over the steps: of the input's 1, and of the state's what is left, once, twice, thrice scaled up by 4/3: the same
		// mask each time lets a share of 3/4 through, and no less.
		want := 1.0
		if name == "recurrent" {
			want = 0.75 * (4./3 + 16./9 + 64./27) / 3
		}
		if loss, _ := logs.Get("loss"); math.Abs(loss-want) > 0.06*want || loss == want {
			t.Errorf("%s: in training the mean is %v, wanted about %v", name, loss, want)
		}
	}
}

// The forget gate's bias begins as 1, the others as their initializer says.
func TestUnitForgetBias(t *testing.T) {
	for _, c := range []struct {
		layer nn.Layer
		want  []float32
	}{
		{nn.LSTM{Units: 2}, []float32{0, 0, 1, 1, 0, 0, 0, 0}},
		{nn.LSTM{Units: 2, NoUnitForgetBias: true}, []float32{0, 0, 0, 0, 0, 0, 0, 0}},
		{nn.LSTM{Units: 1, BiasInit: nn.Constant{Value: 3}}, []float32{3, 1, 3, 3}},
	} {
		if got := mustWeights(t, nn.NewSequential(nn.Input(3, 2), c.layer))[2].Data; !slices.Equal(got, c.want) {
			t.Errorf("%+v: the bias begins as %v, wanted %v", c.layer, got, c.want)
		}
	}
}

// Null is no activation and no merging, which absence is not; a cell may be a list of cells; and what Keras and tfjs write besides
// is understood.
func TestSequenceConfigs(t *testing.T) {
	layer := func(class string, config map[string]any) map[string]any {
		return map[string]any{"class_name": class, "config": config}
	}
	for _, c := range []struct {
		config any
		want   nn.Layer
	}{
		{layer("SimpleRNN", map[string]any{"units": 2.0, "activation": nil}), nn.SimpleRNN{Units: 2, Activation: nn.Linear}},
		{layer("SimpleRNN", map[string]any{"units": 2.0}), nn.SimpleRNN{Units: 2, Activation: nn.Tanh}},
		{layer("LSTM", map[string]any{"units": 2.0, "recurrentActivation": nil, "implementation": 1.0, "timeMajor": false, "use_cudnn": "auto"}), nn.LSTM{Units: 2, RecurrentActivation: nn.Linear}},
		{layer("Bidirectional", map[string]any{"layer": layer("GRU", map[string]any{"units": 2.0}), "mergeMode": nil}), nn.Bidirectional{Layer: nn.GRU{Units: 2}, Merge: "none"}},
		{layer("Bidirectional", map[string]any{"layer": layer("GRU", map[string]any{"units": 2.0}), "backward_layer": nil, "weights": nil}), nn.Bidirectional{Layer: nn.GRU{Units: 2}}},
		{layer("RNN", map[string]any{"cell": []any{layer("GRUCell", map[string]any{"units": 2.0}), layer("LSTMCell", map[string]any{"units": 3.0})}}),
			nn.RNN{Cell: nn.StackedRNNCells{Cells: []nn.Layer{nn.GRUCell{Units: 2}, nn.LSTMCell{Units: 3}}}}},
		{layer("TimeDistributed", map[string]any{"layer": map[string]any{"module": "keras.layers", "class_name": "Dense", "registered_name": nil, "build_config": map[string]any{"input_shape": []any{nil, 3.0}},
			"config": map[string]any{"units": 2.0, "activation": nil, "batch_input_shape": []any{nil, 3.0}}}}), nn.TimeDistributed{Layer: nn.Dense{Units: 2, Activation: nn.Linear}}},
		{layer("Embedding", map[string]any{"input_dim": 2.0, "output_dim": 3.0, "weights": []any{[]any{[]any{1.0, 2.0, 3.0}, []any{4.0, 5.0, 6.0}}}, "input_length": 4.0}),
			nn.WithWeights(nn.Embedding{InputDim: 2, OutputDim: 3}, []float32{1, 2, 3, 4, 5, 6})},
		{layer("Embedding", map[string]any{"inputDim": 2.0, "outputDim": 3.0, "weights": []any{[]any{[]float32{1, 2, 3}, []float32{4, 5, 6}}}}),
			nn.WithWeights(nn.Embedding{InputDim: 2, OutputDim: 3}, []float32{1, 2, 3, 4, 5, 6})},
		{layer("GroupedQueryAttention", map[string]any{"head_dim": 2.0, "num_query_heads": 4.0, "num_key_value_heads": 2.0, "flash_attention": nil}), nn.GroupQueryAttention{KeyDim: 2, Heads: 4, Shared: 2}},
		{layer("MultiHeadAttention", map[string]any{"num_heads": 2.0, "key_dim": 3.0, "value_dim": nil, "output_shape": 5.0, "attention_axes": []any{1.0}, "sliding_window": nil}), nn.MultiHeadAttention{Heads: 2, KeyDim: 3, Output: []int{5}, Axes: []int{1}}},
		{layer("InputLayer", map[string]any{"batch_input_shape": []any{4.0, 3.0, 2.0}}), nn.InputLayer{Shape: []int{3, 2}, Batch: 4}},
	} {
		got, err := nn.LayerFrom(c.config)
		want, err2 := nn.LayerFrom(c.want) // completed
		if err != nil || err2 != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%v:\ngot %+v, %v\nwanted %+v, %v", c.config, got, err, want, err2)
		}
	}
	for _, c := range []struct {
		config any
		text   string
	}{
		{layer("Bidirectional", map[string]any{"layer": layer("LSTN", nil)}), `bidirectional: layer "LSTN" is unknown, wanted one of ` + names(nn.KindLayer)},
		{layer("Bidirectional", map[string]any{"layer": layer("LSTM", map[string]any{"units": "two"})}), `bidirectional: layer: units is "two", wanted a whole number, at least 1`},
		{layer("TimeDistributed", map[string]any{}), "time_distributed: layer is missing"},
		{layer("StackedRNNCells", map[string]any{"cells": layer("GRUCell", map[string]any{"units": 2.0})}), "stacked_rnn_cells: cells is map[class_name:GRUCell config:map[units:2]], wanted a list of layers"},
		{layer("Embedding", map[string]any{"input_dim": 2.0, "output_dim": 3.0, "weights": []any{"x"}}), `embedding: weights is ["x"], wanted a list of arrays`},
		{layer("LSTM", map[string]any{"units": 2.0, "time_major": true}), "lstm: time_major is true, and only false is supported"},
	} {
		if _, err := nn.LayerFrom(c.config); !errors.Is(err, nn.ErrConfig) || err.Error() != c.text {
			t.Errorf("%v: got %v, wanted %s", c.config, err, c.text)
		}
	}
	m, err := nn.SequentialFrom(map[string]any{"layers": []any{layer("LSTM", map[string]any{"units": 2.0, "stateful": true, "batch_input_shape": []any{4.0, 3.0, 2.0}})}})
	if err != nil {
		t.Fatal(err)
	}
	if got := m.InputShape(); !slices.Equal(got, []int{3, 2}) {
		t.Errorf("the input is %v", got)
	}
}

// A model inside TimeDistributed is written and read with it.
func TestModelInsideALayer(t *testing.T) {
	inner := nn.NewSequential(nn.Input(3), nn.Dense{Units: 4, Activation: nn.ReLU}, nn.Dense{Units: 2}).Rename("inner")
	m := nn.NewSequential(nn.Input(5, 3), nn.TimeDistributed{Layer: inner}, nn.LSTM{Units: 2})
	config, err := m.Config()
	if err != nil {
		t.Fatal(err)
	}
	again, err := nn.SequentialFrom(config)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, w := range mustWeights(t, again) {
		names = append(names, w.Name)
	}
	if want := "time_distributed/inner/dense/kernel"; names[0] != want || len(names) != 7 {
		t.Errorf("weights %v, wanted 7 from %s on", names, want)
	}
	if config2, err := again.Config(); err != nil || !reflect.DeepEqual(config, config2) {
		t.Errorf("configs differ: %v\n%v\n%v", err, config, config2)
	}
}

// A penalty on what a layer in TimeDistributed returns is of a sample: of all its steps, whether they are done together or, as for a
// layer with state, one by one.
func TestTimeDistributedPenalties(t *testing.T) {
	const steps, features, units = 3, 2, 2
	var losses []float64
	for _, stateful := range []bool{false, true} {
		inner := nn.NewSequential(nn.Input(features), nn.Dense{Units: units, KernelInit: nn.Ones{}, ActivityReg: nn.L2{Factor: 0.5}})
		if stateful {
			inner.Add(nn.BatchNormalization{GammaInit: nn.Zeros{}, Frozen: true})
		} else {
			inner.Add(nn.Dense{Units: units, KernelInit: nn.Zeros{}})
		}
		m := nn.NewSequential(nn.Input(steps, features), nn.TimeDistributed{Layer: inner})
		if err := m.Compile(nn.Training{Loss: nn.MeanSquaredError, Backend: backend()}); err != nil {
			t.Fatal(err)
		}
		x := []float32{1, 2, 0, 1, -1, -1, 3, 0, 0, 0, 1, -2}
		logs, err := m.Evaluate(ctx, table(t, []int{2, steps, features}, x, []int{2, steps, units}, make([]float32, 2*steps*units)), nn.EvalOptions{})
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, logs[0].Value)
	}
	sums := 9.0 + 1 + 4 + 9 + 0 + 1 // of (x₀ + x₁)², the same for both units
	if want := 0.5 * 2 * sums / 2; math.Abs(losses[0]-want) > 1e-5 || math.Abs(losses[1]-want) > 1e-5 {
		t.Errorf("the penalties are %v, wanted %v", losses, want)
	}
}
