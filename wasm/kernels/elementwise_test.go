//go:build !js

package kernels

import (
	"fmt"
	"math"
	"testing"
)

// elementSizes are around the four elements of a vector, the sixteen of an unrolled loop and of a
// lane's share, and a few primes.
var elementSizes = []int{0, 1, 3, 4, 5, 15, 16, 17, 64, 97, 1009}

// special are the values that functions are asked about besides random ones.
var special = []float32{
	0, float32(math.Copysign(0, -1)), 1, -1, float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)),
	math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32, 1e-40, -1e-40, 0x1p-126, 87.5, -87.5, 100, -103.5, 0.5, -0.625,
}

func mixed(n int, seed uint64) []float32 {
	v := random(n, seed)
	for i := range v {
		switch {
		case n > 64 && i%3 == 0:
			v[i] = special[i/3%len(special)]
		case i%5 == 0:
			v[i] *= 20
		}
	}
	return v
}

// everyLane runs the calls that program makes on 1 to maxLanes lanes, each time on a fresh machine,
// and asserts that the n numbers at the address it returns have the same bits; they are returned.
func everyLane(t *testing.T, what string, n int, program func(m *machine) (dst uint32, calls []Call)) []float32 {
	t.Helper()
	var first []float32
	for lanes := 1; lanes <= maxLanes; lanes++ {
		m := newMachine(t)
		dst, calls := program(m)
		m.run(lanes, calls...)
		got := m.get(dst, n)
		if first == nil {
			first = got
		}
		sameBits(t, fmt.Sprintf("%s on %d lanes", what, lanes), got, first)
	}
	return first
}

// closeTo fails the test where got is not want to a relative tolerance, or tiny in place of tiny.
func closeTo(t *testing.T, what string, got []float32, want []float64, tolerance float64) {
	t.Helper()
	scale := make([]float64, len(want))
	for i, w := range want {
		scale[i] = math.Abs(w) + 1e-38/tolerance
		if a := math.Abs(w); a > math.MaxFloat32 && !math.IsInf(w, 0) {
			want[i] = math.Copysign(math.Inf(1), w)
		}
	}
	compare(t, what, got, want, scale, tolerance)
}

const testAlpha, testBeta = 0.75, 1.5

func unaryValue(fn UnaryFn, x float64) float64 {
	sign := func() float64 {
		switch {
		case x > 0:
			return 1
		case x < 0:
			return -1
		}
		return 0
	}
	switch fn {
	case Neg:
		return -x
	case Affine:
		return testAlpha*x + testBeta
	case Exp:
		return math.Exp(x)
	case Log:
		return math.Log(x)
	case Sqrt:
		return math.Sqrt(x)
	case Rsqrt:
		return 1 / math.Sqrt(x)
	case Square:
		return x * x
	case Reciprocal:
		return 1 / x
	case Abs:
		return math.Abs(x)
	case Sign:
		return sign()
	case Clip:
		return min(max(x, testAlpha), testBeta)
	case Relu:
		return max(x, 0)
	case LeakyRelu:
		if x > 0 {
			return x
		}
		return testAlpha * x
	case Elu:
		if x > 0 {
			return x
		}
		return testAlpha * math.Expm1(x)
	case Sigmoid:
		return 1 / (1 + math.Exp(-x))
	case Tanh:
		return math.Tanh(x)
	case Softplus:
		return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x)))
	case Gelu:
		return x / 2 * math.Erfc(-x/math.Sqrt2)
	case GeluTanh: // x/2·(1 + tanh u) = x / (1 + e^-2u), which doesn't cancel
		return x / (1 + math.Exp(-2*math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
	case Erf:
		return math.Erf(x)
	case Silu:
		return x / (1 + math.Exp(-x))
	case Expm1:
		return math.Expm1(x)
	case Log1p:
		return math.Log1p(x)
	case Sin:
		return math.Sin(x)
	case Cos:
		return math.Cos(x)
	case Floor:
		return math.Floor(x)
	case Round:
		return math.RoundToEven(x)
	}
	panic("no definition")
}

func unaryDerivative(fn UnaryFn, r float64) float64 {
	switch fn {
	case Neg:
		return -1
	case Affine:
		return testAlpha
	case Exp:
		return r
	case Log:
		return 1 / r
	case Sqrt:
		return 0.5 / r
	case Rsqrt:
		return -0.5 * r * r * r
	case Square:
		return 2 * r
	case Reciprocal:
		return -r * r
	case Abs:
		return unaryValue(Sign, r)
	case Sign:
		return 0
	case Clip:
		if testAlpha <= r && r <= testBeta {
			return 1
		}
		return 0
	case Relu, LeakyRelu, Elu:
		switch {
		case r > 0:
			return 1
		case fn == Relu:
			return 0
		case fn == LeakyRelu:
			return testAlpha
		}
		return r + testAlpha
	case Sigmoid:
		return r * (1 - r)
	case Tanh:
		return 1 - r*r
	case Softplus:
		return -math.Expm1(-r)
	case Gelu:
		return math.Erfc(-r/math.Sqrt2)/2 + r*math.Exp(-r*r/2)/math.Sqrt(2*math.Pi)
	case GeluTanh:
		s := 1 / (1 + math.Exp(-2*math.Sqrt(2/math.Pi)*(r+0.044715*r*r*r)))
		return s + r*s*(1-s)*2*math.Sqrt(2/math.Pi)*(1+3*0.044715*r*r)
	case Erf:
		return 2 / math.SqrtPi * math.Exp(-r*r)
	case Silu:
		s := 1 / (1 + math.Exp(-r))
		return s + r*s*(1-s)
	case Expm1:
		return 1 + r
	case Log1p:
		return 1 / (1 + r)
	case Sin:
		return math.Cos(r)
	case Cos:
		return -math.Sin(r)
	case Floor, Round:
		return 0
	}
	panic("no definition")
}

func TestUnary(t *testing.T) {
	for fn := range numUnaryFn {
		for _, n := range elementSizes {
			x := mixed(n, uint64(n))
			for i, v := range x {
				if a := math.Abs(float64(v)); (fn == Sin || fn == Cos) && a > 1<<24 && !math.IsInf(a, 0) {
					x[i] = float32(math.Mod(float64(v), 1<<24))
				}
			}
			what := fmt.Sprintf("unary %d of %d", fn, n)
			got := everyLane(t, what, n, func(m *machine) (uint32, []Call) {
				dst := m.space(n)
				return dst, []Call{Unary{fn, dst, m.put(x), uint32(n), testAlpha, testBeta}}
			})
			want := make([]float64, n)
			for i, v := range x {
				want[i] = unaryValue(fn, float64(v))
			}
			// The left tail of gelu and erfc's argument x² cost a few bits more.
			tolerance := 1e-6
			switch fn {
			case Gelu, GeluTanh:
				tolerance = 1e-4
			case Affine: // may cancel
				tolerance = 1e-4
			}
			closeTo(t, what, got, want, tolerance)
			inPlace := everyLane(t, what, n, func(m *machine) (uint32, []Call) {
				p := m.put(x)
				return p, []Call{Unary{fn, p, p, uint32(n), testAlpha, testBeta}}
			})
			sameBits(t, what+" in place", inPlace, got)
		}
	}
}

func TestUnaryGrad(t *testing.T) {
	for fn := range numUnaryFn {
		for _, n := range elementSizes {
			ref, dy := random(n, uint64(n)), random(n, uint64(n)+1)
			what := fmt.Sprintf("gradient of unary %d of %d", fn, n)
			got := everyLane(t, what, n, func(m *machine) (uint32, []Call) {
				dst := m.space(n)
				return dst, []Call{UnaryGrad{fn, dst, m.put(ref), m.put(dy), uint32(n), testAlpha, testBeta}}
			})
			want, scale := make([]float64, n), make([]float64, n)
			for i, r := range ref {
				want[i] = unaryDerivative(fn, float64(r)) * float64(dy[i])
				scale[i] = math.Abs(want[i]) + math.Abs(float64(dy[i]))
			}
			compare(t, what, got, want, scale, 1e-6)
			for operand := range 2 {
				inPlace := everyLane(t, what, n, func(m *machine) (uint32, []Call) {
					p := [2]uint32{m.put(ref), m.put(dy)}
					return p[operand], []Call{UnaryGrad{fn, p[operand], p[0], p[1], uint32(n), testAlpha, testBeta}}
				})
				sameBits(t, what+" in place", inPlace, got)
			}
		}
	}
}

func binaryValue(fn BinaryFn, a, b float64) float64 {
	truth := func(v bool) float64 {
		if v {
			return 1
		}
		return 0
	}
	lo, hi := float64(float32(1e-7)), float64(float32(1-1e-7))
	switch fn {
	case Add:
		return a + b
	case Sub:
		return a - b
	case Mul:
		return a * b
	case Div:
		return a / b
	case Pow:
		return math.Pow(a, b)
	case Maximum:
		return max(a, b)
	case Minimum:
		return min(a, b)
	case Equal:
		return truth(a == b)
	case Greater:
		return truth(a > b)
	case GreaterEqual:
		return truth(a >= b)
	case Less:
		return truth(a < b)
	case BinaryXent:
		p := min(max(a, lo), hi)
		return -(b*math.Log(p) + (1-b)*math.Log1p(-p))
	case BinaryXentGrad:
		if a < lo || a > hi {
			return 0
		}
		return (a - b) / (a * (1 - a))
	case LogitXent:
		return max(a, 0) - a*b + math.Log1p(math.Exp(-math.Abs(a)))
	case LogitXentGrad:
		return 1/(1+math.Exp(-a)) - b
	case Where, Unless:
		if (b != 0) == (fn == Where) {
			return a
		}
		return 0
	}
	panic("no definition")
}

// binaryOperands are as the function wants them: Pow's base is not negative, the crossentropies'
// targets (and BinaryXent's a) are probabilities.
func binaryOperand(fn BinaryFn, second bool, v []float32) []float32 {
	for i, x := range v {
		switch {
		case fn == Pow && !second:
			v[i] = float32(math.Abs(float64(x)))
		case (fn == Where || fn == Unless) && second:
			v[i] = float32(i % 2)
		case fn >= BinaryXent && second, fn == BinaryXent, fn == BinaryXentGrad:
			v[i] = float32(1 / (1 + math.Exp(-3*float64(x))))
		case (fn == Equal || fn == GreaterEqual) && i%2 == 0:
			v[i] = 1
		}
	}
	return v
}

func TestBinary(t *testing.T) {
	for fn := range numBinaryFn {
		for _, c := range []struct {
			rows, cols int
			aRow, bRow bool // a whole row of an operand, or one element for it
			a, b       int  // 1 where the operand goes on from row to row, or 0
		}{
			{1, 0, true, true, 1, 1}, {1, 1, true, true, 1, 1}, {1, 1009, true, true, 1, 1}, {1, 17, true, false, 1, 1},
			{1, 97, false, true, 1, 1}, {7, 5, true, true, 1, 0}, {33, 10, true, false, 1, 1}, {33, 10, false, true, 0, 1},
			{5, 19, true, false, 0, 1}, {61, 1, true, true, 1, 0},
		} {
			what := fmt.Sprintf("binary %d of %+v", fn, c)
			size := func(row bool, step int) (n, stride int) {
				stride = 1
				if row {
					stride = c.cols
				}
				if step == 0 {
					return stride, 0
				}
				return stride * c.rows, stride
			}
			an, as := size(c.aRow, c.a)
			bn, bs := size(c.bRow, c.b)
			n := c.rows * c.cols
			a, b := binaryOperand(fn, false, random(an, 1)), binaryOperand(fn, true, random(bn, 2))
			program := func(inPlace bool) func(m *machine) (uint32, []Call) {
				return func(m *machine) (uint32, []Call) {
					pa, pb := m.put(a), m.put(b)
					dst := pa
					if !inPlace {
						dst = m.space(n)
					}
					call := Binary{Fn: fn, Dst: dst, A: pa, B: pb, N: uint32(n), Cols: uint32(c.cols), ARow: c.aRow, BRow: c.bRow}
					if c.rows > 1 {
						call.Outer = []Stride{{uint32(c.rows), uint32(4 * as), uint32(4 * bs)}}
					}
					return dst, []Call{call}
				}
			}
			got := everyLane(t, what, n, program(false))
			want, scale := make([]float64, n), make([]float64, n)
			for i := range want {
				r, col := i/c.cols, i%c.cols
				ai, bi := r*as, r*bs
				if c.aRow {
					ai += col
				}
				if c.bRow {
					bi += col
				}
				want[i] = binaryValue(fn, float64(a[ai]), float64(b[bi]))
				scale[i] = math.Abs(want[i]) + 0.1
			}
			compare(t, what, got, want, scale, 1e-6)
			if an == n && c.aRow {
				sameBits(t, what+" in place", everyLane(t, what, n, program(true)), got)
			}
		}
	}
}
