//go:build !js

package kernels

import "github.com/tabgrad/tabgrad/wasm/asm"

func init() {
	add(
		Kernel{
			Op:   OpConv2D3x3x1,
			Name: "f32_conv2d_3x3x1",
			Doc: "y[n][oy][ox][f] = relu(bias[f] + sum over kh, kw below 3 of " +
				"x[n][oy*stride_h + kh*dilation_h - pad_top][ox*stride_w + kw - pad_left] * w[kh][kw][f]), with filters in fours",
			Args: convArgs,
			emit: emitConv2D3x3x1,
		},
		Kernel{
			Op:   OpConv2DGradKernel3x3x1,
			Name: "f32_conv2d_grad_kernel_3x3x1",
			Doc: "dw[kh][kw][f] = sum over n, oy, ox of " +
				"x[n][oy*stride_h + kh*dilation_h - pad_top][ox*stride_w + kw - pad_left] * dy[n][oy][ox][f]; " +
				"db[f] = sum over n, oy, ox of dy[n][oy][ox][f]; with filters in fours",
			Args: convGradKernelArgs,
			emit: emitConv2DGradKernel3x3x1,
		},
	)
}

// nineTaps is a window of 3 x 3 pixels that moves along a row, with a vector of four
// filters in a register for each of its pixels.
type nineTaps struct {
	*Body
	filters asm.I32
	taps    [9]asm.F32x4
	lines   [3]asm.I32 // the window's corner in each of its rows
	step    asm.I32    // bytes by which it moves
	pixel   asm.F32x4  // the one that two windows share
}

func newNineTaps(k *Body, images *convImages) *nineTaps {
	t := &nineTaps{Body: k, filters: k.Arg("filters"), pixel: k.F32x4()}
	for i := range t.taps {
		t.taps[i] = k.F32x4()
	}
	for i := range t.lines {
		t.lines[i] = k.I32()
	}
	t.step = k.LetI32(k.Arg("stride_w").Mul(images.pixelBytes))
	return t
}

// begin puts the window at the start of a row.
func (t *nineTaps) begin(at, lineBytes asm.I32) {
	t.lines[0].Set(at)
	t.lines[1].Set(t.lines[0].Add(lineBytes))
	t.lines[2].Set(t.lines[1].Add(lineBytes))
}

// along emits the loop from p to end over a row's places, which are place bytes apart. Where windows that follow are one pixel
// apart, they are done in pairs, which load their common pixels once; body is called with how many there are.
func (t *nineTaps) along(p, end, place asm.I32, body func(windows int)) {
	move := func(bytes asm.I32) {
		for _, l := range t.lines {
			l.Set(l.Add(bytes))
		}
	}
	t.If(t.step.Eq(asm.C(4)), func() {
		pairs := t.LetI32(end.Sub(place))
		t.While(p.LtU(pairs), func() {
			body(2)
			move(asm.C(8))
			p.Set(p.Add(place).Add(place))
		})
	})
	t.While(p.Ne(end), func() {
		body(1)
		move(t.step)
		p.Set(p.Add(place))
	})
}

// pixels emits visit for each of the windows' pixels, which tap of which window it meets and its value in every lane. A window's
// taps come in order.
func (t *nineTaps) pixels(windows int, visit func(window, tap int, v asm.F32x4)) {
	for line := range 3 {
		for column := range 2 + windows {
			v := t.lines[line].LoadSplatF32x4(4 * column)
			if windows > 1 {
				t.pixel.Set(v)
				v = t.pixel
			}
			for w := range windows {
				if i := column - w; i >= 0 && i < 3 {
					visit(w, 3*line+i, v)
				}
			}
		}
	}
}

func emitConv2D3x3x1(k *Body) {
	x, w, y := k.Arg("x"), k.Arg("w"), k.Arg("y")
	outHeight, outWidth := k.Arg("out_height"), k.Arg("out_width")
	flags, bias := k.Arg("flags"), k.Arg("bias")
	scratch := k.LetI32(k.Arg("scratch").Add(k.Lane.Mul(k.Arg("lane_bytes"))))
	lo, hi := k.Share(k.Arg("n").Mul(outHeight), 1) // rows
	k.If(lo.GeU(hi), func() { k.Return() })
	images := newConvImages(k, k.LetI32(scratch.AddC(tileBytes)))
	t := newNineTaps(k, images)
	filterBytes := k.LetI32(t.filters.MulC(4))
	lineBytes := k.LetI32(k.Arg("dilation_h").Mul(images.rowBytes))
	rowStep := k.LetI32(k.Arg("stride_h").Mul(images.rowBytes))

	row, image, seen, base := k.I32(), k.I32(), k.LetI32(asm.C(-1)), k.I32()
	f, p, end, at := k.I32(), k.I32(), k.I32(), k.I32()
	start, sum, floor := k.F32x4(), [2]asm.F32x4{k.F32x4(), k.F32x4()}, k.F32x4()
	// Without relu the floor is minus infinity, which leaves all numbers as they are.
	floor.Set(asm.CI32x4(0xff800000).AsF32x4())
	k.If(flags.And(asm.C(epilogueReLU)), func() { floor.Set(asm.CF32x4(0)) })
	k.For(row, lo, hi, asm.C(1), func() {
		image.Set(row.DivU(outHeight))
		k.If(image.Ne(seen), func() {
			images.address(base, k.LetI32(x.Add(image.Mul(images.imageBytes))))
			seen.Set(image)
		})
		line := k.LetI32(base.Add(row.Sub(image.Mul(outHeight)).Mul(rowStep)))
		out := k.LetI32(y.Add(row.Mul(outWidth).Mul(filterBytes)))
		k.For(f, asm.C(0), filterBytes, asm.C(16), func() {
			at.Set(w.Add(f))
			for i := range t.taps {
				t.taps[i].Set(at.LoadF32x4(0))
				at.Set(at.Add(filterBytes))
			}
			start.Set(asm.CF32x4(0))
			k.If(flags.And(asm.C(epilogueBias)), func() { start.Set(bias.Add(f).LoadF32x4(0)) })
			t.begin(line, lineBytes)
			p.Set(out.Add(f))
			end.Set(p.Add(outWidth.Mul(filterBytes)))
			t.along(p, end, filterBytes, func(windows int) {
				t.pixels(windows, func(window, tap int, v asm.F32x4) {
					before := sum[window]
					if tap == 0 {
						before = start
					}
					sum[window].Set(k.Builder.MAdd(v, t.taps[tap], before))
				})
				k.StoreF32x4(p, 0, sum[0].PMax(floor))
				if windows > 1 {
					k.StoreF32x4(p.Add(filterBytes), 0, sum[1].PMax(floor))
				}
			})
		})
	})
}

// emitConv2DGradKernel3x3x1 divides the filters, in fours, among the lanes.
func emitConv2DGradKernel3x3x1(k *Body) {
	x, dy, dw, db := k.Arg("x"), k.Arg("dy"), k.Arg("dw"), k.Arg("db")
	outHeight, outWidth := k.Arg("out_height"), k.Arg("out_width")
	flags, bandRows := k.Arg("flags"), k.Arg("band_rows")
	scratch := k.LetI32(k.Arg("scratch").Add(k.Lane.Mul(k.Arg("lane_bytes"))))
	lo, hi := k.Share(k.Arg("filters"), 4)
	k.If(lo.GeU(hi), func() { k.Return() })
	images := newConvImages(k, k.LetI32(scratch.AddC(tileBytes).Add(bandRows.Mul(outWidth).MulC(32))))
	t := newNineTaps(k, images)
	filterBytes := k.LetI32(t.filters.MulC(4))
	lineBytes := k.LetI32(k.Arg("dilation_h").Mul(images.rowBytes))
	rowStep := k.LetI32(k.Arg("stride_h").Mul(images.rowBytes))

	image, base, band, row, f := k.I32(), k.I32(), k.I32(), k.I32(), k.I32()
	p, end, at := k.I32(), k.I32(), k.I32()
	grad, sum := [2]asm.F32x4{k.F32x4(), k.F32x4()}, k.F32x4()
	k.For(image, asm.C(0), k.Arg("n"), asm.C(1), func() {
		images.address(base, x)
		k.For(band, asm.C(0), outHeight, bandRows, func() {
			k.For(f, lo.MulC(4), hi.MulC(4), asm.C(16), func() {
				for _, tap := range t.taps {
					tap.Set(asm.CF32x4(0))
				}
				sum.Set(asm.CF32x4(0))
				p.Set(dy.Add(band.Mul(outWidth).Mul(filterBytes)).Add(f))
				k.For(row, band, band.Add(bandRows).MinS(outHeight), asm.C(1), func() {
					t.begin(base.Add(row.Mul(rowStep)), lineBytes)
					end.Set(p.Add(outWidth.Mul(filterBytes)))
					t.along(p, end, filterBytes, func(windows int) {
						grad[0].Set(p.LoadF32x4(0))
						sum.Set(sum.Add(grad[0]))
						if windows > 1 {
							grad[1].Set(p.Add(filterBytes).LoadF32x4(0))
							sum.Set(sum.Add(grad[1]))
						}
						t.pixels(windows, func(window, tap int, v asm.F32x4) {
							t.taps[tap].Set(k.Builder.MAdd(v, grad[window], t.taps[tap]))
						})
					})
				})
				add := func(at asm.I32, v asm.F32x4) {
					k.If(flags.And(asm.C(epilogueAccumulate)), func() { v.Set(v.Add(at.LoadF32x4(0))) })
					k.StoreF32x4(at, 0, v)
				}
				at.Set(dw.Add(f))
				for _, tap := range t.taps {
					add(at, tap)
					at.Set(at.Add(filterBytes))
				}
				k.If(db, func() { add(k.LetI32(db.Add(f)), sum) })
			})
			flags.Set(asm.C(epilogueAccumulate))
		})
		x.Set(x.Add(images.imageBytes))
		dy.Set(dy.Add(outHeight.Mul(outWidth).Mul(filterBytes)))
	})
}
