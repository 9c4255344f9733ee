package prog_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// Every message says where (the program, the scope and the op with its operands' shapes), and what
// is wrong.
func TestBuilderErrors(t *testing.T) {
	conv := prog.ConvAttr{Stride: unit, Dilation: unit, Groups: 1}
	for _, c := range []struct {
		record func(b *prog.Builder, x prog.Buf) // x is [4,6]
		want   string
	}{
		{func(b *prog.Builder, x prog.Buf) { b.Input("bad", 2, -1) }, "shape [2,-1] has a negative dimension"},
		{func(b *prog.Builder, x prog.Buf) { b.Input("big", 1<<20, 1<<10) }, "shape [1048576,1024] has more than 2^29 elements"},
		{func(b *prog.Builder, x prog.Buf) { b.MatMul(x, b.Input("w", 5, 3), false, false) }, "MatMul[[4,6] [5,3]]: inner dimensions 6 and 5 differ"},
		{func(b *prog.Builder, x prog.Buf) { b.MatMul(x, b.Input("w", 6), false, false) }, "MatMul[[4,6] [6]]: wants two matrices, or two stacks of as many"},
		{func(b *prog.Builder, x prog.Buf) { b.Conv2D(x, b.Input("w", 3, 3, 1, 2), conv) }, "Conv2D[[4,6] [3,3,1,2]]: wants x [N,H,W,C] and w [KH,KW,C/groups,O]"},
		{func(b *prog.Builder, x prog.Buf) { b.Conv2D(b.Input("i", 1, 5, 5, 2), b.Input("w", 3, 3, 3, 2), conv) }, "Conv2D[[1,5,5,2] [3,3,3,2]]: 2 input channels, 1 groups"},
		{func(b *prog.Builder, x prog.Buf) { b.Conv2D(b.Input("i", 1, 2, 5, 1), b.Input("w", 3, 3, 1, 2), conv) }, "window of 3 over 2 elements (0+0 padding)"},
		{func(b *prog.Builder, x prog.Buf) {
			b.Conv2D(b.Input("i", 1, 5, 5, 1), b.Input("w", 3, 3, 1, 2), prog.ConvAttr{Groups: 1})
		}, "window 3, stride 0, dilation 0, padding 0+0"},
		{func(b *prog.Builder, x prog.Buf) {
			b.Pool(b.Input("i", 1, 5, 5, 1), prog.PoolAttr{Window: unit, Stride: unit, Pad: [4]int{1}})
		}, "padding [1 0 0 0] leaves windows [1 1] with nothing in them"},
		{func(b *prog.Builder, x prog.Buf) {
			b.Pool(b.Input("i", 1, 0, 5, 1), prog.PoolAttr{Window: [2]int{3, 3}, Stride: unit, Pad: [4]int{2, 2}})
		}, "wants images of at least one element"},
		{func(b *prog.Builder, x prog.Buf) { b.Add(x, b.Input("y", 5)) }, "Binary[[4,6] [5]]: shapes cannot be broadcast together"},
		{func(b *prog.Builder, x prog.Buf) { b.Broadcast(x, prog.Shape{6, 4}) }, "cannot stretch to [6,4]"},
		{func(b *prog.Builder, x prog.Buf) { b.Reduce(prog.Sum, x, false, 2) }, "reduce sum: no axis 2 in [4,6]"},
		{func(b *prog.Builder, x prog.Buf) { b.Reduce(prog.Max, b.Input("e", 0, 3), false, 0) }, "max of no elements"},
		{func(b *prog.Builder, x prog.Buf) { b.Softmax(b.Input("s")) }, "Softmax[[]]: wants rows of at least one element"},
		{func(b *prog.Builder, x prog.Buf) { b.ArgMax(b.Input("e", 3, 0)) }, "wants rows of at least one element"},
		{func(b *prog.Builder, x prog.Buf) { b.Xent(x, b.Input("t", 4), false) }, "Xent[[4,6] [4]]: targets are [4], wanted [4,6]"},
		{func(b *prog.Builder, x prog.Buf) { b.SoftmaxXent(x, b.Input("t", 4, 6), true) }, "targets are [4,6], wanted [4]"},
		{func(b *prog.Builder, x prog.Buf) { b.Gather(b.Input("s"), x) }, "wants a table of rows"},
		{func(b *prog.Builder, x prog.Buf) { b.Transpose(x, 0, 0) }, "[0 0] is no permutation of its dimensions"},
		{func(b *prog.Builder, x prog.Buf) { b.Slice(x, []int{3, 0}, prog.Shape{2, 6}) }, "slice [3 0][2,6] is outside"},
		{func(b *prog.Builder, x prog.Buf) { b.Concat(1, x, b.Input("y", 3, 1)) }, "shapes differ in dimension 0"},
		{func(b *prog.Builder, x prog.Buf) { b.Concat(2, x) }, "no axis 2"},
		{func(b *prog.Builder, x prog.Buf) { b.Concat(0) }, "wrong number of operands"},
		{func(b *prog.Builder, x prog.Buf) { b.Pad(x, []int{0, -1}, []int{0, 0}, 0) }, "padding [0 -1], [0 0]"},
		{func(b *prog.Builder, x prog.Buf) { b.Random(x, prog.RandomAttr{}) }, "the step is two numbers"},
		{func(b *prog.Builder, x prog.Buf) {
			b.Warp(b.Input("i", 4, 5, 5, 1), b.Input("t", 3, 6), prog.WarpAttr{})
		}, "Warp[[4,5,5,1] [3,6]]: wants images [N,H,W,C] and transforms [N,6]"},
		{func(b *prog.Builder, x prog.Buf) { b.Warp(b.Input("i", 4, 5, 0, 1), x, prog.WarpAttr{}) }, "wants images of at least one element"},
		{func(b *prog.Builder, x prog.Buf) {
			b.Warp(b.Input("i", 4, 5, 5, 1), x, prog.WarpAttr{Out: [2]int{-1, 1}})
		}, "has a negative dimension"},
		{func(b *prog.Builder, x prog.Buf) { b.Const([]float32{1, 2, 3}, 2, 2) }, "Const[]: 3 numbers for [2,2]"},
		{func(b *prog.Builder, x prog.Buf) { b.Reshape(x, 5, -1) }, "cannot reshape [4,6] (24 elements) to [5,-1]"},
		{func(b *prog.Builder, x prog.Buf) { b.Reshape(x, 23) }, "cannot reshape [4,6] (24 elements) to [23]"},
		{func(b *prog.Builder, x prog.Buf) { b.Assign(b.Var(0), x) }, "cannot assign [4,6] to w [3]"},
		{func(b *prog.Builder, x prog.Buf) { b.Assign(x, x) }, "cannot assign [4,6] to x [4,6]"},
		{func(b *prog.Builder, x prog.Buf) {
			b.Assign(b.Var(0), b.Fill(1, 3))
			b.Assign(b.StoreRange("part", 2, 3), b.Fill(1, 3))
		}, "part is assigned or updated twice"},
		{func(b *prog.Builder, x prog.Buf) {
			b.Assign(b.Var(1), b.Fill(1, 3))
			b.Update(prog.UpdateAttr{Rule: prog.RuleMomentum}, b.Var(0), b.Var(0), b.Input("h", prog.HyperSize), b.Var(1))
		}, "v is assigned or updated twice"},
		{func(b *prog.Builder, x prog.Buf) { b.StoreRange("more", 4, 3) }, "variable more[3] at 4 is outside the store"},
		{func(b *prog.Builder, x prog.Buf) {
			b.Update(prog.UpdateAttr{Rule: prog.RuleMomentum}, b.Var(0), b.Var(0), b.Input("h", prog.HyperSize))
		}, "Update: wrong operands for its rule"},
		{func(b *prog.Builder, x prog.Buf) {
			b.Update(prog.UpdateAttr{Rule: prog.RuleSGD}, b.Var(0), x, b.Input("h", prog.HyperSize))
		}, "Update sgd: operand 1 has 24 elements, wanted 3"},
		{func(b *prog.Builder, x prog.Buf) {
			b.Update(prog.UpdateAttr{Rule: prog.RuleSGD}, b.Var(0), b.Var(1), x)
		}, "Update sgd: operand 2 has 24 elements, wanted 5"},
		{func(b *prog.Builder, x prog.Buf) {
			b.Update(prog.UpdateAttr{Rule: prog.RuleSGD}, x, x, b.Input("h", prog.HyperSize))
		}, "Update sgd: operand 0 is no variable changed in place"},
		{func(b *prog.Builder, x prog.Buf) {
			b.Update(prog.UpdateAttr{Rule: prog.RuleMomentum}, b.Var(0), b.Var(1), b.Input("h", prog.HyperSize), b.StoreRange("m", 2, 3))
		}, "Update momentum: operand 3 overlaps another"},
		{func(b *prog.Builder, x prog.Buf) { b.Add(x, prog.None) }, "Binary: operand 1 is missing"},
		{func(b *prog.Builder, x prog.Buf) { b.Reshape(prog.None, 3) }, "reshape: operand 0 is missing"},
		{func(b *prog.Builder, x prog.Buf) { b.Output("y", prog.None) }, "output y: operand 0 is missing"},
		{func(b *prog.Builder, x prog.Buf) { b.Assign(prog.None, prog.None) }, "assign: operand 0 is missing"},
		{func(b *prog.Builder, x prog.Buf) {
			b.Update(prog.UpdateAttr{}, prog.None, b.Var(0), b.Input("h", prog.HyperSize))
		}, "Update sgd: operand 0 is missing"},
	} {
		s := &prog.Store{}
		s.Add("w", prog.Shape{3})
		s.Add("v", prog.Shape{3})
		b := prog.NewBuilder("model", s)
		x := b.Input("x", 4, 6)
		b.Scope("dense_1")
		c.record(b, x)
		_, err := b.Build()
		switch {
		case err == nil:
			t.Errorf("no error, wanted %q", c.want)
		case !errors.Is(err, prog.ErrProgram):
			t.Errorf("%v does not wrap ErrProgram", err)
		case !strings.HasPrefix(err.Error(), "model: dense_1: ") || !strings.Contains(err.Error(), c.want):
			t.Errorf("error %q, wanted model: dense_1: and %q", err, c.want)
		}
	}
}

// The first error stays, later calls return None and change nothing, and both Builds report it.
func TestBuilderErrorSticks(t *testing.T) {
	b := prog.NewBuilder("model", nil)
	x := b.Input("x", 4, 6)
	mine := errors.New("dense_1 wants 5 features")
	b.Scope("dense_1")
	if got := b.Fail(mine); got != prog.None {
		t.Errorf("Fail returned %v", got)
	}
	b.Fail(errors.New("a later one"))
	b.Scope("dense_2")
	for i, got := range []prog.Buf{
		b.MatMul(x, x, false, false), b.Unary(prog.Exp, x), b.Input("y", -1), b.Output("z", x), b.Reshape(x, 7),
		b.Reduce(prog.Sum, x, false), b.Xent(x, x, false), b.BinaryXent(x, x), b.Concat(-1, x, x), b.Pack(x), b.Fill(1), b.Broadcast(x, nil),
		prog.Grad(b, x, []prog.Buf{x})[0],
	} {
		if got != prog.None {
			t.Errorf("call %d after the error returned %v", i, got)
		}
	}
	b.Assign(x, x)
	b.Update(prog.UpdateAttr{}, x, x, x)
	if b.Shape(x) != nil {
		t.Errorf("Shape after the error is %v", b.Shape(x))
	}
	for _, build := range []func() (*prog.Program, error){b.Build, b.BuildPlain} {
		p, err := build()
		if p != nil || !errors.Is(err, mine) || err.Error() != "model: dense_1: dense_1 wants 5 features" {
			t.Errorf("Build: %v, %v", p, err)
		}
	}
	if !errors.Is(b.Err(), mine) {
		t.Errorf("Err: %v", b.Err())
	}
}

// The normal numbers' first four moments over 400,000 of them, within five standard errors, and how many lie
// within 1, 2 and 3 standard deviations; the two of a pair do not go together.
func TestNormals(t *testing.T) {
	const pairs = 200_000
	var sum [5]float64
	var within [4]int
	together, farthest := 0.0, 0.0
	for i := range uint32(pairs) {
		w := prog.Philox([4]uint32{i}, [2]uint32{7})
		x, y := prog.Normals(w[0], w[1])
		together += x * y
		for _, z := range []float64{x, y} {
			for k := range sum {
				sum[k] += math.Pow(z, float64(k))
			}
			for k := range within {
				if math.Abs(z) < float64(k) {
					within[k]++
				}
			}
			farthest = math.Max(farthest, math.Abs(z))
		}
	}
	n := sum[0]
	for k, want := range []float64{1, 0, 1, 0, 3} { // E zᵏ, whose estimate's variance is (E z²ᵏ - (E zᵏ)²)/n
		if got, e := sum[k]/n, math.Sqrt([]float64{0, 1, 2, 15, 96}[k]/n); math.Abs(got-want) > 5*e {
			t.Errorf("moment %d is %v, wanted %v to %v", k, got, want, 5*e)
		}
	}
	for k := 1; k < 4; k++ {
		p := math.Erf(float64(k) / math.Sqrt2)
		if got, e := float64(within[k])/n, math.Sqrt(p*(1-p)/n); math.Abs(got-p) > 5*e {
			t.Errorf("%v are within %d standard deviations, wanted %v to %v", got, k, p, 5*e)
		}
	}
	if r := together / pairs; math.Abs(r) > 5/math.Sqrt(pairs) {
		t.Errorf("the numbers of a pair correlate: %v", r)
	}
	if x, y := prog.Normals(0, 0); farthest > x || math.Abs(x-math.Sqrt(48*math.Ln2)) > 1e-12 || y != 0 {
		t.Errorf("the farthest are %v and %v, one was %v", x, y, farthest)
	}
}

// Known answers of Random123's kat_vectors for philox4x32-10.
func TestPhilox(t *testing.T) {
	for _, c := range []struct {
		ctr  [4]uint32
		key  [2]uint32
		want [4]uint32
	}{
		{[4]uint32{}, [2]uint32{}, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{
			[4]uint32{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, [2]uint32{0xffffffff, 0xffffffff},
			[4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
		},
		{
			[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0},
			[4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
		},
	} {
		if got := prog.Philox(c.ctr, c.key); got != c.want {
			t.Errorf("Philox(%x, %x) = %x, wanted %x", c.ctr, c.key, got, c.want)
		}
	}
	for _, step := range []uint64{0, 1, 1<<24 - 1, 1 << 24, 1<<47 + 12345} {
		if w := prog.StepWords(step); uint64(w[0])+uint64(w[1])<<24 != step {
			t.Errorf("StepWords(%d) = %v", step, w)
		}
	}
}
