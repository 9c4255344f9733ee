//go:build !js

package kernels

import "github.com/tabgrad/tabgrad/wasm/asm"

func init() {
	add(
		Kernel{
			Op:   OpLSTMCell,
			Name: "f32_lstm_cell",
			Doc:  "c' = f*c + i*g; h' = o*tanh(c') with the gates of zx + zh",
			Args: []string{"new_h", "new_c", "saved", "zx", "zh", "c", "mask", "h", "n", "u"},
			emit: emitLSTMCell,
		},
		Kernel{
			Op:   OpLSTMCellGrad,
			Name: "f32_lstm_cell_grad",
			Doc:  "the gradient of f32_lstm_cell",
			Args: []string{"dz", "dc", "dh", "saved", "c", "dnew_h", "dnew_c", "mask", "n", "u"},
			emit: func(k *Body) {
				// Without a mask there is no dh, which would be one stream more.
				k.IfElse(k.Arg("mask"), func() { emitLSTMCellGrad(k, true) }, func() { emitLSTMCellGrad(k, false) })
			},
		},
		Kernel{
			Op:   OpGRUCell,
			Name: "f32_gru_cell",
			Doc:  "h' = z*h + (1-z)*n with the gates of zx and zh",
			Args: []string{"new_h", "saved", "zx", "zh", "h", "mask", "n", "u"},
			emit: emitGRUCell,
		},
		Kernel{
			Op:   OpGRUCellGrad,
			Name: "f32_gru_cell_grad",
			Doc:  "the gradient of f32_gru_cell",
			Args: []string{"dzx", "dzh", "dh", "saved", "h", "dnew_h", "mask", "n", "u"},
			emit: emitGRUCellGrad,
		},
	)
}

// A gated operand has rows of gates·u elements.
type gated struct {
	name  string
	gates int
}

// cells emits fn over this lane's share of the units of all rows: in and out are in the order of the
// operands, and of the gates within each; mask is not 0 where a row takes part, and 1 without a mask.
func (k *Body) cells(in, out []gated, fn func(v []asm.F32x4, mask asm.F32x4) []asm.F32x4) {
	u, maskAt := k.Arg("u"), k.Arg("mask")
	mask := k.let(cv(1))
	pointers := func(operands []gated, row, col asm.I32) (ps []asm.I32) {
		for _, o := range operands {
			p := k.LetI32(k.Arg(o.name).Add(row.Mul(u).MulC(o.gates).Add(col).MulC(4)))
			for g := range o.gates {
				if g > 0 {
					p = k.LetI32(p.Add(u.MulC(4)))
				}
				ps = append(ps, p)
			}
		}
		return ps
	}
	k.walk(k.Arg("n"), u, asm.C(0), 0).each(func(row, col, run asm.I32) {
		k.If(maskAt, func() { mask.Set(maskAt.Add(row.MulC(4)).LoadSplatF32x4(0)) })
		k.span(run, pointers(in, row, col), pointers(out, row, col), true, func(v []asm.F32x4) []asm.F32x4 {
			return fn(v, mask)
		})
	})
}

func emitLSTMCell(k *Body) {
	in := []gated{{"zx", 4}, {"zh", 4}, {"c", 1}, {"h", 1}}
	out := []gated{{"saved", 5}, {"new_c", 1}, {"new_h", 1}}
	k.cells(in, out, func(v []asm.F32x4, mask asm.F32x4) []asm.F32x4 {
		i, f := k.let(k.sigmoid(v[0].Add(v[4]))), k.let(k.sigmoid(v[1].Add(v[5])))
		g, o := k.let(k.tanh(v[2].Add(v[6]))), k.let(k.sigmoid(v[3].Add(v[7])))
		c := k.let(k.Builder.MAdd(f, v[8], i.Mul(g)))
		t := k.let(k.tanh(c))
		part := k.LetI32x4(mask.Ne(cv(0)))
		return []asm.F32x4{i, f, g, o, t, c.Where(v[8], part), o.Mul(t).Where(v[9], part)}
	})
}

// slope is x(1-x), the derivative of a sigmoid whose value is x.
func slope(x asm.F32x4) asm.F32x4 { return x.Mul(cv(1).Sub(x)) }

func emitLSTMCellGrad(k *Body, masked bool) {
	in := []gated{{"saved", 5}, {"c", 1}, {"dnew_h", 1}, {"dnew_c", 1}}
	out := []gated{{"dz", 4}, {"dc", 1}}
	if masked {
		out = append(out, gated{"dh", 1})
	}
	k.cells(in, out, func(v []asm.F32x4, mask asm.F32x4) []asm.F32x4 {
		i, f, g, o, t, c, dh, dc := v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]
		e := k.let(k.Builder.MAdd(dh.Mul(o), cv(1).Sub(t.Mul(t)), dc))
		r := []asm.F32x4{
			e.Mul(g).Mul(slope(i)), e.Mul(c).Mul(slope(f)), e.Mul(i).Mul(cv(1).Sub(g.Mul(g))), dh.Mul(t).Mul(slope(o)), e.Mul(f),
		}
		if masked {
			part := k.LetI32x4(mask.Ne(cv(0)))
			for j := range 4 {
				r[j] = r[j].And(part.AsF32x4())
			}
			r[4] = r[4].Where(dc, part)
			r = append(r, dh.AndNot(part.AsF32x4()))
		}
		return r
	})
}

func emitGRUCell(k *Body) {
	in := []gated{{"zx", 3}, {"zh", 3}, {"h", 1}}
	out := []gated{{"saved", 4}, {"new_h", 1}}
	k.cells(in, out, func(v []asm.F32x4, mask asm.F32x4) []asm.F32x4 {
		y, h := v[5], v[6]
		z, r := k.let(k.sigmoid(v[0].Add(v[3]))), k.let(k.sigmoid(v[1].Add(v[4])))
		n := k.let(k.tanh(k.Builder.MAdd(r, y, v[2])))
		next := k.Builder.MAdd(z, h, cv(1).Sub(z).Mul(n))
		return []asm.F32x4{z, r, n, y, next.Where(h, mask.Ne(cv(0)))}
	})
}

func emitGRUCellGrad(k *Body) {
	in := []gated{{"saved", 4}, {"h", 1}, {"dnew_h", 1}}
	out := []gated{{"dzx", 3}, {"dzh", 3}, {"dh", 1}}
	k.cells(in, out, func(v []asm.F32x4, mask asm.F32x4) []asm.F32x4 {
		z, r, n, y, h, d := v[0], v[1], v[2], v[3], v[4], v[5]
		part := k.LetI32x4(mask.Ne(cv(0)))
		if0 := func(x asm.F32x4) asm.F32x4 { return k.let(x.And(part.AsF32x4())) }
		e := if0(d.Mul(cv(1).Sub(z)).Mul(cv(1).Sub(n.Mul(n))))
		dz, dr := if0(d.Mul(h.Sub(n)).Mul(slope(z))), if0(e.Mul(y).Mul(slope(r)))
		return []asm.F32x4{dz, dr, e, dz, dr, e.Mul(r).And(part.AsF32x4()), d.Mul(z).Where(d, part)}
	})
}
