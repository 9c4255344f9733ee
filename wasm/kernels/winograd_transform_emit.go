//go:build !js

package kernels

import "github.com/tabgrad/tabgrad/wasm/asm"

// The transforms are one-dimensional, done along the columns of a square and then along
// its rows, on four channels at a time. What is half done goes through memory: 36 vectors
// don't fit into 16 registers.

const (
	pointA  = 0.75
	pointA2 = pointA * pointA
	pointA3 = pointA2 * pointA
	pointB  = 1.5
	pointB2 = pointB * pointB
	pointB3 = pointB2 * pointB

	// The factors of G's rows for ±a and ±b: one over the product of the differences to
	// the other points.
	scaleA = 1 / (2 * pointA2 * (pointA2 - pointB2))
	scaleB = 1 / (2 * pointB2 * (pointB2 - pointA2))
)

// transforms writes Winograd's transforms into a function. Constants are locals.
type transforms struct {
	*asm.Func
	b         *Builder
	constants map[float32]asm.F32x4
	in        [6]asm.F32x4
	out       [6]asm.F32x4
	s, t      asm.F32x4
}

func newTransforms(b *Builder, f *asm.Func, constants ...float32) *transforms {
	t := &transforms{Func: f, b: b, constants: map[float32]asm.F32x4{}, s: f.F32x4(), t: f.F32x4()}
	for i := range t.in {
		t.in[i], t.out[i] = f.F32x4(), f.F32x4()
	}
	for _, c := range constants {
		t.constants[c] = f.LetF32x4(asm.CF32x4(c))
	}
	return t
}

func (t *transforms) c(v float32) asm.F32x4 {
	c, ok := t.constants[v]
	if !ok {
		panic("kernels: a transform with a constant that it was not given")
	}
	return c
}

// load reads the first n inputs, from at on, step bytes apart.
func (t *transforms) load(n int, at asm.I32, step int) {
	for i := range n {
		t.in[i].Set(at.LoadF32x4(i * step))
	}
}

// store writes the first n outputs, from at on, step bytes apart.
func (t *transforms) store(n int, at asm.I32, step int) {
	for i := range n {
		t.StoreF32x4(at, i*step, t.out[i])
	}
}

// storeMatrices writes six outputs to matrices, from at on, which it moves behind them.
func (t *transforms) storeMatrices(at, matrix asm.I32) {
	for i := range 6 {
		t.StoreF32x4(at, 0, t.out[i])
		at.Set(at.Add(matrix))
	}
}

// plusMinus sets out[i] and out[i+1] to s ± v·t.
func (t *transforms) plusMinus(i int, v float32) {
	t.out[i].Set(t.b.MAdd(t.t, t.c(v), t.s))
	t.out[i+1].Set(t.b.NMAdd(t.t, t.c(v), t.s))
}

// input is out = Bᵀ in, six to six.
func (t *transforms) input() {
	d := t.in
	t.out[0].Set(t.b.MAdd(d[0], t.c(pointA2*pointB2), t.b.NMAdd(d[2], t.c(pointA2+pointB2), d[4])))
	t.s.Set(t.b.NMAdd(d[2], t.c(pointB2), d[4]))
	t.t.Set(t.b.NMAdd(d[1], t.c(pointB2), d[3]))
	t.plusMinus(1, pointA)
	t.s.Set(t.b.NMAdd(d[2], t.c(pointA2), d[4]))
	t.t.Set(t.b.NMAdd(d[1], t.c(pointA2), d[3]))
	t.plusMinus(3, pointB)
	t.out[5].Set(t.b.MAdd(d[1], t.c(pointA2*pointB2), t.b.NMAdd(d[3], t.c(pointA2+pointB2), d[5])))
}

var inputConstants = []float32{pointA2 * pointB2, pointA2 + pointB2, pointA2, pointB2, pointA, pointB}

// inputGrad is out = B in, six to six.
func (t *transforms) inputGrad() {
	t.sums()
	m := t.in
	t.out[0].Set(m[0].Mul(t.c(pointA2 * pointB2)))
	t.out[1].Set(t.b.NMAdd(m[2], t.c(pointA*pointB2), t.b.NMAdd(m[4], t.c(pointA2*pointB), m[5].Mul(t.c(pointA2*pointB2)))))
	t.s.Set(m[0].Mul(t.c(pointA2 + pointB2)).Neg())
	t.out[2].Set(t.b.NMAdd(m[1], t.c(pointB2), t.b.NMAdd(m[3], t.c(pointA2), t.s)))
	t.s.Set(m[5].Mul(t.c(pointA2 + pointB2)).Neg())
	t.out[3].Set(t.b.MAdd(m[2], t.c(pointA), t.b.MAdd(m[4], t.c(pointB), t.s)))
	t.out[4].Set(m[0].Add(m[1].Add(m[3])))
	t.out[5].Set(m[5])
}

var inputGradConstants = []float32{pointA2 * pointB2, pointA * pointB2, pointA2 * pointB, pointA2 + pointB2, pointA2, pointB2, pointA, pointB}

// sums adds and subtracts the pairs of inputs for ±a and ±b, in place.
func (t *transforms) sums() {
	for i := 1; i < 5; i += 2 {
		t.s.Set(t.in[i].Sub(t.in[i+1]))
		t.in[i].Set(t.in[i].Add(t.in[i+1]))
		t.in[i+1].Set(t.s)
	}
}

// output is out = Aᵀ in, six to four.
func (t *transforms) output() {
	t.sums()
	m := t.in
	t.out[0].Set(m[0].Add(m[1].Add(m[3])))
	t.out[1].Set(t.b.MAdd(m[2], t.c(pointA), m[4].Mul(t.c(pointB))))
	t.out[2].Set(t.b.MAdd(m[1], t.c(pointA2), m[3].Mul(t.c(pointB2))))
	t.out[3].Set(t.b.MAdd(m[2], t.c(pointA3), t.b.MAdd(m[4], t.c(pointB3), m[5])))
}

var outputConstants = []float32{pointA, pointB, pointA2, pointB2, pointA3, pointB3}

// grad is out = A in, four to six.
func (t *transforms) grad() {
	y := t.in
	t.out[0].Set(y[0])
	t.s.Set(t.b.MAdd(y[2], t.c(pointA2), y[0]))
	t.t.Set(t.b.MAdd(y[3], t.c(pointA2), y[1]))
	t.plusMinus(1, pointA)
	t.s.Set(t.b.MAdd(y[2], t.c(pointB2), y[0]))
	t.t.Set(t.b.MAdd(y[3], t.c(pointB2), y[1]))
	t.plusMinus(3, pointB)
	t.out[5].Set(y[3])
}

var gradConstants = []float32{pointA, pointB, pointA2, pointB2}

// weights is out = G in, three to six.
func (t *transforms) weights() {
	g := t.in
	t.out[0].Set(g[0].Mul(t.c(1 / (pointA2 * pointB2))))
	t.s.Set(t.b.MAdd(g[2], t.c(pointA2), g[0]).Mul(t.c(scaleA)))
	t.t.Set(g[1].Mul(t.c(scaleA)))
	t.plusMinus(1, pointA)
	t.s.Set(t.b.MAdd(g[2], t.c(pointB2), g[0]).Mul(t.c(scaleB)))
	t.t.Set(g[1].Mul(t.c(scaleB)))
	t.plusMinus(3, pointB)
	t.out[5].Set(g[2])
}

var weightsConstants = []float32{1 / (pointA2 * pointB2), pointA2, pointB2, pointA, pointB, scaleA, scaleB}

// weightsGrad is out = Gᵀ in, six to three.
func (t *transforms) weightsGrad() {
	t.sums()
	m := t.in
	t.out[0].Set(t.b.MAdd(m[0], t.c(1/(pointA2*pointB2)), t.b.MAdd(m[1], t.c(scaleA), m[3].Mul(t.c(scaleB)))))
	t.out[1].Set(t.b.MAdd(m[2], t.c(pointA*scaleA), m[4].Mul(t.c(pointB*scaleB))))
	t.out[2].Set(t.b.MAdd(m[1], t.c(pointA2*scaleA), t.b.MAdd(m[3], t.c(pointB2*scaleB), m[5])))
}

var weightsGradConstants = []float32{1 / (pointA2 * pointB2), scaleA, scaleB, pointA * scaleA, pointB * scaleB, pointA2 * scaleA, pointB2 * scaleB}

const (
	halfRowBytes = 96 // bytes from one row of a half transformed square to the next
	vectorBytes  = 16
)

// winogradInput is winograd_input(corner, row_bytes, pixel_bytes, top, height, left,
// width, zeros, tmp, dst, matrix): Bᵀ d B for a square of 6 x 6 pixels, whose corner is
// pixel (top, left) of an image of height x width; pixels outside are zeros.
func (b *Builder) winogradInput() *asm.Func {
	return b.Function("winograd_input", func(f *asm.Func) {
		corner, rowBytes, pixelBytes := f.ParamI32(), f.ParamI32(), f.ParamI32()
		top, height, left, width := f.ParamI32(), f.ParamI32(), f.ParamI32(), f.ParamI32()
		zeros, tmp, dst, matrix := f.ParamI32(), f.ParamI32(), f.ParamI32(), f.ParamI32()
		t := newTransforms(b, f, inputConstants...)
		var rows [6]asm.I32
		for r := range rows {
			rows[r] = f.LetI32(corner.Select(zeros, top.AddC(r).LtU(height)))
			corner.Set(corner.Add(rowBytes))
		}
		first := f.LetI32(asm.C(0).Sub(left).MaxS(asm.C(0)))
		there := f.LetI32(width.Sub(left).MinS(asm.C(6)).Sub(first).MaxS(asm.C(0)))
		at, p, q, end := f.I32(), f.I32(), f.I32(), f.I32()
		f.For(at, asm.C(0), pixelBytes, asm.C(vectorBytes), func() {
			p.Set(at)
			q.Set(tmp)
			f.Range(asm.C(6), func(j asm.I32) {
				f.IfElse(j.Sub(first).LtU(there), func() {
					for r := range rows {
						t.in[r].Set(rows[r].Add(p).LoadF32x4(0))
					}
					t.input()
					t.store(6, q, halfRowBytes)
				}, func() {
					for r := range rows {
						f.StoreF32x4(q, r*halfRowBytes, asm.CF32x4(0))
					}
				})
				p.Set(p.Add(pixelBytes))
				q.Set(q.AddC(vectorBytes))
			})
			p.Set(dst.Add(at))
			q.Set(tmp)
			end.Set(tmp.AddC(6 * halfRowBytes))
			f.While(q.Ne(end), func() {
				t.load(6, q, vectorBytes)
				t.input()
				t.storeMatrices(p, matrix)
				q.Set(q.AddC(halfRowBytes))
			})
		})
	})
}

// winogradOutput is winograd_output(src, matrix, pixel_bytes, tmp, dst, row_bytes, rows,
// columns, bias, flags, mask): epilogue(Aᵀ m A) for the first rows and columns of a square
// of outputs. The bias is added always, and may point at zeros.
func (b *Builder) winogradOutput() *asm.Func {
	return b.Function("winograd_output", func(f *asm.Func) {
		src, matrix, pixelBytes, tmp := f.ParamI32(), f.ParamI32(), f.ParamI32(), f.ParamI32()
		dst, rowBytes, rows, columns := f.ParamI32(), f.ParamI32(), f.ParamI32(), f.ParamI32()
		bias, flags, mask := f.ParamI32(), f.ParamI32(), f.ParamI32()
		t := newTransforms(b, f, outputConstants...)
		floor := b.floor(f, flags)
		at, p, q, end, y, m := f.I32(), f.I32(), f.I32(), f.I32(), f.I32(), f.I32()
		row := f.LetI32(matrix.MulC(6))
		f.For(at, asm.C(0), pixelBytes, asm.C(vectorBytes), func() {
			q.Set(tmp)
			f.Range(asm.C(6), func(j asm.I32) {
				p.Set(src.Add(at).Add(j.Mul(matrix)))
				for i := range 6 {
					t.in[i].Set(p.LoadF32x4(0))
					p.Set(p.Add(row))
				}
				t.output()
				t.store(4, q, halfRowBytes)
				q.Set(q.AddC(vectorBytes))
			})
			q.Set(tmp)
			end.Set(tmp.Add(rows.MulC(halfRowBytes)))
			p.Set(dst.Add(at))
			f.While(q.Ne(end), func() {
				t.load(6, q, vectorBytes)
				t.output()
				y.Set(p)
				f.Block(func(exit asm.Label) {
					for i := range winogradSide {
						f.BrIf(exit, columns.LeS(asm.C(i)))
						v := t.out[i]
						f.If(flags.And(asm.C(epilogueAccumulate)), func() { v.Set(v.Add(y.LoadF32x4(0))) })
						v.Set(v.Add(bias.Add(at).LoadF32x4(0)).PMax(floor))
						f.If(flags.And(asm.C(epilogueMask)), func() {
							m.Set(mask.Add(y).Sub(dst))
							v.Set(v.AsI32x4().And(m.LoadF32x4(0).Gt(asm.CF32x4(0))).AsF32x4())
						})
						f.StoreF32x4(y, 0, v)
						y.Set(y.Add(pixelBytes))
					}
				})
				p.Set(p.Add(rowBytes))
				q.Set(q.AddC(halfRowBytes))
			})
		})
	})
}

// floor is what an epilogue's results are at least: without relu minus infinity, which leaves all numbers as they are.
func (b *Builder) floor(f *asm.Func, flags asm.I32) asm.F32x4 {
	floor := f.LetF32x4(asm.CI32x4(0xff800000).AsF32x4())
	f.If(flags.And(asm.C(epilogueReLU)), func() { floor.Set(asm.CF32x4(0)) })
	return floor
}

// winogradScatter is winograd_scatter(src, matrix, pixel_bytes, tmp, corner, row_bytes, top, height, left, width): B m Bᵀ is
// added to the square of 6 x 6 pixels whose corner is pixel (top, left) of an image of height x width, where they are there.
func (b *Builder) winogradScatter() *asm.Func {
	return b.Function("winograd_scatter", func(f *asm.Func) {
		src, matrix, pixelBytes, tmp := f.ParamI32(), f.ParamI32(), f.ParamI32(), f.ParamI32()
		corner, rowBytes := f.ParamI32(), f.ParamI32()
		top, height, left, width := f.ParamI32(), f.ParamI32(), f.ParamI32(), f.ParamI32()
		t := newTransforms(b, f, inputGradConstants...)
		at, p, q, y := f.I32(), f.I32(), f.I32(), f.I32()
		matrices := f.LetI32(matrix.MulC(6))
		f.For(at, asm.C(0), pixelBytes, asm.C(vectorBytes), func() {
			q.Set(tmp)
			f.Range(asm.C(6), func(j asm.I32) {
				p.Set(src.Add(at).Add(j.Mul(matrix)))
				for i := range t.in {
					t.in[i].Set(p.LoadF32x4(0))
					p.Set(p.Add(matrices))
				}
				t.inputGrad()
				t.store(6, q, halfRowBytes)
				q.Set(q.AddC(vectorBytes))
			})
			q.Set(tmp)
			p.Set(corner.Add(at))
			f.Range(asm.C(6), func(row asm.I32) {
				f.If(top.Add(row).LtU(height), func() {
					t.load(6, q, vectorBytes)
					t.inputGrad()
					y.Set(p)
					for i, v := range t.out {
						f.If(left.AddC(i).LtU(width), func() { f.StoreF32x4(y, 0, y.LoadF32x4(0).Add(v)) })
						y.Set(y.Add(pixelBytes))
					}
				})
				p.Set(p.Add(rowBytes))
				q.Set(q.AddC(halfRowBytes))
			})
		})
	})
}

// winogradGrad is winograd_grad(corner, row_bytes, pixel_bytes, rows, columns, zeros, tmp,
// dst, matrix, panel, db): A ∂y Aᵀ for a square of outputs, of which the first rows and
// columns are there, into panels of eight channels, which are one row where panel is 32; db += the sum of its pixels, unless it
// is 0.
func (b *Builder) winogradGrad() *asm.Func {
	return b.Function("winograd_grad", func(f *asm.Func) {
		corner, rowBytes, pixelBytes, rows, columns := f.ParamI32(), f.ParamI32(), f.ParamI32(), f.ParamI32(), f.ParamI32()
		zeros, tmp, dst, matrix, panel, db := f.ParamI32(), f.ParamI32(), f.ParamI32(), f.ParamI32(), f.ParamI32(), f.ParamI32()
		t := newTransforms(b, f, gradConstants...)
		var lines [winogradSide]asm.I32
		for r := range lines {
			lines[r] = f.LetI32(corner.Select(zeros, rows.GtS(asm.C(r))))
			corner.Set(corner.Add(rowBytes))
		}
		at, p, q, end, sum := f.I32(), f.I32(), f.I32(), f.I32(), f.F32x4()
		f.For(at, asm.C(0), pixelBytes, asm.C(vectorBytes), func() {
			p.Set(at)
			q.Set(tmp)
			sum.Set(asm.CF32x4(0))
			f.Range(asm.C(winogradSide), func(j asm.I32) {
				f.IfElse(j.LtS(columns), func() {
					for r := range lines {
						t.in[r].Set(lines[r].Add(p).LoadF32x4(0))
					}
					sum.Set(sum.Add(t.in[0].Add(t.in[1]).Add(t.in[2].Add(t.in[3]))))
					t.grad()
					t.store(6, q, halfRowBytes)
				}, func() {
					for i := range 6 {
						f.StoreF32x4(q, i*halfRowBytes, asm.CF32x4(0))
					}
				})
				p.Set(p.Add(pixelBytes))
				q.Set(q.AddC(vectorBytes))
			})
			f.If(db, func() {
				p.Set(db.Add(at))
				f.StoreF32x4(p, 0, p.LoadF32x4(0).Add(sum))
			})
			p.Set(dst.Add(at.ShrU(asm.C(5)).Mul(panel)).Add(at.And(asm.C(vectorBytes))))
			q.Set(tmp)
			end.Set(tmp.AddC(6 * halfRowBytes))
			f.While(q.Ne(end), func() {
				t.load(winogradSide, q, vectorBytes)
				t.grad()
				t.storeMatrices(p, matrix)
				q.Set(q.AddC(halfRowBytes))
			})
		})
	})
}

// emitWinogradPack divides the stored kernel's rows among the lanes.
func emitWinogradPack(k *Body) {
	src, dst, terms, columns := k.Arg("w"), k.Arg("u"), k.Arg("k"), k.Arg("n")
	transposed := k.LetI32(k.Arg("flags").And(asm.C(winogradTransposed)))
	t := newTransforms(k.Builder, k.Func, weightsConstants...)
	storedRows := k.LetI32(columns.Select(terms, transposed))
	rowBytes := k.LetI32(terms.Select(columns, transposed).MulC(4))
	tap := k.LetI32(storedRows.Mul(rowBytes))
	matrix := k.LetI32(tap)
	var half [6][3]asm.F32x4
	for i := range half {
		for j := range half[i] {
			half[i][j] = k.F32x4()
		}
	}
	lo, hi := k.Share(storedRows, 1)
	row, at, p, q := k.I32(), k.I32(), k.I32(), k.I32()
	k.For(row, lo, hi, asm.C(1), func() {
		k.For(at, asm.C(0), rowBytes, asm.C(vectorBytes), func() {
			for j := range 3 {
				p.Set(src.Add(row.Mul(rowBytes)).Add(at).Add(tap.MulC(j)))
				for i := range 3 {
					t.in[i].Set(p.LoadF32x4(0))
					p.Set(p.Add(tap.MulC(3)))
				}
				t.weights()
				for i := range half {
					half[i][j].Set(t.out[i])
				}
			}
			// Element (term, column) lies at column/8*terms*32 + term*32 + column%8*4.
			k.IfElse(transposed, func() {
				q.Set(row.ShrU(asm.C(3)).Mul(terms).MulC(32).Add(at.MulC(8)).Add(row.And(asm.C(7)).MulC(4)))
			}, func() {
				q.Set(at.ShrU(asm.C(5)).Mul(terms).MulC(32).Add(row.MulC(32)).Add(at.And(asm.C(vectorBytes))))
			})
			q.Set(q.Add(dst))
			for i := range half {
				for j := range half[i] {
					t.in[j].Set(half[i][j])
				}
				t.weights()
				for j := range 6 {
					k.IfElse(transposed, func() {
						for lane := range 4 {
							k.StoreLaneF32x4(q, 32*lane, t.out[j], lane)
						}
					}, func() { k.StoreF32x4(q, 0, t.out[j]) })
					q.Set(q.Add(matrix))
				}
			}
		})
	})
}

// emitWinogradGradKernelSum divides the kernel's weights, in fours, among the lanes.
func emitWinogradGradKernelSum(k *Body) {
	sums, dw, db := k.Arg("sums"), k.Arg("dw"), k.Arg("db")
	filters, chunks, chunkBytes := k.Arg("filters"), k.Arg("chunks"), k.Arg("chunk_bytes")
	accumulate := k.LetI32(k.Arg("flags").And(asm.C(epilogueAccumulate)))
	tmp := k.LetI32(k.Arg("scratch").Add(k.Lane.Mul(k.Arg("lane_bytes"))))
	tap := k.LetI32(k.Arg("channels").Mul(filters).MulC(4))
	matrix := k.LetI32(tap.AddC(winogradPad))
	t := newTransforms(k.Builder, k.Func, weightsGradConstants...)
	at, p, q, column, chunk, v := k.I32(), k.I32(), k.I32(), k.I32(), k.I32(), k.F32x4()
	lo, hi := k.Share(k.LetI32(tap.ShrU(asm.C(2))), 4)
	k.For(at, lo.MulC(4), hi.MulC(4), asm.C(vectorBytes), func() {
		column.Set(sums.Add(at))
		q.Set(tmp)
		k.Range(asm.C(6), func(asm.I32) {
			for i := range 6 {
				t.in[i].Set(asm.CF32x4(0))
			}
			chunk.Set(column)
			k.Range(chunks, func(asm.I32) {
				p.Set(chunk)
				for i := range 6 {
					t.in[i].Set(t.in[i].Add(p.LoadF32x4(0)))
					p.Set(p.Add(matrix.MulC(6)))
				}
				chunk.Set(chunk.Add(chunkBytes))
			})
			t.weightsGrad()
			t.store(3, q, halfRowBytes)
			column.Set(column.Add(matrix))
			q.Set(q.AddC(vectorBytes))
		})
		p.Set(dw.Add(at))
		for i := range 3 {
			t.load(6, k.LetI32(tmp.AddC(i*halfRowBytes)), vectorBytes)
			t.weightsGrad()
			for j := range 3 {
				v.Set(t.out[j])
				k.If(accumulate, func() { v.Set(v.Add(p.LoadF32x4(0))) })
				k.StoreF32x4(p, 0, v)
				p.Set(p.Add(tap))
			}
		}
	})
	k.If(db, func() {
		lo, hi := k.Share(filters, 4)
		k.For(at, lo.MulC(4), hi.MulC(4), asm.C(vectorBytes), func() {
			v.Set(asm.CF32x4(0))
			p.Set(sums.Add(matrix.MulC(winogradPoints)).Add(at))
			k.Range(chunks, func(asm.I32) {
				v.Set(v.Add(p.LoadF32x4(0)))
				p.Set(p.Add(chunkBytes))
			})
			p.Set(db.Add(at))
			k.If(accumulate, func() { v.Set(v.Add(p.LoadF32x4(0))) })
			k.StoreF32x4(p, 0, v)
		})
	})
}
