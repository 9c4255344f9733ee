//go:build !js

package kernels

import (
	"fmt"
	"math"
	"testing"
)

// warp is what the kernel makes of n images of h by w, of one size before and behind.
func warp(t *testing.T, a Warp, x, transforms []float32) []float32 {
	t.Helper()
	size := int(a.N * a.OH * a.OW * a.C)
	return everyLane(t, fmt.Sprintf("%+v", a), size, func(m *machine) (uint32, []Call) {
		a.Dst, a.X, a.T = m.space(size), m.put(x), m.put(transforms)
		return a.Dst, []Call{a}
	})
}

func warpGrad(t *testing.T, a Warp, dy, transforms []float32) []float32 {
	t.Helper()
	size := int(a.N * a.H * a.W * a.C)
	return everyLane(t, fmt.Sprintf("gradient of %+v", a), size, func(m *machine) (uint32, []Call) {
		dst := m.space(size)
		return dst, []Call{WarpGrad{
			Dst: dst, T: m.put(transforms), Dy: m.put(dy), N: a.N, H: a.H, W: a.W, C: a.C, OH: a.OH, OW: a.OW, Border: a.Border, Nearest: a.Nearest,
		}}
	})
}

// A row moved by whole pixels continues beyond its ends as its border says, with and without interpolation.
func TestWarpBorders(t *testing.T) {
	row := []float32{1, 2, 3, 4}
	for border, want := range map[Border][]float32{
		BorderConstant: {9, 9, 9, 1, 2, 3, 4, 9, 9, 9},
		BorderNearest:  {1, 1, 1, 1, 2, 3, 4, 4, 4, 4},
		BorderReflect:  {3, 2, 1, 1, 2, 3, 4, 4, 3, 2},
		BorderWrap:     {4, 3, 4, 1, 2, 3, 4, 1, 2, 1}, // TensorFlow's: three pixels away it is off
	} {
		for _, nearest := range []bool{false, true} {
			a := Warp{N: 1, H: 1, W: 4, C: 1, OH: 1, OW: 10, Border: border, Nearest: nearest, Value: 9}
			sameBits(t, fmt.Sprintf("border %d, nearest %t", border, nearest), warp(t, a, row, []float32{1, 0, -3, 0, 1, 0}), want)
		}
	}
}

// Between the pixels of a plane lies the plane.
func TestWarpInterpolates(t *testing.T) {
	for _, c := range []int{1, 3, 4, 7, 16} {
		const n, h, w, oh, ow = 3, 6, 7, 4, 5
		x := make([]float32, n*h*w*c)
		for i := range x {
			ch, u, v := i%c, i/c%w, i/c/w%h
			x[i] = float32(u) - 2*float32(v) + float32(10*ch+i/(h*w*c))
		}
		transforms := []float32{
			0.75, 0.25, 0.5, -0.1, 0.9, 1.3,
			1, 0, 1.5, 0, 1, 0.25,
			0.3, 0.4, 2, 0.2, 0.5, 0.5,
		}
		got := warp(t, Warp{N: n, H: h, W: w, C: uint32(c), OH: oh, OW: ow}, x, transforms)
		want, scale := make([]float64, len(got)), make([]float64, len(got))
		for i := range want {
			ch, j, row, image := i%c, float64(i/c%ow), float64(i/c/ow%oh), i/(oh*ow*c)
			m := transforms[6*image:]
			along := func(k int) float64 { return float64(m[k])*j + float64(m[k+1])*row + float64(m[k+2]) }
			want[i] = along(0) - 2*along(3) + float64(10*ch+image)
			scale[i] = math.Abs(want[i]) + 20
		}
		compare(t, fmt.Sprintf("%d channels", c), got, want, scale, 1e-6)
	}
}

// The gradient is the transposed matrix: Σ dy·warp(x) = Σ warpGrad(dy)·x where outside counts as 0.
func TestWarpGradIsTransposed(t *testing.T) {
	for seed, c := range []int{1, 3, 4, 6, 17} {
		for border := BorderConstant; border <= BorderWrap; border++ {
			for _, nearest := range []bool{false, true} {
				a := Warp{N: 4, H: 5, W: 6, C: uint32(c), OH: 7, OW: 4, Border: border, Nearest: nearest}
				x, dy := random(4*5*6*c, uint64(seed)), random(4*7*4*c, uint64(seed+9))
				transforms := random(24, uint64(seed+99))
				for i := range transforms {
					transforms[i] = []float32{1, 0, 0, 0, 1, 0}[i%6] + transforms[i]*[]float32{0.6, 0.6, 3}[i%3]
				}
				y, dx := warp(t, a, x, transforms), warpGrad(t, a, dy, transforms)
				forward, backward, size := 0.0, 0.0, 0.0
				for i, v := range y {
					forward += float64(v) * float64(dy[i])
					size += math.Abs(float64(v) * float64(dy[i]))
				}
				for i, v := range dx {
					backward += float64(v) * float64(x[i])
				}
				if !(math.Abs(forward-backward) <= 1e-6*size) || size == 0 {
					t.Errorf("%+v: Σ dy·y is %v, Σ dx·x is %v", a, forward, backward)
				}
			}
		}
	}
}
