package nn

import (
	"math"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// GaussianNoise adds to each element in training a number of its own, normal of mean 0. Elsewhere it does nothing. Like
// Dropout's masks the numbers are counter-based.
type GaussianNoise struct {
	Stddev float64 `arg:"stddev" required:"yes" min:"0" max:"1" doc:"The numbers' standard deviation."`
	Seed   uint64  `arg:"seed" doc:"Seed of the noise; by default it comes from the model's seed."`
	Name   string  `arg:"name" doc:"The layer's name."`
}

// GaussianDropout multiplies each element in training by a number of its own, normal of mean 1 and of the standard
// deviation √(Rate/(1-Rate)) that Dropout's masks have (Srivastava et al. 2014). Elsewhere it does nothing.
type GaussianDropout struct {
	Rate float64 `arg:"rate" required:"yes" min:"0" below:"1" doc:"The rate of the Dropout that it stands for."`
	Seed uint64  `arg:"seed" doc:"Seed of the noise; by default it comes from the model's seed."`
	Name string  `arg:"name" doc:"The layer's name."`
}

// ActivityRegularization adds a penalty on what goes through it to the loss, L1·Σ|x| + L2·Σx² over a batch divided by
// its size.
type ActivityRegularization struct {
	L1   float64 `arg:"l1" min:"0" doc:"Factor of the sum of absolute values."`
	L2   float64 `arg:"l2" min:"0" doc:"Factor of the sum of squares."`
	Name string  `arg:"name" doc:"The layer's name."`
}

// Build keeps the shape.
func (l GaussianNoise) Build(_ *Scope, in prog.Shape) (prog.Shape, error) { return in, nil }

// Build keeps the shape.
func (l GaussianDropout) Build(_ *Scope, in prog.Shape) (prog.Shape, error) { return in, nil }

// Build keeps the shape.
func (l ActivityRegularization) Build(_ *Scope, in prog.Shape) (prog.Shape, error) { return in, nil }

// Lower adds noise in training.
func (l GaussianNoise) Lower(c *Call, x prog.Buf) prog.Buf {
	if !c.Training || l.Stddev == 0 {
		return x
	}
	return c.Add(x, c.Random(prog.Normal, 0, l.Stddev, l.Seed, c.Shape(x)))
}

// Lower multiplies by noise in training.
func (l GaussianDropout) Lower(c *Call, x prog.Buf) prog.Buf {
	if !c.Training || l.Rate == 0 {
		return x
	}
	return c.Mul(x, c.Random(prog.Normal, 1, math.Sqrt(l.Rate/(1-l.Rate)), l.Seed, c.Shape(x)))
}

// Lower returns x.
func (l ActivityRegularization) Lower(c *Call, x prog.Buf) prog.Buf {
	if l.L1 == 0 && l.L2 == 0 {
		return x
	}
	return c.activity(L1L2{l.L1, l.L2}, x)
}

// KeepsMask: what counts goes on to count.
func (GaussianNoise) KeepsMask() {}

// KeepsMask: what counts goes on to count.
func (GaussianDropout) KeepsMask() {}

// KeepsMask: what counts goes on to count.
func (ActivityRegularization) KeepsMask() {}
