package prog

import (
	"fmt"
	"slices"
)

// Grad appends the ops that compute the gradients of the scalar loss with respect to each of wrt,
// variables or inputs, and returns the gradients, each of its variable's shape. It is reverse-mode
// differentiation over the ops recorded so far, with one rule an op (the op table's grad). What no
// wanted gradient needs is never computed. A variable that the loss does not depend on gets zeros.
func Grad(b *Builder, loss Buf, wrt []Buf) []Buf {
	none := slices.Repeat([]Buf{None}, len(wrt))
	if b.missing("gradient", append([]Buf{loss}, wrt...)...) {
		return none
	}
	if s := b.Shape(loss); s.Size() != 1 {
		b.Fail(fmt.Errorf("the loss is %v, wanted a scalar: %w", s, ErrProgram))
		return none
	}
	b.Scope("gradient")
	g := &grader{b: b, needed: map[place]bool{}, grads: map[place]Buf{}, products: map[place][]product{}}
	for _, w := range wrt {
		g.needed[g.place(w)] = true
	}
	n := len(b.p.Ops)
	g.countKernels(b.p.Ops[:n])
	for _, op := range b.p.Ops[:n] {
		if _, stops := op.Attr.(StopAttr); !stops && slices.ContainsFunc(op.In, g.needs) && op.Code != Update {
			for _, o := range op.Out {
				g.needed[g.place(o)] = true
			}
		}
	}
	if g.needs(loss) {
		g.add(loss, b.Fill(1, b.Shape(loss)...))
	}
	for i := n - 1; i >= 0 && b.err == nil; i-- {
		op := b.p.Ops[i]
		dys := slices.Repeat([]Buf{None}, len(op.Out))
		reached := false
		for j, out := range op.Out {
			g.join(g.place(out))
			if dy, ok := g.grads[g.place(out)]; ok {
				dys[j], reached = b.Reshape(dy, b.Shape(out)...), true
			}
		}
		if !reached || !slices.ContainsFunc(op.In, g.needs) {
			continue
		}
		rule, several := table[op.Code].grad, multis[op.Code].grad
		var ds []Buf
		switch {
		case several != nil:
			ds = several(g, op, dys)
		case rule != nil && len(op.Out) == 1:
			ds = rule(g, op, dys[0])
		default:
			b.Fail(fmt.Errorf("%s has no gradient: %w", op.Code, ErrProgram))
			return none
		}
		for j, d := range ds {
			if d != None && g.needs(op.In[j]) {
				g.add(op.In[j], d)
			}
		}
	}
	out := none
	for i, w := range wrt {
		g.join(g.place(w))
		if d, ok := g.grads[g.place(w)]; ok {
			out[i] = b.Reshape(d, b.Shape(w)...)
		} else {
			out[i] = b.Fill(0, b.Shape(w)...)
		}
	}
	b.Scope("")
	return out
}

// A place is a stretch of memory, so that two views of it (a reshape, a variable asked for twice)
// share one gradient.
type place struct {
	root         Buf
	offset, size int
}

type grader struct {
	b      *Builder
	needed map[place]bool // places that depend on a wanted variable
	grads  map[place]Buf
	// kernels counts the products that have a matrix on the right; products are those of them whose
	// part of that matrix's gradient is still to be computed: see join.
	kernels  map[place]int
	products map[place][]product
}

// A product is x·kernel, and the gradient of its result.
type product struct{ x, dy Buf }

// shared reports whether op is x·y with a matrix y.
func (g *grader) byKernel(op Op) bool {
	a, ok := op.Attr.(MatMulAttr)
	return ok && op.Code == MatMul && a == (MatMulAttr{}) && len(g.b.p.Bufs[op.In[1]].Shape) == 2
}

func (g *grader) countKernels(ops []Op) {
	g.kernels = map[place]int{}
	for _, op := range ops {
		if g.byKernel(op) {
			g.kernels[g.place(op.In[1])]++
		}
	}
}

// join computes the gradient of a matrix that many are multiplied by, as a recurrent kernel is in
// every step: Σ xᵀ·dy is one product of all x below each other with all dy.
func (g *grader) join(at place) {
	b, ps := g.b, g.products[at]
	if len(ps) == 0 {
		return
	}
	delete(g.products, at)
	slices.Reverse(ps) // into the order of recording
	var xs, dys []Buf
	for _, p := range ps {
		xs, dys = append(xs, p.x), append(dys, p.dy)
	}
	if len(ps) == 1 {
		g.addAt(at, b.MatMul(xs[0], dys[0], true, false))
		return
	}
	k, n := b.Shape(xs[0]).Last(), b.Shape(dys[0]).Last()
	g.addAt(at, b.MatMul(b.Reshape(b.Pack(xs...), -1, k), b.Reshape(b.Pack(dys...), -1, n), true, false))
}

func (g *grader) place(x Buf) place {
	root, off := g.b.p.Root(x)
	return place{root, off, g.b.p.Bufs[x].Shape.Size()}
}

func (g *grader) needs(x Buf) bool { return x != None && g.needed[g.place(x)] }

func (g *grader) add(x, d Buf) { g.addAt(g.place(x), d) }

func (g *grader) addAt(at place, d Buf) {
	b := g.b
	if old, ok := g.grads[at]; ok {
		d = b.Add(old, b.Reshape(d, b.Shape(old)...))
	}
	g.grads[at] = d
}

// sumTo undoes broadcasting: the sum of d over the dimensions along which shape was stretched.
func (g *grader) sumTo(d Buf, shape Shape) Buf {
	b := g.b
	ds := b.Shape(d)
	if ds.Equal(shape) || b.err != nil {
		return d
	}
	var axes []int
	for i := range ds {
		j := i - (len(ds) - len(shape))
		if j < 0 || shape[j] == 1 && ds[i] != 1 {
			axes = append(axes, i)
		}
	}
	if len(axes) > 0 {
		d = b.Reduce(Sum, d, false, axes...)
	}
	return b.Reshape(d, shape...)
}

func gradMatMul(g *grader, op Op, dy Buf) []Buf {
	a, x, y := op.Attr.(MatMulAttr), op.In[0], op.In[1]
	mul := func(p, q Buf, tp, tq bool) Buf { return g.b.MatMul(p, q, tp, tq) }
	dx, dw := None, None
	if g.needs(y) {
		at := g.place(y)
		switch {
		case g.byKernel(op) && g.kernels[at] > 1:
			g.products[at] = append(g.products[at], product{x, dy})
		case !a.TransB:
			dw = mul(x, dy, !a.TransA, false)
		default:
			dw = mul(dy, x, true, a.TransA)
		}
	}
	if g.needs(x) {
		switch {
		case !a.TransA:
			dx = mul(dy, y, false, !a.TransB)
		default:
			dx = mul(y, dy, a.TransB, true)
		}
	}
	return []Buf{dx, dw}
}

func noGradient(what fmt.Stringer, operand string) error {
	return fmt.Errorf("%s has no gradient for its %s: %w", what, operand, ErrProgram)
}

func gradConv2D(g *grader, op Op, dy Buf) []Buf {
	a, x, w := op.Attr.(ConvAttr), op.In[0], op.In[1]
	xs, ws := g.b.Shape(x), g.b.Shape(w)
	dx, dw := None, None
	if g.needs(w) {
		k := a
		k.Kernel = [2]int{ws[0], ws[1]}
		dw = g.b.op(Conv2DKernelGrad, k, x, dy)
	}
	if g.needs(x) {
		k := a
		k.In = [2]int{xs[1], xs[2]}
		dx = g.b.Conv2DInputGrad(dy, w, k)
	}
	return []Buf{dx, dw}
}

// gradConv2DInputGrad: Σ dx·g is linear in dy and in w, so that each one's gradient is what would be made of
// the other and dx, with g in dx's place.
func gradConv2DInputGrad(g *grader, op Op, dx Buf) []Buf {
	a, dy, w := op.Attr.(ConvAttr), op.In[0], op.In[1]
	ws := g.b.Shape(w)
	a.In = [2]int{}
	ddy, dw := None, None
	if g.needs(dy) {
		ddy = g.b.Conv2D(dx, w, a)
	}
	if g.needs(w) {
		a.Kernel = [2]int{ws[0], ws[1]}
		dw = g.b.op(Conv2DKernelGrad, a, dx, dy)
	}
	return []Buf{ddy, dw}
}

func gradPool(g *grader, op Op, dy Buf) []Buf {
	return []Buf{g.b.op(PoolGrad, op.Attr, op.In[0], op.Out[0], dy)}
}

func gradUnary(g *grader, op Op, dy Buf) []Buf {
	a, b := op.Attr.(UnaryAttr), g.b
	switch unaryTable[a.Fn].grad {
	case gradZero:
		return []Buf{None}
	case gradLinear:
		switch a.Fn {
		case Affine:
			return []Buf{b.Affine(dy, a.Alpha, 0)}
		case Neg:
			return []Buf{b.Unary(Neg, dy)}
		}
		return []Buf{dy}
	case gradY:
		return []Buf{b.op(UnaryGrad, a, op.Out[0], dy)}
	}
	return []Buf{b.op(UnaryGrad, a, op.In[0], dy)}
}

func gradBinary(g *grader, op Op, dy Buf) []Buf {
	b, x, y := g.b, op.In[0], op.In[1]
	xs, ys := b.Shape(x), b.Shape(y)
	dx, dw := None, None
	needX, needY := g.needs(x), g.needs(y)
	switch fn := op.Attr.(BinaryAttr).Fn; fn {
	case Add:
		dx, dw = dy, dy
	case Sub:
		dx = dy
		if needY {
			dw = b.Unary(Neg, dy)
		}
	case Mul:
		if needX {
			dx = b.Mul(dy, y)
		}
		if needY {
			dw = b.Mul(dy, x)
		}
	case Div:
		q := b.Div(dy, y)
		dx = q
		if needY {
			dw = b.Unary(Neg, b.Mul(q, op.Out[0]))
		}
	case Pow:
		if needX {
			dx = b.Mul(dy, b.Mul(y, b.Binary(Pow, x, b.Affine(y, 1, -1))))
		}
		if needY {
			dw = b.Mul(dy, b.Mul(op.Out[0], b.Unary(Log, x)))
		}
	case Maximum:
		if needX {
			dx = b.Mul(dy, b.Binary(GreaterEqual, x, y))
		}
		if needY {
			dw = b.Mul(dy, b.Binary(Less, x, y))
		}
	case Minimum:
		if needX {
			dx = b.Mul(dy, b.Binary(GreaterEqual, y, x))
		}
		if needY {
			dw = b.Mul(dy, b.Binary(Less, y, x))
		}
	case Where, Unless:
		if needX {
			dx = b.Binary(fn, dy, y)
		}
	case BinaryXent, LogitXent:
		if needY {
			return []Buf{None, b.Fail(noGradient(fn, "targets"))}
		}
		gfn := BinaryXentGrad
		if fn == LogitXent {
			gfn = LogitXentGrad
		}
		dx = b.Mul(dy, b.Binary(gfn, x, y))
	default: // comparisons are flat
		if fn == BinaryXentGrad || fn == LogitXentGrad {
			b.Fail(fmt.Errorf("%s has no gradient: %w", fn, ErrProgram))
		}
		return []Buf{None, None}
	}
	if dx != None && needX {
		dx = g.sumTo(dx, xs)
	}
	if dw != None && needY {
		dw = g.sumTo(dw, ys)
	}
	return []Buf{dx, dw}
}

func gradBroadcast(g *grader, op Op, dy Buf) []Buf {
	return []Buf{g.sumTo(dy, g.b.Shape(op.In[0]))}
}

func gradReduce(g *grader, op Op, dy Buf) []Buf {
	a, b, x := op.Attr.(ReduceAttr), g.b, op.In[0]
	xs := b.Shape(x)
	kept := slices.Clone(xs)
	n := 1
	for _, axis := range a.Axes {
		n *= kept[axis]
		kept[axis] = 1
	}
	dy = b.Reshape(dy, kept...)
	switch a.Fn {
	case Mean:
		dy = b.Affine(dy, 1/float64(n), 0)
	case Max:
		// Equal maxima share the gradient, as in TensorFlow and JAX.
		hit := b.Binary(Equal, x, b.Reshape(op.Out[0], kept...))
		share := b.Div(dy, b.Reduce(Sum, hit, true, a.Axes...))
		return []Buf{b.Mul(hit, share)}
	case SumSquares:
		return []Buf{b.Mul(x, b.Affine(dy, 2, 0))}
	}
	return []Buf{b.Broadcast(dy, xs)}
}

func gradSoftmax(g *grader, op Op, dy Buf) []Buf {
	return []Buf{g.b.op(SoftmaxGrad, nil, op.Out[0], dy)}
}

func gradLogSoftmax(g *grader, op Op, dy Buf) []Buf {
	return []Buf{g.b.op(LogSoftmaxGrad, nil, op.Out[0], dy)}
}

func gradXent(g *grader, op Op, dy Buf) []Buf {
	if g.needs(op.In[1]) {
		return []Buf{None, g.b.Fail(noGradient(op.Code, "targets"))}
	}
	code := XentGrad
	if op.Code == SoftmaxXent {
		code = SoftmaxXentGrad
	}
	return []Buf{g.b.op(code, op.Attr, op.In[0], op.In[1], dy), None}
}

func gradGather(g *grader, op Op, dy Buf) []Buf {
	return []Buf{g.b.ScatterAdd(op.In[1], dy, g.b.Shape(op.In[0])), None}
}

// gradScatterAdd is a Gather, and 0 for rows that were added nowhere.
func gradScatterAdd(g *grader, op Op, dy Buf) []Buf {
	b, index := g.b, op.In[0]
	rows := b.Gather(dy, index)
	inside := b.Mul(b.Binary(Greater, index, b.Fill(-1)), b.Binary(Less, index, b.Fill(float64(b.Shape(dy)[0]))))
	shape := slices.Clone(b.Shape(index))
	for range len(b.Shape(rows)) - len(shape) {
		shape = append(shape, 1)
	}
	return []Buf{None, b.Binary(Where, rows, b.Reshape(inside, shape...))}
}

func gradTranspose(g *grader, op Op, dy Buf) []Buf {
	perm := op.Attr.(TransposeAttr).Perm
	inverse := make([]int, len(perm))
	for i, d := range perm {
		inverse[d] = i
	}
	return []Buf{g.b.Transpose(dy, inverse...)}
}

func gradSlice(g *grader, op Op, dy Buf) []Buf {
	a, xs := op.Attr.(SliceAttr), g.b.Shape(op.In[0])
	after := make([]int, len(xs))
	for i := range xs {
		after[i] = xs[i] - a.Begin[i] - a.Shape[i]
	}
	return []Buf{g.b.Pad(dy, a.Begin, after, 0)}
}

func gradConcat(g *grader, op Op, dy Buf) []Buf {
	axis := op.Attr.(ConcatAttr).Axis
	begin := make([]int, len(g.b.Shape(dy)))
	var out []Buf
	for _, x := range op.In {
		d := None
		xs := g.b.Shape(x)
		if g.needs(x) {
			d = g.b.Slice(dy, slices.Clone(begin), slices.Clone(xs))
		}
		out = append(out, d)
		if g.b.err == nil {
			begin[axis] += xs[axis]
		}
	}
	return out
}

func gradPad(g *grader, op Op, dy Buf) []Buf {
	return []Buf{g.b.Slice(dy, op.Attr.(PadAttr).Before, slices.Clone(g.b.Shape(op.In[0])))}
}

func gradCopy(_ *grader, _ Op, dy Buf) []Buf { return []Buf{dy} }
