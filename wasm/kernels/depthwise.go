package kernels

// Opcodes of this file.
const (
	OpDepthwise Opcode = baseConv + 4 + iota
	OpDepthwiseGradKernel
)

// isDepthwise says whether each channel is convolved by itself, with one filter: then eight channels are done
// side by side, where a matrix product would have one column.
func (g ConvGeometry) isDepthwise() bool { return g.C > 1 && g.Groups == g.C && g.F == g.C }

// depthwise is the call that convolves the images at x as s reads them, into outputs of height by width:
//
//	y[n][oy][ox][c] = epilogue(sum over kh, kw of x[n][oy*strideH + kh*dilationH][ox*strideW + kw*dilationW][c] * w[c])
//
// with w advancing by step bytes from tap to tap, row by row.
func (g ConvGeometry) depthwise(x, w, y uint32, height, width, strideH, strideW uint32, step int32, e Epilogue, s convSource, scratch uint32) Call {
	return words{OpDepthwise, append([]uint32{
		x, w, y, g.N, height, width, g.KH, g.KW, strideH, strideW, g.DilationH, g.DilationW, uint32(step),
		e.flags(), e.Bias, e.Mask, scratch, uint32(s.bytes()),
	}, s.words()...)}
}

// depthwiseGrad is the gradient as a call, which needs no scratch.
func (c Conv2DGradKernel) depthwiseGrad() Call {
	return words{OpDepthwiseGradKernel, []uint32{
		c.X, c.DY, c.DKernel, c.DBias, c.N, c.H, c.W, c.C, c.OH, c.OW, c.KH, c.KW, c.StrideH, c.StrideW,
		c.DilationH, c.DilationW, c.PadTop, c.PadLeft, flag(c.Accumulate, epilogueAccumulate),
	}}
}
