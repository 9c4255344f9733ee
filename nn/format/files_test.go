package format_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/format"
)

// SaveFile writes what the readers read, with the training or without, wherever the path says.
func TestSaveFile(t *testing.T) {
	dir := t.TempDir()
	m, _ := trained(t, network(), nn.Adam{}, 8, 8, 2)
	want := must[[]nn.Weight](t)(m.GetWeights())
	read := func(path string) *format.Artifacts {
		t.Helper()
		file := must[[]byte](t)(os.ReadFile(path))
		if filepath.Ext(path) == ".safetensors" {
			return must[*format.Artifacts](t)(format.ReadSafetensors(file))
		}
		return must[*format.Artifacts](t)(format.ReadTFJS(file, opener(filepath.Dir(path))))
	}
	for _, c := range []struct{ path, file, others string }{
		{"a/b/m.safetensors", "a/b/m.safetensors", ""},
		{"c/epoch-1.json", "c/epoch-1.json", "c/epoch-1.weights.bin"},
		{"folder/0.25", "folder/0.25/model.json", "folder/0.25/model.weights.bin"},
	} {
		for _, weightsOnly := range []bool{false, true} {
			for range 2 { // the second time over the first
				if err := format.SaveFile(m, filepath.Join(dir, c.path), weightsOnly); err != nil {
					t.Fatal(err)
				}
			}
			a := read(filepath.Join(dir, c.file))
			if !slices.EqualFunc(a.Weights, want, func(a, b nn.Weight) bool { return slices.Equal(a.Data, b.Data) }) || (a.Training == nil) != weightsOnly {
				t.Errorf("%s, weights only %v: read back otherwise", c.path, weightsOnly)
			}
			if c.others != "" {
				must[[]byte](t)(os.ReadFile(filepath.Join(dir, c.others)))
			}
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*", "*.next")); left != nil {
		t.Errorf("%v is left", left)
	}
	if err := format.SaveFile(m, "m.keras", false); !errors.Is(err, format.ErrUnsupported) || err.Error() != "m.keras: .keras files are not written, wanted .safetensors, .json or a folder" {
		t.Error(err)
	}
	if err := format.SaveFile(m, filepath.Join(dir, "a/b/m.safetensors", "below"), false); err == nil {
		t.Error("saved below a file")
	}
}

var errKilled = errors.New("killed")

// A backup in a file: a Fit that is killed, and goes on in another model, ends with the same bits.
func TestBackupFile(t *testing.T) {
	x, y := samples(t, 40, 8, 8, 2)
	d := must[nn.Dataset](t)(nn.NewColumns([]nn.Column{x.column(t)}, []nn.Column{y.column(t)}))
	run := func(path string, seed uint64, kill int) (*nn.Model, *nn.History, error) {
		m := network()
		o := nn.Adam{LearningRate: 0.01, OptimizerOptions: nn.OptimizerOptions{UseEMA: true, EMAOverwrite: 3, Accumulate: 2}}
		if err := m.Compile(nn.Training{Optimizer: o, Loss: nn.CategoricalCrossentropy, Metrics: []nn.Metric{nn.Accuracy, nn.F1Score{}, nn.AUC{}}, Seed: seed, Backend: backend()}); err != nil {
			t.Fatal(err)
		}
		n := 0
		h, err := m.Fit(ctx, d, nn.FitOptions{BatchSize: 8, Epochs: 4, Output: io.Discard, Callbacks: []nn.Callback{
			nn.EarlyStopping{Monitor: "loss", RestoreBestWeights: true, Patience: 2}, nn.CSVLogger{W: io.Discard},
			nn.BackupAndRestore{Store: format.BackupFile(path), SaveFreq: 3},
			nn.LambdaCallback{OnBatchEnd: func(*nn.Progress) error {
				if n++; n == kill {
					return errKilled
				}
				return nil
			}},
		}})
		return m, h, err
	}
	folder := filepath.Join(t.TempDir(), "backups")
	m, h, err := run(filepath.Join(folder, "whole"), 3, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, kill := range []int{4, 7, 13, 20} {
		path := filepath.Join(folder, "killed")
		if _, _, err := run(path, 3, kill); !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
		again, h2, err := run(path, 50, 0)
		if err != nil {
			t.Fatal(err)
		}
		one, two := must[nn.State](t)(m.State()), must[nn.State](t)(again.State())
		if !reflect.DeepEqual(one, two) || !reflect.DeepEqual(h, h2) {
			t.Errorf("killed after batch %d: it ends otherwise", kill)
		}
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the backup is still there: %v", err)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "bad"), []byte("no"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, _, err := run(filepath.Join(folder, "bad"), 1, 0); !errors.Is(err, format.ErrFormat) || !strings.HasSuffix(err.Error(), "bad: safetensors: 2 bytes, wanted at least 8") {
		t.Error(err)
	}
}

func backup() *nn.Backup {
	nan, inf := math.NaN(), math.Inf(-1)
	return &nn.Backup{
		State: nn.State{
			Weights: []nn.Weight{{Name: "dense/kernel", Shape: []int{2, 1}, Data: []float32{1, -0.1}, Trainable: true}, {Name: "dense/none", Shape: []int{0}, Data: []float32{}, Trainable: true}},
			Slots:   []nn.Weight{{Name: "dense/kernel/m", Shape: []int{2, 1}, Data: []float32{3, 4}, Trainable: true}},
			Carried: []nn.Weight{{Name: "lstm/state_0", Shape: []int{1, 2}, Data: []float32{5, 6}, Trainable: true}},
			Seed:    1<<63 + 1, Steps: 1<<60 + 1, Updates: 12, Rate: 0.1,
		},
		Inputs: [][]int{{2}, {}}, Epoch: 3, Batch: 2, Stopped: true, Order: 1<<62 + 3, Samples: 10, BatchSize: 4, Opened: 1, Taken: 7,
		Tally: [][]float64{{8, 0.1, nan}, nil, {1. / 3}},
		History: nn.History{Epochs: []int{0, 1, 2}, Names: []string{"loss", "a b", "f1"}, Values: map[string][]float64{"loss": {0.1, 1. / 3, inf}, "a b": {5e-324}},
			Lists: map[string][][]float64{"f1": {{0.1, inf}, {1. / 3, 0}}}},
		Callbacks: []nn.CallbackState{
			{Class: "early_stopping", Numbers: []float64{0.5, 1e300}, Weights: []nn.Weight{{Name: "dense/kernel", Shape: []int{2, 1}, Data: []float32{7, 8}, Trainable: true}}},
			{Class: "csv_logger", Text: "1\nloss,\"µ\""},
		},
	}
}

// same compares backups, NaN being equal to NaN.
func same(t *testing.T, a, b *nn.Backup) bool {
	t.Helper()
	one, two := must[[]byte](t)(format.WriteBackup(a)), must[[]byte](t)(format.WriteBackup(b))
	return bytes.Equal(one, two)
}

// A backup reads back as it was written, to the last bit of each number.
func TestBackupReadsBack(t *testing.T) {
	b := backup()
	got := must[*nn.Backup](t)(format.ReadBackup(must[[]byte](t)(format.WriteBackup(b))))
	if !same(t, b, got) {
		t.Error("it is written otherwise the second time")
	}
	if !math.IsNaN(got.Tally[0][2]) {
		t.Errorf("NaN reads back as %v", got.Tally[0][2])
	}
	b.Tally, got.Tally = nil, nil
	b.Inputs[1], got.Inputs[1] = nil, nil
	if !reflect.DeepEqual(b, got) {
		t.Errorf("got %+v, wanted %+v", got, b)
	}
}

// A file that isn't a backup is refused with what is wrong with it.
func TestMalformedBackups(t *testing.T) {
	good := string(must[[]byte](t)(format.WriteBackup(backup())))
	swap := func(old, new string) string {
		header, data := good[8:len(good)-32], good[len(good)-32:]
		if !strings.Contains(header, old) {
			t.Fatalf("%q is not in %q", old, header)
		}
		return safetensorsOf(strings.Replace(header, old, new, 1), []byte(data))
	}
	for text, want := range map[string]string{
		"":                                                  "safetensors: 0 bytes, wanted at least 8",
		safetensorsOf("{}", nil):                            `backup: format is "", wanted tabgrad backup`,
		swap("tabgrad backup", "tabgrad"):                   `backup: format is "tabgrad", wanted tabgrad backup`,
		swap(`\"epoch\":3`, `\"epoch\":-3`):                 "backup: epoch is -3, wanted a whole number, at least 0",
		swap(`\"epoch\":3`, `\"epoch\":null`):               "backup: epoch is null, wanted a whole number, at least 0",
		swap(`\"order\":\"4`, `\"order\":\"x`):              `backup: order is "x611686018427387907", wanted a whole number as a string`,
		swap(`\"8 0.1 NaN`, `\"8 0.1 no`):                   `backup: tally is "8 0.1 no", wanted numbers with blanks between them`,
		swap(`\"inputs\":[[2]`, `\"inputs\":[2`):            "backup: inputs: shape is 2, wanted a list of at most 16 whole numbers",
		swap(`[\"dense/kernel\",`, `[\"dense/k\",`):         `backup: weights is "dense/k", wanted the name of a tensor that is there`,
		swap(`\"seed\":\"`, `\"seed\":\"-`):                 `backup: training: seed is "-9223372036854775809", wanted a whole number as a string`,
		swap(`\"class\":\"early_stopping\"`, `\"class\":1`): "backup: class is 1, wanted a string",
		swap(`\"callbacks\":[`, `\"callbacks\":[3,`):        "backup: callbacks is 3, wanted an object",
		swap(`\"slots\":[`, `\"slots\":{},\"x\":[`):         "backup: slots is {}, wanted a list",
	} {
		b, err := format.ReadBackup([]byte(text))
		if err == nil || b != nil || err.Error() != want {
			t.Errorf("got %v, wanted %s", err, want)
		}
	}
}

func FuzzBackup(f *testing.F) {
	f.Add(must[[]byte](f)(format.WriteBackup(backup())))
	f.Fuzz(func(t *testing.T, src []byte) {
		b, err := format.ReadBackup(src)
		if err != nil {
			checkError(t, err)
			return
		}
		if again := must[*nn.Backup](t)(format.ReadBackup(must[[]byte](t)(format.WriteBackup(b)))); !same(t, b, again) {
			t.Error("it reads back otherwise")
		}
	})
}
