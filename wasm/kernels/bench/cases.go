//go:build !js

package main

import (
	"fmt"

	"github.com/tabgrad/tabgrad/wasm/asm"
	"github.com/tabgrad/tabgrad/wasm/kernels"
)

// benchCase is a program to be timed: its words go to the start of the heap.
type benchCase struct {
	Name  string   `json:"name"`
	Flops float64  `json:"flops"` // in one run
	Words []uint32 `json:"words"`
	Bytes uint32   `json:"bytes"` // of memory used
}

// arena hands out addresses behind the program's words.
type arena struct{ next uint32 }

func newArena() *arena { return &arena{kernels.HeapBase + 16<<10} }

func (a *arena) bytes(n int) uint32 {
	p := (a.next + 63) &^ 63
	a.next = p + uint32(n)
	return p
}

func (a *arena) floats(n uint32) uint32 { return a.bytes(4 * int(n)) }

func (a *arena) done(name string, flops float64, calls []kernels.Call) benchCase {
	var p kernels.Program
	p.Add(calls...)
	return benchCase{name, flops, p.Words(), a.next + 4096}
}

// allCases are the products and convolutions of the seed CNN's training step at batch
// 128, of a prediction, and some others.
func allCases() []benchCase {
	conv1 := kernels.ConvGeometry{N: 128, H: 28, W: 28, C: 1, OH: 26, OW: 26, F: 32, KH: 3, KW: 3}
	conv2 := kernels.ConvGeometry{N: 128, H: 26, W: 26, C: 32, OH: 24, OW: 24, F: 64, KH: 3, KW: 3}
	same := conv2
	same.OH, same.OW, same.PadTop, same.PadLeft = 26, 26, 1, 1
	one := conv2
	one.N = 1
	block := func(size, c, f uint32) kernels.ConvGeometry {
		return kernels.ConvGeometry{N: 16, H: size, W: size, C: c, OH: size, OW: size, F: f, KH: 3, KW: 3, PadTop: 1, PadLeft: 1}
	}
	cases := []benchCase{
		forward("conv2d_1 forward", conv1),
		gradKernel("conv2d_1 kernel's gradient", conv1),
		forward("conv2d_2 forward", conv2),
		gradInput("conv2d_2 input's gradient", conv2),
		gradKernel("conv2d_2 kernel's gradient", conv2),
		winogradForward("conv2d_2 forward, Winograd", conv2),
		winogradGradInput("conv2d_2 input's gradient, Winograd", conv2),
		winogradGradKernel("conv2d_2 kernel's gradient, Winograd", conv2),
		gemm("dense_1 forward 128x128x9216", 128, 128, 9216, false, false, true),
		gemm("dense_1 input's gradient 128x9216x128", 128, 9216, 128, false, true, false),
		gemm("dense_1 kernel's gradient 9216x128x128", 9216, 128, 128, true, false, false),
		gemm("dense_2 forward 128x10x128", 128, 10, 128, false, false, true),
		gemm("dense_2 kernel's gradient 128x10x128", 128, 10, 128, true, false, false),
		gemm("product 512x512x512", 512, 512, 512, false, false, false),
		gemm("product 384x384x384, both transposed", 384, 384, 384, true, true, false),
		forward("same padding, as conv2d_2", same),
		forward("one image, conv2d_2", one),
		gemm("one image, dense_1 1x128x9216", 1, 128, 9216, false, false, true),
		gemm("one image, dense_2 1x10x128", 1, 10, 128, false, false, true),
	}
	// Same padding, 16 images: where Winograd pays.
	for _, g := range []kernels.ConvGeometry{
		block(32, 8, 8), block(32, 16, 16), block(32, 32, 32), block(16, 32, 64), block(16, 64, 64), block(8, 64, 128), block(8, 128, 128),
		block(4, 64, 64), block(5, 64, 64), block(2, 64, 64), block(8, 256, 256),
	} {
		name := fmt.Sprintf("%dx%dx%d to %d ", g.H, g.W, g.C, g.F)
		cases = append(cases, forward(name+"forward", g), winogradForward(name+"forward, Winograd", g),
			gradInput(name+"input's gradient", g), winogradGradInput(name+"input's gradient, Winograd", g),
			gradKernel(name+"kernel's gradient", g), winogradGradKernel(name+"kernel's gradient, Winograd", g))
	}
	return cases
}

func gemm(name string, m, n, k uint32, transA, transB, bias bool) benchCase {
	a := newArena()
	g := kernels.Gemm{
		M: m, N: n, K: k, A: a.floats(m * k), B: a.floats(k * n), C: a.floats(m * n), LDA: k, LDB: n, LDC: n,
		TransA: transA, TransB: transB,
	}
	if transA {
		g.LDA = m
	}
	if transB {
		g.LDB = k
	}
	if bias {
		g.Epilogue = kernels.Epilogue{Bias: a.floats(n), ReLU: true}
	}
	g.Scratch = a.bytes(g.ScratchBytes(1))
	return a.done(name, 2*float64(m)*float64(n)*float64(k), g.Calls())
}

// convFlops counts what a valid convolution does, padding included.
func convFlops(g kernels.ConvGeometry) float64 {
	return 2 * float64(g.N*g.OH*g.OW*g.F) * float64(g.KH*g.KW*g.C)
}

func forward(name string, g kernels.ConvGeometry) benchCase {
	a := newArena()
	c := kernels.Conv2D{
		ConvGeometry: g, X: a.floats(g.N * g.H * g.W * g.C), Kernel: a.floats(g.KH * g.KW * g.C * g.F),
		Y: a.floats(g.N * g.OH * g.OW * g.F), Epilogue: kernels.Epilogue{Bias: a.floats(g.F), ReLU: true},
	}
	c.Scratch = a.bytes(c.ScratchBytes(1))
	return a.done(name, convFlops(g), c.Calls())
}

// gradInput counts the multiplications that meet a padding zero, too: of the 26 x 26
// pixels those at the edges have fewer than nine outputs, but the kernel's work is the same.
func gradInput(name string, g kernels.ConvGeometry) benchCase {
	a := newArena()
	c := kernels.Conv2DGradInput{
		ConvGeometry: g, DY: a.floats(g.N * g.OH * g.OW * g.F), Kernel: a.floats(g.KH * g.KW * g.C * g.F),
		DX: a.floats(g.N * g.H * g.W * g.C), Epilogue: kernels.Epilogue{Mask: a.floats(g.N * g.H * g.W * g.C)},
	}
	c.Scratch = a.bytes(c.ScratchBytes(1))
	return a.done(name, 2*float64(g.N*g.H*g.W*g.C)*float64(g.KH*g.KW*g.F), c.Calls())
}

func gradKernel(name string, g kernels.ConvGeometry) benchCase {
	a := newArena()
	c := kernels.Conv2DGradKernel{
		ConvGeometry: g, X: a.floats(g.N * g.H * g.W * g.C), DY: a.floats(g.N * g.OH * g.OW * g.F),
		DKernel: a.floats(g.KH * g.KW * g.C * g.F), DBias: a.floats(g.F),
	}
	c.Scratch = a.bytes(c.ScratchBytes(1))
	return a.done(name, convFlops(g), c.Calls())
}

// The Winograd cases count what the direct kernels do, so that their rates compare; they
// may pass the peak.

func winogradForward(name string, g kernels.ConvGeometry) benchCase {
	a := newArena()
	c := kernels.WinogradConv2D{
		ConvGeometry: g, X: a.floats(g.N * g.H * g.W * g.C), Kernel: a.floats(g.KH * g.KW * g.C * g.F),
		Y: a.floats(g.N * g.OH * g.OW * g.F), Epilogue: kernels.Epilogue{Bias: a.floats(g.F), ReLU: true},
	}
	c.Scratch = a.bytes(c.ScratchBytes(1))
	return a.done(name, convFlops(g), c.Calls())
}

func winogradGradInput(name string, g kernels.ConvGeometry) benchCase {
	a := newArena()
	c := kernels.WinogradConv2DGradInput{
		ConvGeometry: g, DY: a.floats(g.N * g.OH * g.OW * g.F), Kernel: a.floats(g.KH * g.KW * g.C * g.F),
		DX: a.floats(g.N * g.H * g.W * g.C), Epilogue: kernels.Epilogue{Mask: a.floats(g.N * g.H * g.W * g.C)},
	}
	c.Scratch = a.bytes(c.ScratchBytes(1))
	return a.done(name, 2*float64(g.N*g.H*g.W*g.C)*float64(g.KH*g.KW*g.F), c.Calls())
}

func winogradGradKernel(name string, g kernels.ConvGeometry) benchCase {
	a := newArena()
	c := kernels.WinogradConv2DGradKernel{
		ConvGeometry: g, X: a.floats(g.N * g.H * g.W * g.C), DY: a.floats(g.N * g.OH * g.OW * g.F),
		DKernel: a.floats(g.KH * g.KW * g.C * g.F), DBias: a.floats(g.F),
	}
	c.Scratch = a.bytes(c.ScratchBytes(1))
	return a.done(name, convFlops(g), c.Calls())
}

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
