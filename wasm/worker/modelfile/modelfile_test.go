package modelfile

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/cpu"
	"github.com/tabgrad/tabgrad/nn/format"
)

// TestDigits: the model of the build reads digits it has not seen, and survives being written and read.
func TestDigits(t *testing.T) {
	file, err := Get(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	a, err := format.ReadSafetensors(file)
	if err != nil {
		t.Fatal(err)
	}
	if a.Training != nil {
		t.Error("the optimizer is in the file")
	}
	m, err := a.Model(cpu.New[float32](cpu.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	err = m.Compile(nn.Training{Loss: nn.CategoricalCrossentropy, Metrics: []nn.Metric{nn.Accuracy}, Backend: cpu.New[float32](cpu.Options{})})
	if err != nil {
		t.Fatal(err)
	}
	unseen, err := generated(1000, 77)
	if err != nil {
		t.Fatal(err)
	}
	scores, err := m.Evaluate(t.Context(), unseen, nn.EvalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if accuracy, _ := scores.Get("accuracy"); accuracy < 0.95 {
		t.Errorf("accuracy on unseen digits is %v, wanted 0.95", accuracy)
	}
}

// TestOpen: a model as tfjs writes it, and what cannot be read.
func TestOpen(t *testing.T) {
	folder := t.TempDir()
	m := nn.NewSequential(nn.Input(3), nn.Dense{Units: 2, Activation: nn.Softmax})
	if err := m.Reset(5); err != nil {
		t.Fatal(err)
	}
	a, err := format.FromModel(m)
	if err != nil {
		t.Fatal(err)
	}
	files, err := format.WriteTFJS(a, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(folder, f.Name), f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := Open(filepath.Join(folder, "model.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Weights) != 2 || b.Weights[0].Data[0] != a.Weights[0].Data[0] {
		t.Errorf("read %v, wrote %v", b.Weights, a.Weights)
	}
	if err := os.Remove(filepath.Join(folder, files[1].Name)); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(filepath.Join(folder, "model.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without its weights: %v", err)
	}
	if _, err := Open(filepath.Join(folder, "none.safetensors")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}
