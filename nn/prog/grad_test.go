package prog_test

import (
	"strings"
	"testing"

	"github.com/tabgrad/tabgrad/nn/prog"
)

func count(p *prog.Program, code prog.Code) int {
	n := 0
	for _, op := range p.Ops {
		if op.Code == code {
			n++
		}
	}
	return n
}

// twoConvs is two convolutions and a dense layer, over variables 0 to 2.
func twoConvs(b *prog.Builder, x prog.Buf) (loss prog.Buf, w []prog.Buf) {
	for i := range 3 {
		w = append(w, b.Var(i))
	}
	a := prog.ConvAttr{Stride: unit, Dilation: unit, Groups: 1}
	h := b.Unary(prog.Relu, b.Conv2D(x, w[0], a))
	h = b.Unary(prog.Relu, b.Conv2D(h, w[1], a))
	y := b.MatMul(b.Reshape(h, 2, -1), w[2], false, false)
	return b.Reduce(prog.Mean, b.Mul(y, y), false), w
}

func threeKernels() *prog.Store {
	s := &prog.Store{}
	s.Add("conv/kernel", prog.Shape{3, 3, 1, 2})
	s.Add("conv_1/kernel", prog.Shape{2, 2, 2, 3})
	s.Add("dense/kernel", prog.Shape{12, 4})
	return s
}

// What no wanted gradient needs is never computed, even before Fuse: the plain program is counted.
func TestGradComputesOnlyWhatIsWanted(t *testing.T) {
	for _, c := range []struct {
		name                            string
		wanted                          []int
		input                           bool
		inputGrads, kernelGrads, matmul int // MatMul besides the forward one
	}{
		{"all kernels: the first convolution's input gradient is not needed", []int{0, 1, 2}, false, 1, 2, 2},
		{"first convolution frozen", []int{1, 2}, false, 0, 1, 2},
		{"only the dense layer", []int{2}, false, 0, 0, 1},
		{"dense layer frozen: its input gradient is still needed", []int{0, 1}, false, 1, 2, 1},
		{"only the first convolution", []int{0}, false, 1, 1, 1},
		{"the input alone", nil, true, 2, 0, 1},
		{"nothing", nil, false, 0, 0, 0},
	} {
		b := prog.NewBuilder("grad", threeKernels())
		x := b.Input("x", 2, 5, 5, 1)
		loss, w := twoConvs(b, x)
		var wrt []prog.Buf
		for _, i := range c.wanted {
			wrt = append(wrt, w[i])
		}
		if c.input {
			wrt = append(wrt, x)
		}
		for i, g := range prog.Grad(b, loss, wrt) {
			if !b.Shape(g).Equal(b.Shape(wrt[i])) {
				t.Errorf("%s: gradient %d is %v of %v", c.name, i, b.Shape(g), b.Shape(wrt[i]))
			}
			b.Output("g"+string(rune('0'+i)), g)
		}
		p, err := b.BuildPlain()
		if err != nil {
			t.Fatal(err)
		}
		if got := [3]int{count(p, prog.Conv2DInputGrad), count(p, prog.Conv2DKernelGrad), count(p, prog.MatMul) - 1}; got != [3]int{c.inputGrads, c.kernelGrads, c.matmul} {
			t.Errorf("%s: %d input gradients, %d kernel gradients, %d products, wanted %d, %d, %d\n%v",
				c.name, got[0], got[1], got[2], c.inputGrads, c.kernelGrads, c.matmul, p)
		}
	}
}

// Golden texts of gradients where the structure is the point.
func TestGradStructure(t *testing.T) {
	for _, c := range []struct {
		name   string
		record func(b *prog.Builder, w []prog.Buf) (loss prog.Buf, wrt []prog.Buf) // w: [3], [3], [2,3]
	}{
		// Both uses' gradients are added; a reshape of a variable is the same variable.
		{"used_twice", func(b *prog.Builder, w []prog.Buf) (prog.Buf, []prog.Buf) {
			y := b.Mul(b.Unary(prog.Exp, w[0]), b.Reshape(w[0], 1, 3))
			return b.Reduce(prog.Sum, y, false), w[:1]
		}},
		{"asked_for_twice", func(b *prog.Builder, w []prog.Buf) (prog.Buf, []prog.Buf) {
			return b.Reduce(prog.Sum, b.Unary(prog.Square, w[0]), false), []prog.Buf{w[0], w[0]}
		}},
		{"unused_gets_zeros", func(b *prog.Builder, w []prog.Buf) (prog.Buf, []prog.Buf) {
			return b.Reduce(prog.Sum, b.Unary(prog.Square, w[0]), false), []prog.Buf{w[1], w[0]}
		}},
		{"flat_functions_stop", func(b *prog.Builder, w []prog.Buf) (prog.Buf, []prog.Buf) {
			y := b.Add(b.Unary(prog.Sign, w[0]), b.Binary(prog.Greater, w[0], w[1]))
			return b.Reduce(prog.Sum, y, false), w[:2]
		}},
		// One of two ways is stopped.
		{"stopped", func(b *prog.Builder, w []prog.Buf) (prog.Buf, []prog.Buf) {
			return b.Reduce(prog.Sum, b.Mul(b.Stop(b.Unary(prog.Exp, w[0])), w[0]), false), w[:1]
		}},
		// Broadcasting is undone by sums over exactly the stretched dimensions.
		{"broadcast", func(b *prog.Builder, w []prog.Buf) (prog.Buf, []prog.Buf) {
			return b.Reduce(prog.Sum, b.Mul(w[2], b.Mul(b.Reshape(w[0], 1, 3), b.Fill(2, 4, 1, 1))), false), []prog.Buf{w[0], w[2]}
		}},
		// A gradient for the logit only, although the target depends on nothing wanted.
		{"xent", func(b *prog.Builder, w []prog.Buf) (prog.Buf, []prog.Buf) {
			return b.Reduce(prog.Mean, b.Xent(b.Softmax(w[2]), b.Fill(0.5, 2, 3), false), false), w[2:]
		}},
	} {
		s := &prog.Store{}
		s.Add("a", prog.Shape{3})
		s.Add("b", prog.Shape{3})
		s.Add("c", prog.Shape{2, 3})
		b := prog.NewBuilder(c.name, s)
		loss, wrt := c.record(b, []prog.Buf{b.Var(0), b.Var(1), b.Var(2)})
		for i, g := range prog.Grad(b, loss, wrt) {
			b.Output("grad "+string(rune('0'+i)), g)
		}
		p, err := b.Build()
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "grad_"+c.name+".txt", p.String())
	}
}

func TestGradErrors(t *testing.T) {
	for _, c := range []struct {
		record func(b *prog.Builder, x prog.Buf) prog.Buf // x is [2,3] and wanted
		want   string
	}{
		{func(b *prog.Builder, x prog.Buf) prog.Buf { return x }, "the loss is [2,3], wanted a scalar"},
		{func(b *prog.Builder, x prog.Buf) prog.Buf { return b.Reduce(prog.Sum, b.ArgMax(x), false) }, "gradient: ArgMax has no gradient"},
		{func(b *prog.Builder, x prog.Buf) prog.Buf {
			return b.Reduce(prog.Sum, b.SoftmaxXent(b.Input("z", 2, 3), x, false), false)
		}, "gradient: SoftmaxXent has no gradient for its targets"},
		{func(b *prog.Builder, x prog.Buf) prog.Buf {
			return b.Reduce(prog.Sum, b.BinaryXent(b.Input("p", 2, 3), x), false)
		}, "gradient: binary_xent has no gradient for its targets"},
		{func(b *prog.Builder, x prog.Buf) prog.Buf {
			t := b.Reshape(x, 1, 6)
			return b.Reduce(prog.Sum, b.Warp(b.Input("i", 1, 2, 2, 1), t, prog.WarpAttr{Out: unit}), false)
		}, "gradient: Warp has no gradient for its transforms"},
		{func(b *prog.Builder, x prog.Buf) prog.Buf { return prog.None }, "gradient: operand 0 is missing"},
	} {
		b := prog.NewBuilder("grad", nil)
		x := b.Input("x", 2, 3)
		grads := prog.Grad(b, c.record(b, x), []prog.Buf{x})
		if grads[0] != prog.None || b.Err() == nil || !strings.Contains(b.Err().Error(), c.want) {
			t.Errorf("Grad gave %v and error %v, wanted %q", grads, b.Err(), c.want)
		}
	}
}
