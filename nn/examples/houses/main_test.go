package main

import (
	"context"
	"io"
	"testing"
)

// Ten epochs are enough to be less than half as far off as the mean price is.
func TestLearns(t *testing.T) {
	off, err := run(context.Background(), io.Discard, 10)
	if err != nil {
		t.Fatal(err)
	}
	if off > 55 {
		t.Errorf("prices are off by %.1f thousand, the mean price is by 112", off)
	}
}
