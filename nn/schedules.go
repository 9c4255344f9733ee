package nn

import (
	"math"
)

// A Schedule is a learning rate that changes from step to step. The formulae are
// keras/src/optimizers/schedules/learning_rate_schedule.py's, computed on the host in float64 from what
// rounds alike on every platform.
type Schedule interface {
	// At is the learning rate of step s, counted from 0 since Compile: one a batch, also where gradients
	// are accumulated.
	At(s uint64) float64
}

// ExponentialDecay is η₀·rᵖ with p = s/n; with Staircase p is rounded down.
type ExponentialDecay struct {
	Initial   float64 `arg:"initial_learning_rate" required:"yes" min:"0" doc:"The learning rate η₀ at first."`
	Steps     int     `arg:"decay_steps" required:"yes" min:"1" doc:"The steps n in which it falls by the rate."`
	Rate      float64 `arg:"decay_rate" required:"yes" above:"0" doc:"The rate r."`
	Staircase bool    `arg:"staircase" doc:"Whether it falls at once, every n steps."`
}

// InverseTimeDecay is η₀ / (1 + r·p) with p = s/n; with Staircase p is rounded down.
type InverseTimeDecay struct {
	Initial   float64 `arg:"initial_learning_rate" required:"yes" min:"0" doc:"The learning rate η₀ at first."`
	Steps     int     `arg:"decay_steps" required:"yes" min:"1" doc:"The steps n that count as one."`
	Rate      float64 `arg:"decay_rate" required:"yes" min:"0" doc:"The rate r."`
	Staircase bool    `arg:"staircase" doc:"Whether it falls at once, every n steps."`
}

// PolynomialDecay is (η₀ - η₁)(1 - s/n)ᵖ + η₁ up to step n, and then η₁; with Cycle it begins anew, from where
// a fall to η₁ in 2n, 3n, ... steps would be.
type PolynomialDecay struct {
	Initial float64 `arg:"initial_learning_rate" required:"yes" min:"0" doc:"The learning rate η₀ at first."`
	Steps   int     `arg:"decay_steps" required:"yes" min:"1" doc:"The steps n in which it falls."`
	End     float64 `arg:"end_learning_rate" default:"0.0001" min:"0" doc:"The learning rate η₁ in the end."`
	Power   float64 `arg:"power" default:"1" min:"0" doc:"The power p; 1 is a straight line."`
	Cycle   bool    `arg:"cycle" doc:"Whether it rises again behind n steps."`
}

// PiecewiseConstantDecay is Values[0] up to and with step Boundaries[0], Values[1] up to and with
// Boundaries[1], and so on, and then the last of Values.
type PiecewiseConstantDecay struct {
	Boundaries []float64 `arg:"boundaries" required:"yes" min:"0" doc:"The last steps of the pieces but the last, ascending."`
	Values     []float64 `arg:"values" required:"yes" min:"0" doc:"The pieces' learning rates, one more than there are boundaries."`
}

// CosineDecay falls from η₀ to α·η₀ in n steps as half a wave of the cosine does; with a WarmupTarget it first
// rises to that, in a straight line in WarmupSteps, and falls from there (Loshchilov and Hutter 2016).
type CosineDecay struct {
	Initial      float64 `arg:"initial_learning_rate" required:"yes" min:"0" doc:"The learning rate η₀ at first."`
	Steps        int     `arg:"decay_steps" required:"yes" min:"1" doc:"The steps n in which it falls."`
	Alpha        float64 `arg:"alpha" min:"0" max:"1" doc:"The share α that stays in the end."`
	WarmupTarget float64 `arg:"warmup_target" null:"0" min:"0" doc:"The learning rate that it rises to first."`
	WarmupSteps  int     `arg:"warmup_steps" min:"0" doc:"The steps in which it rises."`
}

// CosineDecayRestarts is CosineDecay time after time: each fall takes TimeFactor times as many steps as the last,
// and begins at RateFactor times its learning rate (Loshchilov and Hutter 2016).
type CosineDecayRestarts struct {
	Initial    float64 `arg:"initial_learning_rate" required:"yes" min:"0" doc:"The learning rate η₀ at first."`
	FirstSteps int     `arg:"first_decay_steps" required:"yes" min:"1" doc:"The steps of the first fall."`
	TimeFactor float64 `arg:"t_mul" default:"2" min:"1" doc:"How many times as long each fall is as the last."`
	RateFactor float64 `arg:"m_mul" default:"1" min:"0" doc:"How many times as high each fall begins as the last."`
	Alpha      float64 `arg:"alpha" min:"0" max:"1" doc:"The share α of η₀ that stays in the end."`
}

// At is the learning rate of step s.
func (d ExponentialDecay) At(s uint64) float64 {
	return d.Initial * realPower(d.Rate, passed(s, d.Steps, d.Staircase))
}

// At is the learning rate of step s.
func (d InverseTimeDecay) At(s uint64) float64 {
	return d.Initial / (1 + float64(d.Rate*passed(s, d.Steps, d.Staircase)))
}

// passed is s/n, rounded down if it is to be.
func passed(s uint64, n int, floor bool) float64 {
	p := float64(s) / float64(n)
	if floor {
		p = math.Floor(p)
	}
	return p
}

// At is the learning rate of step s.
func (d PolynomialDecay) At(s uint64) float64 {
	step, steps := float64(s), float64(d.Steps)
	if d.Cycle {
		steps *= max(1, math.Ceil(step/steps))
	}
	left := 1 - min(step, steps)/steps
	return float64((d.Initial-d.End)*realPower(left, d.Power)) + d.End
}

// At is the learning rate of step s.
func (d PiecewiseConstantDecay) At(s uint64) float64 {
	for i, b := range d.Boundaries {
		if float64(s) <= math.Trunc(b) {
			return d.Values[i]
		}
	}
	return d.Values[len(d.Values)-1]
}

// At is the learning rate of step s.
func (d CosineDecay) At(s uint64) float64 {
	step, from := float64(s), d.Initial
	if d.WarmupTarget != 0 {
		warmup := float64(d.WarmupSteps)
		if step < warmup {
			return float64((d.WarmupTarget-d.Initial)*(step/warmup)) + d.Initial
		}
		step, from = step-warmup, d.WarmupTarget
	}
	return from * fallen(min(step/float64(d.Steps), 1), 1, d.Alpha)
}

// At is the learning rate of step s.
func (d CosineDecayRestarts) At(s uint64) float64 {
	t, falls := float64(s)/float64(d.FirstSteps), 0.0
	if d.TimeFactor == 1 {
		falls = math.Floor(t)
		t -= falls
	} else {
		falls = math.Floor(naturalLog(1-float64(t*(1-d.TimeFactor))) / naturalLog(d.TimeFactor))
		length := realPower(d.TimeFactor, falls)
		t = (t - (1-length)/(1-d.TimeFactor)) / length
	}
	return d.Initial * fallen(t, realPower(d.RateFactor, falls), d.Alpha)
}

// fallen is half a wave of the cosine from high down to 0, at t from 0 to 1, in what alpha leaves of 1.
func fallen(t, high, alpha float64) float64 {
	return float64((1-alpha)*float64(0.5*high*(1+cosinePi(t)))) + alpha
}

// check refuses boundaries that don't ascend, and as many values.
func (d PiecewiseConstantDecay) check(where string) error {
	if len(d.Boundaries) == 0 || len(d.Values) != len(d.Boundaries)+1 {
		return fail(ErrConfig, "%s: %d boundaries and %d values, wanted at least one boundary and one value more", where, len(d.Boundaries), len(d.Values))
	}
	for i, b := range d.Boundaries[1:] {
		if b <= d.Boundaries[i] {
			return fail(ErrConfig, "%s: boundaries are %s, wanted ascending numbers", where, show(listOf(d.Boundaries)))
		}
	}
	return nil
}

// check refuses a rise of no steps' length, or to nowhere.
func (d CosineDecay) check(where string) error {
	if d.WarmupSteps > 0 && d.WarmupTarget == 0 {
		return fail(ErrConfig, "%s: there are warmup_steps without a warmup_target", where)
	}
	return nil
}

// realPower is x to the power p for a normal x > 0, and for x = 0 where p >= 0.
func realPower(x, p float64) float64 {
	switch whole := math.Abs(p); {
	case whole == math.Trunc(whole) && whole < 1<<53:
		y := power(x, uint64(whole))
		if p < 0 {
			return 1 / y
		}
		return y
	case x == 0:
		return 0
	}
	return naturalExp(float64(p * naturalLog(x)))
}

// power is x to the n by repeated squaring: unlike math.Pow the same bits on every platform.
func power(x float64, n uint64) float64 {
	y := 1.0
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			y *= x
		}
		x *= x
	}
	return y
}

// naturalExp is eˣ: 2ⁿeʳ with |r| <= ln 2 / 2, and eʳ by its series. n times the first part of ln 2 is exact.
func naturalExp(x float64) float64 {
	const high, low = 6.93147180369123816490e-01, 1.90821492927058770002e-10
	n := math.Floor(float64(x/math.Ln2) + 0.5)
	r := x - float64(n*high)
	r -= float64(n * low)
	y := 1.0
	for k := 18; k >= 1; k-- {
		y = float64(y*r)/float64(k) + 1
	}
	return math.Ldexp(y, int(max(min(n, 2000), -2000)))
}

// cosinePi is cos(πt) for t from 0 to 1: sin(π(1/2 - t)), by its series.
func cosinePi(t float64) float64 {
	x := math.Pi * (0.5 - t)
	square := float64(x * x)
	y := 1.0
	for k := 23; k > 1; k -= 2 {
		y = 1 - float64(y*square)/float64(k*(k-1))
	}
	return x * y
}
