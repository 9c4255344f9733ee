//go:build !js

package kernels

import "github.com/tabgrad/tabgrad/wasm/asm"

func init() {
	add(
		Kernel{
			Op:   OpMove,
			Name: "u32_move",
			Doc:  "for r := range n/cols { for c := range cols { dst[r][c] = src[r][c] } }, rows by strides",
			Args: []string{"dst", "src", "n", "cols", "step", "rank"},
			emit: emitMove,
		},
		Kernel{
			Op:   OpTranspose,
			Name: "u32_transpose",
			Doc:  "for b := range batch { for i := range rows { for j := range cols { dst[b][j][i] = src[b][i][j] } } }",
			Args: []string{"dst", "src", "batch", "rows", "cols"},
			emit: emitTranspose,
		},
		Kernel{
			Op:   OpGather,
			Name: "f32_gather",
			Doc:  "for i := range n { dst[i][:] = table[index[i]][:] }, zeros where index is outside of the table's rows",
			Args: []string{"dst", "table", "index", "n", "rows", "cols"},
			emit: emitGather,
		},
		Kernel{
			Op:   OpScatterAdd,
			Name: "f32_scatter_add",
			Doc:  "clear(dst); for i := range n { dst[index[i]][:] += src[i][:] }",
			Args: []string{"dst", "index", "src", "n", "rows", "cols"},
			emit: emitScatterAdd,
		},
	)
}

func emitMove(k *Body) {
	dst, src, step := k.Arg("dst"), k.Arg("src"), k.Arg("step")
	w := k.walk(k.Arg("n"), k.Arg("cols"), k.Arg("rank"), 6)
	w.each(func(row, col, run asm.I32) {
		to, from := k.LetI32(dst.Add(col.MulC(4))), k.LetI32(src.Add(col.Mul(step)))
		w.offsets(row, func(sa, sb asm.I32) {
			to.Set(to.Add(sa))
			from.Set(from.Add(sb))
		})
		const long = 64 // from here on a call of the engine's memory.copy pays
		k.IfElse(step.Eq(asm.C(4)).And(run.GeU(asm.C(long))), func() { k.MemoryCopy(to, from, run.MulC(4)) }, func() {
			left := k.LetI32(run)
			k.While(left.GeS(asm.C(4)), func() {
				k.IfElse(step.Eq(asm.C(4)), func() {
					k.StoreF32x4(to, 0, from.LoadF32x4(0))
				}, func() {
					v := k.let(from.LoadZeroF32x4(0))
					at := k.LetI32(from)
					for i := 1; i < 4; i++ {
						at.Set(at.Add(step))
						v.Set(v.LoadLane(at, 0, i))
					}
					k.StoreF32x4(to, 0, v)
				})
				to.Set(to.AddC(16))
				from.Set(from.Add(step.MulC(4)))
				left.Set(left.SubC(4))
			})
			k.While(left, func() {
				k.StoreI32(to, 0, from.LoadI32(0))
				to.Set(to.AddC(4))
				from.Set(from.Add(step))
				left.Set(left.SubC(1))
			})
		})
	})
}

// emitTranspose divides strips of four rows of Dst, so that a lane writes whole vectors.
func emitTranspose(k *Body) {
	dst, src, batch, rows, cols := k.Arg("dst"), k.Arg("src"), k.Arg("batch"), k.Arg("rows"), k.Arg("cols")
	strips := k.LetI32(cols.AddC(3).DivU(asm.C(4)))
	lo, hi := k.Share(batch.Mul(strips), 1)
	k.If(lo.LtU(hi), func() {
		unit := k.LetI32(lo)
		across, down := k.LetI32(cols.MulC(4)), k.LetI32(rows.MulC(4))
		k.While(unit.LtU(hi), func() {
			b := k.LetI32(unit.DivU(strips))
			j := k.LetI32(unit.Sub(b.Mul(strips)).MulC(4))
			n := k.LetI32(cols.Sub(j))
			from := k.LetI32(src.Add(b.Mul(rows).Mul(cols).Add(j).MulC(4)))
			to := k.LetI32(dst.Add(b.Mul(cols).Add(j).Mul(rows).MulC(4)))
			i := k.LetI32(rows)
			k.If(n.GeS(asm.C(4)), func() {
				k.While(i.GeS(asm.C(4)), func() {
					var v [4]asm.F32x4
					for r := range v {
						v[r] = k.let(from.LoadF32x4(0))
						from.Set(from.Add(across))
					}
					at := k.LetI32(to)
					for _, t := range k.transpose4(v) {
						k.StoreF32x4(at, 0, t)
						at.Set(at.Add(down))
					}
					to.Set(to.AddC(16))
					i.Set(i.SubC(4))
				})
			})
			n.Set(n.MinS(asm.C(4)))
			k.While(i, func() {
				p, at, c := k.LetI32(from), k.LetI32(to), k.LetI32(n)
				k.While(c, func() {
					k.StoreI32(at, 0, p.LoadI32(0))
					p.Set(p.AddC(4))
					at.Set(at.Add(down))
					c.Set(c.SubC(1))
				})
				from.Set(from.Add(across))
				to.Set(to.AddC(4))
				i.Set(i.SubC(1))
			})
			unit.Set(unit.AddC(1))
		})
	})
}

// transpose4 turns four rows into four columns.
func (k *Body) transpose4(v [4]asm.F32x4) [4]asm.F32x4 {
	ab, cd := k.let(v[0].Shuffle(v[1], 0, 4, 1, 5)), k.let(v[2].Shuffle(v[3], 0, 4, 1, 5))
	ef, gh := k.let(v[0].Shuffle(v[1], 2, 6, 3, 7)), k.let(v[2].Shuffle(v[3], 2, 6, 3, 7))
	return [4]asm.F32x4{
		ab.Shuffle(cd, 0, 1, 4, 5), ab.Shuffle(cd, 2, 3, 6, 7),
		ef.Shuffle(gh, 0, 1, 4, 5), ef.Shuffle(gh, 2, 3, 6, 7),
	}
}

// row is the index at address p as a row number, and whether it is one: NaN is none.
func (k *Body) row(p, rows asm.I32) (index, valid asm.I32) {
	x := k.LetF32(p.LoadF32(0))
	index = k.LetI32(x.ToI32S())
	return index, x.Ge(asm.CF(0)).And(index.LtU(rows))
}

func emitGather(k *Body) {
	dst, table, index, rows := k.Arg("dst"), k.Arg("table"), k.Arg("index"), k.Arg("rows")
	bytes := k.LetI32(k.Arg("cols").MulC(4))
	lo, hi := k.Share(k.Arg("n"), 1)
	i := k.I32()
	k.For(i, lo, hi, asm.C(1), func() {
		r, valid := k.row(index.Add(i.MulC(4)), rows)
		to := dst.Add(i.Mul(bytes))
		k.IfElse(valid, func() { k.MemoryCopy(to, table.Add(r.Mul(bytes)), bytes) },
			func() { k.MemoryFill(to, asm.C(0xff), bytes) }) // NaN
	})
}

func emitScatterAdd(k *Body) {
	dst, index, src, n, rows, cols := k.Arg("dst"), k.Arg("index"), k.Arg("src"), k.Arg("n"), k.Arg("rows"), k.Arg("cols")
	lo, hi := k.Share(rows, 1)
	bytes := k.LetI32(cols.MulC(4))
	k.If(lo.LtU(hi), func() {
		k.MemoryFill(dst.Add(lo.Mul(bytes)), asm.C(0), hi.Sub(lo).Mul(bytes))
		k.Range(n, func(i asm.I32) {
			r, valid := k.row(index.Add(i.MulC(4)), rows)
			k.If(valid.And(r.GeU(lo)).And(r.LtU(hi)), func() {
				sum, from := k.LetI32(dst.Add(r.Mul(bytes))), k.LetI32(src.Add(i.Mul(bytes)))
				to := k.LetI32(sum)
				k.span(cols, []asm.I32{sum, from}, []asm.I32{to}, false, func(v []asm.F32x4) []asm.F32x4 {
					return []asm.F32x4{v[0].Add(v[1])}
				})
			})
		})
	})
}
