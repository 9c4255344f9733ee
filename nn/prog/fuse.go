package prog

import "slices"

// fuse rewrites p in place so that a backend does in one pass what was recorded as several. Every
// rewrite keeps each remaining buffer's value (up to rounding); tests run programs built with and
// without it against each other. The passes, in order:
func fuse(p *Program) {
	dropDead(p)
	fuseBias(p)
	fuseActivation(p)
	fuseActivationGrad(p)
	fuseBiasGrad(p)
	placeSplits(p)
	placePacks(p)
	dropDead(p)
}

// fuseSoftmaxXent is the logits z where p is Softmax(z), else None. It acts while recording, before
// Grad: the crossentropy of logits has the simple, exact gradient softmax(z) - t, and never takes
// the logarithm of a rounded-off zero. Softmax itself stays only where something else reads it.
func (b *Builder) fuseSoftmaxXent(p Buf) Buf {
	if op := b.madeBy(p, Softmax); op != nil {
		return op.In[0]
	}
	return None
}

// fuseSigmoidXent is the logit z where p is sigmoid(z), else None: see fuseSoftmaxXent.
func (b *Builder) fuseSigmoidXent(p Buf) Buf {
	if op := b.madeBy(p, UnaryOp); op != nil && op.Attr.(UnaryAttr).Fn == Sigmoid {
		return op.In[0]
	}
	return None
}

// A usage says who writes and reads each buffer's memory, by root.
type usage struct {
	writer []int   // the op that writes the root, -1 for none, -2 for several
	reader [][]int // the ops that read the root, ascending, one entry a use
}

func (p *Program) usage() usage {
	u := usage{make([]int, len(p.Bufs)), make([][]int, len(p.Bufs))}
	for i := range u.writer {
		u.writer[i] = -1
	}
	for i, op := range p.Ops {
		for _, x := range op.In {
			r, _ := p.Root(x)
			u.reader[r] = append(u.reader[r], i)
		}
		for _, x := range op.Out {
			r, _ := p.Root(x)
			if u.writer[r] == -1 {
				u.writer[r] = i
			} else {
				u.writer[r] = -2
			}
		}
	}
	return u
}

// soleUse is the op that writes temporary x where op user is its only reader, else -1.
func (p *Program) soleUse(u usage, x Buf, user int) int {
	b := p.Bufs[x]
	if b.Kind != Temp || b.Base != None || len(u.reader[x]) != 1 || u.reader[x][0] != user {
		return -1
	}
	return u.writer[x]
}

// readyAt reports whether operand x has its value before op i and keeps it until op j, so that a
// reader may move from j to i.
func (p *Program) readyAt(u usage, x Buf, i, j int) bool {
	r, _ := p.Root(x)
	if p.Bufs[r].Kind == Var {
		for _, op := range p.Ops[i:j] {
			for _, o := range op.Out {
				if p.Bufs[o].Kind == Var {
					return false
				}
			}
		}
		return true
	}
	return u.writer[r] < i && u.writer[r] != -2
}

// remove deletes the ops marked in gone.
func (p *Program) remove(gone []bool) {
	ops := p.Ops[:0]
	for i, op := range p.Ops {
		if !gone[i] {
			ops = append(ops, op)
		}
	}
	p.Ops = ops
}

// dropDead removes ops whose results nobody reads: neither a later op nor the host nor the Store.
func dropDead(p *Program) {
	live := make([]bool, len(p.Bufs))
	for i, b := range p.Bufs {
		live[i] = b.Base == None && (b.Kind == Output || b.Kind == Var)
	}
	gone := make([]bool, len(p.Ops))
	for i := len(p.Ops) - 1; i >= 0; i-- {
		op := p.Ops[i]
		gone[i] = !slices.ContainsFunc(op.Out, func(o Buf) bool { r, _ := p.Root(o); return live[r] })
		if gone[i] {
			continue
		}
		for _, x := range op.In {
			r, _ := p.Root(x)
			live[r] = true
		}
	}
	p.remove(gone)
}

// setEpilogue returns the attribute with its Epilogue replaced.
func setEpilogue(a Attr, e Epilogue) Attr {
	switch a := a.(type) {
	case MatMulAttr:
		a.Epilogue = e
		return a
	case ConvAttr:
		a.Epilogue = e
		return a
	}
	panic("prog: no epilogue in this attribute")
}

// hasEpilogue: the ops whose results may be finished before they are stored.
func hasEpilogue(c Code) bool { return c == MatMul || c == Conv2D || c == Conv2DInputGrad }

// fuseBias: a product or convolution, then Binary add of a vector along the last dimension.
func fuseBias(p *Program) {
	u := p.usage()
	gone := make([]bool, len(p.Ops))
	for j, add := range p.Ops {
		if add.Code != BinaryOp || add.Attr.(BinaryAttr).Fn != Add {
			continue
		}
		x, bias := add.In[0], add.In[1]
		i := p.soleUse(u, x, j)
		if i < 0 {
			continue
		}
		op := &p.Ops[i]
		shape := p.Bufs[x].Shape
		if !hasEpilogue(op.Code) || epilogue(op.Attr) != (Epilogue{}) ||
			!p.Bufs[bias].Shape.Equal(Shape{shape.Last()}) || !p.readyAt(u, bias, i, j) {
			continue
		}
		op.Attr = setEpilogue(op.Attr, Epilogue{Bias: true})
		op.In = append(slices.Clone(op.In), bias)
		op.Out = add.Out
		u.writer[add.Out[0]] = i
		gone[j] = true
	}
	p.remove(gone)
}

// fuseActivation: a product or convolution (with its bias), then an activation.
func fuseActivation(p *Program) {
	u := p.usage()
	gone := make([]bool, len(p.Ops))
	for j, act := range p.Ops {
		if act.Code != UnaryOp {
			continue
		}
		a := act.Attr.(UnaryAttr)
		i := p.soleUse(u, act.In[0], j)
		if i < 0 || !unaryTable[a.Fn].act {
			continue
		}
		op := &p.Ops[i]
		e := epilogue(op.Attr)
		if !hasEpilogue(op.Code) || e.Act != Identity || e.Grad {
			continue
		}
		e.Act, e.Alpha = a.Fn, a.Alpha
		op.Attr = setEpilogue(op.Attr, e)
		op.Out = act.Out
		gone[j] = true
	}
	p.remove(gone)
}

// fuseActivationGrad: a product or convolution of the backward pass, then the UnaryGrad of the activation
// before it.
func fuseActivationGrad(p *Program) {
	u := p.usage()
	gone := make([]bool, len(p.Ops))
	for j, act := range p.Ops {
		if act.Code != UnaryGrad {
			continue
		}
		a := act.Attr.(UnaryAttr)
		ref, dy := act.In[0], act.In[1]
		i := p.soleUse(u, dy, j)
		if i < 0 || !unaryTable[a.Fn].act {
			continue
		}
		op := &p.Ops[i]
		if !hasEpilogue(op.Code) || epilogue(op.Attr) != (Epilogue{}) ||
			!p.readyAt(u, ref, i, j) {
			continue
		}
		op.Attr = setEpilogue(op.Attr, Epilogue{Act: a.Fn, Alpha: a.Alpha, Grad: true})
		op.In = append(slices.Clone(op.In), ref)
		op.Out = act.Out
		u.writer[act.Out[0]] = i
		gone[j] = true
	}
	p.remove(gone)
}

// fuseBiasGrad: the sum of dy over all but the channels, where Conv2DKernelGrad reads dy anyway.
func fuseBiasGrad(p *Program) {
	u := p.usage()
	gone := make([]bool, len(p.Ops))
	for i, sum := range p.Ops {
		if sum.Code != Reduce {
			continue
		}
		a := sum.Attr.(ReduceAttr)
		if a.Fn != Sum || a.Keep || !slices.Equal(a.Axes, []int{0, 1, 2}) || len(p.Bufs[sum.In[0]].Shape) != 4 {
			continue
		}
		out := sum.Out[0]
		for _, j := range u.reader[sum.In[0]] {
			op := &p.Ops[j]
			if op.Code != Conv2DKernelGrad || op.In[1] != sum.In[0] || len(op.Out) != 1 {
				continue
			}
			r, _ := p.Root(out)
			if j > i && slices.ContainsFunc(u.reader[r], func(k int) bool { return k <= j }) {
				continue
			}
			op.Out = []Buf{op.Out[0], out}
			gone[i] = true
			break
		}
	}
	p.remove(gone)
}

// placePacks lets the operands of a Pack be computed at their place in its result, and copies only
// those that cannot: inputs, variables, outputs, parts of something else, and repeated operands.
func placePacks(p *Program) {
	u := p.usage()
	var ops []Op
	for _, op := range p.Ops {
		if op.Code != Pack {
			ops = append(ops, op)
			continue
		}
		region, offset := op.Out[0], 0
		if p.joined(op.In) && p.Bufs[region].Kind == Temp && p.Bufs[region].Base == None {
			base, at := p.Root(op.In[0])
			p.moveInto(region, base, at)
			continue
		}
		for _, x := range op.In {
			root, off := p.Root(x)
			size := p.Bufs[x].Shape.Size()
			if p.Bufs[root].Kind == Temp && p.Bufs[root].Base == None && p.Bufs[region].Base == None &&
				off == 0 && p.Bufs[root].Shape.Size() == size && u.writer[root] >= 0 && root != region {
				p.moveInto(root, region, offset)
			} else {
				p.Bufs = append(p.Bufs, Buffer{Kind: Temp, Shape: p.Bufs[x].Shape, Base: region, Offset: offset})
				ops = append(ops, Op{Code: Copy, In: []Buf{x}, Out: []Buf{Buf(len(p.Bufs) - 1)}})
			}
			offset += size
		}
	}
	p.Ops = ops
}

// moveInto makes x, which has memory of its own, a part of base, and x's views with it.
func (p *Program) moveInto(x, base Buf, offset int) {
	for v := range p.Bufs {
		if b := &p.Bufs[v]; b.Base == x {
			b.Base, b.Offset = base, b.Offset+offset
		}
	}
	p.Bufs[x].Base, p.Bufs[x].Offset = base, offset
}

// joined reports whether xs lie one behind another in one temporary already.
func (p *Program) joined(xs []Buf) bool {
	base, at := p.Root(xs[0])
	for _, x := range xs {
		root, off := p.Root(x)
		if root != base || off != at || p.Bufs[root].Kind != Temp {
			return false
		}
		at += p.Bufs[x].Shape.Size()
	}
	return true
}

// placeSplits makes the outputs of a Split views of its operand, where that is a temporary or an
// input. An output that the host reads stays a copy.
func placeSplits(p *Program) {
	var ops []Op
	for _, op := range p.Ops {
		if op.Code != Split {
			ops = append(ops, op)
			continue
		}
		base, at := p.Root(op.In[0])
		still := p.Bufs[base].Kind == Temp || p.Bufs[base].Kind == Input
		for _, out := range op.Out {
			size := p.Bufs[out].Shape.Size()
			if still && p.Bufs[out].Kind == Temp && p.Bufs[out].Base == None {
				p.moveInto(out, base, at)
			} else {
				p.Bufs = append(p.Bufs, Buffer{Kind: p.Bufs[base].Kind, Shape: p.Bufs[out].Shape, Base: base, Offset: at})
				if p.Bufs[base].Kind == Input || p.Bufs[base].Kind == Output {
					p.Bufs[len(p.Bufs)-1].Kind = Temp
				}
				ops = append(ops, Op{Code: Copy, In: []Buf{Buf(len(p.Bufs) - 1)}, Out: []Buf{out}})
			}
			at += size
		}
	}
	p.Ops = ops
}
