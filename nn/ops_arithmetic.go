package nn

import (
	"math"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// The operations that act element by element, and the reductions. Numbers as operands become constants of an op
// where there is such an op, so that they cost nothing.

type (
	opUnary  prog.Unary
	opBinary prog.Binary
	opNot    prog.Binary // 1 - f(x, y)
	opFunc   func(r *replay, x []operand) prog.Buf
)

// opActivation is an activation function.
type opActivation struct{ fn ActivationFunc }

func (f opUnary) lower(r *replay, x []operand) prog.Buf {
	return r.Unary(prog.Unary(f), r.tensor(x[0]))
}

func (f opFunc) lower(r *replay, x []operand) prog.Buf { return f(r, x) }

func (f opActivation) lower(r *replay, x []operand) prog.Buf {
	return f.fn.Lower(r.Builder, r.tensor(x[0]))
}

func (f opBinary) lower(r *replay, x []operand) prog.Buf {
	a, b := x[0], x[1]
	switch fn := prog.Binary(f); {
	case a.isNumber == b.isNumber:
	case fn == prog.Add || fn == prog.Mul:
		if a.isNumber {
			a, b = b, a
		}
		if fn == prog.Add {
			return r.Affine(a.buf, 1, b.number)
		}
		return r.Affine(a.buf, b.number, 0)
	case fn == prog.Sub && a.isNumber:
		return r.Affine(b.buf, -1, a.number)
	case fn == prog.Sub:
		return r.Affine(a.buf, 1, -b.number)
	}
	return r.Binary(prog.Binary(f), r.tensor(a), r.tensor(b))
}

func (f opNot) lower(r *replay, x []operand) prog.Buf {
	return r.not(r.Binary(prog.Binary(f), r.tensor(x[0]), r.tensor(x[1])))
}

// not is 1 - x.
func (r *replay) not(x prog.Buf) prog.Buf { return r.Affine(x, -1, 1) }

// lowerPower takes whole numbers as powers apart: prog.Pow wants x > 0.
func lowerPower(r *replay, x []operand) prog.Buf {
	base, power := r.tensor(x[0]), x[1].number
	switch {
	case !x[1].isNumber:
		return r.Binary(prog.Pow, base, x[1].buf)
	case power == 0.5:
		return r.Unary(prog.Sqrt, base)
	case power == -0.5:
		return r.Unary(prog.Rsqrt, base)
	case power != math.Trunc(power) || math.Abs(power) > 8:
		return r.Binary(prog.Pow, base, r.Fill(power))
	case power == 0:
		return r.Fill(1, r.Shape(base)...)
	}
	y := base
	for range int(math.Abs(power)) - 1 {
		if y == base {
			y = r.Unary(prog.Square, base)
		} else {
			y = r.Mul(y, base)
		}
	}
	if power < 0 {
		y = r.Unary(prog.Reciprocal, y)
	}
	return y
}

func lowerMod(r *replay, x []operand) prog.Buf {
	a, b := r.tensor(x[0]), r.tensor(x[1])
	return r.Sub(a, r.Mul(b, r.Unary(prog.Floor, r.Div(a, b))))
}

func lowerCeil(r *replay, x []operand) prog.Buf {
	return r.Unary(prog.Neg, r.Unary(prog.Floor, r.Unary(prog.Neg, r.tensor(x[0]))))
}

func lowerStop(r *replay, x []operand) prog.Buf { return r.Stop(r.tensor(x[0])) }

func lowerLessEqual(r *replay, x []operand) prog.Buf {
	return r.Binary(prog.GreaterEqual, r.tensor(x[1]), r.tensor(x[0]))
}

// zero is 1 where x is 0.
func (r *replay) zero(x operand) prog.Buf { return r.Binary(prog.Equal, r.tensor(x), r.Fill(0)) }

func lowerNot(r *replay, x []operand) prog.Buf { return r.zero(x[0]) }

func lowerAnd(r *replay, x []operand) prog.Buf {
	return r.Mul(r.not(r.zero(x[0])), r.not(r.zero(x[1])))
}

func lowerOr(r *replay, x []operand) prog.Buf {
	return r.not(r.Mul(r.zero(x[0]), r.zero(x[1])))
}

func lowerWhere(r *replay, x []operand) prog.Buf {
	return r.Select(r.tensor(x[0]), r.tensor(x[1]), r.tensor(x[2]))
}

type opClip struct {
	Min float64 `arg:"min" required:"yes" doc:"The smallest result."`
	Max float64 `arg:"max" required:"yes" doc:"The largest result."`
}

func (o opClip) lower(r *replay, x []operand) prog.Buf {
	return r.UnaryConst(prog.Clip, r.tensor(x[0]), o.Min+0, o.Max+0) // an explicit zero without its sign
}

type opCast struct {
	Type string `arg:"dtype" required:"yes" oneof:"float32,int32,bool" doc:"float32: x; int32: x cut to a whole number; bool: 1 where x is not 0."`
}

func (o opCast) lower(r *replay, x []operand) prog.Buf {
	y := r.tensor(x[0])
	switch o.Type {
	case "int32":
		return r.Mul(r.Unary(prog.Sign, y), r.Unary(prog.Floor, r.Unary(prog.Abs, y)))
	case "bool":
		return r.not(r.zero(x[0]))
	}
	return y
}

// opReduce is a reduction.
type opReduce struct {
	Axis []int `arg:"axis" axes:"yes" doc:"The dimensions, counted with the batch, negative from the end; all by default."`
	Keep bool  `arg:"keep_dims" doc:"Whether they stay as dimensions of 1."`
	of   prog.ReduceFn
}

func (o opReduce) lower(r *replay, x []operand) prog.Buf {
	return r.Reduce(o.of, r.tensor(x[0]), o.Keep, o.Axis...)
}

type (
	opMin       opReduce
	opVariance  opReduce
	opStd       opReduce
	opLogSumExp opReduce
)

func (o opMin) lower(r *replay, x []operand) prog.Buf {
	return r.Unary(prog.Neg, r.Reduce(prog.Max, r.Unary(prog.Neg, r.tensor(x[0])), o.Keep, o.Axis...))
}

func (o opVariance) lower(r *replay, x []operand) prog.Buf {
	y := r.tensor(x[0])
	away := r.Sub(y, r.Reduce(prog.Mean, y, true, o.Axis...))
	return r.Reduce(prog.Mean, r.Unary(prog.Square, away), o.Keep, o.Axis...)
}

func (o opStd) lower(r *replay, x []operand) prog.Buf {
	return r.Unary(prog.Sqrt, opVariance(o).lower(r, x))
}

// lower takes the largest out, which has no part in the gradient.
func (o opLogSumExp) lower(r *replay, x []operand) prog.Buf {
	y := r.tensor(x[0])
	top := r.Stop(r.Reduce(prog.Max, y, true, o.Axis...))
	sum := r.Unary(prog.Log, r.Reduce(prog.Sum, r.Unary(prog.Exp, r.Sub(y, top)), o.Keep, o.Axis...))
	return r.Add(sum, r.Reshape(top, r.Shape(sum)...))
}

type opArgMax struct {
	Axis int `arg:"axis" default:"-1" doc:"The dimension, counted with the batch, negative from the end."`
}

type opArgMin opArgMax

func (o opArgMax) lower(r *replay, x []operand) prog.Buf { return r.argMax(r.tensor(x[0]), o.Axis) }

func (o opArgMin) lower(r *replay, x []operand) prog.Buf {
	return r.argMax(r.Unary(prog.Neg, r.tensor(x[0])), o.Axis)
}

func (r *replay) argMax(x prog.Buf, axis int) prog.Buf {
	at, ok := r.axis(x, axis)
	if !ok {
		return prog.None
	}
	return r.ArgMax(r.Stop(r.toEnd(x, at)))
}

// axis is a dimension of x counted from the first.
func (r *replay) axis(x prog.Buf, axis int) (int, bool) {
	rank := len(r.Shape(x))
	if r.Err() != nil {
		return 0, false
	}
	if axis < -rank || axis >= rank {
		r.Fail(fail(ErrShape, "there is no dimension %d", axis))
		return 0, false
	}
	return (axis + rank) % rank, true
}

// toEnd is x with a dimension moved behind the others.
func (r *replay) toEnd(x prog.Buf, axis int) prog.Buf {
	perm := []int{}
	for i := range r.Shape(x) {
		if i != axis {
			perm = append(perm, i)
		}
	}
	if len(perm) == axis || r.Err() != nil {
		return x
	}
	return r.Transpose(x, append(perm, axis)...)
}

type opNormalize struct {
	Axis int `arg:"axis" default:"-1" doc:"The dimension, counted with the batch, negative from the end."`
}

func (o opNormalize) lower(r *replay, x []operand) prog.Buf {
	y := r.tensor(x[0])
	if _, ok := r.axis(y, o.Axis); !ok {
		return prog.None
	}
	return normalize(r.Builder, y, o.Axis)
}

type opBinaryXent struct {
	FromLogits bool `arg:"from_logits" doc:"Whether the output is logits, not probabilities."`
}

type (
	opCategoricalXent opBinaryXent
	opSparseXent      opBinaryXent
)

// prog's crossentropies have no gradients for targets.

func (o opBinaryXent) lower(r *replay, x []operand) prog.Buf {
	target, output := r.Stop(r.tensor(x[0])), r.tensor(x[1])
	if o.FromLogits {
		return r.Binary(prog.LogitXent, output, target)
	}
	return r.BinaryXent(output, target)
}

func (o opCategoricalXent) lower(r *replay, x []operand) prog.Buf {
	return CategoricalCrossentropyLoss{FromLogits: o.FromLogits}.Each(r.Builder, r.tensor(x[1]), r.Stop(r.tensor(x[0])))
}

func (o opSparseXent) lower(r *replay, x []operand) prog.Buf {
	target, output := r.Stop(r.tensor(x[0])), r.tensor(x[1])
	if s := r.Shape(output); len(s) > 0 && r.Shape(target).Last() == 1 && len(r.Shape(target)) == len(s) {
		target = r.Reshape(target, s[:len(s)-1]...) // Keras's [N, 1]
	}
	return SparseCategoricalCrossentropyLoss{FromLogits: o.FromLogits}.Each(r.Builder, output, target)
}
