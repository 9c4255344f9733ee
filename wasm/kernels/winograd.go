package kernels

// Opcodes of this file.
const (
	OpWinogradPack Opcode = baseConv + 8 + iota
	OpWinograd
	OpWinogradGradKernel
	OpWinogradGradKernelSum
	OpWinogradGradInput
)

// Winograd's convolutions make squares of 4 x 4 outputs of a 3 x 3 window with 36
// multiplications for each pair of channels, where the direct ones need 144: F(4x4, 3x3)
// of Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015. With the
// polynomials of Cook and Toom through 0, ±a, ±b and infinity,
//
//	y = Aᵀ [ (G g Gᵀ) ∘ (Bᵀ d B) ] A        for each square of 6 x 6 inputs d and window g
//	∂d = B [ (G g Gᵀ) ∘ (A ∂y Aᵀ) ] Bᵀ      ∂g = Gᵀ [ (Bᵀ d B) ∘ (A ∂y Aᵀ) ] G
//
// where the product ∘ in the brackets, summed over channels (for ∂d over filters, for ∂g over squares), is 36
// matrix products; ∂d's squares overlap, and are added up. a = 3/4 and b = 3/2 make every number in Bᵀ and A exact, and keep the
// errors near to those of the direct sums: in TestWinogradError, with 32 channels, they are at
// most 10u times the sum of the |x·w| of an output, where u = 2^-24, and 6u with the direct
// kernel. The usual points 1 and 2 make four times as much.
//
// What is summed in which order doesn't depend on the number of lanes.
const (
	// winogradPoints is how many products a square has.
	winogradPoints = 36
	// winogradSide is the side of a square of outputs.
	winogradSide = 4
)

// Winograd says whether Winograd's kernels can do this convolution: 3 x 3 windows without
// strides, dilation or groups, and channels in eights.
func (g ConvGeometry) Winograd() bool {
	g = g.withDefaults()
	return g.KH == 3 && g.KW == 3 && g.StrideH == 1 && g.StrideW == 1 && g.DilationH == 1 && g.DilationW == 1 &&
		g.Groups == 1 && g.C%8 == 0 && g.F%8 == 0 && g.C > 0 && g.F > 0
}

// Pays says whether Winograd's kernels are faster than the direct ones: by measurement
// (wasm/kernels/bench) where there are at least 16 channels in and out, where at least half
// of the squares' outputs are there, and where there are enough squares to make up for the
// kernel's transform. It doesn't depend on the number of lanes, which the result would then, too.
func (c WinogradConv2D) Pays() bool { return c.winogradPays() }

// Pays is WinogradConv2D's; besides there must be eight images, which are what lanes can divide.
func (c WinogradConv2DGradInput) Pays() bool { return c.winogradPays() && c.N >= 8 }

// Pays is WinogradConv2D's; besides there must be squares for eight chunks, which are
// what lanes can divide.
func (c WinogradConv2DGradKernel) Pays() bool { return c.winogradPays() && c.winogradChunks() >= 8 }

func (g ConvGeometry) winogradPays() bool {
	squares := g.winogradSquares()
	return g.Winograd() && g.C >= 16 && g.F >= 16 && squares >= 16 &&
		2*g.N*g.OH*g.OW >= winogradSide*winogradSide*squares
}

const (
	// winogradBlockBytes is about how much of a level-2 cache of 1 MiB a block of
	// transformed squares may take, in and out.
	winogradBlockBytes = 512 << 10
	// winogradTmpBytes is for a square on its way: half transformed, or its rows' addresses.
	winogradTmpBytes = 640
	// winogradPad keeps the 36 matrices of a block from falling on the same cache sets.
	winogradPad = 64
	// winogradTransposed is OpWinogradPack's flag for a kernel whose channels are exchanged.
	winogradTransposed = 1
)

// winogradBlock is how many squares are transformed before they are multiplied.
func (g ConvGeometry) winogradBlock() uint32 {
	return min(max(winogradBlockBytes/(4*winogradPoints*(g.C+g.F))/6*6, 24), 96)
}

// winogradMatrix is the size of one of a block's 36 matrices of so many channels.
func (g ConvGeometry) winogradMatrix(channels uint32) int {
	return int(g.winogradBlock()*channels*4 + winogradPad)
}

// winogradLaneBytes is a lane's scratch: a tile, a square on its way, a line of zeros, and
// a block of squares of the input's and of the output's channels.
func (g ConvGeometry) winogradLaneBytes() int {
	return tileBytes + winogradTmpBytes + g.winogradZeroBytes() + winogradPoints*(g.winogradMatrix(g.C)+g.winogradMatrix(g.F))
}

func (g ConvGeometry) winogradZeroBytes() int { return 6 * 4 * int(max(g.C, g.F)) }

// winogradWeights is the size of a transformed kernel.
func (g ConvGeometry) winogradWeights() int { return winogradPoints * 4 * int(g.C*g.F) }

// winogradSquares is the number of squares that cover the outputs.
func (g ConvGeometry) winogradSquares() uint32 {
	side := func(n uint32) uint32 { return (n + winogradSide - 1) / winogradSide }
	return g.N * side(g.OH) * side(g.OW)
}

// winogradWords are the arguments that describe images and scratch.
func (g ConvGeometry) winogradWords(scratch uint32) []uint32 {
	return []uint32{
		g.N, g.H, g.W, g.C, g.OH, g.OW, g.F, g.PadTop, g.PadLeft, g.winogradBlock(),
		uint32(g.winogradMatrix(g.C)), uint32(g.winogradMatrix(g.F)), uint32(g.winogradZeroBytes()),
		scratch, uint32(g.winogradLaneBytes()),
	}
}

// WinogradConv2D is a Conv2D, for geometries of which Winograd is true.
type WinogradConv2D Conv2D

// ScratchBytes is the size of the scratch that Calls wants on so many lanes.
func (c WinogradConv2D) ScratchBytes(lanes int) int {
	return c.winogradWeights() + lanes*c.winogradLaneBytes()
}

// Calls is the convolution as calls.
func (c WinogradConv2D) Calls() []Call {
	if c.N*c.OH*c.OW == 0 {
		return nil
	}
	return []Call{
		words{OpWinogradPack, []uint32{c.Kernel, c.Scratch, c.C, c.F, 0}},
		words{OpWinograd, append([]uint32{c.X, c.Scratch, c.Y, c.Epilogue.flags(), c.Epilogue.Bias, c.Epilogue.Mask},
			c.winogradWords(c.Scratch+uint32(c.winogradWeights()))...)},
	}
}

// WinogradConv2DGradInput is a Conv2DGradInput, for geometries of which Winograd is true. Lanes divide the images.
type WinogradConv2DGradInput Conv2DGradInput

// ScratchBytes is the size of the scratch that Calls wants on so many lanes.
func (c WinogradConv2DGradInput) ScratchBytes(lanes int) int {
	return c.winogradWeights() + lanes*c.winogradLaneBytes()
}

// Calls is the gradient as calls.
func (c WinogradConv2DGradInput) Calls() []Call {
	if c.N*c.H*c.W == 0 {
		return nil
	}
	if c.OH*c.OW == 0 {
		return Conv2DGradInput(c).Calls()
	}
	return []Call{
		words{OpWinogradPack, []uint32{c.Kernel, c.Scratch, c.F, c.C, winogradTransposed}},
		words{OpWinogradGradInput, append([]uint32{c.DY, c.Scratch, c.DX, c.Epilogue.flags(), c.Epilogue.Bias, c.Epilogue.Mask},
			c.winogradWords(c.Scratch+uint32(c.winogradWeights()))...)},
	}
}

// WinogradConv2DGradKernel is a Conv2DGradKernel, for geometries of which Winograd is
// true. The squares are cut into at most 12 chunks, among which lanes divide; the chunks'
// sums are added in order.
type WinogradConv2DGradKernel Conv2DGradKernel

const (
	winogradMaxChunks    = 12
	winogradChunkSquares = 32       // so that the chunk's sums, which are long, don't take most of the time
	winogradChunkBytes   = 48 << 20 // for all chunks
)

// winogradChunks is how many chunks there are.
func (g ConvGeometry) winogradChunks() uint32 {
	return max(min(winogradChunkBytes/uint32(g.winogradChunk()), g.winogradSquares()/winogradChunkSquares, winogradMaxChunks), 1)
}

// winogradChunk is the size of a chunk's sums: of the kernel's gradient, transformed, and of
// the bias's.
func (g ConvGeometry) winogradChunk() int {
	return g.winogradWeights() + winogradPoints*winogradPad + 4*int(g.F)
}

// ScratchBytes is the size of the scratch that Calls wants on so many lanes.
func (c WinogradConv2DGradKernel) ScratchBytes(lanes int) int {
	return int(c.winogradChunks())*c.winogradChunk() + lanes*c.winogradLaneBytes()
}

// Calls is the gradient as calls.
func (c WinogradConv2DGradKernel) Calls() []Call {
	if c.N*c.OH*c.OW == 0 {
		return Conv2DGradKernel(c).Calls()
	}
	chunks := c.winogradChunks()
	lanes := c.Scratch + chunks*uint32(c.winogradChunk())
	return []Call{
		words{OpWinogradGradKernel, append([]uint32{c.X, c.DY, c.Scratch, chunks, uint32(c.winogradChunk())}, c.winogradWords(lanes)...)},
		words{OpWinogradGradKernelSum, []uint32{
			c.Scratch, c.DKernel, c.DBias, c.C, c.F, chunks, uint32(c.winogradChunk()), flag(c.Accumulate, epilogueAccumulate),
			lanes, uint32(c.winogradLaneBytes()),
		}},
	}
}
