package nn_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/data"
)

// An adapted layer's numbers are variables, as in Keras: weights of the model, which Reset leaves, and that a config has not
// got.
func TestAdaptedModel(t *testing.T) {
	x := goldenTensor{Shape: []int{4, 2}, Data: []float32{0, 10, 2, 10, 4, 30, 6, 30}}
	layer, err := nn.Adapt(nn.Normalization{Name: "norm"}, column(t, x))
	if err != nil {
		t.Fatal(err)
	}
	m := nn.NewSequential(nn.Input(2), layer)
	m.Add(nn.Activation{Fn: nn.Linear}) // a model whose variables are given is not one that has been used
	if err := m.Compile(nn.Training{Backend: backend()}); err != nil {
		t.Fatal(err)
	}
	check := func(what string, m *nn.Model) {
		t.Helper()
		p, err := m.Predict(ctx, column(t, x), nn.PredictOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []float64{-1.3416408, -1, -0.4472136, -1, 0.4472136, 1, 1.3416408, 1} {
			if math.Abs(float64(p.Data[i])-want) > 1e-6 {
				t.Fatalf("%s: prediction %d is %v, wanted %v", what, i, p.Data[i], want)
			}
		}
	}
	check("adapted", m)
	var names []string
	for _, w := range mustWeights(t, m) {
		names = append(names, w.Name)
		if w.Trainable {
			t.Errorf("%s is trainable", w.Name)
		}
	}
	if !slices.Equal(names, []string{"norm/mean", "norm/variance", "norm/count"}) {
		t.Errorf("weights are %v", names)
	}
	if err := m.Reset(9); err != nil {
		t.Fatal(err)
	}
	check("after Reset", m)
	config, err := m.Config()
	if err != nil {
		t.Fatal(err)
	}
	again, err := nn.SequentialFrom(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Compile(nn.Training{Backend: backend()}); err != nil {
		t.Fatal(err)
	}
	if p, err := again.Predict(ctx, column(t, x), nn.PredictOptions{}); err != nil || !slices.Equal(p.Data, x.Data) {
		t.Errorf("a model of the config alone gives %v, %v; wanted its input", p.Data, err)
	}
	if err := again.SetWeights(mustWeights(t, m)); err != nil {
		t.Fatal(err)
	}
	check("with the weights", again)
}

// Neither a large mean nor many batches cost digits.
func TestAdaptIsStable(t *testing.T) {
	const n = 20000
	r := data.NewRandom(1, 0)
	values := make([]float32, n)
	mean, square := 0.0, 0.0
	for i := range values {
		values[i] = float32(1e6 + math.Round(64*r.Float64())/16)
		mean += float64(values[i]) / n
	}
	for _, v := range values {
		square += (float64(v) - mean) * (float64(v) - mean) / n
	}
	for _, batch := range []int{1, 7, 1000, n} {
		a, err := nn.NewAdaptation(nn.Normalization{})
		if err != nil {
			t.Fatal(err)
		}
		for from := 0; from < n; from += batch {
			part := values[from:min(n, from+batch)]
			if err := a.Add(nn.Tensor{Shape: []int{len(part), 1}, Data: part}); err != nil {
				t.Fatal(err)
			}
		}
		i, err := a.Layer()
		if err != nil {
			t.Fatal(err)
		}
		if got := i.Initial(); got[0][0] != float32(mean) || math.Abs(float64(got[1][0])-square) > 1e-7*square {
			t.Errorf("in batches of %d: mean %v and variance %v, wanted %v and %v", batch, got[0], got[1], mean, square)
		}
	}
}

func TestAdaptErrors(t *testing.T) {
	flat := func(shape []int, data ...float32) nn.Tensor { return nn.Tensor{Shape: shape, Data: data} }
	built := nn.Share(nn.Normalization{})
	if m := nn.NewSequential(nn.Input(1), built); len(m.Outputs()) != 1 {
		t.Fatal("no model")
	}
	for _, c := range []struct {
		layer   nn.Layer
		batches []nn.Tensor
		kind    error
		text    string
	}{
		{nn.Dense{Units: 1}, nil, nn.ErrConfig, "adapt: dense learns nothing from data"},
		{built, nil, nn.ErrConfig, "adapt: normalization is part of a model already, wanted it adapted before"},
		{nn.Normalization{Name: "n"}, nil, nn.ErrData, "adapt: n: there are no data"},
		{nn.Normalization{}, []nn.Tensor{flat([]int{0, 2})}, nn.ErrData, "adapt: normalization: there are no data"},
		{nn.Normalization{Mean: half, Variance: half}, []nn.Tensor{flat([]int{1, 1}, 1)}, nn.ErrConfig, "adapt: normalization: mean and variance are given, wanted a layer without"},
		{nn.Normalization{Axis: []int{2}}, []nn.Tensor{flat([]int{1, 1}, 1)}, nn.ErrConfig, "adapt: normalization: axis is 2, and the input [1]; wanted one of its 1 dimensions, from 1 or from -1 on"},
		{nn.Normalization{}, []nn.Tensor{flat([]int{1, 2}, 1, 2), flat([]int{1, 3}, 1, 2, 3)}, nn.ErrShape, "adapt: normalization: a batch has samples of [3], the first had [2]"},
		{nn.Normalization{}, []nn.Tensor{flat([]int{2, 2}, 1, 2)}, nn.ErrShape, "adapt: normalization: got 2 numbers as a batch of [2,2]"},
		{nn.Normalization{}, []nn.Tensor{flat(nil, 1)}, nn.ErrShape, "adapt: normalization: got 1 numbers as a batch of []"},
		{nn.Normalization{}, []nn.Tensor{flat([]int{2, 2}, 1, 2, 3, float32(math.Inf(1)))}, nn.ErrData, "adapt: normalization: sample 1 holds +Inf"},
		{nn.Discretization{Boundaries: half}, []nn.Tensor{flat([]int{1, 1}, 1)}, nn.ErrConfig, "adapt: discretization: num_bins is missing, wanted how many ranges to find"},
		{nn.Discretization{Bins: 1}, nil, nn.ErrConfig, "discretization: num_bins is 1, wanted at least 2"},
		{nn.Discretization{Bins: 4}, []nn.Tensor{flat([]int{1, 1}, 1)}, nn.ErrData, "adapt: discretization: there are too few data for 4 ranges"},
		{nn.IntegerLookup{Vocabulary: []int{1}}, []nn.Tensor{flat([]int{1, 1}, 1)}, nn.ErrConfig, "adapt: integer_lookup: vocabulary is given, wanted a layer without"},
		{nn.IntegerLookup{Pad: true}, []nn.Tensor{flat([]int{1, 1}, 1)}, nn.ErrConfig, "adapt: integer_lookup: max_tokens is missing, which pad_to_max_tokens wants"},
		{nn.IntegerLookup{}, []nn.Tensor{flat([]int{1, 1}, -1)}, nn.ErrData, "adapt: integer_lookup: there are no tokens in the data"},
	} {
		err := func() error {
			a, err := nn.NewAdaptation(c.layer)
			if err != nil {
				return err
			}
			for _, b := range c.batches {
				if err := a.Add(b); err != nil {
					return err
				}
			}
			_, err = a.Layer()
			return err
		}()
		if !errors.Is(err, c.kind) || err.Error() != c.text {
			t.Errorf("%+v: got %v, wanted %s", c.layer, err, c.text)
		}
	}
}

// A config may hold what a layer's variables begin as.
func TestInitialWeights(t *testing.T) {
	dense := func(weights any) any {
		return map[string]any{"class_name": "Dense", "config": map[string]any{"units": 2, "name": "d", "weights": weights}}
	}
	for _, weights := range []any{
		[]any{[]any{[]any{1.0, 2.0}, []any{3.0, 4.0}, []any{5.0, 6.0}}, []any{7.0, 8.0}},
		[]any{[]float32{1, 2, 3, 4, 5, 6}, []float32{7, 8}},
		[]any{map[string]any{"data": []float32{1, 2, 3, 4, 5, 6}, "shape": []any{3.0, 2.0}}, []any{7.0, 8.0}},
	} {
		l, err := nn.LayerFrom(dense(weights))
		if err != nil {
			t.Fatal(err)
		}
		w := mustWeights(t, nn.NewSequential(nn.Input(3), l))
		if !slices.Equal(w[0].Data, []float32{1, 2, 3, 4, 5, 6}) || !slices.Equal(w[1].Data, []float32{7, 8}) {
			t.Errorf("%v: the weights are %v and %v", weights, w[0].Data, w[1].Data)
		}
	}
	for text, weights := range map[string]any{
		"d: weights is 3, wanted a list of arrays":                           3.0,
		`d: weights is [[1], "x"], wanted a list of arrays`:                  []any{[]any{1.0}, "x"},
		`d: weights is [["x"]], wanted a list of arrays`:                     []any{[]any{"x"}},
		"d: weights has 1 arrays, wanted 2":                                  []any{[]float32{1}},
		"d: weights: array 1 has 3 numbers, wanted bias [2]":                 []any{[]float32{1, 2, 3, 4, 5, 6}, []float32{1, 2, 3}},
		"d: weights: array 1 holds +Inf at element 1, wanted finite numbers": []any{[]float32{1, 2, 3, 4, 5, 6}, []float32{1, float32(math.Inf(1))}},
	} {
		l, err := nn.LayerFrom(dense(weights))
		if err == nil {
			_, err = nn.NewSequential(nn.Input(3), l).GetWeights()
		}
		if err == nil || err.Error() != text {
			t.Errorf("got %v, wanted %s", err, text)
		}
	}
}
