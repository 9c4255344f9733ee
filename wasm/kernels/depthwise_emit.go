//go:build !js

package kernels

import "github.com/tabgrad/tabgrad/wasm/asm"

func init() {
	add(
		Kernel{
			Op: OpDepthwise, Name: "f32_depthwise",
			Doc: "y[n][oy][ox][c] = epilogue(sum over kh, kw of " +
				"x[n][oy*stride_h + kh*dilation_h - pad_top][ox*stride_w + kw*dilation_w - pad_left][c] * w[tap][c]), " +
				"with tap*step bytes of w before the tap of kh, kw",
			Args: append([]string{"x", "w", "y", "n", "out_height", "out_width", "kernel_height", "kernel_width", "stride_h", "stride_w",
				"dilation_h", "dilation_w", "step", "flags", "bias", "mask", "scratch", "lane_bytes"}, convSourceArgs...),
			emit: emitDepthwise,
		},
		Kernel{
			Op: OpDepthwiseGradKernel, Name: "f32_depthwise_grad_kernel",
			Doc: "dw[kh][kw][c] = sum over n, oy, ox of " +
				"x[n][oy*stride_h + kh*dilation_h - pad_top][ox*stride_w + kw*dilation_w - pad_left][c] * dy[n][oy][ox][c]; " +
				"db[c] = sum over n, oy, ox of dy[n][oy][ox][c]",
			Args: []string{"x", "dy", "dw", "db", "n", "height", "width", "channels", "out_height", "out_width", "kernel_height",
				"kernel_width", "stride_h", "stride_w", "dilation_h", "dilation_w", "pad_top", "pad_left", "flags"},
			emit: emitDepthwiseGradKernel,
		},
	)
}

// emitDepthwise divides the rows of outputs among the lanes. A row goes by four neighbours, and each by eight
// channels, so that a tap's weights are loaded once for four outputs.
func emitDepthwise(k *Body) {
	w, out := k.Arg("w"), k.I32()
	outHeight, outWidth := k.Arg("out_height"), k.Arg("out_width")
	lo, hi := k.Share(k.Arg("n").Mul(outHeight), 1)
	k.If(lo.GeU(hi), func() { k.Return() })
	images := newConvImages(k, k.LetI32(k.Arg("scratch").Add(k.Lane.Mul(k.Arg("lane_bytes")))))
	stepY, stepX := k.LetI32(k.Arg("stride_h").Mul(images.rowBytes)), k.LetI32(k.Arg("stride_w").Mul(images.pixelBytes))
	out.Set(k.Arg("y").Add(lo.Mul(outWidth).Mul(images.pixelBytes)))
	t := &depthwiseTile{
		Body: k, kernelH: k.Arg("kernel_height"), kernelW: k.Arg("kernel_width"), step: k.Arg("step"), stepX: stepX,
		tapY: k.LetI32(k.Arg("dilation_h").Mul(images.rowBytes)), tapX: k.LetI32(k.Arg("dilation_w").Mul(images.pixelBytes)),
		outBytes: images.pixelBytes, flags: k.Arg("flags"), bias: k.Arg("bias"), toMask: k.LetI32(k.Arg("mask").Sub(k.Arg("y"))),
	}
	unit, image, base := k.I32(), k.LetI32(asm.C(-1)), k.I32()
	k.For(unit, lo, hi, asm.C(1), func() {
		n := k.LetI32(unit.DivU(outHeight))
		k.If(n.Ne(image), func() {
			image.Set(n)
			images.address(base, k.LetI32(k.Arg("x").Add(n.Mul(images.imageBytes))))
		})
		line := k.LetI32(base.Add(unit.Sub(n.Mul(outHeight)).Mul(stepY)))
		left := k.LetI32(outWidth)
		pixels := func(n int) {
			at, rest := k.LetI32(asm.C(0)), k.LetI32(images.channels)
			k.While(rest.GeS(asm.C(8)), func() {
				t.emit(n, 2, line, out, w, at, rest)
				at.Set(at.AddC(32))
				rest.Set(rest.SubC(8))
			})
			k.While(rest.GtS(asm.C(0)), func() {
				t.emit(n, 1, line, out, w, at, rest)
				at.Set(at.AddC(16))
				rest.Set(rest.SubC(4))
			})
			line.Set(line.Add(stepX.MulC(n)))
			out.Set(out.Add(images.pixelBytes.MulC(n)))
			left.Set(left.SubC(n))
		}
		k.While(left.GeS(asm.C(4)), func() { pixels(4) })
		k.While(left, func() { pixels(1) })
	})
}

// A depthwiseTile makes some neighbouring outputs of some vectors of channels.
type depthwiseTile struct {
	*Body
	kernelH, kernelW asm.I32
	tapY, tapX, step asm.I32 // bytes from a tap to the one below and beside it in x, and to the next in w
	stepX, outBytes  asm.I32 // bytes from an output's window to the next, and from an output to the next
	flags, bias      asm.I32
	toMask           asm.I32 // bytes from an output to its mask
}

// emit emits the tile of pixels by vectors at byte at of the channels, of which there are rest.
func (t *depthwiseTile) emit(pixels, vectors int, line, out, w, at, rest asm.I32) {
	k := t.Body
	acc := newAccumulators(k.Func, pixels, vectors)
	acc.clear()
	tap, row := k.LetI32(w.Add(at)), k.LetI32(line.Add(at))
	from := make([]asm.I32, pixels)
	weights := make([]asm.F32x4, vectors)
	for i := range from {
		from[i] = k.I32()
	}
	k.Range(t.kernelH, func(asm.I32) {
		for i := range from {
			if from[i].Set(row); i > 0 {
				from[i].Set(from[i-1].Add(t.stepX))
			}
		}
		k.Range(t.kernelW, func(asm.I32) {
			for v := range weights {
				weights[v] = k.let(tap.LoadF32x4(16 * v))
			}
			acc.each(func(i, v int, sum asm.F32x4) {
				sum.Set(k.Builder.MAdd(from[i].LoadF32x4(16*v), weights[v], sum))
			})
			for i := range from {
				from[i].Set(from[i].Add(t.tapX))
			}
			tap.Set(tap.Add(t.step))
		})
		row.Set(row.Add(t.tapY))
	})
	to := from // they have done their work
	for i := range to {
		if to[i].Set(out.Add(at)); i > 0 {
			to[i].Set(to[i-1].Add(t.outBytes))
		}
	}
	finish := func(flag int, do func(i, v int, sum asm.F32x4)) {
		k.If(t.flags.And(asm.C(flag)), func() { acc.each(do) })
	}
	k.If(t.flags, func() {
		finish(epilogueAccumulate, func(i, v int, sum asm.F32x4) { sum.Set(sum.Add(to[i].LoadF32x4(16 * v))) })
		finish(epilogueBias, func(_, v int, sum asm.F32x4) { sum.Set(sum.Add(t.bias.Add(at).LoadF32x4(16 * v))) })
		finish(epilogueReLU, func(_, _ int, sum asm.F32x4) { sum.Set(sum.PMax(cv(0))) })
		finish(epilogueMask, func(i, v int, sum asm.F32x4) {
			sum.Set(sum.And(to[i].Add(t.toMask).LoadF32x4(16 * v).Gt(cv(0)).AsF32x4()))
		})
	})
	store := func() {
		acc.each(func(i, v int, sum asm.F32x4) { k.StoreF32x4(to[i], 16*v, sum) })
	}
	if vectors > 1 {
		store()
		return
	}
	k.IfElse(rest.GeS(asm.C(4)), store, func() {
		acc.each(func(i, _ int, sum asm.F32x4) { k.storePart(to[i], rest, sum) })
	})
}

// emitDepthwiseGradKernel divides (sixteen channels, row of the kernel) among the lanes. The sum over an image's
// outputs is added to the sum over those before.
func emitDepthwiseGradKernel(k *Body) {
	x, dy, dw, db := k.Arg("x"), k.Arg("dy"), k.Arg("dw"), k.Arg("db")
	height, width, channels := k.Arg("height"), k.Arg("width"), k.Arg("channels")
	outHeight, outWidth := k.Arg("out_height"), k.Arg("out_width")
	kernelH, kernelW := k.Arg("kernel_height"), k.Arg("kernel_width")
	strideH, strideW := k.Arg("stride_h"), k.Arg("stride_w")
	pixel, flags := k.LetI32(channels.MulC(4)), k.LetI32(k.Arg("flags"))
	stepX := k.LetI32(strideW.Mul(pixel))
	lo, hi := k.Share(channels.AddC(15).ShrU(asm.C(4)).Mul(kernelH), 1)

	// reach sets which outputs' windows have their tap, shift elements from their start, within size elements.
	reach := func(shift, stride, size, outputs, first, end asm.I32) {
		first.Set(asm.C(0).MaxS(asm.C(0).Sub(shift)).Add(stride).SubC(1).DivU(stride))
		end.Set(size.SubC(1).Sub(shift))
		k.IfElse(end.LtS(asm.C(0)), func() { end.Set(asm.C(0)) },
			func() { end.Set(end.DivU(stride).AddC(1).MinS(outputs)) })
	}
	// finish adds sums to what is at an address, or stores them there.
	finish := func(acc accumulators, at, rest asm.I32) {
		k.If(flags, func() {
			acc.each(func(_, v int, sum asm.F32x4) { sum.Set(sum.Add(at.LoadF32x4(16 * v))) })
		})
		store := func() { acc.each(func(_, v int, sum asm.F32x4) { k.StoreF32x4(at, 16*v, sum) }) }
		if len(acc[0]) > 1 {
			store()
			return
		}
		k.IfElse(rest.GeS(asm.C(4)), store, func() { k.storePart(at, rest, acc[0][0]) })
	}
	row, firstY, endY, firstX, endX, count := k.I32(), k.I32(), k.I32(), k.I32(), k.I32(), k.I32()
	from, grad := k.I32(), k.I32()
	// tap is a tap's gradient, or the bias's, for some vectors of channels, at byte at.
	tap := func(vectors int, bias bool, shiftY, shiftX, to, at, rest asm.I32) {
		acc := newAccumulators(k.Func, 1, vectors)
		acc.clear()
		k.For(row, firstY, endY, asm.C(1), func() {
			from.Set(row.Mul(strideH).Add(shiftY).Mul(width).Add(firstX.Mul(strideW)).Add(shiftX).Mul(pixel).Add(x).Add(at))
			grad.Set(row.Mul(outWidth).Add(firstX).Mul(pixel).Add(dy).Add(at))
			count.Set(endX.Sub(firstX))
			k.While(count.GtS(asm.C(0)), func() {
				acc.each(func(_, v int, sum asm.F32x4) {
					g := grad.LoadF32x4(16 * v)
					if bias {
						sum.Set(sum.Add(g))
						return
					}
					sum.Set(k.Builder.MAdd(from.LoadF32x4(16*v), g, sum))
				})
				from.Set(from.Add(stepX))
				grad.Set(grad.Add(pixel))
				count.Set(count.SubC(1))
			})
		})
		finish(acc, k.LetI32(to.Add(at)), rest)
	}
	unit, kx := k.I32(), k.I32()
	k.Range(k.Arg("n"), func(asm.I32) {
		k.For(unit, lo, hi, asm.C(1), func() {
			block := k.LetI32(unit.DivU(kernelH))
			ky := k.LetI32(unit.Sub(block.Mul(kernelH)))
			at, rest := k.LetI32(block.MulC(64)), k.LetI32(channels.Sub(block.MulC(16)))
			pieces := func(bias bool, shiftY, shiftX, to asm.I32) {
				k.IfElse(rest.GeS(asm.C(16)), func() { tap(4, bias, shiftY, shiftX, to, at, rest) }, func() {
					at, rest := k.LetI32(at), k.LetI32(rest)
					k.While(rest.GtS(asm.C(0)), func() {
						tap(1, bias, shiftY, shiftX, to, at, rest)
						at.Set(at.AddC(16))
						rest.Set(rest.SubC(4))
					})
				})
			}
			k.If(db.Ne(asm.C(0)).And(ky.Eqz()), func() {
				firstY.Set(asm.C(0))
				firstX.Set(asm.C(0))
				endY.Set(outHeight)
				endX.Set(outWidth)
				pieces(true, asm.C(0), asm.C(0), db)
			})
			shiftY := k.LetI32(ky.Mul(k.Arg("dilation_h")).Sub(k.Arg("pad_top")))
			reach(shiftY, strideH, height, outHeight, firstY, endY)
			k.For(kx, asm.C(0), kernelW, asm.C(1), func() {
				shiftX := k.LetI32(kx.Mul(k.Arg("dilation_w")).Sub(k.Arg("pad_left")))
				reach(shiftX, strideW, width, outWidth, firstX, endX)
				pieces(false, shiftY, shiftX, k.LetI32(ky.Mul(kernelW).Add(kx).Mul(pixel).Add(dw)))
			})
		})
		flags.Set(asm.C(epilogueAccumulate))
		x.Set(x.Add(height.Mul(width).Mul(pixel)))
		dy.Set(dy.Add(outHeight.Mul(outWidth).Mul(pixel)))
	})
}
