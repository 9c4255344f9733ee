package nn

import (
	"slices"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// LayerNormalization makes the mean of each sample 0 and its variance 1 along Axis, then scales and shifts:
// γ(x - mean)/√(variance + ε) + β, with γ and β for each element along Axis (Ba, Kiros and Hinton 2016). The other
// dimensions are normalised each by itself.
type LayerNormalization struct {
	Axis     []int   `arg:"axis" default:"-1" axes:"yes" doc:"The dimensions that are normalised along, counted with the batch, or from the end where they are below 0."`
	Epsilon  float64 `arg:"epsilon" default:"1e-3" min:"0" doc:"Added to the variance."`
	NoCenter bool    `arg:"!center" doc:"Whether β is added."`
	NoScale  bool    `arg:"!scale" doc:"Whether it is multiplied by γ."`

	BetaInit  Initializer `arg:"beta_initializer" default:"zeros" doc:"What β begins as."`
	GammaInit Initializer `arg:"gamma_initializer" default:"ones" doc:"What γ begins as."`
	BetaReg   Regularizer `arg:"beta_regularizer" doc:"Penalty on β, added to the loss."`
	GammaReg  Regularizer `arg:"gamma_regularizer" doc:"Penalty on γ, added to the loss."`

	BetaConstraint  Constraint `arg:"beta_constraint" doc:"What β is held to after each step."`
	GammaConstraint Constraint `arg:"gamma_constraint" doc:"What γ is held to after each step."`

	Name   string `arg:"name" doc:"The layer's name."`
	Frozen bool   `arg:"!trainable" doc:"Whether training changes the layer's variables."`
}

// GroupNormalization splits the channels into groups of neighbours and makes the mean of each group of each sample 0
// and its variance 1, then scales and shifts each channel: γ(x - mean)/√(variance + ε) + β (Wu and He 2018).
type GroupNormalization struct {
	Groups   int     `arg:"groups" default:"32" min:"-1" doc:"Number of groups, a divisor of the channels; -1 makes each channel a group."`
	Axis     int     `arg:"axis" default:"-1" doc:"The dimension of the channels, counted with the batch, or from the end where it is below 0."`
	Epsilon  float64 `arg:"epsilon" default:"1e-3" min:"0" doc:"Added to the variance."`
	NoCenter bool    `arg:"!center" doc:"Whether β is added."`
	NoScale  bool    `arg:"!scale" doc:"Whether it is multiplied by γ."`

	BetaInit  Initializer `arg:"beta_initializer" default:"zeros" doc:"What β begins as."`
	GammaInit Initializer `arg:"gamma_initializer" default:"ones" doc:"What γ begins as."`
	BetaReg   Regularizer `arg:"beta_regularizer" doc:"Penalty on β, added to the loss."`
	GammaReg  Regularizer `arg:"gamma_regularizer" doc:"Penalty on γ, added to the loss."`

	BetaConstraint  Constraint `arg:"beta_constraint" doc:"What β is held to after each step."`
	GammaConstraint Constraint `arg:"gamma_constraint" doc:"What γ is held to after each step."`

	Name   string `arg:"name" doc:"The layer's name."`
	Frozen bool   `arg:"!trainable" doc:"Whether training changes the layer's variables."`
}

// RMSNormalization divides by the root of the mean square along Axis, the last dimension or several of the last, and
// scales: x/√(mean(x²) + ε) · scale (Zhang and Sennrich 2019).
type RMSNormalization struct {
	Axis    []int   `arg:"axis" default:"-1" axes:"yes" doc:"The last dimensions, counted with the batch, or from the end where they are below 0."`
	Epsilon float64 `arg:"epsilon" default:"1e-6" min:"0" doc:"Added to the mean square."`
	Name    string  `arg:"name" doc:"The layer's name."`
	Frozen  bool    `arg:"!trainable" doc:"Whether training changes the scale."`
}

// UnitNormalization makes the length of each sample's vectors along Axis 1: x/√Σx², of a vector shorter than 1e-12
// x·1e12.
type UnitNormalization struct {
	Axis []int  `arg:"axis" default:"-1" axes:"yes" doc:"The dimensions that the vectors lie along, counted with the batch, or from the end where they are below 0."`
	Name string `arg:"name" doc:"The layer's name."`
}

// Build declares gamma and beta, of the dimensions of Axis.
func (l LayerNormalization) Build(s *Scope, in prog.Shape) (prog.Shape, error) {
	axes, err := axesIn(l.Axis, in)
	if err != nil {
		return nil, err
	}
	shape := sizes(in, axes)
	weightUnless(l.NoScale, l.GammaInit, l.GammaReg, l.GammaConstraint).declare(s, "gamma", shape)
	weightUnless(l.NoCenter, l.BetaInit, l.BetaReg, l.BetaConstraint).declare(s, "beta", shape)
	return in, nil
}

// Build declares gamma and beta, each [channels].
func (l GroupNormalization) Build(s *Scope, in prog.Shape) (prog.Shape, error) {
	axis, err := axisOf(l.Axis, in)
	if err != nil {
		return nil, err
	}
	if n := l.groups(in[axis]); n < 1 || in[axis]%n != 0 {
		return nil, fail(ErrConfig, "groups is %d, wanted a divisor of the input's %d channels, or -1", l.Groups, in[axis])
	}
	channels := prog.Shape{in[axis]}
	weightUnless(l.NoScale, l.GammaInit, l.GammaReg, l.GammaConstraint).declare(s, "gamma", channels)
	weightUnless(l.NoCenter, l.BetaInit, l.BetaReg, l.BetaConstraint).declare(s, "beta", channels)
	return in, nil
}

func (l GroupNormalization) groups(channels int) int {
	if l.Groups == -1 {
		return channels
	}
	return l.Groups
}

// Build declares scale, of the dimensions of Axis.
func (l RMSNormalization) Build(s *Scope, in prog.Shape) (prog.Shape, error) {
	axes, err := axesIn(l.Axis, in)
	if err != nil {
		return nil, err
	}
	for i, a := range axes {
		if a != len(in)-len(axes)+i {
			return nil, fail(ErrConfig, "axis is %v, and the input %v; wanted its last dimensions", prog.Shape(l.Axis), in)
		}
	}
	s.Var("scale", sizes(in, axes), Ones{}, nil)
	return in, nil
}

// Build keeps the shape.
func (l UnitNormalization) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	_, err := axesIn(l.Axis, in)
	return in, err
}

// axesIn are the dimensions of a sample of shape in that axes name, in the order of axes sorted as they are
// written, which is that of Keras's variables.
func axesIn(axes []int, in prog.Shape) ([]int, error) {
	var out []int
	for _, a := range ascending(axes) {
		d, err := axisOf(a, in)
		if err != nil {
			return nil, err
		}
		if slices.Contains(out, d) {
			return nil, fail(ErrConfig, "axis is %v, wanted each dimension of the input %v once", prog.Shape(axes), in)
		}
		out = append(out, d)
	}
	return out, nil
}

// sizes are those of some dimensions.
func sizes(in prog.Shape, dimensions []int) prog.Shape {
	var out prog.Shape
	for _, d := range dimensions {
		out = append(out, in[d])
	}
	return out
}

// beside is what a tensor of some of a sample's dimensions is reshaped to, to be stretched to a batch.
func beside(in prog.Shape, dimensions []int) []int {
	wide := slices.Repeat([]int{1}, len(in)+1)
	for _, d := range dimensions {
		wide[d+1] = in[d]
	}
	return wide
}

// behindBatch are a sample's dimensions in a batch.
func behindBatch(dimensions []int) []int {
	out := slices.Clone(dimensions)
	for i := range out {
		out[i]++
	}
	return out
}

// Lower normalises.
func (l LayerNormalization) Lower(c *Call, x prog.Buf) prog.Buf {
	axes, _ := axesIn(l.Axis, c.In())
	return scaledAndShifted(c, standardized(c.Builder, x, l.Epsilon, behindBatch(axes)), beside(c.In(), axes), l.NoScale, l.NoCenter)
}

// Lower normalises.
func (l GroupNormalization) Lower(c *Call, x prog.Buf) prog.Buf {
	axis, _ := axisOf(l.Axis, c.In())
	n := l.groups(c.In()[axis])
	// [N, .., C, ..] as [N, .., n, C/n, ..]
	grouped := slices.Insert(append([]int{c.batch(x)}, c.In()...), axis+1, n)
	grouped[axis+2] /= n
	var axes []int
	for d := range grouped {
		if d != 0 && d != axis+1 {
			axes = append(axes, d)
		}
	}
	y := standardized(c.Builder, c.Reshape(x, grouped...), l.Epsilon, axes)
	y = c.Reshape(y, append([]int{c.batch(x)}, c.In()...)...)
	return scaledAndShifted(c, y, beside(c.In(), []int{axis}), l.NoScale, l.NoCenter)
}

// Lower normalises.
func (l RMSNormalization) Lower(c *Call, x prog.Buf) prog.Buf {
	axes, _ := axesIn(l.Axis, c.In())
	square := c.Reduce(prog.Mean, c.Unary(prog.Square, x), true, behindBatch(axes)...)
	return c.Mul(c.Mul(x, c.Unary(prog.Rsqrt, c.Affine(square, 1, l.Epsilon))), c.Reshape(c.Var(0), beside(c.In(), axes)...))
}

// Lower normalises.
func (l UnitNormalization) Lower(c *Call, x prog.Buf) prog.Buf {
	axes, _ := axesIn(l.Axis, c.In())
	return normalizeTo(c.Builder, x, 1e-12, behindBatch(axes)...)
}

// standardized is (x - mean)/√(variance + ε) along axes.
func standardized(b *prog.Builder, x prog.Buf, epsilon float64, axes []int) prog.Buf {
	x = b.Sub(x, b.Reduce(prog.Mean, x, true, axes...))
	variance := b.Reduce(prog.Mean, b.Unary(prog.Square, x), true, axes...)
	return b.Mul(x, b.Unary(prog.Rsqrt, b.Affine(variance, 1, epsilon)))
}

// scaledAndShifted is y·γ + β, those of them that the layer has, its first variables.
func scaledAndShifted(c *Call, y prog.Buf, wide []int, noScale, noCenter bool) prog.Buf {
	next := 0
	if !noScale {
		y = c.Mul(y, c.Reshape(c.Var(next), wide...))
		next++
	}
	if !noCenter {
		y = c.Add(y, c.Reshape(c.Var(next), wide...))
	}
	return y
}

// KeepsMask: what counts goes on to count.
func (LayerNormalization) KeepsMask() {}

// KeepsMask: what counts goes on to count.
func (GroupNormalization) KeepsMask() {}

// KeepsMask: what counts goes on to count.
func (UnitNormalization) KeepsMask() {}
