package nn

import "github.com/tabgrad/tabgrad/nn/prog"

// Dense is a fully connected layer: activation(x·kernel + bias), kernel [in, Units]. It acts on the
// last dimension of x; the others are kept.
type Dense struct {
	Units      int            `arg:"units" required:"yes" min:"1" doc:"Size of the output's last dimension."`
	Activation ActivationFunc `arg:"activation" default:"linear" doc:"Applied to the result."`
	NoBias     bool           `arg:"!use_bias" doc:"Whether a bias is added."`

	KernelInit  Initializer `arg:"kernel_initializer" default:"glorot_uniform" doc:"What the kernel begins as."`
	BiasInit    Initializer `arg:"bias_initializer" default:"zeros" doc:"What the bias begins as."`
	KernelReg   Regularizer `arg:"kernel_regularizer" doc:"Penalty on the kernel, added to the loss."`
	BiasReg     Regularizer `arg:"bias_regularizer" doc:"Penalty on the bias, added to the loss."`
	ActivityReg Regularizer `arg:"activity_regularizer" doc:"Penalty on the output, added to the loss."`

	KernelConstraint Constraint `arg:"kernel_constraint" doc:"What the kernel is held to after each step."`
	BiasConstraint   Constraint `arg:"bias_constraint" doc:"What the bias is held to after each step."`

	Name   string `arg:"name" doc:"The layer's name."`
	Frozen bool   `arg:"!trainable" doc:"Whether training changes the layer's variables."`
}

// Build declares kernel [in, Units] and bias [Units].
func (d Dense) Build(s *Scope, in prog.Shape) (prog.Shape, error) {
	if len(in) == 0 {
		return nil, fail(ErrShape, "input is a single number, wanted at least one dimension")
	}
	(&weight{d.KernelInit, d.KernelReg, d.KernelConstraint}).declare(s, "kernel", prog.Shape{in.Last(), d.Units})
	d.bias().declare(s, "bias", prog.Shape{d.Units})
	return append(append(prog.Shape{}, in[:len(in)-1]...), d.Units), nil
}

// Lower multiplies the rows of x by the kernel.
func (d Dense) Lower(c *Call, x prog.Buf) prog.Buf {
	y := c.MatMul(c.Reshape(x, -1, c.In().Last()), c.Var(0), false, false)
	return c.finish(y, d.bias(), 1, d.Activation, d.ActivityReg)
}

func (d Dense) bias() *weight { return weightUnless(d.NoBias, d.BiasInit, d.BiasReg, d.BiasConstraint) }
