package prog_test

import (
	"fmt"
	"testing"

	"github.com/tabgrad/tabgrad/nn/backendtest"
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

// The arena of the seed CNN at batch 128 is in testdata/seed_cnn.txt; here is how far that is from
// the most that is alive at once, below which no plan can go.
func TestPlanSeedCNN(t *testing.T) {
	for _, batch := range []int{1, 3, 128} {
		p, err := backendtest.SeedCNN(batch).Build()
		if err != nil {
			t.Fatal(err)
		}
		peak := checkPlan(t, p)
		if limit := peak + peak/5; p.Arena > limit {
			t.Errorf("batch %d: the arena is %d elements, %d are alive at once", batch, p.Arena, peak)
		}
	}
}

func TestPlanRandomPrograms(t *testing.T) {
	arena, peak := 0, 0
	for seed := range 300 {
		for _, build := range []func(*prog.Builder) (*prog.Program, error){(*prog.Builder).BuildPlain, (*prog.Builder).Build} {
			c := backendtest.RandomCase(uint64(seed))
			p, err := build(c.Recording().Builder)
			if err != nil {
				t.Fatal(err)
			}
			peak += checkPlan(t, p)
			arena += p.Arena
		}
	}
	// Small buffers: alignment costs more than fragmentation.
	if arena > 2*peak {
		t.Errorf("the arenas are %d elements, %d are alive at once", arena, peak)
	}
}

// checkPlan proves, without Verify, that no two buffers that are alive at once overlap, and returns
// the most elements alive during any op. A buffer is alive from its first write to its last read;
// an input always, an output to the end.
func checkPlan(t *testing.T, p *prog.Program) (peak int) {
	t.Helper()
	type life struct {
		name              string
		at, size          int
		first, last       int // ops
		writtenInPlaceOf  prog.Buf
		isInput, isOutput bool
	}
	lives := map[prog.Buf]*life{}
	touch := func(x prog.Buf, i int) *life {
		root, _ := p.Root(x)
		if p.Bufs[root].Kind == prog.Var {
			return nil
		}
		l := lives[root]
		if l == nil {
			at, _ := p.Place(root)
			l = &life{
				name: fmt.Sprintf("%%%d%v", root, p.Shape(root)), at: at, size: p.Shape(root).Size(), first: i,
				isInput: p.Bufs[root].Kind == prog.Input, isOutput: p.Bufs[root].Kind == prog.Output, writtenInPlaceOf: prog.None,
			}
			lives[root] = l
		}
		l.last = i
		return l
	}
	for i, op := range p.Ops {
		for _, x := range op.In {
			touch(x, i)
		}
		for _, x := range op.Out {
			if l := touch(x, i); l != nil && l.first == i {
				for _, y := range op.In {
					atX, _ := p.Place(x)
					atY, inStore := p.Place(y)
					if atX == atY && !inStore && p.Shape(x).Size() == p.Shape(y).Size() {
						root, _ := p.Root(y)
						l.writtenInPlaceOf = root
					}
				}
			}
		}
	}
	for _, l := range lives {
		if l.isInput {
			l.first, l.last = -1, len(p.Ops)
		}
		if l.isOutput {
			l.last = len(p.Ops)
		}
		if l.at < 0 || l.at%16 != 0 || l.at+l.size > p.Arena {
			t.Errorf("%s lies at %d in an arena of %d\n%v", l.name, l.at, p.Arena, p)
		}
	}
	for x, a := range lives {
		for y, b := range lives {
			if x >= y || a.at >= b.at+b.size || b.at >= a.at+a.size {
				continue
			}
			apart := a.last < b.first || b.last < a.first ||
				a.last == b.first && b.writtenInPlaceOf == x || b.last == a.first && a.writtenInPlaceOf == y
			if !apart {
				t.Errorf("%s (ops %d to %d) and %s (ops %d to %d) overlap\n%v", a.name, a.first, a.last, b.name, b.first, b.last, p)
				return 0
			}
		}
	}
	for i := range p.Ops {
		alive := 0
		for _, l := range lives {
			// A result written over its operand needs no room of its own in that op.
			if l.first <= i && i <= l.last && !(l.first == i && l.writtenInPlaceOf != prog.None) {
				alive += l.size
			}
		}
		peak = max(peak, alive)
	}
	return peak
}
