package main

import (
	"strings"
	"testing"

	"github.com/tabgrad/tabgrad/wasm/simd"
)

// Each model's training step becomes a table with a line for each op, and its operations are those that its layers have.
func TestTable(t *testing.T) {
	const batch = 4
	// Multiplications and additions for a sample: forward, and twice that in the gradients, but for the input's of the first layer.
	conv := func(pixels, k, in, out float64) float64 { return 2 * pixels * k * k * in * out }
	dense := func(in, out float64) float64 { return 2 * in * out }
	want := map[string]float64{
		"cnn":    2*conv(26*26, 3, 1, 32) + 3*conv(24*24, 3, 32, 64) + 3*dense(9216, 128) + 3*dense(128, 10),
		"mlp":    2*dense(784, 128) + 3*dense(128, 10),
		"mlp512": 2*dense(784, 512) + 3*dense(512, 512) + 3*dense(512, 10),
		// Of all steps at once the input's products, and of all but the first, whose state is zero, the state's.
		"lstm":        28*2*dense(28, 4*128) + 27*3*dense(128, 4*128) + 3*dense(128, 10),
		"gru":         28*2*dense(28, 3*128) + 27*3*dense(128, 3*128) + 3*dense(128, 10),
		"transformer": 3 * 64 * (2*(4*dense(128, 128)+2*dense(128, 64)+2*dense(128, 512)) + dense(128, 96)),
		"deep": 2*conv(1024, 3, 3, 32) + 3*(conv(1024, 3, 32, 32)+conv(256, 3, 32, 64)+conv(256, 3, 64, 64)+conv(64, 3, 64, 128)+conv(64, 3, 128, 128)) +
			3*dense(2048, 10),
		"residual": 2*conv(784, 3, 1, 16) + 3*(2*conv(784, 3, 16, 16)+conv(196, 3, 16, 32)+conv(196, 3, 32, 32)+conv(196, 1, 16, 32)+
			conv(49, 3, 32, 64)+conv(49, 3, 64, 64)+conv(49, 1, 32, 64)+dense(64, 10)),
	}
	if len(models) != len(want) {
		t.Errorf("there are %d models, want %d", len(models), len(want))
	}
	for id, spec := range models {
		p, err := training(spec, batch)
		if err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		list, err := simd.List(p, "relaxed", 2)
		if err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		ms := make([]float64, len(list.Ops))
		for i := range ms {
			ms[i] = float64(i + 1)
		}
		lines := describe(p, list, ms)
		sums := sumByCode(lines)
		for _, table := range [][]line{lines, sums} {
			operations, time := 0.0, 0.0
			for _, l := range table {
				operations += l.flops
				time += l.ms
			}
			if operations != batch*want[id] {
				t.Errorf("%s: %.0f operations, want %.0f", id, operations, batch*want[id])
			}
			if n := float64(len(ms)); time != n*(n+1)/2 {
				t.Errorf("%s: the lines take %v ms together, want %v", id, time, n*(n+1)/2)
			}
		}
		var text strings.Builder
		if err := write(&text, lines); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(text.String(), "\n"); got != len(list.Ops)+1 {
			t.Errorf("%s: %d lines of text, want %d", id, got, len(list.Ops)+1)
		}
		if !strings.Contains(text.String(), "MatMul") || !strings.Contains(text.String(), "Update") {
			t.Errorf("%s: the table lacks ops:\n%s", id, text.String())
		}
		for i := 1; i < len(sums); i++ {
			if sums[i].ms > sums[i-1].ms {
				t.Errorf("%s: %s takes longer than %s before it", id, sums[i].op, sums[i-1].op)
			}
		}
	}
}

// One program of all ops holds each op's calls.
func TestJoined(t *testing.T) {
	got := joined([]jobOp{{[]uint32{1, 7, 1, 99}}, {[]uint32{2, 8, 0, 9, 0}}})
	want := []uint32{3, 7, 1, 99, 8, 0, 9, 0}
	if len(got) != len(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}
