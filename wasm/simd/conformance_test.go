//go:build !js

package simd_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/tabgrad/tabgrad/nn/backendtest"
	"github.com/tabgrad/tabgrad/nn/prog"
	"github.com/tabgrad/tabgrad/wasm/simd"
)

func native(t testing.TB, lanes int) *simd.Backend {
	t.Helper()
	b, err := simd.NewNative(lanes)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestConformance(t *testing.T) {
	backendtest.Run(t, func() prog.Backend { return native(t, 1) }, backendtest.Options{})
}

// TestLanesGiveTheSameBits runs a part of the suite's programs on one, two and three lanes: waiting
// for lanes is slow where there are fewer processors than lanes. What each kernel does on up to five
// lanes is tested in wasm/kernels.
func TestLanesGiveTheSameBits(t *testing.T) {
	var backends []*simd.Backend
	for lanes := 1; lanes <= 3; lanes++ {
		backends = append(backends, native(t, lanes))
	}
	var cases []backendtest.Case
	for i, c := range backendtest.Cases() {
		if i%11 == 0 {
			cases = append(cases, c)
		}
	}
	for seed := range 10 {
		cases = append(cases, backendtest.RandomCase(uint64(seed)))
	}
	for _, c := range cases {
		var first [][]float32
		for _, b := range backends {
			got := runCase(t, b, &c)
			if first == nil {
				first = got
			}
			for i := range got {
				sameBits(t, fmt.Sprintf("%s: %s: result %d", b.Name(), c.Name, i), got[i], first[i])
			}
		}
	}
}

// runCase is the case's results on a backend.
func runCase(t *testing.T, b *simd.Backend, c *backendtest.Case) [][]float32 {
	t.Helper()
	rec := c.Recording()
	p, err := rec.Builder.Build()
	if err != nil {
		t.Fatal(err)
	}
	e := load(t, b, p)
	defer e.Close()
	for _, w := range rec.Writes {
		must(t, e.Write(w.Buf, w.Values))
	}
	for range rec.Steps {
		must(t, e.Run())
	}
	var out [][]float32
	for _, buf := range rec.Reads {
		out = append(out, read(t, e, p, buf))
	}
	return out
}

func load(t testing.TB, b prog.Backend, p *prog.Program) prog.Exec {
	t.Helper()
	e, err := b.Load(p)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, e prog.Exec, p *prog.Program, b prog.Buf) []float32 {
	t.Helper()
	v := make([]float32, p.Shape(b).Size())
	must(t, e.Read(b, v))
	return v
}

func sameBits(t testing.TB, what string, got, want []float32) {
	t.Helper()
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("%s: value %d is %v, wanted %v", what, i, got[i], want[i])
		}
	}
}
