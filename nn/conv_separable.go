package nn

import "github.com/tabgrad/tabgrad/nn/prog"

// SeparableConv1D is a convolution of sequences [T, C] in two steps: SeparableConv2D along one dimension.
type SeparableConv1D struct {
	Filters    int            `arg:"filters" required:"yes" min:"1" doc:"Number of output channels."`
	Kernel     Size1          `arg:"kernel_size" required:"yes" min:"1" doc:"Length of the window."`
	Strides    Size1          `arg:"strides" default:"1" min:"1" doc:"Step of the window."`
	Padding    Padding        `arg:"padding" default:"valid" doc:"What the window may cover at the ends."`
	Dilation   Size1          `arg:"dilation_rate" default:"1" min:"1" doc:"Distance of the window's elements."`
	Multiplier int            `arg:"depth_multiplier" default:"1" min:"1" doc:"Number of filters for each input channel."`
	Activation ActivationFunc `arg:"activation" default:"linear" doc:"Applied to the result."`
	NoBias     bool           `arg:"!use_bias" doc:"Whether a bias is added."`

	DepthwiseInit Initializer `arg:"depthwise_initializer" default:"glorot_uniform" doc:"What the depthwise kernel begins as."`
	PointwiseInit Initializer `arg:"pointwise_initializer" default:"glorot_uniform" doc:"What the pointwise kernel begins as."`
	BiasInit      Initializer `arg:"bias_initializer" default:"zeros" doc:"What the bias begins as."`
	DepthwiseReg  Regularizer `arg:"depthwise_regularizer" doc:"Penalty on the depthwise kernel, added to the loss."`
	PointwiseReg  Regularizer `arg:"pointwise_regularizer" doc:"Penalty on the pointwise kernel, added to the loss."`
	BiasReg       Regularizer `arg:"bias_regularizer" doc:"Penalty on the bias, added to the loss."`
	ActivityReg   Regularizer `arg:"activity_regularizer" doc:"Penalty on the output, added to the loss."`

	DepthwiseConstraint Constraint `arg:"depthwise_constraint" doc:"What the depthwise kernel is held to after each step."`
	PointwiseConstraint Constraint `arg:"pointwise_constraint" doc:"What the pointwise kernel is held to after each step."`
	BiasConstraint      Constraint `arg:"bias_constraint" doc:"What the bias is held to after each step."`

	Name   string `arg:"name" doc:"The layer's name."`
	Frozen bool   `arg:"!trainable" doc:"Whether training changes the layer's variables."`
}

// SeparableConv2D is a convolution of images [H, W, C] in two steps: each channel by itself with Multiplier filters,
// depthwise kernel [KH, KW, C, Multiplier], and their results pixel by pixel with pointwise kernel
// [1, 1, C·Multiplier, Filters]: activation((x * depthwise) * pointwise + bias).
type SeparableConv2D struct {
	Filters    int            `arg:"filters" required:"yes" min:"1" doc:"Number of output channels."`
	Kernel     Size2          `arg:"kernel_size" required:"yes" min:"1" doc:"Height and width of the window."`
	Strides    Size2          `arg:"strides" default:"1" min:"1" doc:"Step of the window, down and right."`
	Padding    Padding        `arg:"padding" default:"valid" doc:"What the window may cover at the border."`
	Dilation   Size2          `arg:"dilation_rate" default:"1" min:"1" doc:"Distance of the window's elements."`
	Multiplier int            `arg:"depth_multiplier" default:"1" min:"1" doc:"Number of filters for each input channel."`
	Activation ActivationFunc `arg:"activation" default:"linear" doc:"Applied to the result."`
	NoBias     bool           `arg:"!use_bias" doc:"Whether a bias is added."`

	DepthwiseInit Initializer `arg:"depthwise_initializer" default:"glorot_uniform" doc:"What the depthwise kernel begins as."`
	PointwiseInit Initializer `arg:"pointwise_initializer" default:"glorot_uniform" doc:"What the pointwise kernel begins as."`
	BiasInit      Initializer `arg:"bias_initializer" default:"zeros" doc:"What the bias begins as."`
	DepthwiseReg  Regularizer `arg:"depthwise_regularizer" doc:"Penalty on the depthwise kernel, added to the loss."`
	PointwiseReg  Regularizer `arg:"pointwise_regularizer" doc:"Penalty on the pointwise kernel, added to the loss."`
	BiasReg       Regularizer `arg:"bias_regularizer" doc:"Penalty on the bias, added to the loss."`
	ActivityReg   Regularizer `arg:"activity_regularizer" doc:"Penalty on the output, added to the loss."`

	DepthwiseConstraint Constraint `arg:"depthwise_constraint" doc:"What the depthwise kernel is held to after each step."`
	PointwiseConstraint Constraint `arg:"pointwise_constraint" doc:"What the pointwise kernel is held to after each step."`
	BiasConstraint      Constraint `arg:"bias_constraint" doc:"What the bias is held to after each step."`

	Name   string `arg:"name" doc:"The layer's name."`
	Frozen bool   `arg:"!trainable" doc:"Whether training changes the layer's variables."`
}

// Build declares depthwise_kernel [K, C, Multiplier], pointwise_kernel [1, C·Multiplier, Filters] and bias [Filters].
func (l SeparableConv1D) Build(s *Scope, in prog.Shape) (prog.Shape, error) {
	return l.window().buildSeparable(s, in, l.Multiplier, l.Filters, weight{l.DepthwiseInit, l.DepthwiseReg, l.DepthwiseConstraint},
		weight{l.PointwiseInit, l.PointwiseReg, l.PointwiseConstraint}, l.bias())
}

// Build declares depthwise_kernel [KH, KW, C, Multiplier], pointwise_kernel [1, 1, C·Multiplier, Filters] and bias
// [Filters].
func (l SeparableConv2D) Build(s *Scope, in prog.Shape) (prog.Shape, error) {
	return l.window().buildSeparable(s, in, l.Multiplier, l.Filters, weight{l.DepthwiseInit, l.DepthwiseReg, l.DepthwiseConstraint},
		weight{l.PointwiseInit, l.PointwiseReg, l.PointwiseConstraint}, l.bias())
}

func (l SeparableConv1D) window() window { return along(l.Kernel, l.Strides, l.Dilation, l.Padding) }

func (l SeparableConv2D) window() window {
	return window{l.Kernel, l.Strides, l.Dilation, l.Padding, false}
}

func (l SeparableConv1D) bias() *weight {
	return weightUnless(l.NoBias, l.BiasInit, l.BiasReg, l.BiasConstraint)
}

func (l SeparableConv2D) bias() *weight {
	return weightUnless(l.NoBias, l.BiasInit, l.BiasReg, l.BiasConstraint)
}

func (w window) buildSeparable(s *Scope, in prog.Shape, multiplier, filters int, depthwise, pointwise weight, bias *weight) (prog.Shape, error) {
	in, err := w.image(in)
	if err != nil {
		return nil, err
	}
	places, _, err := w.places(in)
	if err != nil {
		return nil, err
	}
	one := w
	one.size = Size2{1, 1}
	depthwise.declare(s, "depthwise_kernel", w.kernel(in[2], multiplier))
	pointwise.declare(s, "pointwise_kernel", one.kernel(in[2]*multiplier, filters))
	bias.declare(s, "bias", prog.Shape{filters})
	return w.sample(places, filters), nil
}

// Lower convolves twice, adds the bias and applies the activation.
func (l SeparableConv1D) Lower(c *Call, x prog.Buf) prog.Buf {
	return c.finish(l.window().separable(c, x, l.Multiplier), l.bias(), 2, l.Activation, l.ActivityReg)
}

// Lower convolves twice, adds the bias and applies the activation.
func (l SeparableConv2D) Lower(c *Call, x prog.Buf) prog.Buf {
	return c.finish(l.window().separable(c, x, l.Multiplier), l.bias(), 2, l.Activation, l.ActivityReg)
}

// separable is the pointwise convolution behind the depthwise one: a product of the pixels' channels.
func (w window) separable(c *Call, x prog.Buf, multiplier int) prog.Buf {
	channels := c.In().Last() * multiplier
	y := c.Reshape(w.depthwise(c, x, multiplier), -1, channels)
	return c.MatMul(y, c.Reshape(c.Var(1), channels, c.Out().Last()), false, false)
}
