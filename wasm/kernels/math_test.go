//go:build !js

package kernels

import (
	"math"
	"testing"
)

// TestErrorBounds measures the bounds that math_emit.go states in the strict build, over every 4591st float32.
func TestErrorBounds(t *testing.T) {
	var x []float32
	for bits := uint64(0); bits < 1<<32; bits += 4591 {
		x = append(x, math.Float32frombits(uint32(bits)))
	}
	for v := float32(-20); v < 20; v += 1.0 / 512 { // where most of the shape is
		x = append(x, v)
	}
	n := len(x)
	for _, c := range []struct {
		name  string
		fn    UnaryFn
		alpha float32
		bound float64 // in ulp
		from  float64 // of |result|: below it, ulp are those of this number
	}{
		{"exp", Exp, 0, 1, 0},
		{"expm1", Elu, 1, 2, 0},
		{"log", Log, 0, 1, 0},
		{"tanh", Tanh, 0, 2, 0},
		{"sigmoid", Sigmoid, 0, 3, 0},
		{"softplus", Softplus, 0, 3, 0},
		{"erf", Erf, 0, 3, 0},
		{"log1p", Log1p, 0, 2, 0},
		{"sin", Sin, 0, 1, 0},
		{"cos", Cos, 0, 1, 0},
		{"silu", Silu, 0, 4, 1e-35},
		{"gelu", Gelu, 0, 8, 1e-2},
		{"gelu_tanh", GeluTanh, 0, 10, 1e-2},
	} {
		m := newMachine(t)
		dst := m.space(n)
		m.run(2, Unary{c.fn, dst, m.put(x), uint32(n), c.alpha, 0})
		worst, at := 0.0, float32(0)
		for i, got := range m.get(dst, n) {
			if (c.fn == Sin || c.fn == Cos) && math.Abs(float64(x[i])) > 1<<24 && !math.IsInf(float64(x[i]), 0) {
				if !(math.Abs(float64(got)) <= 1) {
					t.Fatalf("%s(%v) = %v", c.name, x[i], got)
				}
				continue
			}
			want := unaryWith(c.fn, float64(c.alpha), float64(x[i]))
			if math.IsNaN(want) != (got != got) || math.IsInf(float64(float32(want)), 0) != math.IsInf(float64(got), 0) {
				t.Fatalf("%s(%v) = %v, want %v", c.name, x[i], got, want)
			}
			if math.IsNaN(want) || math.IsInf(float64(float32(want)), 0) {
				continue
			}
			if e := math.Abs(float64(got)-want) / ulp(max(math.Abs(want), c.from)); e > worst {
				worst, at = e, x[i]
			}
		}
		t.Logf("%s: at most %.2f ulp, at %v", c.name, worst, at)
		if worst > c.bound {
			t.Errorf("%s: %.2f ulp at %v, want at most %v", c.name, worst, at, c.bound)
		}
	}
}

// ulp is the distance of float32 around v.
func ulp(v float64) float64 {
	_, e := math.Frexp(max(v, 0x1p-126))
	return math.Ldexp(1, e-24)
}

func unaryWith(fn UnaryFn, alpha, x float64) float64 {
	if fn == Elu {
		if x > 0 {
			return x
		}
		return alpha * math.Expm1(x)
	}
	return unaryValue(fn, x)
}

// TestPow: within an ulp over the whole range, and the special cases.
func TestPow(t *testing.T) {
	var a, b []float32
	for i := range 20000 {
		x := random(2, uint64(i))
		a = append(a, float32(math.Exp(20*float64(x[0]))))
		b = append(b, 3*x[1])
	}
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, x := range []float32{0, 1, 2, 0.5, inf, 1e-40, nan} {
		for _, y := range []float32{0, 1, -1, 2.5, -2.5, inf, -inf, nan, 40, -40} {
			a, b = append(a, x), append(b, y)
		}
	}
	n := len(a)
	m := newMachine(t)
	dst := m.space(n)
	m.run(3, Binary{Fn: Pow, Dst: dst, A: m.put(a), B: m.put(b), N: uint32(n), Cols: uint32(n), ARow: true, BRow: true})
	for i, got := range m.get(dst, n) {
		want := math.Pow(float64(a[i]), float64(b[i]))
		if w := float32(want); w == got || w != w && got != got {
			continue
		}
		if e := math.Abs(float64(got)-want) / ulp(math.Abs(want)); !(e <= 1) {
			t.Errorf("pow(%v, %v) = %v, want %v", a[i], b[i], got, want)
		}
	}
}
