//go:build !js

package kernels

import (
	"math"

	"github.com/tabgrad/tabgrad/wasm/asm"
)

// A formula is a function of one vector, and for a gradient of the reference and dy; heavy ones
// are not unrolled.
type formula struct {
	heavy bool
	of    func(k *Body, x, dy, alpha, beta asm.F32x4) asm.F32x4
}

func cheap(f func(x, alpha, beta asm.F32x4) asm.F32x4) formula {
	return formula{false, func(_ *Body, x, _, alpha, beta asm.F32x4) asm.F32x4 { return f(x, alpha, beta) }}
}

func heavy(f func(k *Body, x asm.F32x4) asm.F32x4) formula {
	return formula{true, func(k *Body, x, _, _, _ asm.F32x4) asm.F32x4 { return f(k, x) }}
}

var unaryFormulas = [numUnaryFn]formula{
	Neg:        cheap(func(x, _, _ asm.F32x4) asm.F32x4 { return x.Neg() }),
	Affine:     {false, func(k *Body, x, _, a, b asm.F32x4) asm.F32x4 { return k.Builder.MAdd(x, a, b) }},
	Exp:        heavy((*Body).exp),
	Log:        heavy((*Body).log),
	Sqrt:       cheap(func(x, _, _ asm.F32x4) asm.F32x4 { return x.Sqrt() }),
	Rsqrt:      cheap(func(x, _, _ asm.F32x4) asm.F32x4 { return cv(1).Div(x.Sqrt()) }),
	Square:     cheap(func(x, _, _ asm.F32x4) asm.F32x4 { return x.Mul(x) }),
	Reciprocal: cheap(func(x, _, _ asm.F32x4) asm.F32x4 { return cv(1).Div(x) }),
	Abs:        cheap(func(x, _, _ asm.F32x4) asm.F32x4 { return x.Abs() }),
	Sign:       cheap(func(x, _, _ asm.F32x4) asm.F32x4 { return sign(x) }),
	Clip:       cheap(func(x, a, b asm.F32x4) asm.F32x4 { return x.PMax(a).PMin(b) }),
	Relu:       cheap(func(x, _, _ asm.F32x4) asm.F32x4 { return x.PMax(cv(0)) }),
	LeakyRelu:  cheap(func(x, a, _ asm.F32x4) asm.F32x4 { return x.Where(x.Mul(a), x.Gt(cv(0))) }),
	Elu: {true, func(k *Body, x, _, a, _ asm.F32x4) asm.F32x4 {
		return x.Where(k.expm1(x).Mul(a), x.Gt(cv(0)))
	}},
	Sigmoid:  heavy((*Body).sigmoid),
	Tanh:     heavy((*Body).tanh),
	Softplus: heavy((*Body).softplus),
	Gelu: heavy(func(k *Body, x asm.F32x4) asm.F32x4 {
		cdf, _ := k.normal(x)
		return x.Mul(cdf)
	}),
	GeluTanh: heavy(func(k *Body, x asm.F32x4) asm.F32x4 { return x.Mul(k.sigmoid(k.geluInner(x))) }),
	Erf:      heavy((*Body).erf),
	Silu:     heavy(func(k *Body, x asm.F32x4) asm.F32x4 { return x.Mul(k.sigmoid(x)) }),
	Expm1:    heavy((*Body).expm1),
	Log1p:    heavy((*Body).log1pAll),
	Sin:      heavy(func(k *Body, x asm.F32x4) asm.F32x4 { return k.sine(x, 0) }),
	Cos:      heavy(func(k *Body, x asm.F32x4) asm.F32x4 { return k.sine(x, 1) }),
	Floor:    cheap(func(x, _, _ asm.F32x4) asm.F32x4 { return x.Floor() }),
	Round:    cheap(func(x, _, _ asm.F32x4) asm.F32x4 { return x.Nearest() }),
}

func emitUnary(k *Body, fn int) {
	f := unaryFormulas[fn]
	alpha, beta := k.let(k.ArgF32("alpha").Splat()), k.let(k.ArgF32("beta").Splat())
	k.each(k.Arg("n"), []asm.I32{k.Arg("x")}, []asm.I32{k.Arg("dst")}, f.heavy, func(v []asm.F32x4) []asm.F32x4 {
		return []asm.F32x4{f.of(k, v[0], asm.F32x4{}, alpha, beta)}
	})
}

func linear(f func(dy, alpha asm.F32x4) asm.F32x4) formula {
	return formula{false, func(_ *Body, _, dy, alpha, _ asm.F32x4) asm.F32x4 { return f(dy, alpha) }}
}

func grad(f func(ref, dy asm.F32x4) asm.F32x4) formula {
	return formula{false, func(_ *Body, ref, dy, _, _ asm.F32x4) asm.F32x4 { return f(ref, dy) }}
}

func heavyGrad(f func(k *Body, ref asm.F32x4) asm.F32x4) formula {
	return formula{true, func(k *Body, ref, dy, _, _ asm.F32x4) asm.F32x4 { return f(k, ref).Mul(dy) }}
}

var unaryGradFormulas = [numUnaryFn]formula{
	Neg:        linear(func(dy, _ asm.F32x4) asm.F32x4 { return dy.Neg() }),
	Affine:     linear(func(dy, a asm.F32x4) asm.F32x4 { return dy.Mul(a) }),
	Exp:        grad(func(y, dy asm.F32x4) asm.F32x4 { return dy.Mul(y) }),
	Log:        grad(func(x, dy asm.F32x4) asm.F32x4 { return dy.Div(x) }),
	Sqrt:       grad(func(y, dy asm.F32x4) asm.F32x4 { return dy.Mul(cv(0.5)).Div(y) }),
	Rsqrt:      grad(func(y, dy asm.F32x4) asm.F32x4 { return y.Mul(y).Mul(y).Mul(cv(-0.5)).Mul(dy) }),
	Square:     grad(func(x, dy asm.F32x4) asm.F32x4 { return x.Add(x).Mul(dy) }),
	Reciprocal: grad(func(y, dy asm.F32x4) asm.F32x4 { return y.Mul(y).Neg().Mul(dy) }),
	Abs:        grad(func(x, dy asm.F32x4) asm.F32x4 { return sign(x).Mul(dy) }),
	Sign:       grad(func(_, dy asm.F32x4) asm.F32x4 { return dy.Mul(cv(0)) }),
	Clip: {false, func(_ *Body, x, dy, a, b asm.F32x4) asm.F32x4 {
		return dy.Mul(cv(1).And(x.Ge(a).And(x.Le(b)).AsF32x4()))
	}},
	Relu: grad(func(y, dy asm.F32x4) asm.F32x4 { return dy.And(y.Gt(cv(0)).AsF32x4()) }),
	LeakyRelu: {false, func(_ *Body, y, dy, a, _ asm.F32x4) asm.F32x4 {
		return dy.Where(dy.Mul(a), y.Gt(cv(0)))
	}},
	Elu: {false, func(_ *Body, y, dy, a, _ asm.F32x4) asm.F32x4 {
		return dy.Where(dy.Mul(y.Add(a)), y.Gt(cv(0)))
	}},
	Sigmoid: grad(func(y, dy asm.F32x4) asm.F32x4 { return y.Mul(cv(1).Sub(y)).Mul(dy) }),
	Tanh:    grad(func(y, dy asm.F32x4) asm.F32x4 { return cv(1).Sub(y.Mul(y)).Mul(dy) }),
	// The derivative of softplus is sigmoid(x) = 1 - e⁻ʸ.
	Softplus: heavyGrad(func(k *Body, y asm.F32x4) asm.F32x4 { return k.expm1(y.Neg()).Neg() }),
	// Φ(x) + xφ(x)
	Gelu: heavyGrad(func(k *Body, x asm.F32x4) asm.F32x4 {
		cdf, density := k.normal(x)
		return k.Builder.MAdd(x.Mul(density), cv(1/math.Sqrt(2*math.Pi)), cdf)
	}),
	// With s = sigmoid(2u): s + x·s(1-s)·2u'.
	GeluTanh: heavyGrad(func(k *Body, x asm.F32x4) asm.F32x4 {
		s := k.let(k.sigmoid(k.geluInner(x)))
		c := 2 * math.Sqrt(2/math.Pi)
		du := k.poly(x.Mul(x), c, 3*c*0.044715)
		return k.Builder.MAdd(x.Mul(s).Mul(cv(1).Sub(s)), du, s)
	}),
	Erf: heavyGrad(func(k *Body, x asm.F32x4) asm.F32x4 {
		return k.exp(x.Mul(x).Neg()).Mul(cv(2 / math.Sqrt(math.Pi)))
	}),
	// With s = sigmoid(x): s + x·s(1-s).
	Silu: heavyGrad(func(k *Body, x asm.F32x4) asm.F32x4 {
		s := k.let(k.sigmoid(x))
		return k.Builder.MAdd(x.Mul(s), cv(1).Sub(s), s)
	}),
	Expm1: grad(func(y, dy asm.F32x4) asm.F32x4 { return y.Add(cv(1)).Mul(dy) }),
	Log1p: grad(func(x, dy asm.F32x4) asm.F32x4 { return dy.Div(x.Add(cv(1))) }),
	Sin:   heavyGrad(func(k *Body, x asm.F32x4) asm.F32x4 { return k.sine(x, 1) }),
	Cos:   heavyGrad(func(k *Body, x asm.F32x4) asm.F32x4 { return k.sine(x, 2) }),
	Floor: grad(func(_, dy asm.F32x4) asm.F32x4 { return dy.Mul(cv(0)) }),
	Round: grad(func(_, dy asm.F32x4) asm.F32x4 { return dy.Mul(cv(0)) }),
}

func emitUnaryGrad(k *Body, fn int) {
	f := unaryGradFormulas[fn]
	alpha, beta := k.let(k.ArgF32("alpha").Splat()), k.let(k.ArgF32("beta").Splat())
	in := []asm.I32{k.Arg("ref"), k.Arg("dy")}
	k.each(k.Arg("n"), in, []asm.I32{k.Arg("dst")}, f.heavy, func(v []asm.F32x4) []asm.F32x4 {
		return []asm.F32x4{f.of(k, v[0], v[1], alpha, beta)}
	})
}
