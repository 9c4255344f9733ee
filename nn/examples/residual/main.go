// Command residual trains a residual network with batch normalization and augmentation on MNIST.
//
//	go run ./nn/examples/residual [-epochs n]
//
// It looks for the files where MNIST_DIR says, or in the user's cache, where `make mnist` puts them.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/tabgrad/tabgrad/nn"
	_ "github.com/tabgrad/tabgrad/nn/cpu"
	"github.com/tabgrad/tabgrad/nn/data/mnist"
)

func main() {
	log.SetFlags(0)
	epochs := flag.Int("epochs", 15, "how often it sees all images")
	flag.Parse()
	dir, err := mnist.Dir()
	if err != nil {
		log.Fatal(err)
	}
	train, test, err := mnist.Load(dir)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := run(context.Background(), os.Stdout, train, test, 128, *epochs); err != nil {
		log.Fatal(err)
	}
}

// run is the accuracy on test.
func run(ctx context.Context, out io.Writer, train, test nn.Dataset, batch, epochs int) (accuracy float64, err error) {
	model := build()
	steps := epochs * ((train.Len() + batch - 1) / batch)
	err = model.Compile(nn.Training{
		Optimizer: nn.AdamW{Schedule: nn.CosineDecay{WarmupTarget: 4e-3, WarmupSteps: steps / 10, Steps: steps - steps/10}, WeightDecay: 0.02},
		Loss:      nn.CategoricalCrossentropyLoss{LabelSmoothing: 0.05}, Metrics: []nn.Metric{nn.Accuracy}, Seed: 1,
	})
	if err != nil {
		return 0, err
	}
	defer model.Close()
	if _, err := model.Fit(ctx, train, nn.FitOptions{BatchSize: batch, Epochs: epochs, Verbose: 2, Output: out, Validation: test}); err != nil {
		return 0, err
	}
	scores, err := model.Evaluate(ctx, test, nn.EvalOptions{BatchSize: batch})
	if err != nil {
		return 0, err
	}
	accuracy, _ = scores.Get("accuracy")
	fmt.Fprintf(out, "%.2f%% of %d images that were not learnt from are told rightly\n", 100*accuracy, test.Len())
	return accuracy, nil
}

// build is the network: images are turned, moved and zoomed a little, each time in another way; then come three stages of residual blocks, each
// of half the height and width and more channels.
func build() *nn.Model {
	in := nn.NewInput(28, 28, 1)
	x := nn.Apply(nn.RandomRotation{Factor: []float64{0.03}, FillMode: "constant"}, in) // of a turn
	x = nn.Apply(nn.RandomTranslation{Height: []float64{0.08}, Width: []float64{0.08}, FillMode: "constant"}, x)
	x = nn.Apply(nn.RandomZoom{Height: []float64{0.1}, FillMode: "constant"}, x)
	x = convolved(x, 16, 1, nn.ReLU)
	x = block(x, 16, 1)
	x = block(x, 32, 2)
	x = block(x, 64, 2)
	x = nn.Apply(nn.GlobalAveragePooling2D{}, x)
	x = nn.Apply(nn.Dense{Units: 10, Activation: nn.Softmax}, x)
	return nn.NewModel([]*nn.Symbolic{in}, []*nn.Symbolic{x})
}

// block adds two convolutions to what comes in (He et al. 2015). Where the shape changes, what comes in is brought to it.
func block(x *nn.Symbolic, filters, stride int) *nn.Symbolic {
	y := convolved(x, filters, stride, nn.ReLU)
	y = convolved(y, filters, 1, nn.Linear)
	if stride > 1 {
		x = nn.Apply(nn.AveragePooling2D{Pool: nn.Size2{stride, stride}}, x)
		x = nn.Apply(nn.Conv2D{Filters: filters, Kernel: nn.Size2{1, 1}, NoBias: true}, x)
	}
	return nn.Apply(nn.Activation{Fn: nn.ReLU}, nn.Apply(nn.Add{}, x, y))
}

// convolved is a convolution and its normalization, which has a bias of its own.
func convolved(x *nn.Symbolic, filters, stride int, then nn.ActivationFunc) *nn.Symbolic {
	x = nn.Apply(nn.Conv2D{Filters: filters, Kernel: nn.Size2{3, 3}, Strides: nn.Size2{stride, stride}, Padding: nn.Same, NoBias: true, KernelInit: nn.HeNormal{}}, x)
	x = nn.Apply(nn.BatchNormalization{Momentum: 0.9}, x)
	return nn.Apply(nn.Activation{Fn: then}, x)
}
