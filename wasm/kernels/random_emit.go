//go:build !js

package kernels

import (
	"math"

	"github.com/tabgrad/tabgrad/wasm/asm"
)

func init() {
	args := []string{"dst", "n", "step", "key0", "key1", "a", "b"}
	add(
		Kernel{
			Op: OpUniform, Name: "f32_uniform", Args: args,
			Doc: "for i := range n { dst[i] = a + b*u(i) }",
			emit: func(k *Body) {
				emitRandom(k, each(func(u, a, b asm.F32x4) asm.F32x4 { return a.Add(b.Mul(u)) }))
			},
		},
		Kernel{
			Op: OpKeep, Name: "f32_keep", Args: args,
			Doc: "for i := range n { dst[i] = u(i) < a ? 0 : b }",
			emit: func(k *Body) {
				emitRandom(k, each(func(u, a, b asm.F32x4) asm.F32x4 { return b.And(u.Ge(a).AsF32x4()) }))
			},
		},
		Kernel{
			Op: OpNormal, Name: "f32_normal", Args: args,
			Doc: "for i := 0; i < n; i += 2 { r, t = sqrt(-2 ln(u(i) + 2^-24)), 2πu(i+1); dst[i], dst[i+1] = a + b*r*cos(t), a + b*r*sin(t) }",
			emit: func(k *Body) {
				emitRandom(k, func(k *Body, w [4]asm.I32x4, a, b asm.F32x4) (v [4]asm.F32x4) {
					for i := 0; i < 4; i += 2 {
						u := w[i].ShrU(asm.C(8)).Add(asm.CI32x4(1)).ToF32x4S().Mul(cv(0x1p-24))
						r := k.let(k.logNormal(k.let(u), asm.CI32x4(0)).Mul(cv(-2)).Sqrt())
						cos, sin := k.turn(w[i+1].ShrU(asm.C(8)))
						v[i], v[i+1] = k.let(a.Add(b.Mul(r.Mul(cos)))), k.let(a.Add(b.Mul(r.Mul(sin))))
					}
					return v
				})
			},
		},
	)
}

// numbers emits the numbers that are made of four words each, of which v[i] are the i-th ones.
type numbers func(k *Body, words [4]asm.I32x4, a, b asm.F32x4) (v [4]asm.F32x4)

// each is the numbers that are made of one word each, of which u is the fraction.
func each(number func(u, a, b asm.F32x4) asm.F32x4) numbers {
	return func(k *Body, words [4]asm.I32x4, a, b asm.F32x4) (v [4]asm.F32x4) {
		for i, w := range words {
			v[i] = k.let(number(w.ShrU(asm.C(8)).ToF32x4S().Mul(cv(0x1p-24)), a, b))
		}
		return v
	}
}

// turn is cos and sin of 2π·m/2²⁴ for 0 <= m < 2²⁴, within 2 ulp of what is left after whole quarters are taken off,
// which is exact.
func (k *Body) turn(m asm.I32x4) (cos, sin asm.F32x4) {
	quarters := k.LetI32x4(m.Add(asm.CI32x4(1 << 21)).ShrU(asm.C(22)))
	x := k.let(m.Sub(quarters.Shl(asm.C(22))).ToF32x4S().Mul(cv(2 * math.Pi / (1 << 24)))) // |x| <= π/4
	z := k.let(x.Mul(x))
	s := k.let(k.Builder.MAdd(x.Mul(z), k.poly(z, -1./6, 1./120, -1./5040, 1./362880), x))
	c := k.let(k.Builder.MAdd(z, k.poly(z, -1./2, 1./24, -1./720, 1./40320, -1./3628800), cv(1)))
	odd := k.LetI32x4(quarters.And(asm.CI32x4(1)).Neg())
	negated := func(v asm.F32x4, q asm.I32x4) asm.F32x4 { // where the second bit of q is set
		return k.let(v.AsI32x4().Xor(q.And(asm.CI32x4(2)).Shl(asm.C(30))).AsF32x4())
	}
	return negated(s.Where(c, odd), quarters.Add(asm.CI32x4(1))), negated(c.Where(s, odd), quarters)
}

// emitRandom makes sixteen numbers at a time: four counters, a word of each in a vector.
func emitRandom(k *Body, make numbers) {
	dst, step := k.Arg("dst"), k.Arg("step")
	a, b := k.let(k.ArgF32("a").Splat()), k.let(k.ArgF32("b").Splat())
	key0, key1 := k.LetI32x4(k.Arg("key0").Splat()), k.LetI32x4(k.Arg("key1").Splat())
	round0, round1 := k.I32x4(), k.I32x4()
	lo, hi := k.Share(k.Arg("n"), 16)
	left := k.LetI32(hi.Sub(lo))
	dst.Set(dst.Add(lo.MulC(4)))
	counter := k.LetI32x4(lo.ShrU(asm.C(2)).Splat().Add(asm.CI32x4Lanes(0, 1, 2, 3)))
	low, high := k.LetI32(step.LoadF32(0).ToI32U()), k.LetI32(step.LoadF32(4).ToI32U())
	step0 := k.LetI32x4(low.Add(high.Shl(asm.C(24))).Splat())
	step1 := k.LetI32x4(high.ShrU(asm.C(8)).Splat())
	var ctr [4]asm.I32x4
	for i := range ctr {
		ctr[i] = k.I32x4()
	}
	p0Low, p0High, p1Low, p1High := k.I64x2(), k.I64x2(), k.I64x2(), k.I64x2()
	words := func(low, high asm.I64x2, odd int) asm.I32x4 {
		return low.AsI32x4().Shuffle(high.AsI32x4(), odd, 2+odd, 4+odd, 6+odd)
	}
	k.While(left.GtS(asm.C(0)), func() {
		ctr[0].Set(counter)
		ctr[1].Set(asm.CI32x4(0))
		ctr[2].Set(step0)
		ctr[3].Set(step1)
		round0.Set(key0)
		round1.Set(key1)
		for r := range 10 {
			if r > 0 {
				round0.Set(round0.Add(asm.CI32x4(0x9E3779B9)))
				round1.Set(round1.Add(asm.CI32x4(0xBB67AE85)))
			}
			p0Low.Set(ctr[0].ExtMulLowU(asm.CI32x4(0xD2511F53)))
			p0High.Set(ctr[0].ExtMulHighU(asm.CI32x4(0xD2511F53)))
			p1Low.Set(ctr[2].ExtMulLowU(asm.CI32x4(0xCD9E8D57)))
			p1High.Set(ctr[2].ExtMulHighU(asm.CI32x4(0xCD9E8D57)))
			ctr[0].Set(words(p1Low, p1High, 1).Xor(ctr[1]).Xor(round0))
			ctr[1].Set(words(p1Low, p1High, 0))
			ctr[2].Set(words(p0Low, p0High, 1).Xor(ctr[3]).Xor(round1))
			ctr[3].Set(words(p0Low, p0High, 0))
		}
		for _, row := range k.transpose4(make(k, ctr, a, b)) {
			k.IfElse(left.GeS(asm.C(4)), func() { k.StoreF32x4(dst, 0, row) },
				func() { k.storePart(dst, left, row) })
			dst.Set(dst.AddC(16))
			left.Set(left.SubC(4))
		}
		counter.Set(counter.Add(asm.CI32x4(4)))
	})
}
