package prog_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// Each case breaks a sound program in one way, by hand, and Verify must say so.
func TestVerifyCatches(t *testing.T) {
	find := func(p *prog.Program, code prog.Code) int {
		i := slices.IndexFunc(p.Ops, func(op prog.Op) bool { return op.Code == code })
		if i < 0 {
			t.Fatalf("no %v in\n%v", code, p)
		}
		return i
	}
	for _, c := range []struct {
		rule   string
		record func(b *prog.Builder)
		damage func(p *prog.Program)
		want   string
	}{
		{"shapes", chain, func(p *prog.Program) { p.Bufs[p.Find("y")].Shape = prog.Shape{-2} }, "has a negative dimension"},
		{"arena", chain, func(p *prog.Program) { p.Arena = 10 }, "lies outside the arena"},
		{"views: offset", region, func(p *prog.Program) { breakView(p, func(b *prog.Buffer) { b.Offset = 100 }) }, "is a view outside"},
		{"views: negative offset", region, func(p *prog.Program) { breakView(p, func(b *prog.Buffer) { b.Offset = -1 }) }, "is a view outside"},
		{"views of views", region, func(p *prog.Program) {
			var views []prog.Buf
			for i, b := range p.Bufs {
				if b.Base != prog.None {
					views = append(views, prog.Buf(i))
				}
			}
			p.Bufs[views[1]].Base = views[0]
		}, "is a view outside"},
		{"read before written", chain, func(p *prog.Program) { slices.Reverse(p.Ops) }, "is read before it is written"},
		{"region read before it is whole", region, func(p *prog.Program) {
			p.Ops = slices.Delete(p.Ops, find(p, prog.UnaryOp), find(p, prog.UnaryOp)+1)
		}, "is read before it is written"},
		{"output never written", chain, func(p *prog.Program) { p.Ops = p.Ops[:len(p.Ops)-1] }, "at the end: y is read before it is written"},
		{"read after its space is gone", reuse, func(p *prog.Program) {
			// The last op reads the first result, whose space the third took.
			last := &p.Ops[len(p.Ops)-1]
			last.In = []prog.Buf{p.Ops[0].Out[0]}
		}, "is read after its space was given away"},
		{"operands fit the op", chain, func(p *prog.Program) {
			op := &p.Ops[find(p, prog.MatMul)]
			op.In[0], op.In[1] = op.In[1], op.In[0]
		}, "inner dimensions"},
		{"an operand too few", chain, func(p *prog.Program) {
			op := &p.Ops[find(p, prog.MatMul)]
			op.In = op.In[:1]
		}, "wrong number of operands"},
		{"bias", chain, func(p *prog.Program) {
			op := &p.Ops[find(p, prog.MatMul)]
			op.In = append(op.In, op.In[0])
			op.Attr = prog.MatMulAttr{Epilogue: prog.Epilogue{Bias: true}}
		}, "bias of"},
		{"gradient reference", chain, func(p *prog.Program) {
			op := &p.Ops[find(p, prog.MatMul)]
			op.In = append(op.In, op.In[0])
			op.Attr = prog.MatMulAttr{Epilogue: prog.Epilogue{Act: prog.Relu, Grad: true}}
		}, "gradient reference of"},
		{"activation", chain, func(p *prog.Program) {
			p.Ops[find(p, prog.MatMul)].Attr = prog.MatMulAttr{Epilogue: prog.Epilogue{Act: prog.Log}}
		}, "log is no activation"},
		{"bias gradient", convStep, func(p *prog.Program) {
			op := &p.Ops[find(p, prog.Conv2DKernelGrad)]
			op.Out = []prog.Buf{op.Out[0], op.In[0]}
		}, "output 1 is [1,4,4,1], wanted [2]"},
		{"number of outputs", chain, func(p *prog.Program) {
			op := &p.Ops[find(p, prog.MatMul)]
			op.Out = append(op.Out, op.Out[0])
		}, "2 outputs"},
		{"output shape", chain, func(p *prog.Program) { p.Bufs[p.Ops[find(p, prog.MatMul)].Out[0]].Shape = prog.Shape{3, 4} }, "output 0 is [3,4], wanted [4,3]"},
		{"inputs are not written", chain, func(p *prog.Program) {
			p.Ops = append(p.Ops, prog.Op{Code: prog.Copy, In: []prog.Buf{p.Find("x")}, Out: []prog.Buf{p.Find("x")}})
		}, "an input is written"},
		{"variables are only assigned", func(b *prog.Builder) { b.Assign(b.Var(0), b.Input("x", 3)) }, func(p *prog.Program) {
			p.Ops[0].Code, p.Ops[0].Attr = prog.UnaryOp, prog.UnaryAttr{Fn: prog.Exp}
		}, "a variable is written"},
		{"an assigned variable is not read any more", func(b *prog.Builder) {
			b.Assign(b.Var(0), b.Input("x", 3))
			b.Output("y", b.Unary(prog.Exp, b.Var(0)))
		}, func(p *prog.Program) { slices.Reverse(p.Ops) }, "v is read after it was assigned"},
		{"a variable is assigned once", func(b *prog.Builder) { b.Assign(b.Var(0), b.Input("x", 3)) }, func(p *prog.Program) {
			p.Ops = append(p.Ops, p.Ops[0])
		}, "v is written twice"},
		{"an assigned variable is not updated any more", func(b *prog.Builder) {
			b.Update(prog.UpdateAttr{Rule: prog.RuleSGD}, b.Var(0), b.Input("g", 3), b.Input("h", prog.HyperSize))
			b.Assign(b.Var(0), b.Unary(prog.Abs, b.Var(0)))
		}, func(p *prog.Program) { p.Ops[0], p.Ops[1], p.Ops[2] = p.Ops[1], p.Ops[2], p.Ops[0] }, "v is read after it was assigned"},
		{"written twice", reuse, func(p *prog.Program) { p.Ops = append(p.Ops, p.Ops[len(p.Ops)-1]) }, "is written twice"},
		{"a region's space is its own from the first part on", lateTenant, func(p *prog.Program) {
			// The op that takes the space of the dead region moves between its parts.
			tenant := find(p, prog.Transpose)
			op := p.Ops[tenant]
			p.Ops = slices.Insert(slices.Delete(p.Ops, tenant, tenant+1), 1, op)
		}, "is written after a part of it was given away"},
		{"unplaced", func(b *prog.Builder) {
			b.Unary(prog.Exp, b.Input("x", 3)) // dead, so it has no place
			b.Output("y", b.Fill(1, 3))
		}, func(p *prog.Program) {
			for i, b := range p.Bufs {
				if at, _ := p.Place(prog.Buf(i)); at < 0 && b.Kind == prog.Temp {
					p.Ops = append(p.Ops, prog.Op{Code: prog.Copy, In: []prog.Buf{p.Find("x")}, Out: []prog.Buf{prog.Buf(i)}})
				}
			}
		}, "has no place"},
		{"only some ops run in place", chain, func(p *prog.Program) {
			op := &p.Ops[find(p, prog.UnaryOp)]
			op.Code, op.Attr = prog.Broadcast, prog.ShapeAttr{Shape: p.Shape(op.Out[0])}
		}, "overlaps its operand"},
		{"inputs keep their values", func(b *prog.Builder) { chain(b); b.Input("z", 40) }, func(p *prog.Program) {
			z := p.Find("z")
			at, _ := p.Place(z)
			p.Bufs[z].Shape = prog.Shape{p.Arena - at} // over everything behind it
		}, "at the end: z is read after its space was given away"},
		{"update's operands", func(b *prog.Builder) {
			b.Update(prog.UpdateAttr{Rule: prog.RuleSGD}, b.Var(0), b.Input("g", 3), b.Input("h", prog.HyperSize))
		}, func(p *prog.Program) { p.Ops[0].Out[0] = p.Find("g") }, "is no variable changed in place"},
	} {
		s := &prog.Store{}
		s.Add("v", prog.Shape{3})
		b := prog.NewBuilder("broken", s)
		c.record(b)
		p, err := b.Build()
		if err != nil {
			t.Fatalf("%s: %v", c.rule, err)
		}
		c.damage(p)
		err = p.Verify()
		if err == nil || !errors.Is(err, prog.ErrProgram) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: Verify gave %v, wanted %q\n%v", c.rule, err, c.want, p)
		}
	}
}

// chain is y = tanh'd products that run in place.
func chain(b *prog.Builder) {
	y := b.MatMul(b.Input("x", 4, 5), b.Input("w", 5, 3), false, false)
	b.Output("y", b.Softmax(b.Unary(prog.Exp, y)))
}

// region is a Pack of two parts that are computed in place.
func region(b *prog.Builder) {
	x := b.Input("x", 2, 3)
	b.Output("y", b.Unary(prog.Square, b.Pack(b.Transpose(x, 1, 0), b.Unary(prog.Exp, x))))
}

// reuse is a chain of ops that cannot run in place: every second result reuses the same space.
func reuse(b *prog.Builder) {
	x := b.Input("x", 20, 30)
	for range 4 {
		x = b.Transpose(x, 1, 0)
	}
	b.Output("y", x)
}

// lateTenant is a region that dies, and a transposition that is then put where it was.
func lateTenant(b *prog.Builder) {
	x := b.Input("x", 20, 30)
	dead := b.Pack(b.Unary(prog.Exp, x), b.Unary(prog.Neg, x))
	b.Output("sum", b.Reduce(prog.Sum, dead, false))
	b.Output("total", b.Reduce(prog.Sum, b.Transpose(x, 1, 0), false))
}

func convStep(b *prog.Builder) {
	x, w := b.Input("x", 1, 4, 4, 1), b.Input("w", 3, 3, 1, 2)
	loss := b.Reduce(prog.Sum, b.Unary(prog.Square, conv(b, x, w, b.Fill(0.5, 2))), false)
	b.Output("g", prog.Grad(b, loss, []prog.Buf{w})[0])
}

func breakView(p *prog.Program, damage func(b *prog.Buffer)) {
	for i := range p.Bufs {
		if p.Bufs[i].Base != prog.None {
			damage(&p.Bufs[i])
			return
		}
	}
}
