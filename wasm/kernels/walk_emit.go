//go:build !js

package kernels

import "github.com/tabgrad/tabgrad/wasm/asm"

// A walk goes over a lane's share of the n elements of a tensor, row by row: rows of cols
// elements, which are numbered by up to rank outer dimensions. Those stand among the argument
// words from word table on, the innermost first, as a size and two strides in bytes each.
type walk struct {
	k                    *Body
	at, end, cols, table asm.I32
	rank                 asm.I32
}

func (k *Body) walk(n, cols, rank asm.I32, table int) walk {
	lo, hi := k.Share(n, eachLine)
	return walk{k: k, at: lo, end: hi, cols: cols, rank: rank, table: k.LetI32(k.args.AddC(4 * table))}
}

// each emits body for each row's part in the share: run elements of row from col on.
func (w walk) each(body func(row, col, run asm.I32)) {
	k := w.k
	i := k.LetI32(w.at)
	k.If(i.LtU(w.end), func() {
		row := k.LetI32(i.DivU(w.cols))
		col := k.LetI32(i.Sub(row.Mul(w.cols)))
		k.While(i.LtU(w.end), func() {
			run := k.LetI32(w.cols.Sub(col).MinU(w.end.Sub(i)))
			body(row, col, run)
			i.Set(i.Add(run))
			row.Set(row.AddC(1))
			col.Set(asm.C(0))
		})
	})
}

// offsets emits add for each outer dimension, with the row's offset along it. The outermost needs
// no division.
func (w walk) offsets(row asm.I32, add func(sa, sb asm.I32)) {
	k := w.k
	k.If(w.rank, func() {
		d, rest := k.LetI32(w.table), k.LetI32(row)
		last := k.LetI32(w.table.Add(w.rank.SubC(1).MulC(12)))
		k.While(d.LtU(last), func() {
			q := k.LetI32(rest.DivU(d.LoadI32(0)))
			i := k.LetI32(rest.Sub(q.Mul(d.LoadI32(0))))
			add(i.Mul(d.LoadI32(4)), i.Mul(d.LoadI32(8)))
			rest.Set(q)
			d.Set(d.AddC(12))
		})
		add(rest.Mul(d.LoadI32(4)), rest.Mul(d.LoadI32(8)))
	})
}
