package prog_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// recurrent records a layer over x [3,4,2] with 5 units, a loss of all it returns, and the gradients.
func recurrent(b *prog.Builder, k int, layer func(r prog.Recurrence) prog.Recurred, r prog.Recurrence, all bool) {
	r.X, r.Kernel, r.Recurrent = b.Input("x", 3, 4, 2), b.Input("kernel", 2, k*5), b.Input("recurrent", 5, k*5)
	r.Bias = b.Input("bias", k*5)
	out := layer(r)
	loss := b.Fill(0)
	for _, h := range append([]prog.Buf{}, out.State...) {
		loss = b.Add(loss, b.Reduce(prog.Sum, b.Unary(prog.Square, h), false))
	}
	if all {
		loss = b.Add(loss, b.Reduce(prog.Sum, b.Unary(prog.Exp, b.Output("all", out.All)), false))
	}
	b.Output("loss", loss)
	names := []string{"x", "kernel", "recurrent", "bias"}
	for i, d := range prog.Grad(b, loss, []prog.Buf{r.X, r.Kernel, r.Recurrent, r.Bias}) {
		b.Output("gradient of "+names[i], d)
	}
}

// Cells and their gradients give what the same step gives in elementwise ops.
func TestCellsEqualTheirDecompositions(t *testing.T) {
	for _, name := range []string{"LSTM", "GRU"} {
		for _, option := range []string{"", "mask", "state", "backwards", "mask state backwards", "drop", "drop gates"} {
			build := func(plain bool) *prog.Program {
				b := prog.NewBuilder(name+" "+option, nil)
				r := prog.Recurrence{Bias: prog.None, RecurrentBias: prog.None, Mask: prog.None, Plain: plain}
				r.Backwards = strings.Contains(option, "backwards")
				if strings.Contains(option, "mask") {
					r.Mask = b.Binary(prog.Greater, b.Input("mask", 3, 4), b.Fill(0))
				}
				k, layer := 4, b.LSTM
				if name == "GRU" {
					k, layer = 3, b.GRU
					r.RecurrentBias = b.Input("recurrent bias", 15)
				}
				if option == "drop" {
					r.Drop = []prog.Buf{b.Input("drop", 3, 5)}
				}
				for i := 0; option == "drop gates" && i < k; i++ {
					r.InputDrop = append(r.InputDrop, b.Input(fmt.Sprint("input drop ", i), 3, 2))
					r.Drop = append(r.Drop, b.Input(fmt.Sprint("drop ", i), 3, 5))
				}
				if strings.Contains(option, "state") {
					r.State = []prog.Buf{b.Input("h0", 3, 5)}
					if name == "LSTM" {
						r.State = append(r.State, b.Input("c0", 3, 5))
					}
				}
				recurrent(b, k, layer, r, true)
				p, err := b.Build()
				if err != nil {
					t.Fatal(err)
				}
				return p
			}
			fused, plain := build(false), build(true)
			if n := count(fused, prog.LSTMCell) + count(fused, prog.GRUCell); n != 4 {
				t.Errorf("%s %s: %d cells in 4 steps\n%v", name, option, n, fused)
			}
			if n := count(plain, prog.LSTMCell) + count(plain, prog.GRUCell); n != 0 {
				t.Errorf("%s %s: %d cells in the decomposition", name, option, n)
			}
			compareRuns(t, name+" "+option, plain, fused, 1e-12)
		}
	}
}

// A training step of an LSTM: the steps' parts are taken apart and joined without a copy, forwards and
// backwards, and each kernel's gradient is one product.
func TestSequencesAreNotCopied(t *testing.T) {
	for _, backwards := range []bool{false, true} {
		b := prog.NewBuilder("lstm", nil)
		recurrent(b, 4, b.LSTM, prog.Recurrence{Mask: prog.None, Backwards: backwards}, true)
		p, err := b.Build()
		if err != nil {
			t.Fatal(err)
		}
		copies := count(p, prog.Copy) + count(p, prog.Concat) + count(p, prog.Slice) + count(p, prog.Split) + count(p, prog.Pack)
		// Only a sequence that is gone through backwards is turned round, there and its gradient back.
		if want := map[bool]int{false: 0, true: 8}[backwards]; copies != want {
			t.Errorf("backwards %t: %d copies, wanted %d\n%v", backwards, copies, want, p)
		}
		// zx, its two gradients, 3 steps' products (the first state is zero), their 3 gradients, and the
		// recurrent kernel's one.
		if n := count(p, prog.MatMul); n != 10 {
			t.Errorf("backwards %t: %d products, wanted 10\n%v", backwards, n, p)
		}
		if !backwards {
			golden(t, "fuse_lstm.txt", p.String())
		}
	}
}

func TestSequenceErrors(t *testing.T) {
	for _, c := range []struct {
		record func(b *prog.Builder)
		want   string
	}{
		{func(b *prog.Builder) {
			b.LSTM(prog.Recurrence{X: b.Input("x", 2, 3, 4), Kernel: b.Input("w", 4, 20), Recurrent: b.Input("u", 6, 24), Mask: prog.None, Bias: prog.None})
		}, "recurrence over [2,3,4] by [4,20] and [6,24] with 0 states, wanted [N,T,F], [F,4u], [u,4u] and 2 states"},
		{func(b *prog.Builder) {
			b.GRU(prog.Recurrence{
				X: b.Input("x", 2, 3, 4), Kernel: b.Input("w", 4, 6), Recurrent: b.Input("u", 2, 6), Mask: b.Input("m", 2, 2),
				Bias: prog.None, RecurrentBias: prog.None,
			})
		}, "the mask is [2,2] for a sequence of [2,3,4]"},
		{func(b *prog.Builder) { b.LSTM(prog.Recurrence{X: prog.None}) }, "recurrence: operand 0 is missing"},
		{func(b *prog.Builder) {
			b.LSTMCell(b.Input("zx", 2, 8), b.Input("zh", 2, 6), b.Input("c", 2, 2), prog.None, prog.None)
		}, "LSTMCell[[2,8] [2,6] [2,2]]: got [2,6] for a state of [2,2], wanted [2,8]"},
		{func(b *prog.Builder) {
			b.GRUCell(b.Input("zx", 2, 6), b.Input("zh", 2, 6), b.Input("h", 2, 2), b.Input("mask", 3))
		}, "the mask is [3], wanted [2]"},
		{func(b *prog.Builder) { b.Split(b.Input("x", 5), prog.Shape{2}, prog.Shape{2}) }, "parts [[2] [2]] of 5 elements"},
		{func(b *prog.Builder) { b.Parts(b.Input("x")) }, "cannot take [] apart"},
		{func(b *prog.Builder) { b.Stack() }, "nothing to stack"},
		{func(b *prog.Builder) { b.Stack(b.Input("x", 2), b.Input("y", 3)) }, "cannot stack [3] on [2]"},
	} {
		b := prog.NewBuilder("model", nil)
		c.record(b)
		if _, err := b.Build(); err == nil || !errors.Is(err, prog.ErrProgram) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, wanted %q", err, c.want)
		}
	}
}
