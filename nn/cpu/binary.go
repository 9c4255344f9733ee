package cpu

import (
	"math"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// binary: for every index i of out { out[i] = f(a[i], b[i]) }, where a stretched dimension of a or b
// is always read at 0.
func (l *loader[T]) binary(op *prog.Op) {
	in, out := l.operands(op)
	a, b, fn := in[0], in[1], op.Attr.(prog.BinaryAttr).Fn
	shape := l.shape(op.Out[0])
	w := newWalk(shape, contiguous(shape), stretched(l.shape(op.In[0]), shape), stretched(l.shape(op.In[1]), shape))
	f := binaryFunc[T](fn)
	l.add(w.rows, 4*w.n, func(from, to int) {
		for r := from; r < to; r++ {
			o, i, j := w.at(0, r), w.at(1, r), w.at(2, r)
			binaryRow(fn, f, out[o:o+w.n], a[i:], w.inner[1], b[j:], w.inner[2])
		}
	})
}

// binaryRow: for k := range out { out[k] = f(a[k*da], b[k*db]) }, with loops of their own for the
// functions that a float32 computes exactly as rounding the float64 result would.
func binaryRow[T Float](fn prog.Binary, f func(a, b float64) float64, out, a []T, da int, b []T, db int) {
	switch {
	case fn == prog.Add && da == 1 && db == 1:
		for k := range out {
			out[k] = a[k] + b[k]
		}
	case fn == prog.Add:
		for k := range out {
			out[k] = a[k*da] + b[k*db]
		}
	case fn == prog.Mul && da == 1 && db == 1:
		for k := range out {
			out[k] = a[k] * b[k]
		}
	case fn == prog.Mul:
		for k := range out {
			out[k] = a[k*da] * b[k*db]
		}
	default:
		for k := range out {
			out[k] = T(f(float64(a[k*da]), float64(b[k*db])))
		}
	}
}

// probabilityBounds are the bounds that the crossentropies clip probabilities to, 1e-7 and 1 - 1e-7,
// as the element type rounds them.
func probabilityBounds[T Float]() (lo, hi float64) { return float64(T(1e-7)), float64(T(1 - 1e-7)) }

func binaryFunc[T Float](fn prog.Binary) func(a, b float64) float64 {
	lo, hi := probabilityBounds[T]()
	switch fn {
	case prog.Add:
		return func(a, b float64) float64 { return a + b }
	case prog.Sub:
		return func(a, b float64) float64 { return a - b }
	case prog.Mul:
		return func(a, b float64) float64 { return a * b }
	case prog.Div:
		return func(a, b float64) float64 { return a / b }
	case prog.Pow:
		return math.Pow
	case prog.Maximum:
		return func(a, b float64) float64 { return max(a, b) }
	case prog.Minimum:
		return func(a, b float64) float64 { return min(a, b) }
	case prog.Equal:
		return func(a, b float64) float64 { return truth(a == b) }
	case prog.Greater:
		return func(a, b float64) float64 { return truth(a > b) }
	case prog.GreaterEqual:
		return func(a, b float64) float64 { return truth(a >= b) }
	case prog.Less:
		return func(a, b float64) float64 { return truth(a < b) }
	case prog.Where:
		return func(a, b float64) float64 {
			if b != 0 {
				return a
			}
			return 0
		}
	case prog.Unless:
		return func(a, b float64) float64 {
			if b == 0 {
				return a
			}
			return 0
		}
	case prog.BinaryXent:
		return func(a, b float64) float64 {
			p := min(max(a, lo), hi)
			return -(b*math.Log(p) + (1-b)*math.Log1p(-p))
		}
	case prog.BinaryXentGrad:
		return func(a, b float64) float64 {
			if a < lo || a > hi {
				return 0
			}
			return (a - b) / (a * (1 - a))
		}
	case prog.LogitXent:
		return func(a, b float64) float64 { return max(a, 0) - a*b + math.Log1p(math.Exp(-math.Abs(a))) }
	case prog.LogitXentGrad:
		return func(a, b float64) float64 { return sigmoid(a) - b }
	}
	panic("cpu: no definition of " + fn.String())
}
