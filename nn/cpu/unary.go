package cpu

import (
	"math"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// unary: for i, v := range x { out[i] = f(v) }
func (l *loader[T]) unary(op *prog.Op) {
	in, out := l.operands(op)
	x, f := in[0], newUnary[T](op.Attr.(prog.UnaryAttr))
	l.elementwise(len(out), func(from, to int) { f.apply(out[from:to], x[from:to]) })
}

// unaryGrad: for i, d := range dy { out[i] = d * f'(ref[i]) }
func (l *loader[T]) unaryGrad(op *prog.Op) {
	in, out := l.operands(op)
	ref, dy, f := in[0], in[1], newUnary[T](op.Attr.(prog.UnaryAttr))
	l.elementwise(len(out), func(from, to int) { f.grad(out[from:to], ref[from:to], dy[from:to]) })
}

// A unary is a function of one number and its derivative. Its constants have the element type's
// precision.
type unary[T Float] struct {
	fn          prog.Unary
	alpha, beta float64
}

func newUnary[T Float](a prog.UnaryAttr) unary[T] {
	return unary[T]{a.Fn, float64(T(a.Alpha)), float64(T(a.Beta))}
}

// apply: for i, v := range x { out[i] = f(v) }
func (f unary[T]) apply(out, x []T) {
	switch f.fn {
	case prog.Identity:
		copy(out, x)
	case prog.Relu:
		for i, v := range x {
			out[i] = max(v, 0)
		}
	default:
		for i, v := range x {
			out[i] = T(f.value(float64(v)))
		}
	}
}

// grad: for i, d := range dy { out[i] = d * f'(ref[i]) }
func (f unary[T]) grad(out, ref, dy []T) {
	switch f.fn {
	case prog.Relu:
		for i, y := range ref {
			if y > 0 {
				out[i] = dy[i]
			} else {
				out[i] = 0
			}
		}
	default:
		for i, r := range ref {
			out[i] = T(float64(dy[i]) * f.derivative(float64(r)))
		}
	}
}

const (
	sqrt2OverPi = math.Sqrt2 / math.SqrtPi
	geluCubic   = 0.044715
)

// value is f(x).
func (f unary[T]) value(x float64) float64 {
	switch f.fn {
	case prog.Identity:
		return x
	case prog.Neg:
		return -x
	case prog.Affine:
		return f.alpha*x + f.beta
	case prog.Exp:
		return math.Exp(x)
	case prog.Log:
		return math.Log(x)
	case prog.Sqrt:
		return math.Sqrt(x)
	case prog.Rsqrt:
		return 1 / math.Sqrt(x)
	case prog.Square:
		return x * x
	case prog.Reciprocal:
		return 1 / x
	case prog.Abs:
		return math.Abs(x)
	case prog.Sign:
		return sign(x)
	case prog.Clip:
		return min(max(x, f.alpha), f.beta)
	case prog.Relu:
		return max(x, 0)
	case prog.LeakyRelu:
		if x > 0 {
			return x
		}
		return f.alpha * x
	case prog.Elu:
		if x > 0 {
			return x
		}
		return f.alpha * math.Expm1(x)
	case prog.Sigmoid:
		return sigmoid(x)
	case prog.Tanh:
		return math.Tanh(x)
	case prog.Softplus:
		return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x)))
	case prog.Gelu:
		return x / 2 * math.Erfc(-x/math.Sqrt2)
	case prog.GeluTanh:
		return x / 2 * (1 + math.Tanh(sqrt2OverPi*(x+geluCubic*x*x*x)))
	case prog.Silu:
		return x * sigmoid(x)
	case prog.Erf:
		return math.Erf(x)
	case prog.Expm1:
		return math.Expm1(x)
	case prog.Log1p:
		return math.Log1p(x)
	case prog.Sin:
		return math.Sin(x)
	case prog.Cos:
		return math.Cos(x)
	case prog.Floor:
		return math.Floor(x)
	case prog.Round:
		return math.RoundToEven(x)
	}
	panic("cpu: no definition of " + f.fn.String())
}

// derivative is f' computed from r: f's output where f.fn.GradFromOutput, else its input.
func (f unary[T]) derivative(r float64) float64 {
	switch f.fn {
	case prog.Identity:
		return 1
	case prog.Neg:
		return -1
	case prog.Affine:
		return f.alpha
	case prog.Exp:
		return r
	case prog.Log:
		return 1 / r
	case prog.Sqrt:
		return 0.5 / r
	case prog.Rsqrt:
		return -0.5 * r * r * r
	case prog.Square:
		return 2 * r
	case prog.Reciprocal:
		return -r * r
	case prog.Abs:
		return sign(r)
	case prog.Sign:
		return 0
	case prog.Clip:
		return truth(f.alpha <= r && r <= f.beta)
	case prog.Relu:
		return truth(r > 0)
	case prog.LeakyRelu:
		if r > 0 {
			return 1
		}
		return f.alpha
	case prog.Elu:
		if r > 0 {
			return 1
		}
		return r + f.alpha
	case prog.Sigmoid:
		return r * (1 - r)
	case prog.Tanh:
		return 1 - r*r
	case prog.Softplus:
		return -math.Expm1(-r)
	case prog.Gelu:
		return math.Erfc(-r/math.Sqrt2)/2 + r*math.Exp(-r*r/2)/math.Sqrt(2*math.Pi)
	case prog.GeluTanh:
		t := math.Tanh(sqrt2OverPi * (r + geluCubic*r*r*r))
		return (1+t)/2 + r/2*(1-t*t)*sqrt2OverPi*(1+3*geluCubic*r*r)
	case prog.Silu:
		s := sigmoid(r)
		return s + r*s*(1-s)
	case prog.Erf:
		return 2 / math.SqrtPi * math.Exp(-r*r)
	case prog.Expm1:
		return r + 1
	case prog.Log1p:
		return 1 / (1 + r)
	case prog.Sin:
		return math.Cos(r)
	case prog.Cos:
		return -math.Sin(r)
	case prog.Floor, prog.Round:
		return 0
	}
	panic("cpu: no derivative of " + f.fn.String())
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func sign(x float64) float64 { return truth(x > 0) - truth(x < 0) }

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
