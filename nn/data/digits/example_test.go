package digits_test

import (
	"fmt"
	"log"

	"github.com/tabgrad/tabgrad/nn/data"
	"github.com/tabgrad/tabgrad/nn/data/digits"
)

// A hundred digits as a dataset: images of 28x28x1 in 0..1, labels one-hot.
func ExampleGenerate() {
	const n = 100
	images, labels := make([]byte, n*digits.Side*digits.Side), make([]int32, n)
	if err := digits.Generate(images, labels, 42, 0); err != nil {
		log.Fatal(err)
	}
	x, err := data.NewBytes([]int{n, digits.Side, digits.Side, 1}, images, 1.0/255)
	if err != nil {
		log.Fatal(err)
	}
	y, err := data.OneHot(labels, digits.Classes)
	if err != nil {
		log.Fatal(err)
	}
	train, err := data.NewTable(x, y)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(train.Len(), train.XShape(), train.YShape())
	fmt.Println(labels[:10])
	// Output:
	// 100 [28 28 1] [10]
	// [0 9 6 5 3 1 8 4 7 2]
}
