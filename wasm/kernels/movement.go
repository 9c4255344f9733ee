package kernels

// Opcodes of this file.
const (
	OpMove Opcode = baseMemory + 2 + iota
	OpTranspose
	OpGather
	OpScatterAdd
)

// Move copies between two tensors of one shape that lie differently, rows of Cols elements:
//
//	for r := range N / Cols { for c := range Cols { dst[r][c] = src[r][c] } }
//
// A row of Dst (or Src) begins at Dst plus the sum, over Outer, of an index times A (or B). In a
// row, Dst's elements are neighbours and Src's are Step bytes apart, 0 to repeat one. Dst and Src
// must not overlap.
type Move struct {
	Dst, Src, N, Cols, Step uint32
	Outer                   []Stride // from the innermost outwards; the product of their sizes times Cols is N
}

// Op returns OpMove.
func (Move) Op() Opcode { return OpMove }

// Words returns the argument words.
func (a Move) Words() []uint32 {
	return appendStrides([]uint32{a.Dst, a.Src, a.N, a.Cols, a.Step, uint32(len(a.Outer))}, a.Outer)
}

// Transpose is: for b := range Batch { for i := range Rows { for j := range Cols {
// Dst[b][j][i] = Src[b][i][j] } } }. Dst and Src must not overlap.
type Transpose struct {
	Dst, Src, Batch, Rows, Cols uint32
}

// Op returns OpTranspose.
func (Transpose) Op() Opcode { return OpTranspose }

// Words returns the argument words.
func (a Transpose) Words() []uint32 { return []uint32{a.Dst, a.Src, a.Batch, a.Rows, a.Cols} }

// Gather is: for i := range N { Dst[i][:] = Table[Index[i]][:] }, rows of Cols elements, NaN
// where Index[i], a float32 that is rounded towards 0, is not in [0, Rows).
type Gather struct {
	Dst, Table, Index, N, Rows, Cols uint32
}

// Op returns OpGather.
func (Gather) Op() Opcode { return OpGather }

// Words returns the argument words.
func (a Gather) Words() []uint32 { return []uint32{a.Dst, a.Table, a.Index, a.N, a.Rows, a.Cols} }

// ScatterAdd is: clear(Dst); for i := range N { Dst[Index[i]][:] += Src[i][:] }, rows of Cols
// elements; a row whose Index (see Gather) is not in [0, Rows) is left out. The lanes divide the
// rows of Dst.
type ScatterAdd struct {
	Dst, Index, Src, N, Rows, Cols uint32
}

// Op returns OpScatterAdd.
func (ScatterAdd) Op() Opcode { return OpScatterAdd }

// Words returns the argument words.
func (a ScatterAdd) Words() []uint32 { return []uint32{a.Dst, a.Index, a.Src, a.N, a.Rows, a.Cols} }
