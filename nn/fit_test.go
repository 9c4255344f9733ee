package nn_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/data"
)

func compiled(t testing.TB, m *nn.Model, o nn.Optimizer, seed uint64) *nn.Model {
	t.Helper()
	err := m.Compile(nn.Training{Optimizer: o, Loss: nn.CategoricalCrossentropy, Metrics: []nn.Metric{nn.Accuracy}, Seed: seed, Backend: backend()})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func sameWeights(a, b []nn.Weight) bool {
	return slices.EqualFunc(a, b, func(x, y nn.Weight) bool {
		return slices.EqualFunc(x.Data, y.Data, func(p, q float32) bool { return math.Float32bits(p) == math.Float32bits(q) })
	})
}

// The same seed gives the same weights, bit for bit, also where the epochs are cut into several Fits;
// another seed gives others.
func TestSameSeedSameWeights(t *testing.T) {
	d := stripes(t, 100, 1)
	run := func(seed uint64, epochs ...int) []nn.Weight {
		m := compiled(t, smallCNN(), nn.Adadelta{LearningRate: 1}, seed)
		for _, e := range epochs {
			if _, err := m.Fit(ctx, d, nn.FitOptions{BatchSize: 24, Epochs: e}); err != nil {
				t.Fatal(err)
			}
		}
		return mustWeights(t, m)
	}
	first := run(1, 3)
	if !sameWeights(first, run(1, 3)) {
		t.Error("two runs of one seed differ")
	}
	if !sameWeights(first, run(1, 1, 2)) {
		t.Error("one epoch and then two differ from three")
	}
	if sameWeights(first, run(2, 3)) {
		t.Error("another seed gives the same weights")
	}
	if sameWeights(first, run(1, 2)) {
		t.Error("two epochs give what three do")
	}
}

// An MLP learns two spirals, which takes every gradient.
func TestMLPLearns(t *testing.T) {
	const n = 200
	r := data.NewRandom(1, 0)
	x, y := make([]float32, 2*n), make([]float32, n)
	for i := range n {
		class := i % 2
		at := r.Float64()
		angle := 4*at + math.Pi*float64(class)
		x[2*i], x[2*i+1] = float32(2*at*math.Cos(angle)), float32(2*at*math.Sin(angle))
		y[i] = float32(class)
	}
	d := table(t, []int{n, 2}, x, []int{n}, y)
	for name, o := range map[string]nn.Optimizer{
		"adam": nn.Adam{LearningRate: 0.02}, "rmsprop": nn.RMSprop{LearningRate: 0.01}, "nesterov": nn.SGD{LearningRate: 0.1, Momentum: 0.9, Nesterov: true},
	} {
		m := nn.NewSequential(nn.Input(2), nn.Dense{Units: 24, Activation: nn.Tanh}, nn.Dense{Units: 24, Activation: nn.ReLU}, nn.Dense{Units: 1, Activation: nn.Sigmoid})
		if err := m.Compile(nn.Training{Optimizer: o, Loss: nn.BinaryCrossentropy, Metrics: []nn.Metric{nn.Accuracy}, Seed: 1, Backend: backend()}); err != nil {
			t.Fatal(err)
		}
		h, err := m.Fit(ctx, d, nn.FitOptions{BatchSize: 20, Epochs: 120})
		if err != nil {
			t.Fatal(err)
		}
		loss, accuracy := h.Values["loss"][119], h.Values["accuracy"][119]
		if !(loss < 0.1 && accuracy > 0.97) {
			t.Errorf("%s: loss %v, accuracy %v after 120 epochs", name, loss, accuracy)
		}
	}
}

// Sparse labels train exactly like the same labels one-hot.
func TestSparseIsOneHot(t *testing.T) {
	labels := []int32{0, 2, 1, 3, 3, 1, 0}
	x := make([]float32, 7*5)
	r := data.NewRandom(4, 0)
	for i := range x {
		x[i] = float32(r.Float64())
	}
	xs, _ := data.NewFloats([]int{7, 5}, x)
	hot, _ := data.OneHot(labels, 4)
	sparse, _ := data.Sparse(labels, 4)
	var weights [][]nn.Weight
	for _, c := range []struct {
		y    data.Column
		loss nn.Loss
	}{{hot, nn.CategoricalCrossentropy}, {sparse, nn.SparseCategoricalCrossentropy}} {
		d, err := data.NewTable(xs, c.y)
		if err != nil {
			t.Fatal(err)
		}
		m := nn.NewSequential(nn.Input(5), nn.Dense{Units: 4, Activation: nn.Softmax})
		if err := m.Compile(nn.Training{Optimizer: nn.Adam{}, Loss: c.loss, Metrics: []nn.Metric{nn.Accuracy}, Seed: 2, Backend: backend()}); err != nil {
			t.Fatal(err)
		}
		if _, err := m.Fit(ctx, d, nn.FitOptions{BatchSize: 3, Epochs: 2, ClassWeight: map[int]float64{1: 2}}); err != nil {
			t.Fatal(err)
		}
		weights = append(weights, mustWeights(t, m))
	}
	if !sameWeights(weights[0], weights[1]) {
		t.Error("weights differ")
	}
}

// Callbacks come in Keras's order with Keras's counters, and a stopped epoch counts.
func TestCallbacks(t *testing.T) {
	m := compiled(t, smallCNN(), nn.SGD{}, 1)
	var got []string
	say := func(what string) func(p *nn.Progress) error {
		return func(p *nn.Progress) error {
			s := fmt.Sprintf("%s %d/%d", what, p.Epoch, p.Epochs)
			if strings.HasPrefix(what, "batch") {
				s += fmt.Sprintf(" %d/%d of %d", p.Batch, p.Batches, p.Samples)
			}
			if what == "epoch end" {
				if _, ok := p.Logs.Get("val_loss"); !ok {
					t.Errorf("no val_loss in %v", p.Logs)
				}
			}
			got = append(got, s)
			if s == "batch end 2/5 1/3 of 10" {
				return nn.ErrStop
			}
			return nil
		}
	}
	h, err := m.Fit(ctx, stripes(t, 25, 1), nn.FitOptions{BatchSize: 10, InitialEpoch: 1, Epochs: 5, Validation: stripes(t, 5, 2), Callbacks: []nn.Callback{nn.LambdaCallback{
		OnTrainBegin: say("train begin"), OnEpochBegin: say("epoch begin"), OnBatchBegin: say("batch begin"),
		OnBatchEnd: say("batch end"), OnEpochEnd: say("epoch end"), OnTrainEnd: say("train end"),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"train begin 1/5", "epoch begin 1/5",
		"batch begin 1/5 0/3 of 10", "batch end 1/5 0/3 of 10", "batch begin 1/5 1/3 of 10", "batch end 1/5 1/3 of 10",
		"batch begin 1/5 2/3 of 5", "batch end 1/5 2/3 of 5", "epoch end 1/5",
		"epoch begin 2/5", "batch begin 2/5 0/3 of 10", "batch end 2/5 0/3 of 10", "batch begin 2/5 1/3 of 10", "batch end 2/5 1/3 of 10",
		"epoch end 2/5", "train end 2/5",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwanted\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if !slices.Equal(h.Epochs, []int{1, 2}) || len(h.Values["val_accuracy"]) != 2 {
		t.Errorf("history %v", h)
	}

	boom := errors.New("boom")
	_, err = m.Fit(ctx, stripes(t, 25, 1), nn.FitOptions{Callbacks: []nn.Callback{nn.LambdaCallback{OnEpochEnd: func(*nn.Progress) error { return boom }}}})
	if !errors.Is(err, boom) {
		t.Errorf("a callback's error comes out as %v", err)
	}
}

// Cancelling ends Fit between two steps; weights and history are those so far.
func TestCancel(t *testing.T) {
	m := compiled(t, smallCNN(), nn.SGD{}, 1)
	before := mustWeights(t, m)
	cancelled, cancel := context.WithCancel(ctx)
	var atCancel []nn.Weight
	steps := 0
	h, err := m.Fit(cancelled, stripes(t, 40, 1), nn.FitOptions{BatchSize: 10, Epochs: 9, Callbacks: []nn.Callback{nn.LambdaCallback{OnBatchEnd: func(p *nn.Progress) error {
		if steps++; steps == 6 {
			atCancel = mustWeights(t, m)
			cancel()
		}
		return nil
	}}}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if steps != 6 || !slices.Equal(h.Epochs, []int{0}) || len(h.Values["loss"]) != 1 {
		t.Errorf("%d steps, history %v", steps, h)
	}
	after := mustWeights(t, m)
	if sameWeights(before, after) || !sameWeights(after, atCancel) {
		t.Error("the weights are not those of the last step")
	}
	if _, err := m.Fit(ctx, stripes(t, 40, 1), nn.FitOptions{}); err != nil {
		t.Errorf("the next Fit: %v", err)
	}
	if h, err := m.Fit(cancelled, stripes(t, 40, 1), nn.FitOptions{}); !errors.Is(err, context.Canceled) || h != nil {
		t.Errorf("a Fit that never began: %v, %v", h, err)
	}
}

// A loss that is no number ends Fit, says where, and takes the model back to the last good epoch.
func TestDiverged(t *testing.T) {
	d := stripes(t, 40, 1)
	m := compiled(t, smallCNN(), nn.Adam{LearningRate: 0.01}, 1)
	var good []nn.Weight
	h, err := m.Fit(ctx, d, nn.FitOptions{BatchSize: 10, Epochs: 9, Callbacks: []nn.Callback{nn.LambdaCallback{
		OnEpochEnd: func(p *nn.Progress) error {
			good = mustWeights(t, m)
			if p.Epoch == 1 {
				return m.SetLearningRate(1e38)
			}
			return nil
		},
	}}})
	if !errors.Is(err, nn.ErrDiverged) || !strings.Contains(err.Error(), " in epoch 3 of 9, batch ") {
		t.Errorf("error %v", err)
	}
	if !slices.Equal(h.Epochs, []int{0, 1}) {
		t.Errorf("history %v", h)
	}
	if !sameWeights(mustWeights(t, m), good) {
		t.Error("the weights are not those of the last good epoch")
	}
	// It goes on from there as if nothing had happened: the optimizer's memory is back as well.
	again := compiled(t, smallCNN(), nn.Adam{LearningRate: 0.01}, 1)
	if _, err := again.Fit(ctx, d, nn.FitOptions{BatchSize: 10, Epochs: 3}); err != nil {
		t.Fatal(err)
	}
	if err := m.SetLearningRate(0.01); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Fit(ctx, d, nn.FitOptions{BatchSize: 10, InitialEpoch: 2}); err != nil {
		t.Fatal(err)
	}
	if !sameWeights(mustWeights(t, m), mustWeights(t, again)) {
		t.Error("after the restore, training goes another way than without the accident")
	}
}

// Bad data and bad options are refused with a message, and change nothing.
func TestFitErrors(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	images := func(n int, at int, v float32) []float32 {
		x := make([]float32, n*64)
		x[at] = v
		return x
	}
	y := oneHot([]int{0, 1, 2, 3, 0, 1}, 4)
	good := table(t, []int{6, 8, 8, 1}, images(6, 0, 1), []int{6, 4}, y)
	badY := slices.Clone(y)
	badY[13] = 2
	nanY := slices.Clone(y)
	nanY[6] = nan
	for _, c := range []struct {
		d    nn.Dataset
		o    nn.FitOptions
		kind error
		text string
	}{
		{table(t, []int{6, 8, 8, 1}, images(6, 64*4+7, nan), []int{6, 4}, y), nn.FitOptions{BatchSize: 2}, nn.ErrData, "x: sample 4 holds NaN at element 7 of [8,8,1]"},
		{table(t, []int{6, 8, 8, 1}, images(6, 63, inf), []int{6, 4}, y), nn.FitOptions{}, nn.ErrData, "x: sample 0 holds +Inf at element 63 of [8,8,1]"},
		{table(t, []int{6, 8, 8, 1}, images(6, 0, 1), []int{6, 4}, nanY), nn.FitOptions{}, nn.ErrData, "y: sample 1 holds NaN"},
		{table(t, []int{6, 8, 8, 1}, images(6, 0, 1), []int{6, 4}, badY), nn.FitOptions{}, nn.ErrData, "y: sample 3 holds 2, wanted a number from 0 to 1"},
		{table(t, []int{6, 64}, images(6, 0, 1), []int{6, 4}, y), nn.FitOptions{}, nn.ErrShape, "conv2d: x is [64] a sample, the model was built for [8,8,1]"},
		{table(t, []int{6, 8, 8, 1}, images(6, 0, 1), []int{6}, make([]float32, 6)), nn.FitOptions{}, nn.ErrShape,
			"fit: y is [] a sample, the loss of the model's output [4] wants [4] (for class numbers use sparse categorical crossentropy)"},
		{table(t, []int{6, 8, 8, 1}, images(6, 0, 1), []int{6, 5}, make([]float32, 30)), nn.FitOptions{}, nn.ErrShape,
			"fit: y is [5] a sample, the loss of the model's output [4] wants [4]"},
		{table(t, []int{0, 8, 8, 1}, nil, []int{0, 4}, nil), nn.FitOptions{}, nn.ErrData, "fit: there are no samples"},
		{nil, nn.FitOptions{}, nn.ErrData, "fit: there is no data"},
		{good, nn.FitOptions{BatchSize: -1}, nn.ErrConfig, "fit: batch size is -1, wanted at least 1"},
		{good, nn.FitOptions{ValidationSplit: 1.5}, nn.ErrConfig, "fit: validation split is 1.5, wanted more than 0 and less than 1"},
		{good, nn.FitOptions{ValidationSplit: 0.9}, nn.ErrConfig, "fit: a validation split of 0.9 of 6 samples leaves 0 to train and 6 to validate"},
		{good, nn.FitOptions{ValidationSplit: 0.5, Validation: good}, nn.ErrConfig, "fit: there are both validation data and a validation split"},
		{good, nn.FitOptions{Validation: table(t, []int{1, 64}, images(1, 0, 1), []int{1, 4}, y[:4])}, nn.ErrShape, "conv2d: x is [64] a sample, the model was built for [8,8,1]"},
		{good, nn.FitOptions{SampleWeight: []float32{1}}, nn.ErrShape, "fit: 1 sample weights for 6 samples"},
		{good, nn.FitOptions{SampleWeight: []float32{1, 1, nan, 1, 1, 1}}, nn.ErrData, "fit: the weight of sample 2 is NaN, wanted a finite number"},
		{good, nn.FitOptions{SampleWeight: make([]float32, 6), ClassWeight: map[int]float64{1: 1}}, nn.ErrConfig, "fit: there are both sample weights and class weights, wanted one of them"},
	} {
		m := compiled(t, smallCNN(), nn.SGD{}, 1)
		before := mustWeights(t, m)
		_, err := m.Fit(ctx, c.d, c.o)
		if !errors.Is(err, c.kind) || err.Error() != c.text {
			t.Errorf("got %v, wanted %s (%v)", err, c.text, c.kind)
		}
		if !sameWeights(before, mustWeights(t, m)) {
			t.Errorf("%s: the weights changed", c.text)
		}
		if _, err := m.Fit(ctx, good, nn.FitOptions{}); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	}

	m := nn.NewSequential(nn.Input(2), nn.Dense{Units: 3, Activation: nn.Softmax})
	if _, err := m.Fit(ctx, good, nn.FitOptions{}); !errors.Is(err, nn.ErrNotCompiled) {
		t.Errorf("not compiled: %v", err)
	}
	if err := m.Compile(nn.Training{Optimizer: nn.SGD{}, Loss: nn.SparseCategoricalCrossentropy, Backend: backend()}); err != nil {
		t.Fatal(err)
	}
	for v, want := range map[float32]string{
		3:   "y: sample 1 holds 3, wanted a class, a whole number from 0 to 2",
		-1:  "y: sample 1 holds -1, wanted a class, a whole number from 0 to 2",
		0.5: "y: sample 1 holds 0.5, wanted a class, a whole number from 0 to 2",
	} {
		_, err := m.Fit(ctx, table(t, []int{2, 2}, make([]float32, 4), []int{2, 1}, []float32{0, v}), nn.FitOptions{})
		if !errors.Is(err, nn.ErrData) || err.Error() != want {
			t.Errorf("got %v, wanted %s", err, want)
		}
	}
}

// What Compile refuses.
func TestCompileErrors(t *testing.T) {
	for _, c := range []struct {
		out  int
		tr   nn.Training
		kind error
		text string
	}{
		{1, nn.Training{Loss: nn.CategoricalCrossentropy}, nn.ErrShape,
			"loss: the model's output is [1], categorical crossentropy wants at least two classes; for one probability use binary crossentropy"},
		{2, nn.Training{Optimizer: nn.Adam{LearningRate: -1}}, nn.ErrConfig, "optimizer: learning_rate is -1, wanted at least 0"},
		{2, nn.Training{Optimizer: nn.Adam{Beta1: 1}}, nn.ErrConfig, "optimizer: beta_1 is 1, wanted at least 0 and less than 1"},
		{2, nn.Training{Loss: nn.CategoricalCrossentropyLoss{LabelSmoothing: 2}}, nn.ErrConfig, "loss: label_smoothing is 2, wanted 0 to 1"},
		{2, nn.Training{Loss: nn.MeanSquaredError, Metrics: []nn.Metric{nn.Named("loss", nn.Accuracy)}}, nn.ErrConfig, `metrics: one is called "loss", as a loss is`},
	} {
		err := nn.NewSequential(nn.Input(2), nn.Dense{Units: c.out}).Compile(c.tr)
		if !errors.Is(err, c.kind) || err.Error() != c.text {
			t.Errorf("got %v, wanted %s (%v)", err, c.text, c.kind)
		}
	}
	// A metric that doesn't fit says so when the model first runs.
	m := nn.NewSequential(nn.Input(2), nn.Dense{Units: 3, Activation: nn.Softmax})
	if err := m.Compile(nn.Training{Optimizer: nn.SGD{}, Loss: nn.SparseCategoricalCrossentropy, Metrics: []nn.Metric{nn.MeanOf(nn.MeanSquaredError)}, Backend: backend()}); err != nil {
		t.Fatal(err)
	}
	_, err := m.Fit(ctx, table(t, []int{1, 2}, []float32{1, 2}, []int{1}, []float32{1}), nn.FitOptions{})
	if want := "mean_squared_error: targets are [1], wanted [1,3]"; !errors.Is(err, nn.ErrShape) || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %v, wanted %s", err, want)
	}
}

// Predict and Evaluate are served while Fit runs; what would disturb it is refused.
func TestServedDuringFit(t *testing.T) {
	m := compiled(t, smallCNN(), nn.SGD{}, 1)
	d := stripes(t, 60, 1)
	ask := make(chan struct{})
	var others sync.WaitGroup
	others.Add(1)
	go func() {
		defer others.Done()
		for range ask {
			if _, err := m.Predict(ctx, d.X(), nn.PredictOptions{}); err != nil {
				t.Error(err)
			}
			if _, err := m.Evaluate(ctx, d, nn.EvalOptions{BatchSize: 7}); err != nil {
				t.Error(err)
			}
		}
	}()
	_, err := m.Fit(ctx, d, nn.FitOptions{BatchSize: 16, Epochs: 3, Validation: d, Callbacks: []nn.Callback{nn.LambdaCallback{
		OnBatchEnd: func(p *nn.Progress) error {
			ask <- struct{}{}
			for what, err := range map[string]error{
				"Compile": m.Compile(nn.Training{}), "Close": m.Close(), "Reset": m.Reset(1),
				"Fit":          second(m.Fit(ctx, d, nn.FitOptions{})),
				"TrainOnBatch": second(m.TrainOnBatch(ctx, d, nn.BatchOptions{})),
			} {
				if !errors.Is(err, nn.ErrBusy) {
					t.Errorf("%s during Fit: %v", what, err)
				}
			}
			return nil
		},
	}}})
	close(ask)
	others.Wait()
	if err != nil {
		t.Fatal(err)
	}
	quiet := compiled(t, smallCNN(), nn.SGD{}, 1)
	if _, err := quiet.Fit(ctx, d, nn.FitOptions{BatchSize: 16, Epochs: 3, Validation: d}); err != nil {
		t.Fatal(err)
	}
	if !sameWeights(mustWeights(t, m), mustWeights(t, quiet)) {
		t.Error("being asked changed what was learnt")
	}
}

func second[T any](_ T, err error) error { return err }

// A step after the first allocates nothing.
func TestStepsAllocateNothing(t *testing.T) {
	m := compiled(t, smallCNN(), nn.Adadelta{LearningRate: 1}, 1)
	var before, after runtime.MemStats
	const first, last = 20, 220
	steps := 0
	_, err := m.Fit(ctx, stripes(t, 10*(last+10), 1), nn.FitOptions{BatchSize: 10, Callbacks: []nn.Callback{nn.LambdaCallback{OnBatchEnd: func(p *nn.Progress) error {
		switch steps++; steps {
		case first:
			runtime.ReadMemStats(&before)
		case last:
			runtime.ReadMemStats(&after)
		}
		return nil
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	// The runtime itself may allocate a little in the background; a step of ours would show 200 times.
	if n := after.Mallocs - before.Mallocs; n > (last-first)/4 {
		t.Errorf("%d allocations in %d steps", n, last-first)
	}
}

// Weights survive Compile and Close, and go from model to model.
func TestWeightsTravel(t *testing.T) {
	d := stripes(t, 30, 1)
	m := compiled(t, smallCNN(), nn.SGD{LearningRate: 0.1}, 1)
	if _, err := m.Fit(ctx, d, nn.FitOptions{}); err != nil {
		t.Fatal(err)
	}
	w := mustWeights(t, m)
	compiled(t, m, nn.Adam{}, 9)
	if !sameWeights(w, mustWeights(t, m)) {
		t.Error("Compile changed the weights")
	}
	want, err := m.Predict(ctx, d.X(), nn.PredictOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if !sameWeights(w, mustWeights(t, m)) {
		t.Error("Close changed the weights")
	}
	other := smallCNN()
	if sameWeights(w, mustWeights(t, other)) {
		t.Error("a new model has the weights of the old")
	}
	if err := other.SetWeights(w); err != nil {
		t.Fatal(err)
	}
	got, err := other.Predict(ctx, d.X(), nn.PredictOptions{BatchSize: 7})
	if err != nil || !slices.Equal(got.Data, want.Data) {
		t.Errorf("the other model predicts otherwise: %v", err)
	}
	bad := slices.Clone(w)
	bad[2].Shape = []int{1, 2}
	if err := other.SetWeights(bad); !errors.Is(err, nn.ErrShape) || err.Error() != "dense/kernel: weight 2 is [1,2] with 1152 elements, wanted [72,16]" {
		t.Errorf("a bad shape: %v", err)
	}
	if err := other.SetWeights(w[:3]); !errors.Is(err, nn.ErrShape) || err.Error() != "sequential: got 3 weights, the model has 6" {
		t.Errorf("too few: %v", err)
	}
	if !sameWeights(w, mustWeights(t, other)) {
		t.Error("refused weights were set")
	}
	if err := other.Reset(1); err != nil || sameWeights(w, mustWeights(t, other)) {
		t.Errorf("Reset: %v", err)
	}
	total, trainable := other.CountParams()
	if total != 8*9+8+72*16+16+16*4+4 || trainable != total {
		t.Errorf("%d parameters, %d of them trainable", total, trainable)
	}
}

// A frozen layer keeps its weights, the optimizer has no memory of it, and Keras's order stays.
func TestFrozen(t *testing.T) {
	d := stripes(t, 30, 1)
	m := nn.NewSequential(
		nn.Input(8, 8, 1), nn.Flatten{}, nn.Dense{Units: 6, Activation: nn.ReLU, Frozen: true, KernelReg: nn.L2{Factor: 100}},
		nn.Dense{Units: 5, Activation: nn.ReLU}, nn.Dense{Units: 5, Frozen: true}, nn.Dense{Units: 4, Activation: nn.Softmax},
	)
	compiled(t, m, nn.Adam{LearningRate: 0.01}, 3)
	before := mustWeights(t, m)
	h, err := m.Fit(ctx, d, nn.FitOptions{BatchSize: 8, Epochs: 2})
	if err != nil {
		t.Fatal(err)
	}
	if loss := h.Values["loss"][0]; loss > 10 {
		t.Errorf("the loss is %v: a frozen layer's penalty counts in Keras neither", loss)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	for i, w := range mustWeights(t, m) {
		frozen := strings.HasPrefix(w.Name, "dense/") || strings.HasPrefix(w.Name, "dense_2/")
		if w.Name != before[i].Name || w.Trainable == frozen || slices.Equal(w.Data, before[i].Data) != frozen {
			t.Errorf("%s: trainable %v, unchanged %v", w.Name, w.Trainable, slices.Equal(w.Data, before[i].Data))
		}
	}
	// 6·5+5 and 5·4+4 are trained, with two slots each and Keras's two scalars.
	for _, line := range []string{" Trainable params: 59 (", " Non-trainable params: 420 (", " Optimizer params: 120 (", " Total params: 599 ("} {
		if s := m.Summary(); !strings.Contains(s, line) {
			t.Errorf("no %q in\n%s", line, s)
		}
	}
}
