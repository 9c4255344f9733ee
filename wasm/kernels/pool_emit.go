//go:build !js

package kernels

import (
	"math"

	"github.com/tabgrad/tabgrad/wasm/asm"
)

var windowArgs = []string{"n", "h", "w", "c", "oh", "ow", "kh", "kw", "sh", "sw", "top", "left"}

func init() {
	pool := append([]string{"dst", "x"}, windowArgs...)
	poolGrad := append([]string{"dst", "x", "y", "dy"}, windowArgs...)
	add(
		Kernel{
			Op: OpMaxPool, Name: "f32_max_pool", Args: pool,
			Doc:  "dst[n][oh][ow][c] = max of x[n][...][...][c] over the window",
			emit: func(k *Body) { emitPool(k, false) },
		},
		Kernel{
			Op: OpAvgPool, Name: "f32_avg_pool", Args: pool,
			Doc:  "dst[n][oh][ow][c] = mean of x[n][...][...][c] over the window",
			emit: func(k *Body) { emitPool(k, true) },
		},
		Kernel{
			Op: OpMaxPoolGrad, Name: "f32_max_pool_grad", Args: poolGrad,
			Doc:  "dst = 0; for each window { dst += dy at the first x that equals y }",
			emit: func(k *Body) { emitPoolGrad(k, false) },
		},
		Kernel{
			Op: OpAvgPoolGrad, Name: "f32_avg_pool_grad", Args: poolGrad,
			Doc:  "dst = 0; for each window { dst += dy / elements in the window }",
			emit: func(k *Body) { emitPoolGrad(k, true) },
		},
	)
}

// pooling is the window's arguments, and what follows from them.
type pooling struct {
	k                          *Body
	h, w, c, oh, ow            asm.I32
	kh, kw, sh, sw, top, left  asm.I32
	pixel, line                asm.I32 // bytes of x from a pixel to the next, and to the one below
	h0, w0, height, width, two asm.I32 // the present window's part in the image; two: it is 2x2
	at, out                    asm.I32 // byte offsets of its first element in x, and of its result
}

func (k *Body) pooling() *pooling {
	p := &pooling{
		k: k, h: k.Arg("h"), w: k.Arg("w"), c: k.Arg("c"), oh: k.Arg("oh"), ow: k.Arg("ow"),
		kh: k.Arg("kh"), kw: k.Arg("kw"), sh: k.Arg("sh"), sw: k.Arg("sw"), top: k.Arg("top"), left: k.Arg("left"),
	}
	p.pixel = k.LetI32(p.c.MulC(4))
	p.line = k.LetI32(p.w.Mul(p.pixel))
	for _, local := range []*asm.I32{&p.h0, &p.w0, &p.height, &p.width, &p.two, &p.at, &p.out} {
		*local = k.I32()
	}
	return p
}

// row emits body for each window of row oh of image n, with the window set.
func (p *pooling) row(n, oh asm.I32, body func()) {
	k := p.k
	clip := func(first, size, stride, pad, length, from, span asm.I32) {
		from.Set(first.Mul(stride).Sub(pad))
		span.Set(from.Add(size).MinS(length))
		from.Set(from.MaxS(asm.C(0)))
		span.Set(span.Sub(from))
	}
	clip(oh, p.kh, p.sh, p.top, p.h, p.h0, p.height)
	p.out.Set(n.Mul(p.oh).Add(oh).Mul(p.ow).Mul(p.pixel))
	k.Range(p.ow, func(ow asm.I32) {
		clip(ow, p.kw, p.sw, p.left, p.w, p.w0, p.width)
		p.two.Set(p.height.Eq(asm.C(2)).And(p.width.Eq(asm.C(2))))
		p.at.Set(n.Mul(p.h).Add(p.h0).Mul(p.line).Add(p.w0.Mul(p.pixel)))
		body()
		p.out.Set(p.out.Add(p.pixel))
	})
}

// elements emits body for the window's elements in order, with their offset from the first.
func (p *pooling) elements(body func(offset asm.I32)) {
	k := p.k
	line := k.LetI32(asm.C(0))
	k.Range(p.height, func(asm.I32) {
		offset := k.LetI32(line)
		k.Range(p.width, func(asm.I32) {
			body(offset)
			offset.Set(offset.Add(p.pixel))
		})
		line.Set(line.Add(p.line))
	})
}

// A lanewise emits the same for whole vectors and for single numbers.
type lanewise struct {
	load  func(a asm.I32) asm.F32x4
	store func(a asm.I32, v asm.F32x4)
}

// channels emits body for channels [lo, hi), four at a time and then one by one, with their byte
// offset.
func (k *Body) channels(lo, hi asm.I32, body func(offset asm.I32, l lanewise)) {
	offset, left := k.LetI32(lo.MulC(4)), k.LetI32(hi.Sub(lo))
	k.While(left.GeS(asm.C(4)), func() {
		body(offset, lanewise{
			func(a asm.I32) asm.F32x4 { return a.LoadF32x4(0) },
			func(a asm.I32, v asm.F32x4) { k.StoreF32x4(a, 0, v) },
		})
		offset.Set(offset.AddC(16))
		left.Set(left.SubC(4))
	})
	k.While(left.GtS(asm.C(0)), func() {
		body(offset, lanewise{
			func(a asm.I32) asm.F32x4 { return a.LoadZeroF32x4(0) },
			func(a asm.I32, v asm.F32x4) { k.StoreLaneF32x4(a, 0, v, 0) },
		})
		offset.Set(offset.AddC(4))
		left.Set(left.SubC(1))
	})
}

func emitPool(k *Body, avg bool) {
	dst, x := k.Arg("dst"), k.Arg("x")
	p := k.pooling()
	first, join := math.Inf(-1), asm.F32x4.Max
	if avg {
		first, join = 0, asm.F32x4.Add
	}
	lo, hi := k.Share(k.Arg("n").Mul(p.oh), 1)
	unit := k.I32()
	k.For(unit, lo, hi, asm.C(1), func() {
		n := k.LetI32(unit.DivU(p.oh))
		p.row(n, unit.Sub(n.Mul(p.oh)), func() {
			count := k.let(p.height.Mul(p.width).ToF32S().Splat())
			k.channels(asm.C(0), p.c, func(offset asm.I32, l lanewise) {
				from := k.LetI32(x.Add(p.at).Add(offset))
				v := k.F32x4()
				k.IfElse(p.two, func() {
					below := k.LetI32(from.Add(p.line))
					v.Set(join(join(join(l.load(from), l.load(from.Add(p.pixel))), l.load(below)), l.load(below.Add(p.pixel))))
				}, func() {
					v.Set(cv(first))
					p.elements(func(e asm.I32) { v.Set(join(v, l.load(from.Add(e)))) })
				})
				if avg {
					v.Set(v.Div(count))
				}
				l.store(dst.Add(p.out).Add(offset), v)
			})
		})
	})
}

// poolGradChannels is how many channels of an image are a lane's smallest share where windows
// overlap.
const poolGradChannels = 16

// emitPoolGrad divides rows of windows where the windows don't overlap, and else images and
// channels, so that each element is one lane's. Where the windows are tiles of the images, nothing
// need be cleared or added up.
func emitPoolGrad(k *Body, avg bool) {
	dst, n := k.Arg("dst"), k.Arg("n")
	p := k.pooling()
	window := k.poolGradWindow(p, avg)
	unit := k.I32()
	tiles := k.LetI32(p.top.Or(p.left).Eqz().And(p.kh.Eq(p.sh)).And(p.kw.Eq(p.sw)).
		And(p.h.Eq(p.oh.Mul(p.sh))).And(p.w.Eq(p.ow.Mul(p.sw))))
	k.If(tiles, func() {
		lo, hi := k.Share(n.Mul(p.oh), 1)
		k.For(unit, lo, hi, asm.C(1), func() {
			image := k.LetI32(unit.DivU(p.oh))
			p.row(image, unit.Sub(image.Mul(p.oh)), k.poolGradTile(p, avg))
		})
		k.Return()
	})
	k.IfElse(p.kh.LeU(p.sh).And(p.kw.LeU(p.sw)), func() {
		// A row of windows owns the rows of dst from its first one to the next one's.
		start := func(oh asm.I32) asm.I32 {
			s := k.LetI32(oh.Mul(p.sh).Sub(p.top).MaxS(asm.C(0)).MinS(p.h))
			s.Set(asm.C(0).Select(s, oh.Eqz()))
			return p.h.Select(s, oh.Eq(p.oh))
		}
		lo, hi := k.Share(n.Mul(p.oh), 1)
		k.For(unit, lo, hi, asm.C(1), func() {
			image := k.LetI32(unit.DivU(p.oh))
			oh := k.LetI32(unit.Sub(image.Mul(p.oh)))
			from, to := k.LetI32(start(oh)), k.LetI32(start(oh.AddC(1)))
			k.MemoryFill(dst.Add(image.Mul(p.h).Add(from).Mul(p.line)), asm.C(0), to.Sub(from).Mul(p.line))
			p.row(image, oh, func() { window(asm.C(0), p.c) })
		})
	}, func() {
		blocks := k.LetI32(p.c.AddC(poolGradChannels - 1).DivU(asm.C(poolGradChannels)))
		lo, hi := k.Share(n.Mul(blocks), 1)
		k.For(unit, lo, hi, asm.C(1), func() {
			image := k.LetI32(unit.DivU(blocks))
			c0 := k.LetI32(unit.Sub(image.Mul(blocks)).MulC(poolGradChannels))
			c1 := k.LetI32(c0.AddC(poolGradChannels).MinS(p.c))
			pixel := k.LetI32(dst.Add(image.Mul(p.h).Mul(p.line)).Add(c0.MulC(4)))
			k.Range(p.h.Mul(p.w), func(asm.I32) {
				k.MemoryFill(pixel, asm.C(0), c1.Sub(c0).MulC(4))
				pixel.Set(pixel.Add(p.pixel))
			})
			k.Range(p.oh, func(oh asm.I32) { p.row(image, oh, func() { window(c0, c1) }) })
		})
	})
}

// poolGradWindow returns the emitter of one window's part of the gradient, for channels [c0, c1).
func (k *Body) poolGradWindow(p *pooling, avg bool) func(c0, c1 asm.I32) {
	dst, x, y, dy := k.Arg("dst"), k.Arg("x"), k.Arg("y"), k.Arg("dy")
	return func(c0, c1 asm.I32) {
		count := k.let(p.height.Mul(p.width).ToF32S().Splat())
		k.channels(c0, c1, func(offset asm.I32, l lanewise) {
			out := k.LetI32(p.out.Add(offset))
			from, to := k.LetI32(x.Add(p.at).Add(offset)), k.LetI32(dst.Add(p.at).Add(offset))
			d := k.let(l.load(dy.Add(out)))
			if avg {
				d.Set(d.Div(count))
				p.elements(func(e asm.I32) {
					at := k.LetI32(to.Add(e))
					l.store(at, l.load(at).Add(d))
				})
				return
			}
			largest := k.let(l.load(y.Add(out)))
			hit, open := k.I32x4(), k.LetI32x4(asm.CI32x4(0xffffffff))
			p.elements(func(e asm.I32) {
				hit.Set(l.load(from.Add(e)).Eq(largest).And(open))
				open.Set(open.AndNot(hit))
				at := k.LetI32(to.Add(e))
				l.store(at, l.load(at).Add(d.And(hit.AsF32x4())))
			})
		})
	}
}

// poolGradTile returns the emitter of the gradient of a window that is all that has a part in its
// elements. Windows of 2x2 are unrolled.
func (k *Body) poolGradTile(p *pooling, avg bool) func() {
	dst, x, y, dy := k.Arg("dst"), k.Arg("x"), k.Arg("y"), k.Arg("dy")
	return func() {
		count := k.let(p.height.Mul(p.width).ToF32S().Splat())
		k.channels(asm.C(0), p.c, func(offset asm.I32, l lanewise) {
			out := k.LetI32(p.out.Add(offset))
			from, to := k.LetI32(x.Add(p.at).Add(offset)), k.LetI32(dst.Add(p.at).Add(offset))
			d := k.let(l.load(dy.Add(out)))
			if avg {
				d.Set(d.Div(count))
				p.elements(func(e asm.I32) { l.store(to.Add(e), d) })
				return
			}
			largest := k.let(l.load(y.Add(out)))
			hit, open := k.I32x4(), k.I32x4()
			first := func(e asm.I32) {
				hit.Set(l.load(from.Add(e)).Eq(largest))
				l.store(to.Add(e), d.And(hit.AsF32x4()))
				open.Set(hit.Not())
			}
			next := func(e asm.I32) {
				hit.Set(l.load(from.Add(e)).Eq(largest).And(open))
				l.store(to.Add(e), d.And(hit.AsF32x4()))
				open.Set(open.AndNot(hit))
			}
			k.IfElse(p.two, func() {
				first(asm.C(0))
				next(p.pixel)
				next(p.line)
				next(p.line.Add(p.pixel))
			}, func() {
				open.Set(asm.CI32x4(0xffffffff))
				p.elements(next)
			})
		})
	}
}
