//go:build !js

package kernels

import "github.com/tabgrad/tabgrad/wasm/asm"

func init() {
	add(Kernel{
		Op:   OpPack,
		Name: "f32_pack_8",
		Doc: "for p := range ceil(n/8) { for l := range lines { for j := range blocks { for i := range k { for c := range 8 { " +
			"*dst++ = 8*p+c < n ? src[l*stride_line + j*stride_block + i*stride_k + (8*p+c)*stride_n] : 0 }}}}}",
		Args: []string{"src", "dst", "n", "lines", "blocks", "k", "stride_line", "stride_block", "stride_k", "stride_n",
			"batch", "batch_src", "batch_dst"},
		emit: emitPack,
	})
}

// packRows is how many rows of a matrix are packed, panel after panel, before the next:
// few enough that the second half of each cache line is still there for the next panel.
const packRows = 64

func emitPack(k *Body) {
	src, dst, n, lines, blocks, rows := k.Arg("src"), k.Arg("dst"), k.Arg("n"), k.Arg("lines"), k.Arg("blocks"), k.Arg("k")
	strideLine, strideBlock, strideK, strideN := k.Arg("stride_line"), k.Arg("stride_block"), k.Arg("stride_k"), k.Arg("stride_n")
	batchSrc, batchDst := k.Arg("batch_src"), k.Arg("batch_dst")
	panels := k.LetI32(n.AddC(7).ShrU(asm.C(3)))
	panelBytes := k.LetI32(lines.Mul(blocks).Mul(rows).MulC(32))
	lo, hi := k.Share(panels, 1)
	s, d, i0, i1, p, from, to := k.I32(), k.I32(), k.I32(), k.I32(), k.I32(), k.I32(), k.I32()
	columns := k.Builder.packColumns()
	k.Range(k.Arg("batch"), func(asm.I32) {
		to.Set(dst)
		k.Range(lines, func(line asm.I32) {
			from.Set(src.Add(line.Mul(strideLine)))
			k.Range(blocks, func(asm.I32) {
				k.For(i0, asm.C(0), rows, asm.C(packRows), func() {
					i1.Set(i0.AddC(packRows).MinS(rows))
					k.For(p, lo, hi, asm.C(1), func() {
						s.Set(from.Add(i0.Mul(strideK)).Add(p.MulC(8).Mul(strideN)))
						d.Set(to.Add(p.Mul(panelBytes)).Add(i0.MulC(32)))
						k.Call(columns, s, d, i1.Sub(i0), n.Sub(p.MulC(8)), strideK, strideN)
					})
				})
				from.Set(from.Add(strideBlock))
				to.Set(to.Add(rows.MulC(32)))
			})
		})
		src.Set(src.Add(batchSrc))
		dst.Set(dst.Add(batchDst))
	})
}

// packColumns is pack_columns(src, dst, rows, columns, strideK, strideN): rows of one
// panel, of which min(columns, 8) columns are there.
func (b *Builder) packColumns() *asm.Func {
	return b.Function("pack_columns", func(f *asm.Func) {
		src, dst, rows, columns := f.ParamI32(), f.ParamI32(), f.ParamI32(), f.ParamI32()
		strideK, strideN := f.ParamI32(), f.ParamI32()
		end, p, c := f.LetI32(dst.Add(rows.MulC(32))), f.I32(), f.I32()
		f.If(columns.GeS(asm.C(8)), func() {
			f.If(strideN.Eq(asm.C(4)), func() {
				f.While(dst.Ne(end), func() {
					f.StoreF32x4(dst, 0, src.LoadF32x4(0))
					f.StoreF32x4(dst, 16, src.LoadF32x4(16))
					src.Set(src.Add(strideK))
					dst.Set(dst.AddC(32))
				})
				f.Return()
			})
			f.If(strideK.Eq(asm.C(4)), func() {
				end4 := f.LetI32(dst.Add(rows.And(asm.C(-4)).MulC(32)))
				var x [4]asm.F32x4
				for i := range x {
					x[i] = f.F32x4()
				}
				f.While(dst.Ne(end4), func() {
					p.Set(src)
					for half := range 2 {
						for i := range x {
							x[i].Set(p.LoadF32x4(0))
							p.Set(p.Add(strideN))
						}
						for i, v := range transpose(f, x) {
							f.StoreF32x4(dst, 32*i+16*half, v)
						}
					}
					src.Set(src.AddC(16))
					dst.Set(dst.AddC(128))
				})
			})
		})
		f.While(dst.Ne(end), func() {
			p.Set(src)
			f.For(c, asm.C(0), asm.C(8), asm.C(1), func() {
				v := f.F32()
				v.Set(asm.CF(0))
				f.If(c.LtS(columns), func() { v.Set(p.LoadF32(0)) })
				f.StoreF32(dst.Add(c.MulC(4)), 0, v)
				p.Set(p.Add(strideN))
			})
			src.Set(src.Add(strideK))
			dst.Set(dst.AddC(32))
		})
	})
}

// transpose turns four rows of four into their columns.
func transpose(f *asm.Func, x [4]asm.F32x4) [4]asm.F32x4 {
	lo01 := f.LetF32x4(x[0].Shuffle(x[1], 0, 4, 1, 5))
	hi01 := f.LetF32x4(x[0].Shuffle(x[1], 2, 6, 3, 7))
	lo23 := f.LetF32x4(x[2].Shuffle(x[3], 0, 4, 1, 5))
	hi23 := f.LetF32x4(x[2].Shuffle(x[3], 2, 6, 3, 7))
	return [4]asm.F32x4{
		lo01.Shuffle(lo23, 0, 1, 4, 5), lo01.Shuffle(lo23, 2, 3, 6, 7),
		hi01.Shuffle(hi23, 0, 1, 4, 5), hi01.Shuffle(hi23, 2, 3, 6, 7),
	}
}
