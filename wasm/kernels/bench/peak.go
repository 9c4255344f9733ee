//go:build !js

package main

import "github.com/tabgrad/tabgrad/wasm/asm"

// peakUnroll is how many rounds over its sums one turn of peakModule's loop has.
const peakUnroll = 4

// peakChains is how many sums that loop has: enough to hide the latency of an addition,
// few enough to stay in registers.
func peakChains(relaxed bool) int {
	if relaxed {
		return 12
	}
	return 8
}

// peakModule exports peak(turns), which does turns * peakUnroll * peakChains multiply-adds
// of four float32 in registers: what no kernel can pass.
func peakModule(relaxed bool) []byte {
	m := asm.NewModule()
	f := m.Func("peak")
	turns := f.ParamI32()
	f.Returns(asm.TypeF32)
	var acc []asm.F32x4
	for range peakChains(relaxed) {
		acc = append(acc, f.F32x4())
	}
	x := []asm.F32x4{f.LetF32x4(turns.ToF32S().Splat()), f.LetF32x4(asm.CF(0.75).Splat())}
	y := []asm.F32x4{f.LetF32x4(asm.CF(1e-3).Splat())}
	if !relaxed { // eight different products, so that none can be used for two sums
		for i := range 3 {
			y = append(y, f.LetF32x4(x[0].Mul(asm.CF32x4(1e-3*float32(i+2)))))
		}
	}
	f.DoWhile(func() {
		for range peakUnroll {
			for i, sum := range acc {
				a, b := x[i%len(x)], y[i/len(x)%len(y)]
				if relaxed {
					sum.Set(a.RelaxedMAdd(b, sum))
				} else {
					sum.Set(a.MAdd(b, sum))
				}
			}
		}
		turns.Set(turns.SubC(1))
	}, func() asm.I32 { return turns })
	sum := acc[0]
	for _, a := range acc[1:] {
		sum = sum.Add(a)
	}
	f.Return(sum.Lane(0))
	m.Export("peak", f)
	return m.Encode()
}
