package nn

import "github.com/tabgrad/tabgrad/nn/prog"

// An ActivationFunc names a function applied to a layer's result.
type ActivationFunc uint8

// The activation functions, with Keras's constants.
const (
	Linear    ActivationFunc = iota // x
	ReLU                            // max(x, 0)
	Sigmoid                         // 1 / (1 + e⁻ˣ)
	Tanh                            // tanh x
	Softmax                         // eˣ / Σ eˣ over the last dimension
	Softplus                        // ln(1 + eˣ)
	ELU                             // x where x > 0, else eˣ - 1
	LeakyReLU                       // x where x > 0, else 0.2x
	GELU                            // x/2 · (1 + erf(x/√2)), the exact form, Keras's default
	numActivations
)

var activations = [numActivations]struct {
	name  string
	lower func(b *prog.Builder, x prog.Buf) prog.Buf
}{
	Linear:    {"linear", func(_ *prog.Builder, x prog.Buf) prog.Buf { return x }},
	ReLU:      {"relu", unary(prog.Relu)},
	Sigmoid:   {"sigmoid", unary(prog.Sigmoid)},
	Tanh:      {"tanh", unary(prog.Tanh)},
	Softmax:   {"softmax", (*prog.Builder).Softmax},
	Softplus:  {"softplus", unary(prog.Softplus)},
	ELU:       {"elu", func(b *prog.Builder, x prog.Buf) prog.Buf { return b.UnaryConst(prog.Elu, x, 1, 0) }},
	LeakyReLU: {"leaky_relu", func(b *prog.Builder, x prog.Buf) prog.Buf { return b.UnaryConst(prog.LeakyRelu, x, 0.2, 0) }},
	GELU:      {"gelu", unary(prog.Gelu)},
}

func unary(f prog.Unary) func(b *prog.Builder, x prog.Buf) prog.Buf {
	return func(b *prog.Builder, x prog.Buf) prog.Buf { return b.Unary(f, x) }
}

// String is the function's name in Keras.
func (f ActivationFunc) String() string {
	if f < numActivations {
		return activations[f].name
	}
	return "activation?"
}

// Lower writes f(x) down.
func (f ActivationFunc) Lower(b *prog.Builder, x prog.Buf) prog.Buf {
	if f >= numActivations {
		return b.Fail(fail(ErrConfig, "there is no activation %d", f))
	}
	return activations[f].lower(b, x)
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
