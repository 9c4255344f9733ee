// Command forecast learns to say from the last two days' weather how warm it will be in 24 hours, and compares with who says: as warm as
// now, which is also as warm as at this hour of the day before.
//
//	go run ./nn/examples/forecast
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"math"
	"os"

	"github.com/tabgrad/tabgrad/nn"
	_ "github.com/tabgrad/tabgrad/nn/cpu"
	"github.com/tabgrad/tabgrad/nn/data"
	"github.com/tabgrad/tabgrad/nn/examples/files"
)

const (
	perDay = 8          // the weather is measured every three hours
	window = 2 * perDay // what is looked at
	ahead  = perDay     // behind the window's last step
)

func main() {
	log.SetFlags(0)
	if _, _, err := run(context.Background(), os.Stdout, 15); err != nil {
		log.Fatal(err)
	}
}

// run is by how many degrees the forecasts for days that were not learnt from are off on average, and the naive ones.
func run(ctx context.Context, out io.Writer, epochs int) (forecast, naive float64, err error) {
	steps, warmth, err := read(ctx)
	if err != nil {
		return 0, 0, err
	}
	// The last quarter is the future. A window's target is the temperature ahead steps behind its last.
	cut := steps.Len() * 3 / 4
	later, err := data.NewFloats([]int{warmth.Len() - window - ahead + 1, 1}, warmth.Floats()[window+ahead-1:])
	if err != nil {
		return 0, 0, err
	}
	past, err := windows(steps, later, 0, cut-ahead)
	if err != nil {
		return 0, 0, err
	}
	future, err := windows(steps, later, cut, steps.Len())
	if err != nil {
		return 0, 0, err
	}
	normalized, err := nn.Adapt(nn.Normalization{}, past.X())
	if err != nil {
		return 0, 0, err
	}

	model := nn.NewSequential(
		nn.Input(window, 4),
		normalized,
		nn.GRU{Units: 16, KernelReg: nn.L2{Factor: 1e-3}, RecurrentReg: nn.L2{Factor: 1e-3}},
		nn.Dense{Units: 1, BiasInit: nn.Constant{Value: 9}}, // the year's mean
	)
	if err := model.Compile(nn.Training{Optimizer: nn.Adam{LearningRate: 0.005}, Loss: nn.Huber, Metrics: []nn.Metric{nn.MeanOf(nn.MeanAbsoluteError)}, Seed: 1}); err != nil {
		return 0, 0, err
	}
	defer model.Close()
	if _, err := model.Fit(ctx, past, nn.FitOptions{BatchSize: 32, Epochs: epochs, Verbose: 2, Output: out, Validation: future}); err != nil {
		return 0, 0, err
	}
	y, err := model.Predict(ctx, future.X(), nn.PredictOptions{})
	if err != nil {
		return 0, 0, err
	}
	at := warmth.Floats()[cut+window-1:] // now, where a window ends
	for i, v := range y.Data {
		forecast += math.Abs(float64(v-at[i+ahead])) / float64(len(y.Data))
		naive += math.Abs(float64(at[i]-at[i+ahead])) / float64(len(y.Data))
	}
	fmt.Fprintf(out, "the temperature in 24 hours: off by %.2f °C on average; as warm as now: off by %.2f\n", forecast, naive)
	return forecast, naive, nil
}

// read is all steps [n, 4] and their temperatures.
func read(ctx context.Context) (steps, warmth *data.Array, err error) {
	csv, err := data.NewCSV(files.Open("weather"), data.CSVOptions{Name: "weather", Columns: []data.CSVColumn{{Name: "temperature"}, {Name: "pressure"}, {Name: "wind"}, {Name: "cloud"}}})
	if err != nil {
		return nil, nil, err
	}
	all, err := csv.Stream().Batch(1 << 20)
	if err != nil {
		return nil, nil, err
	}
	if err := all.Open(ctx, 0, 0); err != nil {
		return nil, nil, err
	}
	defer all.Close()
	n, x, _, _, err := all.Next(ctx)
	if err != nil {
		return nil, nil, err
	}
	if steps, err = data.NewFloats([]int{n, len(x[0]) / n}, x[0]); err != nil {
		return nil, nil, err
	}
	degrees := make([]float32, n)
	for i := range degrees {
		degrees[i] = x[0][i*len(x[0])/n]
	}
	warmth, err = data.NewFloats([]int{n, 1}, degrees)
	return steps, warmth, err
}

// windows are those that lie between two steps, with what is to be said of each.
func windows(steps, later *data.Array, from, to int) (*data.Table, error) {
	x, y, err := data.Windows(steps, later, data.Timeseries{Length: window, Start: from, End: to})
	if err != nil {
		return nil, err
	}
	return data.NewTable(x, y)
}
