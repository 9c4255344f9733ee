package kernels

// The tile: a block of words in each lane's scratch by which drivers (GEMM,
// convolution) tell the microkernels in tile_emit.go what to compute. A microkernel
// makes R rows of C, 8 columns at a time.
const (
	tileRows    = 0  // R addresses of rows of A, at most six
	tileB       = 24 // address of the first panel, [k][8]
	tilePanel   = 28 // bytes from one panel to the next
	tileN       = 32 // columns to do; the last panel may have less than 8
	tileC       = 36 // address of the first row of C
	tileLDC     = 40 // bytes from one row of C, and of the mask, to the next
	tileBias    = 44 // address of the first column's bias
	tileMask    = 48 // address of the mask's first row
	tileFlags   = 52 // epilogue…
	tileK       = 56 // terms in a segment, which are contiguous in A (direct) or tilePitch apart
	tileCount1  = 60 // segments: outer loop (and the only one of a transposed tile)
	tileStride1 = 64 // bytes from one outer segment to the next
	tileCount2  = 68 // segments: inner loop
	tileStride2 = 72 // bytes from one inner segment to the next
	tilePitch   = 76 // transposed tile: bytes from one term's row of A to the next; in place: of B
	tileEdge    = 80 // where the sums of a panel with less than 8 columns are put
	tileBytes   = 320
)

// A transposed A is packed in blocks of transARows rows and blockK terms.
const (
	blockK           = 512
	transARows       = 48
	transATilePad    = 64 // keeps tiles from falling on the same cache sets
	transABlockBytes = transARows*blockK*4 + transARows*transATilePad
)
