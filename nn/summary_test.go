package nn_test

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/prog"
)

// kerasSays reads what Keras answered: testdata/keras/<family>.json.
func kerasSays(t *testing.T, family string, into any) {
	t.Helper()
	raw, err := os.ReadFile("testdata/keras/" + family + ".json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatal(err)
	}
}

// Summary prints Keras's table, letter by letter.
func TestSummaryIsKeras(t *testing.T) {
	var file struct {
		Cases []struct {
			Name       string
			ModelName  string `json:"model_name"`
			InputShape []any  `json:"input_shape"`
			Layers     []any
			Optimizer  any
			Expect     struct {
				Columns80  string `json:"columns_80"`
				Columns120 string `json:"columns_120"`
			}
		}
	}
	kerasSays(t, "summary", &file)
	if len(file.Cases) == 0 {
		t.Fatal("no cases")
	}
	for _, c := range file.Cases {
		input := map[string]any{"class_name": "InputLayer", "config": map[string]any{"shape": c.InputShape}}
		m, err := nn.SequentialFrom(map[string]any{"name": c.ModelName, "layers": append([]any{input}, c.Layers...)})
		if err != nil {
			t.Fatal(err)
		}
		if c.Optimizer != nil { // then it has trained, too
			o, err := nn.OptimizerFrom(c.Optimizer)
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Compile(nn.Training{Optimizer: o, Loss: nn.CategoricalCrossentropy, Backend: backend()}); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(m.Summary(), "Optimizer") {
				t.Error("an optimizer without a step has no parameters yet")
			}
			d := table(t, []int{1, 28, 28, 1}, make([]float32, 784), []int{1, 10}, oneHot([]int{3}, 10))
			if _, err := m.TrainOnBatch(ctx, d, nn.BatchOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		for columns, want := range map[int]string{80: c.Expect.Columns80, 120: c.Expect.Columns120} {
			if got := m.SummaryWidth(columns); got != want {
				t.Errorf("%s, %d columns:\n%s\nKeras prints\n%s", c.Name, columns, got, want)
			}
		}
	}
}

// A graph's says what its layers are connected to.
func TestGraphSummaryIsKeras(t *testing.T) {
	var file struct {
		Cases []struct {
			Name   string
			Config map[string]any
			Expect struct {
				Columns80  string `json:"columns_80"`
				Columns120 string `json:"columns_120"`
			}
		}
	}
	kerasSays(t, "graphs_summary", &file)
	if len(file.Cases) == 0 {
		t.Fatal("no cases")
	}
	for _, c := range file.Cases {
		m, err := nn.ModelFrom(c.Config)
		if err != nil {
			t.Fatal(err)
		}
		for columns, want := range map[int]string{80: c.Expect.Columns80, 120: c.Expect.Columns120} {
			if got := m.SummaryWidth(columns); got != want {
				t.Errorf("%s, %d columns:\n%s\nKeras prints\n%s", c.Name, columns, got, want)
			}
		}
	}
}

// A model without an input shape has a summary, too.
func TestSummaryUnbuilt(t *testing.T) {
	s := nn.NewSequential(nn.Dense{Units: 3}).Summary()
	if !strings.Contains(s, "dense (Dense)") || !strings.Contains(s, "│ ? ") || !strings.Contains(s, "0 (unbuilt)") {
		t.Errorf("got\n%s", s)
	}
}

// Progress lines are Keras's, letter by letter.
func TestProgbarIsKeras(t *testing.T) {
	var file struct {
		Cases []struct {
			Name    string
			Target  int
			Verbose int
			Updates []struct {
				Time     float64
				Current  int
				Values   [][2]any
				Finalize bool
			}
			Expect struct{ Lines []string }
		}
	}
	kerasSays(t, "progbar", &file)
	compared := 0
	for _, c := range file.Cases {
		bar := nn.Progbar{Target: c.Target}
		for i, u := range c.Updates {
			var logs nn.Logs
			for _, v := range u.Values {
				logs = append(logs, nn.Log{Name: v[0].(string), Value: v[1].(float64)})
			}
			at := time.Duration(math.Round(u.Time * 1e9))
			line := ""
			if c.Verbose == 2 {
				line = bar.Short(at, u.Current, logs)
			} else {
				line = bar.Line(at, u.Current, logs, u.Finalize)
			}
			want := c.Expect.Lines[i]
			if want == "" { // Keras left it out: too soon after the last one
				continue
			}
			compared++
			if line != want {
				t.Errorf("%s, update %d: %q, Keras prints %q", c.Name, i, line, want)
			}
		}
	}
	if compared < 30 {
		t.Errorf("only %d lines were compared", compared)
	}
}

// ProgbarLogger prints the epochs of a Fit.
func TestProgbarLogger(t *testing.T) {
	for verbose, want := range map[int][]string{
		1: {"Epoch 1/2\n", "4/4", "━━━━━━━━━━━━━━━━━━━━", "/step - accuracy: 0.", " - loss: ", " - val_accuracy: ", " - val_loss: ", "Epoch 2/2\n"},
		2: {"Epoch 1/2\n", "4/4 - 0s - ", "/step - accuracy: 0.", " - loss: ", " - val_accuracy: ", " - val_loss: ", "Epoch 2/2\n"},
	} {
		m := smallCNN()
		if err := m.Compile(nn.Training{Optimizer: nn.SGD{}, Loss: nn.CategoricalCrossentropy, Metrics: []nn.Metric{nn.Accuracy}, Backend: backend()}); err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		o := nn.FitOptions{BatchSize: 16, Epochs: 2, Validation: stripes(t, 10, 2), Verbose: verbose, Output: &out}
		if _, err := m.Fit(ctx, stripes(t, 50, 1), o); err != nil {
			t.Fatal(err)
		}
		rest := out.String()
		for _, w := range want {
			_, after, ok := strings.Cut(rest, w)
			if !ok {
				t.Fatalf("verbose %d: no %q in %q", verbose, w, rest)
			}
			rest = after
		}
	}
}

// Initial values have the mean, deviation, ends and quantiles of Keras's.
func TestInitializersAreKeras(t *testing.T) {
	var file struct {
		Cases []struct {
			Name   string
			Class  string `json:"class_name"`
			Config map[string]any
			Shape  []int
			Expect struct {
				Mean, Std, Min, Max float64
				Quantiles           [][2]float64
			}
		}
	}
	kerasSays(t, "initializers", &file)
	if len(file.Cases) == 0 {
		t.Fatal("no cases")
	}
	for _, c := range file.Cases {
		init, err := nn.InitializerFrom(map[string]any{"class_name": c.Class, "config": c.Config})
		if err != nil {
			t.Fatal(err)
		}
		var all []float64
		one := make([]float32, prog.Shape(c.Shape).Size())
		for seed := uint64(1); len(all) < 200_000; seed++ {
			init.Init(one, c.Shape, nn.NewStream(seed, 0))
			for _, v := range one {
				all = append(all, float64(v))
			}
		}
		slices.Sort(all)
		mean, variance := 0.0, 0.0
		for _, v := range all {
			mean += v / float64(len(all))
		}
		for _, v := range all {
			variance += (v - mean) * (v - mean) / float64(len(all))
		}
		// Of 200,000 draws the mean has a standard error of 0.0022 deviations, a tail's quantile about 0.01.
		check := func(what string, got, want, within float64) {
			if math.Abs(got-want) > within*c.Expect.Std+1e-7 {
				t.Errorf("%s: %s is %g, Keras has %g", c.Name, what, got, want)
			}
		}
		check("mean", mean, c.Expect.Mean, 0.015)
		check("deviation", math.Sqrt(variance), c.Expect.Std, 0.01)
		for _, q := range c.Expect.Quantiles {
			check("quantile", all[int(q[0]*float64(len(all)-1))], q[1], 0.04)
		}
		// A normal has no ends, and what is made of one has those of its draws.
		if c.Class != "RandomNormal" && c.Class != "Orthogonal" && c.Config["distribution"] != "untruncated_normal" {
			check("minimum", all[0], c.Expect.Min, 0.01)
			check("maximum", all[len(all)-1], c.Expect.Max, 0.01)
		}
	}
}
