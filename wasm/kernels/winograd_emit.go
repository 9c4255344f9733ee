//go:build !js

package kernels

import "github.com/tabgrad/tabgrad/wasm/asm"

// winogradArgs describe images and scratch, as winogradWords does.
var winogradArgs = []string{"n", "height", "width", "channels", "out_height", "out_width", "filters", "pad_top", "pad_left",
	"block", "matrix_in", "matrix_out", "zero_bytes", "scratch", "lane_bytes"}

func init() {
	add(
		Kernel{
			Op:   OpWinogradPack,
			Name: "f32_winograd_pack_8",
			Doc: "u[i][j] = G g Gᵀ for each k, n, in 36 matrices [n/8][k][8], where g[kh][kw] is w[kh][kw][k][n], " +
				"or w[kh][kw][n][k] where flags & 1",
			Args: []string{"w", "u", "k", "n", "flags"},
			emit: emitWinogradPack,
		},
		Kernel{
			Op:   OpWinograd,
			Name: "f32_winograd",
			Doc: "y[n][oy][ox][f] = epilogue(sum over kh, kw below 3 and c of " +
				"x[n][oy + kh - pad_top][ox + kw - pad_left][c] * w[kh][kw][c][f]), with w packed by f32_winograd_pack_8",
			Args: append([]string{"x", "w", "y", "flags", "bias", "mask"}, winogradArgs...),
			emit: emitWinograd,
		},
		Kernel{
			Op:   OpWinogradGradInput,
			Name: "f32_winograd_grad_input",
			Doc: "dx[n][iy][ix][c] = epilogue(sum over kh, kw below 3 and f of " +
				"dy[n][iy - kh + pad_top][ix - kw + pad_left][f] * w[kh][kw][c][f]), with w packed by f32_winograd_pack_8 and flags 1",
			Args: append([]string{"dy", "w", "dx", "flags", "bias", "mask"}, winogradArgs...),
			emit: emitWinogradGradInput,
		},
		Kernel{
			Op:   OpWinogradGradKernel,
			Name: "f32_winograd_grad_kernel",
			Doc: "sums[chunk] = sum over the chunk's squares of (Bᵀ x B) ∘ (A dy Aᵀ), 36 matrices [c][f] each, " +
				"and of dy over its pixels",
			Args: append([]string{"x", "dy", "sums", "chunks", "chunk_bytes"}, winogradArgs...),
			emit: emitWinogradGradKernel,
		},
		Kernel{
			Op:   OpWinogradGradKernelSum,
			Name: "f32_winograd_grad_kernel_sum",
			Doc:  "dw[kh][kw][c][f] = Gᵀ (sum over chunks of sums[chunk][c][f]) G; db[f] = sum over chunks",
			Args: []string{"sums", "dw", "db", "channels", "filters", "chunks", "chunk_bytes", "flags", "scratch", "lane_bytes"},
			emit: emitWinogradGradKernelSum,
		},
	)
}

// winograd is a kernel that goes over squares, while it is being emitted.
type winograd struct {
	*Body
	channelBytes, filterBytes asm.I32 // of a pixel
	block                     asm.I32
	matrixIn, matrixOut       asm.I32 // bytes
	tile, tmp, zeros, in, out asm.I32 // this lane's scratch
	down, across              asm.I32 // squares in an image
	image, row, column        asm.I32 // the present square
}

func newWinograd(k *Body) *winograd {
	w := &winograd{Body: k, block: k.Arg("block"), matrixIn: k.Arg("matrix_in"), matrixOut: k.Arg("matrix_out")}
	w.channelBytes, w.filterBytes = k.LetI32(k.Arg("channels").MulC(4)), k.LetI32(k.Arg("filters").MulC(4))
	zeroBytes := k.Arg("zero_bytes")
	w.tile = k.LetI32(k.Arg("scratch").Add(k.Lane.Mul(k.Arg("lane_bytes"))))
	w.tmp = k.LetI32(w.tile.AddC(tileBytes))
	w.zeros = k.LetI32(w.tmp.AddC(winogradTmpBytes))
	w.in = k.LetI32(w.zeros.Add(zeroBytes))
	w.out = k.LetI32(w.in.Add(w.matrixIn.MulC(winogradPoints)))
	w.down = k.LetI32(k.Arg("out_height").AddC(winogradSide - 1).ShrU(asm.C(2)))
	w.across = k.LetI32(k.Arg("out_width").AddC(winogradSide - 1).ShrU(asm.C(2)))
	w.image, w.row, w.column = k.I32(), k.I32(), k.I32()
	k.MemoryFill(w.zeros, asm.C(0), zeroBytes)
	k.StoreI32(w.tile, tileCount1, asm.C(1))
	k.StoreI32(w.tile, tileCount2, asm.C(1))
	k.StoreI32(w.tile, tileN, k.Arg("filters"))
	k.StoreI32(w.tile, tileLDC, w.filterBytes)
	return w
}

// squares is the number of squares of all images.
func (w *winograd) squares() asm.I32 { return w.LetI32(w.Arg("n").Mul(w.down).Mul(w.across)) }

// each emits body for n squares from number first on, counted from 0.
func (w *winograd) each(first, n asm.I32, body func(i asm.I32)) {
	w.row.Set(first.DivU(w.across))
	w.column.Set(first.Sub(w.row.Mul(w.across)))
	w.image.Set(w.row.DivU(w.down))
	w.row.Set(w.row.Sub(w.image.Mul(w.down)))
	w.Range(n, func(i asm.I32) {
		body(i)
		w.column.Set(w.column.AddC(1))
		w.If(w.column.Eq(w.across), func() {
			w.column.Set(asm.C(0))
			w.row.Set(w.row.AddC(1))
			w.If(w.row.Eq(w.down), func() {
				w.row.Set(asm.C(0))
				w.image.Set(w.image.AddC(1))
			})
		})
	})
}

// input transforms the present square of x into row i of the 36 matrices.
func (w *winograd) input(x, i asm.I32) {
	height, width := w.Arg("height"), w.Arg("width")
	top := w.LetI32(w.row.MulC(winogradSide).Sub(w.Arg("pad_top")))
	left := w.LetI32(w.column.MulC(winogradSide).Sub(w.Arg("pad_left")))
	corner := x.Add(w.image.Mul(height).Add(top).Mul(width).Add(left).Mul(w.channelBytes))
	w.Call(w.Builder.winogradInput(), corner, width.Mul(w.channelBytes), w.channelBytes, top, height, left, width,
		w.zeros, w.tmp, w.in.Add(i.Mul(w.channelBytes)), w.matrixIn)
}

// outputs sets rows and columns to how many of the present square's outputs there are,
// and is the distance from the images' first output to the square's, in bytes.
func (w *winograd) outputs(rows, columns asm.I32) (distance asm.I32) {
	height, width := w.Arg("out_height"), w.Arg("out_width")
	top, left := w.LetI32(w.row.MulC(winogradSide)), w.LetI32(w.column.MulC(winogradSide))
	rows.Set(height.Sub(top).MinS(asm.C(winogradSide)))
	columns.Set(width.Sub(left).MinS(asm.C(winogradSide)))
	return w.LetI32(w.image.Mul(height).Add(top).Mul(width).Add(left).Mul(w.filterBytes))
}

// products emits the 36 products, each of so many rows: set is to prepare for a product, and
// at to set the tile's addresses for its row.
func (w *winograd) products(rows asm.I32, kernel func(rows int) *asm.Func, set func(point asm.I32), at func(row asm.I32)) {
	w.Range(asm.C(winogradPoints), func(point asm.I32) {
		set(point)
		w.Builder.emitRowTiles(w.Func, w.LetI32(asm.C(0)), rows, func(row, height asm.I32) {
			at(row)
			w.Builder.emitTileCall(w.Func, height, w.tile, kernel)
		})
	})
}

// emitWinograd divides the squares among the lanes.
func emitWinograd(k *Body) {
	x, y, weights := k.Arg("x"), k.Arg("y"), k.Arg("w")
	flags, bias, mask := k.Arg("flags"), k.Arg("bias"), k.Arg("mask")
	channels := k.Arg("channels")
	w := newWinograd(k)
	rowBytes := k.LetI32(k.Arg("out_width").Mul(w.filterBytes))
	k.If(flags.And(asm.C(epilogueBias)).Eqz(), func() { bias.Set(w.zeros) })
	k.StoreI32(w.tile, tilePanel, channels.MulC(32))
	k.StoreI32(w.tile, tileK, channels)
	k.StoreI32(w.tile, tileFlags, asm.C(0))
	matrix := k.LetI32(channels.Mul(w.filterBytes))
	lo, hi := k.Share(w.squares(), k.Builder.rows())
	at, rows, columns, a, c := k.I32(), k.I32(), k.I32(), k.I32(), k.I32()
	k.For(at, lo, hi, w.block, func() {
		n := k.LetI32(w.block.MinS(hi.Sub(at)))
		w.each(at, n, func(i asm.I32) { w.input(x, i) })
		w.products(n, k.Builder.directTile, func(point asm.I32) {
			k.StoreI32(w.tile, tileB, weights.Add(point.Mul(matrix)))
			a.Set(w.in.Add(point.Mul(w.matrixIn)))
			c.Set(w.out.Add(point.Mul(w.matrixOut)))
		}, func(row asm.I32) {
			k.StoreI32(w.tile, tileC, c.Add(row.Mul(w.filterBytes)))
			p := k.LetI32(a.Add(row.Mul(w.channelBytes)))
			for r := range k.Builder.rows() {
				k.StoreI32(w.tile, tileRows+4*r, p)
				p.Set(p.Add(w.channelBytes))
			}
		})
		w.each(at, n, func(i asm.I32) {
			distance := w.outputs(rows, columns)
			k.Call(k.Builder.winogradOutput(), w.out.Add(i.Mul(w.filterBytes)), w.matrixOut, w.filterBytes, w.tmp,
				y.Add(distance), rowBytes, rows, columns, bias, flags, mask.Add(distance))
		})
	})
}

// emitWinogradGradInput divides the images among the lanes. The squares' gradients are added up in an image that is zeros at first,
// and which the epilogue goes through when it is done.
func emitWinogradGradInput(k *Body) {
	dy, dx, weights := k.Arg("dy"), k.Arg("dx"), k.Arg("w")
	flags, bias, mask := k.Arg("flags"), k.Arg("bias"), k.Arg("mask")
	height, width, padTop, padLeft := k.Arg("height"), k.Arg("width"), k.Arg("pad_top"), k.Arg("pad_left")
	filters := k.Arg("filters")
	w := newWinograd(k)
	gradRowBytes := k.LetI32(k.Arg("out_width").Mul(w.filterBytes))
	rowBytes := k.LetI32(width.Mul(w.channelBytes))
	imageBytes := k.LetI32(height.Mul(rowBytes))
	k.If(flags.And(asm.C(epilogueBias)).Eqz(), func() { bias.Set(w.zeros) })
	// What is multiplied has the filters' scratch, the products the channels'.
	k.StoreI32(w.tile, tilePanel, filters.MulC(32))
	k.StoreI32(w.tile, tileK, filters)
	k.StoreI32(w.tile, tileN, k.Arg("channels"))
	k.StoreI32(w.tile, tileLDC, w.channelBytes)
	k.StoreI32(w.tile, tileFlags, asm.C(0))
	matrix := k.LetI32(filters.Mul(w.channelBytes))
	each := k.LetI32(w.down.Mul(w.across))
	lo, hi := k.Share(k.Arg("n"), 1)
	at, end, rows, columns, a, c := k.I32(), k.LetI32(hi.Mul(each)), k.I32(), k.I32(), k.I32(), k.I32()
	k.For(at, lo.Mul(each), end, w.block, func() {
		n := k.LetI32(w.block.MinS(end.Sub(at)))
		w.each(at, n, func(i asm.I32) {
			distance := w.outputs(rows, columns)
			k.Call(k.Builder.winogradGrad(), dy.Add(distance), gradRowBytes, w.filterBytes, rows, columns, w.zeros, w.tmp,
				w.out.Add(i.Mul(w.filterBytes)), w.matrixOut, asm.C(32), asm.C(0))
		})
		w.products(n, k.Builder.directTile, func(point asm.I32) {
			k.StoreI32(w.tile, tileB, weights.Add(point.Mul(matrix)))
			a.Set(w.out.Add(point.Mul(w.matrixOut)))
			c.Set(w.in.Add(point.Mul(w.matrixIn)))
		}, func(row asm.I32) {
			k.StoreI32(w.tile, tileC, c.Add(row.Mul(w.channelBytes)))
			p := k.LetI32(a.Add(row.Mul(w.filterBytes)))
			for r := range k.Builder.rows() {
				k.StoreI32(w.tile, tileRows+4*r, p)
				p.Set(p.Add(w.filterBytes))
			}
		})
		w.each(at, n, func(i asm.I32) {
			image := k.LetI32(dx.Add(w.image.Mul(imageBytes)))
			k.If(w.row.Or(w.column).Or(flags.And(asm.C(epilogueAccumulate))).Eqz(), func() { k.MemoryFill(image, asm.C(0), imageBytes) })
			top := k.LetI32(w.row.MulC(winogradSide).Sub(padTop))
			left := k.LetI32(w.column.MulC(winogradSide).Sub(padLeft))
			corner := image.Add(top.Mul(rowBytes)).Add(left.Mul(w.channelBytes))
			k.Call(k.Builder.winogradScatter(), w.in.Add(i.Mul(w.channelBytes)), w.matrixIn, w.channelBytes, w.tmp,
				corner, rowBytes, top, height, left, width)
			last := w.row.Eq(w.down.SubC(1)).And(w.column.Eq(w.across.SubC(1)))
			k.If(last.And(flags.And(asm.C(epilogueBias|epilogueReLU|epilogueMask)).Ne(asm.C(0))), func() {
				k.Call(k.Builder.epilogue(), image, height.Mul(width), w.channelBytes, bias, flags, mask.Add(image).Sub(dx))
			})
		})
	})
}

// epilogue is epilogue(c, pixels, pixel_bytes, bias, flags, mask): what Epilogue says behind Accumulate, on sums that lie in c
// already. The bias is added always, and may point at zeros.
func (b *Builder) epilogue() *asm.Func {
	return b.Function("epilogue", func(f *asm.Func) {
		c, pixels, pixelBytes := f.ParamI32(), f.ParamI32(), f.ParamI32()
		bias, flags, mask := f.ParamI32(), f.ParamI32(), f.ParamI32()
		floor, v, at, end := b.floor(f, flags), f.F32x4(), f.I32(), f.I32()
		f.Range(pixels, func(asm.I32) {
			at.Set(bias)
			end.Set(c.Add(pixelBytes))
			f.While(c.Ne(end), func() {
				v.Set(c.LoadF32x4(0).Add(at.LoadF32x4(0)).PMax(floor))
				f.If(flags.And(asm.C(epilogueMask)), func() {
					v.Set(v.AsI32x4().And(mask.LoadF32x4(0).Gt(asm.CF32x4(0))).AsF32x4())
				})
				f.StoreF32x4(c, 0, v)
				for _, p := range []asm.I32{c, at, mask} {
					p.Set(p.AddC(vectorBytes))
				}
			})
		})
	})
}

// emitWinogradGradKernel divides the chunks among the lanes.
func emitWinogradGradKernel(k *Body) {
	x, dy, chunks := k.Arg("x"), k.Arg("dy"), k.Arg("chunks")
	w := newWinograd(k)
	rowBytes := k.LetI32(k.Arg("out_width").Mul(w.filterBytes))
	panel := k.LetI32(w.block.MulC(32))
	k.StoreI32(w.tile, tilePanel, panel)
	k.StoreI32(w.tile, tilePitch, w.channelBytes)
	matrix := k.LetI32(k.Arg("channels").Mul(w.filterBytes).AddC(winogradPad))
	all := w.squares()
	lo, hi := k.Share(chunks, 1)
	chunk, at, rows, columns, a, c := k.I32(), k.I32(), k.I32(), k.I32(), k.I32(), k.I32()
	k.For(chunk, lo, hi, asm.C(1), func() {
		sums := k.LetI32(k.Arg("sums").Add(chunk.Mul(k.Arg("chunk_bytes"))))
		db := k.LetI32(sums.Add(matrix.MulC(winogradPoints)))
		k.MemoryFill(db, asm.C(0), w.filterBytes)
		from, to := share(k.Func, all, 1, chunk, chunks)
		k.StoreI32(w.tile, tileFlags, asm.C(0))
		k.For(at, from, to, w.block, func() {
			n := k.LetI32(w.block.MinS(to.Sub(at)))
			k.StoreI32(w.tile, tileK, n)
			w.each(at, n, func(i asm.I32) {
				w.input(x, i)
				distance := w.outputs(rows, columns)
				k.Call(k.Builder.winogradGrad(), dy.Add(distance), rowBytes, w.filterBytes, rows, columns, w.zeros, w.tmp,
					w.out.Add(i.MulC(32)), w.matrixOut, panel, db)
			})
			w.products(k.Arg("channels"), k.Builder.transposedTile, func(point asm.I32) {
				k.StoreI32(w.tile, tileB, w.out.Add(point.Mul(w.matrixOut)))
				a.Set(w.in.Add(point.Mul(w.matrixIn)))
				c.Set(sums.Add(point.Mul(matrix)))
			}, func(row asm.I32) {
				k.StoreI32(w.tile, tileRows, a.Add(row.MulC(4)))
				k.StoreI32(w.tile, tileC, c.Add(row.Mul(w.filterBytes)))
			})
			k.StoreI32(w.tile, tileFlags, asm.C(epilogueAccumulate))
		})
	})
}
