package cpu_test

import (
	"math"
	"math/cmplx"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// The formulae of fn.go and of the update rules, as written there.

func naiveUnary(a prog.UnaryAttr, x float64) float64 {
	where := func(c bool, yes, no float64) float64 {
		if c {
			return yes
		}
		return no
	}
	switch a.Fn {
	case prog.Identity:
		return x
	case prog.Neg:
		return -x
	case prog.Affine:
		return a.Alpha*x + a.Beta
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
		return where(x > 0, 1, where(x < 0, -1, 0))
	case prog.Clip:
		return math.Min(math.Max(x, a.Alpha), a.Beta)
	case prog.Relu:
		return math.Max(x, 0)
	case prog.LeakyRelu:
		return where(x > 0, x, a.Alpha*x)
	case prog.Elu:
		return where(x > 0, x, a.Alpha*(math.Exp(x)-1))
	case prog.Sigmoid:
		return 1 / (1 + math.Exp(-x))
	case prog.Tanh:
		return math.Tanh(x)
	case prog.Softplus:
		return where(x > 700, x, math.Log(1+math.Exp(x)))
	case prog.Gelu:
		return x / 2 * (1 + math.Erf(x/math.Sqrt2))
	case prog.GeluTanh:
		return x / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
	case prog.Silu:
		return x / (1 + math.Exp(-x))
	case prog.Erf:
		return math.Erf(x)
	case prog.Expm1:
		return where(math.Abs(x) < 1, 2*math.Exp(x/2)*math.Sinh(x/2), math.Exp(x)-1)
	case prog.Log1p:
		return where(x < 1, 2*math.Atanh(x/(2+x)), math.Log(1+x))
	case prog.Sin:
		return imag(cmplx.Exp(complex(0, x)))
	case prog.Cos:
		return real(cmplx.Exp(complex(0, x)))
	case prog.Floor:
		return x - naiveMod1(x)
	case prog.Round:
		low := x - naiveMod1(x)
		up := naiveMod1(x) > 0.5 || naiveMod1(x) == 0.5 && math.Mod(low, 2) != 0
		return where(up, low+1, low)
	}
	panic("no naive " + a.Fn.String())
}

// naiveMod1 is x's distance from the whole number below.
func naiveMod1(x float64) float64 {
	if m := math.Mod(x, 1); m < 0 {
		return m + 1
	} else if !math.IsInf(x, 0) {
		return m
	}
	return 0
}

// naiveDerivative is f' in terms of r, the function's output where GradFromOutput, else its input.
func naiveDerivative(a prog.UnaryAttr, r float64) float64 {
	switch a.Fn {
	case prog.Exp:
		return r
	case prog.Log:
		return 1 / r
	case prog.Sqrt: // 1 / (2√x)
		return 1 / (2 * r)
	case prog.Rsqrt: // -1/2 · x^(-3/2)
		return -r * r * r / 2
	case prog.Square:
		return r + r
	case prog.Reciprocal: // -1 / x²
		return -(r * r)
	case prog.Abs:
		return naiveUnary(prog.UnaryAttr{Fn: prog.Sign}, r)
	case prog.Clip:
		if r < a.Alpha || r > a.Beta {
			return 0
		}
		return 1
	case prog.Relu:
		if r > 0 {
			return 1
		}
		return 0
	case prog.LeakyRelu:
		if r > 0 {
			return 1
		}
		return a.Alpha
	case prog.Elu: // αeˣ = y + α
		if r > 0 {
			return 1
		}
		return r + a.Alpha
	case prog.Sigmoid:
		return r - r*r
	case prog.Tanh:
		return (1 - r) * (1 + r)
	case prog.Softplus: // sigmoid(x) = 1 - e^-y
		return 1 - math.Exp(-r)
	case prog.Gelu: // Φ(x) + x·φ(x)
		return (1+math.Erf(r/math.Sqrt2))/2 + r*math.Exp(-r*r/2)/math.Sqrt(2*math.Pi)
	case prog.GeluTanh:
		c := math.Sqrt(2 / math.Pi)
		th := math.Tanh(c * (r + 0.044715*math.Pow(r, 3)))
		return 0.5 + th/2 + r/2*(1-th)*(1+th)*c*(1+3*0.044715*math.Pow(r, 2))
	case prog.Silu:
		e := math.Exp(-r)
		return (1 + e + r*e) / (1 + e) / (1 + e)
	case prog.Erf:
		return 2 / math.Sqrt(math.Pi) * math.Exp(-r*r)
	case prog.Expm1: // eˣ
		return 1 + r
	case prog.Log1p:
		return 1 / (r + 1)
	case prog.Sin:
		return real(cmplx.Exp(complex(0, r)))
	case prog.Cos:
		return -imag(cmplx.Exp(complex(0, r)))
	}
	panic("no naive derivative of " + a.Fn.String())
}

func naiveBinary(fn prog.Binary, a, b float64) float64 {
	truth := func(c bool) float64 {
		if c {
			return 1
		}
		return 0
	}
	p := math.Min(math.Max(a, 1e-7), 1-1e-7)
	switch fn {
	case prog.Add:
		return a + b
	case prog.Sub:
		return a - b
	case prog.Mul:
		return a * b
	case prog.Div:
		return a / b
	case prog.Pow:
		return math.Exp(b * math.Log(a))
	case prog.Maximum:
		return math.Max(a, b)
	case prog.Minimum:
		return math.Min(a, b)
	case prog.Equal:
		return truth(a == b)
	case prog.Greater:
		return truth(a > b)
	case prog.GreaterEqual:
		return truth(a >= b)
	case prog.Less:
		return truth(a < b)
	case prog.Where:
		if b == 0 {
			return 0
		}
		return a
	case prog.Unless:
		if b == 0 {
			return a
		}
		return 0
	case prog.BinaryXent:
		return -(b*math.Log(p) + (1-b)*math.Log(1-p))
	case prog.BinaryXentGrad:
		if p != a {
			return 0
		}
		return (p - b) / (p * (1 - p))
	case prog.LogitXent:
		return math.Max(a, 0) - a*b + math.Log(1+math.Exp(-math.Abs(a)))
	case prog.LogitXentGrad:
		return 1/(1+math.Exp(-a)) - b
	}
	panic("no naive " + fn.String())
}

func naiveUpdate(m *machine, op prog.Op, in []tensor) {
	a := op.Attr.(prog.UpdateAttr)
	hyper := in[2].data
	eta, alpha, beta := hyper[0], hyper[3], hyper[4]
	out := make([][]float64, len(op.Out))
	for i, b := range op.Out {
		out[i] = m.at(b)
	}
	for i, g := range in[1].data {
		w := &out[0][i]
		*w *= 1 - hyper[1]
		g *= hyper[2]
		slot := func(k int) *float64 { return &out[1+k][i] }
		switch a.Rule {
		case prog.RuleSGD:
			*w -= eta * g
		case prog.RuleMomentum, prog.RuleNesterov:
			v := slot(0)
			*v = a.Momentum**v - eta*g
			if a.Rule == prog.RuleMomentum {
				*w += *v
			} else {
				*w += a.Momentum**v - eta*g
			}
		case prog.RuleRMSprop:
			s := slot(0)
			*s = a.Rho**s + (1-a.Rho)*g*g
			*w -= eta * g / math.Sqrt(*s+a.Epsilon)
		case prog.RuleRMSpropMomentum:
			s, v := slot(0), slot(1)
			*s = a.Rho**s + (1-a.Rho)*g*g
			*v = a.Momentum**v + eta*g/math.Sqrt(*s+a.Epsilon)
			*w -= *v
		case prog.RuleRMSpropCentered:
			s, v, mean := slot(0), slot(1), slot(2)
			*s = a.Rho**s + (1-a.Rho)*g*g
			*mean = a.Rho**mean + (1-a.Rho)*g
			*v = a.Momentum**v + eta*g/math.Sqrt(*s-*mean**mean+a.Epsilon)
			*w -= *v
		case prog.RuleAdagrad:
			s := slot(0)
			*s += g * g
			*w -= eta * g / math.Sqrt(*s+a.Epsilon)
		case prog.RuleAdadelta:
			acc, d := slot(0), slot(1)
			*acc = a.Rho**acc + (1-a.Rho)*g*g
			change := math.Sqrt((*d+a.Epsilon)/(*acc+a.Epsilon)) * g
			*d = a.Rho**d + (1-a.Rho)*change*change
			*w -= eta * change
		case prog.RuleAdam, prog.RuleAMSGrad:
			mean, v := slot(0), slot(1)
			*mean = a.Beta1**mean + (1-a.Beta1)*g
			*v = a.Beta2**v + (1-a.Beta2)*g*g
			root := *v
			if a.Rule == prog.RuleAMSGrad {
				*slot(2) = math.Max(*slot(2), *v)
				root = *slot(2)
			}
			*w -= eta * *mean / (math.Sqrt(root) + a.Epsilon)
		case prog.RuleAdamax:
			mean, norm := slot(0), slot(1)
			*mean = a.Beta1**mean + (1-a.Beta1)*g
			*norm = math.Max(a.Beta2**norm, math.Abs(g))
			*w -= eta * *mean / (*norm + a.Epsilon)
		case prog.RuleNadam:
			mean, v := slot(0), slot(1)
			*mean = a.Beta1**mean + (1-a.Beta1)*g
			*v = a.Beta2**v + (1-a.Beta2)*g*g
			*w -= (eta**mean + alpha*g) / (math.Sqrt(*v) + beta)
		case prog.RuleFtrl:
			n, z := slot(0), slot(1)
			next := *n + g*g
			*z += g + a.Shrink**w - alpha*(math.Pow(next, -a.Power)-math.Pow(*n, -a.Power))**w
			*n = next
			switch {
			case *z > a.L1:
				*w = a.L1 - *z
			case *z < -a.L1:
				*w = -a.L1 - *z
			default:
				*w = 0
			}
			*w /= alpha*math.Pow(next, -a.Power) + beta
		case prog.RuleLion:
			mean := slot(0)
			switch c := a.Beta1**mean + (1-a.Beta1)*g; {
			case c > 0:
				*w -= eta
			case c < 0:
				*w += eta
			}
			*mean = a.Beta2**mean + (1-a.Beta2)*g
		default:
			panic("no naive " + a.Rule.String())
		}
	}
}
