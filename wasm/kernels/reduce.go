package kernels

// Opcodes of this file.
const (
	OpReduceLast Opcode = baseReduce + iota
	OpReduceRows
	OpArgMax
)

// A ReduceFn joins numbers into one.
type ReduceFn uint32

// The reductions; a maximum is NaN where an element is.
const (
	ReduceSum ReduceFn = iota
	ReduceMax
	ReduceSquares // the sum of squares
	numReduceFn
)

// ReduceLast joins the N elements of each of Rows rows, in chunks of Chunk:
//
//	for r := range Rows { for c := range ceil(N / Chunk) {
//		Dst[r][c] = Fn over X[r][c*Chunk : min((c+1)*Chunk, N)], divided by Divisor
//	} }
//
// A maximum is not divided. The order of a sum depends on its length alone. N must not be 0.
type ReduceLast struct {
	Fn                     ReduceFn
	Dst, X, Rows, N, Chunk uint32
	Divisor                float32
}

// Op returns OpReduceLast.
func (ReduceLast) Op() Opcode { return OpReduceLast }

// Words returns the argument words.
func (a ReduceLast) Words() []uint32 {
	return []uint32{uint32(a.Fn), a.Dst, a.X, a.Rows, a.N, a.Chunk, f32(a.Divisor)}
}

// ReduceRows joins N rows of Cols elements, one group of rows for each of Outer, in chunks of
// Chunk rows:
//
//	for o := range Outer { for c := range ceil(N / Chunk) { for j := range Cols {
//		Dst[o][c][j] = Fn over X[o][c*Chunk : min((c+1)*Chunk, N)][j], divided by Divisor
//	} } }
//
// A maximum is not divided. A sum is in order of the rows. N must not be 0.
type ReduceRows struct {
	Fn                            ReduceFn
	Dst, X, Outer, N, Cols, Chunk uint32
	Divisor                       float32
}

// Op returns OpReduceRows.
func (ReduceRows) Op() Opcode { return OpReduceRows }

// Words returns the argument words.
func (a ReduceRows) Words() []uint32 {
	return []uint32{uint32(a.Fn), a.Dst, a.X, a.Outer, a.N, a.Cols, a.Chunk, f32(a.Divisor)}
}

// ArgMax is, for each of Rows rows of N elements: Dst[r] = the index, as a float32, of the largest,
// the first of equals: the last one that is larger than all before it. N must not be 0.
type ArgMax struct {
	Dst, X, Rows, N uint32
}

// Op returns OpArgMax.
func (ArgMax) Op() Opcode { return OpArgMax }

// Words returns the argument words.
func (a ArgMax) Words() []uint32 { return []uint32{a.Dst, a.X, a.Rows, a.N} }
