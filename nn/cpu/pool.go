package cpu

import (
	"math"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// A pooling says where the windows of Pool lie.
type pooling struct {
	n, h, w, c     int
	oh, ow         int
	window, stride [2]int
	top, left      int
}

func newPooling(x, y prog.Shape, a prog.PoolAttr) pooling {
	return pooling{
		n: x[0], h: x[1], w: x[2], c: x[3], oh: y[1], ow: y[2],
		window: a.Window, stride: a.Stride, top: a.Pad[0], left: a.Pad[2],
	}
}

// rows and columns are the part of x that window oh, ow covers.
func (v *pooling) rows(oh int) (from, to int) {
	from = oh*v.stride[0] - v.top
	return max(from, 0), min(from+v.window[0], v.h)
}

func (v *pooling) columns(ow int) (from, to int) {
	from = ow*v.stride[1] - v.left
	return max(from, 0), min(from+v.window[1], v.w)
}

// pool: out[n,oh,ow,c] = the maximum or mean of x[n,ih,iw,c] over the window's ih, iw inside x.
func (l *loader[T]) pool(op *prog.Op) {
	in, out := l.operands(op)
	x, a := in[0], op.Attr.(prog.PoolAttr)
	v := newPooling(l.shape(op.In[0]), l.shape(op.Out[0]), a)
	l.add(v.n*v.oh, v.ow*v.c*v.window[0]*v.window[1], func(from, to int) {
		for u := from; u < to; u++ {
			n, oh := u/v.oh, u%v.oh
			h0, h1 := v.rows(oh)
			for ow := range v.ow {
				w0, w1 := v.columns(ow)
				y := out[(u*v.ow+ow)*v.c:][:v.c]
				for c := range y {
					y[c] = 0
					if !a.Avg {
						y[c] = T(math.Inf(-1))
					}
				}
				for ih := h0; ih < h1; ih++ {
					for iw := w0; iw < w1; iw++ {
						src := x[((n*v.h+ih)*v.w+iw)*v.c:][:v.c]
						if a.Avg {
							for c, e := range src {
								y[c] += e
							}
						} else {
							for c, e := range src {
								y[c] = max(y[c], e)
							}
						}
					}
				}
				if a.Avg {
					count := T((h1 - h0) * (w1 - w0))
					for c := range y {
						y[c] /= count
					}
				}
			}
		}
	})
}

// poolGrad: dx = 0; for every window, dx[n,ih,iw,c] += dy[n,oh,ow,c], divided by the window's size
// for the average; for the maximum only at the first ih, iw with x[n,ih,iw,c] = y[n,oh,ow,c].
func (l *loader[T]) poolGrad(op *prog.Op) {
	in, dx := l.operands(op)
	x, y, dy, a := in[0], in[1], in[2], op.Attr.(prog.PoolAttr)
	v := newPooling(l.shape(op.In[0]), l.shape(op.In[1]), a)
	image := v.h * v.w * v.c
	l.add(v.n, image*4, func(from, to int) {
		clear(dx[from*image : to*image])
		for n := from; n < to; n++ {
			for oh := range v.oh {
				h0, h1 := v.rows(oh)
				for ow := range v.ow {
					w0, w1 := v.columns(ow)
					at := ((n*v.oh+oh)*v.ow + ow) * v.c
					first := ((n*v.h+h0)*v.w + w0) * v.c
					count := T((h1 - h0) * (w1 - w0))
					for c := range v.c {
						if a.Avg {
							for i := range h1 - h0 {
								for j := range w1 - w0 {
									dx[first+(i*v.w+j)*v.c+c] += dy[at+c] / count
								}
							}
							continue
						}
					search:
						for i := range h1 - h0 {
							for j := range w1 - w0 {
								if p := first + (i*v.w+j)*v.c + c; x[p] == y[at+c] {
									dx[p] += dy[at+c]
									break search
								}
							}
						}
					}
				}
			}
		}
	})
}
