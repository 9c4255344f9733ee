package data_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"strings"

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

// The lines of a CSV file are read one after another, as often as there are epochs.
func ExampleCSV() {
	text := "area,city,price\n60,Rome,210\n75,Oslo,310\n,Rome,250\n"
	open := func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil } // or data.CSVFile("houses.csv")
	houses, err := data.NewCSV(open, data.CSVOptions{Columns: []data.CSVColumn{
		{Name: "area", Missing: "70"}, {Name: "city", Category: true, OneHot: true}, {Name: "price", Target: true},
	}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(houses.Features(), houses.Targets())
	batches, err := houses.Stream().Shuffle(1000, 42).Batch(2)
	if err != nil {
		log.Fatal(err)
	}
	batches = batches.Prefetch(2) // model.FitBatches(ctx, batches, ...) takes it
	if err := batches.Open(context.Background(), 0, 0); err != nil {
		log.Fatal(err)
	}
	for {
		n, x, y, _, err := batches.Next(context.Background())
		if err != nil || n == 0 {
			break
		}
		fmt.Println(n, x, y)
	}
	// Output:
	// [area city=Oslo city=Rome] [price]
	// 2 [[60 0 1 75 1 0]] [[210 310]]
	// 1 [[70 0 1]] [[250]]
}
