//go:build !js

package kernels

import (
	"fmt"
	"math"
	"testing"
)

// pooled is the definition of Pool and PoolGrad.
func pooled(w Window, avg bool, x, dy []float32) (y, dx []float64) {
	dx = make([]float64, len(x))
	for n := range int(w.N) {
		for oh := range int(w.OH) {
			for ow := range int(w.OW) {
				for c := range int(w.C) {
					var inside []int
					for i := range int(w.KH) {
						for j := range int(w.KW) {
							ih, iw := oh*int(w.SH)-int(w.Top)+i, ow*int(w.SW)-int(w.Left)+j
							if ih >= 0 && ih < int(w.H) && iw >= 0 && iw < int(w.W) {
								inside = append(inside, ((n*int(w.H)+ih)*int(w.W)+iw)*int(w.C)+c)
							}
						}
					}
					d := float64(dy[len(y)])
					largest, sum, first := math.Inf(-1), 0.0, -1
					for _, p := range inside {
						sum += float64(x[p])
						if v := float64(x[p]); v > largest || first < 0 {
							largest, first = v, p
						}
					}
					if avg {
						y = append(y, sum/float64(len(inside)))
						for _, p := range inside {
							dx[p] += d / float64(len(inside))
						}
						continue
					}
					y = append(y, largest)
					dx[first] += d
				}
			}
		}
	}
	return y, dx
}

func TestPool(t *testing.T) {
	for _, w := range []Window{
		{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0},
		{3, 4, 6, 4, 2, 3, 2, 2, 2, 2, 0, 0},
		{2, 5, 7, 11, 2, 3, 2, 2, 2, 2, 0, 0}, // a rest that no window sees
		{2, 5, 5, 3, 3, 3, 2, 2, 2, 2, 0, 0},  // SAME: the last windows are cut
		{1, 5, 6, 17, 2, 2, 3, 3, 2, 2, 0, 0}, // windows overlap
		{2, 4, 5, 33, 4, 5, 3, 3, 1, 1, 1, 1}, // all around, padded
		{1, 7, 8, 2, 2, 2, 2, 2, 3, 3, 0, 0},  // gaps between windows
		{1, 3, 4, 20, 1, 1, 3, 4, 1, 1, 0, 0}, // the whole image
		{1, 1, 9, 2, 1, 6, 1, 3, 1, 2, 0, 2},  // one row, padded
		{0, 4, 4, 2, 2, 2, 2, 2, 2, 2, 0, 0},  // no image
		{2, 6, 4, 5, 2, 4, 2, 1, 3, 1, 0, 0},  // gaps in one direction
		{1, 4, 4, 4, 3, 3, 2, 2, 2, 2, 1, 1},  // padded, no overlap
	} {
		x := random(int(w.N*w.H*w.W*w.C), 14)
		for i := range x {
			if i%3 == 0 {
				x[i] = 1 // ties
			}
		}
		dy := random(int(w.N*w.OH*w.OW*w.C), 15)
		for _, avg := range []bool{false, true} {
			what := fmt.Sprintf("pool (avg %t) %+v", avg, w)
			y, dx := pooled(w, avg, x, dy)
			got := everyLane(t, what, len(y), func(m *machine) (uint32, []Call) {
				dst := m.space(len(y))
				return dst, []Call{Pool{avg, dst, m.put(x), w}}
			})
			near(t, what, got, y)
			got = everyLane(t, what, len(dx), func(m *machine) (uint32, []Call) {
				dst, py := m.space(len(dx)), m.space(len(y))
				px := m.put(x)
				return dst, []Call{Pool{avg, py, px, w}, PoolGrad{avg, dst, px, py, m.put(dy), w}}
			})
			near(t, "gradient of "+what, got, dx)
		}
	}
}
