package kernels

// Opcodes of this file.
const (
	OpLSTMCell Opcode = baseRecurrent + iota
	OpLSTMCellGrad
	OpGRUCell
	OpGRUCellGrad
)

// The recurrent cells go over Rows rows of U units. An operand of k gates has rows of k·U elements, a
// gate behind another. Where the address Mask is not 0 it has a number a row; rows at 0 keep their state.

// LSTMCell is, with z = Zx + Zh and its gates i, f, g, o:
//
//	Saved = σ(i), σ(f), tanh(g), σ(o), tanh(c')
//	c' = σ(f)·C + σ(i)·tanh(g); h' = σ(o)·tanh(c')
//	NewC, NewH = c', h', or C, H in masked rows
//
// H is read only where there is a mask.
type LSTMCell struct {
	NewH, NewC, Saved, Zx, Zh, C, Mask, H uint32
	Rows, U                               uint32
}

// Op returns OpLSTMCell.
func (LSTMCell) Op() Opcode { return OpLSTMCell }

// Words returns the argument words.
func (a LSTMCell) Words() []uint32 {
	h := a.H
	if a.Mask == 0 {
		h = a.C
	}
	return []uint32{a.NewH, a.NewC, a.Saved, a.Zx, a.Zh, a.C, a.Mask, h, a.Rows * a.U, a.U}
}

// LSTMCellGrad is, with i, f, g, o, t from Saved and e = DNewC + DNewH·o·(1-t²):
//
//	DZ = e·g·i(1-i), e·C·f(1-f), e·i·(1-g²), DNewH·t·o(1-o); DC = e·f
//
// and in masked rows DZ = 0, DC = DNewC, DH = DNewH. With a mask, DH is 0 in the other rows; without,
// it is not written.
type LSTMCellGrad struct {
	DZ, DC, DH, Saved, C, DNewH, DNewC, Mask uint32
	Rows, U                                  uint32
}

// Op returns OpLSTMCellGrad.
func (LSTMCellGrad) Op() Opcode { return OpLSTMCellGrad }

// Words returns the argument words.
func (a LSTMCellGrad) Words() []uint32 {
	return []uint32{a.DZ, a.DC, a.DH, a.Saved, a.C, a.DNewH, a.DNewC, a.Mask, a.Rows * a.U, a.U}
}

// GRUCell is, with gates z, r, n:
//
//	z = σ(Zx_z + Zh_z); r = σ(Zx_r + Zh_r); n = tanh(Zx_n + r·Zh_n)
//	NewH = z·H + (1-z)·n, or H in masked rows; Saved = z, r, n, Zh_n
type GRUCell struct {
	NewH, Saved, Zx, Zh, H, Mask uint32
	Rows, U                      uint32
}

// Op returns OpGRUCell.
func (GRUCell) Op() Opcode { return OpGRUCell }

// Words returns the argument words.
func (a GRUCell) Words() []uint32 {
	return []uint32{a.NewH, a.Saved, a.Zx, a.Zh, a.H, a.Mask, a.Rows * a.U, a.U}
}

// GRUCellGrad is, with z, r, n, y from Saved and e = DNewH·(1-z)·(1-n²):
//
//	DZx = DNewH·(H-n)·z(1-z), e·y·r(1-r), e
//	DZh = the same, but e·r at last; DH = DNewH·z
//
// and in masked rows DZx = DZh = 0 and DH = DNewH.
type GRUCellGrad struct {
	DZx, DZh, DH, Saved, H, DNewH, Mask uint32
	Rows, U                             uint32
}

// Op returns OpGRUCellGrad.
func (GRUCellGrad) Op() Opcode { return OpGRUCellGrad }

// Words returns the argument words.
func (a GRUCellGrad) Words() []uint32 {
	return []uint32{a.DZx, a.DZh, a.DH, a.Saved, a.H, a.DNewH, a.Mask, a.Rows * a.U, a.U}
}
