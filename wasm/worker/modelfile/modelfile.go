// Package modelfile gets the model that an endpoint serves, on the machine that builds it: from a file,
// or for those who have none a small model of digits, trained on the spot. It hands out the one form that
// package endpoint reads; nothing of it runs on Cloudflare.
package modelfile

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/data"
	"github.com/tabgrad/tabgrad/nn/data/digits"
	"github.com/tabgrad/tabgrad/nn/format"
	"github.com/tabgrad/tabgrad/wasm/simd"
)

// Get is the model at path, or where path is empty Digits', as endpoint.Load reads it: a safetensors
// file without the optimizer's state, which would be up to two thirds of it.
func Get(ctx context.Context, path string) ([]byte, error) {
	var a *format.Artifacts
	var err error
	if path == "" {
		a, err = Digits(ctx, 1)
	} else {
		a, err = Open(path)
	}
	if err != nil {
		return nil, err
	}
	a.Training = nil
	return format.WriteSafetensors(a)
}

// Open reads a model.json of TensorFlow.js's, with its weight files beside it, or a .safetensors file.
func Open(path string) (*format.Artifacts, error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if filepath.Ext(path) == ".safetensors" {
		a, err := format.ReadSafetensors(file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return a, nil
	}
	// A root keeps every name inside of the folder, links included.
	folder, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	a, err := format.ReadTFJS(file, folder.ReadFile)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return a, nil
}

// Digits trains a small convolutional network on generated digits: 96% of unseen ones after about four seconds
// of one core's time.
func Digits(ctx context.Context, seed uint64) (*format.Artifacts, error) {
	const count = 5000
	train, err := generated(count, seed)
	if err != nil {
		return nil, err
	}
	m := nn.NewSequential(
		nn.Input(digits.Side, digits.Side, 1),
		nn.Conv2D{Filters: 8, Kernel: nn.Size2{5, 5}, Activation: nn.ReLU},
		nn.MaxPooling2D{},
		nn.Conv2D{Filters: 16, Kernel: nn.Size2{3, 3}, Activation: nn.ReLU},
		nn.MaxPooling2D{},
		nn.Flatten{},
		nn.Dense{Units: digits.Classes, Activation: nn.Softmax},
	)
	// One lane: the same model on every machine, and no spinning at barriers where the machine is busy.
	kernels, err := simd.NewNative(1)
	if err != nil {
		return nil, err
	}
	err = m.Compile(nn.Training{Optimizer: nn.Adam{LearningRate: 0.004}, Loss: nn.CategoricalCrossentropy, Seed: seed, Backend: kernels})
	if err != nil {
		return nil, err
	}
	if _, err := m.Fit(ctx, train, nn.FitOptions{BatchSize: 64, Epochs: 3}); err != nil {
		return nil, err
	}
	a, err := format.FromModel(m)
	if err != nil {
		return nil, err
	}
	a.Metadata = map[string]any{"trained_on": fmt.Sprintf("%d generated digits", count)}
	return a, m.Close()
}

// generated is digits as the page trains on them: bytes worth 1/255 each, labels one-hot.
func generated(count int, seed uint64) (nn.Dataset, error) {
	images, labels := make([]byte, count*digits.Side*digits.Side), make([]int32, count)
	if err := digits.Generate(images, labels, seed, 0); err != nil {
		return nil, err
	}
	x, err := data.NewBytes([]int{count, digits.Side, digits.Side, 1}, images, float32(1)/math.MaxUint8)
	if err != nil {
		return nil, err
	}
	hot := make([]float32, count*digits.Classes)
	for i, l := range labels {
		hot[i*digits.Classes+int(l)] = 1
	}
	y, err := data.NewFloats([]int{count, digits.Classes}, hot)
	if err != nil {
		return nil, err
	}
	return data.NewTable(x, y)
}
