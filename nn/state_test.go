package nn_test

import (
	"errors"
	"math"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
)

// Training that is stopped, carried over into another model by its State and gone on with there takes
// the same steps to the bit, under every rule.
func TestStateResumes(t *testing.T) {
	d := stripes(t, 60, 1)
	fit := func(m *nn.Model, from, to int) {
		t.Helper()
		if _, err := m.Fit(ctx, d, nn.FitOptions{BatchSize: 24, InitialEpoch: from, Epochs: to}); err != nil {
			t.Fatal(err)
		}
	}
	for _, o := range []nn.Optimizer{
		nn.SGD{}, nn.SGD{Momentum: 0.9}, nn.SGD{Momentum: 0.9, Nesterov: true},
		nn.RMSprop{}, nn.RMSprop{Momentum: 0.5}, nn.RMSprop{Momentum: 0.5, Centered: true},
		nn.Adagrad{}, nn.Adadelta{LearningRate: 1}, nn.Adam{}, nn.Adam{AMSGrad: true},
	} {
		whole := compiled(t, smallCNN(), o, 5)
		fit(whole, 0, 3)

		half := compiled(t, smallCNN(), o, 5)
		fit(half, 0, 1)
		s, err := half.State()
		if err != nil {
			t.Fatal(err)
		}
		if s.Seed != 5 || s.Steps != 3 || s.Updates != 3 {
			t.Errorf("%T: state has seed %d, steps %d, updates %d, wanted 5, 3, 3", o, s.Seed, s.Steps, s.Updates)
		}
		if err := half.Close(); err != nil { // what the optimizer remembers stays
			t.Fatal(err)
		}
		fit(half, 1, 3)
		if !sameWeights(mustWeights(t, whole), mustWeights(t, half)) {
			t.Errorf("%T: Close in between changed the result", o)
		}

		other := compiled(t, smallCNN(), o, 77)
		fit(other, 0, 1) // its own programs and slots must go
		if err := other.SetState(s); err != nil {
			t.Fatal(err)
		}
		fit(other, 1, 3)
		if !sameWeights(mustWeights(t, whole), mustWeights(t, other)) {
			t.Errorf("%T: training gone on with in another model differs", o)
		}
	}
}

// An input layer that the model is given and one that it learns from its data draw the same masks.
func TestMasksWithoutInputLayer(t *testing.T) {
	d := stripes(t, 40, 1)
	layers := []nn.Layer{nn.Flatten{}, nn.Dropout{Rate: 0.5}, nn.Dense{Units: d.YShape()[0], Activation: nn.Softmax}}
	run := func(m *nn.Model) []nn.Weight {
		if _, err := compiled(t, m, nn.SGD{}, 3).Fit(ctx, d, nn.FitOptions{}); err != nil {
			t.Fatal(err)
		}
		return mustWeights(t, m)
	}
	with := run(nn.NewSequential(append([]nn.Layer{nn.Input(d.XShape()...)}, layers...)...))
	if !sameWeights(with, run(nn.NewSequential(layers...))) {
		t.Error("the weights differ")
	}
}

func TestSetStateRefuses(t *testing.T) {
	d := stripes(t, 20, 1)
	m := compiled(t, smallCNN(), nn.Adam{}, 1)
	if _, err := m.TrainOnBatch(ctx, d, nn.BatchOptions{}); err != nil {
		t.Fatal(err)
	}
	state := func() nn.State {
		s, err := m.State()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	before := state()
	for what, c := range map[string]struct {
		spoil func(*nn.State)
		want  error
	}{
		"weight missing": {func(s *nn.State) { s.Weights = s.Weights[1:] }, nn.ErrShape},
		"slot missing":   {func(s *nn.State) { s.Slots = s.Slots[1:] }, nn.ErrShape},
		"slot too short": {func(s *nn.State) { s.Slots[0].Data = s.Slots[0].Data[1:] }, nn.ErrShape},
		"NaN in a slot":  {func(s *nn.State) { s.Slots[1].Data[0] = float32(math.NaN()) }, nn.ErrData},
		"rate below 0":   {func(s *nn.State) { s.Rate = -1 }, nn.ErrConfig},
	} {
		s := state()
		c.spoil(&s)
		if err := m.SetState(s); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, wanted %v", what, err, c.want)
		}
	}
	after := state()
	if !sameWeights(before.Weights, after.Weights) || !sameWeights(before.Slots, after.Slots) || before.Updates != after.Updates {
		t.Error("a state that was refused changed the model")
	}
	if err := smallCNN().SetState(before); !errors.Is(err, nn.ErrNotCompiled) {
		t.Errorf("slots for a model that is not compiled: %v", err)
	}
}

// Variables says what GetWeights would, and a config that asks for more than memory holds is an error,
// not an allocation.
func TestVariables(t *testing.T) {
	m := smallCNN()
	vars, err := m.Variables()
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range mustWeights(t, m) {
		if vars[i].Name != w.Name || len(vars[i].Shape) != len(w.Shape) || vars[i].Trainable != w.Trainable || vars[i].Data != nil {
			t.Errorf("variable %d is %v, wanted %v without data", i, vars[i], w)
		}
	}
	for _, huge := range []*nn.Model{
		nn.NewSequential(nn.Input(1<<20), nn.Dense{Units: 1 << 20}),
		nn.NewSequential(nn.Input(1<<31, 1<<31, 1<<2), nn.Flatten{}, nn.Dense{Units: 1}),
		nn.NewSequential(nn.Input(1<<15, 1<<15, 1), nn.Conv2D{Filters: 2, Kernel: nn.Size2{1, 1}}),
	} {
		if _, err := huge.Variables(); !errors.Is(err, nn.ErrShape) {
			t.Errorf("%v, wanted ErrShape", err)
		}
	}
}
