package main

import (
	"context"
	"io"
	"testing"

	"github.com/tabgrad/tabgrad/nn/data"
	"github.com/tabgrad/tabgrad/nn/data/digits"
)

// Generated digits take the place of MNIST's files here; after three epochs of 400 more than half are told rightly, one in ten by chance.
func TestLearns(t *testing.T) {
	accuracy, err := run(context.Background(), io.Discard, generated(t, 400, 0), generated(t, 100, 400), 20, 3)
	if err != nil {
		t.Fatal(err)
	}
	if accuracy < 0.4 {
		t.Errorf("%.3f of the digits are told rightly", accuracy)
	}
}

func generated(t *testing.T, n, first int) *data.Table {
	t.Helper()
	images, labels := make([]byte, n*28*28), make([]int32, n)
	if err := digits.Generate(images, labels, 1, first); err != nil {
		t.Fatal(err)
	}
	x, err := data.NewBytes([]int{n, 28, 28, 1}, images, 1.0/255)
	if err != nil {
		t.Fatal(err)
	}
	y, err := data.OneHot(labels, 10)
	if err != nil {
		t.Fatal(err)
	}
	d, err := data.NewTable(x, y)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
