package cpu

import (
	"fmt"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// A loader turns a program's ops into steps: closures over the memory of their operands. All
// decisions about shapes are made here, once; a step only loops.
type loader[T Float] struct {
	p    *prog.Program
	e    *Exec[T]
	gemm gemm[T]
}

func (l *loader[T]) op(op *prog.Op) error {
	switch op.Code {
	case prog.MatMul:
		l.matMul(op)
	case prog.Conv2D:
		l.conv2D(op)
	case prog.Conv2DInputGrad:
		l.conv2DInputGrad(op)
	case prog.Conv2DKernelGrad:
		l.conv2DKernelGrad(op)
	case prog.Pool:
		l.pool(op)
	case prog.PoolGrad:
		l.poolGrad(op)
	case prog.UnaryOp:
		l.unary(op)
	case prog.UnaryGrad:
		l.unaryGrad(op)
	case prog.BinaryOp:
		l.binary(op)
	case prog.Broadcast:
		l.broadcast(op)
	case prog.Reduce:
		l.reduce(op)
	case prog.ArgMax:
		l.argMax(op)
	case prog.Softmax:
		l.softmax(op)
	case prog.SoftmaxGrad:
		l.softmaxGrad(op)
	case prog.LogSoftmax:
		l.logSoftmax(op)
	case prog.LogSoftmaxGrad:
		l.logSoftmaxGrad(op)
	case prog.Xent:
		l.xent(op)
	case prog.XentGrad:
		l.xentGrad(op)
	case prog.SoftmaxXent:
		l.softmaxXent(op)
	case prog.SoftmaxXentGrad:
		l.softmaxXentGrad(op)
	case prog.Gather:
		l.gather(op)
	case prog.ScatterAdd:
		l.scatterAdd(op)
	case prog.Transpose:
		l.transpose(op)
	case prog.Slice:
		l.slice(op)
	case prog.Concat:
		l.concat(op)
	case prog.Pad:
		l.pad(op)
	case prog.Random:
		l.random(op)
	case prog.Fill:
		l.fill(op)
	case prog.Const:
		l.constant(op)
	case prog.Copy:
		l.copy(op)
	case prog.Pack:
		l.pack(op)
	case prog.Split:
		l.split(op)
	case prog.LSTMCell:
		l.lstmCell(op)
	case prog.LSTMCellGrad:
		l.lstmCellGrad(op)
	case prog.GRUCell:
		l.gruCell(op)
	case prog.GRUCellGrad:
		l.gruCellGrad(op)
	case prog.Warp:
		l.warp(op)
	case prog.WarpGrad:
		l.warpGrad(op)
	case prog.Update:
		l.update(op)
	default:
		return fmt.Errorf("op %d: %w", op.Code, prog.ErrUnsupported)
	}
	return nil
}

// add appends a step; one without units is left out.
func (l *loader[T]) add(units, cost int, do func(from, to int)) {
	if units > 0 {
		l.e.steps = append(l.e.steps, step{units, cost, do})
	}
}

func (l *loader[T]) shape(b prog.Buf) prog.Shape { return l.p.Shape(b) }

// operands is the memory of op's inputs and of its first output.
func (l *loader[T]) operands(op *prog.Op) (in [][]T, out []T) {
	for _, b := range op.In {
		in = append(in, l.e.at(b))
	}
	return in, l.e.at(op.Out[0])
}

// elementwise appends a step over the elements of out.
func (l *loader[T]) elementwise(n int, do func(from, to int)) { l.add(n, 4, do) }

// rows appends a step over the rows of x, an operand of shape s: do is called for one row at a time.
func (l *loader[T]) rows(s prog.Shape, do func(row, at int)) {
	n := s.Last()
	l.add(s.Rows(), 8*n, func(from, to int) {
		for r := from; r < to; r++ {
			do(r, r*n)
		}
	})
}
