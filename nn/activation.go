package nn

import (
	"math"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// An ActivationFunc is a function applied to a layer's result. The zero value stands for the argument's
// default, which is Linear for most: nn.Linear is another value, so that an LSTM's tanh can be taken away.
type ActivationFunc struct {
	kind      activationKind
	constants [3]float64 // in the order of the table's args; a bool is 0 or 1
}

type activationKind uint8

var none = math.Inf(1) // the constant of a bound that is not there

// The activation functions, with Keras's constants. With changes the constants.
var (
	Linear        = ActivationFunc{linear, [3]float64{}}             // x
	ReLU          = ActivationFunc{relu, [3]float64{0, none, 0}}     // max(x, 0); with a negative slope α, a maximum and a threshold θ: x from θ on, at most the maximum, else α(x - θ)
	ReLU6         = ActivationFunc{relu6, [3]float64{}}              // min(max(x, 0), 6)
	LeakyReLU     = ActivationFunc{leakyReLU, [3]float64{0.2}}       // x where x > 0, else αx; α is 0.2
	ELU           = ActivationFunc{elu, [3]float64{1}}               // x where x > 0, else α(eˣ - 1); α is 1
	CELU          = ActivationFunc{celu, [3]float64{1}}              // x where x > 0, else α(e^(x/α) - 1); α is 1
	SELU          = ActivationFunc{selu, [3]float64{}}               // 1.0507x where x > 0, else 1.7581(eˣ - 1) (Klambauer et al. 2017)
	GELU          = ActivationFunc{gelu, [3]float64{0}}              // x/2 · (1 + erf(x/√2)), the exact form
	GELUTanh      = ActivationFunc{gelu, [3]float64{1}}              // x/2 · (1 + tanh(√(2/π)(x + 0.044715x³)))
	SiLU          = ActivationFunc{silu, [3]float64{}}               // x · sigmoid(x), also called swish
	Mish          = ActivationFunc{mish, [3]float64{}}               // x · tanh(ln(1 + eˣ))
	Sigmoid       = ActivationFunc{sigmoid, [3]float64{}}            // 1 / (1 + e⁻ˣ)
	LogSigmoid    = ActivationFunc{logSigmoid, [3]float64{}}         // ln sigmoid(x)
	HardSigmoid   = ActivationFunc{hardSigmoid, [3]float64{}}        // min(max(x/6 + 1/2, 0), 1)
	HardSiLU      = ActivationFunc{hardSiLU, [3]float64{}}           // x · hard_sigmoid(x)
	SparseSigmoid = ActivationFunc{sparseSigmoid, [3]float64{}}      // min(max((x+1)/2, 0), 1)
	Tanh          = ActivationFunc{tanh, [3]float64{}}               // tanh x
	HardTanh      = ActivationFunc{hardTanh, [3]float64{}}           // min(max(x, -1), 1)
	TanhShrink    = ActivationFunc{tanhShrink, [3]float64{}}         // x - tanh x
	HardShrink    = ActivationFunc{hardShrink, [3]float64{0.5}}      // x where |x| > λ, else 0; λ is 1/2
	SoftShrink    = ActivationFunc{softShrink, [3]float64{0.5}}      // x - λ where x > λ, x + λ where x < -λ, else 0; λ is 1/2
	Threshold     = ActivationFunc{threshold, [3]float64{}}          // x where x > θ, else another value; both are 0
	Softplus      = ActivationFunc{softplus, [3]float64{}}           // ln(1 + eˣ)
	Squareplus    = ActivationFunc{squareplus, [3]float64{4}}        // (x + √(x² + b)) / 2; b is 4
	SparsePlus    = ActivationFunc{sparsePlus, [3]float64{}}         // 0 where x <= -1, x where x >= 1, else (x+1)²/4
	Softsign      = ActivationFunc{softsign, [3]float64{}}           // x / (1 + |x|)
	Exponential   = ActivationFunc{exponential, [3]float64{}}        // eˣ
	Softmax       = ActivationFunc{softmax, [3]float64{lastAxis}}    // eˣ / Σ eˣ over the last dimension, or the one of the axis
	LogSoftmax    = ActivationFunc{logSoftmax, [3]float64{lastAxis}} // x - ln Σ eˣ, likewise
	Sparsemax     = ActivationFunc{sparsemax, [3]float64{lastAxis}}  // the nearest probabilities to x, likewise (Martins and Astudillo 2016)
	GLU           = ActivationFunc{glu, [3]float64{lastAxis}}        // a · sigmoid(b) for the halves a, b of a dimension: Activation's only, since it changes the shape
)

const lastAxis = -1

// With is the function with other constants, in the order of its arguments in the registry:
// ELU.With(1.5), ReLU.With(0.1, 6). Those that are not given stay. More than the function has are not looked at.
func (f ActivationFunc) With(constants ...float64) ActivationFunc {
	n := len(activations[f.kind].args)
	copy(f.constants[:n], constants)
	return f
}

const (
	unset activationKind = iota
	linear
	relu
	relu6
	leakyReLU
	elu
	celu
	selu
	gelu
	silu
	mish
	sigmoid
	logSigmoid
	hardSigmoid
	hardSiLU
	sparseSigmoid
	tanh
	hardTanh
	tanhShrink
	hardShrink
	softShrink
	threshold
	softplus
	squareplus
	sparsePlus
	softsign
	exponential
	softmax
	logSoftmax
	sparsemax
	glu
	numActivations
)

// atLeast0 is an argument that is a number, at least 0.
func atLeast0(name string, def float64, doc string) Arg {
	return Arg{Name: name, JS: camel(name), Type: "float", Default: def, Doc: doc, max: math.Inf(1)}
}

// axisArg is the dimension that a function of rows goes along.
var axisArg = []Arg{{Name: "axis", JS: "axis", Type: "int", Default: lastAxis, Doc: "The dimension, counted with the batch; negative from the end.", min: math.Inf(-1), max: math.Inf(1)}}

// activations says of each function its name, its arguments, and how it is written down.
var activations = [numActivations]struct {
	name  string
	args  []Arg
	lower func(b *prog.Builder, x prog.Buf, c [3]float64) prog.Buf
}{
	unset:  {"linear", nil, func(_ *prog.Builder, x prog.Buf, _ [3]float64) prog.Buf { return x }},
	linear: {"linear", nil, func(_ *prog.Builder, x prog.Buf, _ [3]float64) prog.Buf { return x }},
	relu: {"relu", []Arg{
		atLeast0("negative_slope", 0, "What x below the threshold is multiplied by."),
		{Name: "max_value", JS: "maxValue", Type: "float", Doc: "The largest result; none by default.", max: math.Inf(1)},
		{Name: "threshold", JS: "threshold", Type: "float", Default: 0.0, Doc: "Where x begins to pass.", min: math.Inf(-1), max: math.Inf(1)},
	}, lowerReLU},
	relu6: {"relu6", nil, func(b *prog.Builder, x prog.Buf, _ [3]float64) prog.Buf {
		return b.Binary(prog.Minimum, b.Unary(prog.Relu, x), b.Fill(6))
	}},
	leakyReLU: {"leaky_relu", []Arg{atLeast0("negative_slope", 0.2, "α.")}, unaryConst(prog.LeakyRelu)},
	elu:       {"elu", []Arg{atLeast0("alpha", 1, "α.")}, unaryConst(prog.Elu)},
	celu: {"celu", []Arg{{Name: "alpha", JS: "alpha", Type: "float", Default: 1.0, Doc: "α.", min: math.SmallestNonzeroFloat32, max: math.Inf(1)}},
		func(b *prog.Builder, x prog.Buf, c [3]float64) prog.Buf {
			return b.Affine(b.UnaryConst(prog.Elu, b.Affine(x, 1/c[0], 0), 1, 0), c[0], 0)
		}},
	selu: {"selu", nil, func(b *prog.Builder, x prog.Buf, _ [3]float64) prog.Buf {
		return b.Affine(b.UnaryConst(prog.Elu, x, 1.6732632423543772848170429916717, 0), 1.0507009873554804934193349852946, 0)
	}},
	gelu: {"gelu", []Arg{{Name: "approximate", JS: "approximate", Type: "bool", Default: false, Doc: "Whether tanh takes the place of erf.", max: 1}},
		func(b *prog.Builder, x prog.Buf, c [3]float64) prog.Buf {
			if c[0] != 0 {
				return b.Unary(prog.GeluTanh, x)
			}
			return b.Unary(prog.Gelu, x)
		}},
	silu: {"silu", nil, unary(prog.Silu)},
	mish: {"mish", nil, func(b *prog.Builder, x prog.Buf, _ [3]float64) prog.Buf {
		return b.Mul(x, b.Unary(prog.Tanh, b.Unary(prog.Softplus, x)))
	}},
	sigmoid: {"sigmoid", nil, unary(prog.Sigmoid)},
	logSigmoid: {"log_sigmoid", nil, func(b *prog.Builder, x prog.Buf, _ [3]float64) prog.Buf {
		return b.Unary(prog.Neg, b.Unary(prog.Softplus, b.Unary(prog.Neg, x)))
	}},
	hardSigmoid: {"hard_sigmoid", nil, lowerHardSigmoid},
	hardSiLU: {"hard_silu", nil, func(b *prog.Builder, x prog.Buf, c [3]float64) prog.Buf {
		return b.Mul(x, lowerHardSigmoid(b, x, c))
	}},
	sparseSigmoid: {"sparse_sigmoid", nil, func(b *prog.Builder, x prog.Buf, _ [3]float64) prog.Buf {
		return b.UnaryConst(prog.Clip, b.Affine(x, 0.5, 0.5), 0, 1)
	}},
	tanh:     {"tanh", nil, unary(prog.Tanh)},
	hardTanh: {"hard_tanh", nil, func(b *prog.Builder, x prog.Buf, _ [3]float64) prog.Buf { return b.UnaryConst(prog.Clip, x, -1, 1) }},
	tanhShrink: {"tanh_shrink", nil, func(b *prog.Builder, x prog.Buf, _ [3]float64) prog.Buf {
		return b.Sub(x, b.Unary(prog.Tanh, x))
	}},
	hardShrink: {"hard_shrink", []Arg{atLeast0("threshold", 0.5, "λ.")}, func(b *prog.Builder, x prog.Buf, c [3]float64) prog.Buf {
		return b.Binary(prog.Where, x, b.Binary(prog.Greater, b.Unary(prog.Abs, x), b.Fill(c[0])))
	}},
	softShrink: {"soft_shrink", []Arg{atLeast0("threshold", 0.5, "λ.")}, func(b *prog.Builder, x prog.Buf, c [3]float64) prog.Buf {
		return b.Sub(x, b.UnaryConst(prog.Clip, x, -c[0], c[0]))
	}},
	threshold: {"threshold", []Arg{
		{Name: "threshold", JS: "threshold", Type: "float", Required: true, Doc: "θ.", min: math.Inf(-1), max: math.Inf(1)},
		{Name: "default_value", JS: "defaultValue", Type: "float", Required: true, Doc: "What takes the place of x up to θ.", min: math.Inf(-1), max: math.Inf(1)},
	}, func(b *prog.Builder, x prog.Buf, c [3]float64) prog.Buf {
		return b.Select(b.Binary(prog.Greater, x, b.Fill(c[0])), x, b.Fill(c[1]))
	}},
	softplus:   {"softplus", nil, unary(prog.Softplus)},
	squareplus: {"squareplus", []Arg{atLeast0("b", 4, "b, the square of twice the result at 0.")}, lowerSquareplus},
	sparsePlus: {"sparse_plus", nil, func(b *prog.Builder, x prog.Buf, _ [3]float64) prog.Buf {
		curve := b.Unary(prog.Square, b.Affine(b.UnaryConst(prog.Clip, x, -1, 1), 0.5, 0.5)) // 1 from 1 on
		return b.Add(curve, b.Unary(prog.Relu, b.Affine(x, 1, -1)))
	}},
	softsign: {"softsign", nil, func(b *prog.Builder, x prog.Buf, _ [3]float64) prog.Buf {
		return b.Div(x, b.Affine(b.Unary(prog.Abs, x), 1, 1))
	}},
	exponential: {"exponential", nil, unary(prog.Exp)},
	softmax: {"softmax", axisArg, func(b *prog.Builder, x prog.Buf, c [3]float64) prog.Buf {
		return alongAxis(b, x, int(c[0]), b.Softmax)
	}},
	logSoftmax: {"log_softmax", axisArg, func(b *prog.Builder, x prog.Buf, c [3]float64) prog.Buf {
		return alongAxis(b, x, int(c[0]), b.LogSoftmax)
	}},
	sparsemax: {"sparsemax", axisArg, func(b *prog.Builder, x prog.Buf, c [3]float64) prog.Buf {
		return alongAxis(b, x, int(c[0]), func(x prog.Buf) prog.Buf { return lowerSparsemax(b, x) })
	}},
	glu: {"glu", axisArg, func(b *prog.Builder, x prog.Buf, c [3]float64) prog.Buf {
		return alongAxis(b, x, int(c[0]), func(x prog.Buf) prog.Buf { return lowerGLU(b, x) })
	}},
}

func unary(f prog.Unary) func(*prog.Builder, prog.Buf, [3]float64) prog.Buf {
	return func(b *prog.Builder, x prog.Buf, _ [3]float64) prog.Buf { return b.Unary(f, x) }
}

// unaryConst is f with its constant; at 0, where its output no longer tells its input's sign apart, and
// the op's gradient wants α > 0, it is ReLU.
func unaryConst(f prog.Unary) func(*prog.Builder, prog.Buf, [3]float64) prog.Buf {
	return func(b *prog.Builder, x prog.Buf, c [3]float64) prog.Buf {
		if c[0] == 0 {
			return b.Unary(prog.Relu, x)
		}
		return b.UnaryConst(f, x, c[0], 0)
	}
}

// lowerReLU is keras/src/activations/activations.py's ReLU: its slope below a threshold θ is of x - θ.
func lowerReLU(b *prog.Builder, x prog.Buf, c [3]float64) prog.Buf {
	slope, top, from := c[0], c[1], c[2]
	if top == none && from == 0 {
		return unaryConst(prog.LeakyRelu)(b, x, c)
	}
	y := b.Unary(prog.Relu, x)
	if from != 0 {
		y = b.Binary(prog.Where, x, b.Binary(prog.Greater, x, b.Fill(from)))
	}
	if top != none {
		y = b.UnaryConst(prog.Clip, y, 0, top)
	}
	if slope != 0 {
		y = b.Sub(y, b.Affine(b.Unary(prog.Relu, b.Affine(x, -1, from)), slope, 0))
	}
	return y
}

func lowerHardSigmoid(b *prog.Builder, x prog.Buf, _ [3]float64) prog.Buf {
	return b.UnaryConst(prog.Clip, b.Affine(x, 1.0/6, 0.5), 0, 1)
}

// lowerSquareplus is (x + √(x² + b)) / 2 as (x + |x|)/2 + b / (2(|x| + √(x² + b))): for large negative x
// the first form is the small difference of large numbers.
func lowerSquareplus(b *prog.Builder, x prog.Buf, c [3]float64) prog.Buf {
	size := b.Unary(prog.Abs, x)
	positive := b.Affine(b.Add(x, size), 0.5, 0)
	if c[0] == 0 {
		return positive
	}
	root := b.Unary(prog.Sqrt, b.Affine(b.Unary(prog.Square, x), 1, c[0]))
	return b.Add(positive, b.Affine(b.Unary(prog.Reciprocal, b.Add(size, root)), c[0]/2, 0))
}

// lowerSparsemax is max(x - τ, 0) with the τ that makes each row's sum 1. An element z is above τ where
// 1 + k·z > s for the k elements that are at least z and their sum s, which needs no sorting, but n² comparisons a row.
func lowerSparsemax(b *prog.Builder, x prog.Buf) prog.Buf {
	s := b.Shape(x)
	if len(s) == 0 {
		return prog.None
	}
	rows, n := s[:len(s)-1].Size(), s.Last()
	mine, others := b.Reshape(x, rows, n, 1), b.Reshape(x, rows, 1, n)
	above := b.Binary(prog.GreaterEqual, others, mine)
	count := b.Reshape(b.Reduce(prog.Sum, above, false, 2), s...)
	sum := b.Reshape(b.Reduce(prog.Sum, b.Mul(above, others), false, 2), s...)
	support := b.Binary(prog.Greater, b.Affine(b.Mul(count, x), 1, 1), sum)
	tau := b.Div(b.Affine(b.Reduce(prog.Sum, b.Mul(support, x), true, -1), 1, -1), b.Reduce(prog.Sum, support, true, -1))
	return b.Unary(prog.Relu, b.Sub(x, tau))
}

func lowerGLU(b *prog.Builder, x prog.Buf) prog.Buf {
	s := b.Shape(x)
	if len(s) == 0 {
		return prog.None
	}
	half := append(append(prog.Shape{}, s[:len(s)-1]...), s.Last()/2)
	begin := make([]int, len(s))
	first := b.Slice(x, append([]int{}, begin...), half)
	begin[len(s)-1] = s.Last() / 2
	return b.Mul(first, b.Unary(prog.Sigmoid, b.Slice(x, begin, half)))
}

// alongAxis is f, which goes along the last dimension, along another.
func alongAxis(b *prog.Builder, x prog.Buf, axis int, f func(prog.Buf) prog.Buf) prog.Buf {
	rank := len(b.Shape(x))
	if axis < 0 {
		axis += rank
	}
	if b.Err() != nil || axis == rank-1 {
		return f(x)
	}
	perm := make([]int, rank) // its own inverse
	for i := range perm {
		perm[i] = i
	}
	perm[axis], perm[rank-1] = rank-1, axis
	return b.Transpose(f(b.Transpose(x, perm...)), perm...)
}

// String is the function's name in Keras.
func (f ActivationFunc) String() string { return activations[f.kind].name }

// Out is the shape of f(x) for one sample x of shape in.
func (f ActivationFunc) Out(in prog.Shape) (prog.Shape, error) {
	if !f.alongRows() {
		return in, nil
	}
	if len(in) == 0 {
		return nil, fail(ErrShape, "input is a single number, %s wants at least one dimension", f)
	}
	axis := int(f.constants[0])
	if axis < -len(in) || axis == 0 || axis > len(in) {
		return nil, fail(ErrConfig, "%s: axis is %d, wanted -%d to -1 or 1 to %d: the input %v has these dimensions, and 0 is the batch", f, axis, len(in), len(in), in)
	}
	if f.kind != glu {
		return in, nil
	}
	at := axis - 1
	if axis < 0 {
		at = axis + len(in)
	}
	if in[at]%2 != 0 {
		return nil, fail(ErrShape, "%s: input %v has %d elements along axis %d, wanted an even number", f, in, in[at], axis)
	}
	out := append(prog.Shape{}, in...)
	out[at] /= 2
	return out, nil
}

// alongRows reports whether f makes each result from several elements of x.
func (f ActivationFunc) alongRows() bool {
	args := activations[f.kind].args
	return len(args) > 0 && args[0].Name == "axis"
}

// check finds the constant that is out of its range, and says so. where begins the message.
func (f ActivationFunc) check(where string) error {
	for i, a := range activations[f.kind].args {
		v := f.constants[i]
		switch {
		case a.Type == "float" && a.Default == nil && !a.Required && v == none:
		case !finite(v) && math.IsInf(a.min, 0):
			return fail(ErrConfig, "%s: %s is %s, wanted a finite number", where, a.Name, text(v))
		case !(v >= a.min && v <= a.max) || !finite(v):
			return fail(ErrConfig, "%s: %s is %s, wanted %s", where, a.Name, text(v), a.wantFloat())
		}
	}
	return nil
}

// wantFloat says which numbers an activation's argument may be.
func (a *Arg) wantFloat() string {
	switch {
	case math.IsInf(a.min, 0):
		return "a finite number"
	case a.min > 0:
		return "more than 0"
	}
	return "at least " + text(a.min)
}

// Lower writes f(x) down, for a batch x.
func (f ActivationFunc) Lower(b *prog.Builder, x prog.Buf) prog.Buf {
	if err := f.check(f.String()); err != nil {
		return b.Fail(err)
	}
	if s := b.Shape(x); f.alongRows() && b.Err() == nil && len(s) > 0 {
		if _, err := f.Out(s[1:]); err != nil {
			return b.Fail(err)
		}
	}
	return activations[f.kind].lower(b, x, f.constants)
}

// value is a constant as configs have it.
func (a *Arg) value(v float64) any {
	switch {
	case a.Type == "bool":
		return v != 0
	case a.Type == "int":
		return int(v)
	case v == none:
		return nil
	}
	return v
}

// config is the function as Keras writes it: its name, or a config where a constant is not the default.
func (f ActivationFunc) config() any {
	a := activations[f.kind]
	config := map[string]any{}
	for i := range a.args {
		if v := a.args[i].value(f.constants[i]); a.args[i].Required || v != a.args[i].Default {
			config[a.args[i].Name] = v
		}
	}
	if len(config) == 0 {
		return a.name
	}
	return map[string]any{"class_name": a.name, "config": config}
}

// decodeActivation is the registry's e with the constants that args give.
func decodeActivation(where string, e *Entry, config map[string]any) (ActivationFunc, error) {
	f := e.value.(ActivationFunc)
	args := activations[f.kind].args
	given := make([]bool, len(args))
	for _, key := range sortedKeys(config) {
		v, k := config[key], folded(key)
		at := -1
		for i := range args {
			if foldsTo(args[i].Name, k) || f.kind == leakyReLU && k == "alpha" {
				at = i
			}
		}
		switch {
		case k == "name":
			continue
		case at < 0:
			return f, fail(ErrConfig, "%s: %s has no argument %q", where, e.Name, key)
		case v == nil && !args[at].Required:
			continue
		}
		a := &args[at]
		given[at] = true
		switch a.Type {
		case "bool":
			yes, ok := v.(bool)
			if !ok {
				return f, fail(ErrConfig, "%s: %s: %s is %s, wanted true or false", where, e.Name, a.Name, show(v))
			}
			if f.constants[at] = 0; yes {
				f.constants[at] = 1
			}
		case "int":
			n, ok := whole(v)
			if !ok {
				return f, fail(ErrConfig, "%s: %s: %s is %s, wanted a whole number", where, e.Name, a.Name, show(v))
			}
			f.constants[at] = float64(n)
		default:
			n, ok := number(v)
			if !ok || !finite(n) {
				return f, fail(ErrConfig, "%s: %s: %s is %s, wanted %s", where, e.Name, a.Name, show(v), a.wantFloat())
			}
			f.constants[at] = n
		}
	}
	for i := range args {
		if args[i].Required && !given[i] {
			return f, fail(ErrConfig, "%s: %s: %s is missing", where, e.Name, args[i].Name)
		}
	}
	return f, f.check(where + ": " + e.Name)
}

// Activation applies an activation function as a layer of its own.
type Activation struct {
	Fn   ActivationFunc `arg:"activation" required:"yes" doc:"The function."`
	Name string         `arg:"name" doc:"The layer's name."`
}

// Build keeps the shape, but for GLU, which halves a dimension.
func (a Activation) Build(_ *Scope, in prog.Shape) (prog.Shape, error) { return a.Fn.Out(in) }

// Lower applies the function.
func (a Activation) Lower(c *Call, x prog.Buf) prog.Buf { return a.Fn.Lower(c.Builder, x) }

// IdentityLayer is Keras's Identity: its output is its input.
type IdentityLayer struct {
	Name string `arg:"name" doc:"The layer's name."`
}

// Build keeps the shape.
func (IdentityLayer) Build(_ *Scope, in prog.Shape) (prog.Shape, error) { return in, nil }

// Lower is x.
func (IdentityLayer) Lower(_ *Call, x prog.Buf) prog.Buf { return x }
