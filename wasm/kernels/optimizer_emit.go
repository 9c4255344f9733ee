//go:build !js

package kernels

import "github.com/tabgrad/tabgrad/wasm/asm"

// slots is how many of S, T and U a rule has.
var slots = [numRules]int{0, 1, 1, 1, 2, 3, 1, 2, 2, 3, 2, 2, 2, 1, 2}

func init() {
	add(Kernel{
		Op: OpUpdate, Name: "f32_update",
		Doc: "for i := range n { w[i], s[i], t[i], u[i] = rule(w[i] - δw[i], γg[i], s[i], t[i], u[i]) }",
		Args: []string{
			"rule", "n", "hyper", "w", "g", "s", "t", "u", "mu",
			"rho", "rest", "rest1", "rest2", "epsilon", "power", "l1", "shrink",
		},
		emit: func(k *Body) { k.cases(int(numRules), emitUpdate) },
	})
}

// emitUpdate does all of a rule in one pass over memory, which is what bounds it.
func emitUpdate(k *Body, rule int) {
	constant := func(name string) asm.F32x4 { return k.let(k.ArgF32(name).Splat()) }
	mu, rho, rest := constant("mu"), constant("rho"), constant("rest")
	rest1, rest2, epsilon := constant("rest1"), constant("rest2"), constant("epsilon")
	hyper := func(i int) asm.F32x4 { return k.let(k.Arg("hyper").LoadSplatF32x4(4 * i)) }
	rate, decayed, scale, alpha, beta := hyper(0), hyper(1), hyper(2), hyper(3), hyper(4)
	b := k.Builder
	lerp := func(old, v, share asm.F32x4) asm.F32x4 { return k.let(b.MAdd(share, v.Sub(old), old)) }
	ftrl := func(power func(n asm.F32x4) asm.F32x4) func(w, g, n, z, _ asm.F32x4) []asm.F32x4 {
		l1, shrink := constant("l1"), constant("shrink")
		return func(w, g, n, z, _ asm.F32x4) []asm.F32x4 {
			next := k.let(b.MAdd(g, g, n))
			after := k.let(power(next))
			z = k.let(z.Add(g).Add(w.Mul(shrink.Sub(alpha.Mul(after.Sub(power(n)))))))
			clipped := z.Min(l1).Max(l1.Neg())
			return []asm.F32x4{clipped.Sub(z).Div(b.MAdd(alpha, after, beta)), next, z}
		}
	}
	decay := func(old, v asm.F32x4) asm.F32x4 { return k.let(b.MAdd(rho, old, rest.Mul(v))) }
	step := func(g, v asm.F32x4) asm.F32x4 { return rate.Mul(g).Div(v.Add(epsilon).Sqrt()) }
	formulas := [numRules]func(w, g, s, t, u asm.F32x4) []asm.F32x4{
		SGD: func(w, g, _, _, _ asm.F32x4) []asm.F32x4 { return []asm.F32x4{b.NMAdd(rate, g, w)} },
		Momentum: func(w, g, s, _, _ asm.F32x4) []asm.F32x4 {
			s = k.let(b.NMAdd(rate, g, mu.Mul(s)))
			return []asm.F32x4{w.Add(s), s}
		},
		Nesterov: func(w, g, s, _, _ asm.F32x4) []asm.F32x4 {
			s = k.let(b.NMAdd(rate, g, mu.Mul(s)))
			return []asm.F32x4{w.Add(b.NMAdd(rate, g, mu.Mul(s))), s}
		},
		RMSprop: func(w, g, s, _, _ asm.F32x4) []asm.F32x4 {
			s = decay(s, g.Mul(g))
			return []asm.F32x4{w.Sub(step(g, s)), s}
		},
		RMSpropMomentum: func(w, g, s, t, _ asm.F32x4) []asm.F32x4 {
			s = decay(s, g.Mul(g))
			t = k.let(b.MAdd(mu, t, step(g, s)))
			return []asm.F32x4{w.Sub(t), s, t}
		},
		RMSpropCentered: func(w, g, s, t, u asm.F32x4) []asm.F32x4 {
			s = decay(s, g.Mul(g))
			u = decay(u, g)
			t = k.let(b.MAdd(mu, t, step(g, s.Sub(u.Mul(u)))))
			return []asm.F32x4{w.Sub(t), s, t, u}
		},
		Adagrad: func(w, g, s, _, _ asm.F32x4) []asm.F32x4 {
			s = k.let(b.MAdd(g, g, s))
			return []asm.F32x4{w.Sub(step(g, s)), s}
		},
		Adadelta: func(w, g, s, t, _ asm.F32x4) []asm.F32x4 {
			s = decay(s, g.Mul(g))
			delta := k.let(t.Add(epsilon).Div(s.Add(epsilon)).Sqrt().Mul(g))
			return []asm.F32x4{b.NMAdd(rate, delta, w), s, decay(t, delta.Mul(delta))}
		},
		Adam: func(w, g, s, t, _ asm.F32x4) []asm.F32x4 {
			s, t = lerp(s, g, rest1), lerp(t, g.Mul(g), rest2)
			return []asm.F32x4{w.Sub(rate.Mul(s).Div(t.Sqrt().Add(epsilon))), s, t}
		},
		AMSGrad: func(w, g, s, t, u asm.F32x4) []asm.F32x4 {
			s, t = lerp(s, g, rest1), lerp(t, g.Mul(g), rest2)
			u = k.let(u.Max(t))
			return []asm.F32x4{w.Sub(rate.Mul(s).Div(u.Sqrt().Add(epsilon))), s, t, u}
		},
		Adamax: func(w, g, s, t, _ asm.F32x4) []asm.F32x4 {
			s = lerp(s, g, rest1)
			t = k.let(b.NMAdd(rest2, t, t).Max(g.Abs()))
			return []asm.F32x4{w.Sub(rate.Mul(s).Div(t.Add(epsilon))), s, t}
		},
		Nadam: func(w, g, s, t, _ asm.F32x4) []asm.F32x4 {
			s, t = lerp(s, g, rest1), lerp(t, g.Mul(g), rest2)
			return []asm.F32x4{w.Sub(b.MAdd(rate, s, alpha.Mul(g)).Div(t.Sqrt().Add(beta))), s, t}
		},
		Lion: func(w, g, s, _, _ asm.F32x4) []asm.F32x4 {
			return []asm.F32x4{w.Sub(rate.Mul(sign(lerp(s, g, rest1)))), lerp(s, g, rest2)}
		},
	}
	switch Rule(rule) { // their constants are theirs alone
	case Ftrl:
		formulas[rule] = ftrl(asm.F32x4.Sqrt)
	case FtrlPower:
		p := k.let(constant("power").Neg())
		formulas[rule] = ftrl(func(n asm.F32x4) asm.F32x4 { return k.pow(n, p) })
	}
	in := []asm.I32{k.Arg("w"), k.Arg("g")}
	out := []asm.I32{k.Arg("w")}
	for _, name := range []string{"s", "t", "u"}[:slots[rule]] {
		in, out = append(in, k.Arg(name)), append(out, k.Arg(name))
	}
	k.each(k.Arg("n"), in, out, Rule(rule) == FtrlPower, func(v []asm.F32x4) []asm.F32x4 {
		v = append(v, make([]asm.F32x4, 3)...)
		return formulas[rule](k.let(b.NMAdd(decayed, v[0], v[0])), k.let(scale.Mul(v[1])), v[2], v[3], v[4])
	})
}
