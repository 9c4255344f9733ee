//go:build !js

package kernels

import (
	"fmt"
	"math"
	"testing"
)

// updated is the definition of Update in float64; hyper is η, δ, γ, α, β, and s holds S, T and U.
func updated(a Update, w, g float64, hyper [5]float64, s *[3]float64) float64 {
	rate, alpha, beta := hyper[0], hyper[3], hyper[4]
	w, g = w-hyper[1]*w, hyper[2]*g
	mu, rho, rest, eps := float64(a.Momentum), float64(a.Rho), float64(a.OneMinusRho), float64(a.Epsilon)
	rest1, rest2 := float64(a.OneMinusBeta1), float64(a.OneMinusBeta2)
	switch a.Rule {
	case SGD:
		return w - rate*g
	case Momentum:
		s[0] = mu*s[0] - rate*g
		return w + s[0]
	case Nesterov:
		s[0] = mu*s[0] - rate*g
		return w + mu*s[0] - rate*g
	case RMSprop:
		s[0] = rho*s[0] + rest*g*g
		return w - rate*g/math.Sqrt(s[0]+eps)
	case RMSpropMomentum:
		s[0] = rho*s[0] + rest*g*g
		s[1] = mu*s[1] + rate*g/math.Sqrt(s[0]+eps)
		return w - s[1]
	case RMSpropCentered:
		s[0] = rho*s[0] + rest*g*g
		s[2] = rho*s[2] + rest*g
		s[1] = mu*s[1] + rate*g/math.Sqrt(s[0]-s[2]*s[2]+eps)
		return w - s[1]
	case Adagrad:
		s[0] += g * g
		return w - rate*g/math.Sqrt(s[0]+eps)
	case Adadelta:
		s[0] = rho*s[0] + rest*g*g
		delta := math.Sqrt(s[1]+eps) / math.Sqrt(s[0]+eps) * g
		s[1] = rho*s[1] + rest*delta*delta
		return w - rate*delta
	case Adamax:
		s[0] += rest1 * (g - s[0])
		s[1] = max((1-rest2)*s[1], math.Abs(g))
		return w - rate*s[0]/(s[1]+eps)
	case Ftrl, FtrlPower:
		p := -0.5
		if a.Rule == FtrlPower {
			p = float64(a.Power)
		}
		next := s[0] + g*g
		s[1] += g + float64(a.Shrink)*w - alpha*(math.Pow(next, -p)-math.Pow(s[0], -p))*w
		s[0] = next
		l1 := float64(a.L1)
		return (max(min(s[1], l1), -l1) - s[1]) / (alpha*math.Pow(next, -p) + beta)
	case Lion:
		c := s[0] + rest1*(g-s[0])
		s[0] += rest2 * (g - s[0])
		return w - rate*math.Copysign(1, c)
	}
	s[0] += rest1 * (g - s[0])
	s[1] += rest2 * (g*g - s[1])
	if a.Rule == Nadam {
		return w - (rate*s[0]+alpha*g)/(math.Sqrt(s[1])+beta)
	}
	v := s[1]
	if a.Rule == AMSGrad {
		s[2] = max(s[2], s[1])
		v = s[2]
	}
	return w - rate*s[0]/(math.Sqrt(v)+eps)
}

func TestUpdate(t *testing.T) {
	hyper := []float32{0.01, 0.02, 0.9, 2, 0.5}
	for rule := range numRules {
		for _, n := range elementSizes {
			w, g := random(n, 16), random(n, 17)
			var state [3][]float32
			for i := range state {
				state[i] = random(n, 18+uint64(i))
				for j, v := range state[i] {
					state[i][j] = v*v + 0.5 // the square of an average gradient is below the average square
					if i == 2 && rule == RMSpropCentered {
						state[i][j] = v / 10
					}
				}
			}
			a := Update{
				Rule: rule, N: uint32(n), Momentum: 0.9, Rho: 0.95, OneMinusRho: 0.05,
				OneMinusBeta1: 0.1, OneMinusBeta2: 0.001, Epsilon: 1e-7, Power: -0.3, L1: 0.1, Shrink: 0.2,
			}
			var exact [5]float64
			for j, v := range hyper {
				exact[j] = float64(v)
			}
			var wants [4][]float64
			scale := make([]float64, n)
			for i := range n {
				s := [3]float64{float64(state[0][i]), float64(state[1][i]), float64(state[2][i])}
				next := updated(a, float64(w[i]), float64(g[i]), exact, &s)
				for j, v := range [4]float64{next, s[0], s[1], s[2]} {
					wants[j] = append(wants[j], v)
				}
				scale[i] = 1 + math.Abs(next)
			}
			for result := range 1 + slots[rule] {
				what := fmt.Sprintf("rule %d of %d, result %d", rule, n, result)
				got := everyLane(t, what, n, func(m *machine) (uint32, []Call) {
					b := a
					b.Hyper, b.G = m.put(hyper), m.put(g)
					p := []uint32{m.put(w), m.put(state[0]), m.put(state[1]), m.put(state[2])}
					b.W, b.S, b.T, b.U = p[0], p[1], p[2], p[3]
					return p[result], []Call{b}
				})
				compare(t, what, got, wants[result], scale, 2e-6)
			}
		}
	}
}

// TestAdadeltaAsKeras takes Keras 3's first steps on f(w) = w² from w = 1 at learning rate 1.
func TestAdadeltaAsKeras(t *testing.T) {
	m := newMachine(t)
	w, g := m.put([]float32{1}), m.put([]float32{0})
	update := Update{
		Rule: Adadelta, N: 1, Hyper: m.put([]float32{1, 0, 1, 0, 0}), W: w, G: g, S: m.put([]float32{0}), T: m.put([]float32{0}),
		Rho: 0.95, OneMinusRho: 0.05, Epsilon: 1e-7,
	}
	for step, want := range []float64{0.9986, 0.9972, 0.9957} {
		m.run(1, Unary{Affine, g, w, 1, 2, 0}, update)
		if got := m.get(w, 1)[0]; math.Abs(float64(got)-want) > 5e-5 {
			t.Errorf("after step %d w is %v, want %v", step+1, got, want)
		}
	}
}
