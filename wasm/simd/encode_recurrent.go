package simd

import (
	"github.com/tabgrad/tabgrad/nn/prog"
	"github.com/tabgrad/tabgrad/wasm/kernels"
)

func (e *encoder) split(op *prog.Op) {
	src := e.at(op.In[0])
	for _, out := range op.Out {
		e.copy(e.at(out), src, e.size(out))
		src += 4 * e.size(out)
	}
}

// cell encodes the recurrent cells. The state is operand 2, and operand 1 of the gradients.
func (e *encoder) cell(op *prog.Op) {
	operand := func(i int) uint32 { // 0 where there is none
		if i < len(op.In) {
			return e.at(op.In[i])
		}
		return 0
	}
	result := func(i int) uint32 {
		if i < len(op.Out) {
			return e.at(op.Out[i])
		}
		return 0
	}
	state := e.shape(op.In[2])
	if op.Code == prog.LSTMCellGrad || op.Code == prog.GRUCellGrad {
		state = e.shape(op.In[1])
	}
	rows, u := uint32(state[0]), uint32(state[1])
	if rows == 0 {
		return
	}
	var call kernels.Call
	switch op.Code {
	case prog.LSTMCell:
		call = kernels.LSTMCell{
			NewH: result(0), NewC: result(1), Saved: result(2), Zx: operand(0), Zh: operand(1), C: operand(2),
			Mask: operand(3), H: operand(4), Rows: rows, U: u,
		}
	case prog.LSTMCellGrad:
		call = kernels.LSTMCellGrad{
			DZ: result(0), DC: result(1), DH: result(2), Saved: operand(0), C: operand(1), DNewH: operand(2), DNewC: operand(3),
			Mask: operand(4), Rows: rows, U: u,
		}
	case prog.GRUCell:
		call = kernels.GRUCell{
			NewH: result(0), Saved: result(1), Zx: operand(0), Zh: operand(1), H: operand(2), Mask: operand(3), Rows: rows, U: u,
		}
	case prog.GRUCellGrad:
		call = kernels.GRUCellGrad{
			DZx: result(0), DZh: result(1), DH: result(2), Saved: operand(0), H: operand(1), DNewH: operand(2), Mask: operand(3),
			Rows: rows, U: u,
		}
	}
	e.program.Add(call)
}
