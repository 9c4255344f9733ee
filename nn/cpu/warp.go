package cpu

import (
	"math"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// A warping is a Warp or its gradient: which pixels of an image x stand behind each pixel of the result.
type warping[T Float] struct {
	prog.WarpAttr
	h, w, c int // of x
}

// A tap is a pixel of x by its row and column, which may be outside, and its part in a result. What is
// computed of coordinates is float32, whatever the element type, so that every backend takes the same pixels.
type tap struct {
	y, x   int
	weight float64
}

// coordinate is a·j + b·i + c, brought in where the border says so, along n pixels.
func (g *warping[T]) coordinate(t []T, i, j, n int) float32 {
	u := float32(float32(float32(t[0])*float32(j))+float32(float32(t[1])*float32(i))) + float32(t[2])
	last := float32(n - 1)
	if g.Border == prog.BorderConstant || u >= 0 && u <= last {
		return u
	}
	size := float32(n)
	switch g.Border {
	case prog.BorderReflect:
		if n > 1 && u < 0 {
			if u = float32(2*size*trunc(-u/(2*size))) + u; u < -size {
				u += 2 * size
			} else {
				u = -u - 1
			}
		} else if n > 1 {
			if u -= float32(2 * size * trunc(u/(2*size))); u >= size {
				u = 2*size - u - 1
			}
		}
	case prog.BorderWrap:
		if n > 1 && u < 0 {
			u += float32(size * (trunc(-u/last) + 1))
		} else if n > 1 {
			u -= float32(size * trunc(u/last))
		}
	}
	switch { // a NaN stays one
	case u < 0:
		return 0
	case u > last:
		return last
	}
	return u
}

func trunc(v float32) float32 { return float32(math.Trunc(float64(v))) }

// whole is v as a pixel number; what is far outside stays outside, and NaN is 0.
func whole(v float32) int {
	switch {
	case v != v:
		return 0
	case v < -1<<31:
		return -1 << 31
	case v > 1<<31-1:
		return 1<<31 - 1
	}
	return int(v)
}

// taps are the pixels behind pixel i, j of the result under the transform t [6]: one, or four row by row.
func (g *warping[T]) taps(t []T, i, j int, to *[4]tap) []tap {
	u, v := g.coordinate(t, i, j, g.w), g.coordinate(t[3:], i, j, g.h)
	if g.Nearest {
		to[0] = tap{whole(float32(math.Round(float64(v)))), whole(float32(math.Round(float64(u)))), 1}
		return to[:1]
	}
	u0, v0 := float32(math.Floor(float64(u))), float32(math.Floor(float64(v)))
	wu, wv := [2]float32{u0 + 1 - u, u - u0}, [2]float32{v0 + 1 - v, v - v0}
	for k := range to {
		to[k] = tap{whole(v0) + k/2, whole(u0) + k%2, float64(wu[k%2]) * float64(wv[k/2])}
	}
	return to[:]
}

// at is the offset of a tap's first channel in an image, -1 where it is outside.
func (g *warping[T]) at(p tap) int {
	if p.y < 0 || p.y >= g.h || p.x < 0 || p.x >= g.w {
		return -1
	}
	return (p.y*g.w + p.x) * g.c
}

// warp: out[n][i][j] = Σ over the taps of i, j { weight · x[n][tap] }
func (l *loader[T]) warp(op *prog.Op) {
	in, out := l.operands(op)
	s, a := l.shape(op.In[0]), op.Attr.(prog.WarpAttr)
	g := &warping[T]{a, s[1], s[2], s[3]}
	oh, ow, image := a.Out[0], a.Out[1], s[1]*s[2]*s[3]
	l.add(s[0]*oh, ow*g.c*8, func(from, to int) {
		var store [4]tap
		for row := from; row < to; row++ {
			n, i := row/oh, row%oh
			x := in[0][n*image : (n+1)*image]
			for j := range ow {
				dst := out[(row*ow+j)*g.c : (row*ow+j+1)*g.c]
				clear(dst)
				for _, p := range g.taps(in[1][6*n:6*n+6], i, j, &store) {
					at := g.at(p)
					for c := range dst {
						v := T(a.Value)
						if at >= 0 {
							v = x[at+c]
						}
						dst[c] += T(p.weight) * v
					}
				}
			}
		}
	})
}

// warpGrad: out = 0; for each pixel i, j of dy { for its taps { out[n][tap] += weight · dy[n][i][j] } }
func (l *loader[T]) warpGrad(op *prog.Op) {
	in, out := l.operands(op)
	s, a := l.shape(op.Out[0]), op.Attr.(prog.WarpAttr)
	g := &warping[T]{a, s[1], s[2], s[3]}
	oh, ow, image := a.Out[0], a.Out[1], s[1]*s[2]*s[3]
	l.add(s[0], image+oh*ow*g.c*8, func(from, to int) {
		var store [4]tap
		for n := from; n < to; n++ {
			dx := out[n*image : (n+1)*image]
			clear(dx)
			for pixel := range oh * ow {
				dy := in[1][(n*oh*ow+pixel)*g.c:][:g.c]
				for _, p := range g.taps(in[0][6*n:6*n+6], pixel/ow, pixel%ow, &store) {
					if at := g.at(p); at >= 0 {
						for c, d := range dy {
							dx[at+c] += T(p.weight) * d
						}
					}
				}
			}
		}
	})
}
