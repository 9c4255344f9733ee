package nn

import "github.com/tabgrad/tabgrad/nn/prog"

// The constraints, keras/src/constraints/constraints.py's, with ε = 1e-7. A norm ‖w‖ is the root of the sum of
// squares over Axis, by default the first dimension: of a dense kernel's [in, units], each unit's weights. For a
// convolution's kernel it is [0, 1, 2].

// MaxNorm makes norms at most Max: w · min(‖w‖, Max) / (‖w‖ + ε).
type MaxNorm struct {
	Max  float64 `arg:"max_value" default:"2" min:"0" doc:"The largest norm."`
	Axis []int   `arg:"axis" default:"0" axes:"yes" doc:"The dimensions that a norm is over."`
}

// NonNeg makes weights at least 0.
type NonNeg struct{}

// UnitNorm makes norms 1: w / (‖w‖ + ε).
type UnitNorm struct {
	Axis []int `arg:"axis" default:"0" axes:"yes" doc:"The dimensions that a norm is over."`
}

// MinMaxNorm moves norms towards what lies between Min and Max, by the share Rate of the way a step.
type MinMaxNorm struct {
	Min  float64 `arg:"min_value" min:"0" doc:"The smallest norm."`
	Max  float64 `arg:"max_value" default:"1" min:"0" doc:"The largest norm."`
	Rate float64 `arg:"rate" default:"1" min:"0" max:"1" doc:"The share of the way that a step takes."`
	Axis []int   `arg:"axis" default:"0" axes:"yes" doc:"The dimensions that a norm is over."`
}

// Project scales what is too long.
func (c MaxNorm) Project(b *prog.Builder, w prog.Buf) prog.Buf {
	n := norms(b, w, c.Axis)
	return rescaled(b, w, n, b.UnaryConst(prog.Clip, n, 0, c.Max))
}

// Project is max(w, 0).
func (NonNeg) Project(b *prog.Builder, w prog.Buf) prog.Buf { return b.Unary(prog.Relu, w) }

// Project scales to length 1.
func (c UnitNorm) Project(b *prog.Builder, w prog.Buf) prog.Buf {
	return b.Div(w, b.Affine(norms(b, w, c.Axis), 1, epsilon))
}

// Project scales what is too short or too long.
func (c MinMaxNorm) Project(b *prog.Builder, w prog.Buf) prog.Buf {
	n := norms(b, w, c.Axis)
	within := b.UnaryConst(prog.Clip, n, c.Min, c.Max)
	return rescaled(b, w, n, b.Add(b.Affine(within, c.Rate, 0), b.Affine(n, 1-c.Rate, 0)))
}

func norms(b *prog.Builder, w prog.Buf, axes []int) prog.Buf {
	return b.Unary(prog.Sqrt, b.Reduce(prog.Sum, b.Unary(prog.Square, w), true, axes...))
}

// rescaled is w, of norms n, with the norms wanted.
func rescaled(b *prog.Builder, w, n, wanted prog.Buf) prog.Buf {
	return b.Mul(w, b.Div(wanted, b.Affine(n, 1, epsilon)))
}

// CheckShape refuses axes that the variable does not have.
func (c MaxNorm) CheckShape(s prog.Shape) error { return axesOf("max_norm", c.Axis, s) }

// CheckShape refuses axes that the variable does not have.
func (c UnitNorm) CheckShape(s prog.Shape) error { return axesOf("unit_norm", c.Axis, s) }

// CheckShape refuses axes that the variable does not have, and norms between which there is nothing.
func (c MinMaxNorm) CheckShape(s prog.Shape) error {
	if c.Min > c.Max {
		return fail(ErrConfig, "min_max_norm: min_value is %s, wanted at most max_value, %s", text(c.Min), text(c.Max))
	}
	return axesOf("min_max_norm", c.Axis, s)
}

func axesOf(what string, axes []int, s prog.Shape) error {
	seen := make([]bool, len(s))
	for _, a := range axes {
		if a < -len(s) || a >= len(s) || seen[(a+len(s))%len(s)] {
			return fail(ErrConfig, "%s: axis is %v, wanted different numbers from %d to %d for a variable of %v", what, axes, -len(s), len(s)-1, s)
		}
		seen[(a+len(s))%len(s)] = true
	}
	return nil
}

// A ShapeChecker is an initializer, regularizer or constraint that some shapes of variables make no sense for.
type ShapeChecker interface {
	CheckShape(s prog.Shape) error
}

// check asks the variable's initializer, regularizer and constraint whether they fit its shape.
func (v *variable) check() error {
	for _, x := range []any{v.init, v.regularizer, v.constraint} {
		if c, ok := x.(ShapeChecker); ok {
			if err := c.CheckShape(v.shape); err != nil {
				return named(v.name, err)
			}
		}
	}
	return nil
}
