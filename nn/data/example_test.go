package data_test

import (
	"fmt"
	"log"

	"github.com/tabgrad/tabgrad/nn/data"
)

// Two images of 2x2 bytes and their labels become a batch of float32.
func Example() {
	file := []byte{0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 51, 102, 153, 204, 255, 0, 51}
	idx, err := data.ParseIDX(file, 0)
	if err != nil {
		log.Fatal(err)
	}
	x, err := idx.Array(1.0 / 255)
	if err != nil {
		log.Fatal(err)
	}
	y, err := data.OneHot([]int32{1, 0}, 2)
	if err != nil {
		log.Fatal(err)
	}
	d, err := data.NewTable(x, y)
	if err != nil {
		log.Fatal(err)
	}
	batchX, batchY := make([]float32, 2*4), make([]float32, 2*2)
	if err := d.Batch([]int{1, 0}, batchX, batchY); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.1f\n%v\n", batchX, batchY)
	// Output:
	// [0.8 1.0 0.0 0.2 0.0 0.2 0.4 0.6]
	// [1 0 0 1]
}

// A file that was cut off says where and what is missing.
func ExampleParseIDX() {
	_, err := data.ParseIDX([]byte{0, 0, 8, 3, 0, 0, 234, 96, 0, 0, 0, 28, 0, 0, 0, 28, 1, 2, 3}, 0)
	fmt.Println(err)
	// Output: idx: 47040000 bytes wanted for 60000x28x28, got 3
}

// A stroke drawn on a canvas of 200x200 becomes a digit as the network has seen them.
func ExampleCenterDigit() {
	canvas := make([]byte, 200*200)
	for y := 30; y < 180; y++ {
		for x := 90; x < 112; x++ {
			canvas[y*200+x] = 255
		}
	}
	digit := data.CenterDigit(canvas, 200, 200)
	fmt.Println(digit[14*28+10 : 14*28+18])
	// Output: [0 0 0 247 255 247 0 0]
}
