package simd

import (
	"math"

	"github.com/tabgrad/tabgrad/nn/prog"
	"github.com/tabgrad/tabgrad/wasm/kernels"
)

func bits(v float64) uint32 { return math.Float32bits(float32(v)) }

// A grid is how two operands walk over the elements of a shape: for each dimension its size and
// the two strides, in elements, outermost first.
type grid []dimension

type dimension struct{ size, a, b int }

// newGrid joins neighbouring dimensions that both operands walk through as if they were one, and
// drops those of 1.
func newGrid(shape prog.Shape, a, b []int) grid {
	var g grid
	for i, n := range shape {
		if n == 1 {
			continue
		}
		if last := len(g) - 1; last >= 0 && g[last].a == a[i]*n && g[last].b == b[i]*n {
			g[last] = dimension{g[last].size * n, a[i], b[i]}
			continue
		}
		g = append(g, dimension{n, a[i], b[i]})
	}
	return g
}

// rows splits off the innermost dimension; the others are given as kernels take them.
func (g grid) rows() (inner dimension, outer []kernels.Stride) {
	inner = dimension{1, 1, 1}
	for i := len(g) - 1; i >= 0; i-- {
		if i == len(g)-1 {
			inner = g[i]
			continue
		}
		outer = append(outer, kernels.Stride{Size: uint32(g[i].size), A: uint32(4 * g[i].a), B: uint32(4 * g[i].b)})
	}
	return inner, outer
}

// contiguous is the strides of a tensor that lies row-major.
func contiguous(s prog.Shape) []int {
	strides := make([]int, len(s))
	n := 1
	for i := len(s) - 1; i >= 0; i-- {
		strides[i] = n
		n *= s[i]
	}
	return strides
}

// stretched is the strides by which a tensor of shape s is read as one of shape to, by the rules of
// broadcasting.
func stretched(s, to prog.Shape) []int {
	strides := make([]int, len(to))
	for i, stride := range contiguous(s) {
		if s[i] != 1 {
			strides[len(to)-len(s)+i] = stride
		}
	}
	return strides
}

// move copies the elements of a shape from src to dst, which lie by these strides.
func (e *encoder) move(shape prog.Shape, dst uint32, to []int, src uint32, from []int) {
	n := shape.Size()
	if n == 0 {
		return
	}
	g := newGrid(shape, to, from)
	if len(g) > 0 && g[len(g)-1].a != 1 { // dst's rows must be contiguous
		g = append(g, dimension{1, 1, 1})
	}
	inner, outer := g.rows()
	if len(outer) == 0 && inner.b == 1 {
		e.copy(dst, src, uint32(n))
		return
	}
	e.program.Add(kernels.Move{Dst: dst, Src: src, N: uint32(n), Cols: uint32(inner.size), Step: uint32(4 * inner.b), Outer: outer})
}

func (e *encoder) binary(op *prog.Op) {
	out := e.shape(op.Out[0])
	if out.Size() == 0 {
		return
	}
	inner, outer := newGrid(out, stretched(e.shape(op.In[0]), out), stretched(e.shape(op.In[1]), out)).rows()
	e.program.Add(kernels.Binary{
		Fn: binaryFns[op.Attr.(prog.BinaryAttr).Fn], Dst: e.at(op.Out[0]), A: e.at(op.In[0]), B: e.at(op.In[1]),
		N: uint32(out.Size()), Cols: uint32(inner.size), ARow: inner.a != 0, BRow: inner.b != 0, Outer: outer,
	})
}

func (e *encoder) broadcast(op *prog.Op) {
	out := e.shape(op.Out[0])
	e.move(out, e.at(op.Out[0]), contiguous(out), e.at(op.In[0]), stretched(e.shape(op.In[0]), out))
}

func (e *encoder) transpose(op *prog.Op) {
	out := e.shape(op.Out[0])
	if out.Size() == 0 {
		return
	}
	strides := contiguous(e.shape(op.In[0]))
	from := make([]int, len(out))
	for i, d := range op.Attr.(prog.TransposeAttr).Perm {
		from[i] = strides[d]
	}
	dst, src := e.at(op.Out[0]), e.at(op.In[0])
	g := newGrid(out, contiguous(out), from)
	batch := 1
	if len(g) == 3 && g[0].b == g[1].size*g[2].size {
		batch, g = g[0].size, g[1:]
	}
	// What is left are [cols, rows] of the result, read with strides 1 and cols.
	if len(g) == 2 && g[0].b == 1 && g[1].b == g[0].size {
		e.program.Add(kernels.Transpose{Dst: dst, Src: src, Batch: uint32(batch), Rows: uint32(g[1].size), Cols: uint32(g[0].size)})
		return
	}
	e.move(out, dst, contiguous(out), src, from)
}

// offset is where index begins in a tensor with these strides, in bytes.
func offset(index, strides []int) uint32 {
	at := 0
	for i, n := range index {
		at += n * strides[i]
	}
	return uint32(4 * at)
}

func (e *encoder) slice(op *prog.Op) {
	out, strides := e.shape(op.Out[0]), contiguous(e.shape(op.In[0]))
	begin := op.Attr.(prog.SliceAttr).Begin
	e.move(out, e.at(op.Out[0]), contiguous(out), e.at(op.In[0])+offset(begin, strides), strides)
}

func (e *encoder) concat(op *prog.Op) {
	axis := op.Attr.(prog.ConcatAttr).Axis
	dst, strides := e.at(op.Out[0]), contiguous(e.shape(op.Out[0]))
	for _, x := range op.In {
		s := e.shape(x)
		e.move(s, dst, strides, e.at(x), contiguous(s))
		dst += uint32(4 * s[axis] * strides[axis])
	}
}

func (e *encoder) pad(op *prog.Op) {
	a := op.Attr.(prog.PadAttr)
	x, dst, strides := e.shape(op.In[0]), e.at(op.Out[0]), contiguous(e.shape(op.Out[0]))
	if x.Size() != e.shape(op.Out[0]).Size() {
		e.fill(dst, e.size(op.Out[0]), a.Value)
	}
	e.move(x, dst+offset(a.Before, strides), strides, e.at(op.In[0]), contiguous(x))
}

func (e *encoder) pack(op *prog.Op) {
	dst := e.at(op.Out[0])
	for _, x := range op.In {
		e.copy(dst, e.at(x), e.size(x))
		dst += 4 * e.size(x)
	}
}

func (e *encoder) gather(op *prog.Op) {
	table, n := e.shape(op.In[0]), e.size(op.In[1])
	if cols := uint32(table[1:].Size()); n*cols > 0 {
		e.program.Add(kernels.Gather{
			Dst: e.at(op.Out[0]), Table: e.at(op.In[0]), Index: e.at(op.In[1]), N: n, Rows: uint32(table[0]), Cols: cols,
		})
	}
}

var borders = map[prog.Border]kernels.Border{
	prog.BorderConstant: kernels.BorderConstant, prog.BorderNearest: kernels.BorderNearest,
	prog.BorderReflect: kernels.BorderReflect, prog.BorderWrap: kernels.BorderWrap,
}

func (e *encoder) warp(op *prog.Op) {
	a, out := op.Attr.(prog.WarpAttr), e.shape(op.Out[0])
	if out.Size() == 0 {
		return
	}
	dst, n, c, oh, ow := e.at(op.Out[0]), uint32(out[0]), uint32(out[3]), uint32(a.Out[0]), uint32(a.Out[1])
	if op.Code == prog.WarpGrad {
		e.program.Add(kernels.WarpGrad{
			Dst: dst, T: e.at(op.In[0]), Dy: e.at(op.In[1]), N: n, H: uint32(out[1]), W: uint32(out[2]), C: c, OH: oh, OW: ow,
			Border: borders[a.Border], Nearest: a.Nearest,
		})
		return
	}
	x := e.shape(op.In[0])
	e.program.Add(kernels.Warp{
		Dst: dst, X: e.at(op.In[0]), T: e.at(op.In[1]), N: n, H: uint32(x[1]), W: uint32(x[2]), C: c, OH: oh, OW: ow,
		Border: borders[a.Border], Nearest: a.Nearest, Value: float32(a.Value),
	})
}

func (e *encoder) scatterAdd(op *prog.Op) {
	out := e.shape(op.Out[0])
	if out.Size() > 0 {
		e.program.Add(kernels.ScatterAdd{
			Dst: e.at(op.Out[0]), Index: e.at(op.In[0]), Src: e.at(op.In[1]), N: e.size(op.In[0]),
			Rows: uint32(out[0]), Cols: uint32(out[1:].Size()),
		})
	}
}
