package prog

// Unary names a function of one number. Its constants α and β are the op's Alpha and Beta.
type Unary uint8

// The unary functions. nn/cpu holds their definitions; unaryTable says how each is differentiated.
const (
	Identity   Unary = iota // x
	Neg                     // -x
	Affine                  // αx + β
	Exp                     // eˣ
	Log                     // ln x
	Sqrt                    // √x
	Rsqrt                   // 1/√x
	Square                  // x²
	Reciprocal              // 1/x
	Abs                     // |x|
	Sign                    // -1, 0 or 1
	Clip                    // min(max(x, α), β)
	Relu                    // max(x, 0)
	LeakyRelu               // x where x > 0, else αx (α > 0)
	Elu                     // x where x > 0, else α(eˣ - 1) (α > 0)
	Sigmoid                 // 1 / (1 + e⁻ˣ)
	Tanh                    // tanh x
	Softplus                // ln(1 + eˣ)
	Gelu                    // x/2 · (1 + erf(x/√2))
	GeluTanh                // x/2 · (1 + tanh(√(2/π)(x + 0.044715x³)))
	Silu                    // x / (1 + e⁻ˣ)
	Erf                     // erf x
	Expm1                   // eˣ - 1, exact near 0
	Log1p                   // ln(1 + x), exact near 0
	Sin                     // sin x, x in radians and |x| <= 2²⁴
	Cos                     // cos x, likewise
	Floor                   // the largest whole number <= x
	Round                   // the nearest whole number, the even one of two
	numUnary
)

// A gradFrom says what a unary function's derivative is computed from.
type gradFrom uint8

const (
	gradZero   gradFrom = iota // the derivative is 0 wherever it exists
	gradLinear                 // f' is the constant α of the function (or ±1)
	gradX                      // UnaryGrad reads the function's input
	gradY                      // UnaryGrad reads the function's output, so the input may be forgotten
)

var unaryTable = [numUnary]struct {
	name   string
	consts int // how many of Alpha, Beta it uses
	grad   gradFrom
	act    bool // may ride in the epilogue of MatMul and Conv2D
}{
	Identity:   {"identity", 0, gradLinear, false},
	Neg:        {"neg", 0, gradLinear, false},
	Affine:     {"affine", 2, gradLinear, false},
	Exp:        {"exp", 0, gradY, false},
	Log:        {"log", 0, gradX, false},
	Sqrt:       {"sqrt", 0, gradY, false},
	Rsqrt:      {"rsqrt", 0, gradY, false},
	Square:     {"square", 0, gradX, false},
	Reciprocal: {"reciprocal", 0, gradY, false},
	Abs:        {"abs", 0, gradX, false},
	Sign:       {"sign", 0, gradZero, false},
	Clip:       {"clip", 2, gradX, false},
	Relu:       {"relu", 0, gradY, true},
	LeakyRelu:  {"leaky_relu", 1, gradY, true},
	Elu:        {"elu", 1, gradY, true},
	Sigmoid:    {"sigmoid", 0, gradY, true},
	Tanh:       {"tanh", 0, gradY, true},
	Softplus:   {"softplus", 0, gradY, true},
	Gelu:       {"gelu", 0, gradX, true},
	GeluTanh:   {"gelu_tanh", 0, gradX, true},
	Silu:       {"silu", 0, gradX, true},
	Erf:        {"erf", 0, gradX, false},
	Expm1:      {"expm1", 0, gradY, false},
	Log1p:      {"log1p", 0, gradX, false},
	Sin:        {"sin", 0, gradX, false},
	Cos:        {"cos", 0, gradX, false},
	Floor:      {"floor", 0, gradZero, false},
	Round:      {"round", 0, gradZero, false},
}

// String is the function's name as programs print it.
func (f Unary) String() string {
	if f < numUnary {
		return unaryTable[f].name
	}
	return "unary?"
}

// GradFromOutput reports whether UnaryGrad of f reads f's output; otherwise it reads f's input.
func (f Unary) GradFromOutput() bool { return unaryTable[f].grad == gradY }

// HasGradOp reports whether the gradient of f is a UnaryGrad op (f is neither linear nor flat).
func (f Unary) HasGradOp() bool { return unaryTable[f].grad >= gradX }

// Unaries lists every unary function, for suites that must cover them all.
func Unaries() []Unary { return list[Unary](int(numUnary)) }

// Binary names a function of two numbers. Comparisons give 1 for true and 0 for false.
type Binary uint8

// The binary functions of an op's first input a and second input b.
const (
	Add          Binary = iota // a + b
	Sub                        // a - b
	Mul                        // a · b
	Div                        // a / b
	Pow                        // a to the power b, for a > 0
	Maximum                    // max(a, b)
	Minimum                    // min(a, b)
	Equal                      // a == b
	Greater                    // a > b
	GreaterEqual               // a >= b
	Less                       // a < b
	Where                      // a where b != 0, else 0, whatever a is there
	Unless                     // a where b == 0, else 0, whatever a is there
	// BinaryXent is the crossentropy of a probability a and a target b:
	// -(b ln(p) + (1-b) ln(1-p)) with p = a clipped to [1e-7, 1 - 1e-7], as Keras clips: the bounds
	// are those that the element type rounds them to.
	BinaryXent
	BinaryXentGrad // d BinaryXent / da: (p-b) / (p(1-p)) where a is not clipped, else 0
	// LogitXent is the crossentropy of a logit a and a target b, computed without overflow:
	// max(a, 0) - ab + ln(1 + e^-|a|).
	LogitXent
	LogitXentGrad // d LogitXent / da: sigmoid(a) - b
	numBinary
)

var binaryNames = [numBinary]string{
	"add", "sub", "mul", "div", "pow", "max", "min", "equal", "greater", "greater_equal", "less", "where", "unless",
	"binary_xent", "binary_xent_grad", "logit_xent", "logit_xent_grad",
}

// String is the function's name as programs print it.
func (f Binary) String() string {
	if f < numBinary {
		return binaryNames[f]
	}
	return "binary?"
}

// Binaries lists every binary function, for suites that must cover them all.
func Binaries() []Binary { return list[Binary](int(numBinary)) }

// ReduceFn names how Reduce joins the elements it reduces.
type ReduceFn uint8

// The reductions.
const (
	Sum ReduceFn = iota
	Mean
	Max
	SumSquares // Σ x², in one pass: a norm's square
	numReduce
)

// String is the reduction's name as programs print it.
func (f ReduceFn) String() string {
	return [...]string{"sum", "mean", "max", "sum_squares", "reduce?"}[min(f, numReduce)]
}

// Reductions lists every reduction, for suites that must cover them all.
func Reductions() []ReduceFn { return list[ReduceFn](int(numReduce)) }

func list[T ~uint8](n int) []T {
	out := make([]T, n)
	for i := range out {
		out[i] = T(i)
	}
	return out
}
