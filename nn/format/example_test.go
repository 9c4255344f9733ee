package format_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/cpu"
	"github.com/tabgrad/tabgrad/nn/data"
	"github.com/tabgrad/tabgrad/nn/format"
)

// A model that TensorFlow.js saved predicts here.
func ExampleReadTFJS() {
	dir := "testdata/tfjs/golden/mlp"
	model, err := os.ReadFile(filepath.Join(dir, "model.json"))
	if err != nil {
		panic(err)
	}
	a, err := format.ReadTFJS(model, func(path string) ([]byte, error) {
		return os.ReadFile(filepath.Join(dir, path))
	})
	if err != nil {
		panic(err)
	}
	m, err := a.Model(cpu.New[float32](cpu.Options{}))
	if err != nil {
		panic(err)
	}
	x, err := data.NewFloats([]int{1, 4}, []float32{0, 0, 0, 0})
	if err != nil {
		panic(err)
	}
	y, err := m.Predict(ctx, x, nn.PredictOptions{})
	fmt.Println(m.Name(), a.Metadata["classes"], y.Shape, err)
	// Output: mlp [a b c] [1 3] <nil>
}

// The files of a model for a folder on a server.
func ExampleWriteTFJS() {
	m := nn.NewSequential(nn.Input(28, 28, 1), nn.Flatten{}, nn.Dense{Units: 10, Activation: nn.Softmax})
	a, err := format.FromModel(m)
	if err != nil {
		panic(err)
	}
	files, err := format.WriteTFJS(a, "")
	if err != nil {
		panic(err)
	}
	for _, f := range files[1:] {
		fmt.Println(f.Name, len(f.Data))
	}
	// Output: group1-shard1of1.bin 31400
}

// A checkpoint in one file, from which training goes on to the bit.
func ExampleWriteSafetensors() {
	m := nn.NewSequential(nn.Input(4), nn.Dense{Units: 3, Activation: nn.Softmax, Name: "answer"})
	a, err := format.FromModel(m)
	if err != nil {
		panic(err)
	}
	a.Metadata = map[string]any{"classes": []any{"a", "b", "c"}}
	file, err := format.WriteSafetensors(a)
	if err != nil {
		panic(err)
	}
	again, err := format.ReadSafetensors(file)
	if err != nil {
		panic(err)
	}
	for _, w := range again.Weights {
		fmt.Println(w.Name, w.Shape)
	}
	_, err = format.ReadSafetensors(file[:len(file)-1])
	fmt.Println(errors.Is(err, format.ErrTruncated), err)
	// Output:
	// answer/kernel [4 3]
	// answer/bias [3]
	// true safetensors: 59 bytes of data, the header announces 60
}
