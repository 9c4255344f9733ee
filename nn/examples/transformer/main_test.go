package main

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/data"
)

// A small network learns a short text by heart: who guesses is ln 26 = 3.3 off.
func TestLearns(t *testing.T) {
	text := strings.Repeat("the quick brown fox jumps over the lazy dog. pack my box with five dozen liquor jugs. ", 20)
	var out strings.Builder
	loss, err := run(context.Background(), &out, text, Shape{Context: 24, Width: 24, Blocks: 2, Heads: 2}, 200, "the quick ", 30)
	if err != nil {
		t.Fatal(err)
	}
	if !(loss < 0.5) {
		t.Errorf("the loss is %.2f", loss)
	}
	if !strings.Contains(out.String(), "the quick brown fox") {
		t.Errorf("it writes\n%s", out.String())
	}
}

// The network of the command has about half a million parameters, and says nothing of a letter by what is behind it.
func TestCausal(t *testing.T) {
	m, err := build(Shape{Context: 64, Width: 96, Blocks: 4, Heads: 4}, 100)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if n, _ := m.CountParams(); math.Abs(float64(n)-0.5e6) > 0.05e6 {
		t.Errorf("%d parameters", n)
	}
	small, err := build(Shape{Context: 8, Width: 8, Blocks: 2, Heads: 2}, 5)
	if err != nil {
		t.Fatal(err)
	}
	defer small.Close()
	before := scores(t, small, []float32{1, 2, 3, 4, 0, 1, 2, 3})
	after := scores(t, small, []float32{1, 2, 3, 4, 4, 3, 3, 3})
	for i := range 8 * 5 {
		if same := before[i] == after[i]; same != (i < 4*5) {
			t.Errorf("score %d of step %d: %v and then %v", i%5, i/5, before[i], after[i])
		}
	}
}

func scores(t *testing.T, m *nn.Model, letters []float32) []float32 {
	t.Helper()
	x, err := data.NewFloats([]int{1, len(letters)}, letters)
	if err != nil {
		t.Fatal(err)
	}
	y, err := m.Predict(context.Background(), x, nn.PredictOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return y.Data
}
