package images_test

import (
	"context"
	"fmt"
	"log"
	"testing/fstest"

	"github.com/tabgrad/tabgrad/nn"
	_ "github.com/tabgrad/tabgrad/nn/cpu" // the backend
	"github.com/tabgrad/tabgrad/nn/data"
	"github.com/tabgrad/tabgrad/nn/data/images"
)

// Images are decoded while the model trains on those before.
func Example() {
	files := exampleFiles() // or images.Open("photos", ...)
	train, validation, err := images.Read(files, images.Options{Height: 8, Width: 8, Color: images.Grayscale, Labels: images.Binary, Shuffle: true, Seed: 1, Split: 0.25})
	if err != nil {
		log.Fatal(err)
	}
	scale := func(s *data.Sample) error { // 0 to 1
		for i := range s.X[0] {
			s.X[0][i] /= 255
		}
		return nil
	}
	batches, err := data.Samples(train).Map(scale).Shuffle(1000, 1).Batch(8)
	if err != nil {
		log.Fatal(err)
	}
	tests, err := data.Samples(validation).Map(scale).Batch(8)
	if err != nil {
		log.Fatal(err)
	}
	model := nn.NewSequential(nn.Input(8, 8, 1), nn.Flatten{}, nn.Dense{Units: 1, Activation: nn.Sigmoid})
	if err := model.Compile(nn.Training{Optimizer: nn.Adam{LearningRate: 0.01}, Loss: nn.BinaryCrossentropy, Metrics: []nn.Metric{nn.Accuracy}}); err != nil {
		log.Fatal(err)
	}
	history, err := model.FitBatches(context.Background(), batches.Prefetch(2), nn.FitOptions{Epochs: 20, ValidationBatches: tests.Prefetch(2)})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(train.Classes, train.Len(), validation.Len(), history.Values["val_accuracy"][19])
	// Output: [dark light] 30 10 1
}

func exampleFiles() fstest.MapFS {
	files := fstest.MapFS{}
	for i := range 40 {
		pixels := make([]float32, 64)
		for k := range pixels {
			pixels[k] = float32(i%2*200 + (i*k)%50)
		}
		name := fmt.Sprintf("%s/%d.png", []string{"dark", "light"}[i%2], i)
		files[name] = &fstest.MapFile{Data: pngOf(nil, tensor{[]int{8, 8, 1}, pixels})}
	}
	return files
}
