//go:build !js

package nn_test

import (
	"testing"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/prog"
)

// copying is a layer that copies its input.
type copying struct{}

func (copying) Build(_ *nn.Scope, in prog.Shape) (prog.Shape, error) { return in, nil }
func (copying) Lower(c *nn.Call, x prog.Buf) prog.Buf                { return c.Copy(x) }

// BenchmarkAugmentation is a training step on 128 images of 28x28 on the kernels, on wazero and one lane: of the seed CNN and of nearly
// nothing, without augmentation, with four layers of it, and with four copies of the images in their place.
func BenchmarkAugmentation(b *testing.B) {
	const n = 128
	before := map[string][]nn.Layer{
		"plain":  nil,
		"copies": {copying{}, copying{}, copying{}, copying{}},
		"augmented": {
			nn.RandomFlip{Mode: "horizontal"}, nn.RandomRotation{Factor: []float64{0.1}},
			nn.RandomZoom{Height: []float64{0.1}}, nn.RandomTranslation{Height: []float64{0.1}, Width: []float64{0.1}},
		},
	}
	networks := map[string][]nn.Layer{
		"nothing": {nn.MaxPooling2D{Pool: nn.Size2{28, 28}}, nn.Flatten{}, nn.Dense{Units: 10, Activation: nn.Softmax}},
		"seed CNN": {
			nn.Conv2D{Filters: 32, Kernel: nn.Size2{3, 3}, Activation: nn.ReLU}, nn.Conv2D{Filters: 64, Kernel: nn.Size2{3, 3}, Activation: nn.ReLU},
			nn.MaxPooling2D{}, nn.Dropout{Rate: 0.25}, nn.Flatten{}, nn.Dense{Units: 128, Activation: nn.ReLU}, nn.Dropout{Rate: 0.5},
			nn.Dense{Units: 10, Activation: nn.Softmax},
		},
	}
	x, y := make([]float32, n*28*28), make([]float32, n*10)
	for i := range x {
		x[i] = float32(i%255) / 255
	}
	for i := range n {
		y[10*i+i%10] = 1
	}
	for _, network := range []string{"nothing", "seed CNN"} {
		for _, with := range []string{"plain", "copies", "augmented"} {
			b.Run(network+"/"+with, func(b *testing.B) {
				k, err := kernels()
				if err != nil {
					b.Fatal(err)
				}
				m := nn.NewSequential(nn.Input(28, 28, 1))
				m.Add(before[with]...)
				m.Add(networks[network]...)
				if err := m.Compile(nn.Training{Optimizer: nn.Adadelta{}, Loss: nn.CategoricalCrossentropy, Backend: k}); err != nil {
					b.Fatal(err)
				}
				defer m.Close()
				d := table(b, []int{n, 28, 28, 1}, x, []int{n, 10}, y)
				for b.Loop() {
					if _, err := m.TrainOnBatch(ctx, d, nn.BatchOptions{}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
