package kernels

// Opcodes of this file.
const (
	OpSoftmax Opcode = baseSoftmax + iota
	OpLogSoftmax
	OpSoftmaxGrad
	OpLogSoftmaxGrad
	OpXent
	OpXentGrad
	OpSoftmaxXent
	OpSoftmaxXentGrad
)

// Softmax is, for each of Rows rows x of N elements, with m = max x:
//
//	dst[j] = e^(x[j]-m) / Σ e^(x-m)           or, where Log,
//	dst[j] = (x[j] - m) - ln Σ e^(x-m)
//
// Dst may be X.
type Softmax struct {
	Log             bool
	Dst, X, Rows, N uint32
}

// Op returns OpSoftmax or OpLogSoftmax.
func (a Softmax) Op() Opcode {
	if a.Log {
		return OpLogSoftmax
	}
	return OpSoftmax
}

// Words returns the argument words.
func (a Softmax) Words() []uint32 { return []uint32{a.Dst, a.X, a.Rows, a.N} }

// SoftmaxGrad is, for each of Rows rows of N elements, with y the result of Softmax:
//
//	dst[j] = y[j] · (dy[j] - Σ y·dy)          or, where Log,
//	dst[j] = dy[j] - e^y[j] · Σ dy
//
// Dst may be Y or Dy.
type SoftmaxGrad struct {
	Log                 bool
	Dst, Y, Dy, Rows, N uint32
}

// Op returns OpSoftmaxGrad or OpLogSoftmaxGrad.
func (a SoftmaxGrad) Op() Opcode {
	if a.Log {
		return OpLogSoftmaxGrad
	}
	return OpSoftmaxGrad
}

// Words returns the argument words.
func (a SoftmaxGrad) Words() []uint32 { return []uint32{a.Dst, a.Y, a.Dy, a.Rows, a.N} }

// Xent is the crossentropy of each of Rows rows of N elements against the targets t, which are
// rows of N elements or, where Sparse, a class number a row (one that is no class, no target):
//
//	dst[r] = -Σ t·ln(clip(x / Σx, 1e-7, 1 - 1e-7))      of probabilities x
//	dst[r] = Σ t·(ln Σ e^x - x)                         where Logits
type Xent struct {
	Logits, Sparse           bool
	Dst, X, Targets, Rows, N uint32
}

// Op returns OpXent or OpSoftmaxXent.
func (a Xent) Op() Opcode {
	if a.Logits {
		return OpSoftmaxXent
	}
	return OpXent
}

// Words returns the argument words.
func (a Xent) Words() []uint32 {
	return []uint32{a.Dst, a.X, a.Targets, a.Rows, a.N, flag(a.Sparse, 1)}
}

// XentGrad is the gradient of Xent's x, where Dl is the gradient of each row's loss:
//
//	q = x / Σx; g[j] = -t[j]/q[j] where q[j] is not clipped, else 0
//	dst[j] = dl·(g[j] - Σ g·q) / Σx                     of probabilities x
//	dst[j] = (softmax(x)[j]·Σt - t[j])·dl               where Logits
type XentGrad struct {
	Logits, Sparse               bool
	Dst, X, Targets, Dl, Rows, N uint32
}

// Op returns OpXentGrad or OpSoftmaxXentGrad.
func (a XentGrad) Op() Opcode {
	if a.Logits {
		return OpSoftmaxXentGrad
	}
	return OpXentGrad
}

// Words returns the argument words.
func (a XentGrad) Words() []uint32 {
	return []uint32{a.Dst, a.X, a.Targets, a.Dl, a.Rows, a.N, flag(a.Sparse, 1)}
}
