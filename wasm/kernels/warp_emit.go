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
	k               *Body
	h, w, c         asm.I32
	border, nearest asm.I32
	pixel           asm.I32 // bytes from a pixel to the next
	image           asm.I32 // the address of the present image of h by w
	u0, u1, v0, v1  asm.I32 // columns and rows around the place
	left, right     asm.F32 // the weights of the columns
	upper, lower    asm.F32
	address, inside asm.I32 // of a tap
	weight          asm.F32
}

func (k *Body) warping() *warping {
	g := &warping{k: k, h: k.Arg("h"), w: k.Arg("w"), c: k.Arg("c"), border: k.Arg("border"), nearest: k.Arg("nearest")}
	g.pixel = k.LetI32(g.c.MulC(4))
	for _, local := range []*asm.I32{&g.image, &g.u0, &g.u1, &g.v0, &g.v1, &g.address, &g.inside} {
		*local = k.I32()
	}
	for _, local := range []*asm.F32{&g.left, &g.right, &g.upper, &g.lower, &g.weight} {
		*local = k.F32()
	}
	return g
}

// row emits body for each pixel of row i of a result whose transform is at the address t.
func (g *warping) row(t, i asm.I32, body func()) {
	k := g.k
	down := k.LetF32(i.ToF32S())
	k.Range(k.Arg("ow"), func(j asm.I32) {
		across := k.LetF32(j.ToF32S())
		along := func(at int, n asm.I32) asm.F32 {
			u := t.LoadF32(at).Mul(across).Add(t.LoadF32(at + 4).Mul(down)).Add(t.LoadF32(at + 8))
			return k.LetF32(k.CallF32(g.bring(), u, n, g.border))
		}
		u, v := along(0, g.w), along(12, g.h)
		k.IfElse(g.nearest, func() {
			g.u0.Set(k.round(u))
			g.v0.Set(k.round(v))
			g.left.Set(asm.CF(1))
			g.upper.Set(asm.CF(1))
		}, func() {
			around := func(u asm.F32, at, next asm.I32, before, after asm.F32) {
				floor := k.LetF32(u.Floor())
				at.Set(floor.ToI32S())
				next.Set(at.AddC(1))
				before.Set(floor.Add(asm.CF(1)).Sub(u))
				after.Set(u.Sub(floor))
			}
			around(u, g.u0, g.u1, g.left, g.right)
			around(v, g.v0, g.v1, g.upper, g.lower)
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

// bring is the function that brings a coordinate along n pixels into them.
func (g *warping) bring() *asm.Func {
	return g.k.Builder.Function("warp_border", func(f *asm.Func) {
		u, n, border := f.ParamF32(), f.ParamI32(), f.ParamI32()
		f.Returns(asm.TypeF32)
		size, last := f.LetF32(n.ToF32S()), f.LetF32(n.SubC(1).ToF32S())
		below := f.LetI32(u.Lt(asm.CF(0)))
		f.If(border.Eq(asm.C(int(BorderConstant))).Or(below.Or(u.Gt(last)).Eqz()), func() { f.Return(u) })
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

// tap sets address, inside and weight for one of the pixels around the place.
func (g *warping) tap(row, column asm.I32, weight asm.F32) {
	g.inside.Set(row.LtU(g.h).And(column.LtU(g.w)))
	g.address.Set(g.image.Add(row.Mul(g.w).Add(column).Mul(g.pixel)))
	g.weight.Set(weight)
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
		g.image.Set(x.Add(n.Mul(g.h).Mul(g.w).Mul(g.pixel)))
		g.row(k.LetI32(t.Add(n.MulC(24))), k.LetI32(row.Sub(n.Mul(oh))), func() {
			var at [4]asm.I32
			var mask [4]asm.I32x4
			var weight [4]asm.F32x4
			keep := func(i int, row, column asm.I32, part asm.F32) {
				g.tap(row, column, part)
				at[i] = k.LetI32(g.address.Select(x, g.inside))
				mask[i] = k.LetI32x4(asm.C(0).Sub(g.inside).Splat())
				weight[i] = k.let(g.weight.Splat())
			}
			read := func(i int, offset asm.I32, l lanewise) asm.F32x4 {
				return l.load(at[i].Add(offset)).Where(value, mask[i])
			}
			keep(0, g.v0, g.u0, g.upper.Mul(g.left))
			k.IfElse(g.nearest, func() {
				k.channels(asm.C(0), g.c, func(offset asm.I32, l lanewise) { l.store(out.Add(offset), read(0, offset, l)) })
			}, func() {
				keep(1, g.v0, g.u1, g.upper.Mul(g.right))
				keep(2, g.v1, g.u0, g.lower.Mul(g.left))
				keep(3, g.v1, g.u1, g.lower.Mul(g.right))
				k.channels(asm.C(0), g.c, func(offset asm.I32, l lanewise) {
					y := k.let(weight[0].Mul(read(0, offset, l)))
					for i := 1; i < 4; i++ {
						y.Set(k.Builder.MAdd(weight[i], read(i, offset, l), y))
					}
					l.store(out.Add(offset), y)
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
		size := k.LetI32(g.h.Mul(g.w).Mul(g.pixel))
		g.image.Set(dst.Add(n.Mul(size)))
		k.MemoryFill(g.image, asm.C(0), size)
		k.Range(oh, func(i asm.I32) {
			g.row(k.LetI32(t.Add(n.MulC(24))), i, func() {
				k.Range(taps, func(i asm.I32) {
					right, lower := i.And(asm.C(1)), k.LetI32(i.ShrU(asm.C(1)))
					g.tap(g.v1.Select(g.v0, lower), g.u1.Select(g.u0, right), g.lower.Select(g.upper, lower).Mul(g.right.Select(g.left, right)))
					k.If(g.inside, func() {
						k.channels(asm.C(0), g.c, func(offset asm.I32, l lanewise) {
							to := k.LetI32(g.address.Add(offset))
							l.store(to, k.Builder.MAdd(g.weight.Splat(), l.load(from.Add(offset)), l.load(to)))
						})
					})
				})
				from.Set(from.Add(g.pixel))
			})
		})
	})
}
