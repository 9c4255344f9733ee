//go:build !js

package kernels

import (
	"slices"

	"github.com/tabgrad/tabgrad/wasm/asm"
)

var convSourceArgs = []string{"height", "width", "channels", "pad_top", "pad_left", "spread_h", "spread_w", "seen_h", "seen_w"}

var convArgs = append([]string{"x", "w", "y", "n", "out_height", "out_width", "filters", "kernel_height", "kernel_width",
	"stride_h", "stride_w", "dilation_h", "dilation_w", "groups", "flags", "bias", "mask", "scratch", "lane_bytes"},
	convSourceArgs...)

func init() {
	add(Kernel{
		Op:   OpConv2D,
		Name: "f32_conv2d",
		Doc: "y[n][oy][ox][f] = epilogue(sum over kh, kw, c of " +
			"x[n][oy*stride_h + kh*dilation_h - pad_top][ox*stride_w + kw*dilation_w - pad_left][c] * w[kh][kw][c][f]), " +
			"with w packed by f32_pack_8, and y[n][oy][ox] at n*y_image + oy*y_row + ox*y_pixel",
		Args: append(slices.Clone(convArgs), "y_pixel", "y_row", "y_image"),
		emit: emitConv2D,
	})
}

// convImages is how a kernel reads the images of its input, while it is being emitted;
// see convSource.
type convImages struct {
	*Body
	height, width, channels asm.I32
	pixelBytes, rowBytes    asm.I32 // of the images as they are read
	imageBytes              asm.I32 // of the images as they lie in memory
	seenH, seenW            asm.I32
	copyAt                  asm.I32 // where the padded copy is, or 0
}

// newConvImages prepares the reading of images; scratch is where a padded copy may be.
func newConvImages(k *Body, scratch asm.I32) *convImages {
	s := &convImages{Body: k, height: k.Arg("height"), width: k.Arg("width"), channels: k.Arg("channels"),
		seenH: k.Arg("seen_h"), seenW: k.Arg("seen_w")}
	s.pixelBytes = k.LetI32(s.channels.MulC(4))
	s.imageBytes = k.LetI32(s.height.Mul(s.width).Mul(s.pixelBytes))
	s.rowBytes, s.copyAt = k.I32(), k.I32()
	k.IfElse(s.seenH, func() {
		s.copyAt.Set(scratch)
		s.rowBytes.Set(s.seenW.Mul(s.pixelBytes))
		k.MemoryFill(scratch, asm.C(0), s.seenH.Mul(s.rowBytes))
	}, func() { s.rowBytes.Set(s.width.Mul(s.pixelBytes)) })
	return s
}

// address sets the local at to where the image at src is to be read, and copies it
// there if need be. The zeros around the copy are never written, and so stay.
func (s *convImages) address(at, src asm.I32) {
	at.Set(src)
	s.If(s.copyAt, func() {
		at.Set(s.copyAt)
		padTop, padLeft := s.Arg("pad_top"), s.Arg("pad_left")
		spreadH, spreadW := s.Arg("spread_h"), s.Arg("spread_w")
		line := s.LetI32(src)
		s.Range(s.height, func(y asm.I32) {
			to := s.LetI32(y.Mul(spreadH).Add(padTop))
			s.If(to.LtU(s.seenH), func() {
				to.Set(to.Mul(s.rowBytes).Add(s.copyAt))
				s.IfElse(spreadW.Eq(asm.C(1)), func() {
					first := s.LetI32(padLeft.MaxS(asm.C(0)))
					skip := s.LetI32(first.Sub(padLeft))
					n := s.LetI32(s.seenW.Sub(first).MinS(s.width.Sub(skip)))
					s.If(n.GtS(asm.C(0)), func() {
						s.MemoryCopy(to.Add(first.Mul(s.pixelBytes)), line.Add(skip.Mul(s.pixelBytes)), n.Mul(s.pixelBytes))
					})
				}, func() {
					s.Range(s.width, func(x asm.I32) {
						column := s.LetI32(x.Mul(spreadW).Add(padLeft))
						s.If(column.LtU(s.seenW), func() {
							s.MemoryCopy(to.Add(column.Mul(s.pixelBytes)), line.Add(x.Mul(s.pixelBytes)), s.pixelBytes)
						})
					})
				})
			})
			line.Set(line.Add(s.width.Mul(s.pixelBytes)))
		})
	})
}

func emitConv2D(k *Body) {
	x, y := k.Arg("x"), k.Arg("y")
	outWidth, filters := k.Arg("out_width"), k.Arg("filters")
	kernelH, kernelW := k.Arg("kernel_height"), k.Arg("kernel_width")
	groups, bias, mask := k.Arg("groups"), k.Arg("bias"), k.Arg("mask")
	tile := k.LetI32(k.Arg("scratch").Add(k.Lane.Mul(k.Arg("lane_bytes"))))
	outPixels := k.LetI32(k.Arg("out_height").Mul(outWidth))

	at, hi := k.Share(k.Arg("n").Mul(outPixels), k.Builder.rows())
	k.If(at.GeU(hi), func() { k.Return() })
	images := newConvImages(k, k.LetI32(tile.AddC(tileBytes)))
	groupChannels := k.LetI32(images.channels.DivU(groups))
	groupFilters := k.LetI32(filters.DivU(groups))
	terms := k.LetI32(kernelH.Mul(kernelW).Mul(groupChannels))
	stepY := k.LetI32(k.Arg("stride_h").Mul(images.rowBytes))
	stepX := k.LetI32(k.Arg("stride_w").Mul(images.pixelBytes))
	dilationW := k.Arg("dilation_w")

	yPixel, yRow, yImage := k.Arg("y_pixel"), k.Arg("y_row"), k.Arg("y_image")
	rowsApart := k.LetI32(yRow.Ne(outWidth.Mul(yPixel))) // a tile's pixels have one distance in y
	k.StoreI32(tile, tileLDC, yPixel)
	k.StoreI32(tile, tilePanel, terms.MulC(32))
	k.StoreI32(tile, tileFlags, k.Arg("flags"))
	k.StoreI32(tile, tileCount1, kernelH)
	k.StoreI32(tile, tileStride1, k.Arg("dilation_h").Mul(images.rowBytes))
	// The pixels of a window's row are one segment, if they are neighbours.
	k.IfElse(dilationW.Sub(asm.C(1)).Or(groups.Sub(asm.C(1))), func() {
		k.StoreI32(tile, tileCount2, kernelW)
		k.StoreI32(tile, tileStride2, dilationW.Mul(images.pixelBytes))
		k.StoreI32(tile, tileK, groupChannels)
	}, func() {
		k.StoreI32(tile, tileCount2, asm.C(1))
		k.StoreI32(tile, tileK, kernelW.Mul(groupChannels))
	})
	columnBlock := k.LetI32(asm.C(cacheBlock / 4).DivU(terms.MaxS(asm.C(1))).And(asm.C(-8)).MaxS(asm.C(8)))

	image, first, last, base, columns := k.I32(), k.I32(), k.I32(), k.I32(), k.I32()
	k.While(at.LtU(hi), func() {
		image.Set(at.DivU(outPixels))
		first.Set(at.Sub(image.Mul(outPixels)))
		last.Set(outPixels.MinU(first.Add(hi).Sub(at)))
		images.address(base, k.LetI32(x.Add(image.Mul(images.imageBytes))))
		weights := k.LetI32(k.Arg("w"))
		k.Range(groups, func(group asm.I32) {
			input := k.LetI32(base.Add(group.Mul(groupChannels).MulC(4)))
			k.For(columns, asm.C(0), groupFilters, columnBlock, func() {
				filter := k.LetI32(group.Mul(groupFilters).Add(columns).MulC(4))
				k.StoreI32(tile, tileN, columnBlock.MinS(groupFilters.Sub(columns)))
				k.StoreI32(tile, tileB, weights.Add(columns.MulC(4).Mul(terms)))
				k.StoreI32(tile, tileBias, bias.Add(filter))
				from, until := k.LetI32(first), k.I32()
				k.While(from.LtU(last), func() {
					until.Set(last)
					k.If(rowsApart, func() { until.Set(last.MinU(from.DivU(outWidth).AddC(1).Mul(outWidth))) })
					k.Builder.emitRowTiles(k.Func, from, until, func(pixel, height asm.I32) {
						row := k.LetI32(pixel.DivU(outWidth))
						column := k.LetI32(pixel.Sub(row.Mul(outWidth)))
						offset := k.LetI32(image.Mul(yImage).Add(row.Mul(yRow)).Add(column.Mul(yPixel)).Add(filter))
						k.StoreI32(tile, tileC, y.Add(offset))
						k.StoreI32(tile, tileMask, mask.Add(offset))
						// A tile's pixels may lie in several rows of x, so each has its own address.
						line := k.LetI32(input.Add(row.Mul(stepY)))
						for r := range k.Builder.rows() {
							k.StoreI32(tile, tileRows+4*r, line.Add(column.Mul(stepX)))
							column.Set(column.AddC(1))
							k.If(column.Eq(outWidth), func() {
								column.Set(asm.C(0))
								line.Set(line.Add(stepY))
							})
						}
						k.Builder.emitTileCall(k.Func, height, tile, k.Builder.directTile)
					})
					from.Set(until)
				})
			})
			weights.Set(weights.Add(groupFilters.AddC(7).ShrU(asm.C(3)).Mul(terms).MulC(32)))
		})
		at.Set(at.Add(last).Sub(first))
	})
}
