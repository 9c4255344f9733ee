package kernels

// Opcodes of this file.
const (
	OpUnary Opcode = baseElementwise + iota
	OpUnaryGrad
	OpBinary
)

// A UnaryFn is a function of one number, with constants α and β.
type UnaryFn uint32

// The unary functions.
const (
	Neg        UnaryFn = iota // -x
	Affine                    // αx + β
	Exp                       // eˣ
	Log                       // ln x
	Sqrt                      // √x
	Rsqrt                     // 1/√x
	Square                    // x²
	Reciprocal                // 1/x
	Abs                       // |x|
	Sign                      // -1, 0 or 1
	Clip                      // min(max(x, α), β)
	Relu                      // max(x, 0)
	LeakyRelu                 // x where x > 0, else αx
	Elu                       // x where x > 0, else α(eˣ - 1)
	Sigmoid                   // 1 / (1 + e⁻ˣ)
	Tanh                      // tanh x
	Softplus                  // ln(1 + eˣ)
	Gelu                      // x/2 · (1 + erf(x/√2))
	GeluTanh                  // x/2 · (1 + tanh(√(2/π)(x + 0.044715x³)))
	Erf                       // erf x
	Silu                      // x / (1 + e⁻ˣ)
	Expm1                     // eˣ - 1
	Log1p                     // ln(1 + x)
	Sin                       // sin x, for |x| <= 2²⁴
	Cos                       // cos x, for |x| <= 2²⁴
	Floor                     // the largest whole number <= x
	Round                     // the nearest whole number, the even one of two
	numUnaryFn
)

// Unary is: for i := range N { Dst[i] = Fn(X[i]) }. Dst may be X.
type Unary struct {
	Fn          UnaryFn
	Dst, X, N   uint32
	Alpha, Beta float32
}

// Op returns OpUnary.
func (Unary) Op() Opcode { return OpUnary }

// Words returns the argument words.
func (a Unary) Words() []uint32 {
	return []uint32{uint32(a.Fn), a.Dst, a.X, a.N, f32(a.Alpha), f32(a.Beta)}
}

// UnaryGrad is: for i := range N { Dst[i] = Fn'(Ref[i]) · Dy[i] }. Fn' is the derivative of Fn,
// computed from Fn's result for Exp, Expm1, Sqrt, Rsqrt, Reciprocal, Relu, LeakyRelu, Elu, Sigmoid,
// Tanh and Softplus, and from its argument for the others. Dst may be Ref or Dy.
type UnaryGrad struct {
	Fn              UnaryFn
	Dst, Ref, Dy, N uint32
	Alpha, Beta     float32
}

// Op returns OpUnaryGrad.
func (UnaryGrad) Op() Opcode { return OpUnaryGrad }

// Words returns the argument words.
func (a UnaryGrad) Words() []uint32 {
	return []uint32{uint32(a.Fn), a.Dst, a.Ref, a.Dy, a.N, f32(a.Alpha), f32(a.Beta)}
}

// A BinaryFn is a function of two numbers; comparisons give 1 or 0.
type BinaryFn uint32

// The binary functions of a and b.
const (
	Add            BinaryFn = iota // a + b
	Sub                            // a - b
	Mul                            // a · b
	Div                            // a / b
	Pow                            // a to the power b, for a >= 0
	Maximum                        // max(a, b)
	Minimum                        // min(a, b)
	Equal                          // a == b
	Greater                        // a > b
	GreaterEqual                   // a >= b
	Less                           // a < b
	BinaryXent                     // -(b ln p + (1-b) ln(1-p)), p = a clipped to [1e-7, 1 - 1e-7]
	BinaryXentGrad                 // (p-b) / (p(1-p)), 0 where a is clipped
	LogitXent                      // max(a, 0) - ab + ln(1 + e^-|a|)
	LogitXentGrad                  // sigmoid(a) - b
	Where                          // a where b != 0, else 0
	Unless                         // a where b == 0, else 0
	numBinaryFn
)

// Binary is, over rows of Cols elements:
//
//	for i := range N { r, c := i / Cols, i % Cols; Dst[i] = Fn(A[r·][c·], B[r·][c·]) }
//
// A row of an operand begins at the sum, over Outer, of an index times the operand's stride, and
// is one element where ARow (or BRow) is false; not both may be. Dst may be A or B where that one
// has as many elements as Dst, in order.
type Binary struct {
	Fn         BinaryFn
	Dst, A, B  uint32
	N, Cols    uint32
	ARow, BRow bool
	Outer      []Stride // from the innermost outwards; the product of their sizes times Cols is N
}

// A Stride is a dimension of Size that operands walk in steps of A and B bytes.
type Stride struct{ Size, A, B uint32 }

// Op returns OpBinary.
func (Binary) Op() Opcode { return OpBinary }

// Words returns the argument words.
func (a Binary) Words() []uint32 {
	w := []uint32{uint32(a.Fn), a.Dst, a.A, a.B, a.N, a.Cols, flag(a.ARow, 1) | flag(a.BRow, 2), uint32(len(a.Outer))}
	return appendStrides(w, a.Outer)
}

func appendStrides(w []uint32, s []Stride) []uint32 {
	for _, d := range s {
		w = append(w, d.Size, d.A, d.B)
	}
	return w
}
