//go:build !js

package main

import (
	"fmt"

	"github.com/tabgrad/tabgrad/wasm/kernels"
)

// benchCase is a program to be timed: its words go to the start of the heap. What computes is measured against the peak
// of multiply-adds, what moves memory against a copy of as many bytes.
type benchCase struct {
	Name    string   `json:"name"`
	Flops   float64  `json:"flops"`   // in one run, or 0 and
	Traffic float64  `json:"traffic"` // the bytes of its operands and results
	Words   []uint32 `json:"words"`
	Before  []uint32 `json:"before"` // a program that is run once at first, where there is one
	Copy    []uint32 `json:"copy"`   // the program that copies Traffic/2 bytes, where there is Traffic
	CopyAt  uint32   `json:"copyAt"` // where that goes
	Bytes   uint32   `json:"bytes"`  // of memory used
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
	return benchCase{Name: name, Flops: flops, Words: p.Words(), Bytes: a.next + 4096}
}

// modelCases are the products, convolutions and what moves memory in the training steps of www/bench's models at batch 128,
// and in a prediction of one digit.
func modelCases() []benchCase {
	conv1 := kernels.ConvGeometry{N: 128, H: 28, W: 28, C: 1, OH: 26, OW: 26, F: 32, KH: 3, KW: 3}
	conv2 := kernels.ConvGeometry{N: 128, H: 26, W: 26, C: 32, OH: 24, OW: 24, F: 64, KH: 3, KW: 3}
	one := conv2
	one.N = 1
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
		forward("one image, conv2d_2", one),
		gemm("one image, dense_1 1x128x9216", 1, 128, 9216, false, false, true),
		gemm("one image, dense_2 1x10x128", 1, 10, 128, false, false, true),
		gemm("MLP 128 forward 128x128x784", 128, 128, 784, false, false, true),
		gemm("MLP 128 kernel's gradient 784x128x128", 784, 128, 128, true, false, false),
		gemm("MLP 512 forward 128x512x784", 128, 512, 784, false, false, true),
		gemm("MLP 512 kernel's gradient 784x512x128", 784, 512, 128, true, false, false),
		gemm("MLP 512 second forward 128x512x512", 128, 512, 512, false, false, true),
		gemm("MLP 512 second input's gradient 128x512x512", 128, 512, 512, false, true, false),
		gemm("MLP 512 second kernel's gradient 512x512x128", 512, 512, 128, true, false, false),
	}
	first := samePadding(128, 32, 3, 32)
	cases = append(cases, forward("deeper CNN, 32x32x3 to 32 forward", first), gradKernel("deeper CNN, 32x32x3 to 32 kernel's gradient", first))
	for _, g := range []kernels.ConvGeometry{
		samePadding(128, 32, 32, 32), samePadding(128, 16, 32, 64), samePadding(128, 16, 64, 64), samePadding(128, 8, 64, 128), samePadding(128, 8, 128, 128),
	} {
		cases = append(cases, allPasses("deeper CNN, ", g)...)
	}
	cases = append(cases, gemm("deeper CNN, dense forward 128x10x2048", 128, 10, 2048, false, false, true))
	for _, size := range [][2]uint32{{32, 32}, {14, 128}} {
		cases = append(cases, depthwise(samePadding(32, size[0], size[1], size[1]))...)
	}
	return append(cases, movingCases()...)
}

// samePadding is a 3x3 convolution of square images that keeps their size.
func samePadding(n, size, c, f uint32) kernels.ConvGeometry {
	return kernels.ConvGeometry{N: n, H: size, W: size, C: c, OH: size, OW: size, F: f, KH: 3, KW: 3, PadTop: 1, PadLeft: 1}
}

// allPasses are the three passes of a convolution, direct and by Winograd's algorithm.
func allPasses(prefix string, g kernels.ConvGeometry) []benchCase {
	name := fmt.Sprintf("%s%dx%dx%d to %d ", prefix, g.H, g.W, g.C, g.F)
	return []benchCase{
		forward(name+"forward", g), winogradForward(name+"forward, Winograd", g),
		gradInput(name+"input's gradient", g), winogradGradInput(name+"input's gradient, Winograd", g),
		gradKernel(name+"kernel's gradient", g), winogradGradKernel(name+"kernel's gradient, Winograd", g),
	}
}

// depthwise are the three passes of a convolution of each channel by itself: nine multiplications an element, so that
// they are measured against a copy.
func depthwise(g kernels.ConvGeometry) []benchCase {
	name := fmt.Sprintf("depthwise %dx%dx%dx%d ", g.N, g.H, g.W, g.C)
	g.Groups = g.C
	size := g.N * g.H * g.W * g.C
	var cases []benchCase
	add := func(pass string, values uint32, calls func(a *arena) []kernels.Call) {
		a := newArena()
		cases = append(cases, a.moved(name+pass, values, calls(a)...))
	}
	add("forward", 2*size, func(a *arena) []kernels.Call {
		c := kernels.Conv2D{ConvGeometry: g, X: a.floats(size), Kernel: a.floats(9 * g.C), Y: a.floats(size), Epilogue: kernels.Epilogue{Bias: a.floats(g.C), ReLU: true}}
		c.Scratch = a.bytes(c.ScratchBytes(1))
		return c.Calls()
	})
	add("input's gradient", 2*size, func(a *arena) []kernels.Call {
		c := kernels.Conv2DGradInput{ConvGeometry: g, DY: a.floats(size), Kernel: a.floats(9 * g.C), DX: a.floats(size)}
		c.Scratch = a.bytes(c.ScratchBytes(1))
		return c.Calls()
	})
	add("kernel's gradient", 2*size, func(a *arena) []kernels.Call {
		c := kernels.Conv2DGradKernel{ConvGeometry: g, X: a.floats(size), DY: a.floats(size), DKernel: a.floats(9 * g.C), DBias: a.floats(g.C)}
		c.Scratch = a.bytes(c.ScratchBytes(1))
		return c.Calls()
	})
	return cases
}

// sweepCases are shapes that say where a kernel begins to pay, and others that no model here has.
func sweepCases() []benchCase {
	conv := kernels.ConvGeometry{N: 128, H: 26, W: 26, C: 32, OH: 26, OW: 26, F: 64, KH: 3, KW: 3, PadTop: 1, PadLeft: 1}
	cases := []benchCase{
		gemm("product 512x512x512", 512, 512, 512, false, false, false),
		gemm("product 384x384x384, both transposed", 384, 384, 384, true, true, false),
		forward("same padding, as conv2d_2", conv),
	}
	for _, g := range []kernels.ConvGeometry{
		samePadding(16, 32, 8, 8), samePadding(16, 32, 16, 16), samePadding(16, 32, 32, 32), samePadding(16, 16, 32, 64), samePadding(16, 16, 64, 64),
		samePadding(16, 8, 64, 128), samePadding(16, 8, 128, 128), samePadding(16, 4, 64, 64), samePadding(16, 5, 64, 64), samePadding(16, 2, 64, 64),
		samePadding(16, 8, 256, 256),
	} {
		cases = append(cases, allPasses("16 images, ", g)...)
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
