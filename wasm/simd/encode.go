package simd

import (
	"fmt"

	"github.com/tabgrad/tabgrad/nn/prog"
	"github.com/tabgrad/tabgrad/wasm/kernels"
)

// An encoder turns a program's ops into calls of kernels. Ops whose results have no elements become
// nothing.
type encoder struct {
	p     *prog.Program
	lanes int
	// winograd is whether convolutions may use Winograd's kernels, whose errors are a little larger.
	winograd bool
	address  func(b prog.Buf) (uint32, bool)

	program kernels.Program
	// What Const ops copy lies from constants on, in the order of the ops.
	constants uint32
	values    []float32
	// Each op takes its scratch from scratch on; scratchBytes is the most that one wants.
	scratch      uint32
	taken        int
	scratchBytes int
}

// encode encodes the whole program, with its scratch and its constants at addresses.
func (e *encoder) encode(scratch, constants uint32) error {
	e.program, e.scratch, e.scratchBytes, e.constants, e.values = kernels.Program{}, scratch, 0, constants, nil
	for i := range e.p.Ops {
		e.taken = 0
		if err := e.op(&e.p.Ops[i]); err != nil {
			return err
		}
	}
	return nil
}

func (e *encoder) op(op *prog.Op) error {
	switch op.Code {
	case prog.MatMul:
		e.matMul(op)
	case prog.Conv2D:
		e.conv2D(op)
	case prog.Conv2DInputGrad:
		e.conv2DInputGrad(op)
	case prog.Conv2DKernelGrad:
		e.conv2DKernelGrad(op)
	case prog.Pool:
		e.pool(op)
	case prog.PoolGrad:
		e.poolGrad(op)
	case prog.UnaryOp:
		e.unary(op)
	case prog.UnaryGrad:
		e.unaryGrad(op)
	case prog.BinaryOp:
		e.binary(op)
	case prog.Broadcast:
		e.broadcast(op)
	case prog.Reduce:
		e.reduce(op)
	case prog.ArgMax, prog.Softmax, prog.LogSoftmax, prog.SoftmaxGrad, prog.LogSoftmaxGrad,
		prog.Xent, prog.XentGrad, prog.SoftmaxXent, prog.SoftmaxXentGrad:
		e.byRow(op)
	case prog.Gather:
		e.gather(op)
	case prog.ScatterAdd:
		e.scatterAdd(op)
	case prog.Transpose:
		e.transpose(op)
	case prog.Slice:
		e.slice(op)
	case prog.Concat:
		e.concat(op)
	case prog.Pad:
		e.pad(op)
	case prog.Random:
		e.random(op)
	case prog.Fill:
		e.fill(e.at(op.Out[0]), e.size(op.Out[0]), op.Attr.(prog.FillAttr).Value)
	case prog.Const:
		e.copy(e.at(op.Out[0]), e.constants+uint32(4*len(e.values)), e.size(op.Out[0]))
		e.values = append(e.values, op.Attr.(prog.ConstAttr).Values...)
	case prog.Copy:
		e.copy(e.at(op.Out[0]), e.at(op.In[0]), e.size(op.Out[0]))
	case prog.Pack:
		e.pack(op)
	case prog.Split:
		e.split(op)
	case prog.LSTMCell, prog.LSTMCellGrad, prog.GRUCell, prog.GRUCellGrad:
		e.cell(op)
	case prog.Warp, prog.WarpGrad:
		e.warp(op)
	case prog.Update:
		e.update(op)
	default:
		return fmt.Errorf("op %s of %v: %w", op.Code, e.p.Shape(op.Out[0]), prog.ErrUnsupported)
	}
	return nil
}

// at is the address of buffer b.
func (e *encoder) at(b prog.Buf) uint32 {
	address, _ := e.address(b)
	return address
}

func (e *encoder) shape(b prog.Buf) prog.Shape { return e.p.Shape(b) }
func (e *encoder) size(b prog.Buf) uint32      { return uint32(e.p.Shape(b).Size()) }

// temporary takes scratch for the present op, aligned to the start of a block.
func (e *encoder) temporary(bytes int) uint32 {
	address := e.scratch + uint32(e.taken)
	e.taken += int(blockSize(bytes))
	e.scratchBytes = max(e.scratchBytes, e.taken)
	return address
}

func (e *encoder) fill(dst, n uint32, value float64) {
	if n > 0 {
		e.program.Add(kernels.Fill{Dst: dst, N: n, Value: bits(value)})
	}
}

func (e *encoder) copy(dst, src, n uint32) {
	if n > 0 && dst != src {
		e.program.Add(kernels.Copy{Dst: dst, Src: src, N: n})
	}
}

var unaryFns = map[prog.Unary]kernels.UnaryFn{
	prog.Neg: kernels.Neg, prog.Affine: kernels.Affine, prog.Exp: kernels.Exp, prog.Log: kernels.Log,
	prog.Sqrt: kernels.Sqrt, prog.Rsqrt: kernels.Rsqrt, prog.Square: kernels.Square,
	prog.Reciprocal: kernels.Reciprocal, prog.Abs: kernels.Abs, prog.Sign: kernels.Sign,
	prog.Clip: kernels.Clip, prog.Relu: kernels.Relu, prog.LeakyRelu: kernels.LeakyRelu, prog.Elu: kernels.Elu,
	prog.Sigmoid: kernels.Sigmoid, prog.Tanh: kernels.Tanh, prog.Softplus: kernels.Softplus,
	prog.Gelu: kernels.Gelu, prog.GeluTanh: kernels.GeluTanh, prog.Erf: kernels.Erf,
	prog.Silu: kernels.Silu, prog.Expm1: kernels.Expm1, prog.Log1p: kernels.Log1p, prog.Sin: kernels.Sin, prog.Cos: kernels.Cos,
	prog.Floor: kernels.Floor, prog.Round: kernels.Round,
}

var binaryFns = map[prog.Binary]kernels.BinaryFn{
	prog.Add: kernels.Add, prog.Sub: kernels.Sub, prog.Mul: kernels.Mul, prog.Div: kernels.Div, prog.Pow: kernels.Pow,
	prog.Maximum: kernels.Maximum, prog.Minimum: kernels.Minimum, prog.Equal: kernels.Equal,
	prog.Greater: kernels.Greater, prog.GreaterEqual: kernels.GreaterEqual, prog.Less: kernels.Less,
	prog.BinaryXent: kernels.BinaryXent, prog.BinaryXentGrad: kernels.BinaryXentGrad,
	prog.LogitXent: kernels.LogitXent, prog.LogitXentGrad: kernels.LogitXentGrad,
	prog.Where: kernels.Where, prog.Unless: kernels.Unless,
}

// apply is dst = f(x); Identity has no kernel but a copy.
func (e *encoder) apply(a prog.UnaryAttr, dst, x, n uint32) {
	switch {
	case n == 0:
	case a.Fn == prog.Identity:
		e.copy(dst, x, n)
	default:
		e.program.Add(kernels.Unary{Fn: unaryFns[a.Fn], Dst: dst, X: x, N: n, Alpha: float32(a.Alpha), Beta: float32(a.Beta)})
	}
}

// applyGrad is dst = f' · dy.
func (e *encoder) applyGrad(a prog.UnaryAttr, dst, ref, dy, n uint32) {
	switch {
	case n == 0:
	case a.Fn == prog.Identity:
		e.copy(dst, dy, n)
	default:
		e.program.Add(kernels.UnaryGrad{
			Fn: unaryFns[a.Fn], Dst: dst, Ref: ref, Dy: dy, N: n, Alpha: float32(a.Alpha), Beta: float32(a.Beta),
		})
	}
}

func (e *encoder) unary(op *prog.Op) {
	e.apply(op.Attr.(prog.UnaryAttr), e.at(op.Out[0]), e.at(op.In[0]), e.size(op.Out[0]))
}

func (e *encoder) unaryGrad(op *prog.Op) {
	e.applyGrad(op.Attr.(prog.UnaryAttr), e.at(op.Out[0]), e.at(op.In[0]), e.at(op.In[1]), e.size(op.Out[0]))
}

// byRow encodes the ops that go over rows.
func (e *encoder) byRow(op *prog.Op) {
	x := e.shape(op.In[0])
	if x.Size() == 0 {
		return
	}
	in := make([]uint32, 3)
	for i, b := range op.In {
		in[i] = e.at(b)
	}
	dst, rows, n := e.at(op.Out[0]), uint32(x.Rows()), uint32(x.Last())
	sparse := false
	if a, ok := op.Attr.(prog.XentAttr); ok {
		sparse = a.Sparse
	}
	var call kernels.Call
	switch op.Code {
	case prog.ArgMax:
		call = kernels.ArgMax{Dst: dst, X: in[0], Rows: rows, N: n}
	case prog.Softmax, prog.LogSoftmax:
		call = kernels.Softmax{Log: op.Code == prog.LogSoftmax, Dst: dst, X: in[0], Rows: rows, N: n}
	case prog.SoftmaxGrad, prog.LogSoftmaxGrad:
		call = kernels.SoftmaxGrad{Log: op.Code == prog.LogSoftmaxGrad, Dst: dst, Y: in[0], Dy: in[1], Rows: rows, N: n}
	case prog.Xent, prog.SoftmaxXent:
		call = kernels.Xent{
			Logits: op.Code == prog.SoftmaxXent, Sparse: sparse, Dst: dst, X: in[0], Targets: in[1], Rows: rows, N: n,
		}
	case prog.XentGrad, prog.SoftmaxXentGrad:
		call = kernels.XentGrad{
			Logits: op.Code == prog.SoftmaxXentGrad, Sparse: sparse, Dst: dst, X: in[0], Targets: in[1], Dl: in[2], Rows: rows, N: n,
		}
	}
	e.program.Add(call)
}

func (e *encoder) random(op *prog.Op) {
	a, n := op.Attr.(prog.RandomAttr), e.size(op.Out[0])
	if n == 0 {
		return
	}
	r := kernels.Random{Dst: e.at(op.Out[0]), N: n, Step: e.at(op.In[0]), Key: a.Key, A: float32(a.A)}
	switch a.Dist {
	case prog.Uniform:
		r.B = float32(a.B - a.A)
	case prog.Keep:
		r.Of, r.B = kernels.Keep, float32(1/(1-a.A))
	case prog.Normal:
		r.Of, r.B = kernels.Normal, float32(a.B)
	}
	e.program.Add(r)
}

var rules = map[prog.Rule]kernels.Rule{
	prog.RuleSGD: kernels.SGD, prog.RuleMomentum: kernels.Momentum, prog.RuleNesterov: kernels.Nesterov,
	prog.RuleRMSprop: kernels.RMSprop, prog.RuleRMSpropMomentum: kernels.RMSpropMomentum,
	prog.RuleRMSpropCentered: kernels.RMSpropCentered, prog.RuleAdagrad: kernels.Adagrad,
	prog.RuleAdadelta: kernels.Adadelta, prog.RuleAdam: kernels.Adam, prog.RuleAMSGrad: kernels.AMSGrad,
	prog.RuleAdamax: kernels.Adamax, prog.RuleNadam: kernels.Nadam, prog.RuleFtrl: kernels.Ftrl, prog.RuleLion: kernels.Lion,
}

func (e *encoder) update(op *prog.Op) {
	a, n := op.Attr.(prog.UpdateAttr), e.size(op.In[0])
	if n == 0 {
		return
	}
	var slots [3]uint32
	for i, b := range op.In[3:] {
		slots[i] = e.at(b)
	}
	rule := rules[a.Rule]
	if rule == kernels.Ftrl && a.Power != -0.5 {
		rule = kernels.FtrlPower
	}
	e.program.Add(kernels.Update{
		Rule: rule, N: n, Hyper: e.at(op.In[2]), W: e.at(op.In[0]), G: e.at(op.In[1]),
		S: slots[0], T: slots[1], U: slots[2],
		Momentum: float32(a.Momentum), Rho: float32(a.Rho), OneMinusRho: float32(1 - a.Rho),
		OneMinusBeta1: float32(1 - a.Beta1), OneMinusBeta2: float32(1 - a.Beta2), Epsilon: float32(a.Epsilon),
		Power: float32(a.Power), L1: float32(a.L1), Shrink: float32(a.Shrink),
	})
}
