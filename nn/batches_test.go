package nn_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/data"
)

// rows are a dataset's samples as Batches, in their order.
type rows struct {
	of      nn.Dataset
	size    int
	n       int       // how many samples; 0: all
	weights []float32 // one a sample; nil for none
	fail    error     // what Next fails with at the end

	at     int
	opened []string // what Open and Close were called with
}

func (r *rows) XShapes() [][]int { return [][]int{r.of.XShape()} }
func (r *rows) YShapes() [][]int { return [][]int{r.of.YShape()} }

func (r *rows) Open(_ context.Context, epoch, skip int) error {
	r.at = skip * r.size
	r.opened = append(r.opened, fmt.Sprintf("open %d %d", epoch, skip))
	return nil
}

func (r *rows) Close() error {
	r.opened = append(r.opened, "close")
	return nil
}

func (r *rows) Next(context.Context) (n int, xs, ys, weights [][]float32, err error) {
	all := r.of.Len()
	if r.n != 0 {
		all = r.n
	}
	var indices []int
	for i := r.at; i < min(r.at+r.size, all); i++ {
		indices = append(indices, i)
	}
	n = len(indices)
	if n == 0 {
		return 0, nil, nil, nil, r.fail
	}
	x, y := make([]float32, n*size(r.of.XShape())), make([]float32, n*size(r.of.YShape()))
	if r.weights != nil {
		weights = [][]float32{r.weights[r.at : r.at+n]}
	}
	r.at += n
	return n, [][]float32{x}, [][]float32{y}, weights, r.of.Batch(indices, x, y)
}

func size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

func sameHistory(a, b *nn.History) bool {
	if !slices.Equal(a.Epochs, b.Epochs) || !slices.Equal(a.Names, b.Names) {
		return false
	}
	for name, values := range a.Values {
		if !slices.Equal(values, b.Values[name]) {
			return false
		}
	}
	return reflect.DeepEqual(a.Lists, b.Lists)
}

// Batches that come one after another train, evaluate and predict to the bit as the samples they are made of do.
func TestBatchesAreTheirSamples(t *testing.T) {
	d, v := stripes(t, 70, 1), stripes(t, 25, 2)
	weights := make([]float32, 70)
	for i := range weights {
		weights[i] = float32(i%3) / 2
	}
	for name, c := range map[string]struct{ whole, batches nn.FitOptions }{
		"plain": {nn.FitOptions{Validation: v, ValidationBatch: 10}, nn.FitOptions{ValidationBatches: &rows{of: v, size: 10}}},
		"validated by samples": {
			nn.FitOptions{Validation: v, ValidationBatch: 7, ValidationEvery: 2}, nn.FitOptions{Validation: v, ValidationBatch: 7, ValidationEvery: 2}},
		"sample weights": {nn.FitOptions{SampleWeight: weights}, nn.FitOptions{}},
		"class weights":  {nn.FitOptions{ClassWeight: map[int]float64{1: 3}}, nn.FitOptions{ClassWeight: map[int]float64{1: 3}}},
	} {
		source := &rows{of: d, size: 16, weights: c.whole.SampleWeight}
		var models [2]*nn.Model
		var histories [2]*nn.History
		for k, o := range []nn.FitOptions{c.whole, c.batches} {
			o.BatchSize, o.Epochs, o.NoShuffle = 16, 3, true
			m := compiled(t, smallCNN(), nn.Adam{}, 3)
			var err error
			if k == 0 {
				histories[k], err = m.Fit(ctx, d, o)
			} else {
				histories[k], err = m.FitBatches(ctx, source, o)
			}
			if err != nil {
				t.Fatal(name, err)
			}
			models[k] = m
		}
		if !sameWeights(mustWeights(t, models[0]), mustWeights(t, models[1])) {
			t.Errorf("%s: the weights differ", name)
		}
		if !sameHistory(histories[0], histories[1]) {
			t.Errorf("%s: the histories are %v and %v", name, histories[0], histories[1])
		}
		if want := []string{"open 0 0", "open 1 0", "open 2 0", "close"}; !slices.Equal(source.opened, want) {
			t.Errorf("%s: %q, wanted %q", name, source.opened, want)
		}
		m := models[0]
		one, err := m.Evaluate(ctx, v, nn.EvalOptions{BatchSize: 6})
		if err != nil {
			t.Fatal(err)
		}
		if two, err := m.EvaluateBatches(ctx, &rows{of: v, size: 6}, nn.EvalOptions{}); err != nil || !reflect.DeepEqual(one, two) {
			t.Errorf("%s: evaluate %v, of batches %v, %v", name, one, two, err)
		}
		p, err := m.Predict(ctx, v.X(), nn.PredictOptions{BatchSize: 6})
		if err != nil {
			t.Fatal(err)
		}
		if q, err := m.PredictBatches(ctx, &rows{of: v, size: 6}, nn.PredictOptions{}); err != nil || !slices.Equal(p.Shape, q[0].Shape) || !slices.Equal(p.Data, q[0].Data) {
			t.Errorf("%s: the predictions differ, %v", name, err)
		}
		if q, err := m.PredictBatches(ctx, &rows{of: v, size: 6}, nn.PredictOptions{Steps: 2}); err != nil || !slices.Equal(p.Data[:12*4], q[0].Data) {
			t.Errorf("%s: the predictions of two batches differ, %v", name, err)
		}
	}
}

// With steps per epoch a stream goes on where it was, and from its beginning where it has ended.
func TestStepsPerEpoch(t *testing.T) {
	d := stripes(t, 70, 1)
	for _, c := range []struct {
		samples, steps int
		counts         []int
		opened         []string
	}{
		{70, 2, []int{2, 2, 2}, []string{"open 0 0", "close"}},                         // of 7 batches
		{40, 2, []int{2, 2, 2}, []string{"open 0 0", "open 2 0", "close"}},             // of 4, which end with an epoch
		{50, 2, []int{2, 2, 1}, []string{"open 0 0", "close"}},                         // of 5
		{20, 5, []int{2, 2, 2}, []string{"open 0 0", "open 1 0", "open 2 0", "close"}}, // of 2
	} {
		s := &rows{of: d, size: 10, n: c.samples}
		var counts []int
		_, err := compiled(t, smallCNN(), nn.SGD{}, 1).FitBatches(ctx, s, nn.FitOptions{Epochs: 3, StepsPerEpoch: c.steps, Callbacks: []nn.Callback{nn.LambdaCallback{
			OnEpochEnd: func(p *nn.Progress) error { counts = append(counts, p.Batch+1); return nil },
		}}})
		if err != nil || !slices.Equal(counts, c.counts) || !slices.Equal(s.opened, c.opened) {
			t.Errorf("%d steps of %d samples: batches %v, %q, %v, wanted %v, %q", c.steps, c.samples, counts, s.opened, err, c.counts, c.opened)
		}
	}
}

// odd are batches of other shapes than they say, or none.
type odd struct {
	n               int
	xs, ys, weights [][]float32
}

func (odd) XShapes() [][]int                     { return [][]int{{2}} }
func (odd) YShapes() [][]int                     { return [][]int{{1}} }
func (odd) Open(context.Context, int, int) error { return nil }
func (odd) Close() error                         { return nil }
func (o odd) Next(context.Context) (int, [][]float32, [][]float32, [][]float32, error) {
	return o.n, o.xs, o.ys, o.weights, nil
}

// empty are batches that know of no shapes, since there are none.
type empty struct{ odd }

func (empty) XShapes() [][]int { return nil }
func (empty) YShapes() [][]int { return nil }

// What is wrong with batches and their options is said, and the weights stay as they are.
func TestBatchErrors(t *testing.T) {
	nan := float32(0)
	nan /= nan
	two, one := [][]float32{{1, 2}}, [][]float32{{1}}
	boom := errors.New("boom")
	d := table(t, []int{4, 2}, []float32{1, 2, 3, 4, 5, 6, nan, 8}, []int{4, 1}, []float32{1, 2, 3, 4})
	for _, c := range []struct {
		b    nn.Batches
		o    nn.FitOptions
		kind error
		text string
	}{
		{nil, nn.FitOptions{}, nn.ErrData, "fit: there is no data"},
		{odd{}, nn.FitOptions{}, nn.ErrData, "fit: there is no batch for epoch 1"},
		{empty{}, nn.FitOptions{}, nn.ErrData, "fit: there is no batch for epoch 1"},
		{odd{1, [][]float32{{1}}, one, nil}, nn.FitOptions{}, nn.ErrShape, "fit: a batch of 1 samples has 1 numbers in its inputs, wanted 2"},
		{odd{1, two, two, nil}, nn.FitOptions{}, nn.ErrShape, "fit: a batch of 1 samples has 2 numbers in its targets, wanted 1"},
		{odd{1, nil, one, nil}, nn.FitOptions{}, nn.ErrShape, "fit: a batch has 0 inputs, wanted 1"},
		{odd{1, two, one, [][]float32{{1, 2}}}, nn.FitOptions{}, nn.ErrShape, "fit: 2 sample weights for 1 samples"},
		{odd{1, two, one, [][]float32{{nan}}}, nn.FitOptions{}, nn.ErrData, "fit: the weight of sample 0 is NaN, wanted a finite number"},
		{odd{1, two, one, one}, nn.FitOptions{ClassWeight: map[int]float64{0: 1}}, nn.ErrConfig, "fit: there are both sample weights and class weights, wanted one of them"},
		{odd{1, two, one, nil}, nn.FitOptions{ValidationSplit: 0.5}, nn.ErrConfig, "fit: there is a validation split, which a stream has not: wanted validation data"},
		{odd{1, two, one, nil}, nn.FitOptions{SampleWeight: []float32{1}}, nn.ErrConfig, "fit: there are sample weights, which come with the batches of a stream"},
		{odd{1, two, one, nil}, nn.FitOptions{StepsPerEpoch: -1}, nn.ErrConfig, "fit: steps per epoch is -1, wanted at least 1"},
		{odd{1, two, one, nil}, nn.FitOptions{StepsPerEpoch: 1, ValidationBatches: odd{}}, nn.ErrData, "validation: there is no batch"},
		{odd{1, two, one, nil}, nn.FitOptions{Verbose: 3}, nn.ErrConfig, "fit: verbose is 3, wanted 0, 1 or 2"},
		{&rows{of: d, size: 2}, nn.FitOptions{}, nn.ErrData, "x: sample 3 holds NaN at element 0 of [2]"},
		{&rows{of: d, size: 2, n: 2, fail: boom}, nn.FitOptions{}, boom, "boom"},
		{&rows{of: stripes(t, 4, 1), size: 2}, nn.FitOptions{}, nn.ErrShape, "dense: x is [8,8,1] a sample, the model was built for [2]"},
	} {
		m := nn.NewSequential(nn.Input(2), nn.Dense{Units: 1})
		if err := m.Compile(nn.Training{Optimizer: nn.SGD{}, Loss: nn.MeanSquaredError, Backend: backend()}); err != nil {
			t.Fatal(err)
		}
		_, err := m.FitBatches(ctx, c.b, c.o)
		if !errors.Is(err, c.kind) || err.Error() != c.text {
			t.Errorf("got %v, wanted %s (%v)", err, c.text, c.kind)
		}
		if _, err := m.Fit(ctx, table(t, []int{1, 2}, []float32{1, 2}, []int{1, 1}, []float32{1}), nn.FitOptions{}); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	}
	m := compiled(t, smallCNN(), nn.SGD{}, 1)
	for _, c := range []struct {
		err  error
		text string
	}{
		{second(m.Fit(ctx, stripes(t, 4, 1), nn.FitOptions{StepsPerEpoch: 2})), "fit: there are steps per epoch, which are for a stream"},
		{second(m.Evaluate(ctx, stripes(t, 4, 1), nn.EvalOptions{Steps: 2})), "evaluate: there are steps, which are for a stream"},
		{second(m.EvaluateBatches(ctx, odd{}, nn.EvalOptions{Steps: -2})), "evaluate: steps is -2, wanted at least 1"},
		{second(m.EvaluateBatches(ctx, nil, nn.EvalOptions{})), "evaluate: there is no data"},
		{second(m.EvaluateBatches(ctx, empty{}, nn.EvalOptions{})), "evaluate: there is no batch"},
		{second(m.PredictBatches(ctx, empty{}, nn.PredictOptions{})), "predict: there is no batch"},
		{second(m.PredictBatches(ctx, nil, nn.PredictOptions{})), "predict: there is no data"},
		{second(m.PredictBatches(ctx, odd{}, nn.PredictOptions{Steps: -2})), "predict: steps is -2, wanted at least 1"},
	} {
		if c.err == nil || c.err.Error() != c.text {
			t.Errorf("got %v, wanted %s", c.err, c.text)
		}
	}
}

// A bar of a stream whose length isn't known has a length in the end, and in the epochs behind.
func TestProgbarOfBatches(t *testing.T) {
	var out strings.Builder
	m := compiled(t, smallCNN(), nn.SGD{}, 1)
	if _, err := m.FitBatches(ctx, &rows{of: stripes(t, 30, 1), size: 10}, nn.FitOptions{Epochs: 2, Verbose: 1, Output: &out}); err != nil {
		t.Fatal(err)
	}
	rest := out.String()
	for _, w := range []string{"Epoch 1/2\n", "1/Unknown", "3/3", "Epoch 2/2\n", "1/3", "3/3"} {
		_, after, ok := strings.Cut(rest, w)
		if !ok {
			t.Fatalf("no %q in %q", w, rest)
		}
		rest = after
	}
	out.Reset()
	if _, err := m.EvaluateBatches(ctx, &rows{of: stripes(t, 30, 1), size: 10}, nn.EvalOptions{Output: &out, Callbacks: []nn.Callback{nn.ProgbarLogger{Plain: true}}}); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.HasPrefix(got, "3/3 ━━━━━━━━━━━━━━━━━━━━ 0s ") || strings.Count(got, "\n") != 1 {
		t.Errorf("got %q", got)
	}
	if _, err := m.Fit(ctx, stripes(t, 10, 1), nn.FitOptions{Output: io.Discard, Callbacks: []nn.Callback{nn.ProgbarLogger{Verbose: 2}}}); err != nil {
		t.Fatal(err)
	}
}

// data's streams are batches: prepared in a goroutine of their own they train as they do without, and a Fit that is
// interrupted resumes in the middle of a shuffled stream.
func TestStreamsOfPackageData(t *testing.T) {
	d := stripes(t, 70, 1)
	stream := func(prefetch int) nn.Batches {
		b, err := data.Samples(d).Shuffle(20, 4).Batch(12)
		if err != nil {
			t.Fatal(err)
		}
		return b.Prefetch(prefetch)
	}
	run := func(prefetch int, store nn.BackupStore, kill int) (*nn.Model, error) {
		m, n := dropping(t, 3), 0
		_, err := m.FitBatches(ctx, stream(prefetch), nn.FitOptions{Epochs: 4, Callbacks: []nn.Callback{
			nn.BackupAndRestore{Store: store, SaveFreq: 2},
			nn.LambdaCallback{OnBatchEnd: func(*nn.Progress) error {
				if n++; n == kill {
					return errKilled
				}
				return nil
			}},
		}})
		return m, err
	}
	whole, err := run(0, &shelf{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, kill := range []int{3, 8, 11, 19} {
		store := &shelf{}
		if _, err := run(2, store, kill); !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
		m, err := run(3, store, 0)
		if err != nil {
			t.Fatal(err)
		}
		if !sameWeights(mustWeights(t, whole), mustWeights(t, m)) {
			t.Errorf("killed after batch %d: the weights differ", kill)
		}
	}
}
