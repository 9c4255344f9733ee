//go:build !js

package kernels

import "github.com/tabgrad/tabgrad/wasm/asm"

var convGradKernelArgs = append([]string{"x", "dy", "dw", "db", "n", "out_height", "out_width", "filters", "kernel_height",
	"kernel_width", "stride_h", "stride_w", "dilation_h", "dilation_w", "groups", "flags", "band_rows", "scratch", "lane_bytes"},
	convSourceArgs...)

func init() {
	add(Kernel{
		Op:   OpConv2DGradKernel,
		Name: "f32_conv2d_grad_kernel",
		Doc: "dw[kh][kw][c][f] = sum over n, oy, ox of " +
			"x[n][oy*stride_h + kh*dilation_h - pad_top][ox*stride_w + kw*dilation_w - pad_left][c] * dy[n][oy][ox][f]; " +
			"db[f] = sum over n, oy, ox of dy[n][oy][ox][f]",
		Args: convGradKernelArgs,
		emit: emitConv2DGradKernel,
	})
}

// emitConv2DGradKernel divides (panel of eight filters, row of the kernel) among the
// lanes. Each goes through all images; of an image, or a band of it, it packs its panels
// of dy one by one, and with each makes its rows of the kernel.
func emitConv2DGradKernel(k *Body) {
	x, dy, dw := k.Arg("x"), k.Arg("dy"), k.Arg("dw")
	outHeight, outWidth, filters := k.Arg("out_height"), k.Arg("out_width"), k.Arg("filters")
	kernelH, kernelW, groups := k.Arg("kernel_height"), k.Arg("kernel_width"), k.Arg("groups")
	bandRows := k.Arg("band_rows")
	tile := k.LetI32(k.Arg("scratch").Add(k.Lane.Mul(k.Arg("lane_bytes"))))
	packed := k.LetI32(tile.AddC(tileBytes))

	groupFilters := k.LetI32(filters.DivU(groups))
	panels := k.LetI32(groupFilters.AddC(7).ShrU(asm.C(3)))
	lo, hi := k.Share(k.LetI32(groups.Mul(panels).Mul(kernelH)), 1)
	k.If(lo.GeU(hi), func() { k.Return() })
	images := newConvImages(k, k.LetI32(packed.Add(bandRows.Mul(outWidth).MulC(32))))
	groupChannels := k.LetI32(images.channels.DivU(groups))
	dilationH, dilationW := k.Arg("dilation_h"), k.Arg("dilation_w")
	stepY := k.LetI32(k.Arg("stride_h").Mul(images.rowBytes))

	// The weights of a row of the kernel are one run of rows of the product, if they meet
	// neighbours; otherwise there are runs of one pixel's channels.
	runs, run := k.LetI32(asm.C(1)), k.LetI32(kernelW.Mul(groupChannels))
	k.If(dilationW.Sub(asm.C(1)).Or(groups.Sub(asm.C(1))), func() {
		runs.Set(kernelW)
		run.Set(groupChannels)
	})
	k.StoreI32(tile, tileLDC, filters.MulC(4))
	k.StoreI32(tile, tilePitch, k.Arg("stride_w").Mul(images.pixelBytes))
	k.StoreI32(tile, tileK, outWidth)
	k.StoreI32(tile, tileStride1, stepY)

	image, base, band, rows, flags := k.I32(), k.I32(), k.I32(), k.I32(), k.LetI32(k.Arg("flags"))
	unit, kernelRow, panel, group := k.I32(), k.I32(), k.I32(), k.I32()
	packDY := k.Builder.packGradPanel()
	k.For(image, asm.C(0), k.Arg("n"), asm.C(1), func() {
		images.address(base, x)
		k.For(band, asm.C(0), outHeight, bandRows, func() {
			rows.Set(bandRows.MinS(outHeight.Sub(band)))
			k.StoreI32(tile, tileCount1, rows)
			k.StoreI32(tile, tileFlags, flags)
			pixels := k.LetI32(rows.Mul(outWidth))
			k.For(unit, lo, hi, asm.C(1), func() {
				panel.Set(unit.DivU(kernelH))
				kernelRow.Set(unit.Sub(panel.Mul(kernelH)))
				group.Set(panel.DivU(panels))
				panel.Set(panel.Sub(group.Mul(panels)))
				there := k.LetI32(groupFilters.Sub(panel.MulC(8)).MinS(asm.C(8)))
				filter := k.LetI32(group.Mul(groupFilters).Add(panel.MulC(8)).MulC(4))
				k.If(unit.Eq(lo).Or(kernelRow.Eqz()), func() {
					// Only the lane that has the kernel's first row sums up the bias.
					db := k.LetI32(k.Arg("db"))
					k.If(db.Ne(asm.C(0)).And(kernelRow.Eqz()), func() { db.Set(db.Add(filter)) })
					k.If(kernelRow, func() { db.Set(asm.C(0)) })
					k.Call(packDY, dy.Add(band.Mul(outWidth).Mul(filters).MulC(4)).Add(filter), packed, pixels,
						filters.MulC(4), db, there, flags)
				})
				k.StoreI32(tile, tileN, there)
				k.StoreI32(tile, tileB, packed)
				input := k.LetI32(base.Add(band.Mul(stepY)).Add(kernelRow.Mul(dilationH).Mul(images.rowBytes)).
					Add(group.Mul(groupChannels).MulC(4)))
				output := k.LetI32(dw.Add(kernelRow.Mul(kernelW).Mul(groupChannels).Mul(filters).MulC(4)).Add(filter))
				k.Range(runs, func(asm.I32) {
					k.Builder.emitRowTiles(k.Func, k.LetI32(asm.C(0)), run, func(row, height asm.I32) {
						k.StoreI32(tile, tileRows, input.Add(row.MulC(4)))
						k.StoreI32(tile, tileC, output.Add(row.Mul(filters).MulC(4)))
						k.Builder.emitTileCall(k.Func, height, tile, k.Builder.transposedTile)
					})
					input.Set(input.Add(dilationW.Mul(images.pixelBytes)))
					output.Set(output.Add(run.Mul(filters).MulC(4)))
				})
			})
			flags.Set(asm.C(epilogueAccumulate))
		})
		x.Set(x.Add(images.imageBytes))
		dy.Set(dy.Add(outHeight.Mul(outWidth).Mul(filters).MulC(4)))
	})
}

// packGradPanel is pack_grad_panel(src, dst, pixels, stride, db, columns, flags): eight
// channels of each pixel side by side, and their sums into the columns of db (added to
// what is there where flags say so), unless db is 0. Channels that are not there hold
// whatever comes behind in memory, which the product's epilogue leaves out.
func (b *Builder) packGradPanel() *asm.Func {
	return b.Function("pack_grad_panel", func(f *asm.Func) {
		src, dst, pixels, stride := f.ParamI32(), f.ParamI32(), f.ParamI32(), f.ParamI32()
		db, columns, flags := f.ParamI32(), f.ParamI32(), f.ParamI32()
		sum0, sum1, v0, v1 := f.F32x4(), f.F32x4(), f.F32x4(), f.F32x4()
		end := f.LetI32(dst.Add(pixels.MulC(32)))
		start := f.LetI32(dst)
		f.While(dst.Ne(end), func() {
			v0.Set(src.LoadF32x4(0))
			v1.Set(src.LoadF32x4(16))
			f.StoreF32x4(dst, 0, v0)
			f.StoreF32x4(dst, 16, v1)
			sum0.Set(sum0.Add(v0))
			sum1.Set(sum1.Add(v1))
			src.Set(src.Add(stride))
			dst.Set(dst.AddC(32))
		})
		f.If(db, func() {
			// The sums go through memory behind the panel's start, which is put back.
			v0.Set(start.LoadF32x4(0))
			v1.Set(start.LoadF32x4(16))
			f.StoreF32x4(start, 0, sum0)
			f.StoreF32x4(start, 16, sum1)
			f.Range(columns, func(j asm.I32) {
				at := f.LetI32(db.Add(j.MulC(4)))
				v := f.LetF32(start.Add(j.MulC(4)).LoadF32(0))
				f.If(flags.And(asm.C(epilogueAccumulate)), func() { v.Set(v.Add(at.LoadF32(0))) })
				f.StoreF32(at, 0, v)
			})
			f.StoreF32x4(start, 0, v0)
			f.StoreF32x4(start, 16, v1)
		})
	})
}
