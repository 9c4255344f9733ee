package nn

import "github.com/tabgrad/tabgrad/nn/prog"

// BatchNormalization makes each channel's mean 0 and variance 1 over the batch, then scales and shifts:
// γ(x - mean)/√(variance + ε) + β (Ioffe and Szegedy 2015). In training mean and variance are the batch's, over
// all dimensions but Axis, and moving averages of them are kept:
// moving = Momentum·moving + (1-Momentum)·batch's. Elsewhere, and where the layer is frozen, the moving ones are
// used. What a mask leaves out does not count for the statistics.
type BatchNormalization struct {
	Axis     int     `arg:"axis" default:"-1" doc:"The dimension of the channels, counted with the batch, or from the end where it is below 0."`
	Momentum float64 `arg:"momentum" default:"0.99" min:"0" max:"1" doc:"Share of the moving statistics that is kept."`
	Epsilon  float64 `arg:"epsilon" default:"1e-3" min:"0" doc:"Added to the variance."`
	NoCenter bool    `arg:"!center" doc:"Whether β is added."`
	NoScale  bool    `arg:"!scale" doc:"Whether it is multiplied by γ."`

	BetaInit     Initializer `arg:"beta_initializer" default:"zeros" doc:"What β begins as."`
	GammaInit    Initializer `arg:"gamma_initializer" default:"ones" doc:"What γ begins as."`
	MeanInit     Initializer `arg:"moving_mean_initializer" default:"zeros" doc:"What the moving mean begins as."`
	VarianceInit Initializer `arg:"moving_variance_initializer" default:"ones" doc:"What the moving variance begins as."`
	BetaReg      Regularizer `arg:"beta_regularizer" doc:"Penalty on β, added to the loss."`
	GammaReg     Regularizer `arg:"gamma_regularizer" doc:"Penalty on γ, added to the loss."`

	BetaConstraint  Constraint `arg:"beta_constraint" doc:"What β is held to after each step."`
	GammaConstraint Constraint `arg:"gamma_constraint" doc:"What γ is held to after each step."`

	Name   string `arg:"name" doc:"The layer's name."`
	Frozen bool   `arg:"!trainable" doc:"Whether training changes the layer's variables and statistics."`
}

// Build declares gamma, beta, moving_mean and moving_variance, each [channels].
func (l BatchNormalization) Build(s *Scope, in prog.Shape) (prog.Shape, error) {
	axis, err := axisOf(l.Axis, in)
	if err != nil {
		return nil, err
	}
	channels := prog.Shape{in[axis]}
	weightUnless(l.NoScale, l.GammaInit, l.GammaReg, l.GammaConstraint).declare(s, "gamma", channels)
	weightUnless(l.NoCenter, l.BetaInit, l.BetaReg, l.BetaConstraint).declare(s, "beta", channels)
	s.State("moving_mean", channels, l.MeanInit)
	s.State("moving_variance", channels, l.VarianceInit)
	return in, nil
}

// axisOf is the dimension of a sample of shape in that an axis names, which counts the batch, or from the end.
func axisOf(axis int, in prog.Shape) (int, error) {
	a := axis - 1
	if axis < 0 {
		a = len(in) + axis
	}
	if a < 0 || a >= len(in) {
		return 0, fail(ErrConfig, "axis is %d, and the input %v; wanted one of its %d dimensions, from 1 or from -1 on", axis, in, len(in))
	}
	return a, nil
}

// Lower normalises.
func (l BatchNormalization) Lower(c *Call, x prog.Buf) prog.Buf {
	axis, _ := axisOf(l.Axis, c.In())
	wide := make([]int, len(c.In())+1) // the channels' shape beside x
	var others []int
	for d := range wide {
		wide[d] = 1
		if d != axis+1 {
			others = append(others, d)
		}
	}
	wide[axis+1] = c.In()[axis]

	mean, variance := c.State(0), c.State(1)
	if c.Training && !c.Frozen() {
		var centred prog.Buf
		mean, variance, centred = moments(c, x, others, wide)
		for i, now := range []prog.Buf{mean, variance} {
			c.Assign(i, c.Add(c.Affine(c.State(i), l.Momentum, 0), c.Affine(now, 1-l.Momentum, 0)))
		}
		x = centred
	} else {
		x = c.Sub(x, c.Reshape(mean, wide...))
	}
	scale := c.Unary(prog.Rsqrt, c.Affine(variance, 1, l.Epsilon))
	if !l.NoScale {
		scale = c.Mul(scale, c.Var(0))
	}
	y := c.Mul(x, c.Reshape(scale, wide...))
	if !l.NoCenter {
		i := 0
		if !l.NoScale {
			i = 1
		}
		y = c.Add(y, c.Reshape(c.Var(i), wide...))
	}
	return y
}

// moments are the mean and variance of each channel, and x less the mean.
func moments(c *Call, x prog.Buf, others, wide []int) (mean, variance, centred prog.Buf) {
	mask := c.Mask(0)
	average := func(x prog.Buf) prog.Buf { return c.Reduce(prog.Mean, x, false, others...) }
	if mask != prog.None { // [N, T]
		weight := alongside(c.Builder, mask, x)
		count := c.Affine(c.Reduce(prog.Sum, c.Broadcast(weight, c.Shape(x)), false, others...), 1, 1e-7)
		average = func(x prog.Buf) prog.Buf {
			return c.Div(c.Reduce(prog.Sum, c.Mul(x, weight), false, others...), count)
		}
	}
	mean = average(x)
	centred = c.Sub(x, c.Reshape(mean, wide...))
	return mean, average(c.Unary(prog.Square, centred)), centred
}

// KeepsMask: what counts goes on to count.
func (BatchNormalization) KeepsMask() {}
