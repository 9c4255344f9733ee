package prog

import (
	"fmt"
	"slices"
)

// table is the op table: one row a Code. The shape rules are below, the gradients in grad.go.
var table [numCodes]opRow

type opRow struct {
	name    string
	in      [2]int // fewest and most inputs without an epilogue's; -1 for any number
	inPlace bool   // out may be written over an operand of its size: each element (of the row ops, each row) needs only its like
	shape   func(attr Attr, in []Shape) (Shape, error)
	// grad appends the gradients of op's inputs, given its output's; nil where op has none, and for ops
	// with several outputs, whose gradients multis has.
	grad func(g *grader, op Op, dy Buf) []Buf
}

// init, not a literal: the gradients call the Builder, which reads the table.
func init() {
	table = [numCodes]opRow{
		MatMul:           {"MatMul", [2]int{2, 2}, false, matMulShape, gradMatMul},
		Conv2D:           {"Conv2D", [2]int{2, 2}, false, convShape, gradConv2D},
		Conv2DInputGrad:  {"Conv2DInputGrad", [2]int{2, 2}, false, convInputGradShape, gradConv2DInputGrad},
		Conv2DKernelGrad: {"Conv2DKernelGrad", [2]int{2, 2}, false, convKernelGradShape, nil},
		Pool:             {"Pool", [2]int{1, 1}, false, poolShape, gradPool},
		PoolGrad:         {"PoolGrad", [2]int{3, 3}, false, poolGradShape, nil},
		UnaryOp:          {"Unary", [2]int{1, 1}, true, sameShape, gradUnary},
		UnaryGrad:        {"UnaryGrad", [2]int{2, 2}, true, sameShape, nil},
		BinaryOp:         {"Binary", [2]int{2, 2}, true, broadcastShape, gradBinary},
		Broadcast:        {"Broadcast", [2]int{1, 1}, false, broadcastToShape, gradBroadcast},
		Reduce:           {"Reduce", [2]int{1, 1}, false, reduceShape, gradReduce},
		ArgMax:           {"ArgMax", [2]int{1, 1}, false, rowShape, nil},
		Softmax:          {"Softmax", [2]int{1, 1}, true, vectorShape, gradSoftmax},
		SoftmaxGrad:      {"SoftmaxGrad", [2]int{2, 2}, true, sameShape, nil},
		LogSoftmax:       {"LogSoftmax", [2]int{1, 1}, true, vectorShape, gradLogSoftmax},
		LogSoftmaxGrad:   {"LogSoftmaxGrad", [2]int{2, 2}, true, sameShape, nil},
		Xent:             {"Xent", [2]int{2, 2}, false, xentShape, gradXent},
		XentGrad:         {"XentGrad", [2]int{3, 3}, false, xentGradShape, nil},
		SoftmaxXent:      {"SoftmaxXent", [2]int{2, 2}, false, xentShape, gradXent},
		SoftmaxXentGrad:  {"SoftmaxXentGrad", [2]int{3, 3}, false, xentGradShape, nil},
		Gather:           {"Gather", [2]int{2, 2}, false, gatherShape, gradGather},
		ScatterAdd:       {"ScatterAdd", [2]int{2, 2}, false, scatterShape, gradScatterAdd},
		Transpose:        {"Transpose", [2]int{1, 1}, false, transposeShape, gradTranspose},
		Slice:            {"Slice", [2]int{1, 1}, false, sliceShape, gradSlice},
		Concat:           {"Concat", [2]int{1, -1}, false, concatShape, gradConcat},
		Pad:              {"Pad", [2]int{1, 1}, false, padShape, gradPad},
		Random:           {"Random", [2]int{1, 1}, false, randomShape, nil},
		Fill:             {"Fill", [2]int{0, 0}, false, fillShape, nil},
		Const:            {"Const", [2]int{0, 0}, false, constShape, nil},
		Copy:             {"Copy", [2]int{1, 1}, true, sameShape, gradCopy},
		Pack:             {"Pack", [2]int{1, -1}, false, packShape, gradPack},
		Split:            {"Split", [2]int{1, 1}, false, splitShape, nil},
		LSTMCell:         {"LSTMCell", [2]int{3, 5}, false, lstmShape, nil},
		LSTMCellGrad:     {"LSTMCellGrad", [2]int{4, 5}, false, lstmGradShape, nil},
		GRUCell:          {"GRUCell", [2]int{3, 4}, false, gruShape, nil},
		GRUCellGrad:      {"GRUCellGrad", [2]int{3, 4}, false, gruGradShape, nil},
		Warp:             {"Warp", [2]int{2, 2}, false, warpShape, gradWarp},
		WarpGrad:         {"WarpGrad", [2]int{2, 2}, false, warpGradShape, nil},
		Update:           {"Update", [2]int{3, -1}, false, nil, nil},
	}
}

// epilogue is the Epilogue of an attribute that has one.
func epilogue(a Attr) Epilogue {
	switch a := a.(type) {
	case MatMulAttr:
		return a.Epilogue
	case ConvAttr:
		return a.Epilogue
	}
	return Epilogue{}
}

// An OpError says that an op's operands do not fit it. It wraps ErrProgram.
type OpError struct {
	Code Code
	In   []Shape
	Why  string // "inner dimensions 4 and 5 differ"
}

func (e *OpError) Error() string { return fmt.Sprintf("%s%v: %s: %v", e.Code, e.In, e.Why, ErrProgram) }
func (e *OpError) Unwrap() error { return ErrProgram }

// outShape is the shape of the op's first output, or an error that names the op and its operands.
func outShape(code Code, attr Attr, in []Shape) (Shape, error) {
	row := &table[code]
	ep := epilogue(attr)
	extra := 0
	if ep.Bias {
		extra++
	}
	if ep.Grad {
		extra++
	}
	n := len(in) - extra
	bad := func(format string, args ...any) error {
		return &OpError{code, in, fmt.Sprintf(format, args...)}
	}
	if n < row.in[0] || row.in[1] >= 0 && n > row.in[1] {
		return nil, bad("wrong number of operands")
	}
	out, err := row.shape(attr, in[:n])
	if err != nil {
		return nil, bad("%v", err)
	}
	if e := out.checked(); e != "" {
		return nil, bad("%s", e)
	}
	if ep.Bias && (ep.Grad || !in[n].Equal(Shape{out.Last()})) {
		return nil, bad("bias of %v for %v", in[n], out)
	}
	if ep.Grad && !in[n].Equal(out) {
		return nil, bad("gradient reference of %v for %v", in[n], out)
	}
	if !ep.Grad && ep.Act != Identity && !unaryTable[ep.Act].act {
		return nil, bad("%s is no activation", ep.Act)
	}
	return out, nil
}

type shapeError string

func (e shapeError) Error() string { return string(e) }

func shapeErrorf(format string, args ...any) error { return shapeError(fmt.Sprintf(format, args...)) }

func matMulShape(attr Attr, in []Shape) (Shape, error) {
	a := attr.(MatMulAttr)
	x, y := in[0], in[1]
	if len(x) < 2 || len(x) != len(y) || !x[:len(x)-2].Equal(y[:len(y)-2]) {
		return nil, shapeErrorf("wants two matrices, or two stacks of as many")
	}
	m, k := x[len(x)-2], x[len(x)-1]
	if a.TransA {
		m, k = k, m
	}
	k2, n := y[len(y)-2], y[len(y)-1]
	if a.TransB {
		k2, n = n, k2
	}
	if k != k2 {
		return nil, shapeErrorf("inner dimensions %d and %d differ", k, k2)
	}
	return append(slices.Clone(x[:len(x)-2]), m, n), nil
}

// windowOut is the number of places a window of size k takes in n elements with padding, or an
// error text.
func windowOut(n, k, stride, dilation, before, after int) (int, error) {
	if k < 1 || stride < 1 || dilation < 1 || before < 0 || after < 0 ||
		max(k, stride, dilation, before, after) > maxSize {
		return 0, shapeErrorf("window %d, stride %d, dilation %d, padding %d+%d", k, stride, dilation, before, after)
	}
	span := (k-1)*dilation + 1
	if n+before+after < span {
		return 0, shapeErrorf("window of %d over %d elements (%d+%d padding)", span, n, before, after)
	}
	return (n+before+after-span)/stride + 1, nil
}

func windowsOut(x Shape, window, stride, dilation [2]int, pad [4]int) (oh, ow int, err error) {
	if oh, err = windowOut(x[1], window[0], stride[0], dilation[0], pad[0], pad[1]); err != nil {
		return 0, 0, err
	}
	ow, err = windowOut(x[2], window[1], stride[1], dilation[1], pad[2], pad[3])
	return oh, ow, err
}

func convShape(attr Attr, in []Shape) (Shape, error) {
	a := attr.(ConvAttr)
	x, w := in[0], in[1]
	if len(x) != 4 || len(w) != 4 {
		return nil, shapeErrorf("wants x [N,H,W,C] and w [KH,KW,C/groups,O]")
	}
	if a.Groups < 1 || x[3] != w[2]*a.Groups || w[3]%a.Groups != 0 {
		return nil, shapeErrorf("%d input channels, %d groups", x[3], a.Groups)
	}
	oh, ow, err := windowsOut(x, [2]int{w[0], w[1]}, a.Stride, a.Dilation, a.Pad)
	return Shape{x[0], oh, ow, w[3]}, err
}

func convInputGradShape(attr Attr, in []Shape) (Shape, error) {
	a := attr.(ConvAttr)
	dy, w := in[0], in[1]
	if len(dy) != 4 || len(w) != 4 {
		return nil, shapeErrorf("wants dy [N,OH,OW,O] and w [KH,KW,C/groups,O]")
	}
	out := Shape{dy[0], a.In[0], a.In[1], w[2] * a.Groups}
	plain := a
	plain.Epilogue = Epilogue{}
	fwd, err := convShape(plain, []Shape{out, w})
	if err == nil && !fwd.Equal(dy) {
		err = shapeErrorf("the convolution of %v gives %v", out, fwd)
	}
	return out, err
}

func convKernelGradShape(attr Attr, in []Shape) (Shape, error) {
	a := attr.(ConvAttr)
	x, dy := in[0], in[1]
	if len(x) != 4 || len(dy) != 4 || a.Groups < 1 {
		return nil, shapeErrorf("wants x [N,H,W,C] and dy [N,OH,OW,O]")
	}
	out := Shape{a.Kernel[0], a.Kernel[1], x[3] / a.Groups, dy[3]}
	fwd, err := convShape(a, []Shape{x, out})
	if err == nil && !fwd.Equal(dy) {
		err = shapeErrorf("the convolution of %v by %v gives %v", x, out, fwd)
	}
	return out, err
}

func poolShape(attr Attr, in []Shape) (Shape, error) {
	a := attr.(PoolAttr)
	x := in[0]
	if len(x) != 4 {
		return nil, shapeErrorf("wants [N,H,W,C]")
	}
	if a.Pad[0] >= a.Window[0] || a.Pad[1] >= a.Window[0] || a.Pad[2] >= a.Window[1] || a.Pad[3] >= a.Window[1] {
		return nil, shapeErrorf("padding %v leaves windows %v with nothing in them", a.Pad, a.Window)
	}
	if x[1] == 0 || x[2] == 0 {
		return nil, shapeErrorf("wants images of at least one element")
	}
	oh, ow, err := windowsOut(x, a.Window, a.Stride, [2]int{1, 1}, a.Pad)
	return Shape{x[0], oh, ow, x[3]}, err
}

func poolGradShape(attr Attr, in []Shape) (Shape, error) {
	y, err := poolShape(attr, in[:1])
	if err == nil && (!y.Equal(in[1]) || !y.Equal(in[2])) {
		err = shapeErrorf("pooling gives %v", y)
	}
	return in[0], err
}

func sameShape(_ Attr, in []Shape) (Shape, error) {
	for _, s := range in[1:] {
		if !s.Equal(in[0]) {
			return nil, shapeErrorf("shapes differ")
		}
	}
	return in[0], nil
}

func vectorShape(_ Attr, in []Shape) (Shape, error) {
	if len(in[0]) == 0 || in[0].Last() == 0 {
		return nil, shapeErrorf("wants rows of at least one element")
	}
	return in[0], nil
}

func rowShape(attr Attr, in []Shape) (Shape, error) {
	if _, err := vectorShape(attr, in); err != nil {
		return nil, err
	}
	return in[0][:len(in[0])-1], nil
}

func broadcastShape(_ Attr, in []Shape) (Shape, error) {
	out, ok := BroadcastShape(in[0], in[1])
	if !ok {
		return nil, shapeErrorf("shapes cannot be broadcast together")
	}
	return out, nil
}

func broadcastToShape(attr Attr, in []Shape) (Shape, error) {
	want := attr.(ShapeAttr).Shape
	if out, ok := BroadcastShape(in[0], want); !ok || !out.Equal(want) {
		return nil, shapeErrorf("cannot stretch to %v", want)
	}
	return want, nil
}

func reduceShape(attr Attr, in []Shape) (Shape, error) {
	a := attr.(ReduceAttr)
	out := Shape{}
	next := 0
	for i, d := range in[0] {
		if next < len(a.Axes) && a.Axes[next] == i {
			next++
			if d == 0 && (a.Fn == Mean || a.Fn == Max) {
				return nil, shapeErrorf("%s of no elements", a.Fn)
			}
			if a.Keep {
				out = append(out, 1)
			}
			continue
		}
		out = append(out, d)
	}
	if next != len(a.Axes) {
		return nil, shapeErrorf("axes %v are not ascending dimensions", a.Axes)
	}
	return out, nil
}

func xentShape(attr Attr, in []Shape) (Shape, error) {
	rows, err := rowShape(nil, in[:1])
	if err != nil {
		return nil, err
	}
	want := in[0]
	if attr.(XentAttr).Sparse {
		want = rows
	}
	if !in[1].Equal(want) {
		return nil, shapeErrorf("targets are %v, wanted %v", in[1], want)
	}
	return rows, nil
}

func xentGradShape(attr Attr, in []Shape) (Shape, error) {
	rows, err := xentShape(attr, in[:2])
	if err == nil && !in[2].Equal(rows) {
		err = shapeErrorf("the loss is %v", rows)
	}
	return in[0], err
}

func gatherShape(_ Attr, in []Shape) (Shape, error) {
	if len(in[0]) == 0 {
		return nil, shapeErrorf("wants a table of rows")
	}
	return append(slices.Clone(in[1]), in[0][1:]...), nil
}

func scatterShape(attr Attr, in []Shape) (Shape, error) {
	out := attr.(ShapeAttr).Shape
	if want, err := gatherShape(nil, []Shape{out, in[0]}); err != nil || !want.Equal(in[1]) {
		return nil, shapeErrorf("cannot scatter to %v", out)
	}
	return out, nil
}

func transposeShape(attr Attr, in []Shape) (Shape, error) {
	perm := attr.(TransposeAttr).Perm
	seen := make([]bool, len(in[0]))
	out := make(Shape, len(perm))
	for i, d := range perm {
		if len(perm) != len(seen) || d < 0 || d >= len(seen) || seen[d] {
			return nil, shapeErrorf("%v is no permutation of its dimensions", perm)
		}
		seen[d] = true
		out[i] = in[0][d]
	}
	if len(perm) != len(seen) {
		return nil, shapeErrorf("%v is no permutation of its dimensions", perm)
	}
	return out, nil
}

func sliceShape(attr Attr, in []Shape) (Shape, error) {
	a := attr.(SliceAttr)
	if len(a.Begin) != len(in[0]) || len(a.Shape) != len(in[0]) {
		return nil, shapeErrorf("slice %v%v", a.Begin, a.Shape)
	}
	for i, d := range in[0] {
		if a.Begin[i] < 0 || a.Shape[i] < 0 || a.Begin[i] > d || a.Shape[i] > d-a.Begin[i] {
			return nil, shapeErrorf("slice %v%v is outside", a.Begin, a.Shape)
		}
	}
	return a.Shape, nil
}

func concatShape(attr Attr, in []Shape) (Shape, error) {
	axis := attr.(ConcatAttr).Axis
	if axis < 0 || axis >= len(in[0]) {
		return nil, shapeErrorf("no axis %d", axis)
	}
	out := slices.Clone(in[0])
	out[axis] = 0
	for _, s := range in {
		if len(s) != len(out) {
			return nil, shapeErrorf("ranks differ")
		}
		for i, d := range s {
			if i != axis && d != out[i] {
				return nil, shapeErrorf("shapes differ in dimension %d", i)
			}
		}
		out[axis] += s[axis]
	}
	return out, nil
}

func padShape(attr Attr, in []Shape) (Shape, error) {
	a := attr.(PadAttr)
	if len(a.Before) != len(in[0]) || len(a.After) != len(in[0]) {
		return nil, shapeErrorf("padding %v, %v", a.Before, a.After)
	}
	out := slices.Clone(in[0])
	for i := range out {
		if a.Before[i] < 0 || a.After[i] < 0 || max(a.Before[i], a.After[i]) > maxSize {
			return nil, shapeErrorf("padding %v, %v", a.Before, a.After)
		}
		out[i] += a.Before[i] + a.After[i]
	}
	return out, nil
}

func randomShape(attr Attr, in []Shape) (Shape, error) {
	if !in[0].Equal(Shape{2}) {
		return nil, shapeErrorf("the step is two numbers")
	}
	return attr.(RandomAttr).Shape, nil
}

func fillShape(attr Attr, _ []Shape) (Shape, error) { return attr.(FillAttr).Shape, nil }

func constShape(attr Attr, _ []Shape) (Shape, error) {
	a := attr.(ConstAttr)
	if a.Shape.checked() != "" || len(a.Values) != a.Shape.Size() {
		return nil, shapeErrorf("%d numbers for %v", len(a.Values), a.Shape)
	}
	return a.Shape, nil
}

func packShape(_ Attr, in []Shape) (Shape, error) {
	n := 0
	for _, s := range in {
		n += s.Size()
	}
	return Shape{n}, nil
}

// checkUpdate is Update's rule: its operands are variables that it changes in place.
func (p *Program) checkUpdate(op *Op) error {
	a, ok := op.Attr.(UpdateAttr)
	if !ok || a.Rule >= numRules || len(op.In) != 3+len(a.Rule.Slots()) || len(op.Out) != len(op.In)-2 {
		return fmt.Errorf("Update: wrong operands for its rule: %w", ErrProgram)
	}
	n := p.Bufs[op.In[0]].Shape.Size()
	for i, b := range op.In {
		want := n
		if i == 2 {
			want = HyperSize
		}
		if got := p.Bufs[b].Shape.Size(); got != want {
			return fmt.Errorf("Update %s: operand %d has %d elements, wanted %d: %w", a.Rule, i, got, want, ErrProgram)
		}
		if i == 0 || i > 2 {
			if out := op.Out[max(0, i-2)]; out != b || p.Bufs[b].Kind != Var {
				return fmt.Errorf("Update %s: operand %d is no variable changed in place: %w", a.Rule, i, ErrProgram)
			}
			for _, other := range op.Out[:max(0, i-2)] {
				_, at := p.Root(b)
				_, before := p.Root(other)
				if (span{at, at + n}).meets(span{before, before + n}) {
					return fmt.Errorf("Update %s: operand %d overlaps another: %w", a.Rule, i, ErrProgram)
				}
			}
		}
	}
	return nil
}
