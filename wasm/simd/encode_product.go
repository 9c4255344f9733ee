package simd

import (
	"github.com/tabgrad/tabgrad/nn/prog"
	"github.com/tabgrad/tabgrad/wasm/kernels"
)

// epilogue is what of an op's Epilogue the kernels do themselves, and what is left to do in place
// behind them: the activations other than relu. extra is the number of the op's own operands.
func (e *encoder) epilogue(op *prog.Op, ep prog.Epilogue, operands int) (own kernels.Epilogue, behind func()) {
	behind = func() {}
	next := operands
	if ep.Bias {
		own.Bias = e.at(op.In[next])
		next++
	}
	a := prog.UnaryAttr{Fn: ep.Act, Alpha: ep.Alpha}
	dst, n := e.at(op.Out[0]), e.size(op.Out[0])
	switch {
	case ep.Act == prog.Identity:
	case ep.Act == prog.Relu && ep.Grad:
		own.Mask = e.at(op.In[next])
	case ep.Act == prog.Relu:
		own.ReLU = true
	case ep.Grad:
		ref := e.at(op.In[next])
		behind = func() { e.applyGrad(a, dst, ref, dst, n) }
	default:
		behind = func() { e.apply(a, dst, dst, n) }
	}
	return own, behind
}

func (e *encoder) matMul(op *prog.Op) {
	a := op.Attr.(prog.MatMulAttr)
	x, y, out := e.shape(op.In[0]), e.shape(op.In[1]), e.shape(op.Out[0])
	if out.Size() == 0 {
		return
	}
	rows := func(s prog.Shape) uint32 { return uint32(s[len(s)-2]) }
	matrix := func(s prog.Shape) uint32 { return rows(s) * uint32(s.Last()) }
	g := kernels.Gemm{
		M: rows(out), N: uint32(out.Last()), K: uint32(x.Last()),
		A: e.at(op.In[0]), B: e.at(op.In[1]), C: e.at(op.Out[0]),
		LDA: uint32(x.Last()), LDB: uint32(y.Last()), LDC: uint32(out.Last()),
		TransA: a.TransA, TransB: a.TransB,
		Batch:   uint32(out[:len(out)-2].Size()),
		StrideA: matrix(x), StrideB: matrix(y), StrideC: matrix(out),
	}
	if a.TransA {
		g.K = rows(x)
	}
	var behind func()
	g.Epilogue, behind = e.epilogue(op, a.Epilogue, 2)
	g.Scratch = e.temporary(g.ScratchBytes(e.lanes))
	e.program.Add(g.Calls()...)
	behind()
}

// geometry is a convolution's from the shapes of its x, w and y.
func geometry(a prog.ConvAttr, x, w, y prog.Shape) kernels.ConvGeometry {
	return kernels.ConvGeometry{
		N: uint32(x[0]), H: uint32(x[1]), W: uint32(x[2]), C: uint32(x[3]),
		OH: uint32(y[1]), OW: uint32(y[2]), F: uint32(y[3]), KH: uint32(w[0]), KW: uint32(w[1]),
		StrideH: uint32(a.Stride[0]), StrideW: uint32(a.Stride[1]),
		DilationH: uint32(a.Dilation[0]), DilationW: uint32(a.Dilation[1]),
		PadTop: uint32(a.Pad[0]), PadLeft: uint32(a.Pad[2]), Groups: uint32(a.Groups),
	}
}

func (e *encoder) conv2D(op *prog.Op) {
	a := op.Attr.(prog.ConvAttr)
	if e.size(op.Out[0]) == 0 {
		return
	}
	c := kernels.Conv2D{
		ConvGeometry: geometry(a, e.shape(op.In[0]), e.shape(op.In[1]), e.shape(op.Out[0])),
		X:            e.at(op.In[0]), Kernel: e.at(op.In[1]), Y: e.at(op.Out[0]),
	}
	var behind func()
	c.Epilogue, behind = e.epilogue(op, a.Epilogue, 2)
	if w := kernels.WinogradConv2D(c); e.winograd && w.Pays() {
		w.Scratch = e.temporary(w.ScratchBytes(e.lanes))
		e.program.Add(w.Calls()...)
	} else {
		c.Scratch = e.temporary(c.ScratchBytes(e.lanes))
		e.program.Add(c.Calls()...)
	}
	behind()
}

func (e *encoder) conv2DInputGrad(op *prog.Op) {
	a := op.Attr.(prog.ConvAttr)
	if e.size(op.Out[0]) == 0 {
		return
	}
	c := kernels.Conv2DGradInput{
		ConvGeometry: geometry(a, e.shape(op.Out[0]), e.shape(op.In[1]), e.shape(op.In[0])),
		DY:           e.at(op.In[0]), Kernel: e.at(op.In[1]), DX: e.at(op.Out[0]),
	}
	var behind func()
	c.Epilogue, behind = e.epilogue(op, a.Epilogue, 2)
	if w := kernels.WinogradConv2DGradInput(c); e.winograd && w.Pays() {
		w.Scratch = e.temporary(w.ScratchBytes(e.lanes))
		e.program.Add(w.Calls()...)
	} else {
		c.Scratch = e.temporary(c.ScratchBytes(e.lanes))
		e.program.Add(c.Calls()...)
	}
	behind()
}

func (e *encoder) conv2DKernelGrad(op *prog.Op) {
	a := op.Attr.(prog.ConvAttr)
	if e.size(op.Out[0]) == 0 {
		return
	}
	c := kernels.Conv2DGradKernel{
		ConvGeometry: geometry(a, e.shape(op.In[0]), e.shape(op.Out[0]), e.shape(op.In[1])),
		X:            e.at(op.In[0]), DY: e.at(op.In[1]), DKernel: e.at(op.Out[0]),
	}
	if len(op.Out) == 2 {
		c.DBias = e.at(op.Out[1])
	}
	if w := kernels.WinogradConv2DGradKernel(c); e.winograd && w.Pays() {
		w.Scratch = e.temporary(w.ScratchBytes(e.lanes))
		e.program.Add(w.Calls()...)
		return
	}
	c.Scratch = e.temporary(c.ScratchBytes(e.lanes))
	e.program.Add(c.Calls()...)
}

func window(a prog.PoolAttr, x, y prog.Shape) kernels.Window {
	return kernels.Window{
		N: uint32(x[0]), H: uint32(x[1]), W: uint32(x[2]), C: uint32(x[3]), OH: uint32(y[1]), OW: uint32(y[2]),
		KH: uint32(a.Window[0]), KW: uint32(a.Window[1]), SH: uint32(a.Stride[0]), SW: uint32(a.Stride[1]),
		Top: uint32(a.Pad[0]), Left: uint32(a.Pad[2]),
	}
}

func (e *encoder) pool(op *prog.Op) {
	a := op.Attr.(prog.PoolAttr)
	if e.size(op.Out[0]) > 0 {
		e.program.Add(kernels.Pool{
			Avg: a.Avg, Dst: e.at(op.Out[0]), X: e.at(op.In[0]), Window: window(a, e.shape(op.In[0]), e.shape(op.Out[0])),
		})
	}
}

func (e *encoder) poolGrad(op *prog.Op) {
	a := op.Attr.(prog.PoolAttr)
	if e.size(op.Out[0]) > 0 {
		e.program.Add(kernels.PoolGrad{
			Avg: a.Avg, Dst: e.at(op.Out[0]), X: e.at(op.In[0]), Y: e.at(op.In[1]), Dy: e.at(op.In[2]),
			Window: window(a, e.shape(op.In[0]), e.shape(op.In[1])),
		})
	}
}
