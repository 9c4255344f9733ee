package nn_test

import (
	"context"
	"fmt"
	"log"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/data"
	"github.com/tabgrad/tabgrad/nn/prog"
)

// A graph with two inputs, a layer that both share, a residual connection and two outputs, each with its own loss.
func ExampleNewModel() {
	a, b := nn.NamedInput("a", 2), nn.NamedInput("b", 2)
	tower := nn.Share(nn.Dense{Units: 2, Activation: nn.Tanh, Name: "tower"})
	u, v := nn.Apply(tower, a), nn.Apply(tower, b)
	sum := nn.Apply(nn.Add{}, u, v, a)
	model := nn.NewModel(nn.Inputs(a, b), nn.Outputs(
		nn.Apply(nn.Dense{Units: 1, Activation: nn.Sigmoid, Name: "same"}, sum),
		nn.Apply(nn.Dense{Units: 1, Name: "distance"}, sum)))
	err := model.Compile(nn.Training{Optimizer: nn.Adam{}, Seed: 1, Outputs: map[string]nn.Objective{
		"same":     {Loss: nn.BinaryCrossentropy, Metrics: []nn.Metric{nn.Accuracy}},
		"distance": {Loss: nn.MeanSquaredError, Weight: 0.5},
	}})
	if err != nil {
		log.Fatal(err)
	}
	column := func(width int, values ...float32) nn.Column {
		c, err := data.NewFloats([]int{len(values) / width, width}, values)
		if err != nil {
			log.Fatal(err)
		}
		return c
	}
	samples, err := nn.NewColumns(
		[]nn.Column{column(2, 0, 0, 1, 1), column(2, 0, 0, 1, 2)}, // a and b
		[]nn.Column{column(1, 1, 0), column(1, 0, 1)})             // same and distance
	if err != nil {
		log.Fatal(err)
	}
	history, err := model.Fit(context.Background(), samples, nn.FitOptions{Epochs: 2})
	if err != nil {
		log.Fatal(err)
	}
	weights, err := model.GetWeights()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(history.Names)
	for _, w := range weights {
		fmt.Println(w.Name, w.Shape)
	}
	// Output:
	// [loss same_loss distance_loss same_accuracy]
	// tower/kernel [2 2]
	// tower/bias [2]
	// same/kernel [2 1]
	// same/bias [1]
	// distance/kernel [2 1]
	// distance/bias [1]
}

// Scale is a layer of one's own: y = x·gain, feature by feature. Its gradient is prog.Grad's.
type Scale struct{ Name string }

// Build declares gain [C].
func (Scale) Build(s *nn.Scope, in prog.Shape) (prog.Shape, error) {
	s.Var("gain", prog.Shape{in[len(in)-1]}, nn.Ones{}, nil)
	return in, nil
}

// Lower multiplies.
func (Scale) Lower(c *nn.Call, x prog.Buf) prog.Buf { return c.Mul(x, c.Var(0)) }

// A layer of one's own has a Build that declares its variables, and a Lower that composes operations.
func ExampleLayer() {
	model := nn.NewSequential(nn.Input(2), Scale{Name: "scale"}, nn.Dense{Units: 1, NoBias: true, KernelInit: nn.Ones{}})
	if err := model.Compile(nn.Training{Optimizer: nn.SGD{LearningRate: 0.1}, Loss: nn.MeanSquaredError}); err != nil {
		log.Fatal(err)
	}
	x, err := data.NewFloats([]int{1, 2}, []float32{1, 2})
	if err != nil {
		log.Fatal(err)
	}
	y, err := data.NewFloats([]int{1, 1}, []float32{0})
	if err != nil {
		log.Fatal(err)
	}
	samples, err := data.NewTable(x, y)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := model.TrainOnBatch(context.Background(), samples, nn.BatchOptions{}); err != nil {
		log.Fatal(err)
	}
	weights, err := model.GetWeights()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s %.1f\n", weights[0].Name, weights[0].Data) // dL/dgain = 2·3·(1, 2)
	// Output: scale/gain [0.4 -0.2]
}
