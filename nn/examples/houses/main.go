// Command houses learns what houses sell for: a table of numbers and names, one column of which is to be told from the others.
//
//	go run ./nn/examples/houses
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/tabgrad/tabgrad/nn"
	_ "github.com/tabgrad/tabgrad/nn/cpu"
	"github.com/tabgrad/tabgrad/nn/data"
	"github.com/tabgrad/tabgrad/nn/examples/files"
)

func main() {
	log.SetFlags(0)
	if _, err := run(context.Background(), os.Stdout, 60); err != nil {
		log.Fatal(err)
	}
}

// run is the mean absolute error on houses that were not learnt from, in thousands, after epochs.
func run(ctx context.Context, out io.Writer, epochs int) (float64, error) {
	csv, err := data.NewCSV(files.Open("houses"), data.CSVOptions{Name: "houses", Columns: []data.CSVColumn{
		{Name: "district", Category: true, OneHot: true},
		{Name: "area"},
		{Name: "rooms"},
		{Name: "built", Missing: "1960"},
		{Name: "heating", Category: true, OneHot: true},
		{Name: "garden"},
		{Name: "price", Target: true},
	}})
	if err != nil {
		return 0, err
	}
	const held = 300 // houses, the first, that are not learnt from
	test, err := csv.Stream().Take(held).Batch(held)
	if err != nil {
		return 0, err
	}
	train, err := csv.Stream().Skip(held).Shuffle(2000, 1).Batch(32)
	if err != nil {
		return 0, err
	}

	// Areas are hundreds and gardens 0 or 1: Normalization learns each column's mean and variance, of the houses that are learnt from.
	columns, err := nn.NewAdaptation(nn.Normalization{})
	if err != nil {
		return 0, err
	}
	if err := each(ctx, train, func(n int, x, _ []float32) error {
		return columns.Add(nn.Tensor{Shape: []int{n, len(x) / n}, Data: x})
	}); err != nil {
		return 0, err
	}
	normalized, err := columns.Layer()
	if err != nil {
		return 0, err
	}

	model := nn.NewSequential(
		nn.Input(len(csv.Features())),
		normalized,
		nn.Dense{Units: 64, Activation: nn.ReLU},
		nn.Dense{Units: 64, Activation: nn.ReLU},
		nn.Dense{Units: 1, BiasInit: nn.Constant{Value: 300}}, // about what a house sells for, so that training need not get there first
	)
	if err := model.Compile(nn.Training{Optimizer: nn.Adam{LearningRate: 0.003}, Loss: nn.MeanSquaredError, Metrics: []nn.Metric{nn.MeanOf(nn.MeanAbsoluteError)}, Seed: 1}); err != nil {
		return 0, err
	}
	defer model.Close()
	_, err = model.FitBatches(ctx, train, nn.FitOptions{
		Epochs: epochs, Verbose: 2, Output: out, ValidationBatches: test,
		Callbacks: []nn.Callback{nn.ReduceLROnPlateau{Monitor: "loss", Factor: 0.5, Patience: 6}},
	})
	if err != nil {
		return 0, err
	}
	scores, err := model.EvaluateBatches(ctx, test, nn.EvalOptions{})
	if err != nil {
		return 0, err
	}
	off, _ := scores.Get("mean_absolute_error")
	var mean, dumb float64 // what saying the mean of all prices is off
	if err := each(ctx, test, func(n int, _, y []float32) error {
		for _, v := range y {
			mean += float64(v) / float64(n)
		}
		for _, v := range y {
			dumb += max(float64(v)-mean, mean-float64(v)) / float64(n)
		}
		return nil
	}); err != nil {
		return 0, err
	}
	fmt.Fprintf(out, "prices are off by %.1f thousand on average; the mean price is by %.1f\n", off, dumb)
	return off, nil
}

// each calls f with the inputs and targets of each batch.
func each(ctx context.Context, b *data.BatchStream, f func(n int, x, y []float32) error) error {
	if err := b.Open(ctx, 0, 0); err != nil {
		return err
	}
	defer b.Close()
	for {
		n, x, y, _, err := b.Next(ctx)
		if err != nil || n == 0 {
			return err
		}
		if err := f(n, x[0], y[0]); err != nil {
			return err
		}
	}
}
