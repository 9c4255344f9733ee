package kernels

// Opcodes of this file.
const (
	OpMaxPool Opcode = basePool + iota
	OpAvgPool
	OpMaxPoolGrad
	OpAvgPoolGrad
)

// A Window is how pooling walks over images [N, H, W, C]: windows of KH by KW that begin SH rows
// and SW columns after one another, the first one Top rows above and Left columns beside the
// image. There are [N, OH, OW, C] results. What lies outside of an image is left out.
type Window struct {
	N, H, W, C, OH, OW        uint32
	KH, KW, SH, SW, Top, Left uint32
}

func (w Window) words() []uint32 {
	return []uint32{w.N, w.H, w.W, w.C, w.OH, w.OW, w.KH, w.KW, w.SH, w.SW, w.Top, w.Left}
}

// Pool is: Dst[n][oh][ow][c] = the maximum (or the mean where Avg) of X[n][·][·][c] over a window.
type Pool struct {
	Avg    bool
	Dst, X uint32
	Window Window
}

// Op returns OpMaxPool or OpAvgPool.
func (a Pool) Op() Opcode {
	if a.Avg {
		return OpAvgPool
	}
	return OpMaxPool
}

// Words returns the argument words.
func (a Pool) Words() []uint32 { return append([]uint32{a.Dst, a.X}, a.Window.words()...) }

// PoolGrad is the gradient of Pool's X, given its result Y and Dy: Dst = 0, and then in the order
// of the windows, Dst += Dy at the first element of the window, row by row, that equals Y, or where
// Avg, Dst += Dy / the window's elements at all of them.
type PoolGrad struct {
	Avg           bool
	Dst, X, Y, Dy uint32
	Window        Window
}

// Op returns OpMaxPoolGrad or OpAvgPoolGrad.
func (a PoolGrad) Op() Opcode {
	if a.Avg {
		return OpAvgPoolGrad
	}
	return OpMaxPoolGrad
}

// Words returns the argument words.
func (a PoolGrad) Words() []uint32 {
	return append([]uint32{a.Dst, a.X, a.Y, a.Dy}, a.Window.words()...)
}
