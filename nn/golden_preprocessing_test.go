package nn_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/data"
	"github.com/tabgrad/tabgrad/nn/prog"
)

// What Keras's preprocessing and augmentation layers make of given inputs: testdata/keras/preprocessing.py.

type preprocessingCase struct {
	Name    string
	Class   string `json:"class_name"`
	Config  map[string]any
	X       goldenTensor
	Weight  goldenTensor // of the sum that was differentiated
	Weights goldenTensor // count_weights
	Adapt   []goldenTensor
	Expect  struct {
		Y, Grad, Mean, Variance goldenTensor
		Either                  []goldenTensor
		Boundaries, IDF         []float64
		Vocabulary              []int
	}
}

func (c *preprocessingCase) layer(t *testing.T) nn.Layer {
	t.Helper()
	l, err := nn.LayerFrom(map[string]any{"class_name": c.Class, "config": c.Config})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// A tap is a layer whose output for a batch of n samples is kept, and with a weight, the gradient of Σ output·weight by
// its input.
type tap struct {
	of     nn.Layer
	n      int
	weight []float32
}

func (l tap) Build(s *nn.Scope, in prog.Shape) (prog.Shape, error) {
	outs, err := s.Layer("inner", l.of, in)
	if err != nil {
		return nil, err
	}
	s.State("y", append(prog.Shape{l.n}, outs[0]...), nn.Zeros{})
	if l.weight != nil {
		s.State("grad", append(prog.Shape{l.n}, in...), nn.Zeros{})
	}
	return outs[0], nil
}

func (l tap) Lower(c *nn.Call, x prog.Buf) prog.Buf {
	y := c.Layer(0, x)[0]
	c.Assign(0, y)
	if l.weight != nil && c.Err() == nil {
		sum := c.Reduce(prog.Sum, c.Mul(y, c.Const(l.weight, c.Shape(y)...)), false)
		c.Assign(1, prog.Grad(c.Builder, sum, []prog.Buf{x})[0])
	}
	return y
}

// tapped runs a tap over x, in training or not, and returns what it kept: y, and the gradient with a weight.
func tapped(t *testing.T, l tap, b prog.Backend, x goldenTensor, training bool) []nn.Weight {
	t.Helper()
	l.n = x.Shape[0]
	m := nn.NewSequential(nn.Input(x.Shape[1:]...), l, nn.Flatten{}, nn.Dense{Units: 1})
	if err := m.Compile(nn.Training{Optimizer: nn.SGD{}, Loss: nn.MeanSquaredError, Backend: b, Seed: 3}); err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	d := table(t, x.Shape, x.Data, []int{l.n, 1}, make([]float32, l.n))
	var err error
	if training {
		_, err = m.TrainOnBatch(ctx, d, nn.BatchOptions{})
	} else {
		_, err = m.Predict(ctx, d.X(), nn.PredictOptions{BatchSize: l.n})
	}
	if err != nil {
		t.Fatal(err)
	}
	var kept []nn.Weight
	for _, w := range mustWeights(t, m) {
		if w.Name == "layer/y" || w.Name == "layer/grad" {
			kept = append(kept, w)
		}
	}
	return kept
}

func eachPreprocessing(t *testing.T, family string, run func(r *goldenRun, c *preprocessingCase)) {
	for _, c := range golden[preprocessingCase](t, "keras", family) {
		for _, p := range functionPrecisions {
			t.Run(c.Name+"/"+p.name, func(t *testing.T) {
				run(&goldenRun{T: t, tolerance: p.tolerance, backend: p.backend(t)}, &c)
			})
		}
	}
}

func TestPreprocessingIsKeras(t *testing.T) {
	eachPreprocessing(t, "preprocessing", func(r *goldenRun, c *preprocessingCase) {
		layer := c.layer(r.T)
		if c.Adapt != nil {
			layer = c.adapted(r, layer)
		}
		switch {
		case c.Weights.Data != nil:
			m := modelOf(layer, c.X.Shape[1:], [][]int{c.Weights.Shape[1:]})
			if err := m.Compile(nn.Training{Backend: r.backend}); err != nil {
				r.Fatal(err)
			}
			p, err := m.PredictMulti(ctx, []nn.Column{column(r.T, c.X), column(r.T, c.Weights)}, nn.PredictOptions{})
			if err != nil {
				r.Fatal(err)
			}
			r.tensor("y", p[0].Shape, p[0].Data, c.Expect.Y)
			return
		case c.Class == "Resizing" || c.Class == "CenterCrop":
			r.tolerance = tolerance{1e-5, 1e-6} // TensorFlow computes it in float32
		}
		kept := tapped(r.T, tap{of: layer, weight: c.Weight.Data}, r.backend, c.X, false)
		r.tensor("y", kept[0].Shape, kept[0].Data, c.Expect.Y)
		if c.Weight.Data != nil {
			r.tensor("gradient", kept[1].Shape, kept[1].Data, c.Expect.Grad)
		}
	})
}

func column(t *testing.T, x goldenTensor) nn.Column {
	t.Helper()
	a, err := data.NewFloats(x.Shape, x.Data)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// adapted is the layer adapted to the case's data, at once or in batches, and compared with Keras's.
func (c *preprocessingCase) adapted(r *goldenRun, layer nn.Layer) nn.Layer {
	var out *nn.Instance
	var err error
	if len(c.Adapt) == 1 {
		out, err = nn.Adapt(layer, column(r.T, c.Adapt[0]))
	} else {
		var a *nn.Adaptation
		if a, err = nn.NewAdaptation(layer); err != nil {
			r.Fatal(err)
		}
		for _, batch := range c.Adapt {
			if err := a.Add(nn.Tensor{Shape: batch.Shape, Data: batch.Data}); err != nil {
				r.Fatal(err)
			}
		}
		out, err = a.Layer()
	}
	if err != nil {
		r.Fatal(err)
	}
	switch l := out.Layer().(type) {
	case nn.Normalization:
		for i, want := range []goldenTensor{c.Expect.Mean, c.Expect.Variance} {
			largest := 0.0
			for k, w := range want.Data {
				if largest = math.Max(largest, math.Abs(float64(w))); len(out.Initial()[i]) != len(want.Data) {
					r.Fatalf("%d numbers are learnt, wanted %v", len(out.Initial()[i]), want.Shape)
				}
				r.near(fmt.Sprintf("learnt number %d.%d", i, k), float64(out.Initial()[i][k]), float64(w), largest)
			}
		}
	case nn.Discretization:
		if len(l.Boundaries) != len(c.Expect.Boundaries) {
			r.Fatalf("boundaries are %v, wanted %v", l.Boundaries, c.Expect.Boundaries)
		}
		for i, b := range c.Expect.Boundaries {
			r.near(fmt.Sprintf("boundary %d", i), l.Boundaries[i], b, math.Abs(b))
		}
	case nn.IntegerLookup:
		if fmt.Sprint(l.Vocabulary) != fmt.Sprint(c.Expect.Vocabulary) {
			r.Errorf("the vocabulary is %v, wanted %v", l.Vocabulary, c.Expect.Vocabulary)
		}
		for i, w := range c.Expect.IDF {
			r.near(fmt.Sprintf("IDF weight %d", i), l.IDF[i], w, 1)
		}
	}
	return out
}

// Each draw is between two equal numbers, so that a training step does what Keras does. Where a coin is tossed,
// each image is one of two.
func TestAugmentationIsKeras(t *testing.T) {
	eachPreprocessing(t, "augmentation", func(r *goldenRun, c *preprocessingCase) {
		switch c.Class {
		case "RandomRotation", "RandomTranslation", "RandomZoom", "RandomShear", "RandomCrop":
			r.tolerance = tolerance{1e-5, 4e-6} // places in images are float32, here and in TensorFlow
		}
		y := tapped(r.T, tap{of: c.layer(r.T)}, r.backend, c.X, true)[0]
		if c.Expect.Either == nil {
			r.tensor("y", y.Shape, y.Data, c.Expect.Y)
			return
		}
		size := len(y.Data) / y.Shape[0]
		for n := range y.Shape[0] {
			near := 0
			for _, either := range c.Expect.Either {
				worst := 0.0
				for i, v := range y.Data[n*size : (n+1)*size] {
					worst = math.Max(worst, math.Abs(float64(v)-float64(either.Data[n*size+i])))
				}
				if worst < 1e-5*255 {
					near++
				}
			}
			if near == 0 {
				r.Errorf("image %d is neither of the two", n)
			}
		}
	})
}
