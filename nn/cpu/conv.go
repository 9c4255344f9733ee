package cpu

import "github.com/tabgrad/tabgrad/nn/prog"

// A convolution is a sum over its kernel's taps (kh, kw) of matrix products: a row of output pixels
// at one tap reads a row of input pixels a constant stride apart, so no copy of the input (im2col)
// is needed.
type convolution struct {
	h, w, c          int // of x
	oh, ow, o        int // of y
	kh, kw, cg, og   int // of the kernel: cg = c/groups, og = o/groups
	n, groups        int
	stride, dilation [2]int
	padTop, padLeft  int
}

func newConvolution(x, w, y prog.Shape, a prog.ConvAttr) convolution {
	return convolution{
		h: x[1], w: x[2], c: x[3],
		oh: y[1], ow: y[2], o: y[3],
		kh: w[0], kw: w[1], cg: w[2], og: y[3] / a.Groups,
		n: x[0], groups: a.Groups,
		stride: a.Stride, dilation: a.Dilation,
		padTop: a.Pad[0], padLeft: a.Pad[2],
	}
}

// columns is which output columns, from first on, read inside x at tap kw, and the input column that
// the first reads.
func (v *convolution) columns(kw int) (first, count, input int) {
	shift := kw*v.dilation[1] - v.padLeft
	if shift < 0 {
		first = (-shift + v.stride[1] - 1) / v.stride[1]
	}
	end := 0
	if v.w > shift {
		end = min(v.ow, (v.w-1-shift)/v.stride[1]+1)
	}
	return first, end - first, first*v.stride[1] + shift
}

// inputRow is the row of x that output row oh reads at tap kh, -1 where it lies in the padding.
func (v *convolution) inputRow(oh, kh int) int {
	ih := oh*v.stride[0] + kh*v.dilation[0] - v.padTop
	if ih >= v.h {
		return -1
	}
	return max(ih, -1)
}

// outputRow is the row of y that reads input row ih at tap kh, -1 for none.
func (v *convolution) outputRow(ih, kh int) int {
	d := ih + v.padTop - kh*v.dilation[0]
	if d < 0 || d%v.stride[0] != 0 || d/v.stride[0] >= v.oh {
		return -1
	}
	return d / v.stride[0]
}

// depthwise reports whether each channel has one filter of its own. gonum's products would be of single numbers.
func (v *convolution) depthwise() bool { return v.cg == 1 && v.og == 1 && v.groups > 1 }

// channelwise: for j := range n { for c := range channels { dst[j*dstStep+c] += a[j*aStep+c] · b[j*bStep+c] } }
func channelwise[T Float](n, channels int, dst []T, dstStep int, a []T, aStep int, b []T, bStep int) {
	for j := range n {
		d, a, b := dst[j*dstStep:][:channels], a[j*aStep:][:channels], b[j*bStep:][:channels]
		for c := range d {
			d[c] += a[c] * b[c]
		}
	}
}

// conv2D: out[n,oh,ow,o] = act(Σ x[n, oh·s + kh·d - top, ow·s + kw·d - left, c] · w[kh,kw,c,o] + bias[o])
// over kh, kw and the channels c of o's group.
func (l *loader[T]) conv2D(op *prog.Op) {
	in, out := l.operands(op)
	x, w := in[0], in[1]
	attr := op.Attr.(prog.ConvAttr)
	v := newConvolution(l.shape(op.In[0]), l.shape(op.In[1]), l.shape(op.Out[0]), attr)
	if len(out) == 0 {
		return
	}
	end := newEpilogue[T](attr.Epilogue, in[2:], v.o)
	l.add(v.n*v.oh, v.ow*v.o*v.kh*v.kw*v.cg, func(from, to int) {
		for u := from; u < to; u++ {
			n, oh := u/v.oh, u%v.oh
			at := u * v.ow * v.o
			row := out[at : at+v.ow*v.o]
			clear(row)
			for tap := range v.kh * v.kw {
				ih := v.inputRow(oh, tap/v.kw)
				ow, count, iw := v.columns(tap % v.kw)
				if ih < 0 || count <= 0 || v.cg == 0 {
					continue
				}
				if v.depthwise() {
					channelwise(count, v.c, row[ow*v.o:], v.o, x[((n*v.h+ih)*v.w+iw)*v.c:], v.stride[1]*v.c, w[tap*v.o:], 0)
					continue
				}
				for g := range v.groups {
					l.gemm.addProduct(false, false, count, v.og, v.cg,
						x[((n*v.h+ih)*v.w+iw)*v.c+g*v.cg:], v.stride[1]*v.c,
						w[tap*v.cg*v.o+g*v.og:], v.o,
						row[ow*v.o+g*v.og:], v.o)
				}
			}
			end.apply(row, at)
		}
	})
}

// longRow is how many channels make a row that is worth being the right operand of a product. gonum
// skips the zeros of the left one, and a gradient that comes through relu and max pooling is mostly
// zeros: where rows of x are long enough, dy goes left. It takes a third off the seed CNN's step.
const longRow = 8

// conv2DInputGrad: dx[n,ih,iw,c] = Σ dy[n,oh,ow,o] · w[kh,kw,c,o] over the outputs o of c's group
// and all kh, kw, oh, ow with ih = oh·s + kh·d - top and iw = ow·s + kw·d - left.
func (l *loader[T]) conv2DInputGrad(op *prog.Op) {
	in, dx := l.operands(op)
	dy, w := in[0], in[1]
	attr := op.Attr.(prog.ConvAttr)
	v := newConvolution(l.shape(op.Out[0]), l.shape(op.In[1]), l.shape(op.In[0]), attr)
	if len(dx) == 0 {
		return
	}
	// At each tap the kernel is a matrix [cg, o], transposed [o, cg].
	transposed := v.cg >= longRow
	kernel, step, group := w, v.o, v.og
	if transposed {
		kernel, step, group = make([]T, len(w)), v.cg, v.og*v.cg
		shape := prog.Shape{v.kh * v.kw, v.o, v.cg}
		l.move(shape, kernel, contiguous(shape), w, []int{v.cg * v.o, 1, v.o})
	}
	end := newEpilogue[T](attr.Epilogue, in[2:], v.c)
	l.add(v.n*v.h, v.w*v.c*v.kh*v.kw*(v.og+1), func(from, to int) {
		for u := from; u < to; u++ {
			n, ih := u/v.h, u%v.h
			at := u * v.w * v.c
			row := dx[at : at+v.w*v.c]
			clear(row)
			for tap := range v.kh * v.kw {
				oh := v.outputRow(ih, tap/v.kw)
				ow, count, iw := v.columns(tap % v.kw)
				if oh < 0 || count <= 0 || v.og == 0 {
					continue
				}
				if v.depthwise() {
					channelwise(count, v.c, row[iw*v.c:], v.stride[1]*v.c, dy[((n*v.oh+oh)*v.ow+ow)*v.o:], v.o, w[tap*v.o:], 0)
					continue
				}
				for g := range v.groups {
					l.gemm.addProduct(false, !transposed, count, v.cg, v.og,
						dy[((n*v.oh+oh)*v.ow+ow)*v.o+g*v.og:], v.o,
						kernel[tap*v.cg*v.o+g*group:], step,
						row[iw*v.c+g*v.cg:], v.stride[1]*v.c)
				}
			}
			end.apply(row, at)
		}
	})
}

// conv2DKernelGrad: dw[kh,kw,c,o] = Σ x[n, oh·s + kh·d - top, ow·s + kw·d - left, c] · dy[n,oh,ow,o]
// over n, oh, ow, an image at a time; db[o] = Σ dy[n,oh,ow,o].
func (l *loader[T]) conv2DKernelGrad(op *prog.Op) {
	const band = 32 // input channels that one goroutine does at a time
	in, dw := l.operands(op)
	x, dy := in[0], in[1]
	v := newConvolution(l.shape(op.In[0]), l.shape(op.Out[0]), l.shape(op.In[1]), op.Attr.(prog.ConvAttr))
	if len(op.Out) > 1 {
		sum := prog.ReduceAttr{Fn: prog.Sum, Axes: []int{0, 1, 2}}
		l.reduceOver(sum, dy, l.shape(op.In[1]), l.e.at(op.Out[1]))
	}
	l.set(dw, 0)
	if len(dw) == 0 {
		return
	}
	if v.depthwise() {
		l.depthwiseKernelGrad(&v, x, dy, dw)
		return
	}
	// images holds the sum over one image, so that a sum over a large batch stays accurate: a matrix
	// [c, o], or [o, c] where dy is the left operand, for each band.
	images := make([]T, len(dw))
	dyLeft := v.cg >= longRow
	bands := (v.cg + band - 1) / band
	l.add(v.kh*v.kw*v.groups*bands, v.n*v.oh*v.ow*v.og*min(band, v.cg), func(from, to int) {
		for u := from; u < to; u++ {
			tap, g, c := u/bands/v.groups, u/bands%v.groups, u%bands*band
			channels := min(band, v.cg-c)
			ow, count, iw := v.columns(tap % v.kw)
			if count <= 0 {
				continue
			}
			image := images[((tap*v.groups+g)*v.cg+c)*v.og:][:channels*v.og]
			sum := dw[(tap*v.cg+c)*v.o+g*v.og:]
			for n := range v.n {
				clear(image)
				for oh := range v.oh {
					ih := v.inputRow(oh, tap/v.kw)
					if ih < 0 {
						continue
					}
					pixels := x[((n*v.h+ih)*v.w+iw)*v.c+g*v.cg+c:]
					grads := dy[((n*v.oh+oh)*v.ow+ow)*v.o+g*v.og:]
					if dyLeft {
						l.gemm.addProduct(true, false, v.og, channels, count, grads, v.o, pixels, v.stride[1]*v.c, image, channels)
					} else {
						l.gemm.addProduct(true, false, channels, v.og, count, pixels, v.stride[1]*v.c, grads, v.o, image, v.og)
					}
				}
				for r := range channels {
					row, first, step := sum[r*v.o:][:v.og], r*v.og, 1
					if dyLeft {
						first, step = r, channels
					}
					for j := range row {
						row[j] += image[first+j*step]
					}
				}
			}
		}
	})
}

// depthwiseKernelGrad is conv2DKernelGrad where each channel has one filter of its own.
func (l *loader[T]) depthwiseKernelGrad(v *convolution, x, dy, dw []T) {
	images := make([]T, len(dw))
	l.add(v.kh*v.kw, v.n*v.oh*v.ow*v.c, func(from, to int) {
		for tap := from; tap < to; tap++ {
			ow, count, iw := v.columns(tap % v.kw)
			image, sum := images[tap*v.c:][:v.c], dw[tap*v.c:][:v.c]
			for n := range v.n {
				clear(image)
				for oh := range v.oh {
					if ih := v.inputRow(oh, tap/v.kw); ih >= 0 && count > 0 {
						channelwise(count, v.c, image, 0, x[((n*v.h+ih)*v.w+iw)*v.c:], v.stride[1]*v.c, dy[((n*v.oh+oh)*v.ow+ow)*v.o:], v.o)
					}
				}
				for c := range sum {
					sum[c] += image[c]
				}
			}
		}
	})
}
