package cpu

import (
	"math"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// columns is how many neighbouring outputs a reduction over outer dimensions adds up at a time: a
// cache line of float32.
const columns = 16

// reduce: out[i] = Σ, mean, maximum or Σ of squares over the reduced indices j of x[i, j], in order of j,
// added up in float64.
func (l *loader[T]) reduce(op *prog.Op) {
	in, out := l.operands(op)
	l.reduceOver(op.Attr.(prog.ReduceAttr), in[0], l.shape(op.In[0]), out)
}

func (l *loader[T]) reduceOver(a prog.ReduceAttr, x []T, shape prog.Shape, out []T) {
	strides := contiguous(shape)
	var kept, reduced prog.Shape
	var keptStrides, reducedStrides []int
	next := 0
	for i, d := range shape {
		if next < len(a.Axes) && a.Axes[next] == i {
			next++
			reduced, reducedStrides = append(reduced, d), append(reducedStrides, strides[i])
		} else {
			kept, keptStrides = append(kept, d), append(keptStrides, strides[i])
		}
	}
	over := newWalk(reduced, reducedStrides)
	count := reduced.Size()
	start, join := 0.0, func(acc, v float64) float64 { return acc + v }
	switch a.Fn {
	case prog.Max:
		start, join = math.Inf(-1), func(acc, v float64) float64 { return max(acc, v) }
	case prog.SumSquares:
		join = func(acc, v float64) float64 { return acc + v*v }
	}
	finish := func(acc float64) T {
		if a.Fn == prog.Mean {
			acc /= float64(count)
		}
		return T(acc)
	}

	// The kept elements that lie side by side in x are taken together.
	keep := newWalk(kept, keptStrides)
	if keep.n > 1 && keep.inner[0] == 1 {
		blocks := (keep.n + columns - 1) / columns
		l.add(keep.rows*blocks, count*columns, func(from, to int) {
			for u := from; u < to; u++ {
				first := u % blocks * columns
				n := min(columns, keep.n-first)
				at := keep.at(0, u/blocks) + first
				var acc [columns]float64
				for c := range acc {
					acc[c] = start
				}
				for r := range over.rows {
					o := at + over.at(0, r)
					for range over.n {
						row := x[o : o+n]
						switch a.Fn {
						case prog.Max:
							for c, v := range row {
								acc[c] = max(acc[c], float64(v))
							}
						case prog.SumSquares:
							for c, v := range row {
								acc[c] += float64(v) * float64(v)
							}
						default:
							for c, v := range row {
								acc[c] += float64(v)
							}
						}
						o += over.inner[0]
					}
				}
				for c := range n {
					out[u/blocks*keep.n+first+c] = finish(acc[c])
				}
			}
		})
		return
	}
	l.add(len(out), count, func(from, to int) {
		for i := from; i < to; i++ {
			at := keep.at(0, i/keep.n) + i%keep.n*keep.inner[0]
			acc := start
			for r := range over.rows {
				o := at + over.at(0, r)
				for range over.n {
					acc = join(acc, float64(x[o]))
					o += over.inner[0]
				}
			}
			out[i] = finish(acc)
		}
	})
}

// argMax: out[r] = the first j with the largest x[r, j]
func (l *loader[T]) argMax(op *prog.Op) {
	in, out := l.operands(op)
	x, shape := in[0], l.shape(op.In[0])
	l.rows(shape, func(r, at int) {
		best := 0
		for j, v := range x[at : at+shape.Last()] {
			if v > x[at+best] {
				best = j
			}
		}
		out[r] = T(best)
	})
}
