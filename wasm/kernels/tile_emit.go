//go:build !js

package kernels

import (
	"fmt"

	"github.com/tabgrad/tabgrad/wasm/asm"
)

// rows is the height of a full tile. Six rows by eight columns take 15 of the 16 vector
// registers with a fused multiply-add; without, the product needs another register,
// and only four rows fit on every engine.
func (b *Builder) rows() int {
	if b.Options.Relaxed {
		return 6
	}
	return 4
}

// emitRowTiles emits the loop that cuts rows [lo, hi) into tiles: full ones, and at the
// end what avoids tiles of one or two rows: 8 = 4+4 and 7 = 4+3. The locals row and
// height are set for body.
func (b *Builder) emitRowTiles(f *asm.Func, lo, hi asm.I32, body func(row, height asm.I32)) {
	row, height := f.LetI32(lo), f.I32()
	f.While(row.LtS(hi), func() {
		height.Set(hi.Sub(row))
		full := asm.C(b.rows())
		if b.rows() == 6 {
			f.If(height.Eq(asm.C(7)).Or(height.Eq(asm.C(8))), func() { height.Set(asm.C(4)) })
		}
		height.Set(height.MinS(full))
		body(row, height)
		row.Set(row.Add(height))
	})
}

// emitTileCall calls the microkernel for that many rows.
func (b *Builder) emitTileCall(f *asm.Func, height, tile asm.I32, kernel func(rows int) *asm.Func) {
	var cases []func()
	for r := 1; r <= b.rows(); r++ {
		g := kernel(r)
		cases = append(cases, func() { f.Call(g, tile) })
	}
	f.Switch(height.SubC(1), cases, f.Unreachable)
}

// accumulators are the sums of a tile, in registers if all goes well.
type accumulators [][]asm.F32x4

func newAccumulators(f *asm.Func, rows, vectors int) accumulators {
	acc := make(accumulators, rows)
	for r := range acc {
		for range vectors {
			acc[r] = append(acc[r], f.F32x4())
		}
	}
	return acc
}

func (acc accumulators) each(do func(r, v int, a asm.F32x4)) {
	for r := range acc {
		for v, a := range acc[r] {
			do(r, v, a)
		}
	}
}

func (acc accumulators) clear() {
	acc.each(func(_, _ int, a asm.F32x4) { a.Set(asm.CF32x4(0)) })
}

// directTile is the microkernel tile_direct_R(tile), for rows of A that are
// contiguous in k, like a matrix's rows or the pixels under a convolution's window:
//
//	for each panel of eight columns {
//		for s1 := range count1 { for s2 := range count2 { for k := range K {
//			for r := range R { sum[r][0:8] += A[row[r] + s1*stride1 + s2*stride2 + k] * panel[next][0:8] }
//		} } }
//		C[r][0:8] = epilogue(sum[r][0:8])
//	}
func (b *Builder) directTile(rows int) *asm.Func {
	return b.Function(fmt.Sprintf("tile_direct_%d", rows), func(f *asm.Func) {
		t := newTileFunc(b, f, rows, 2)
		k := f.LetI32(t.tile.LoadI32(tileK))
		count1, count2 := f.LetI32(t.tile.LoadI32(tileCount1)), f.LetI32(t.tile.LoadI32(tileCount2))
		s1, s2, offset1, offset2 := f.I32(), f.I32(), f.I32(), f.I32()
		var a []asm.I32
		for range rows {
			a = append(a, f.I32())
		}
		t.panels(func(panel asm.I32) {
			q := f.LetI32(panel)
			term := func(u int) {
				t.loadB(q, 32*u)
				for r := range rows {
					t.madd(r, a[r].LoadSplatF32x4(4*u))
				}
			}
			advance := func(n int) {
				for r := range rows {
					a[r].Set(a[r].AddC(4 * n))
				}
			}
			offset1.Set(asm.C(0))
			f.For(s1, asm.C(0), count1, asm.C(1), func() {
				offset2.Set(offset1)
				f.For(s2, asm.C(0), count2, asm.C(1), func() {
					for r := range rows {
						a[r].Set(t.tile.LoadI32(tileRows + 4*r).Add(offset2))
					}
					t.terms(q, k, term, advance)
					offset2.Set(offset2.Add(t.tile.LoadI32(tileStride2)))
				})
				offset1.Set(offset1.Add(t.tile.LoadI32(tileStride1)))
			})
		})
	})
}

// transposedTile is the microkernel tile_transposed_R(tile), for an A whose R
// neighbours are contiguous and whose terms are a pitch apart, like a matrix stored
// [k, m] or the pixels that a convolution's weight meets:
//
//	for each panel of eight columns {
//		for s1 := range count1 { for k := range K {
//			for r := range R { sum[r][0:8] += A[row[0] + s1*stride1 + k*pitch + r] * panel[next][0:8] }
//		} }
//		C[r][0:8] = epilogue(sum[r][0:8])
//	}
func (b *Builder) transposedTile(rows int) *asm.Func {
	return b.Function(fmt.Sprintf("tile_transposed_%d", rows), func(f *asm.Func) {
		t := newTileFunc(b, f, rows, 2)
		k := f.LetI32(t.tile.LoadI32(tileK))
		count1, pitch := f.LetI32(t.tile.LoadI32(tileCount1)), f.LetI32(t.tile.LoadI32(tilePitch))
		s1, offset1, a := f.I32(), f.I32(), f.I32()
		t.panels(func(panel asm.I32) {
			q := f.LetI32(panel)
			term := func(u int) {
				t.loadB(q, 32*u)
				for r := range rows {
					t.madd(r, a.LoadSplatF32x4(4*r))
				}
				a.Set(a.Add(pitch))
			}
			offset1.Set(t.tile.LoadI32(tileRows))
			f.For(s1, asm.C(0), count1, asm.C(1), func() {
				a.Set(offset1)
				t.terms(q, k, term, func(int) {})
				offset1.Set(offset1.Add(t.tile.LoadI32(tileStride1)))
			})
		})
	})
}

// inPlaceTile is the microkernel tile_in_place_R(tile), which reads a row-major B
// without packing it; its row k is pitch bytes after the one before. It does 8*wide
// columns at a time, and reads up to 32*wide-4 bytes behind the end of B.
func (b *Builder) inPlaceTile(rows, wide int) *asm.Func {
	return b.Function(fmt.Sprintf("tile_in_place_%d_%d", rows, wide), func(f *asm.Func) {
		t := newTileFunc(b, f, rows, 2*wide)
		t.step = asm.C(32 * wide)
		k := f.LetI32(t.tile.LoadI32(tileK))
		pitch := f.LetI32(t.tile.LoadI32(tilePitch))
		end := f.I32()
		var a []asm.I32
		for range rows {
			a = append(a, f.I32())
		}
		t.panels(func(panel asm.I32) {
			q := f.LetI32(panel)
			step := func(n int) {
				for u := range n {
					for r := range rows {
						s := t.splat
						if rows > 1 || wide > 1 {
							s.Set(a[r].LoadSplatF32x4(4 * u))
						}
						for v, acc := range t.acc[r] {
							acc.Set(b.MAdd(s, q.LoadF32x4(16*v), acc))
						}
					}
					q.Set(q.Add(pitch))
				}
				for r := range rows {
					a[r].Set(a[r].AddC(4 * n))
				}
			}
			for r := range rows {
				a[r].Set(t.tile.LoadI32(tileRows + 4*r))
			}
			end.Set(a[0].Add(k.And(asm.C(-4)).MulC(4)))
			f.While(a[0].Ne(end), func() { step(4) })
			end.Set(a[0].Add(k.And(asm.C(3)).MulC(4)))
			f.While(a[0].Ne(end), func() { step(1) })
		})
	})
}

// tileFunc is what the microkernels share: the loop over panels, the registers and the
// epilogue.
type tileFunc struct {
	*asm.Func
	b      *Builder
	tile   asm.I32
	acc    accumulators
	right  []asm.F32x4 // the present row of the panel
	splat  asm.F32x4
	height int
	step   asm.I32 // bytes from one panel to the next
}

func newTileFunc(b *Builder, f *asm.Func, rows, vectors int) *tileFunc {
	t := &tileFunc{Func: f, b: b, tile: f.ParamI32(), height: rows}
	t.acc = newAccumulators(f, rows, vectors)
	t.right = []asm.F32x4{f.F32x4(), f.F32x4()}
	t.splat = f.F32x4()
	t.step = t.tile.LoadI32(tilePanel)
	return t
}

// panels emits the loop over panels, of as many columns as there are accumulators.
func (t *tileFunc) panels(sums func(panel asm.I32)) {
	width := 4 * len(t.acc[0])
	panel, c := t.LetI32(t.tile.LoadI32(tileB)), t.LetI32(t.tile.LoadI32(tileC))
	bias, mask := t.LetI32(t.tile.LoadI32(tileBias)), t.LetI32(t.tile.LoadI32(tileMask))
	left := t.LetI32(t.tile.LoadI32(tileN))
	t.While(left.GtS(asm.C(0)), func() {
		t.acc.clear()
		sums(panel)
		t.IfElse(left.GeS(asm.C(width)), func() { t.store(c, bias, mask) }, func() {
			t.acc.each(func(r, v int, a asm.F32x4) { t.StoreF32x4(t.tile, tileEdge+r*4*width+16*v, a) })
			t.Call(t.b.edge(), t.tile, asm.C(t.height), asm.C(4*width), left, c, bias, mask)
		})
		panel.Set(panel.Add(t.step))
		c.Set(c.AddC(4 * width))
		bias.Set(bias.AddC(4 * width))
		mask.Set(mask.AddC(4 * width))
		left.Set(left.SubC(width))
	})
}

// terms emits the innermost loop, over k terms, unrolled by four: term(u) does the one
// that is u rows behind q in the panel, and advance(n) moves the rows of A on by n terms.
func (t *tileFunc) terms(q, k asm.I32, term, advance func(n int)) {
	if t.b.Options.Relaxed {
		step := func(n int) {
			for u := range n {
				term(u)
			}
			advance(n)
			q.Set(q.AddC(32 * n))
		}
		end := t.LetI32(q.Add(k.And(asm.C(-4)).MulC(32)))
		t.While(q.Ne(end), func() { step(4) })
		end.Set(q.Add(k.And(asm.C(3)).MulC(32)))
		t.While(q.Ne(end), func() { step(1) })
		return
	}
	// V8's compiler up to Node 20 moves all loads of a block before its arithmetic, and
	// spills them. A way out after each term makes a block of each.
	end := t.LetI32(q.Add(k.MulC(32)))
	var ends []asm.I32
	for u := range 4 {
		ends = append(ends, t.LetI32(end.SubC(32*u)))
	}
	t.Block(func(exit asm.Label) {
		t.Loop(func(again asm.Label) {
			for u, last := range ends {
				t.BrIf(exit, q.Eq(last))
				term(u)
			}
			advance(4)
			q.Set(q.AddC(128))
			t.Br(again)
		})
	})
	q.Set(end)
}

// loadB loads eight columns of the panel.
func (t *tileFunc) loadB(q asm.I32, offset int) {
	t.right[0].Set(q.LoadF32x4(offset))
	t.right[1].Set(q.LoadF32x4(offset + 16))
}

// madd adds s times the present columns to the sums of a row.
func (t *tileFunc) madd(r int, s asm.F32x4) {
	t.splat.Set(s)
	for v, acc := range t.acc[r] {
		acc.Set(t.b.MAdd(t.splat, t.right[v], acc))
	}
}

// store emits the epilogue for whole vectors.
func (t *tileFunc) store(c, bias, mask asm.I32) {
	flags, ldc := t.LetI32(t.tile.LoadI32(tileFlags)), t.LetI32(t.tile.LoadI32(tileLDC))
	p := t.I32()
	eachRow := func(base asm.I32, do func(r int)) {
		p.Set(base)
		for r := range t.acc {
			if r > 0 {
				p.Set(p.Add(ldc))
			}
			do(r)
		}
	}
	t.If(flags, func() {
		t.If(flags.And(asm.C(epilogueAccumulate)), func() {
			eachRow(c, func(r int) {
				for v, a := range t.acc[r] {
					a.Set(a.Add(p.LoadF32x4(16 * v)))
				}
			})
		})
		t.If(flags.And(asm.C(epilogueBias)), func() {
			t.acc.each(func(_, v int, a asm.F32x4) { a.Set(a.Add(bias.LoadF32x4(16 * v))) })
		})
		t.If(flags.And(asm.C(epilogueReLU)), func() {
			t.acc.each(func(_, _ int, a asm.F32x4) { a.Set(a.PMax(asm.CF32x4(0))) })
		})
		t.If(flags.And(asm.C(epilogueMask)), func() {
			eachRow(mask, func(r int) {
				for v, a := range t.acc[r] {
					positive := p.LoadF32x4(16 * v).Gt(asm.CF32x4(0))
					a.Set(a.AsI32x4().And(positive).AsF32x4())
				}
			})
		})
	})
	eachRow(c, func(r int) {
		for v, a := range t.acc[r] {
			t.StoreF32x4(p, 16*v, a)
		}
	})
}

// edge is the epilogue for columns that don't fill a panel, one number at a time:
// edge(tile, rows, pitch, columns, c, bias, mask), with the sums at tileEdge.
func (b *Builder) edge() *asm.Func {
	return b.Function("tile_edge", func(f *asm.Func) {
		tile, rows, pitch, columns := f.ParamI32(), f.ParamI32(), f.ParamI32(), f.ParamI32()
		c, bias, mask := f.ParamI32(), f.ParamI32(), f.ParamI32()
		flags, ldc := f.LetI32(tile.LoadI32(tileFlags)), f.LetI32(tile.LoadI32(tileLDC))
		sums := f.LetI32(tile.AddC(tileEdge))
		v := f.F32()
		f.Range(rows, func(asm.I32) {
			f.Range(columns, func(j asm.I32) {
				at := f.LetI32(j.MulC(4))
				v.Set(sums.Add(at).LoadF32(0))
				f.If(flags.And(asm.C(epilogueAccumulate)), func() { v.Set(v.Add(c.Add(at).LoadF32(0))) })
				f.If(flags.And(asm.C(epilogueBias)), func() { v.Set(v.Add(bias.Add(at).LoadF32(0))) })
				f.If(flags.And(asm.C(epilogueReLU)), func() { v.Set(asm.CF(0).Select(v, v.Lt(asm.CF(0)))) })
				f.If(flags.And(asm.C(epilogueMask)), func() {
					v.Set(v.Select(asm.CF(0), mask.Add(at).LoadF32(0).Gt(asm.CF(0))))
				})
				f.StoreF32(c.Add(at), 0, v)
			})
			sums.Set(sums.Add(pitch))
			c.Set(c.Add(ldc))
			mask.Set(mask.Add(ldc))
		})
	})
}
