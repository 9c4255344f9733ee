//go:build !js

package kernels

import "github.com/tabgrad/tabgrad/wasm/asm"

func init() {
	args := []string{"dst", "n", "step", "key0", "key1", "a", "b"}
	add(
		Kernel{
			Op: OpUniform, Name: "f32_uniform", Args: args,
			Doc: "for i := range n { dst[i] = a + b*u(i) }",
			emit: func(k *Body) {
				emitRandom(k, func(u, a, b asm.F32x4) asm.F32x4 { return a.Add(b.Mul(u)) })
			},
		},
		Kernel{
			Op: OpKeep, Name: "f32_keep", Args: args,
			Doc: "for i := range n { dst[i] = u(i) < a ? 0 : b }",
			emit: func(k *Body) {
				emitRandom(k, func(u, a, b asm.F32x4) asm.F32x4 { return b.And(u.Ge(a).AsF32x4()) })
			},
		},
	)
}

// emitRandom makes sixteen numbers at a time: four counters, a word of each in a vector.
func emitRandom(k *Body, number func(u, a, b asm.F32x4) asm.F32x4) {
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
		var v [4]asm.F32x4
		for i := range v {
			u := ctr[i].ShrU(asm.C(8)).ToF32x4S().Mul(cv(0x1p-24))
			v[i] = k.let(number(u, a, b))
		}
		for _, row := range k.transpose4(v) {
			k.IfElse(left.GeS(asm.C(4)), func() { k.StoreF32x4(dst, 0, row) },
				func() { k.storePart(dst, left, row) })
			dst.Set(dst.AddC(16))
			left.Set(left.SubC(4))
		}
		counter.Set(counter.Add(asm.CI32x4(4)))
	})
}
