package prog

import (
	"fmt"
	"slices"
)

// Recurrent layers are lowered to one product for the input of all time steps, and then two ops a
// step: the product of the state with the recurrent kernel, and a cell op that does all the rest. The
// time steps of a sequence are parts of one buffer [T,N,..], which Split and Pack take apart and join
// without copying (fuse.go), so that the gradients of the kernels are one product each, too.

// A multi is what the table has besides for an op with several outputs.
type multi struct {
	// more are the shapes of the outputs behind the first.
	more func(attr Attr, in []Shape) []Shape
	// grad is opRow.grad given the gradients of all outputs, None where there is none.
	grad func(g *grader, op Op, dys []Buf) []Buf
}

// multis has a row for each op with several outputs, but Conv2DKernelGrad, whose second is optional.
var multis map[Code]multi

// init, not a literal: see table.
func init() {
	multis = map[Code]multi{
		Split: {
			func(attr Attr, _ []Shape) []Shape { return attr.(SplitAttr).Shapes[1:] },
			gradSplit,
		},
		LSTMCell: {
			func(_ Attr, in []Shape) []Shape { n, u := in[2][0], in[2][1]; return []Shape{{n, u}, {n, 5 * u}} },
			gradLSTMCell,
		},
		LSTMCellGrad: {
			func(_ Attr, in []Shape) []Shape { return slices.Repeat([]Shape{in[1]}, len(in)-3) }, nil,
		},
		GRUCell: {
			func(_ Attr, in []Shape) []Shape { return []Shape{{in[2][0], 4 * in[2][1]}} },
			gradGRUCell,
		},
		GRUCellGrad: {
			func(_ Attr, in []Shape) []Shape { n, u := in[1][0], in[1][1]; return []Shape{{n, 3 * u}, {n, u}} }, nil,
		},
	}
}

func splitShape(attr Attr, in []Shape) (Shape, error) {
	n := 0
	shapes := attr.(SplitAttr).Shapes
	for _, s := range shapes {
		if e := s.checked(); e != "" {
			return nil, shapeErrorf("%s", e)
		}
		n += s.Size()
	}
	if len(shapes) == 0 || n != in[0].Size() {
		return nil, shapeErrorf("parts %v of %d elements", shapes, in[0].Size())
	}
	return shapes[0], nil
}

// cellShape checks the operands of a cell: state [N,u], those of [N, k·u], and a mask [N].
func cellShape(state Shape, mask []Shape, operands []Shape, k []int) error {
	if len(state) != 2 || state[1] == 0 {
		return shapeErrorf("the state is %v, wanted [N,u]", state)
	}
	for i, s := range operands {
		if want := (Shape{state[0], k[i] * state[1]}); !s.Equal(want) {
			return shapeErrorf("got %v for a state of %v, wanted %v", s, state, want)
		}
	}
	for _, m := range mask {
		if !m.Equal(state[:1]) {
			return shapeErrorf("the mask is %v, wanted %v", m, state[:1])
		}
	}
	return nil
}

func lstmShape(_ Attr, in []Shape) (Shape, error) {
	if len(in) == 4 {
		return nil, shapeErrorf("a mask wants the state h")
	}
	err := cellShape(in[2], in[3:min(4, len(in))], append([]Shape{in[0], in[1]}, in[min(4, len(in)):]...), []int{4, 4, 1})
	return in[2], err
}

func lstmGradShape(_ Attr, in []Shape) (Shape, error) {
	if err := cellShape(in[1], in[4:], []Shape{in[0], in[2], in[3]}, []int{5, 1, 1}); err != nil {
		return nil, err
	}
	return Shape{in[1][0], 4 * in[1][1]}, nil
}

func gruShape(_ Attr, in []Shape) (Shape, error) {
	return in[2], cellShape(in[2], in[3:], in[:2], []int{3, 3})
}

func gruGradShape(_ Attr, in []Shape) (Shape, error) {
	if err := cellShape(in[1], in[3:], []Shape{in[0], in[2]}, []int{4, 1}); err != nil {
		return nil, err
	}
	return Shape{in[1][0], 3 * in[1][1]}, nil
}

// ops appends an op with several outputs, whose shapes the table gives.
func (b *Builder) ops(code Code, attr Attr, in ...Buf) []Buf {
	first := b.op(code, attr, in...)
	if b.err != nil {
		return nil
	}
	op := &b.p.Ops[len(b.p.Ops)-1]
	shapes := make([]Shape, len(in))
	for i, x := range in {
		shapes[i] = b.p.Bufs[x].Shape
	}
	for _, s := range multis[code].more(attr, shapes) {
		out := b.buffer(Buffer{Kind: Temp, Shape: append(Shape{}, s...), Base: None})
		op.Out = append(op.Out, out)
		b.producer[out] = len(b.p.Ops) - 1
	}
	return append([]Buf{first}, op.Out[1:]...)
}

// Split takes x apart into stretches of its elements, which have these shapes: Pack's inverse.
func (b *Builder) Split(x Buf, shapes ...Shape) []Buf {
	if parts := b.ops(Split, SplitAttr{shapes}, x); parts != nil {
		return parts
	}
	return slices.Repeat([]Buf{None}, len(shapes))
}

// Parts takes x [T, d..] apart into T tensors of shape d.
func (b *Builder) Parts(x Buf) []Buf {
	s := b.Shape(x)
	if b.err != nil {
		return nil
	}
	if len(s) == 0 || s[0] == 0 {
		b.Fail(fmt.Errorf("cannot take %v apart: %w", s, ErrProgram))
		return nil
	}
	return b.Split(x, slices.Repeat([]Shape{s[1:]}, s[0])...)
}

// Stack joins xs of one shape d into one tensor [len(xs), d..]: Parts' inverse.
func (b *Builder) Stack(xs ...Buf) Buf {
	if b.missing("stack", xs...) || len(xs) == 0 {
		return b.Fail(fmt.Errorf("nothing to stack: %w", ErrProgram))
	}
	s := b.Shape(xs[0])
	for _, x := range xs {
		if !b.Shape(x).Equal(s) {
			return b.Fail(fmt.Errorf("cannot stack %v on %v: %w", b.Shape(x), s, ErrProgram))
		}
	}
	return b.Reshape(b.Pack(xs...), append([]int{len(xs)}, s...)...)
}

// LSTMCell is a step of an LSTM: see the op. mask may be None, then h is not read.
func (b *Builder) LSTMCell(zx, zh, c, mask, h Buf) (hNew, cNew Buf) {
	in := []Buf{zx, zh, c}
	if mask != None {
		in = append(in, mask, h)
	}
	if out := b.ops(LSTMCell, nil, in...); out != nil {
		return out[0], out[1]
	}
	return None, None
}

// GRUCell is a step of a GRU: see the op. mask may be None.
func (b *Builder) GRUCell(zx, zh, h, mask Buf) Buf {
	in := []Buf{zx, zh, h}
	if mask != None {
		in = append(in, mask)
	}
	if out := b.ops(GRUCell, nil, in...); out != nil {
		return out[0]
	}
	return None
}

func gradPack(g *grader, op Op, dy Buf) []Buf {
	shapes := make([]Shape, len(op.In))
	for i, x := range op.In {
		shapes[i] = g.b.Shape(x)
	}
	return g.b.Split(dy, shapes...)
}

func gradSplit(g *grader, op Op, dys []Buf) []Buf {
	return []Buf{g.b.Pack(g.zeros(op, dys)...)}
}

// zeros fills in for the gradients of the outputs that nothing depends on.
func (g *grader) zeros(op Op, dys []Buf) []Buf {
	out := slices.Clone(dys)
	for i, d := range out {
		if d == None {
			out[i] = g.b.Fill(0, g.b.Shape(op.Out[i])...)
		}
	}
	return out
}

func gradLSTMCell(g *grader, op Op, dys []Buf) []Buf {
	dys = g.zeros(op, dys[:2])
	in := append([]Buf{op.Out[2], op.In[2], dys[0], dys[1]}, op.In[3:min(4, len(op.In))]...)
	d := g.b.ops(LSTMCellGrad, nil, in...)
	if d == nil {
		return slices.Repeat([]Buf{None}, len(op.In))
	}
	out := []Buf{d[0], d[0], d[1]}
	if len(d) > 2 {
		out = append(out, None, d[2])
	}
	return out
}

func gradGRUCell(g *grader, op Op, dys []Buf) []Buf {
	in := append([]Buf{op.Out[1], op.In[2], dys[0]}, op.In[3:]...)
	d := g.b.ops(GRUCellGrad, nil, in...)
	if d == nil {
		return slices.Repeat([]Buf{None}, len(op.In))
	}
	return append(d, None)[:len(op.In)]
}
