package main

import (
	"context"
	"io"
	"testing"
)

// A few epochs are enough to beat the naive forecast by a third.
func TestLearns(t *testing.T) {
	forecast, naive, err := run(context.Background(), io.Discard, 5)
	if err != nil {
		t.Fatal(err)
	}
	if forecast > naive*2/3 {
		t.Errorf("the forecast is off by %.2f °C, the naive one by %.2f", forecast, naive)
	}
}
