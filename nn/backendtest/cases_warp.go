package backendtest

import (
	"math"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// warpSizes are x [N,H,W,C] and the result's height and width: one pixel, rows and columns alone, channels
// around a vector of four, larger and smaller results, no images.
var warpSizes = []struct {
	x   prog.Shape
	out [2]int
}{
	{prog.Shape{1, 1, 1, 1}, [2]int{1, 1}}, {prog.Shape{2, 1, 5, 1}, [2]int{1, 7}}, {prog.Shape{2, 5, 1, 2}, [2]int{4, 3}},
	{prog.Shape{3, 4, 5, 3}, [2]int{4, 5}}, {prog.Shape{2, 5, 4, 4}, [2]int{6, 3}}, {prog.Shape{1, 6, 7, 5}, [2]int{3, 4}},
	{prog.Shape{7, 3, 3, 1}, [2]int{3, 3}}, {prog.Shape{2, 3, 4, 17}, [2]int{2, 5}}, {prog.Shape{0, 4, 4, 2}, [2]int{4, 4}},
	{prog.Shape{2, 3, 3, 1}, [2]int{0, 2}},
}

// transforms are n of all kinds, of images of h by w: as it is, moved by fractions, turned, shrunk, far
// outside, and to places between two pixels, where rounding decides.
func transforms(n, h, w int) []float32 {
	cos, sin := float32(math.Cos(0.7)), float32(math.Sin(0.7))
	kinds := [][6]float32{
		{1, 0, 0, 0, 1, 0},
		{1, 0, 0.3, 0, 1, -0.6},
		{cos, -sin, 0.4 * float32(h), sin, cos, -0.3 * float32(w)},
		{0.5, 0, 0.25, 0, 2, -0.75},
		{-1, 0, float32(w - 1), 0, -1, float32(h - 1)},
		{3.1, 0.2, -2.3 * float32(w), -0.4, 5.7, -3.4 * float32(h)},
		{1, 0, 0.5, 0, 1, -0.5},
	}
	var t []float32
	for i := range n {
		t = append(t, kinds[(i+h+w)%len(kinds)][:]...)
	}
	return t
}

// warpCases: each border, interpolation and size, the gradient with them.
func warpCases() []Case {
	var cases []Case
	for _, border := range prog.Borders() {
		for _, nearest := range []bool{false, true} {
			kind := map[bool]string{false: "bilinear", true: "nearest"}[nearest]
			for _, s := range warpSizes {
				cases = append(cases, Case{
					Name: caseName("Warp/%s/%s_%v_%v", border, kind, s.x, s.out), Terms: s.out[0] * s.out[1],
					Record: func(r *Recorder) prog.Buf {
						t := r.Fixed(transforms(s.x[0], s.x[1], s.x[2]), s.x[0], 6)
						return r.Warp(r.Param(Signed, s.x...), t, prog.WarpAttr{Out: s.out, Nearest: nearest, Border: border, Value: 0.75})
					},
				})
			}
		}
	}
	for _, border := range prog.Borders() {
		for _, nearest := range []bool{false, true} {
			cases = append(cases, Case{
				Name: caseName("Warp/edges_%s_nearest=%t", border, nearest), Terms: 4, Rough: true,
				Record: func(r *Recorder) prog.Buf {
					t := r.Fixed([]float32{
						1, 0, nan32, 0, 1, 0,
						1, 0, 1e12, 0, 1, -1e12,
						inf32, 0, 0, 0, 1, 0,
						1, 0, 0, 0, -inf32, 0,
						1, 0, 0, 0, 1, 0,
					}, 5, 6)
					x := append(make([]float32, 24), 1, inf32, 2, 3, nan32, 4)
					return r.Warp(r.Fixed(x, 5, 2, 3, 1), t, prog.WarpAttr{Out: two, Nearest: nearest, Border: border, Value: -1})
				},
			})
		}
	}
	return cases
}
