//go:build !js

package kernels

import (
	"fmt"
	"math"
	"testing"
)

// reduced is the definition of ReduceRows; ReduceLast is it with one column.
func reduced(fn ReduceFn, x []float32, outer, n, cols, chunk int, divisor float64) (want, scale []float64) {
	for o := range outer {
		for first := 0; first < n; first += chunk {
			for j := range cols {
				sum, largest, size := 0.0, math.Inf(-1), 0.0
				for i := first; i < min(first+chunk, n); i++ {
					v := float64(x[(o*n+i)*cols+j])
					if fn == ReduceSquares {
						v *= v
					}
					sum, largest, size = sum+v, max(largest, v), size+math.Abs(v)
				}
				if fn == ReduceMax {
					want, scale = append(want, largest), append(scale, 0)
				} else {
					want, scale = append(want, sum/divisor), append(scale, size/divisor)
				}
			}
		}
	}
	return want, scale
}

func TestReduce(t *testing.T) {
	for _, c := range []struct{ outer, n, cols, chunk int }{
		{1, 1, 1, 1}, {3, 5, 1, 5}, {1, 1009, 1, 1009}, {1, 1009, 1, 128}, {17, 16, 1, 16}, {40, 3, 1, 2}, {0, 3, 1, 3},
		{1, 1, 5, 1}, {2, 7, 33, 7}, {1, 300, 64, 128}, {5, 4, 3, 3}, {1, 97, 131, 97}, {3, 2, 1009, 2}, {2, 3, 0, 3},
	} {
		for fn := range numReduceFn {
			x := random(c.outer*c.n*c.cols, 8)
			if len(x) > 100 {
				x[7] = float32(math.Inf(1))
				x[50] = float32(math.NaN())
			}
			what := fmt.Sprintf("reduce %d of %+v", fn, c)
			want, scale := reduced(fn, x, c.outer, c.n, c.cols, c.chunk, 3)
			got := everyLane(t, what, len(want), func(m *machine) (uint32, []Call) {
				dst := m.space(len(want))
				return dst, []Call{ReduceRows{fn, dst, m.put(x), uint32(c.outer), uint32(c.n), uint32(c.cols), uint32(c.chunk), 3}}
			})
			compare(t, what, got, want, scale, 1e-6*math.Sqrt(float64(c.n)))
			if c.cols != 1 {
				continue
			}
			got = everyLane(t, what, len(want), func(m *machine) (uint32, []Call) {
				dst := m.space(len(want))
				return dst, []Call{ReduceLast{fn, dst, m.put(x), uint32(c.outer), uint32(c.n), uint32(c.chunk), 3}}
			})
			compare(t, what+" of rows", got, want, scale, 1e-6*math.Sqrt(float64(c.n)))
		}
	}
}

func TestArgMax(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct {
		row  []float32
		want float32
	}{
		{[]float32{4}, 0}, {[]float32{1, 3, 3, 2}, 1}, {[]float32{-inf, -inf}, 0}, {[]float32{-inf, -5}, 1},
		{[]float32{1, nan, 2}, 2}, {[]float32{nan, 1}, 0}, {[]float32{-0.5, inf, inf}, 1},
	} {
		rows := make([]float32, 0, 37*len(c.row))
		for range 37 {
			rows = append(rows, c.row...)
		}
		for _, got := range everyLane(t, "argmax", 37, func(m *machine) (uint32, []Call) {
			dst := m.space(37)
			return dst, []Call{ArgMax{dst, m.put(rows), 37, uint32(len(c.row))}}
		}) {
			if got != c.want {
				t.Errorf("argmax %v is %v, want %v", c.row, got, c.want)
			}
		}
	}
}
