package cpu

import (
	"math"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// update: for i := range w { w[i], slots[i] = rule(w[i] - decay·w[i], scale·g[i], slots[i]) }, in float64.
func (l *loader[T]) update(op *prog.Op) {
	in, w := l.operands(op)
	g, hyper, a := in[1], in[2], op.Attr.(prog.UpdateAttr)
	var slots [3][]T
	copy(slots[:], in[3:])
	n := len(a.Rule.Slots())
	step := updateFunc(a)
	l.add(len(w), 16, func(from, to int) {
		h := prog.Hyper{Rate: float64(hyper[0]), Decay: float64(hyper[1]), Scale: float64(hyper[2]), A: float64(hyper[3]), B: float64(hyper[4])}
		var s [3]float64
		for i := from; i < to; i++ {
			for k := range n {
				s[k] = float64(slots[k][i])
			}
			var next float64
			next, s = step(float64(w[i])-h.Decay*float64(w[i]), h.Scale*float64(g[i]), h, s)
			w[i] = T(next)
			for k := range n {
				slots[k][i] = T(s[k])
			}
		}
	})
}

// updateFunc is the rule as a function from a parameter, its gradient, the step's numbers and the
// slots to the new parameter and slots.
func updateFunc(a prog.UpdateAttr) func(w, g float64, h prog.Hyper, s [3]float64) (float64, [3]float64) {
	eps := a.Epsilon
	decay := func(rho, old, new float64) float64 { return rho*old + (1-rho)*new }
	moments := func(g float64, s [3]float64) [3]float64 {
		s[0] += (1 - a.Beta1) * (g - s[0])
		s[1] += (1 - a.Beta2) * (g*g - s[1])
		return s
	}
	switch a.Rule {
	case prog.RuleSGD:
		return func(w, g float64, h prog.Hyper, s [3]float64) (float64, [3]float64) { return w - h.Rate*g, s }
	case prog.RuleMomentum:
		return func(w, g float64, h prog.Hyper, s [3]float64) (float64, [3]float64) {
			s[0] = a.Momentum*s[0] - h.Rate*g
			return w + s[0], s
		}
	case prog.RuleNesterov:
		return func(w, g float64, h prog.Hyper, s [3]float64) (float64, [3]float64) {
			s[0] = a.Momentum*s[0] - h.Rate*g
			return w + a.Momentum*s[0] - h.Rate*g, s
		}
	case prog.RuleRMSprop:
		return func(w, g float64, h prog.Hyper, s [3]float64) (float64, [3]float64) {
			s[0] = decay(a.Rho, s[0], g*g)
			return w - h.Rate*g/math.Sqrt(s[0]+eps), s
		}
	case prog.RuleRMSpropMomentum:
		return func(w, g float64, h prog.Hyper, s [3]float64) (float64, [3]float64) {
			s[0] = decay(a.Rho, s[0], g*g)
			s[1] = a.Momentum*s[1] + h.Rate*g/math.Sqrt(s[0]+eps)
			return w - s[1], s
		}
	case prog.RuleRMSpropCentered:
		return func(w, g float64, h prog.Hyper, s [3]float64) (float64, [3]float64) {
			s[0] = decay(a.Rho, s[0], g*g)
			s[2] = decay(a.Rho, s[2], g)
			s[1] = a.Momentum*s[1] + h.Rate*g/math.Sqrt(s[0]-s[2]*s[2]+eps)
			return w - s[1], s
		}
	case prog.RuleAdagrad:
		return func(w, g float64, h prog.Hyper, s [3]float64) (float64, [3]float64) {
			s[0] += g * g
			return w - h.Rate*g/math.Sqrt(s[0]+eps), s
		}
	case prog.RuleAdadelta:
		return func(w, g float64, h prog.Hyper, s [3]float64) (float64, [3]float64) {
			s[0] = decay(a.Rho, s[0], g*g)
			delta := math.Sqrt(s[1]+eps) / math.Sqrt(s[0]+eps) * g
			s[1] = decay(a.Rho, s[1], delta*delta)
			return w - h.Rate*delta, s
		}
	case prog.RuleAdam:
		return func(w, g float64, h prog.Hyper, s [3]float64) (float64, [3]float64) {
			s = moments(g, s)
			return w - h.Rate*s[0]/(math.Sqrt(s[1])+eps), s
		}
	case prog.RuleAMSGrad:
		return func(w, g float64, h prog.Hyper, s [3]float64) (float64, [3]float64) {
			s = moments(g, s)
			s[2] = max(s[2], s[1])
			return w - h.Rate*s[0]/(math.Sqrt(s[2])+eps), s
		}
	case prog.RuleAdamax:
		return func(w, g float64, h prog.Hyper, s [3]float64) (float64, [3]float64) {
			s[0] += (1 - a.Beta1) * (g - s[0])
			s[1] = max(a.Beta2*s[1], math.Abs(g))
			return w - h.Rate*s[0]/(s[1]+eps), s
		}
	case prog.RuleNadam:
		return func(w, g float64, h prog.Hyper, s [3]float64) (float64, [3]float64) {
			s = moments(g, s)
			return w - (h.Rate*s[0]+h.A*g)/(math.Sqrt(s[1])+h.B), s
		}
	case prog.RuleFtrl:
		return func(w, g float64, h prog.Hyper, s [3]float64) (float64, [3]float64) {
			before := math.Pow(s[0], -a.Power)
			s[0] += g * g
			after := math.Pow(s[0], -a.Power)
			s[1] += g + a.Shrink*w - h.A*(after-before)*w
			return (max(min(s[1], a.L1), -a.L1) - s[1]) / (h.A*after + h.B), s
		}
	case prog.RuleLion:
		return func(w, g float64, h prog.Hyper, s [3]float64) (float64, [3]float64) {
			sign := 0.0
			if c := s[0] + (1-a.Beta1)*(g-s[0]); c != 0 {
				sign = math.Copysign(1, c)
			}
			s[0] += (1 - a.Beta2) * (g - s[0])
			return w - h.Rate*sign, s
		}
	}
	panic("cpu: no definition of rule " + a.Rule.String())
}
