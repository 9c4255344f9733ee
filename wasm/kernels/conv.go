package kernels

// Opcodes of this file.
const (
	OpConv2D Opcode = baseConv + iota
	OpConv2DGradKernel
	OpConv2D3x3x1
	OpConv2DGradKernel3x3x1
)

// ConvGeometry describes a two-dimensional convolution of x [N, H, W, C] with
// w [KH, KW, C/Groups, F] into y [N, OH, OW, F], all row-major:
//
//	y[n][oy][ox][f] = sum over kh, kw, c of
//		x[n][oy*StrideH + kh*DilationH - PadTop][ox*StrideW + kw*DilationW - PadLeft][c] * w[kh][kw][c][f]
//
// where x is 0 outside of its bounds, and c is counted within f's group. How much
// padding there is below and to the right follows from OH and OW. Strides, dilations
// and Groups of 0 mean 1; Groups divides C and F.
type ConvGeometry struct {
	N, H, W, C           uint32
	OH, OW, F            uint32
	KH, KW               uint32
	StrideH, StrideW     uint32
	DilationH, DilationW uint32
	PadTop, PadLeft      uint32
	Groups               uint32
}

func (g ConvGeometry) withDefaults() ConvGeometry {
	for _, p := range []*uint32{&g.StrideH, &g.StrideW, &g.DilationH, &g.DilationW, &g.Groups} {
		*p = max(*p, 1)
	}
	return g
}

// isNineTaps says whether the kernels for 3 x 3 windows of one channel serve, such as
// the first layer on grey images has.
func (g ConvGeometry) isNineTaps() bool {
	return g.C == 1 && g.KH == 3 && g.KW == 3 && g.DilationW == 1 && g.F%4 == 0
}

// convSource is how a kernel reads images of [height, width, channels]: where they lie,
// or copied one by one into a larger image of zeros in the lane's scratch.
type convSource struct {
	height, width, channels uint32
	padTop, padLeft         int32  // may be negative, which crops
	spreadH, spreadW        uint32 // zeros are put between rows and columns, to that distance
	seenH, seenW            uint32 // the size of the area that is looked at
}

func (s convSource) inPlace() bool {
	return s.padTop == 0 && s.padLeft == 0 && s.spreadH == 1 && s.spreadW == 1 &&
		s.seenH <= s.height && s.seenW <= s.width
}

func (s convSource) bytes() int {
	if s.inPlace() {
		return 0
	}
	return int(s.seenH) * int(s.seenW) * int(s.channels) * 4
}

func (s convSource) words() []uint32 {
	seenH, seenW := s.seenH, s.seenW
	if s.inPlace() {
		seenH, seenW = 0, 0
	}
	return []uint32{s.height, s.width, s.channels, uint32(s.padTop), uint32(s.padLeft), s.spreadH, s.spreadW, seenH, seenW}
}

// source is x as the forward pass and the kernel's gradient read it.
func (g ConvGeometry) source() convSource {
	return convSource{
		height: g.H, width: g.W, channels: g.C, padTop: int32(g.PadTop), padLeft: int32(g.PadLeft), spreadH: 1, spreadW: 1,
		seenH: (max(g.OH, 1)-1)*g.StrideH + (g.KH-1)*g.DilationH + 1,
		seenW: (max(g.OW, 1)-1)*g.StrideW + (g.KW-1)*g.DilationW + 1,
	}
}

// gradSource is the gradient of y as the input's gradient reads it, all inputs alike: it is spread to the strides' distance.
func (g ConvGeometry) gradSource() convSource {
	y, x := wholeAxis(g.H, g.KH, g.StrideH, g.DilationH, g.PadTop), wholeAxis(g.W, g.KW, g.StrideW, g.DilationW, g.PadLeft)
	return g.gradSourceOf(y, x)
}

// gradSourceOf is what some of the inputs, by row and by column, read of the gradient of y.
func (g ConvGeometry) gradSourceOf(y, x gradAxis) convSource {
	return convSource{
		height: g.OH, width: g.OW, channels: g.F, padTop: y.pad, padLeft: x.pad, spreadH: y.spread, spreadW: x.spread,
		seenH: y.size + (y.taps-1)*y.dilation, seenW: x.size + (x.taps-1)*x.dilation,
	}
}

// A gradAxis is how inputs along an axis, first and every step-th from there, make their gradient: by a convolution of the gradient of y
// with every step-th tap of the kernel, the last of them first.
type gradAxis struct {
	first, step, size uint32 // size inputs
	tap, taps         uint32 // the first tap, and how many
	dilation          uint32
	spread            uint32 // the distance that the gradient's values are put at, with zeros between them
	pad               int32  // zeros in front of them
}

func wholeAxis(in, kernel, stride, dilation, pad uint32) gradAxis {
	return gradAxis{step: 1, size: in, taps: kernel, dilation: dilation, spread: stride, pad: int32((kernel-1)*dilation) - int32(pad)}
}

// gradAxes divides inputs by the taps that reach them. With a stride, an input sees only those taps that are as far from each other as it is
// from the next input that sees the same: the zeros of a gradient that is spread meet none. The inputs stay together where
// there is no stride, where the taps are apart by themselves, and where no tap reaches some.
func gradAxes(in, kernel, stride, dilation, pad uint32) []gradAxis {
	if stride == 1 || dilation > 1 || kernel < stride {
		return []gradAxis{wholeAxis(in, kernel, stride, dilation, pad)}
	}
	var axes []gradAxis
	for first := range min(stride, in) {
		tap := (first + pad) % stride
		taps := ceilDiv(kernel-tap, stride)
		reached := int32((first + pad) / stride) // the output that the first tap reaches from the first input
		axes = append(axes, gradAxis{
			first: first, step: stride, size: ceilDiv(in-first, stride), tap: tap, taps: taps, dilation: 1, spread: 1, pad: int32(taps) - 1 - reached,
		})
	}
	return axes
}

// Conv2D is Y = epilogue(convolution of X with Kernel), as ConvGeometry says.
type Conv2D struct {
	ConvGeometry
	X, Kernel, Y uint32
	Epilogue     Epilogue
	Scratch      uint32 // ScratchBytes bytes
}

func (c Conv2D) packedBytes() int {
	return int(c.Groups) * packedBytes(int(c.F/c.Groups), int(c.KH*c.KW*(c.C/c.Groups)))
}

func (c Conv2D) laneBytes() int { return tileBytes + c.source().bytes() }

// ScratchBytes is the size of the scratch that Calls wants on so many lanes.
func (c Conv2D) ScratchBytes(lanes int) int {
	c.ConvGeometry = c.withDefaults()
	if c.isDepthwise() {
		return lanes * c.source().bytes()
	}
	return c.packedBytes() + lanes*c.laneBytes()
}

// Calls is the convolution as calls.
func (c Conv2D) Calls() []Call {
	c.ConvGeometry = c.withDefaults()
	if c.N*c.OH*c.OW*c.F == 0 {
		return nil
	}
	if c.isDepthwise() {
		return []Call{c.depthwise(c.X, c.Kernel, c.Y, c.OH, c.OW, c.StrideH, c.StrideW, int32(4*c.C), c.Epilogue, c.source(), c.Scratch)}
	}
	gc, gf := c.C/c.Groups, c.F/c.Groups
	k := c.KH * c.KW * gc
	call := words{OpConv2D, append([]uint32{
		c.X, c.Scratch, c.Y, c.N, c.OH, c.OW, c.F, c.KH, c.KW, c.StrideH, c.StrideW, c.DilationH, c.DilationW, c.Groups,
		c.Epilogue.flags(), c.Epilogue.Bias, c.Epilogue.Mask,
		c.Scratch + uint32(c.packedBytes()), uint32(c.laneBytes()),
	}, c.source().words()...)}
	if c.isNineTaps() && !c.Epilogue.Accumulate && c.Epilogue.Mask == 0 {
		call.op, call.args[1] = OpConv2D3x3x1, c.Kernel // which needs no packing
		return []Call{call}
	}
	call.args = append(call.args, 4*c.F, 4*c.F*c.OW, 4*c.F*c.OW*c.OH)
	return []Call{
		Pack{
			Src: c.Kernel, Dst: c.Scratch, N: gf, Blocks: 1, K: k, StrideK: int32(4 * c.F), StrideN: 4,
			Batch: c.Groups, BatchSrc: 4 * gf, BatchDst: uint32(packedBytes(int(gf), int(k))),
		},
		call,
	}
}

// Conv2DGradInput is the gradient of a convolution's input, from DY [N, OH, OW, F] and
// Kernel: DX = epilogue(sum over the outputs that an input went into). It is a convolution
// of DY, padded with zeros, with Kernel turned around; with strides one for each of the sorts of inputs that gradAxes makes.
type Conv2DGradInput struct {
	ConvGeometry
	DY, Kernel, DX uint32
	Epilogue       Epilogue
	Scratch        uint32 // ScratchBytes bytes
}

func (c Conv2DGradInput) packedBytes() int {
	return int(c.Groups) * packedBytes(int(c.C/c.Groups), int(c.KH*c.KW*(c.F/c.Groups)))
}

func (c Conv2DGradInput) laneBytes() int {
	n := 0
	for _, y := range c.rows() {
		for _, x := range c.columns() {
			n = max(n, c.gradSourceOf(y, x).bytes())
		}
	}
	return tileBytes + n
}

func (c Conv2DGradInput) rows() []gradAxis {
	return gradAxes(c.H, c.KH, c.StrideH, c.DilationH, c.PadTop)
}

func (c Conv2DGradInput) columns() []gradAxis {
	return gradAxes(c.W, c.KW, c.StrideW, c.DilationW, c.PadLeft)
}

// ScratchBytes is the size of the scratch that Calls wants on so many lanes.
func (c Conv2DGradInput) ScratchBytes(lanes int) int {
	c.ConvGeometry = c.withDefaults()
	if c.isDepthwise() {
		return lanes * c.gradSource().bytes()
	}
	return c.packedBytes() + lanes*c.laneBytes()
}

// Calls is the gradient as calls.
func (c Conv2DGradInput) Calls() []Call {
	c.ConvGeometry = c.withDefaults()
	if c.N*c.H*c.W*c.C == 0 {
		return nil
	}
	gc, gf := c.C/c.Groups, c.F/c.Groups
	block := 4 * gc * c.F
	if last := c.Kernel + (c.KH*c.KW-1)*block; c.isDepthwise() {
		return []Call{c.depthwise(c.DY, last, c.DX, c.H, c.W, 1, 1, -int32(block), c.Epilogue, c.gradSource(), c.Scratch)}
	}
	var calls []Call
	packed, lanes := c.Scratch, c.Scratch+uint32(c.packedBytes())
	laneBytes, pixel := uint32(c.laneBytes()), 4*c.C
	for _, y := range c.rows() {
		for _, x := range c.columns() {
			lastY, lastX := y.tap+(y.taps-1)*y.step, x.tap+(x.taps-1)*x.step
			panels := uint32(packedBytes(int(gc), int(y.taps*x.taps*gf)))
			first := (y.first*c.W + x.first) * pixel
			e := c.Epilogue
			if e.Mask != 0 {
				e.Mask += first
			}
			calls = append(calls,
				Pack{
					Src: c.Kernel + (lastY*c.KW+lastX)*block, Dst: packed, N: gc, Lines: y.taps, Blocks: x.taps, K: gf,
					StrideLine: -int32(y.step * c.KW * block), StrideBlock: -int32(x.step * block), StrideK: 4, StrideN: int32(4 * c.F),
					Batch: c.Groups, BatchSrc: 4 * gf, BatchDst: panels,
				},
				words{OpConv2D, append(append([]uint32{
					c.DY, packed, c.DX + first, c.N, y.size, x.size, c.C, y.taps, x.taps, 1, 1, y.dilation, x.dilation, c.Groups,
					e.flags(), e.Bias, e.Mask, lanes, laneBytes,
				}, c.gradSourceOf(y, x).words()...), x.step*pixel, y.step*c.W*pixel, c.H*c.W*pixel)})
			packed += c.Groups * panels
		}
	}
	return calls
}

// Conv2DGradKernel is the gradient of a convolution's kernel, and of its bias where DBias
// is not 0, from X and DY [N, OH, OW, F]:
//
//	DKernel[kh][kw][c][f] = sum over n, oy, ox of x[n][…kh…][…kw…][c] * dy[n][oy][ox][f]
//	DBias[f] = sum over n, oy, ox of dy[n][oy][ox][f]
//
// added to what is there where Accumulate. The sum over the pixels of an image (or of a
// band of its rows, where it is large) is added to the sum over those before.
type Conv2DGradKernel struct {
	ConvGeometry
	X, DY, DKernel, DBias uint32
	Accumulate            bool
	Scratch               uint32 // ScratchBytes bytes
}

// gradBandBytes is how large a packed panel of DY may be: it shall stay in the level-1
// cache while all rows of the kernel meet it.
const gradBandBytes = 24 << 10

func (c Conv2DGradKernel) bandRows() uint32 {
	return min(max(gradBandBytes/max(32*c.OW, 1), 1), c.OH)
}

func (c Conv2DGradKernel) laneBytes() int {
	return tileBytes + int(c.bandRows()*c.OW*32) + c.source().bytes()
}

// ScratchBytes is the size of the scratch that Calls wants on so many lanes.
func (c Conv2DGradKernel) ScratchBytes(lanes int) int {
	c.ConvGeometry = c.withDefaults()
	if c.isDepthwise() {
		return 0
	}
	return lanes * c.laneBytes()
}

// Calls is the gradient as calls.
func (c Conv2DGradKernel) Calls() []Call {
	c.ConvGeometry = c.withDefaults()
	if c.N*c.OH*c.OW == 0 {
		if c.Accumulate {
			return nil
		}
		calls := []Call{Fill{Dst: c.DKernel, N: c.KH * c.KW * c.C / c.Groups * c.F}}
		if c.DBias != 0 {
			calls = append(calls, Fill{Dst: c.DBias, N: c.F})
		}
		return calls
	}
	if c.isDepthwise() {
		return []Call{c.depthwiseGrad()}
	}
	op := OpConv2DGradKernel
	if c.isNineTaps() {
		op = OpConv2DGradKernel3x3x1
	}
	return []Call{words{op, append([]uint32{
		c.X, c.DY, c.DKernel, c.DBias, c.N, c.OH, c.OW, c.F, c.KH, c.KW, c.StrideH, c.StrideW, c.DilationH, c.DilationW, c.Groups,
		flag(c.Accumulate, epilogueAccumulate), c.bandRows(), c.Scratch, uint32(c.laneBytes()),
	}, c.source().words()...)}}
}
