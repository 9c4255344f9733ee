//go:build !js

package kernels

import (
	"fmt"
	"math"
	"testing"
)

// pairs calls do for each pair of an input and an output that a weight connects, with
// their indices in x, w and y.
func (g ConvGeometry) pairs(do func(x, w, y int)) {
	g = g.withDefaults()
	n, h, w, c := int(g.N), int(g.H), int(g.W), int(g.C)
	oh, ow, f := int(g.OH), int(g.OW), int(g.F)
	gc, gf := c/int(g.Groups), f/int(g.Groups)
	for in := range n {
		for oy := range oh {
			for ox := range ow {
				for kh := range int(g.KH) {
					for kw := range int(g.KW) {
						iy := oy*int(g.StrideH) + kh*int(g.DilationH) - int(g.PadTop)
						ix := ox*int(g.StrideW) + kw*int(g.DilationW) - int(g.PadLeft)
						if iy < 0 || iy >= h || ix < 0 || ix >= w {
							continue
						}
						for fi := range f {
							for ci := range gc {
								do(((in*h+iy)*w+ix)*c+fi/gf*gc+ci, ((kh*int(g.KW)+kw)*gc+ci)*f+fi, ((in*oh+oy)*ow+ox)*f+fi)
							}
						}
					}
				}
			}
		}
	}
}

func (g ConvGeometry) sizes() (x, w, y int) {
	g = g.withDefaults()
	return int(g.N * g.H * g.W * g.C), int(g.KH * g.KW * g.C / g.Groups * g.F), int(g.N * g.OH * g.OW * g.F)
}

// output completes a geometry with the size of its output.
func (g ConvGeometry) output(padBottom, padRight uint32) ConvGeometry {
	d := g.withDefaults()
	g.OH = (d.H+d.PadTop+padBottom-(d.KH-1)*d.DilationH-1)/d.StrideH + 1
	g.OW = (d.W+d.PadLeft+padRight-(d.KW-1)*d.DilationW-1)/d.StrideW + 1
	return g
}

// checkSums compares the kernels' results for each number of lanes with the sums that
// are wanted, and with each other.
func checkSums(t *testing.T, name string, got func(lanes int) []float32, want, scale []float64, terms int, lanes ...int) {
	t.Helper()
	var first []float32
	for _, l := range lanes {
		g := got(l)
		if first == nil {
			first = g
			compare(t, name, g, want, scale, sumTolerance(terms))
		} else {
			sameBits(t, fmt.Sprintf("%s: %d lanes against %d", name, l, lanes[0]), g, first)
		}
	}
}

// convCalls is one of the structs that become calls.
type convCalls interface {
	ScratchBytes(lanes int) int
	Calls() []Call
}

// convFamily is a family of kernels for the three passes of a convolution.
type convFamily struct {
	name       string
	slack      int // how many terms of a sum its errors count for besides
	forward    func(Conv2D) convCalls
	gradInput  func(Conv2DGradInput) convCalls
	gradKernel func(Conv2DGradKernel) convCalls
}

var direct = convFamily{
	"direct", 0,
	func(c Conv2D) convCalls { return c },
	func(c Conv2DGradInput) convCalls { return c },
	func(c Conv2DGradKernel) convCalls { return c },
}

func testConv(t *testing.T, g ConvGeometry, e Epilogue, lanes ...int) {
	t.Helper()
	direct.test(t, g, e, lanes...)
}

func (family convFamily) test(t *testing.T, g ConvGeometry, e Epilogue, lanes ...int) {
	t.Helper()
	m := newMachine(t)
	nx, nw, ny := g.sizes()
	x, w, dy := random(nx, 1), random(nw, 2), random(ny, 3)
	px, pw, pdy := m.put(x), m.put(w), m.put(dy)
	name := fmt.Sprintf("%s %+v %+v", family.name, g, e)
	terms := int(g.KH*g.KW*max(g.C, g.F)) + family.slack

	run := func(out uint32, n int, old []float32, calls func(scratch uint32) convCalls) func(lanes int) []float32 {
		return func(lanes int) []float32 {
			next, blocks := m.next, len(m.blocks)
			m.set(out, old)
			m.run(lanes, calls(m.space((calls(0).ScratchBytes(lanes)+3)/4)).Calls()...)
			m.next, m.blocks = next, m.blocks[:blocks]
			return m.get(out, n)
		}
	}
	// expect is the epilogue of the sums of a·b.
	expect := func(n, channels int, old, bias, mask []float32, e Epilogue, sum func(add func(out int, a, b float32))) (want, scale []float64) {
		want, scale = make([]float64, n), make([]float64, n)
		sum(func(out int, a, b float32) {
			p := float64(a) * float64(b)
			want[out] += p
			scale[out] += math.Abs(p)
		})
		for i := range want {
			want[i] = applyEpilogue(e, want[i], float64(old[i]), float64(bias[i%channels]), float64(mask[i]))
			scale[i] += 4
		}
		return want, scale
	}

	old, bias, mask := random(ny, 4), random(int(g.F), 5), random(ny, 6)
	c := Conv2D{ConvGeometry: g, X: px, Kernel: pw, Y: m.space(ny), Epilogue: e}
	if e.Bias != 0 {
		c.Epilogue.Bias = m.put(bias)
	}
	if e.Mask != 0 {
		c.Epilogue.Mask = m.put(mask)
	}
	want, scale := expect(ny, int(g.F), old, bias, mask, e, func(add func(int, float32, float32)) {
		g.pairs(func(ix, iw, iy int) { add(iy, x[ix], w[iw]) })
	})
	checkSums(t, "forward "+name, run(c.Y, ny, old, func(s uint32) convCalls { c.Scratch = s; return family.forward(c) }),
		want, scale, terms, lanes...)

	old, bias, mask = random(nx, 7), random(int(g.C), 8), random(nx, 9)
	d := Conv2DGradInput{ConvGeometry: g, DY: pdy, Kernel: pw, DX: m.space(nx), Epilogue: e}
	if e.Bias != 0 {
		d.Epilogue.Bias = m.put(bias)
	}
	if e.Mask != 0 {
		d.Epilogue.Mask = m.put(mask)
	}
	want, scale = expect(nx, int(g.C), old, bias, mask, e, func(add func(int, float32, float32)) {
		g.pairs(func(ix, iw, iy int) { add(ix, dy[iy], w[iw]) })
	})
	checkSums(t, "input's gradient "+name, run(d.DX, nx, old, func(s uint32) convCalls { d.Scratch = s; return family.gradInput(d) }),
		want, scale, terms, lanes...)

	accumulate := Epilogue{Accumulate: e.Accumulate}
	none := make([]float32, max(nw, int(g.F), 1))
	old, bias = random(nw, 10), random(int(g.F), 11)
	gk := Conv2DGradKernel{ConvGeometry: g, X: px, DY: pdy, DKernel: m.space(nw), DBias: m.space(int(g.F)), Accumulate: e.Accumulate}
	want, scale = expect(nw, int(g.F), old, none, none, accumulate, func(add func(int, float32, float32)) {
		g.pairs(func(ix, iw, iy int) { add(iw, x[ix], dy[iy]) })
	})
	grad := run(gk.DKernel, nw, old, func(s uint32) convCalls {
		gk.Scratch = s
		m.set(gk.DBias, bias)
		return family.gradKernel(gk)
	})
	checkSums(t, "kernel's gradient "+name, grad, want, scale, int(g.N*g.OH*g.OW)+family.slack, lanes...)
	want, scale = expect(int(g.F), int(g.F), bias, none, none, accumulate, func(add func(int, float32, float32)) {
		for i, v := range dy {
			add(i%int(g.F), v, 1)
		}
	})
	compare(t, "bias's gradient "+name, m.get(gk.DBias, int(g.F)), want, scale, sumTolerance(int(g.N*g.OH*g.OW)))
}

func TestConv2D(t *testing.T) {
	for i, g := range []ConvGeometry{
		ConvGeometry{N: 1, H: 1, W: 1, C: 1, F: 1, KH: 1, KW: 1}.output(0, 0),
		ConvGeometry{N: 2, H: 8, W: 8, C: 4, F: 8, KH: 3, KW: 3}.output(0, 0),
		ConvGeometry{N: 3, H: 7, W: 5, C: 3, F: 10, KH: 3, KW: 2}.output(0, 0),
		ConvGeometry{N: 2, H: 11, W: 13, C: 1, F: 17, KH: 3, KW: 3}.output(0, 0),
		ConvGeometry{N: 2, H: 9, W: 7, C: 1, F: 8, KH: 5, KW: 5}.output(0, 0),
		ConvGeometry{N: 1, H: 6, W: 6, C: 5, F: 7, KH: 1, KW: 1}.output(0, 0),
		ConvGeometry{N: 1, H: 5, W: 6, C: 5, F: 9, KH: 5, KW: 6}.output(0, 0),
		ConvGeometry{N: 2, H: 6, W: 7, C: 3, F: 9, KH: 3, KW: 3, PadTop: 1, PadLeft: 1}.output(1, 1),
		ConvGeometry{N: 2, H: 6, W: 7, C: 2, F: 9, KH: 4, KW: 2, PadTop: 1, PadLeft: 0}.output(2, 1),
		ConvGeometry{N: 2, H: 9, W: 8, C: 3, F: 5, KH: 3, KW: 3, StrideH: 2, StrideW: 2}.output(0, 0),
		ConvGeometry{N: 2, H: 9, W: 8, C: 3, F: 5, KH: 3, KW: 3, StrideH: 2, StrideW: 3, PadTop: 1, PadLeft: 1}.output(1, 1),
		ConvGeometry{N: 2, H: 14, W: 15, C: 10, F: 5, KH: 3, KW: 3, StrideH: 2, StrideW: 2, PadTop: 1, PadLeft: 0}.output(1, 1),
		ConvGeometry{N: 2, H: 7, W: 29, C: 9, F: 6, KH: 5, KW: 4, StrideH: 2, StrideW: 2, PadTop: 2, PadLeft: 1}.output(2, 2),
		ConvGeometry{N: 1, H: 8, W: 8, C: 4, F: 4, KH: 2, KW: 2, StrideH: 2, StrideW: 2}.output(0, 0),
		ConvGeometry{N: 1, H: 11, W: 12, C: 4, F: 4, KH: 4, KW: 7, StrideH: 3, StrideW: 4, PadTop: 5, PadLeft: 9}.output(5, 2),
		ConvGeometry{N: 2, H: 3, W: 2, C: 3, F: 4, KH: 5, KW: 5, StrideH: 4, StrideW: 3, PadTop: 2, PadLeft: 3}.output(3, 2), // fewer inputs than a stride
		ConvGeometry{N: 2, H: 5, W: 9, C: 3, F: 4, KH: 1, KW: 3, StrideH: 2, StrideW: 2, PadLeft: 1}.output(0, 1),            // rows that nothing reads
		ConvGeometry{N: 2, H: 9, W: 9, C: 6, F: 4, KH: 3, KW: 3, StrideH: 2, StrideW: 2, Groups: 2, PadTop: 1, PadLeft: 1}.output(1, 1),
		ConvGeometry{N: 1, H: 9, W: 9, C: 6, F: 4, KH: 3, KW: 3, StrideH: 2, StrideW: 2, DilationW: 2, PadTop: 1, PadLeft: 1}.output(1, 1),
		ConvGeometry{N: 1, H: 9, W: 10, C: 3, F: 6, KH: 2, KW: 3, DilationH: 2, DilationW: 3}.output(0, 0),
		ConvGeometry{N: 1, H: 9, W: 10, C: 2, F: 6, KH: 3, KW: 3, DilationH: 2, DilationW: 2, PadTop: 2, PadLeft: 2, StrideW: 2}.output(2, 2),
		ConvGeometry{N: 2, H: 6, W: 6, C: 6, F: 9, KH: 3, KW: 3, Groups: 3, PadTop: 1, PadLeft: 1}.output(1, 1),
		ConvGeometry{N: 2, H: 6, W: 5, C: 5, F: 5, KH: 3, KW: 3, Groups: 5}.output(0, 0),
		ConvGeometry{N: 2, H: 5, W: 5, C: 2, F: 20, KH: 2, KW: 2, Groups: 2, StrideH: 2, StrideW: 2}.output(0, 0),
		ConvGeometry{N: 1, H: 4, W: 4, C: 2, F: 3, KH: 2, KW: 2, PadTop: 3, PadLeft: 4}.output(3, 4), // more padding than a kernel
		ConvGeometry{N: 1, H: 40, W: 37, C: 2, F: 9, KH: 3, KW: 3, PadTop: 1, PadLeft: 1}.output(1, 1),
		ConvGeometry{N: 0, H: 4, W: 4, C: 2, F: 3, KH: 2, KW: 2}.output(0, 0),
		ConvGeometry{N: 7, H: 6, W: 6, C: 13, F: 16, KH: 3, KW: 3}.output(0, 0),
		// 3 x 3 windows of one channel, which have kernels of their own.
		ConvGeometry{N: 3, H: 7, W: 8, C: 1, F: 4, KH: 3, KW: 3}.output(0, 0),
		ConvGeometry{N: 2, H: 28, W: 28, C: 1, F: 32, KH: 3, KW: 3}.output(0, 0),
		ConvGeometry{N: 2, H: 5, W: 3, C: 1, F: 4, KH: 3, KW: 3}.output(0, 0), // windows in a row: 1, 2, 3
		ConvGeometry{N: 2, H: 3, W: 4, C: 1, F: 8, KH: 3, KW: 3}.output(0, 0),
		ConvGeometry{N: 2, H: 4, W: 5, C: 1, F: 4, KH: 3, KW: 3}.output(0, 0),
		ConvGeometry{N: 2, H: 60, W: 31, C: 1, F: 12, KH: 3, KW: 3, PadTop: 1, PadLeft: 1}.output(1, 1),
		ConvGeometry{N: 3, H: 9, W: 12, C: 1, F: 8, KH: 3, KW: 3, StrideH: 2, StrideW: 3, DilationH: 2, PadLeft: 2}.output(0, 1),
		ConvGeometry{N: 2, H: 9, W: 12, C: 1, F: 8, KH: 3, KW: 3, DilationW: 2}.output(0, 0),
	} {
		testConv(t, g, Epilogue{}, 1, 2+i%4)
	}
	// Many terms: a block of filters is smaller than all.
	testConv(t, ConvGeometry{N: 1, H: 3, W: 3, C: 2000, F: 24, KH: 3, KW: 3}.output(0, 0), Epilogue{}, 1, 2)
}

func TestDepthwise(t *testing.T) {
	for i, g := range []ConvGeometry{
		ConvGeometry{N: 1, H: 1, W: 1, C: 2, KH: 1, KW: 1}.output(0, 0),
		ConvGeometry{N: 2, H: 5, W: 6, C: 3, KH: 3, KW: 3}.output(0, 0),
		ConvGeometry{N: 2, H: 5, W: 7, C: 4, KH: 3, KW: 3, PadTop: 1, PadLeft: 1}.output(1, 1),
		ConvGeometry{N: 2, H: 6, W: 9, C: 8, KH: 3, KW: 2, PadTop: 1}.output(1, 1),
		ConvGeometry{N: 3, H: 4, W: 5, C: 13, KH: 3, KW: 3, PadTop: 1, PadLeft: 1}.output(1, 1),
		ConvGeometry{N: 2, H: 9, W: 8, C: 16, KH: 3, KW: 3, StrideH: 2, StrideW: 2, PadLeft: 1}.output(1, 0),
		ConvGeometry{N: 2, H: 9, W: 11, C: 33, KH: 2, KW: 3, StrideH: 2, StrideW: 3, PadTop: 1, PadLeft: 2}.output(1, 1),
		ConvGeometry{N: 1, H: 9, W: 10, C: 17, KH: 3, KW: 3, DilationH: 2, DilationW: 3, PadTop: 2, PadLeft: 3}.output(2, 3),
		ConvGeometry{N: 2, H: 10, W: 9, C: 5, KH: 3, KW: 3, StrideH: 2, DilationH: 2, DilationW: 2}.output(0, 0),
		ConvGeometry{N: 5, H: 1, W: 13, C: 20, KH: 1, KW: 5, PadLeft: 4}.output(0, 0),                          // causal
		ConvGeometry{N: 1, H: 3, W: 3, C: 6, KH: 2, KW: 2, PadTop: 3, PadLeft: 4}.output(3, 4),                 // more padding than a kernel
		ConvGeometry{N: 1, H: 2, W: 2, C: 4, KH: 5, KW: 5, PadTop: 2, PadLeft: 2}.output(2, 2),                 // a kernel larger than the image
		ConvGeometry{N: 2, H: 4, W: 4, C: 4, KH: 1, KW: 1, StrideH: 3, StrideW: 2}.output(0, 0),                // inputs that nothing reads
		ConvGeometry{N: 1, H: 2, W: 2, C: 4, KH: 2, KW: 2, DilationH: 9, DilationW: 9, PadTop: 9}.output(3, 9), // taps that reach nothing
		ConvGeometry{N: 0, H: 4, W: 4, C: 4, KH: 2, KW: 2}.output(0, 0),
	} {
		g.Groups, g.F = g.C, g.C
		testConv(t, g, Epilogue{}, 1, 2+i%4)
	}
	g := ConvGeometry{N: 2, H: 6, W: 7, C: 14, F: 14, Groups: 14, KH: 3, KW: 2, PadTop: 1, PadLeft: 1}.output(1, 0)
	for bits := range uint32(16) {
		testConv(t, g, Epilogue{Accumulate: bits&1 != 0, Bias: bits >> 1 & 1, ReLU: bits&4 != 0, Mask: bits >> 3 & 1}, 1, 2, 3, 4, 5)
	}
}

func TestConv2DEpilogues(t *testing.T) {
	g := ConvGeometry{N: 2, H: 6, W: 7, C: 10, F: 11, KH: 3, KW: 2, PadTop: 1, PadLeft: 1}.output(1, 0)
	strided := ConvGeometry{N: 2, H: 6, W: 7, C: 10, F: 11, KH: 3, KW: 3, PadTop: 1, PadLeft: 1, StrideH: 2, StrideW: 2}.output(1, 0)
	one := ConvGeometry{N: 2, H: 6, W: 7, C: 1, F: 12, KH: 3, KW: 3, PadTop: 1, PadLeft: 1}.output(1, 0)
	for bits := range uint32(16) {
		testConv(t, one, Epilogue{Accumulate: bits&1 != 0, Bias: bits >> 1 & 1, ReLU: bits&4 != 0, Mask: bits >> 3 & 1}, 1, 2, 3, 4, 5)
		testConv(t, g, Epilogue{Accumulate: bits&1 != 0, Bias: bits >> 1 & 1, ReLU: bits&4 != 0, Mask: bits >> 3 & 1}, 1, 2, 3, 4, 5)
		testConv(t, strided, Epilogue{Accumulate: bits&1 != 0, Bias: bits >> 1 & 1, ReLU: bits&4 != 0, Mask: bits >> 3 & 1}, 1, 2, 3, 4, 5)
	}
}
