package cpu

import (
	"math"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// move: for every index i of shape { dst[Σ i·ds] = src[Σ i·ss] }. All ops that only move elements
// are this loop with strides of their own.
func (l *loader[T]) move(shape prog.Shape, dst []T, ds []int, src []T, ss []int) {
	w := newWalk(shape, ds, ss)
	l.add(w.rows, w.n, func(from, to int) {
		for r := from; r < to; r++ {
			d, s := w.at(0, r), w.at(1, r)
			if w.inner == [3]int{1, 1} {
				copy(dst[d:d+w.n], src[s:s+w.n])
				continue
			}
			for j := range w.n {
				dst[d+j*w.inner[0]] = src[s+j*w.inner[1]]
			}
		}
	})
}

func (l *loader[T]) broadcast(op *prog.Op) {
	in, out := l.operands(op)
	shape := l.shape(op.Out[0])
	l.move(shape, out, contiguous(shape), in[0], stretched(l.shape(op.In[0]), shape))
}

func (l *loader[T]) transpose(op *prog.Op) {
	in, out := l.operands(op)
	shape := l.shape(op.Out[0])
	strides := contiguous(l.shape(op.In[0]))
	permuted := make([]int, len(strides))
	for i, d := range op.Attr.(prog.TransposeAttr).Perm {
		permuted[i] = strides[d]
	}
	l.move(shape, out, contiguous(shape), in[0], permuted)
}

// offset is where index begins in a tensor with these strides.
func offset(index, strides []int) int {
	at := 0
	for i, n := range index {
		at += n * strides[i]
	}
	return at
}

func (l *loader[T]) slice(op *prog.Op) {
	in, out := l.operands(op)
	shape := l.shape(op.Out[0])
	if shape.Size() == 0 {
		return
	}
	strides := contiguous(l.shape(op.In[0]))
	l.move(shape, out, contiguous(shape), in[0][offset(op.Attr.(prog.SliceAttr).Begin, strides):], strides)
}

func (l *loader[T]) concat(op *prog.Op) {
	in, out := l.operands(op)
	strides := contiguous(l.shape(op.Out[0]))
	axis := op.Attr.(prog.ConcatAttr).Axis
	for i, x := range in {
		shape := l.shape(op.In[i])
		if shape.Size() == 0 {
			continue
		}
		l.move(shape, out, strides, x, contiguous(shape))
		out = out[min(len(out), shape[axis]*strides[axis]):]
	}
}

func (l *loader[T]) pad(op *prog.Op) {
	in, out := l.operands(op)
	a := op.Attr.(prog.PadAttr)
	l.set(out, T(a.Value))
	shape, strides := l.shape(op.In[0]), contiguous(l.shape(op.Out[0]))
	if shape.Size() > 0 {
		l.move(shape, out[offset(a.Before, strides):], strides, in[0], contiguous(shape))
	}
}

func (l *loader[T]) fill(op *prog.Op) {
	_, out := l.operands(op)
	l.set(out, T(op.Attr.(prog.FillAttr).Value))
}

// constant: for i := range out { out[i] = values[i] }
func (l *loader[T]) constant(op *prog.Op) {
	_, out := l.operands(op)
	values := op.Attr.(prog.ConstAttr).Values
	l.add(len(out), 1, func(from, to int) {
		for i := from; i < to; i++ {
			out[i] = T(values[i])
		}
	})
}

// set: for i := range out { out[i] = v }
func (l *loader[T]) set(out []T, v T) {
	l.add(len(out), 1, func(from, to int) {
		for i := from; i < to; i++ {
			out[i] = v
		}
	})
}

func (l *loader[T]) copy(op *prog.Op) {
	in, out := l.operands(op)
	l.add(len(out), 1, func(from, to int) { copy(out[from:to], in[0][from:to]) })
}

func (l *loader[T]) pack(op *prog.Op) {
	in, out := l.operands(op)
	for _, x := range in {
		dst := out[:len(x)]
		l.add(len(x), 1, func(from, to int) { copy(dst[from:to], x[from:to]) })
		out = out[len(x):]
	}
}

// index is v as an index below n, -1 where it is none. Fractions are cut off.
func index[T Float](v T, n int) int {
	if v >= 0 && v < T(n) {
		return int(v)
	}
	return -1
}

// gather: for i, v := range index { out[i*d:][:d] = table[v*d:][:d], or NaN where v is outside }
func (l *loader[T]) gather(op *prog.Op) {
	in, out := l.operands(op)
	table, which := in[0], in[1]
	v := l.shape(op.In[0])[0]
	d := l.shape(op.In[0])[1:].Size()
	l.add(len(which), d, func(from, to int) {
		for i := from; i < to; i++ {
			dst := out[i*d : (i+1)*d]
			if r := index(which[i], v); r >= 0 {
				copy(dst, table[r*d:(r+1)*d])
			} else {
				for j := range dst {
					dst[j] = T(math.NaN())
				}
			}
		}
	})
}

// scatterAdd: out = 0; for i, v := range index { out[v*d:][:d] += dy[i*d:][:d] }. Goroutines divide
// the columns, so that each element is added to in order of i.
func (l *loader[T]) scatterAdd(op *prog.Op) {
	in, out := l.operands(op)
	which, dy := in[0], in[1]
	v := l.shape(op.Out[0])[0]
	d := l.shape(op.Out[0])[1:].Size()
	l.set(out, 0)
	l.add(d, len(which), func(from, to int) {
		for i, v0 := range which {
			if r := index(v0, v); r >= 0 {
				dst, src := out[r*d:(r+1)*d], dy[i*d:(i+1)*d]
				for j := from; j < to; j++ {
					dst[j] += src[j]
				}
			}
		}
	})
}

// random: out[i] from word i%4 of Philox at counter i/4, or a pair of words. The numbers are those of float32,
// whatever the element type.
func (l *loader[T]) random(op *prog.Op) {
	in, out := l.operands(op)
	step, a := in[0], op.Attr.(prog.RandomAttr)
	key := [2]uint32{uint32(a.Key), uint32(a.Key >> 32)}
	low, width := float32(a.A), float32(a.B-a.A)
	keep, stddev := float32(1/(1-a.A)), float32(a.B)
	l.add((len(out)+3)/4, 32, func(from, to int) {
		s := uint64(step[0]) + uint64(step[1])<<24
		for i := from; i < to; i++ {
			words := prog.Philox([4]uint32{uint32(i), 0, uint32(s), uint32(s >> 32)}, key)
			var four [4]float32
			for j := 0; a.Dist == prog.Normal && j < 4; j += 2 {
				x, y := prog.Normals(words[j], words[j+1])
				four[j], four[j+1] = low+float32(stddev*float32(x)), low+float32(stddev*float32(y))
			}
			for j, word := range words {
				u := float32(word>>8) * (1.0 / (1 << 24))
				switch {
				case a.Dist == prog.Uniform:
					four[j] = low + float32(width*u)
				case a.Dist == prog.Keep && u >= low:
					four[j] = keep
				}
			}
			for j := range min(4, len(out)-4*i) {
				out[4*i+j] = T(four[j])
			}
		}
	})
}
