//go:build !js

package kernels

import "github.com/tabgrad/tabgrad/wasm/asm"

func init() {
	geometry := []string{"n", "h", "w", "c", "oh", "ow", "border", "nearest"}
	add(
		Kernel{
			Op: OpWarp, Name: "f32_warp", Args: append(append([]string{"dst", "x", "t"}, geometry...), "value"),
			Doc:  "dst[n][i][j] = x[n] at column t[n]·(j, i, 1) and row t[n]·(j, i, 1)",
			emit: emitWarp,
		},
		Kernel{
			Op: OpWarpGrad, Name: "f32_warp_grad", Args: append([]string{"dst", "t", "dy"}, geometry...),
			Doc:  "clear(dst); dst[n] at column t[n]·(j, i, 1) and row t[n]·(j, i, 1) += dy[n][i][j]",
			emit: emitWarpGrad,
		},
	)
}

// A warping is the arguments of both kernels, and what is set for the present pixel of a result.
type warping struct {
	k                   *Body
	h, w, c             asm.I32
	border, nearest     asm.I32
	pixel, line         asm.I32 // bytes from a pixel to the next, and to the one below
	lastColumn, lastRow asm.F32
	image               asm.I32 // the address of the present image of h by w
	u0, v0              asm.I32 // the column and row above and left of the place
	left, right         asm.F32 // the weights of u0 and u0+1
	upper, lower        asm.F32 // of v0 and v0+1
	address, inside     asm.I32 // of a tap
}

func (k *Body) warping() *warping {
	g := &warping{k: k, h: k.Arg("h"), w: k.Arg("w"), c: k.Arg("c"), border: k.Arg("border"), nearest: k.Arg("nearest")}
	g.pixel = k.LetI32(g.c.MulC(4))
	g.line = k.LetI32(g.w.Mul(g.pixel))
	g.lastColumn, g.lastRow = k.LetF32(g.w.SubC(1).ToF32S()), k.LetF32(g.h.SubC(1).ToF32S())
	for _, local := range []*asm.I32{&g.image, &g.u0, &g.v0, &g.address, &g.inside} {
		*local = k.I32()
	}
	for _, local := range []*asm.F32{&g.left, &g.right, &g.upper, &g.lower} {
		*local = k.F32()
	}
	return g
}

// row emits body for each pixel of row i of a result whose transform is at the address t.
func (g *warping) row(t, i asm.I32, body func()) {
	k := g.k
	down := k.LetF32(i.ToF32S())
	var m [6]asm.F32 // the transform; what is down is multiplied already
	for e := range m {
		m[e] = k.LetF32(t.LoadF32(4 * e))
	}
	m[1].Set(m[1].Mul(down))
	m[4].Set(m[4].Mul(down))
	k.Range(k.Arg("ow"), func(j asm.I32) {
		across := k.LetF32(j.ToF32S())
		along := func(m []asm.F32, n asm.I32, last asm.F32) asm.F32 {
			u := k.LetF32(m[0].Mul(across).Add(m[1]).Add(m[2]))
			k.If(u.Ge(asm.CF(0)).And(u.Le(last)).Eqz(), func() { u.Set(k.CallF32(g.bring(), u, n, g.border)) })
			return u
		}
		u, v := along(m[:3], g.w, g.lastColumn), along(m[3:], g.h, g.lastRow)
		k.IfElse(g.nearest, func() {
			g.u0.Set(k.round(u))
			g.v0.Set(k.round(v))
			g.left.Set(asm.CF(1))
			g.upper.Set(asm.CF(1))
		}, func() {
			around := func(u asm.F32, at asm.I32, before, after asm.F32) {
				floor := k.LetF32(u.Floor())
				at.Set(floor.ToI32S())
				before.Set(floor.Add(asm.CF(1)).Sub(u))
				after.Set(u.Sub(floor))
			}
			around(u, g.u0, g.left, g.right)
			around(v, g.v0, g.upper, g.lower)
		})
		body()
	})
}

// round is u's nearest whole number, the one further from 0 of two.
func (k *Body) round(u asm.F32) asm.I32 {
	whole := k.LetF32(u.Trunc())
	up := asm.CF(1).Copysign(u)
	return whole.Add(up.Select(asm.CF(0), u.Sub(whole).Abs().Ge(asm.CF(0.5)))).ToI32S()
}

// bring is the function that brings a coordinate, which is none of n pixels, into them.
func (g *warping) bring() *asm.Func {
	return g.k.Builder.Function("warp_border", func(f *asm.Func) {
		u, n, border := f.ParamF32(), f.ParamI32(), f.ParamI32()
		f.Returns(asm.TypeF32)
		f.If(border.Eq(asm.C(int(BorderConstant))), func() { f.Return(u) })
		size, last := f.LetF32(n.ToF32S()), f.LetF32(n.SubC(1).ToF32S())
		below := f.LetI32(u.Lt(asm.CF(0)))
		f.If(n.GtS(asm.C(1)), func() {
			f.If(border.Eq(asm.C(int(BorderReflect))), func() {
				twice := f.LetF32(size.Add(size))
				f.IfElse(below, func() {
					u.Set(twice.Mul(u.Neg().Div(twice).Trunc()).Add(u))
					u.Set(u.Add(twice).Select(u.Neg().Sub(asm.CF(1)), u.Lt(size.Neg())))
				}, func() {
					u.Set(u.Sub(twice.Mul(u.Div(twice).Trunc())))
					u.Set(twice.Sub(u).Sub(asm.CF(1)).Select(u, u.Ge(size)))
				})
			})
			f.If(border.Eq(asm.C(int(BorderWrap))), func() {
				f.IfElse(below, func() {
					u.Set(u.Add(size.Mul(u.Neg().Div(last).Trunc().Add(asm.CF(1)))))
				}, func() { u.Set(u.Sub(size.Mul(u.Div(last).Trunc()))) })
			})
		})
		u.Set(asm.CF(0).Select(u, u.Lt(asm.CF(0)))) // a NaN stays one
		f.Return(last.Select(u, u.Gt(last)))
	})
}

// tap sets address and inside for the pixel so many rows below and columns right of u0, v0.
func (g *warping) tap(down, right asm.I32) {
	row, column := g.k.LetI32(g.v0.Add(down)), g.k.LetI32(g.u0.Add(right))
	g.inside.Set(row.LtU(g.h).And(column.LtU(g.w)))
	g.address.Set(g.image.Add(row.Mul(g.line)).Add(column.Mul(g.pixel)))
}

func emitWarp(k *Body) {
	dst, x, t, oh := k.Arg("dst"), k.Arg("x"), k.Arg("t"), k.Arg("oh")
	value := k.let(k.ArgF32("value").Splat())
	g := k.warping()
	lo, hi := k.Share(k.Arg("n").Mul(oh), 1)
	out := k.LetI32(dst.Add(lo.Mul(k.Arg("ow")).Mul(g.pixel)))
	row := k.I32()
	k.For(row, lo, hi, asm.C(1), func() {
		n := k.LetI32(row.DivU(oh))
		g.image.Set(x.Add(n.Mul(g.h).Mul(g.line)))
		g.row(k.LetI32(t.Add(n.MulC(24))), k.LetI32(row.Sub(n.Mul(oh))), func() {
			var at [4]asm.I32
			var mask [4]asm.I32x4
			keep := func(i int) {
				g.tap(asm.C(i/2), asm.C(i%2))
				at[i] = k.LetI32(g.address.Select(x, g.inside))
				mask[i] = k.LetI32x4(asm.C(0).Sub(g.inside).Splat())
			}
			masked := func(i int, offset asm.I32, l lanewise) asm.F32x4 {
				return l.load(at[i].Add(offset)).Where(value, mask[i])
			}
			k.IfElse(g.nearest, func() {
				g.tap(asm.C(0), asm.C(0))
				k.IfElse(g.inside, func() {
					k.channels(asm.C(0), g.c, func(offset asm.I32, l lanewise) { l.store(out.Add(offset), l.load(g.address.Add(offset))) })
				}, func() {
					k.channels(asm.C(0), g.c, func(offset asm.I32, l lanewise) { l.store(out.Add(offset), value) })
				})
			}, func() {
				weight := [4]asm.F32x4{
					k.let(g.upper.Mul(g.left).Splat()), k.let(g.upper.Mul(g.right).Splat()),
					k.let(g.lower.Mul(g.left).Splat()), k.let(g.lower.Mul(g.right).Splat()),
				}
				blend := func(read func(i int, offset asm.I32, l lanewise) asm.F32x4) {
					k.channels(asm.C(0), g.c, func(offset asm.I32, l lanewise) {
						y := k.let(weight[0].Mul(read(0, offset, l)))
						for i := 1; i < 4; i++ {
							y.Set(k.Builder.MAdd(weight[i], read(i, offset, l), y))
						}
						l.store(out.Add(offset), y)
					})
				}
				k.IfElse(g.u0.LtU(g.w.SubC(1)).And(g.v0.LtU(g.h.SubC(1))), func() { // all four are inside
					upper := k.LetI32(g.image.Add(g.v0.Mul(g.line)).Add(g.u0.Mul(g.pixel)))
					lower := k.LetI32(upper.Add(g.line))
					from := [4]asm.I32{upper, k.LetI32(upper.Add(g.pixel)), lower, k.LetI32(lower.Add(g.pixel))}
					blend(func(i int, offset asm.I32, l lanewise) asm.F32x4 { return l.load(from[i].Add(offset)) })
				}, func() {
					for i := range at {
						keep(i)
					}
					blend(masked)
				})
			})
			out.Set(out.Add(g.pixel))
		})
	})
}

func emitWarpGrad(k *Body) {
	dst, t, dy, oh := k.Arg("dst"), k.Arg("t"), k.Arg("dy"), k.Arg("oh")
	g := k.warping()
	taps := k.LetI32(asm.C(1).Select(asm.C(4), g.nearest))
	lo, hi := k.Share(k.Arg("n"), 1)
	from := k.LetI32(dy.Add(lo.Mul(oh).Mul(k.Arg("ow")).Mul(g.pixel)))
	n := k.I32()
	k.For(n, lo, hi, asm.C(1), func() {
		size := k.LetI32(g.h.Mul(g.line))
		g.image.Set(dst.Add(n.Mul(size)))
		k.MemoryFill(g.image, asm.C(0), size)
		k.Range(oh, func(i asm.I32) {
			g.row(k.LetI32(t.Add(n.MulC(24))), i, func() {
				k.Range(taps, func(i asm.I32) {
					lower, right := k.LetI32(i.ShrU(asm.C(1))), i.And(asm.C(1))
					g.tap(lower, right)
					weight := k.let(g.lower.Select(g.upper, lower).Mul(g.right.Select(g.left, right)).Splat())
					k.If(g.inside, func() {
						k.channels(asm.C(0), g.c, func(offset asm.I32, l lanewise) {
							to := k.LetI32(g.address.Add(offset))
							l.store(to, k.Builder.MAdd(weight, l.load(from.Add(offset)), l.load(to)))
						})
					})
				})
				from.Set(from.Add(g.pixel))
			})
		})
	})
}
