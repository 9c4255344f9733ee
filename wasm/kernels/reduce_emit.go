//go:build !js

package kernels

import (
	"math"

	"github.com/tabgrad/tabgrad/wasm/asm"
)

func init() {
	add(
		Kernel{
			Op:   OpReduceLast,
			Name: "f32_reduce_last",
			Doc:  "for r := range rows { for c := range ceil(n/chunk) { dst[r][c] = fn(x[r][c*chunk:(c+1)*chunk]) / divisor } }",
			Args: []string{"fn", "dst", "x", "rows", "n", "chunk", "divisor"},
			emit: func(k *Body) { k.cases(int(numReduceFn), emitReduceLast) },
		},
		Kernel{
			Op:   OpReduceRows,
			Name: "f32_reduce_rows",
			Doc:  "for o := range outer { for c := range ceil(n/chunk) { dst[o][c][:] = fn(x[o][c*chunk:(c+1)*chunk][:]) / divisor } }",
			Args: []string{"fn", "dst", "x", "outer", "n", "cols", "chunk", "divisor"},
			emit: func(k *Body) { k.cases(int(numReduceFn), emitReduceRows) },
		},
		Kernel{
			Op:   OpArgMax,
			Name: "f32_argmax",
			Doc:  "for r := range rows { dst[r] = the first index of max(x[r][:]) }",
			Args: []string{"dst", "x", "rows", "n"},
			emit: emitArgMax,
		},
	)
}

func (fn ReduceFn) identity() float64 {
	if fn == ReduceMax {
		return math.Inf(-1)
	}
	return 0
}

// join joins two results.
func (fn ReduceFn) join(a, b asm.F32x4) asm.F32x4 {
	if fn == ReduceMax {
		return a.Max(b)
	}
	return a.Add(b)
}

// with is the result acc with one more element.
func (k *Body) with(fn ReduceFn, acc, x asm.F32x4) asm.F32x4 {
	if fn == ReduceSquares {
		x = k.let(x)
		return k.Builder.MAdd(x, x, acc)
	}
	return fn.join(acc, x)
}

// finish divides a sum.
func (fn ReduceFn) finish(a, divisor asm.F32x4) asm.F32x4 {
	if fn == ReduceMax {
		return a
	}
	return a.Div(divisor)
}

// across joins the four lanes of v: (0 with 2) with (1 with 3), in lane 0 of the result.
func (k *Body) across(fn ReduceFn, v asm.F32x4) asm.F32x4 {
	v = k.let(v)
	v = k.let(fn.join(v, v.Shuffle(v, 2, 3, 2, 3)))
	return k.let(fn.join(v, v.Shuffle(v, 1, 1, 1, 1)))
}

// emitReduceLast sums a chunk in sixteen interleaved sums.
func emitReduceLast(k *Body, i int) {
	fn := ReduceFn(i)
	dst, x, n, chunk := k.Arg("dst"), k.Arg("x"), k.Arg("n"), k.Arg("chunk")
	divisor := k.let(k.ArgF32("divisor").Splat())
	chunks := k.LetI32(n.Add(chunk).SubC(1).DivU(chunk))
	lo, hi := k.Share(k.Arg("rows").Mul(chunks), eachLine)
	unit := k.LetI32(lo)
	var acc [4]asm.F32x4
	for i := range acc {
		acc[i] = k.F32x4()
	}
	k.While(unit.LtU(hi), func() {
		row := k.LetI32(unit.DivU(chunks))
		first := k.LetI32(unit.Sub(row.Mul(chunks)).Mul(chunk))
		p := k.LetI32(x.Add(row.Mul(n).Add(first).MulC(4)))
		left := k.LetI32(n.Sub(first).MinU(chunk))
		for i := range acc {
			acc[i].Set(cv(fn.identity()))
		}
		k.While(left.GeS(asm.C(16)), func() {
			for i := range acc {
				acc[i].Set(k.with(fn, acc[i], p.LoadF32x4(16*i)))
			}
			p.Set(p.AddC(64))
			left.Set(left.SubC(16))
		})
		k.While(left.GeS(asm.C(4)), func() {
			acc[0].Set(k.with(fn, acc[0], p.LoadF32x4(0)))
			p.Set(p.AddC(16))
			left.Set(left.SubC(4))
		})
		k.If(left, func() {
			acc[1].Set(k.with(fn, acc[1], k.loadPart(p, left, asm.CF(float32(fn.identity())))))
		})
		sum := k.across(fn, fn.join(fn.join(acc[0], acc[1]), fn.join(acc[2], acc[3])))
		k.StoreLaneF32x4(dst.Add(unit.MulC(4)), 0, fn.finish(sum, divisor), 0)
		unit.Set(unit.AddC(1))
	})
}

// reduceCols is how many columns a lane's smallest share of a chunk has.
const reduceCols = 32

func emitReduceRows(k *Body, i int) {
	fn := ReduceFn(i)
	dst, x, n, chunk, cols := k.Arg("dst"), k.Arg("x"), k.Arg("n"), k.Arg("chunk"), k.Arg("cols")
	divisor := k.let(k.ArgF32("divisor").Splat())
	chunks := k.LetI32(n.Add(chunk).SubC(1).DivU(chunk))
	blocks := k.LetI32(cols.AddC(reduceCols - 1).DivU(asm.C(reduceCols)))
	lo, hi := k.Share(k.Arg("outer").Mul(chunks).Mul(blocks), 1)
	unit := k.LetI32(lo)
	bytes := k.LetI32(cols.MulC(4))
	k.While(unit.LtU(hi), func() {
		group := k.LetI32(unit.DivU(blocks)) // o*chunks + c
		j := k.LetI32(unit.Sub(group.Mul(blocks)).MulC(reduceCols))
		outer := k.LetI32(group.DivU(chunks))
		first := k.LetI32(group.Sub(outer.Mul(chunks)).Mul(chunk))
		from := k.LetI32(x.Add(outer.Mul(n).Add(first).Mul(bytes)).Add(j.MulC(4)))
		to := k.LetI32(dst.Add(group.Mul(bytes)).Add(j.MulC(4)))
		rows := k.LetI32(n.Sub(first).MinU(chunk))
		left := k.LetI32(cols.Sub(j).MinU(asm.C(reduceCols)))
		columns := func(vectors, width int, load func(p asm.I32, v int) asm.F32x4, store func(v int, sum asm.F32x4)) {
			k.While(left.GeS(asm.C(width)), func() {
				var acc []asm.F32x4
				for range vectors {
					acc = append(acc, k.let(cv(fn.identity())))
				}
				p, r := k.LetI32(from), k.LetI32(rows)
				k.While(r, func() {
					for v := range acc {
						acc[v].Set(k.with(fn, acc[v], load(p, v)))
					}
					p.Set(p.Add(bytes))
					r.Set(r.SubC(1))
				})
				for v := range acc {
					store(v, fn.finish(acc[v], divisor))
				}
				from.Set(from.AddC(4 * width))
				to.Set(to.AddC(4 * width))
				left.Set(left.SubC(width))
			})
		}
		whole := func(p asm.I32, v int) asm.F32x4 { return p.LoadF32x4(16 * v) }
		wholeStore := func(v int, sum asm.F32x4) { k.StoreF32x4(to, 16*v, sum) }
		columns(8, 32, whole, wholeStore)
		columns(1, 4, whole, wholeStore)
		columns(1, 1, func(p asm.I32, _ int) asm.F32x4 { return p.LoadZeroF32x4(0) },
			func(_ int, sum asm.F32x4) { k.StoreLaneF32x4(to, 0, sum, 0) })
		unit.Set(unit.AddC(1))
	})
}

func emitArgMax(k *Body) {
	dst, x, n := k.Arg("dst"), k.Arg("x"), k.Arg("n")
	lo, hi := k.Share(k.Arg("rows"), eachLine)
	row := k.I32()
	k.For(row, lo, hi, asm.C(1), func() {
		p := k.LetI32(x.Add(row.Mul(n).MulC(4)))
		best, at, v := k.LetF32(p.LoadF32(0)), k.LetI32(asm.C(0)), k.F32()
		k.Range(n, func(i asm.I32) {
			v.Set(p.LoadF32(0))
			k.If(v.Gt(best), func() {
				best.Set(v)
				at.Set(i)
			})
			p.Set(p.AddC(4))
		})
		k.StoreF32(dst.Add(row.MulC(4)), 0, at.ToF32S())
	})
}
