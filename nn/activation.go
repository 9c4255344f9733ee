package nn

import "github.com/tabgrad/tabgrad/nn/prog"

// An ActivationFunc is a function applied to a layer's result. The zero value is Linear.
type ActivationFunc struct {
	kind     activationKind
	constant float64
}

type activationKind uint8

// The activation functions, with Keras's constants.
var (
	Linear    = ActivationFunc{linear, 0}      // x
	ReLU      = ActivationFunc{relu, 0}        // max(x, 0)
	Sigmoid   = ActivationFunc{sigmoid, 0}     // 1 / (1 + e⁻ˣ)
	Tanh      = ActivationFunc{tanh, 0}        // tanh x
	Softmax   = ActivationFunc{softmax, 0}     // eˣ / Σ eˣ over the last dimension
	Softplus  = ActivationFunc{softplus, 0}    // ln(1 + eˣ)
	ELU       = ActivationFunc{elu, 1}         // x where x > 0, else α(eˣ - 1); α is 1
	LeakyReLU = ActivationFunc{leakyReLU, 0.2} // x where x > 0, else αx; α is 0.2
	GELU      = ActivationFunc{gelu, 0}        // x/2 · (1 + erf(x/√2)), the exact form
	GELUTanh  = ActivationFunc{gelu, 1}        // x/2 · (1 + tanh(√(2/π)(x + 0.044715x³)))
)

// With is ELU or LeakyReLU with another α, at least 0. Other functions have no constant.
func (f ActivationFunc) With(alpha float64) ActivationFunc {
	if f.kind == elu || f.kind == leakyReLU {
		f.constant = alpha
	}
	return f
}

const (
	linear activationKind = iota
	relu
	sigmoid
	tanh
	softmax
	softplus
	elu
	leakyReLU
	gelu
	numActivations
)

var activations = [numActivations]struct {
	name  string
	arg   Arg // its constant's name in configs and default; no Name where it has none
	lower func(b *prog.Builder, x prog.Buf, constant float64) prog.Buf
}{
	linear:    {"linear", Arg{}, func(_ *prog.Builder, x prog.Buf, _ float64) prog.Buf { return x }},
	relu:      {"relu", Arg{}, unary(prog.Relu)},
	sigmoid:   {"sigmoid", Arg{}, unary(prog.Sigmoid)},
	tanh:      {"tanh", Arg{}, unary(prog.Tanh)},
	softmax:   {"softmax", Arg{}, func(b *prog.Builder, x prog.Buf, _ float64) prog.Buf { return b.Softmax(x) }},
	softplus:  {"softplus", Arg{}, unary(prog.Softplus)},
	elu:       {"elu", Arg{Name: "alpha", JS: "alpha", Type: "float", Default: 1.0, Doc: "α, at least 0."}, unaryConst(prog.Elu)},
	leakyReLU: {"leaky_relu", Arg{Name: "negative_slope", JS: "negativeSlope", Type: "float", Default: 0.2, Doc: "α, at least 0."}, unaryConst(prog.LeakyRelu)},
	gelu: {"gelu", Arg{Name: "approximate", JS: "approximate", Type: "bool", Default: false, Doc: "Whether tanh takes the place of erf."},
		func(b *prog.Builder, x prog.Buf, approximate float64) prog.Buf {
			if approximate != 0 {
				return b.Unary(prog.GeluTanh, x)
			}
			return b.Unary(prog.Gelu, x)
		}},
}

func unary(f prog.Unary) func(*prog.Builder, prog.Buf, float64) prog.Buf {
	return func(b *prog.Builder, x prog.Buf, _ float64) prog.Buf { return b.Unary(f, x) }
}

// unaryConst is f with its constant; at 0, where its output no longer tells its input's sign apart, and
// the op's gradient wants α > 0, it is ReLU.
func unaryConst(f prog.Unary) func(*prog.Builder, prog.Buf, float64) prog.Buf {
	return func(b *prog.Builder, x prog.Buf, alpha float64) prog.Buf {
		if alpha == 0 {
			return b.Unary(prog.Relu, x)
		}
		return b.UnaryConst(f, x, alpha, 0)
	}
}

// String is the function's name in Keras.
func (f ActivationFunc) String() string { return activations[f.kind].name }

// Lower writes f(x) down.
func (f ActivationFunc) Lower(b *prog.Builder, x prog.Buf) prog.Buf {
	if !(f.constant >= 0) || !finite(f.constant) {
		a := activations[f.kind]
		return b.Fail(fail(ErrConfig, "%s: %s is %s, wanted at least 0", a.name, a.arg.Name, text(f.constant)))
	}
	return activations[f.kind].lower(b, x, f.constant)
}

// config is the function as Keras writes it: its name, or a config where it has another constant.
func (f ActivationFunc) config() any {
	a := activations[f.kind]
	var value any = f.constant
	if a.arg.Type == "bool" {
		value = f.constant != 0
	}
	if a.arg.Name == "" || value == a.arg.Default {
		return a.name
	}
	return map[string]any{"class_name": a.name, "config": map[string]any{a.arg.Name: value}}
}

// decodeActivation is the registry's e with the constant that args give.
func decodeActivation(where string, e *Entry, args map[string]any) (ActivationFunc, error) {
	f := e.value.(ActivationFunc)
	arg := activations[f.kind].arg
	for key, v := range args {
		switch {
		case folded(key) == "name":
			continue
		case arg.Name == "" || folded(key) != folded(arg.Name) && !(f.kind == leakyReLU && folded(key) == "alpha"):
			return f, fail(ErrConfig, "%s: %s has no argument %q", where, e.Name, key)
		case arg.Type == "bool":
			b, ok := v.(bool)
			if !ok {
				return f, fail(ErrConfig, "%s: %s: %s is %s, wanted true or false", where, e.Name, arg.Name, show(v))
			}
			if f.constant = 0; b {
				f.constant = 1
			}
		default:
			n, ok := number(v)
			if !ok || !(n >= 0) || !finite(n) {
				return f, fail(ErrConfig, "%s: %s: %s is %s, wanted at least 0", where, e.Name, arg.Name, show(v))
			}
			f.constant = n
		}
	}
	return f, nil
}

// Activation applies an activation function as a layer of its own.
type Activation struct {
	Fn   ActivationFunc `arg:"activation" required:"yes" doc:"The function."`
	Name string         `arg:"name" doc:"The layer's name."`
}

// Build keeps the shape.
func (a Activation) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	if a.Fn == Softmax && len(in) == 0 {
		return nil, fail(ErrShape, "input is a single number, softmax wants at least one dimension")
	}
	return in, nil
}

// Lower applies the function.
func (a Activation) Lower(c *Call, x prog.Buf) prog.Buf { return a.Fn.Lower(c.Builder, x) }
