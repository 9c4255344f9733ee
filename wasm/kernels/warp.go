package kernels

// Opcodes of this file.
const (
	OpWarp Opcode = baseWarp + iota
	OpWarpGrad
)

// Border numbers what images are continued with; see prog.Border for the formulas.
type Border uint32

// The borders.
const (
	BorderConstant Border = iota
	BorderNearest
	BorderReflect
	BorderWrap
)

// Warp samples images. For each pixel i, j of N results of OH by OW, from the image X[n] of H by W pixels
// with C channels and the six numbers T[n]:
//
//	u = T0·j + T1·i + T2; v = T3·j + T4·i + T5, brought into the image by the Border
//	Dst[n][i][j] = X[n] at row v and column u, rounded where Nearest, else interpolated
//
// Pixels outside are worth Value. The lanes divide the rows of Dst.
type Warp struct {
	Dst, X, T          uint32
	N, H, W, C, OH, OW uint32
	Border             Border
	Nearest            bool
	Value              float32
}

// Op returns OpWarp.
func (Warp) Op() Opcode { return OpWarp }

// Words returns the argument words.
func (a Warp) Words() []uint32 {
	return []uint32{a.Dst, a.X, a.T, a.N, a.H, a.W, a.C, a.OH, a.OW, uint32(a.Border), flag(a.Nearest, 1), f32(a.Value)}
}

// WarpGrad is clear(Dst); then, for each pixel i, j of Dy, the pixels of Dst[n] that Warp would read get
// Dy[n][i][j] by their weights, in that order. The lanes divide the images.
type WarpGrad struct {
	Dst, T, Dy         uint32
	N, H, W, C, OH, OW uint32
	Border             Border
	Nearest            bool
}

// Op returns OpWarpGrad.
func (WarpGrad) Op() Opcode { return OpWarpGrad }

// Words returns the argument words.
func (a WarpGrad) Words() []uint32 {
	return []uint32{a.Dst, a.T, a.Dy, a.N, a.H, a.W, a.C, a.OH, a.OW, uint32(a.Border), flag(a.Nearest, 1)}
}
