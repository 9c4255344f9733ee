package kernels

// Opcodes of this file.
const (
	OpPack Opcode = baseGemm + iota
	OpGemm
	OpGemmTransA
	OpGemmFewRows
)

// Epilogue is what a product's or a convolution's kernel does to the sums before it
// stores them, in this order:
//
//	v = sum
//	if Accumulate { v += out }
//	if Bias != 0 { v += bias[channel] }
//	if ReLU { v = v < 0 ? 0 : v }            a NaN stays
//	if Mask != 0 { v = mask > 0 ? v : 0 }    where mask is laid out as out: relu's gradient
type Epilogue struct {
	Accumulate bool
	Bias       uint32 // address of one number for each column, or 0
	ReLU       bool
	Mask       uint32 // address of the relu's output (or input), or 0
}

const (
	epilogueAccumulate = 1 << iota
	epilogueBias
	epilogueReLU
	epilogueMask
)

func (e Epilogue) flags() uint32 {
	return flag(e.Accumulate, epilogueAccumulate) | flag(e.Bias != 0, epilogueBias) |
		flag(e.ReLU, epilogueReLU) | flag(e.Mask != 0, epilogueMask)
}

// Gemm is C = epilogue(op(A) · op(B)), row-major, where op(A) is [M, K] and op(B) is
// [K, N]: A is stored [M, K], or [K, M] where TransA; B is stored [K, N], or [N, K]
// where TransB. Addresses are in bytes, sizes and distances in elements. Batch
// (0 means 1) repeats it over matrices that are StrideA, StrideB and StrideC apart;
// the bias is the same for all, the mask moves with C.
//
// Every output is the sum over k in ascending order, in blocks of at most 512 terms
// whose sums are added in ascending order.
type Gemm struct {
	M, N, K        uint32
	A, B, C        uint32
	LDA, LDB, LDC  uint32 // distance between stored rows
	TransA, TransB bool
	Epilogue       Epilogue
	Batch          uint32
	StrideA        uint32
	StrideB        uint32
	StrideC        uint32
	Scratch        uint32 // ScratchBytes bytes
}

// fewRows is up to how many rows B is read where it lies: packing it would take longer
// than the product.
const fewRows = 8

func (g Gemm) readsBInPlace() bool { return g.M <= fewRows && !g.TransA && !g.TransB }

func (g Gemm) batch() uint32 { return max(g.Batch, 1) }

// ScratchBytes is the size of the scratch that Calls wants on so many lanes.
func (g Gemm) ScratchBytes(lanes int) int {
	n := g.laneBytes() * lanes
	if !g.readsBInPlace() {
		n += int(g.batch()) * packedBytes(int(g.N), int(g.K))
	}
	return n
}

// laneBytes is each lane's own scratch: the tile and, for a transposed A, a packed
// block of it.
func (g Gemm) laneBytes() int {
	if g.TransA {
		return tileBytes + transABlockBytes
	}
	return tileBytes
}

// Calls is the product as calls: B is packed first, if it pays.
func (g Gemm) Calls() []Call {
	packed, lanes := g.Scratch, g.Scratch
	var calls []Call
	op := OpGemm
	batchB := 4 * g.StrideB
	if g.readsBInPlace() {
		op, packed = OpGemmFewRows, g.B
	} else {
		batchB = uint32(packedBytes(int(g.N), int(g.K)))
		lanes += g.batch() * batchB
		p := Pack{
			Src: g.B, Dst: packed, N: g.N, Blocks: 1, K: g.K, StrideK: 4 * int32(g.LDB), StrideN: 4,
			Batch: g.batch(), BatchSrc: 4 * g.StrideB, BatchDst: batchB,
		}
		if g.TransB {
			p.StrideK, p.StrideN = p.StrideN, p.StrideK
		}
		calls = append(calls, p)
		if g.TransA {
			op = OpGemmTransA
		}
	}
	return append(calls, words{op, []uint32{
		g.A, packed, g.C, g.M, g.N, g.K, 4 * g.LDA, 4 * g.LDB, 4 * g.LDC,
		g.Epilogue.flags(), g.Epilogue.Bias, g.Epilogue.Mask,
		g.batch(), 4 * g.StrideA, batchB, 4 * g.StrideC, lanes, uint32(g.laneBytes()),
	}})
}

// Pack copies a [Lines*Blocks*K, N] matrix into panels of eight columns, [N/8][Lines*Blocks*K][8],
// the last one filled up with zeros. Element (k, n) of block j of line l lies at
// Src + l*StrideLine + j*StrideBlock + k*StrideK + n*StrideN, all in bytes; the strides may be negative.
type Pack struct {
	Src, Dst           uint32
	Lines              uint32 // 0 means 1
	N, Blocks, K       uint32
	StrideLine         int32
	StrideBlock        int32
	StrideK, StrideN   int32
	Batch              uint32 // 0 means 1
	BatchSrc, BatchDst uint32
}

// Op returns OpPack.
func (Pack) Op() Opcode { return OpPack }

// Words returns the argument words.
func (p Pack) Words() []uint32 {
	return []uint32{
		p.Src, p.Dst, p.N, max(p.Lines, 1), p.Blocks, p.K,
		uint32(p.StrideLine), uint32(p.StrideBlock), uint32(p.StrideK), uint32(p.StrideN),
		max(p.Batch, 1), p.BatchSrc, p.BatchDst,
	}
}

// packedBytes is the size of a packed [k, n] matrix.
func packedBytes(n, k int) int { return ceilDiv(n, 8) * k * 32 }

// words is a call whose words are made already.
type words struct {
	op   Opcode
	args []uint32
}

func (w words) Op() Opcode      { return w.op }
func (w words) Words() []uint32 { return w.args }

// flag is bit where cond holds, and otherwise 0.
func flag(cond bool, bit uint32) uint32 {
	if cond {
		return bit
	}
	return 0
}

// ceilDiv is a / b, rounded up.
func ceilDiv[T int | uint32](a, b T) T { return (a + b - 1) / b }
