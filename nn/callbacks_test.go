package nn_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
)

// A figure is a number as the callbacks' golden file has it: NaN and infinities are strings.
type figure float64

func (f *figure) UnmarshalJSON(b []byte) error {
	v, err := strconv.ParseFloat(strings.Trim(string(b), `"`), 64)
	*f = figure(v)
	return err
}

type callbackCase struct {
	Name      string
	Callbacks []struct {
		Class  string `json:"class_name"`
		Config map[string]any
	}
	Logs      []map[string]figure
	BatchLogs [][]map[string]figure `json:"batch_logs"`
	Before    *string               `json:"csv_before"`
	Expect    struct {
		Epochs  int
		Rates   []float64
		Weight  float64
		Printed string
		Saved   []string
		CSV     *string
		Logs    []map[string]figure
	}
}

// toLogs are figures in the order of their names.
func toLogs(figures map[string]figure) nn.Logs {
	var logs nn.Logs
	for name, v := range figures {
		logs = append(logs, nn.Log{Name: name, Value: float64(v)})
	}
	slices.SortFunc(logs, func(a, b nn.Log) int { return strings.Compare(a.Name, b.Name) })
	return logs
}

// oneWeight is a model with one weight, which callbacks can be tried on.
func oneWeight(t testing.TB) *nn.Model {
	t.Helper()
	m := nn.NewSequential(nn.Input(1), nn.Dense{Units: 1, NoBias: true, Activation: nn.Sigmoid})
	err := m.Compile(nn.Training{
		Optimizer: nn.SGD{}, Loss: nn.MeanSquaredError, Metrics: []nn.Metric{nn.Accuracy, nn.Named("mae", nn.MeanOf(nn.MeanAbsoluteError))}, Backend: backend(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func setWeight(m *nn.Model, v float32) error {
	return m.SetWeights([]nn.Weight{{Shape: []int{1, 1}, Data: []float32{v}}})
}

// Callbacks decide, print and write what Keras's do, given the same figures.
func TestCallbacksAreKeras(t *testing.T) {
	cases := golden[callbackCase](t, "keras", "callbacks")
	if len(cases) < 60 {
		t.Fatalf("%d cases, wanted at least 60", len(cases))
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if c.Before != nil {
				if err := os.WriteFile("log.csv", []byte(*c.Before), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			m := oneWeight(t)
			var saved []string
			// First among the callbacks, it puts the case's figures in the place of the training's.
			callbacks := []nn.Callback{nn.LambdaCallback{
				OnBatchEnd: func(p *nn.Progress) error {
					if c.BatchLogs != nil {
						p.Logs = toLogs(c.BatchLogs[p.Epoch][p.Batch])
					}
					return nil
				},
				OnEpochEnd: func(p *nn.Progress) error {
					p.Logs = toLogs(c.Logs[p.Epoch])
					return setWeight(m, float32(p.Epoch+1))
				},
			}}
			for _, spec := range c.Callbacks {
				if spec.Class == "LearningRateScheduler" {
					rates := spec.Config["schedule"].([]any)
					spec.Config["schedule"] = func(epoch int, rate float64) (float64, error) {
						if v, ok := rates[epoch].(float64); ok {
							return v, nil
						}
						return rate / 2, nil
					}
				}
				callback, err := nn.CallbackFrom(map[string]any{"class_name": spec.Class, "config": spec.Config})
				if err != nil {
					t.Fatal(err)
				}
				if checkpoint, ok := callback.(nn.ModelCheckpoint); ok {
					checkpoint.Save = func(_ *nn.Model, path string, weightsOnly bool) error {
						if weightsOnly != strings.HasSuffix(path, ".weights.h5") {
							t.Errorf("%s: weights only: %v", path, weightsOnly)
						}
						saved = append(saved, path)
						return nil
					}
					callback = checkpoint
				}
				callbacks = append(callbacks, callback)
			}
			var rates []float64
			var last []nn.Logs
			callbacks = append(callbacks, nn.LambdaCallback{OnEpochEnd: func(p *nn.Progress) error {
				rates = append(rates, m.LearningRate())
				last = append(last, slices.Clone(p.Logs))
				return nil
			}})
			batches := 1
			if c.BatchLogs != nil {
				batches = len(c.BatchLogs[0])
			}
			var printed strings.Builder
			d := table(t, []int{batches, 1}, make([]float32, batches), []int{batches, 1}, make([]float32, batches))
			h, err := m.Fit(ctx, d, nn.FitOptions{BatchSize: 1, Epochs: len(c.Logs), Callbacks: callbacks, Output: &printed})
			if err != nil {
				t.Fatal(err)
			}
			if len(h.Epochs) != c.Expect.Epochs {
				t.Errorf("%d epochs, wanted %d", len(h.Epochs), c.Expect.Epochs)
			}
			if !slices.EqualFunc(rates, c.Expect.Rates, func(a, b float64) bool { return math.Abs(a-b) <= 1e-6*b }) {
				t.Errorf("learning rates %v, wanted %v", rates, c.Expect.Rates)
			}
			if w := mustWeights(t, m)[0].Data[0]; w != float32(c.Expect.Weight) {
				t.Errorf("the weight of epoch %v, wanted %v", w, c.Expect.Weight)
			}
			if !slices.Equal(saved, c.Expect.Saved) {
				t.Errorf("saved %q, wanted %q", saved, c.Expect.Saved)
			}
			var lines []string
			for _, line := range strings.SplitAfter(printed.String(), "\n") {
				if !strings.Contains(line, "which is not available; there are") { // a warning in Keras
					lines = append(lines, line)
				}
			}
			if got := strings.Join(lines, ""); got != c.Expect.Printed {
				t.Errorf("printed\n%q, wanted\n%q", got, c.Expect.Printed)
			}
			if c.Expect.CSV != nil {
				if text, err := os.ReadFile("log.csv"); err != nil || string(text) != *c.Expect.CSV {
					t.Errorf("the CSV file is\n%q (%v), wanted\n%q", text, err, *c.Expect.CSV)
				}
			}
			for e, want := range c.Expect.Logs {
				got := last[e]
				if len(got) != len(want) {
					t.Errorf("epoch %d: logs %v, wanted %v", e, got, want)
				}
				for _, l := range got {
					if w, ok := want[l.Name]; !ok || math.Abs(l.Value-float64(w)) > 1e-6*math.Abs(float64(w)) {
						t.Errorf("epoch %d: %s is %v, wanted %v", e, l.Name, l.Value, w)
					}
					if l.Name == "learning_rate" && h.Values["learning_rate"][e] != l.Value {
						t.Errorf("epoch %d: the history has the learning rate %v, wanted %v", e, h.Values["learning_rate"][e], l.Value)
					}
				}
			}
		})
	}
}

// The registry says of each metric which way is better, where Keras does.
func TestMetricDirectionsAreKeras(t *testing.T) {
	directions := map[string]string{}
	for _, c := range golden[struct{ Name, Expect string }](t, "keras", "metric_directions") {
		directions[c.Name] = map[string]string{"up": "max", "down": "min"}[c.Expect]
	}
	seen := 0
	for _, e := range nn.Registry() {
		want, known := directions[e.Class]
		if e.Kind != nn.KindMetric || !known {
			continue
		}
		seen++
		if e.Best != want {
			t.Errorf("%s: Best is %q, wanted %q", e.Class, e.Best, want)
		}
	}
	if seen < 9 {
		t.Errorf("%d metrics were compared", seen)
	}
}

// What a figure's absence, an unknown direction and other mistakes are told with.
func TestCallbackErrors(t *testing.T) {
	for _, c := range []struct {
		callback nn.Callback
		text     string
	}{
		{nil, "callback 0 is nil"},
		{nn.EarlyStopping{Monitor: "val_foo"}, `early_stopping: monitor is "val_foo", of which it isn't known whether more or less is better: wanted mode min or max`},
		{nn.EarlyStopping{Mode: "best"}, `early_stopping: mode is "best", wanted auto or min or max`},
		{nn.EarlyStopping{Patience: -1}, "early_stopping: patience is -1, wanted at least 0"},
		{nn.ReduceLROnPlateau{Factor: 1}, "reduce_lr_on_plateau: factor is 1, wanted at least 0 and less than 1"},
		{nn.ReduceLROnPlateau{Monitor: "x"}, `reduce_lr_on_plateau: monitor is "x", of which it isn't known whether more or less is better: wanted mode min or max`},
		{nn.ReduceLROnPlateau{MinLR: -1}, "reduce_lr_on_plateau: min_lr is -1, wanted at least 0"},
		{nn.LearningRateScheduler{}, "learning_rate_scheduler: schedule is missing"},
		{nn.LearningRateScheduler{Schedule: func(int, float64) (float64, error) { return math.NaN(), nil }},
			"learning_rate_scheduler: schedule gave NaN for epoch 0, wanted a number, at least 0"},
		{nn.ModelCheckpoint{}, "model_checkpoint: filepath is missing"},
		{nn.ModelCheckpoint{Filepath: "x"}, "model_checkpoint: Save is missing, wanted a function that saves the model, such as nn/format's SaveFile"},
		{nn.ModelCheckpoint{Filepath: "x", SaveFreq: -1, Save: keepNothing}, "model_checkpoint: save_freq is -1, wanted epoch or a number of batches, at least 1"},
		{nn.ModelCheckpoint{Filepath: "{epoch", Save: keepNothing}, `model_checkpoint: filepath "{epoch" has a single {, wanted fields such as {epoch:02d}`},
		{nn.ModelCheckpoint{Filepath: "a}b", Save: keepNothing}, `model_checkpoint: filepath "a}b" has a single }, wanted fields such as {epoch:02d}`},
		{nn.ModelCheckpoint{Filepath: "{val_acc}", Save: keepNothing}, `model_checkpoint: filepath "{val_acc}" asks for "val_acc", there are epoch, loss, accuracy, mae`},
		{nn.ModelCheckpoint{Filepath: "{loss:d}", Save: keepNothing},
			`model_checkpoint: filepath "{loss:d}" formats loss by "d", wanted for example 02d for a whole number, .2f for others`},
		{nn.ModelCheckpoint{Filepath: "{loss:.f}", Save: keepNothing},
			`model_checkpoint: filepath "{loss:.f}" formats loss by ".f", wanted for example 02d for a whole number, .2f for others`},
		{nn.CSVLogger{}, "csv_logger: filename is missing"},
		{nn.CSVLogger{Filename: "x", Separator: "::"}, `csv_logger: separator is "::", wanted one character that is no quote and no line break`},
		{nn.BackupAndRestore{}, "backup_and_restore: backup_dir is missing"},
	} {
		_, err := oneWeight(t).Fit(ctx, table(t, []int{1, 1}, []float32{1}, []int{1, 1}, []float32{1}), nn.FitOptions{Callbacks: []nn.Callback{c.callback}, Output: io.Discard})
		if !errors.Is(err, nn.ErrConfig) || err.Error() != c.text {
			t.Errorf("got %v, wanted %s", err, c.text)
		}
	}
	for _, c := range []struct {
		config any
		text   string
	}{
		{"early", `callback "early" is unknown, wanted one of ` + names(nn.KindCallback)},
		{map[string]any{"class_name": "EarlyStopping", "config": map[string]any{"patience": "two"}}, `early_stopping: patience is "two", wanted a whole number, at least 0`},
		{map[string]any{"class_name": "EarlyStopping", "config": map[string]any{"baseline": "low"}}, `early_stopping: baseline is "low", wanted a number`},
		{map[string]any{"class_name": "ModelCheckpoint", "config": map[string]any{"save_freq": 0}}, "model_checkpoint: save_freq is 0, wanted epoch or a number of batches, at least 1"},
		{map[string]any{"class_name": "ModelCheckpoint", "config": map[string]any{"save_freq": "batch"}}, `model_checkpoint: save_freq is "batch", wanted epoch or a number of batches, at least 1`},
		{map[string]any{"class_name": "ReduceLROnPlateau", "config": map[string]any{"patience": 0}}, "reduce_lr_on_plateau: patience is 0, wanted a whole number, at least 1"},
		{map[string]any{"class_name": "LearningRateScheduler", "config": map[string]any{"schedule": "cosine"}}, `learning_rate_scheduler: schedule is "cosine", wanted what no config can hold`},
	} {
		if _, err := nn.CallbackFrom(c.config); !errors.Is(err, nn.ErrConfig) || err.Error() != c.text {
			t.Errorf("got %v, wanted %s", err, c.text)
		}
	}
}

func keepNothing(*nn.Model, string, bool) error { return nil }

// A figure that isn't there is told once, with those that are.
func TestMonitorOfWhatIsNotThere(t *testing.T) {
	var printed strings.Builder
	o := nn.FitOptions{Epochs: 3, Callbacks: []nn.Callback{nn.EarlyStopping{}}, Output: &printed}
	h, err := oneWeight(t).Fit(ctx, table(t, []int{1, 1}, []float32{1}, []int{1, 1}, []float32{1}), o)
	if err != nil || len(h.Epochs) != 3 {
		t.Errorf("%v, %v", h, err)
	}
	if want := "early_stopping: stops on val_loss, which is not available; there are loss, accuracy, mae\n"; printed.String() != want {
		t.Errorf("printed %q, wanted %q", printed.String(), want)
	}
}

// TerminateOnNaN ends a Fit as if it were done, with the weights as they are and the epoch in the history.
func TestTerminateOnNaN(t *testing.T) {
	d := table(t, []int{4, 1}, []float32{1, 2, 3, 4}, []int{4, 1}, []float32{2, 4, 6, 8})
	m := nn.NewSequential(nn.Input(1), nn.Dense{Units: 1})
	compile := func() {
		if err := m.Compile(nn.Training{Optimizer: nn.SGD{LearningRate: 1e20}, Loss: nn.MeanSquaredError, Backend: backend()}); err != nil {
			t.Fatal(err)
		}
	}
	compile()
	var ended int
	count := nn.LambdaCallback{OnTrainEnd: func(*nn.Progress) error { ended++; return nil }}
	o := nn.FitOptions{BatchSize: 1, Epochs: 5, Callbacks: []nn.Callback{nn.TerminateOnNaN{}, count}, Output: io.Discard}
	h, err := m.Fit(ctx, d, o)
	if err != nil || len(h.Epochs) != 1 || ended != 1 {
		t.Fatalf("%v, %v; ended %d times", h, err, ended)
	}
	if loss := h.Values["loss"][0]; !math.IsNaN(loss) && !math.IsInf(loss, 0) {
		t.Errorf("the loss is %v, wanted no number", loss)
	}
	if err := m.Reset(1); err != nil {
		t.Fatal(err)
	}
	compile()
	o.Callbacks[0] = nn.TerminateOnNaN{RaiseError: true}
	if _, err := m.Fit(ctx, d, o); !errors.Is(err, nn.ErrDiverged) || ended != 1 {
		t.Errorf("with raise_error: %v; ended %d times", err, ended)
	}
}

// OnTrainEnd is not called when an error or the context ended the training.
func TestTrainEndOnlyAtTheEnd(t *testing.T) {
	cancelled, cancel := context.WithCancel(ctx)
	_, err := oneWeight(t).Fit(cancelled, table(t, []int{1, 1}, []float32{1}, []int{1, 1}, []float32{1}), nn.FitOptions{Epochs: 3, Callbacks: []nn.Callback{nn.LambdaCallback{
		OnEpochEnd: func(*nn.Progress) error { cancel(); return nil },
		OnTrainEnd: func(*nn.Progress) error { t.Error("it was called"); return nil },
	}}})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// Functions are called at Keras's moments, in evaluations and predictions, too.
func TestCallbackMoments(t *testing.T) {
	var heard []string
	say := func(what string) func(*nn.Progress) error {
		return func(p *nn.Progress) error {
			heard = append(heard, fmt.Sprintf("%s %d/%d", what, p.Batch, p.Batches))
			return nil
		}
	}
	all := []nn.Callback{nn.LambdaCallback{
		OnTrainBegin: say("train begin"), OnTrainEnd: say("train end"), OnEpochBegin: say("epoch begin"), OnEpochEnd: say("epoch end"),
		OnBatchBegin: say("batch begin"), OnBatchEnd: say("batch end"), OnTestBegin: say("test begin"), OnTestEnd: say("test end"),
		OnTestBatchBegin: say("test batch begin"), OnTestBatchEnd: say("test batch end"), OnPredictBegin: say("predict begin"),
		OnPredictEnd: say("predict end"), OnPredictBatchBegin: say("predict batch begin"), OnPredictBatchEnd: say("predict batch end"),
	}}
	m := oneWeight(t)
	d := table(t, []int{3, 1}, []float32{1, 2, 3}, []int{3, 1}, []float32{1, 2, 3})
	test := []string{"test begin 0/2", "test batch begin 0/2", "test batch end 0/2", "test batch begin 1/2", "test batch end 1/2", "test end 1/2"}
	for _, c := range []struct {
		run  func() error
		want []string
	}{
		{func() error {
			_, err := m.Fit(ctx, d, nn.FitOptions{BatchSize: 2, Validation: d, Callbacks: all})
			return err
		}, slices.Concat([]string{"train begin 0/2", "epoch begin 0/2", "batch begin 0/2", "batch end 0/2", "batch begin 1/2", "batch end 1/2"}, test,
			[]string{"epoch end 1/2", "train end 1/2"})},
		{func() error { _, err := m.Evaluate(ctx, d, nn.EvalOptions{BatchSize: 2, Callbacks: all}); return err }, test},
		{func() error {
			_, err := m.Predict(ctx, d.X(), nn.PredictOptions{BatchSize: 2, Callbacks: all})
			return err
		}, []string{"predict begin 0/2", "predict batch begin 0/2", "predict batch end 0/2", "predict batch begin 1/2", "predict batch end 1/2", "predict end 1/2"}},
	} {
		heard = nil
		if err := c.run(); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(heard, c.want) {
			t.Errorf("heard\n%s\nwanted\n%s", strings.Join(heard, "\n"), strings.Join(c.want, "\n"))
		}
	}
}

// A file that cannot be written ends the training.
func TestCSVLoggerWithoutAFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none", "log.csv")
	_, err := oneWeight(t).Fit(ctx, table(t, []int{1, 1}, []float32{1}, []int{1, 1}, []float32{1}), nn.FitOptions{Callbacks: []nn.Callback{nn.CSVLogger{Filename: path}}})
	if !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
