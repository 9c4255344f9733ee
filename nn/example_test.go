package nn_test

import (
	"context"
	"fmt"
	"log"

	"github.com/tabgrad/tabgrad/nn"
	_ "github.com/tabgrad/tabgrad/nn/cpu" // the backend
	"github.com/tabgrad/tabgrad/nn/data"
)

// xor is the smallest problem that takes a hidden layer.
func xor() *data.Table {
	x, err := data.NewFloats([]int{4, 2}, []float32{0, 0, 0, 1, 1, 0, 1, 1})
	if err != nil {
		log.Fatal(err)
	}
	y, err := data.NewFloats([]int{4, 1}, []float32{0, 1, 1, 0})
	if err != nil {
		log.Fatal(err)
	}
	d, err := data.NewTable(x, y)
	if err != nil {
		log.Fatal(err)
	}
	return d
}

// A network learns exclusive or.
func Example() {
	model := nn.NewSequential(
		nn.Input(2),
		nn.Dense{Units: 8, Activation: nn.Tanh},
		nn.Dense{Units: 1, Activation: nn.Sigmoid},
	)
	err := model.Compile(nn.Training{
		Optimizer: nn.Adam{LearningRate: 0.1}, Loss: nn.BinaryCrossentropy, Metrics: []nn.Metric{nn.Accuracy}, Seed: 1,
	})
	if err != nil {
		log.Fatal(err)
	}
	train, ctx := xor(), context.Background()
	history, err := model.Fit(ctx, train, nn.FitOptions{BatchSize: 4, Epochs: 100})
	if err != nil {
		log.Fatal(err)
	}
	scores, err := model.Evaluate(ctx, train, nn.EvalOptions{})
	if err != nil {
		log.Fatal(err)
	}
	accuracy, _ := scores.Get("accuracy")
	p, err := model.Predict(ctx, train.X(), nn.PredictOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(history.Values["loss"]), "epochs, accuracy", accuracy)
	fmt.Printf("%.1f\n", p.Data)
	// Output:
	// 100 epochs, accuracy 1
	// [0.0 1.0 1.0 0.0]
}

func ExampleModel_Summary() {
	model := nn.NewSequential(
		nn.Input(28, 28, 1),
		nn.Conv2D{Filters: 32, Kernel: nn.Size2{3, 3}, Activation: nn.ReLU},
		nn.MaxPooling2D{},
		nn.Flatten{},
		nn.Dense{Units: 10, Activation: nn.Softmax},
	)
	fmt.Print(model.Summary())
	// Output:
	// Model: "sequential"
	// ┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
	// ┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
	// ┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
	// │ conv2d (Conv2D)                 │ (None, 26, 26, 32)     │           320 │
	// ├─────────────────────────────────┼────────────────────────┼───────────────┤
	// │ max_pooling2d (MaxPooling2D)    │ (None, 13, 13, 32)     │             0 │
	// ├─────────────────────────────────┼────────────────────────┼───────────────┤
	// │ flatten (Flatten)               │ (None, 5408)           │             0 │
	// ├─────────────────────────────────┼────────────────────────┼───────────────┤
	// │ dense (Dense)                   │ (None, 10)             │        54,090 │
	// └─────────────────────────────────┴────────────────────────┴───────────────┘
	//  Total params: 54,410 (212.54 KB)
	//  Trainable params: 54,410 (212.54 KB)
	//  Non-trainable params: 0 (0.00 B)
}

// Mistakes say where they are, what came and what is wanted.
func ExampleLayerFrom() {
	_, err := nn.LayerFrom(map[string]any{
		"class_name": "Conv2D", "config": map[string]any{"filters": 32, "kernelSize": 3, "padding": "full"},
	})
	fmt.Println(err)
	layer, err := nn.LayerFrom(map[string]any{
		"class_name": "Conv2D", "config": map[string]any{"filters": 32, "kernelSize": 3, "padding": "same"},
	})
	fmt.Println(layer.(nn.Conv2D).Kernel, layer.(nn.Conv2D).Padding, err)
	// Output:
	// conv2d: padding is "full", wanted valid or same
	// [3 3] same <nil>
}

// A callback stops when the loss is low enough.
func ExampleCallback() {
	model := nn.NewSequential(nn.Input(2), nn.Dense{Units: 8, Activation: nn.Tanh}, nn.Dense{Units: 1, Activation: nn.Sigmoid})
	if err := model.Compile(nn.Training{Optimizer: nn.Adam{LearningRate: 0.1}, Loss: nn.BinaryCrossentropy, Seed: 1}); err != nil {
		log.Fatal(err)
	}
	enough := nn.LambdaCallback{OnEpochEnd: func(p *nn.Progress) error {
		if loss, _ := p.Logs.Get("loss"); loss < 0.05 {
			return nn.ErrStop
		}
		return nil
	}}
	history, err := model.Fit(context.Background(), xor(), nn.FitOptions{Epochs: 1000, Callbacks: []nn.Callback{enough}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("stopped early:", len(history.Epochs) < 1000)
	// Output: stopped early: true
}
