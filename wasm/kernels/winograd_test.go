//go:build !js

package kernels

import (
	"math"
	"testing"
)

var winogradFamily = convFamily{
	"Winograd", 32, // what a square's other pixels add and take away again
	func(c Conv2D) convCalls { return WinogradConv2D(c) },
	func(c Conv2DGradInput) convCalls { return WinogradConv2DGradInput(c) },
	func(c Conv2DGradKernel) convCalls { return WinogradConv2DGradKernel(c) },
}

func TestWinograd(t *testing.T) {
	for i, g := range []ConvGeometry{
		ConvGeometry{N: 1, H: 6, W: 6, C: 8, F: 8}.output3x3(0, 0),
		ConvGeometry{N: 1, H: 3, W: 3, C: 8, F: 16}.output3x3(0, 0),
		ConvGeometry{N: 2, H: 10, W: 14, C: 16, F: 8}.output3x3(0, 0),
		ConvGeometry{N: 3, H: 7, W: 9, C: 8, F: 8}.output3x3(0, 0),
		ConvGeometry{N: 2, H: 8, W: 5, C: 8, F: 24, PadTop: 1, PadLeft: 1}.output3x3(1, 1),
		ConvGeometry{N: 2, H: 1, W: 13, C: 8, F: 8, PadTop: 1, PadLeft: 1}.output3x3(1, 1),
		ConvGeometry{N: 2, H: 1, W: 1, C: 16, F: 8, PadTop: 1, PadLeft: 1}.output3x3(1, 1),
		ConvGeometry{N: 1, H: 4, W: 5, C: 8, F: 8, PadTop: 2}.output3x3(0, 2),
		ConvGeometry{N: 1, H: 4, W: 4, C: 8, F: 8, PadTop: 3, PadLeft: 9}.output3x3(4, 3), // squares of padding alone
		ConvGeometry{N: 37, H: 6, W: 7, C: 16, F: 8}.output3x3(0, 0),                      // several blocks and chunks
		ConvGeometry{N: 1, H: 26, W: 26, C: 40, F: 48}.output3x3(0, 0),
		ConvGeometry{N: 0, H: 6, W: 6, C: 8, F: 8}.output3x3(0, 0),
	} {
		if !g.Winograd() {
			t.Fatalf("%+v is not for Winograd's kernels", g)
		}
		winogradFamily.test(t, g, Epilogue{}, 1, 2+i%4)
	}
}

// output3x3 is output for 3 x 3 windows.
func (g ConvGeometry) output3x3(padBottom, padRight uint32) ConvGeometry {
	g.KH, g.KW = 3, 3
	return g.output(padBottom, padRight)
}

func TestWinogradEpilogues(t *testing.T) {
	g := ConvGeometry{N: 3, H: 6, W: 7, C: 8, F: 16, PadTop: 1, PadLeft: 1}.output3x3(1, 0)
	for bits := range uint32(16) {
		winogradFamily.test(t, g, Epilogue{Accumulate: bits&1 != 0, Bias: bits >> 1 & 1, ReLU: bits&4 != 0, Mask: bits >> 3 & 1}, 1, 2, 3, 4, 5)
	}
}

func TestWinogradSaysWhatItIsFor(t *testing.T) {
	good := ConvGeometry{N: 1, H: 6, W: 6, C: 8, F: 8}.output3x3(0, 0)
	for name, change := range map[string]func(g *ConvGeometry){
		"window":   func(g *ConvGeometry) { g.KW = 2 },
		"stride":   func(g *ConvGeometry) { g.StrideH = 2 },
		"dilation": func(g *ConvGeometry) { g.DilationW = 2 },
		"groups":   func(g *ConvGeometry) { g.Groups = 2 },
		"channels": func(g *ConvGeometry) { g.C = 12 },
		"filters":  func(g *ConvGeometry) { g.F = 4 },
	} {
		g := good
		change(&g)
		if g.Winograd() {
			t.Errorf("another %s: %+v is no good for it", name, g)
		}
	}
	if !good.Winograd() {
		t.Errorf("%+v is good for it", good)
	}
}

// TestWinogradError holds the forward pass's error at the number of channels of the seed
// CNN to 10 u, with u = 2^-24 times the sum of the |x·w| of an output, and that of the direct
// kernel to 6 u: see winograd.go.
func TestWinogradError(t *testing.T) {
	g := ConvGeometry{N: 2, H: 26, W: 26, C: 32, F: 64}.output3x3(0, 0)
	nx, nw, ny := g.sizes()
	x, w := random(nx, 1), random(nw, 2)
	want, scale := make([]float64, ny), make([]float64, ny)
	g.pairs(func(ix, iw, iy int) {
		p := float64(x[ix]) * float64(w[iw])
		want[iy] += p
		scale[iy] += math.Abs(p)
	})
	for _, c := range []struct {
		family convFamily
		bound  float64
	}{{direct, 6}, {winogradFamily, 10}} {
		m := newMachine(t)
		conv := Conv2D{ConvGeometry: g, X: m.put(x), Kernel: m.put(w), Y: m.space(ny)}
		conv.Scratch = m.space(c.family.forward(conv).ScratchBytes(1) / 4)
		m.run(1, c.family.forward(conv).Calls()...)
		worst, squares := 0.0, 0.0
		for i, v := range m.get(conv.Y, ny) {
			e := math.Abs(float64(v)-want[i]) / scale[i] * (1 << 24)
			worst = max(worst, e)
			squares += e * e
		}
		t.Logf("%s: at most %.2f u, %.2f u on average", c.family.name, worst, math.Sqrt(squares/float64(ny)))
		if !(worst < c.bound) {
			t.Errorf("%s: the error is up to %v u, wanted below %v", c.family.name, worst, c.bound)
		}
	}
}
