//go:build !js

package kernels

import "github.com/tabgrad/tabgrad/wasm/asm"

func init() {
	args := []string{"a", "b", "c", "m", "n", "k", "lda", "ldb", "ldc", "flags", "bias", "mask",
		"batch", "batch_a", "batch_b", "batch_c", "scratch", "lane_bytes"}
	add(
		Kernel{
			Op:   OpGemm,
			Name: "f32_gemm",
			Doc:  "c[i][j] = epilogue(sum over l of a[i][l] * b[l][j]), with b packed by f32_pack_8",
			Args: args,
			emit: func(k *Body) { newGemm(k).emitBlocked(false) },
		},
		Kernel{
			Op:   OpGemmTransA,
			Name: "f32_gemm_transposed_a",
			Doc:  "c[i][j] = epilogue(sum over l of a[l][i] * b[l][j]), with b packed by f32_pack_8",
			Args: args,
			emit: func(k *Body) { newGemm(k).emitBlocked(true) },
		},
		Kernel{
			Op:   OpGemmFewRows,
			Name: "f32_gemm_few_rows",
			Doc:  "c[i][j] = epilogue(sum over l of a[i][l] * b[l][j]), with b where it lies; for small m",
			Args: args,
			emit: func(k *Body) { newGemm(k).emitFewRows() },
		},
	)
}

// cacheBlock is how many bytes of a packed B are gone through for all rows before the
// next block: half of a level-2 cache of 1 MiB.
const cacheBlock = 512 << 10

// gemm is a product's kernel while it is being emitted. Products of a batch are done one
// after the other, each by all lanes.
type gemm struct {
	*Body
	a, b, c, m, n, terms   asm.I32
	lda, ldb, ldc          asm.I32
	flags, bias, mask      asm.I32
	tile                   asm.I32 // this lane's scratch
	rowLo, rowHi           asm.I32 // this lane's rows
	columnLo, columnHi     asm.I32 // this lane's columns
	kBlock, kAt, kNow      asm.I32 // length of a block of terms; the present one
	columnBlock, columnsAt asm.I32
}

func newGemm(k *Body) *gemm {
	g := &gemm{
		Body: k,
		a:    k.Arg("a"), b: k.Arg("b"), c: k.Arg("c"), m: k.Arg("m"), n: k.Arg("n"), terms: k.Arg("k"),
		lda: k.Arg("lda"), ldb: k.Arg("ldb"), ldc: k.Arg("ldc"),
		flags: k.Arg("flags"), bias: k.Arg("bias"), mask: k.Arg("mask"),
	}
	g.tile = k.LetI32(k.Arg("scratch").Add(k.Lane.Mul(k.Arg("lane_bytes"))))
	return g
}

// share gives this lane whole rows where there are enough tiles of them, and otherwise
// whole panels of columns.
func (g *gemm) share() {
	rowTiles := g.LetI32(g.m.AddC(g.Builder.rows() - 1).DivU(asm.C(g.Builder.rows())))
	byRows := rowTiles.GeU(g.Lanes.MulC(4)).Or(rowTiles.MulC(8).GeU(g.n))
	g.shareBy(g.LetI32(byRows), 8)
}

func (g *gemm) shareBy(byRows asm.I32, columns int) {
	g.rowLo, g.rowHi = g.LetI32(asm.C(0)), g.LetI32(g.m)
	g.columnLo, g.columnHi = g.LetI32(asm.C(0)), g.LetI32(g.n)
	g.IfElse(byRows, func() {
		lo, hi := g.Share(g.m, g.Builder.rows())
		g.rowLo.Set(lo)
		g.rowHi.Set(hi)
	}, func() {
		lo, hi := g.Share(g.n, columns)
		g.columnLo.Set(lo)
		g.columnHi.Set(hi)
	})
}

// eachInBatch emits the loop over the batch.
func (g *gemm) eachInBatch(body func()) {
	g.Range(g.Arg("batch"), func(asm.I32) {
		body()
		g.a.Set(g.a.Add(g.Arg("batch_a")))
		g.b.Set(g.b.Add(g.Arg("batch_b")))
		g.c.Set(g.c.Add(g.Arg("batch_c")))
		g.mask.Set(g.mask.Add(g.Arg("batch_c")))
	})
}

// emitBlocked emits the loops around the microkernels: blocks of terms, so that a
// block of B stays in the level-2 cache and a tile's rows of A in the level-1 cache; in
// them blocks of rows, which a transposed A is packed by; then blocks of columns, tiles
// of rows, and in the microkernel panels of columns.
func (g *gemm) emitBlocked(transA bool) {
	g.share()
	g.StoreI32(g.tile, tileLDC, g.ldc)
	g.StoreI32(g.tile, tilePanel, g.terms.MulC(32))
	g.StoreI32(g.tile, tileCount1, asm.C(1))
	g.StoreI32(g.tile, tileCount2, asm.C(1))

	// Blocks of equal length, a multiple of 4, for the microkernel's sake.
	blocks := g.LetI32(g.terms.AddC(blockK - 1).DivU(asm.C(blockK)))
	blocks.Set(blocks.MaxS(asm.C(1)))
	g.kBlock = g.LetI32(g.terms.Add(blocks).SubC(1).DivU(blocks).AddC(3).And(asm.C(-4)))
	g.kBlock.Set(g.kBlock.MaxS(asm.C(4)))
	g.columnBlock = g.LetI32(asm.C(cacheBlock / 4).DivU(g.kBlock).And(asm.C(-8)))

	g.kAt, g.kNow, g.columnsAt = g.I32(), g.I32(), g.I32()
	flags, rowEnd, rowAt := g.I32(), g.I32(), g.I32()
	g.eachInBatch(func() {
		g.kAt.Set(asm.C(0))
		g.DoWhile(func() { // at least once: with no terms there is still an epilogue
			g.kNow.Set(g.kBlock.MinS(g.terms.Sub(g.kAt)))
			flags.Set(g.flags)
			g.If(g.kAt, func() { flags.Set(flags.Or(asm.C(epilogueAccumulate))) })
			g.If(g.kAt.Add(g.kNow).LtS(g.terms), func() { flags.Set(flags.And(asm.C(epilogueAccumulate))) })
			g.StoreI32(g.tile, tileFlags, flags)
			g.StoreI32(g.tile, tileK, g.kNow)
			if !transA {
				g.emitColumns(g.rowLo, g.rowHi, g.directRows, g.Builder.directTile)
			} else {
				g.For(rowAt, g.rowLo, g.rowHi, asm.C(transARows), func() {
					rowEnd.Set(rowAt.AddC(transARows).MinS(g.rowHi))
					g.packA(rowAt, rowEnd)
					g.emitColumns(rowAt, rowEnd, g.packedRows(rowAt), g.Builder.transposedTile)
				})
			}
			g.kAt.Set(g.kAt.Add(g.kNow))
		}, func() asm.I32 { return g.kAt.LtS(g.terms) })
	})
}

// emitColumns emits the loops over blocks of columns and tiles of rows.
func (g *gemm) emitColumns(lo, hi asm.I32, setRows func(row, height asm.I32), kernel func(rows int) *asm.Func) {
	g.For(g.columnsAt, g.columnLo, g.columnHi, g.columnBlock, func() {
		at := g.LetI32(g.columnsAt.MulC(4))
		g.StoreI32(g.tile, tileN, g.columnBlock.MinS(g.columnHi.Sub(g.columnsAt)))
		g.StoreI32(g.tile, tileB, g.b.Add(g.columnsAt.ShrU(asm.C(3)).Mul(g.terms).Add(g.kAt).MulC(32)))
		g.StoreI32(g.tile, tileBias, g.bias.Add(at))
		g.Builder.emitRowTiles(g.Func, lo, hi, func(row, height asm.I32) {
			offset := g.LetI32(row.Mul(g.ldc).Add(at))
			g.StoreI32(g.tile, tileC, g.c.Add(offset))
			g.StoreI32(g.tile, tileMask, g.mask.Add(offset))
			setRows(row, height)
			g.Builder.emitTileCall(g.Func, height, g.tile, kernel)
		})
	})
}

// directRows sets the addresses of a tile's rows; those behind its height are not read.
func (g *gemm) directRows(row, _ asm.I32) {
	p := g.LetI32(g.a.Add(row.Mul(g.lda)).Add(g.kAt.MulC(4)))
	for r := range g.Builder.rows() {
		g.StoreI32(g.tile, tileRows+4*r, p)
		p.Set(p.Add(g.lda))
	}
}

// packedRows sets the address of a tile of a packed block of A, which begins with row from.
func (g *gemm) packedRows(from asm.I32) func(row, height asm.I32) {
	return func(row, height asm.I32) {
		g.StoreI32(g.tile, tileRows, g.packedTile(row.Sub(from)))
		g.StoreI32(g.tile, tilePitch, height.MulC(4))
	}
}

// packedTile is the address of the packed tile whose first row is that many rows into
// the block: tiles lie one after the other, each with a gap behind.
func (g *gemm) packedTile(row asm.I32) asm.I32 {
	return g.tile.AddC(tileBytes).Add(row.Mul(g.kNow.MulC(4).AddC(transATilePad)))
}

// packA packs rows [from, to) of the present block of terms of a transposed A into
// tiles, [k][height] each. The rows are the inner loop, so that A is read along its own.
func (g *gemm) packA(from, to asm.I32) {
	src := g.LetI32(g.a.Add(g.kAt.Mul(g.lda)).Add(from.MulC(4)))
	full := 4 * g.Builder.rows()
	g.Range(g.kNow, func(i asm.I32) {
		s := g.LetI32(src)
		g.Builder.emitRowTiles(g.Func, from, to, func(row, height asm.I32) {
			d := g.LetI32(g.packedTile(row.Sub(from)).Add(i.Mul(height).MulC(4)))
			g.IfElse(height.Eq(asm.C(g.Builder.rows())), func() {
				g.StoreF32x4(d, 0, s.LoadF32x4(0))
				if g.Builder.rows() == 6 {
					g.StoreI64(d, 16, s.LoadI64(16))
				}
				s.Set(s.AddC(full))
			}, func() {
				g.Range(height, func(asm.I32) {
					g.StoreF32(d, 0, s.LoadF32(0))
					s.Set(s.AddC(4))
					d.Set(d.AddC(4))
				})
			})
		})
		src.Set(src.Add(g.lda))
	})
}

// emitFewRows emits the product with B read in place: all rows are one tile or two.
func (g *gemm) emitFewRows() {
	g.shareBy(asm.C(0), 32)
	g.StoreI32(g.tile, tileLDC, g.ldc)
	g.StoreI32(g.tile, tileFlags, g.flags)
	g.StoreI32(g.tile, tileK, g.terms)
	g.StoreI32(g.tile, tilePitch, g.ldb)
	g.kAt = g.LetI32(asm.C(0))
	at := g.LetI32(g.columnLo.MulC(4))
	g.StoreI32(g.tile, tileN, g.columnHi.Sub(g.columnLo))
	g.StoreI32(g.tile, tileBias, g.bias.Add(at))
	g.eachInBatch(func() {
		g.StoreI32(g.tile, tileB, g.b.Add(at))
		g.Builder.emitRowTiles(g.Func, g.rowLo, g.rowHi, func(row, height asm.I32) {
			offset := g.LetI32(row.Mul(g.ldc).Add(at))
			g.StoreI32(g.tile, tileC, g.c.Add(offset))
			g.StoreI32(g.tile, tileMask, g.mask.Add(offset))
			g.directRows(row, height)
			g.Builder.emitTileCall(g.Func, height, g.tile, func(rows int) *asm.Func {
				wide := 1
				switch {
				case rows == 1:
					wide = 4
				case rows <= 3:
					wide = 2
				}
				return g.Builder.inPlaceTile(rows, wide)
			})
		})
	})
}
