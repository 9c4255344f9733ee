//go:build !js

package kernels

import (
	"math"

	"github.com/tabgrad/tabgrad/wasm/asm"
)

// The functions of this file compute four values at a time from the operations that
// every engine rounds alike. Their polynomials are minimax fits of our own over the
// intervals that the comments give, with coefficients rounded to float32 one after
// another from the lowest. A NaN argument gives NaN. math_test.go measures the error
// bounds, in units in the last place (ulp), over the whole range.

func cv(v float64) asm.F32x4 { return asm.CF32x4(float32(v)) }

func (k *Body) let(v asm.F32x4) asm.F32x4 { return k.LetF32x4(v) }

// poly is c[0] + c[1]x + c[2]x² + ..., by Horner's rule.
func (k *Body) poly(x asm.F32x4, c ...float64) asm.F32x4 {
	p := cv(c[len(c)-1])
	for i := len(c) - 2; i >= 0; i-- {
		p = k.Builder.MAdd(p, x, cv(c[i]))
	}
	return p
}

// exp is eˣ, within 1 ulp: 2ⁿeʳ with |r| <= ln 2 / 2. The power of two is applied in
// two steps, so that results below the normal range are right, too.
func (k *Body) exp(x asm.F32x4) asm.F32x4 {
	// PMax and PMin leave a NaN where it is, and are one instruction where Max and Min are many. So is
	// rounding by a number whose last bit is worth 1: its low bits are then the integer.
	const rounder = 0x1.8p23
	x = k.let(x.PMax(cv(-104)).PMin(cv(89)))
	t := k.let(k.Builder.MAdd(x, cv(1/math.Ln2), cv(rounder)))
	n := k.let(t.Sub(cv(rounder)))
	// n·355/512 is exact; the remainder of ln 2 is in the second constant.
	r := k.let(k.Builder.NMAdd(n, cv(math.Ln2-355.0/512), k.Builder.NMAdd(n, cv(355.0/512), x)))
	p := k.poly(r, 0.49999994, 0.166665211, 0.0416682772, 0.00836868677, 0.00138198235)
	e := k.let(cv(1).Add(k.Builder.MAdd(r.Mul(r), p, r)))
	i := k.LetI32x4(t.AsI32x4().Sub(asm.CI32x4(math.Float32bits(rounder))))
	h := k.LetI32x4(i.ShrS(asm.C(1)))
	return k.let(e.Mul(powerOfTwo(h)).Mul(powerOfTwo(i.Sub(h))))
}

// powerOfTwo is 2ⁿ for -126 <= n <= 127.
func powerOfTwo(n asm.I32x4) asm.F32x4 { return n.Add(asm.CI32x4(127)).Shl(asm.C(23)).AsF32x4() }

// expm1 is eˣ - 1, within 2 ulp.
func (k *Body) expm1(x asm.F32x4) asm.F32x4 {
	x = k.let(x)
	p := k.poly(x, 0.50000006, 0.166666687, 0.041664958, 0.00833285321, 0.00140108413, 0.000200861585)
	small := k.let(k.Builder.MAdd(x.Mul(x), p, x)) // |x| < 1/2
	return small.Where(k.exp(x).Sub(cv(1)), x.Abs().Lt(cv(0.5)))
}

// log is ln x, within 1 ulp; -Inf at 0, NaN below.
func (k *Body) log(x asm.F32x4) asm.F32x4 {
	x = k.let(x)
	tiny := k.LetI32x4(x.Lt(cv(0x1p-126)))
	l := k.let(k.logNormal(x.Mul(cv(0x1p23)).Where(x, tiny), asm.CI32x4(23).And(tiny)))
	l.Set(x.Where(l, x.Eq(cv(math.Inf(1)))))
	l.Set(cv(math.Inf(-1)).Where(l, x.Eq(cv(0))))
	return l.Where(cv(math.NaN()), x.Ge(cv(0)))
}

// logNormal is ln(x / 2ᵉ) for a positive normal x, which is 2ⁿ⁺ᵉ(1 + f) with 1 + f between √½ and
// √2. With s = f/(2+f), ln(1+f) = 2s + s·s²P(s²) and 2s = f - s·f.
func (k *Body) logNormal(x asm.F32x4, e asm.I32x4) asm.F32x4 {
	const sqrtHalf = 0x3f3504f3
	b := k.LetI32x4(x.AsI32x4().Sub(asm.CI32x4(sqrtHalf)))
	n := k.let(b.ShrS(asm.C(23)).Sub(e).ToF32x4S())
	f := k.let(b.And(asm.CI32x4(0x7fffff)).Add(asm.CI32x4(sqrtHalf)).AsF32x4().Sub(cv(1)))
	s := k.let(f.Div(f.Add(cv(2))))
	z := k.let(s.Mul(s))
	p := z.Mul(k.poly(z, 0.666666627, 0.400009722, 0.284987777, 0.242794797))
	half := k.let(f.Mul(f).Mul(cv(0.5)))
	const ln2High = 0x1.62e3p-1 // 17 bits: its product with n is exact
	low := k.Builder.MAdd(s, half.Add(p), n.Mul(cv(math.Ln2-ln2High)))
	return k.let(n.Mul(cv(ln2High)).Sub(half.Sub(low).Sub(f)))
}

// log1p is ln(1 + t) for -1 + 2⁻²⁴ <= t <= 1, within 2 ulp. The second term is what rounding 1 + t loses.
func (k *Body) log1p(t asm.F32x4) asm.F32x4 {
	t = k.let(t)
	u := k.let(t.Add(cv(1)))
	return k.logNormal(u, asm.CI32x4(0)).Add(t.Sub(u.Sub(cv(1))).Div(u))
}

// log1pAll is ln(1 + x) for every x, within 2 ulp; -Inf at -1, NaN below.
func (k *Body) log1pAll(x asm.F32x4) asm.F32x4 {
	x = k.let(x)
	u := k.let(x.Add(cv(1)))
	l := k.let(k.log(u))
	lost := x.Sub(u.Sub(cv(1))).Div(u)
	return l.Add(lost).Where(l, u.Gt(cv(0)).And(u.Lt(cv(math.Inf(1)))))
}

// sine is sin(x + quarters·π/2), within 1 ulp where |x| <= 2²⁴, one element at a time: see emitSine.
func (k *Body) sine(x asm.F32x4, quarters int) asm.F32x4 {
	f := k.Builder.Function("sine", emitSine)
	x = k.let(x)
	r := k.let(cv(0))
	for i := range 4 {
		r.Set(r.WithLane(i, k.CallF32(f, x.Lane(i), asm.CF(float32(quarters)))))
	}
	return r
}

// emitSine emits sine(x, quarters) in float64, where subtracting multiples of π/2 leaves enough bits:
// π/2 is the sum of two constants, and n times the first, of 29 bits, is exact. Series to the 13th power do for |r| <= π/4.
// Beyond 2²⁴ the result is some number in [-1, 1].
func emitSine(f *asm.Func) {
	x, quarters := f.ParamF32(), f.ParamF32()
	f.Returns(asm.TypeF32)
	y := f.LetF64(x.ToF64())
	n := f.LetF64(y.Mul(asm.CF64(2 / math.Pi)).Nearest())
	const high = 0x1.921fb54p+0
	const low = math.Pi/2 - high
	r := f.LetF64(y.Sub(n.Mul(asm.CF64(high))).Sub(n.Mul(asm.CF64(low))))
	r.Set(r.Max(asm.CF64(-0.7854)).Min(asm.CF64(0.7854)))
	n.Set(n.Add(quarters.ToF64()))
	n.Set(n.Sub(n.Mul(asm.CF64(0.25)).Floor().Mul(asm.CF64(4)))) // 0 to 3
	z := f.LetF64(r.Mul(r))
	series := func(first int) asm.F64 {
		p := f.LetF64(asm.CF64(1))
		for i := first; i > 1; i -= 2 {
			p.Set(asm.CF64(1).Sub(p.Mul(z).Mul(asm.CF64(1 / float64(i*(i-1))))))
		}
		return p
	}
	odd := f.LetI32(n.Eq(asm.CF64(1)).Or(n.Eq(asm.CF64(3))))
	v := f.LetF64(series(12).Select(r.Mul(series(13)), odd))
	f.Return(v.Neg().Select(v, n.Ge(asm.CF64(2))).ToF32())
}

// withSign is a, which is positive, with the sign of x.
func withSign(a, x asm.F32x4) asm.F32x4 { return a.Or(x.And(asm.CI32x4(1 << 31).AsF32x4())) }

// tanh is within 2 ulp: (1-t)/(1+t) with t = e^-2|x|, and a polynomial where that cancels.
func (k *Body) tanh(x asm.F32x4) asm.F32x4 {
	x = k.let(x)
	z := k.let(x.Mul(x))
	p := k.poly(z, -0.333332807, 0.133314103, -0.0537371412, 0.0206308253, -0.00569581287)
	small := k.let(k.Builder.MAdd(x.Mul(z), p, x)) // |x| < 5/8
	t := k.exp(x.Abs().Mul(cv(-2)))
	big := withSign(cv(1).Sub(t).Div(cv(1).Add(t)), x)
	return small.Where(big, x.Abs().Lt(cv(0.625)))
}

// sigmoid is 1 / (1 + e⁻ˣ), within 3 ulp: t = e^-|x| never overflows.
func (k *Body) sigmoid(x asm.F32x4) asm.F32x4 {
	x = k.let(x)
	t := k.exp(x.Abs().Neg())
	return cv(1).Where(t, x.Ge(cv(0))).Div(cv(1).Add(t))
}

// softplus is ln(1 + eˣ) = max(x, 0) + ln(1 + e^-|x|), within 3 ulp.
func (k *Body) softplus(x asm.F32x4) asm.F32x4 {
	x = k.let(x)
	return x.Max(cv(0)).Add(k.log1p(k.exp(x.Abs().Neg())))
}

// erfcOver is erfc(a)·e^(a²) for a >= 0, as t·Q(t) with t = 1/(1 + 0.3a).
func (k *Body) erfcOver(a asm.F32x4) asm.F32x4 {
	t := k.let(cv(1).Div(k.Builder.MAdd(a, cv(0.3), cv(1))))
	return t.Mul(k.poly(t, 0.169187829, 0.170717776, 0.148323521, 0.21497944, -0.0947615653,
		0.547863722, -0.512391865, 0.485613614, -0.129532486))
}

// erf is within 3 ulp.
func (k *Body) erf(x asm.F32x4) asm.F32x4 {
	x = k.let(x)
	a := k.let(x.Abs())
	z := k.let(x.Mul(x))
	p := k.poly(z, 0.128379166, -0.376122206, 0.112789981, -0.0266622603, 0.00482488796, -0.000482092408, -2.66679926e-05)
	small := k.let(k.Builder.MAdd(x, p, x)) // |x| < 1
	big := withSign(cv(1).Sub(k.exp(z.Neg()).Mul(k.erfcOver(a))), x)
	return small.Where(big, a.Lt(cv(1)))
}

// normal is the standard normal distribution: Φ(x) = (1 + erf(x/√2))/2, to a relative error of
// 5e-7 + x²·1e-7, the latter in the left tail alone, and e^(-x²/2), √(2π) times its density.
func (k *Body) normal(x asm.F32x4) (cdf, density asm.F32x4) {
	x = k.let(x)
	density = k.exp(x.Mul(x).Mul(cv(-0.5)))
	tail := k.let(density.Mul(k.erfcOver(x.Abs().Mul(cv(math.Sqrt2 / 2)))).Mul(cv(0.5)))
	return k.let(cv(1).Sub(tail).Where(tail, x.Ge(cv(0)))), density
}

// geluInner is √(2/π)(x + 0.044715x³), the argument of GeluTanh's tanh, doubled: since
// (1 + tanh u)/2 = sigmoid(2u), GeluTanh is x·sigmoid of it.
func (k *Body) geluInner(x asm.F32x4) asm.F32x4 {
	c := 2 * math.Sqrt(2/math.Pi)
	return x.Mul(k.poly(x.Mul(x), c, c*0.044715))
}

// sign is -1, 0 or 1.
func sign(x asm.F32x4) asm.F32x4 {
	return cv(1).And(x.Gt(cv(0)).AsF32x4()).Or(cv(-1).And(x.Lt(cv(0)).AsF32x4()))
}
