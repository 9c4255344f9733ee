package prog

import (
	"fmt"
	"slices"
)

// A Builder records a Program. Its methods append ops and return the buffer of the result. The
// first error sticks: later calls do nothing and return None, and Err and Build report it, so that
// a layer's forward pass reads as a formula.
type Builder struct {
	p     *Program
	scope string
	err   error
	// store is the buffer of the whole Store, None where there is none.
	store Buf
	// assigns are the copies into variables, which Build puts behind all other ops.
	assigns []Op
	// producer[b] is the op that wrote base buffer b, -1 for inputs and variables.
	producer []int
}

// NewBuilder starts a program. store lays out its variables; nil where it has none. The store must
// not grow between NewBuilder and Build.
func NewBuilder(name string, store *Store) *Builder {
	b := &Builder{p: &Program{Name: name, Store: store}, store: None}
	if store != nil && len(store.Vars) > 0 {
		b.store = b.buffer(Buffer{Name: "store", Kind: Var, Shape: Shape{store.Size}, Base: None})
	}
	return b
}

// Scope sets the name that errors and temporaries carry from here on: the layer's name.
func (b *Builder) Scope(name string) { b.scope = name }

// Err is the first error.
func (b *Builder) Err() error { return b.err }

// Fail records an error of the caller's, if it is the first. The scope is put before it.
func (b *Builder) Fail(err error) Buf {
	if b.err == nil && err != nil {
		if b.scope != "" {
			err = fmt.Errorf("%s: %w", b.scope, err)
		}
		b.err = err
	}
	return None
}

// Shape is the shape of x, nil after an error. The caller does not change it.
func (b *Builder) Shape(x Buf) Shape {
	if b.err != nil || x == None {
		return nil
	}
	return b.p.Bufs[x].Shape
}

func (b *Builder) buffer(buf Buffer) Buf {
	if e := buf.Shape.checked(); e != "" {
		return b.Fail(fmt.Errorf("%s: %w", e, ErrProgram))
	}
	b.p.Bufs = append(b.p.Bufs, buf)
	b.producer = append(b.producer, -1)
	return Buf(len(b.p.Bufs) - 1)
}

// Input declares a buffer that the host writes before a run. It keeps its value between runs.
func (b *Builder) Input(name string, shape ...int) Buf {
	if b.err != nil {
		return None
	}
	return b.buffer(Buffer{Name: name, Kind: Input, Shape: append(Shape{}, shape...), Base: None})
}

// Var is the buffer of variable i of the Store.
func (b *Builder) Var(i int) Buf {
	if b.err != nil {
		return None
	}
	v := b.p.Store.Vars[i]
	return b.StoreRange(v.Name, v.Offset, v.Shape...)
}

// StoreRange is a part of the Store, from offset on: a run of several variables as one buffer,
// such as all parameters for an Update, or the whole Store for saving.
func (b *Builder) StoreRange(name string, offset int, shape ...int) Buf {
	if b.err != nil {
		return None
	}
	s := append(Shape{}, shape...)
	if offset < 0 || b.store == None || offset+s.Size() > b.p.Bufs[b.store].Shape[0] {
		return b.Fail(fmt.Errorf("variable %s%v at %d is outside the store: %w", name, s, offset, ErrProgram))
	}
	return b.buffer(Buffer{Name: name, Kind: Var, Shape: s, Base: b.store, Offset: offset})
}

// Output marks x, a result of an op, as readable by the host under name, and returns the buffer to
// read.
func (b *Builder) Output(name string, x Buf) Buf {
	if b.missing("output "+name, x) {
		return None
	}
	root, _ := b.p.Root(x)
	if k := b.p.Bufs[root].Kind; k == Var || k == Input || b.p.Bufs[x].Name != "" {
		x = b.Copy(x)
		root = x
	}
	if b.err != nil {
		return None
	}
	b.p.Bufs[root].Kind = Output
	b.p.Bufs[x].Kind = Output
	b.p.Bufs[x].Name = name
	return x
}

// view is a part of x's memory, from element offset on.
func (b *Builder) view(x Buf, offset int, shape Shape) Buf {
	root, off := b.p.Root(x)
	kind := b.p.Bufs[root].Kind
	if kind == Input || kind == Output {
		kind = Temp
	}
	v := b.buffer(Buffer{Kind: kind, Shape: append(Shape{}, shape...), Base: root, Offset: off + offset})
	return v
}

// Reshape is x with another shape of the same size. It costs nothing: the result is the same
// memory. One dimension may be -1 and is then computed.
func (b *Builder) Reshape(x Buf, shape ...int) Buf {
	if b.missing("reshape", x) {
		return None
	}
	in := b.Shape(x)
	s := append(Shape{}, shape...)
	free, known := -1, 1
	for i, d := range s {
		if d == -1 && free < 0 {
			free = i
		} else {
			known *= d
		}
	}
	if free >= 0 && known > 0 && in.Size()%known == 0 {
		s[free] = in.Size() / known
	}
	if s.Size() != in.Size() || s.checked() != "" {
		return b.Fail(fmt.Errorf("cannot reshape %v (%d elements) to %v: %w", in, in.Size(), Shape(shape), ErrProgram))
	}
	if s.Equal(in) {
		return x
	}
	return b.view(x, 0, s)
}

// missing reports whether there is nothing to do: an error before, or one now because an operand is
// None.
func (b *Builder) missing(what string, xs ...Buf) bool {
	for i, x := range xs {
		if x == None && b.err == nil {
			b.Fail(fmt.Errorf("%s: operand %d is missing: %w", what, i, ErrProgram))
		}
	}
	return b.err != nil
}

// op appends an op with one output, whose shape the table's rule gives.
func (b *Builder) op(code Code, attr Attr, in ...Buf) Buf {
	if b.missing(code.String(), in...) {
		return None
	}
	shapes := make([]Shape, len(in))
	for i, x := range in {
		shapes[i] = b.p.Bufs[x].Shape
	}
	shape, err := outShape(code, attr, shapes)
	if err != nil {
		return b.Fail(err)
	}
	out := b.buffer(Buffer{Kind: Temp, Shape: shape, Base: None})
	if b.err != nil {
		return None
	}
	b.append(Op{Code: code, Attr: attr, In: in, Out: []Buf{out}})
	return out
}

func (b *Builder) append(op Op) {
	b.p.Ops = append(b.p.Ops, op)
	for _, o := range op.Out {
		b.producer[o] = len(b.p.Ops) - 1
	}
}

// madeBy is the op that wrote x where it has the given code, else nil.
func (b *Builder) madeBy(x Buf, code Code) *Op {
	if b.err != nil || x == None || b.producer[x] < 0 {
		return nil
	}
	if op := &b.p.Ops[b.producer[x]]; op.Code == code {
		return op
	}
	return nil
}

// MatMul is op(x)·op(y): matrices, or stacks of matrices with equal leading dimensions. A stack x
// times a single matrix y is one product of x's rows.
func (b *Builder) MatMul(x, y Buf, transX, transY bool) Buf {
	xs, ys := b.Shape(x), b.Shape(y)
	if b.err == nil && len(xs) > 2 && len(ys) == 2 && !transX {
		n := ys[1]
		if transY {
			n = ys[0]
		}
		flat := b.op(MatMul, MatMulAttr{TransB: transY}, b.Reshape(x, -1, xs.Last()), y)
		return b.Reshape(flat, append(append([]int{}, xs[:len(xs)-1]...), n)...)
	}
	return b.op(MatMul, MatMulAttr{TransA: transX, TransB: transY}, x, y)
}

// Conv2D is the convolution of x [N,H,W,C] with w [KH,KW,C/groups,O]. a's Epilogue must be zero.
func (b *Builder) Conv2D(x, w Buf, a ConvAttr) Buf { return b.op(Conv2D, a, x, w) }

// Conv2DInputGrad is the transposed convolution of dy [N,OH,OW,O] with w [KH,KW,C/groups,O]: the gradient
// of x in Conv2D(x, w, a), whose height and width are a.In. a's Epilogue must be zero.
func (b *Builder) Conv2DInputGrad(dy, w Buf, a ConvAttr) Buf { return b.op(Conv2DInputGrad, a, dy, w) }

// Pool is the maximum or average over windows of x [N,H,W,C].
func (b *Builder) Pool(x Buf, a PoolAttr) Buf { return b.op(Pool, a, x) }

// Unary is f(x), for an f without constants.
func (b *Builder) Unary(f Unary, x Buf) Buf { return b.op(UnaryOp, UnaryAttr{Fn: f}, x) }

// UnaryConst is f(x) with f's constants: Affine, Clip, LeakyRelu, Elu.
func (b *Builder) UnaryConst(f Unary, x Buf, alpha, beta float64) Buf {
	return b.op(UnaryOp, UnaryAttr{Fn: f, Alpha: alpha, Beta: beta}, x)
}

// Affine is αx + β.
func (b *Builder) Affine(x Buf, alpha, beta float64) Buf { return b.UnaryConst(Affine, x, alpha, beta) }

// Binary is f(x, y), with broadcasting.
func (b *Builder) Binary(f Binary, x, y Buf) Buf { return b.op(BinaryOp, BinaryAttr{f}, x, y) }

// Add is x + y.
func (b *Builder) Add(x, y Buf) Buf { return b.Binary(Add, x, y) }

// Sub is x - y.
func (b *Builder) Sub(x, y Buf) Buf { return b.Binary(Sub, x, y) }

// Mul is x · y, element by element.
func (b *Builder) Mul(x, y Buf) Buf { return b.Binary(Mul, x, y) }

// Div is x / y.
func (b *Builder) Div(x, y Buf) Buf { return b.Binary(Div, x, y) }

// Select is x where cond is not 0, and y where it is, with broadcasting. What is not chosen has no
// part in the result nor a gradient, be it NaN.
func (b *Builder) Select(cond, x, y Buf) Buf {
	return b.Add(b.Binary(Where, x, cond), b.Binary(Unless, y, cond))
}

// Broadcast is x stretched to shape.
func (b *Builder) Broadcast(x Buf, shape Shape) Buf {
	if b.err == nil && b.Shape(x).Equal(shape) {
		return x
	}
	return b.op(Broadcast, ShapeAttr{shape}, x)
}

// Reduce joins x's elements over axes; negative axes count from the end, no axes mean all.
func (b *Builder) Reduce(f ReduceFn, x Buf, keep bool, axes ...int) Buf {
	if b.err != nil {
		return None
	}
	rank := len(b.Shape(x))
	in := make([]bool, rank)
	if len(axes) == 0 {
		for i := range in {
			in[i] = true
		}
	}
	for _, a := range axes {
		if a < -rank || a >= rank {
			return b.Fail(fmt.Errorf("reduce %s: no axis %d in %v: %w", f, a, b.Shape(x), ErrProgram))
		}
		in[(a+rank)%rank] = true
	}
	var sorted []int
	for i, yes := range in {
		if yes {
			sorted = append(sorted, i)
		}
	}
	return b.op(Reduce, ReduceAttr{Fn: f, Axes: sorted, Keep: keep}, x)
}

// ArgMax is the index of the largest element of each row.
func (b *Builder) ArgMax(x Buf) Buf { return b.op(ArgMax, nil, x) }

// Softmax of each row.
func (b *Builder) Softmax(x Buf) Buf { return b.op(Softmax, nil, x) }

// LogSoftmax of each row.
func (b *Builder) LogSoftmax(x Buf) Buf { return b.op(LogSoftmax, nil, x) }

// Xent is the categorical crossentropy of each row of probabilities p against targets t. Where p is
// the result of Softmax, it is computed from the logits (see fuseSoftmaxXent).
func (b *Builder) Xent(p, t Buf, sparse bool) Buf {
	if z := b.fuseSoftmaxXent(p); z != None {
		return b.SoftmaxXent(z, t, sparse)
	}
	return b.op(Xent, XentAttr{sparse}, p, t)
}

// SoftmaxXent is the categorical crossentropy of each row of logits z against targets t.
func (b *Builder) SoftmaxXent(z, t Buf, sparse bool) Buf {
	return b.op(SoftmaxXent, XentAttr{sparse}, z, t)
}

// BinaryXent is the crossentropy of each probability p against target t. Where p is the result of
// a sigmoid, it is computed from the logit (see fuseSigmoidXent).
func (b *Builder) BinaryXent(p, t Buf) Buf {
	if z := b.fuseSigmoidXent(p); z != None {
		return b.Binary(LogitXent, z, t)
	}
	return b.Binary(BinaryXent, p, t)
}

// Gather picks rows of table [V, d..] by index.
func (b *Builder) Gather(table, index Buf) Buf { return b.op(Gather, nil, table, index) }

// ScatterAdd adds up dy's rows by index [i..], into a table of shape [V, d..] that is 0 at first: dy is [i.., d..],
// and rows whose index is outside [0, V) are left out. It has no gradient.
func (b *Builder) ScatterAdd(index, dy Buf, shape Shape) Buf {
	return b.op(ScatterAdd, ShapeAttr{shape}, index, dy)
}

// Transpose permutes dimensions.
func (b *Builder) Transpose(x Buf, perm ...int) Buf { return b.op(Transpose, TransposeAttr{perm}, x) }

// Slice is the part of x that begins at begin.
func (b *Builder) Slice(x Buf, begin []int, shape Shape) Buf {
	return b.op(Slice, SliceAttr{begin, shape}, x)
}

// Concat joins xs along axis; a negative axis counts from the end.
func (b *Builder) Concat(axis int, xs ...Buf) Buf {
	if axis < 0 && len(xs) > 0 {
		axis += len(b.Shape(xs[0]))
	}
	return b.op(Concat, ConcatAttr{axis}, xs...)
}

// Pad surrounds x with a constant.
func (b *Builder) Pad(x Buf, before, after []int, value float64) Buf {
	return b.op(Pad, PadAttr{before, after, value}, x)
}

// Random is random numbers. step is an Input of two elements that the host sets to
// StepWords(step) before each run.
func (b *Builder) Random(step Buf, a RandomAttr) Buf { return b.op(Random, a, step) }

// Fill is a constant tensor.
func (b *Builder) Fill(value float64, shape ...int) Buf {
	return b.op(Fill, FillAttr{value, append(Shape{}, shape...)})
}

// Const is a tensor of the given numbers, which the caller does not change any more: interpolation
// weights, positions, a window.
func (b *Builder) Const(values []float32, shape ...int) Buf {
	return b.op(Const, ConstAttr{values, append(Shape{}, shape...)})
}

// Copy is x in memory of its own.
func (b *Builder) Copy(x Buf) Buf { return b.op(Copy, nil, x) }

// Stop is x, through which no gradient goes.
func (b *Builder) Stop(x Buf) Buf { return b.op(Copy, StopAttr{}, x) }

// Pack is the xs, flattened, one behind another.
func (b *Builder) Pack(xs ...Buf) Buf { return b.op(Pack, nil, xs...) }

// Assign gives the variable v, or a StoreRange, the value of x, which has v's shape, when all else of
// the step is done: whatever reads v in this program, recorded before or after, reads what it held
// before the step. So a layer may assign its state in Lower, and Grad still sees the state it was
// computed from. A stretch of the Store is assigned once. After an Update what it changed may be assigned,
// from what it is then: so an optimizer's constraint has the last word.
func (b *Builder) Assign(v, x Buf) {
	if b.missing("assign", v, x) {
		return
	}
	if !b.Shape(v).Equal(b.Shape(x)) || b.p.Bufs[v].Kind != Var {
		b.Fail(fmt.Errorf("cannot assign %v to %s %v: %w", b.Shape(x), b.p.bufName(v), b.Shape(v), ErrProgram))
		return
	}
	for _, old := range b.assigns {
		if b.changedTwice(old.Out, v) {
			return
		}
	}
	if root, _ := b.p.Root(x); b.p.Bufs[root].Kind == Var {
		x = b.Copy(x) // it may be assigned too, before this
	}
	b.assigns = append(b.assigns, Op{Code: Copy, In: []Buf{x}, Out: []Buf{v}})
}

// changedTwice records the error that x has memory in common with one of the variables vs.
func (b *Builder) changedTwice(vs []Buf, x Buf) bool {
	twice := slices.ContainsFunc(vs, func(v Buf) bool { return b.p.meet(v, x) })
	if twice {
		b.Fail(fmt.Errorf("%s is assigned or updated twice: %w", b.p.bufName(x), ErrProgram))
	}
	return twice
}

// Update moves param along grad by the rule of a, in place. hyper has HyperSize elements, as Hyper.Words
// has them. slots are the rule's, each a Var of param's size, in the order of Rule.Slots.
func (b *Builder) Update(a UpdateAttr, param, grad, hyper Buf, slots ...Buf) {
	op := Op{Code: Update, Attr: a, In: append([]Buf{param, grad, hyper}, slots...), Out: append([]Buf{param}, slots...)}
	if b.missing("Update "+a.Rule.String(), op.In...) {
		return
	}
	if err := b.p.checkUpdate(&op); err != nil {
		b.Fail(err)
		return
	}
	for _, old := range b.assigns {
		for _, x := range op.Out {
			if b.changedTwice(old.Out, x) {
				return
			}
		}
	}
	b.p.Ops = append(b.p.Ops, op)
}

// Build ends the recording: it fuses, plans and verifies the program.
func (b *Builder) Build() (*Program, error) { return b.build(fuse) }

// BuildPlain is Build without Fuse: the decomposition that tests hold fused programs against.
func (b *Builder) BuildPlain() (*Program, error) { return b.build(func(*Program) {}) }

func (b *Builder) build(fuse func(p *Program)) (*Program, error) {
	p := b.p
	if b.err != nil {
		return nil, fmt.Errorf("%s: %w", p.Name, b.err)
	}
	p.Ops = append(p.Ops, b.assigns...)
	b.assigns = nil
	fuse(p)
	plan(p)
	if err := p.Verify(); err != nil {
		return nil, err
	}
	return p, nil
}
