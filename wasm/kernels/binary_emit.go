//go:build !js

package kernels

import (
	"math"

	"github.com/tabgrad/tabgrad/wasm/asm"
)

// A binaryFormula is a function of two vectors; heavy ones are not unrolled.
type binaryFormula struct {
	heavy bool
	of    func(k *Body, a, b asm.F32x4) asm.F32x4
}

func cheapBinary(f func(a, b asm.F32x4) asm.F32x4) binaryFormula {
	return binaryFormula{false, func(_ *Body, a, b asm.F32x4) asm.F32x4 { return f(a, b) }}
}

func comparison(f func(a, b asm.F32x4) asm.I32x4) binaryFormula {
	return cheapBinary(func(a, b asm.F32x4) asm.F32x4 { return f(a, b).AsF32x4().And(cv(1)) })
}

// clipLow and clipHigh bound BinaryXent's probabilities.
const clipLow, clipHigh = 1e-7, 1 - 1e-7

var binaryFormulas = [numBinaryFn]binaryFormula{
	Add:          cheapBinary(asm.F32x4.Add),
	Sub:          cheapBinary(asm.F32x4.Sub),
	Mul:          cheapBinary(asm.F32x4.Mul),
	Div:          cheapBinary(asm.F32x4.Div),
	Pow:          {true, (*Body).pow},
	Maximum:      cheapBinary(asm.F32x4.Max),
	Minimum:      cheapBinary(asm.F32x4.Min),
	Equal:        comparison(asm.F32x4.Eq),
	Greater:      comparison(asm.F32x4.Gt),
	GreaterEqual: comparison(asm.F32x4.Ge),
	Less:         comparison(asm.F32x4.Lt),
	BinaryXent: {true, func(k *Body, a, b asm.F32x4) asm.F32x4 {
		p := k.let(a.Max(cv(clipLow)).Min(cv(clipHigh)))
		hit := k.let(b.Mul(k.log(p)))
		return hit.Add(cv(1).Sub(b).Mul(k.log1p(p.Neg()))).Neg()
	}},
	BinaryXentGrad: {false, func(_ *Body, p, b asm.F32x4) asm.F32x4 {
		g := p.Sub(b).Div(p.Mul(cv(1).Sub(p)))
		return g.AndNot(p.Lt(cv(clipLow)).Or(p.Gt(cv(clipHigh))).AsF32x4())
	}},
	LogitXent: {true, func(k *Body, a, b asm.F32x4) asm.F32x4 {
		return a.Max(cv(0)).Sub(a.Mul(b)).Add(k.log1p(k.exp(a.Abs().Neg())))
	}},
	LogitXentGrad: {true, func(k *Body, a, b asm.F32x4) asm.F32x4 { return k.sigmoid(a).Sub(b) }},
	Where:         cheapBinary(func(a, b asm.F32x4) asm.F32x4 { return a.And(b.Ne(cv(0)).AsF32x4()) }),
	Unless:        cheapBinary(func(a, b asm.F32x4) asm.F32x4 { return a.And(b.Eq(cv(0)).AsF32x4()) }),
}

func emitBinary(k *Body, fn int) {
	f := binaryFormulas[fn]
	dst, a, b, rows := k.Arg("dst"), k.Arg("a"), k.Arg("b"), k.Arg("rows")
	w := k.walk(k.Arg("n"), k.Arg("cols"), k.Arg("rank"), 8)
	dst.Set(dst.Add(w.at.MulC(4)))
	w.each(func(row, col, run asm.I32) {
		pa, pb, out := k.LetI32(a), k.LetI32(b), k.LetI32(dst)
		w.offsets(row, func(sa, sb asm.I32) {
			pa.Set(pa.Add(sa))
			pb.Set(pb.Add(sb))
		})
		skip := k.LetI32(col.MulC(4))
		whole := func() {
			pa.Set(pa.Add(skip))
			pb.Set(pb.Add(skip))
			k.span(run, []asm.I32{pa, pb}, []asm.I32{out}, f.heavy, func(v []asm.F32x4) []asm.F32x4 {
				return []asm.F32x4{f.of(k, v[0], v[1])}
			})
		}
		oneB := func() {
			splat := k.let(pb.LoadSplatF32x4(0))
			pa.Set(pa.Add(skip))
			k.span(run, []asm.I32{pa}, []asm.I32{out}, f.heavy, func(v []asm.F32x4) []asm.F32x4 {
				return []asm.F32x4{f.of(k, v[0], splat)}
			})
		}
		oneA := func() {
			splat := k.let(pa.LoadSplatF32x4(0))
			pb.Set(pb.Add(skip))
			k.span(run, []asm.I32{pb}, []asm.I32{out}, f.heavy, func(v []asm.F32x4) []asm.F32x4 {
				return []asm.F32x4{f.of(k, splat, v[0])}
			})
		}
		k.Switch(rows.SubC(1), []func(){oneB, oneA}, whole)
		dst.Set(dst.Add(run.MulC(4)))
	})
}

// pow is a to the power b, within 1 ulp, one element at a time: see emitPow.
func (k *Body) pow(a, b asm.F32x4) asm.F32x4 {
	f := k.Builder.Function("pow", emitPow)
	a, b = k.let(a), k.let(b)
	r := k.let(cv(0))
	for i := range 4 {
		r.Set(r.WithLane(i, k.CallF32(f, a.Lane(i), b.Lane(i))))
	}
	return r
}

// emitPow emits pow(a, b) = e^(b ln a) in float64, since an error in the exponent grows with the
// exponent. It is NaN where a < 0, and 1 where a = 1 or b = 0.
func emitPow(f *asm.Func) {
	a, b := f.ParamF32(), f.ParamF32()
	f.Returns(asm.TypeF32)
	one := asm.CF(1)
	f.If(a.Eq(one).Or(b.Eq(asm.CF(0))), func() { f.Return(one) })
	f.If(a.Ge(asm.CF(0)).Eqz(), func() { f.Return(asm.CF(float32(math.NaN()))) })
	x, extra := f.LetF32(a), f.LetF64(asm.CF64(0))
	f.If(a.Lt(asm.CF(0x1p-126)), func() {
		x.Set(a.Mul(asm.CF(0x1p23)))
		extra.Set(asm.CF64(23))
	})
	const sqrtHalf = 0x3f3504f3
	bits := f.LetI32(x.Bits().SubC(sqrtHalf))
	n := f.LetF64(bits.ShrS(asm.C(23)).ToF64S().Sub(extra))
	m := f.LetF64(bits.And(asm.C(0x7fffff)).AddC(sqrtHalf).BitsF32().ToF64().Sub(asm.CF64(1)))
	// ln(1+m) = 2s(1 + s²/3 + s⁴/5 + ...), s = m/(2+m), |s| < 0.172
	s := f.LetF64(m.Div(m.Add(asm.CF64(2))))
	z := f.LetF64(s.Mul(s))
	p := f.LetF64(asm.CF64(2.0 / 15))
	for i := 13; i >= 1; i -= 2 {
		p.Set(p.Mul(z).Add(asm.CF64(2 / float64(i))))
	}
	l := f.LetF64(s.Mul(p).Add(n.Mul(asm.CF64(math.Ln2))))
	l.Set(asm.CF64(math.Inf(-1)).Select(l, a.Eq(asm.CF(0))))
	l.Set(asm.CF64(math.Inf(1)).Select(l, a.Eq(asm.CF(float32(math.Inf(1))))))
	y := f.LetF64(b.ToF64().Mul(l).Max(asm.CF64(-110)).Min(asm.CF64(100)))
	n.Set(y.Mul(asm.CF64(1 / math.Ln2)).Nearest())
	r := f.LetF64(y.Sub(n.Mul(asm.CF64(math.Ln2))))
	e := f.LetF64(asm.CF64(1))
	for i := 11; i >= 1; i-- { // the exponential series
		e.Set(e.Mul(r).Mul(asm.CF64(1 / float64(i))).Add(asm.CF64(1)))
	}
	i := f.LetI32(n.ToI32S())
	h := f.LetI32(i.ShrS(asm.C(1)))
	power := func(i asm.I32) asm.F32 { return i.AddC(127).Shl(asm.C(23)).BitsF32() }
	f.Return(e.ToF32().Mul(power(h)).Mul(power(i.Sub(h))))
}
