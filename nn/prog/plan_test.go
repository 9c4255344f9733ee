package prog_test

import (
	"testing"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// Once packed, a is a part of the region: an op that reads the region as a whole and a as a part
// must not write its result over the region.
func TestPlanNotInPlaceOverAPartItReads(t *testing.T) {
	b := prog.NewBuilder("part", nil)
	a := b.Unary(prog.Exp, b.Input("x", 6))
	region := b.Pack(a, b.Unary(prog.Neg, a), b.Add(a, a))
	b.Output("y", b.Add(b.Reshape(region, 3, 6), a))
	if _, err := b.Build(); err != nil {
		t.Error(err)
	}
}
