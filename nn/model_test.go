package nn_test

import (
	"context"
	"math"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/cpu"
	"github.com/tabgrad/tabgrad/nn/data"
	"github.com/tabgrad/tabgrad/nn/prog"
)

var ctx = context.Background()

// table is a dataset of n samples from plain slices.
func table(t testing.TB, xShape []int, x []float32, yShape []int, y []float32) *data.Table {
	t.Helper()
	xs, err := data.NewFloats(xShape, x)
	if err != nil {
		t.Fatal(err)
	}
	ys, err := data.NewFloats(yShape, y)
	if err != nil {
		t.Fatal(err)
	}
	d, err := data.NewTable(xs, ys)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// oneHot turns classes into targets.
func oneHot(classes []int, n int) []float32 {
	y := make([]float32, len(classes)*n)
	for i, c := range classes {
		y[i*n+c] = 1
	}
	return y
}

// stripes are 8x8 images of four classes: a bright row or column in one half, on noise. Telling them
// apart takes what the shape is, not only where light is.
func stripes(t testing.TB, n int, seed uint64) *data.Table {
	t.Helper()
	r := data.NewRandom(seed, 0)
	x := make([]float32, n*64)
	classes := make([]int, n)
	for i := range n {
		img := x[i*64 : (i+1)*64]
		for k := range img {
			img[k] = float32(r.Float64() * 0.3)
		}
		c := r.IntN(4)
		classes[i] = c
		at := r.IntN(4) + 4*(c/2)
		for k := range 8 {
			if c%2 == 0 {
				img[at*8+k] += 0.7
			} else {
				img[k*8+at] += 0.7
			}
		}
	}
	return table(t, []int{n, 8, 8, 1}, x, []int{n, 4}, oneHot(classes, 4))
}

func smallCNN() *nn.Model {
	return nn.NewSequential(
		nn.Input(8, 8, 1),
		nn.Conv2D{Filters: 8, Kernel: nn.Size2{3, 3}, Activation: nn.ReLU},
		nn.MaxPooling2D{},
		nn.Dropout{Rate: 0.1},
		nn.Flatten{},
		nn.Dense{Units: 16, Activation: nn.ReLU},
		nn.Dense{Units: 4, Activation: nn.Softmax},
	)
}

func backend() prog.Backend { return cpu.New[float32](cpu.Options{Procs: 1}) }

// A small CNN learns a problem that it cannot learn with a gradient missing.
func TestCNNLearns(t *testing.T) {
	m := smallCNN()
	err := m.Compile(nn.Training{
		Optimizer: nn.Adam{LearningRate: 0.01}, Loss: nn.CategoricalCrossentropy,
		Metrics: []nn.Metric{nn.Accuracy}, Seed: 1, Backend: backend(),
	})
	if err != nil {
		t.Fatal(err)
	}
	h, err := m.Fit(ctx, stripes(t, 500, 1), nn.FitOptions{BatchSize: 32, Epochs: 8, Validation: stripes(t, 200, 2)})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"loss", "accuracy", "val_loss", "val_accuracy"} {
		if len(h.Values[name]) != 8 {
			t.Errorf("history has %d values of %s, wanted 8", len(h.Values[name]), name)
		}
	}
	test := stripes(t, 300, 3)
	scores, err := m.Evaluate(ctx, test, nn.EvalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	accuracy, _ := scores.Get("accuracy")
	loss, _ := scores.Get("loss")
	if accuracy < 0.97 || loss > 0.15 {
		t.Errorf("after 8 epochs %v, wanted an accuracy of at least 0.97 and a loss of at most 0.15", scores)
	}

	// Predict agrees with Evaluate.
	p, err := m.Predict(ctx, test.X(), nn.PredictOptions{BatchSize: 64})
	if err != nil {
		t.Fatal(err)
	}
	right, crossentropy := 0, 0.0
	y := make([]float32, 4)
	for i := range 300 {
		test.Y().CopyRow(y, i)
		row := p.Data[i*4 : i*4+4]
		best, class := 0, 0
		for k := range row {
			if row[k] > row[best] {
				best = k
			}
			if y[k] == 1 {
				class = k
			}
		}
		if best == class {
			right++
		}
		crossentropy -= math.Log(float64(row[class])) / 300
	}
	if got := float64(right) / 300; math.Abs(got-accuracy) > 1e-9 {
		t.Errorf("predictions are right in %v, Evaluate says %v", got, accuracy)
	}
	if math.Abs(crossentropy-loss) > 1e-4 {
		t.Errorf("predictions' crossentropy is %v, Evaluate says %v", crossentropy, loss)
	}
}
