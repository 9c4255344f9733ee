package main

import (
	"context"
	"io"
	"testing"
)

// Counting words tells half of the reviews rightly.
func TestLearns(t *testing.T) {
	accuracy, err := run(context.Background(), io.Discard, 4)
	if err != nil {
		t.Fatal(err)
	}
	if accuracy < 0.95 {
		t.Errorf("%.3f of the reviews are told rightly", accuracy)
	}
}
