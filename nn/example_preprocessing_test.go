package nn_test

import (
	"fmt"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/data"
)

// A layer learns the data's mean and variance before it becomes part of a model.
func ExampleAdapt() {
	x, _ := data.NewFloats([]int{3, 2}, []float32{1, 100, 2, 200, 3, 300})
	layer, err := nn.Adapt(nn.Normalization{}, x)
	if err != nil {
		fmt.Println(err)
		return
	}
	model := nn.NewSequential(nn.Input(2), layer)
	if err := model.Compile(nn.Training{}); err != nil {
		fmt.Println(err)
		return
	}
	y, err := model.Predict(ctx, x, nn.PredictOptions{})
	fmt.Printf("%.4f %v\n", y.Data, err)
	// Output: [-1.2247 -1.2247 0.0000 0.0000 1.2247 1.2247] <nil>
}

// Texts become indices of their words; 0 is padding, 1 a word that the vocabulary has not got.
func ExampleTextVectorizer() {
	v, err := nn.NewTextVectorizer(nn.TextVectorization{Length: 4})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := v.Adapt([]string{"foo bar", "bar baz", "baz bada boom"}); err != nil {
		fmt.Println(err)
		return
	}
	y, err := v.Apply([]string{"Foo qux, bar!", "qux baz"})
	fmt.Printf("%q\n%v %v %v\n", v.Vocabulary(), y.Shape, y.Data, err)
	// Output:
	// ["" "[UNK]" "baz" "bar" "foo" "boom" "bada"]
	// [2 4] [4 1 3 0 1 2 0 0] <nil>
}

// Augmentation is part of the model: it acts in training, and nowhere else.
func ExampleRandomRotation() {
	model := nn.NewSequential(
		nn.Input(28, 28, 1),
		nn.RandomRotation{Factor: []float64{0.05}, FillMode: "constant"},
		nn.RandomZoom{Height: []float64{0.1}, FillMode: "constant"},
		nn.Conv2D{Filters: 8, Kernel: nn.Size2{3, 3}, Activation: nn.ReLU},
	)
	fmt.Println(model.OutputShape())
	// Output: [26 26 8]
}
