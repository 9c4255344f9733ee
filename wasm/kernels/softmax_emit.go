//go:build !js

package kernels

import (
	"math"

	"github.com/tabgrad/tabgrad/wasm/asm"
)

func init() {
	add(
		Kernel{
			Op:   OpSoftmax,
			Name: "f32_softmax",
			Doc:  "m = max x; dst[j] = exp(x[j]-m) / sum(exp(x-m)), by row",
			Args: []string{"dst", "x", "rows", "n"},
			emit: func(k *Body) { emitSoftmax(k, false) },
		},
		Kernel{
			Op:   OpLogSoftmax,
			Name: "f32_logsoftmax",
			Doc:  "m = max x; dst[j] = x[j] - m - ln sum(exp(x-m)), by row",
			Args: []string{"dst", "x", "rows", "n"},
			emit: func(k *Body) { emitSoftmax(k, true) },
		},
		Kernel{
			Op:   OpSoftmaxGrad,
			Name: "f32_softmax_grad",
			Doc:  "dst[j] = y[j] * (dy[j] - sum(y*dy)), by row",
			Args: []string{"dst", "y", "dy", "rows", "n"},
			emit: func(k *Body) { emitSoftmaxGrad(k, false) },
		},
		Kernel{
			Op:   OpLogSoftmaxGrad,
			Name: "f32_logsoftmax_grad",
			Doc:  "dst[j] = dy[j] - exp(y[j]) * sum(dy), by row",
			Args: []string{"dst", "y", "dy", "rows", "n"},
			emit: func(k *Body) { emitSoftmaxGrad(k, true) },
		},
		Kernel{
			Op:   OpXent,
			Name: "f32_xent",
			Doc:  "dst[r] = -sum(t * ln(clip(x / sum(x))))",
			Args: []string{"dst", "x", "t", "rows", "n", "sparse"},
			emit: emitXent,
		},
		Kernel{
			Op:   OpXentGrad,
			Name: "f32_xent_grad",
			Doc:  "q = x / sum(x); g = -t/q or 0 where clipped; dst[j] = dl * (g[j] - sum(g*q)) / sum(x), by row",
			Args: []string{"dst", "x", "t", "dl", "rows", "n", "sparse"},
			emit: emitXentGrad,
		},
		Kernel{
			Op:   OpSoftmaxXent,
			Name: "f32_softmax_xent",
			Doc:  "dst[r] = sum(t * (ln sum(exp(x)) - x))",
			Args: []string{"dst", "x", "t", "rows", "n", "sparse"},
			emit: emitSoftmaxXent,
		},
		Kernel{
			Op:   OpSoftmaxXentGrad,
			Name: "f32_softmax_xent_grad",
			Doc:  "dst[j] = (softmax(x)[j] * sum(t) - t[j]) * dl, by row",
			Args: []string{"dst", "x", "t", "dl", "rows", "n", "sparse"},
			emit: emitSoftmaxXentGrad,
		},
	)
}

// rows emits body for each row in the lane's share, with the addresses of the row in each of
// operands. Lanes meet at multiples of rowsTogether, so that they seldom write to one cache line.
func (k *Body) rows(rows, n asm.I32, operands []asm.I32, body func(row asm.I32, at []asm.I32)) {
	const rowsTogether = 4
	lo, hi := k.Share(rows, rowsTogether)
	row := k.I32()
	k.For(row, lo, hi, asm.C(1), func() {
		var at []asm.I32
		for _, p := range operands {
			at = append(at, k.LetI32(p.Add(row.Mul(n).MulC(4))))
		}
		body(row, at)
	})
}

// A stream is a row of n numbers at an address, or one that target makes up from a class number.
type stream struct {
	at   asm.I32
	fill float64 // stands in the lanes behind the end
}

// pass emits body for four elements of the streams after another; v are locals. Where dst is given,
// body's result is stored there. class makes streams[0] the target of a sparse row; see target.
func (k *Body) pass(n asm.I32, streams []stream, dst *asm.I32, body func(v []asm.F32x4) asm.F32x4) {
	left, offset := k.LetI32(n), k.LetI32(asm.C(0))
	k.While(left.GtS(asm.C(0)), func() {
		var v []asm.F32x4
		for _, s := range streams {
			v = append(v, k.F32x4())
			p := s.at.Add(offset)
			k.IfElse(left.GeS(asm.C(4)), func() { v[len(v)-1].Set(p.LoadF32x4(0)) },
				func() { v[len(v)-1].Set(k.loadPart(p, left, asm.CF(float32(s.fill)))) })
		}
		r := body(v)
		if dst != nil {
			r = k.let(r)
			p := dst.Add(offset)
			k.IfElse(left.GeS(asm.C(4)), func() { k.StoreF32x4(p, 0, r) }, func() { k.storePart(p, left, r) })
		}
		left.Set(left.SubC(4))
		offset.Set(offset.AddC(16))
	})
}

// largest is the maximum of a row in every lane, NaN where there is one.
func (k *Body) largest(x, n asm.I32) asm.F32x4 {
	m := k.let(cv(math.Inf(-1)))
	k.pass(n, []stream{{x, math.Inf(-1)}}, nil, func(v []asm.F32x4) asm.F32x4 {
		m.Set(m.Max(v[0]))
		return asm.F32x4{}
	})
	return k.let(splat(k.across(ReduceMax, m)))
}

// splat is lane 0 of v in every lane.
func splat(v asm.F32x4) asm.F32x4 { return v.Shuffle(v, 0, 0, 0, 0) }

// sum is the sum over a row of what term makes of the streams, in every lane.
func (k *Body) sum(n asm.I32, streams []stream, term func(v []asm.F32x4) asm.F32x4) asm.F32x4 {
	s := k.let(cv(0))
	k.pass(n, streams, nil, func(v []asm.F32x4) asm.F32x4 {
		s.Set(s.Add(term(v)))
		return asm.F32x4{}
	})
	return k.let(splat(k.across(ReduceSum, s)))
}

func (k *Body) plainSum(x, n asm.I32) asm.F32x4 {
	return k.sum(n, []stream{{x, 0}}, func(v []asm.F32x4) asm.F32x4 { return v[0] })
}

// maxAndSum are m = max x and Σ e^(x-m) of a row.
func (k *Body) maxAndSum(x, n asm.I32) (m, sum asm.F32x4) {
	m = k.largest(x, n)
	return m, k.sum(n, []stream{{x, math.Inf(-1)}}, func(v []asm.F32x4) asm.F32x4 { return k.exp(v[0].Sub(m)) })
}

func emitSoftmax(k *Body, log bool) {
	n := k.Arg("n")
	k.rows(k.Arg("rows"), n, []asm.I32{k.Arg("x"), k.Arg("dst")}, func(_ asm.I32, at []asm.I32) {
		x, dst := at[0], at[1]
		if log {
			m, sum := k.maxAndSum(x, n)
			sum.Set(k.log(sum))
			k.pass(n, []stream{{x, 0}}, &dst, func(v []asm.F32x4) asm.F32x4 { return v[0].Sub(m).Sub(sum) })
			return
		}
		m, total := k.largest(x, n), k.let(cv(0))
		k.pass(n, []stream{{x, math.Inf(-1)}}, &dst, func(v []asm.F32x4) asm.F32x4 {
			e := k.exp(v[0].Sub(m))
			total.Set(total.Add(e))
			return e
		})
		sum := k.let(splat(k.across(ReduceSum, total)))
		k.pass(n, []stream{{dst, 0}}, &dst, func(v []asm.F32x4) asm.F32x4 { return v[0].Div(sum) })
	})
}

func emitSoftmaxGrad(k *Body, log bool) {
	n := k.Arg("n")
	k.rows(k.Arg("rows"), n, []asm.I32{k.Arg("y"), k.Arg("dy"), k.Arg("dst")}, func(_ asm.I32, at []asm.I32) {
		y, dy, dst := stream{at[0], 0}, stream{at[1], 0}, at[2]
		var sum asm.F32x4
		if log {
			sum = k.plainSum(dy.at, n)
		} else {
			sum = k.sum(n, []stream{y, dy}, func(v []asm.F32x4) asm.F32x4 { return v[0].Mul(v[1]) })
		}
		k.pass(n, []stream{y, dy}, &dst, func(v []asm.F32x4) asm.F32x4 {
			if log {
				return v[1].Sub(k.exp(v[0]).Mul(sum))
			}
			return v[0].Mul(v[1].Sub(sum))
		})
	})
}

// targets calls dense with the address of a row's targets, or sparse with its class, which is
// known to be one.
func (k *Body) targets(row, n asm.I32, dense func(t asm.I32), sparse func(class asm.I32), none func()) {
	t := k.Arg("t")
	k.IfElse(k.Arg("sparse"), func() {
		class, valid := k.row(t.Add(row.MulC(4)), n)
		k.IfElse(valid, func() { sparse(class) }, none)
	}, func() { dense(k.LetI32(t.Add(row.Mul(n).MulC(4)))) })
}

func emitXent(k *Body) {
	dst, n := k.Arg("dst"), k.Arg("n")
	k.rows(k.Arg("rows"), n, []asm.I32{k.Arg("x")}, func(row asm.I32, at []asm.I32) {
		x, total := at[0], k.plainSum(at[0], n)
		logClipped := func(x asm.F32x4) asm.F32x4 {
			return k.log(x.Div(total).Max(cv(clipLow)).Min(cv(clipHigh)))
		}
		loss := k.let(cv(0))
		k.targets(row, n, func(t asm.I32) {
			loss.Set(k.sum(n, []stream{{x, 0}, {t, 0}}, func(v []asm.F32x4) asm.F32x4 {
				return logClipped(v[0]).Mul(v[1])
			}))
		}, func(class asm.I32) { loss.Set(logClipped(x.Add(class.MulC(4)).LoadSplatF32x4(0))) }, nothing)
		k.StoreLaneF32x4(dst.Add(row.MulC(4)), 0, loss.Neg(), 0)
	})
}

func nothing() {}

func emitXentGrad(k *Body) {
	n, dl := k.Arg("n"), k.Arg("dl")
	k.rows(k.Arg("rows"), n, []asm.I32{k.Arg("x"), k.Arg("dst")}, func(row asm.I32, at []asm.I32) {
		x, dst := at[0], at[1]
		total := k.plainSum(x, n)
		scale := k.let(dl.Add(row.MulC(4)).LoadSplatF32x4(0))
		// g is -t/q, and 0 where q is clipped.
		g := func(x, t asm.F32x4) asm.F32x4 {
			q := k.let(x.Div(total))
			return t.Neg().Div(q).And(q.Ge(cv(clipLow)).And(q.Le(cv(clipHigh))).AsF32x4())
		}
		write := func(dot asm.F32x4, streams []stream, term func(v []asm.F32x4) asm.F32x4) {
			k.pass(n, streams, &dst, func(v []asm.F32x4) asm.F32x4 { return term(v).Sub(dot).Mul(scale).Div(total) })
		}
		k.targets(row, n, func(t asm.I32) {
			both := []stream{{x, 0}, {t, 0}}
			dot := k.sum(n, both, func(v []asm.F32x4) asm.F32x4 { return g(v[0], v[1]).Mul(v[0]).Div(total) })
			write(dot, both, func(v []asm.F32x4) asm.F32x4 { return g(v[0], v[1]) })
		}, func(class asm.I32) {
			hit := k.let(x.Add(class.MulC(4)).LoadSplatF32x4(0))
			own := k.let(g(hit, cv(1)))
			dot := k.let(own.Mul(hit).Div(total))
			k.StoreLaneF32x4(dst.Add(class.MulC(4)), 0, own.Sub(dot).Mul(scale).Div(total), 0)
			rest := k.let(cv(0).Sub(dot).Mul(scale).Div(total))
			k.except(n, class, dst, rest)
		}, func() { write(cv(0), []stream{{x, 0}}, func([]asm.F32x4) asm.F32x4 { return cv(0) }) })
	})
}

// except stores v in all n elements from dst on but one.
func (k *Body) except(n, skip, dst asm.I32, v asm.F32x4) {
	k.Range(n, func(i asm.I32) {
		k.If(i.Ne(skip), func() { k.StoreLaneF32x4(dst.Add(i.MulC(4)), 0, v, 0) })
	})
}

func emitSoftmaxXent(k *Body) {
	dst, n := k.Arg("dst"), k.Arg("n")
	k.rows(k.Arg("rows"), n, []asm.I32{k.Arg("x")}, func(row asm.I32, at []asm.I32) {
		x := at[0]
		m, sum := k.maxAndSum(x, n)
		sum.Set(k.log(sum))
		term := func(x asm.F32x4) asm.F32x4 { return sum.Sub(x.Sub(m)) }
		loss := k.let(cv(0))
		k.targets(row, n, func(t asm.I32) {
			loss.Set(k.sum(n, []stream{{x, 0}, {t, 0}}, func(v []asm.F32x4) asm.F32x4 { return term(v[0]).Mul(v[1]) }))
		}, func(class asm.I32) { loss.Set(term(x.Add(class.MulC(4)).LoadSplatF32x4(0))) }, nothing)
		k.StoreLaneF32x4(dst.Add(row.MulC(4)), 0, loss, 0)
	})
}

func emitSoftmaxXentGrad(k *Body) {
	n, dl := k.Arg("n"), k.Arg("dl")
	k.rows(k.Arg("rows"), n, []asm.I32{k.Arg("x"), k.Arg("dst")}, func(row asm.I32, at []asm.I32) {
		x, dst := at[0], at[1]
		m, sum := k.maxAndSum(x, n)
		scale := k.let(dl.Add(row.MulC(4)).LoadSplatF32x4(0))
		softmax := func(x asm.F32x4) asm.F32x4 { return k.exp(x.Sub(m)).Div(sum) }
		k.targets(row, n, func(t asm.I32) {
			all := k.plainSum(t, n)
			k.pass(n, []stream{{x, 0}, {t, 0}}, &dst, func(v []asm.F32x4) asm.F32x4 {
				return softmax(v[0]).Mul(all).Sub(v[1]).Mul(scale)
			})
		}, func(class asm.I32) {
			k.pass(n, []stream{{x, 0}}, &dst, func(v []asm.F32x4) asm.F32x4 { return softmax(v[0]).Mul(scale) })
			hit := k.LetI32(x.Add(class.MulC(4)))
			k.StoreLaneF32x4(dst.Add(class.MulC(4)), 0,
				softmax(hit.LoadSplatF32x4(0)).Sub(cv(1)).Mul(scale), 0)
		}, func() {
			k.pass(n, []stream{{x, 0}}, &dst, func([]asm.F32x4) asm.F32x4 { return cv(0) })
		})
	})
}
