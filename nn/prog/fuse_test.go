package prog_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/tabgrad/tabgrad/nn/cpu"
	"github.com/tabgrad/tabgrad/nn/prog"
)

// A fuseCase is a program whose text before and after Fuse is in testdata/fuse_*.txt. The two must
// also compute the same.
type fuseCase struct {
	name   string
	record func(b *prog.Builder)
}

var plainConv = prog.ConvAttr{Stride: unit, Dilation: unit, Groups: 1}

var fuseCases = []fuseCase{
	{"dense", func(b *prog.Builder) {
		y := b.MatMul(b.Input("x", 4, 5), b.Input("w", 5, 3), false, false)
		b.Output("y", b.Unary(prog.Tanh, b.Add(y, b.Input("bias", 3))))
	}},
	{"conv", func(b *prog.Builder) {
		y := b.Conv2D(b.Input("x", 1, 4, 4, 2), b.Input("w", 3, 3, 2, 3), plainConv)
		b.Output("y", b.UnaryConst(prog.LeakyRelu, b.Add(y, b.Input("bias", 3)), 0.3, 0))
	}},
	// A transposed convolution is finished as others are, and so is the convolution that is its backward pass.
	{"transposed_gradients", func(b *prog.Builder) {
		x, w, v := b.Input("x", 1, 3, 3, 2), b.Input("w", 2, 2, 3, 2), b.Input("v", 2, 2, 2, 3)
		a := plainConv
		a.In = [2]int{4, 4}
		h := b.Unary(prog.Sigmoid, b.Add(b.Conv2DInputGrad(x, w, a), b.Var(0)))
		a.In = [2]int{5, 5}
		loss := b.Reduce(prog.Sum, b.Unary(prog.Square, b.Conv2DInputGrad(h, v, a)), false)
		for i, g := range prog.Grad(b, loss, []prog.Buf{b.Var(0), w, v}) {
			b.Output(fmt.Sprint("grad ", i), g)
		}
	}},
	{"activation_without_bias", func(b *prog.Builder) {
		b.Output("y", b.Unary(prog.Gelu, b.MatMul(b.Input("x", 4, 5), b.Input("w", 5, 3), false, false)))
	}},
	// Exp is no activation: it stays an op of its own.
	{"no_activation", func(b *prog.Builder) {
		b.Output("y", b.Unary(prog.Exp, b.MatMul(b.Input("x", 4, 5), b.Input("w", 5, 3), false, false)))
	}},
	// Only the first activation rides along.
	{"two_activations", func(b *prog.Builder) {
		y := b.MatMul(b.Input("x", 4, 5), b.Input("w", 5, 3), false, false)
		b.Output("y", b.Unary(prog.Tanh, b.Unary(prog.Relu, y)))
	}},
	// Not a bias: [4,1] is added along the rows, and [1,3] is not a vector.
	{"not_a_bias", func(b *prog.Builder) {
		x, w := b.Input("x", 4, 5), b.Input("w", 5, 3)
		b.Output("y", b.Add(b.MatMul(x, w, false, false), b.Input("c", 4, 1)))
		b.Output("z", b.Add(b.MatMul(x, w, false, false), b.Input("r", 1, 3)))
	}},
	// The product without its bias is read, too, or is an output: both must stay.
	{"read_twice", func(b *prog.Builder) {
		y := b.MatMul(b.Input("x", 4, 5), b.Input("w", 5, 3), false, false)
		b.Output("y", b.Unary(prog.Relu, b.Add(y, b.Input("bias", 3))))
		b.Output("z", b.Unary(prog.Relu, b.Reshape(y, 12)))
	}},
	{"product_is_output", func(b *prog.Builder) {
		y := b.Output("product", b.MatMul(b.Input("x", 4, 5), b.Input("w", 5, 3), false, false))
		b.Output("y", b.Add(y, b.Input("bias", 3)))
	}},
	// The bias is computed after the product.
	{"late_bias", func(b *prog.Builder) {
		y := b.MatMul(b.Input("x", 4, 5), b.Input("w", 5, 3), false, false)
		b.Output("y", b.Add(y, b.Unary(prog.Exp, b.Input("bias", 3))))
	}},
	// The bias is a variable that is assigned: at the end, so that it can ride with the product.
	{"assigned_bias", func(b *prog.Builder) {
		y := b.MatMul(b.Input("x", 4, 5), b.Input("w", 5, 3), false, false)
		b.Assign(b.Var(0), b.Input("new", 3))
		b.Output("y", b.Add(y, b.Var(0)))
	}},
	// The bias is a variable that is updated between the product and the sum.
	{"updated_bias", func(b *prog.Builder) {
		y := b.MatMul(b.Input("x", 4, 5), b.Input("w", 5, 3), false, false)
		b.Update(prog.UpdateAttr{Rule: prog.RuleSGD}, b.Var(0), b.Input("g", 3), b.Input("rate", prog.HyperSize))
		b.Output("y", b.Add(y, b.Var(0)))
	}},
	{"dense_gradients", func(b *prog.Builder) {
		x, w, v := b.Input("x", 4, 5), b.Input("w", 5, 3), b.Input("v", 3, 2)
		h := b.Unary(prog.Sigmoid, b.Add(b.MatMul(x, w, false, false), b.Var(0)))
		loss := b.Reduce(prog.Sum, b.Unary(prog.Square, b.MatMul(h, v, false, false)), false)
		for i, g := range prog.Grad(b, loss, []prog.Buf{w, b.Var(0), v}) {
			b.Output(fmt.Sprint("grad ", i), g)
		}
	}},
	// The bias's gradient rides in Conv2DKernelGrad, the activation's in Conv2DInputGrad; Gelu's
	// gradient needs the pre-activation, so its forward stays an op.
	{"conv_gradients", func(b *prog.Builder) {
		x, w, v := b.Input("x", 1, 5, 5, 2), b.Input("w", 3, 3, 2, 3), b.Input("v", 2, 2, 3, 2)
		h := b.Unary(prog.Gelu, b.Add(b.Conv2D(x, w, plainConv), b.Var(0)))
		loss := b.Reduce(prog.Sum, b.Unary(prog.Square, b.Conv2D(h, v, plainConv)), false)
		for i, g := range prog.Grad(b, loss, []prog.Buf{b.Var(0), w, v}) {
			b.Output(fmt.Sprint("grad ", i), g)
		}
	}},
	{"dead_code", func(b *prog.Builder) {
		x := b.Input("x", 4)
		b.Unary(prog.Exp, b.Unary(prog.Neg, x))
		b.Output("y", b.Unary(prog.Square, x))
		b.Assign(b.Var(0), b.Fill(1, 3))
	}},
	// a and the sum are computed in the region; the input and the second a are copied there.
	{"pack", func(b *prog.Builder) {
		x := b.Input("x", 3)
		a := b.Unary(prog.Exp, x)
		b.Output("y", b.Pack(a, x, b.Reshape(b.Add(a, x), 3, 1), a))
	}},
}

func TestFuse(t *testing.T) {
	for _, c := range fuseCases {
		plain, fused := buildBoth(t, c.name, c.record)
		golden(t, "fuse_"+c.name+".txt", "before: "+plain.String()+"\nafter: "+fused.String())
		compareRuns(t, c.name, plain, fused, 0)
	}
}

func buildBoth(t *testing.T, name string, record func(b *prog.Builder)) (plain, fused *prog.Program) {
	t.Helper()
	var err error
	store := func() *prog.Store {
		s := &prog.Store{}
		s.Add("b", prog.Shape{3})
		return s
	}
	b := prog.NewBuilder(name, store())
	record(b)
	if plain, err = b.BuildPlain(); err != nil {
		t.Fatal(err)
	}
	b = prog.NewBuilder(name, store())
	record(b)
	if fused, err = b.Build(); err != nil {
		t.Fatal(err)
	}
	return plain, fused
}

// compareRuns runs two programs with the same inputs and outputs, by name, in float64.
func compareRuns(t *testing.T, name string, p, q *prog.Program, tolerance float64) {
	t.Helper()
	want, got := runOnce(t, p), runOnce(t, q)
	if len(want) != len(got) || len(want) == 0 {
		t.Fatalf("%s: %d outputs, and %d", name, len(want), len(got))
	}
	for out, w := range want {
		for i := range w {
			if d := math.Abs(got[out][i] - w[i]); !(d <= tolerance*(1+math.Abs(w[i]))) {
				t.Errorf("%s: %s[%d] is %v and %v\n%v\n%v", name, out, i, w[i], got[out][i], p, q)
				return
			}
		}
	}
}

// runOnce fills p's inputs and its store with numbers that follow from their names, and returns its
// outputs and its store by name.
func runOnce(t *testing.T, p *prog.Program) map[string][]float64 {
	t.Helper()
	loaded, err := cpu.New[float64](cpu.Options{Procs: 1}).Load(p)
	if err != nil {
		t.Fatal(err)
	}
	defer loaded.Close()
	e := loaded.(*cpu.Exec[float64])
	for i, b := range p.Bufs {
		if b.Kind == prog.Input || b.Name == "store" {
			rng := rand.New(rand.NewPCG(uint64(len(b.Name)), uint64(b.Name[0])))
			v := make([]float64, b.Shape.Size())
			for i := range v {
				v[i] = 2*rng.Float64() - 1
			}
			if err := e.WriteFloat64(prog.Buf(i), v); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := e.Run(); err != nil {
		t.Fatal(err)
	}
	out := map[string][]float64{}
	for i, b := range p.Bufs {
		if b.Kind == prog.Output || b.Name == "store" {
			out[b.Name] = make([]float64, b.Shape.Size())
			if err := e.ReadFloat64(prog.Buf(i), out[b.Name]); err != nil {
				t.Fatal(err)
			}
		}
	}
	return out
}

// The crossentropy of a softmax or sigmoid is recorded from the logits. Kept apart by a Copy, which
// hides where the probabilities come from, it must give the same loss and gradient.
func TestCrossentropyDecompositions(t *testing.T) {
	for _, c := range []struct {
		name        string
		fused       prog.Code
		probability func(b *prog.Builder, z prog.Buf) prog.Buf
		loss        func(b *prog.Builder, p prog.Buf) prog.Buf
	}{
		{"softmax", prog.SoftmaxXent,
			func(b *prog.Builder, z prog.Buf) prog.Buf { return b.Softmax(z) },
			func(b *prog.Builder, p prog.Buf) prog.Buf {
				return b.Xent(p, b.Unary(prog.Abs, b.Input("t", 4, 5)), false)
			}},
		{"softmax_sparse", prog.SoftmaxXent,
			func(b *prog.Builder, z prog.Buf) prog.Buf { return b.Softmax(z) },
			func(b *prog.Builder, p prog.Buf) prog.Buf { return b.Xent(p, b.Affine(b.Input("t", 4), 2, 2), true) }},
		{"sigmoid", prog.BinaryOp,
			func(b *prog.Builder, z prog.Buf) prog.Buf { return b.Unary(prog.Sigmoid, z) },
			func(b *prog.Builder, p prog.Buf) prog.Buf {
				return b.BinaryXent(p, b.Unary(prog.Abs, b.Input("t", 4, 5)))
			}},
	} {
		build := func(apart bool) *prog.Program {
			b := prog.NewBuilder(c.name, nil)
			z := b.Input("z", 4, 5)
			p := c.probability(b, b.Affine(z, 3, 0))
			if apart {
				p = b.Copy(p)
			}
			loss := b.Output("loss", b.Reduce(prog.Mean, c.loss(b, p), false))
			b.Output("gradient", prog.Grad(b, loss, []prog.Buf{z})[0])
			out, err := b.Build()
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		fused, apart := build(false), build(true)
		if count(fused, prog.Softmax) > 0 || count(fused, c.fused) == 0 {
			t.Errorf("%s: not computed from the logits:\n%v", c.name, fused)
		}
		if c.fused == prog.SoftmaxXent && count(apart, prog.Xent) != 1 {
			t.Errorf("%s: the decomposition is no decomposition:\n%v", c.name, apart)
		}
		compareRuns(t, c.name, fused, apart, 1e-12)
	}
}
