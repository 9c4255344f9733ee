//go:build !js

package main

import (
	"math"
	"testing"
)

// Every case is a program that the kernels run, and gives a rate and what to compare it with.
func TestCasesRun(t *testing.T) {
	var cases []benchCase
	for _, c := range append(modelCases(), sweepCases()...) {
		if c.Flops < 5e7 && c.Traffic < 1e8 { // the large ones differ only in their sizes
			cases = append(cases, c)
		}
	}
	if len(cases) < 40 {
		t.Errorf("only %d cases are small enough to be tried", len(cases))
	}
	outcomes, err := inNode([]job{newJob(false, cases, 1, 0)})
	if err != nil {
		t.Fatal(err)
	}
	results := outcomes[0].Results
	if outcomes[0].Refused || len(results) != len(cases) {
		t.Fatalf("%d results of %d cases, refused: %v", len(results), len(cases), outcomes[0].Refused)
	}
	for i, r := range results {
		unit := "GFLOP/s"
		if cases[i].Traffic > 0 {
			unit = "GB/s"
		}
		if r.Name != cases[i].Name || r.Unit != unit {
			t.Errorf("case %d is %s in %s, want %s in %s", i, r.Name, r.Unit, cases[i].Name, unit)
		}
		for _, v := range []float64{r.Rate, r.Peak, r.Share, r.Best, r.BestPeak} {
			if !(v > 0) || math.IsInf(v, 0) {
				t.Errorf("%s: %+v", r.Name, r)
				break
			}
		}
	}
}

// A name is one case's, which is of operations or of bytes.
func TestCasesAreNamedOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range append(modelCases(), sweepCases()...) {
		if seen[c.Name] {
			t.Errorf("%s is there twice", c.Name)
		}
		seen[c.Name] = true
		if (c.Flops > 0) == (c.Traffic > 0) {
			t.Errorf("%s has %v operations and %v bytes, want one of them", c.Name, c.Flops, c.Traffic)
		}
	}
}
