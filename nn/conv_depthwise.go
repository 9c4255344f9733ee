package nn

import "github.com/tabgrad/tabgrad/nn/prog"

// DepthwiseConv1D convolves each channel of sequences [T, C] by itself, with kernel [K, C, Multiplier]: DepthwiseConv2D
// along one dimension.
type DepthwiseConv1D struct {
	Kernel     Size1          `arg:"kernel_size" required:"yes" min:"1" doc:"Length of the window."`
	Strides    Size1          `arg:"strides" default:"1" min:"1" doc:"Step of the window."`
	Padding    Padding        `arg:"padding" default:"valid" doc:"What the window may cover at the ends."`
	Multiplier int            `arg:"depth_multiplier" default:"1" min:"1" doc:"Number of filters for each input channel."`
	Dilation   Size1          `arg:"dilation_rate" default:"1" min:"1" doc:"Distance of the window's elements."`
	Activation ActivationFunc `arg:"activation" default:"linear" doc:"Applied to the result."`
	NoBias     bool           `arg:"!use_bias" doc:"Whether a bias is added."`

	DepthwiseInit Initializer `arg:"depthwise_initializer" default:"glorot_uniform" doc:"What the kernel begins as."`
	BiasInit      Initializer `arg:"bias_initializer" default:"zeros" doc:"What the bias begins as."`
	DepthwiseReg  Regularizer `arg:"depthwise_regularizer" doc:"Penalty on the kernel, added to the loss."`
	BiasReg       Regularizer `arg:"bias_regularizer" doc:"Penalty on the bias, added to the loss."`
	ActivityReg   Regularizer `arg:"activity_regularizer" doc:"Penalty on the output, added to the loss."`

	DepthwiseConstraint Constraint `arg:"depthwise_constraint" doc:"What the kernel is held to after each step."`
	BiasConstraint      Constraint `arg:"bias_constraint" doc:"What the bias is held to after each step."`

	Name   string `arg:"name" doc:"The layer's name."`
	Frozen bool   `arg:"!trainable" doc:"Whether training changes the layer's variables."`
}

// DepthwiseConv2D convolves each channel of images [H, W, C] by itself, with Multiplier filters each, kernel
// [KH, KW, C, Multiplier]: activation(x * kernel + bias). The first channel's results are the first Multiplier ones, and so
// on.
type DepthwiseConv2D struct {
	Kernel     Size2          `arg:"kernel_size" required:"yes" min:"1" doc:"Height and width of the window."`
	Strides    Size2          `arg:"strides" default:"1" min:"1" doc:"Step of the window, down and right."`
	Padding    Padding        `arg:"padding" default:"valid" doc:"What the window may cover at the border."`
	Multiplier int            `arg:"depth_multiplier" default:"1" min:"1" doc:"Number of filters for each input channel."`
	Dilation   Size2          `arg:"dilation_rate" default:"1" min:"1" doc:"Distance of the window's elements."`
	Activation ActivationFunc `arg:"activation" default:"linear" doc:"Applied to the result."`
	NoBias     bool           `arg:"!use_bias" doc:"Whether a bias is added."`

	DepthwiseInit Initializer `arg:"depthwise_initializer" default:"glorot_uniform" doc:"What the kernel begins as."`
	BiasInit      Initializer `arg:"bias_initializer" default:"zeros" doc:"What the bias begins as."`
	DepthwiseReg  Regularizer `arg:"depthwise_regularizer" doc:"Penalty on the kernel, added to the loss."`
	BiasReg       Regularizer `arg:"bias_regularizer" doc:"Penalty on the bias, added to the loss."`
	ActivityReg   Regularizer `arg:"activity_regularizer" doc:"Penalty on the output, added to the loss."`

	DepthwiseConstraint Constraint `arg:"depthwise_constraint" doc:"What the kernel is held to after each step."`
	BiasConstraint      Constraint `arg:"bias_constraint" doc:"What the bias is held to after each step."`

	Name   string `arg:"name" doc:"The layer's name."`
	Frozen bool   `arg:"!trainable" doc:"Whether training changes the layer's variables."`
}

// Build declares kernel [K, C, Multiplier] and bias [C·Multiplier].
func (l DepthwiseConv1D) Build(s *Scope, in prog.Shape) (prog.Shape, error) {
	return l.window().buildDepthwise(s, in, l.Multiplier, weight{l.DepthwiseInit, l.DepthwiseReg, l.DepthwiseConstraint}, l.bias())
}

// Build declares kernel [KH, KW, C, Multiplier] and bias [C·Multiplier].
func (l DepthwiseConv2D) Build(s *Scope, in prog.Shape) (prog.Shape, error) {
	return l.window().buildDepthwise(s, in, l.Multiplier, weight{l.DepthwiseInit, l.DepthwiseReg, l.DepthwiseConstraint}, l.bias())
}

func (l DepthwiseConv1D) window() window { return along(l.Kernel, l.Strides, l.Dilation, l.Padding) }

func (l DepthwiseConv2D) window() window {
	return window{l.Kernel, l.Strides, l.Dilation, l.Padding, false}
}

func (l DepthwiseConv1D) bias() *weight {
	return weightUnless(l.NoBias, l.BiasInit, l.BiasReg, l.BiasConstraint)
}

func (l DepthwiseConv2D) bias() *weight {
	return weightUnless(l.NoBias, l.BiasInit, l.BiasReg, l.BiasConstraint)
}

func (w window) buildDepthwise(s *Scope, in prog.Shape, multiplier int, kernel weight, bias *weight) (prog.Shape, error) {
	in, err := w.image(in)
	if err != nil {
		return nil, err
	}
	places, _, err := w.places(in)
	if err != nil {
		return nil, err
	}
	kernel.declare(s, "kernel", w.kernel(in[2], multiplier))
	bias.declare(s, "bias", prog.Shape{in[2] * multiplier})
	return w.sample(places, in[2]*multiplier), nil
}

// Lower convolves, adds the bias and applies the activation.
func (l DepthwiseConv1D) Lower(c *Call, x prog.Buf) prog.Buf {
	return c.finish(l.window().depthwise(c, x, l.Multiplier), l.bias(), 1, l.Activation, l.ActivityReg)
}

// Lower convolves, adds the bias and applies the activation.
func (l DepthwiseConv2D) Lower(c *Call, x prog.Buf) prog.Buf {
	return c.finish(l.window().depthwise(c, x, l.Multiplier), l.bias(), 1, l.Activation, l.ActivityReg)
}

// depthwise is the convolution of each channel by itself with the layer's first variable. For a multiplier the channels
// are repeated first: backends are fast where each has one filter.
func (w window) depthwise(c *Call, x prog.Buf, multiplier int) prog.Buf {
	s := append(prog.Shape{}, c.Shape(x)...)
	if c.Err() != nil {
		return prog.None
	}
	if multiplier > 1 {
		x = c.Broadcast(c.Reshape(x, append(s, 1)...), append(s, multiplier))
		s[len(s)-1] *= multiplier
		x = c.Reshape(x, s...)
	}
	return w.convolve(c, x, c.Var(0), s.Last())
}
