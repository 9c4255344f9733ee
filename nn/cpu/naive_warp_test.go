package cpu_test

import (
	"math"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// Warp as op.go and warp.go have it. Coordinates are float32.

func naiveBorder(b prog.Border, u float32, size int) float32 {
	n := float32(size)
	truncated := func(v float32) float32 { return float32(math.Trunc(float64(v))) }
	below, above := u < 0, u > n-1
	switch {
	case b == prog.BorderConstant:
		return u
	case size == 1 && (below || above):
		return 0
	case b == prog.BorderReflect && below:
		turns := truncated(-u / (2 * n))
		u = float32(2*n*turns) + u
		if u < -n {
			u = u + 2*n
		} else {
			u = -u - 1
		}
	case b == prog.BorderReflect && above:
		turns := truncated(u / (2 * n))
		u = u - float32(2*n*turns)
		if u >= n {
			u = 2*n - u - 1
		}
	case b == prog.BorderWrap && below:
		turns := truncated(-u/(n-1)) + 1
		u = u + float32(n*turns)
	case b == prog.BorderWrap && above:
		turns := truncated(u / (n - 1))
		u = u - float32(n*turns)
	}
	if u != u {
		return u
	}
	return min(max(u, 0), n-1)
}

func naiveWarp(a prog.WarpAttr, x, t, out tensor) {
	h, w := x.shape[1], x.shape[2]
	out.fill(func(idx []int) float64 {
		n, i, j, c := idx[0], idx[1], idx[2], idx[3]
		along := func(k int) float32 {
			ju, iu := float32(float32(t.get(n, k))*float32(j)), float32(float32(t.get(n, k+1))*float32(i))
			return float32(ju+iu) + float32(t.get(n, k+2))
		}
		u, v := naiveBorder(a.Border, along(0), w), naiveBorder(a.Border, along(3), h)
		at := func(v, u float64) float64 {
			if !(v >= 0 && v < float64(h) && u >= 0 && u < float64(w)) {
				return a.Value
			}
			return x.get(n, int(v), int(u), c)
		}
		if a.Nearest {
			nearest := func(v float32) float64 {
				if v != v {
					return 0 // NaN's row is the first, as the conversions of WebAssembly have it
				}
				return math.Round(float64(v))
			}
			return at(nearest(v), nearest(u))
		}
		u0, v0 := float32(math.Floor(float64(u))), float32(math.Floor(float64(v)))
		left, right := float64(u0+1-u), float64(u-u0)
		upper, lower := float64(v0+1-v), float64(v-v0)
		row := func(v float64) float64 { return left*at(v, float64(u0)) + right*at(v, float64(u0)+1) }
		return upper*row(float64(v0)) + lower*row(float64(v0)+1)
	})
}

// naiveWarpGrad is each pixel's part in all results: what becomes of an image in which only it is 1.
func naiveWarpGrad(a prog.WarpAttr, t, dy, out tensor) {
	a.Value = 0
	images := out.shape[0]
	out.fill(func(idx []int) float64 {
		one := tensor{prog.Shape{images, a.In[0], a.In[1], out.shape[3]}, make([]float64, out.shape.Size())}
		one.set(1, idx...)
		y := tensor{dy.shape, make([]float64, dy.shape.Size())}
		naiveWarp(a, one, t, y)
		sum := 0.0
		for i, v := range y.data {
			if v != 0 {
				sum += v * dy.data[i]
			}
		}
		return sum
	})
}
