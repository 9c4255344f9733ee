package nn

import "github.com/tabgrad/tabgrad/nn/prog"

// Conv1DTranspose is a transposed convolution of sequences [T, C] with kernel [K, Filters, C]: Conv2DTranspose along one
// dimension.
type Conv1DTranspose struct {
	Filters    int            `arg:"filters" required:"yes" min:"1" doc:"Number of output channels."`
	Kernel     Size1          `arg:"kernel_size" required:"yes" min:"1" doc:"Length of the window."`
	Strides    Size1          `arg:"strides" default:"1" min:"1" doc:"Step of the window in the output."`
	Padding    Padding        `arg:"padding" default:"valid" doc:"Whether the output has all that the windows cover, or strides elements for each of the input."`
	OutPadding *Size1         `arg:"output_padding" min:"0" doc:"Elements added at the end of the output, less than strides; by default as many as strides asks for."`
	Dilation   Size1          `arg:"dilation_rate" default:"1" min:"1" doc:"Distance of the window's elements."`
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

// Conv2DTranspose is a transposed convolution of images [H, W, C] with kernel [KH, KW, Filters, C], the gradient of
// Conv2D's input: each pixel adds kernel·pixel to a window of the output, windows are Strides apart, and the result is
// activation(output + bias). Along a dimension of n elements and a window that spans k, the output has with valid padding
// (n-1)·strides + max(k, strides) elements, with same padding n·strides, and what the windows cover beyond is cut off, half
// of it at either end. With OutPadding p it has (n-1)·strides + k + p or (n-1)·strides + k mod 2 + p.
type Conv2DTranspose struct {
	Filters    int            `arg:"filters" required:"yes" min:"1" doc:"Number of output channels."`
	Kernel     Size2          `arg:"kernel_size" required:"yes" min:"1" doc:"Height and width of the window."`
	Strides    Size2          `arg:"strides" default:"1" min:"1" doc:"Step of the window in the output, down and right."`
	Padding    Padding        `arg:"padding" default:"valid" doc:"Whether the output has all that the windows cover, or strides elements for each of the input."`
	OutPadding *Size2         `arg:"output_padding" min:"0" doc:"Rows and columns added at the bottom and the right of the output, less than strides; by default as many as strides asks for."`
	Dilation   Size2          `arg:"dilation_rate" default:"1" min:"1" doc:"Distance of the window's elements."`
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

// Build declares kernel [K, Filters, C] and bias [Filters].
func (l Conv1DTranspose) Build(s *Scope, in prog.Shape) (prog.Shape, error) {
	return buildTransposed(s, in, l.window(), l.outPadding(), l.Filters, weight{l.KernelInit, l.KernelReg, l.KernelConstraint}, l.bias())
}

// Build declares kernel [KH, KW, Filters, C] and bias [Filters].
func (l Conv2DTranspose) Build(s *Scope, in prog.Shape) (prog.Shape, error) {
	return buildTransposed(s, in, l.window(), l.OutPadding, l.Filters, weight{l.KernelInit, l.KernelReg, l.KernelConstraint}, l.bias())
}

func (l Conv1DTranspose) window() window { return along(l.Kernel, l.Strides, l.Dilation, l.Padding) }

func (l Conv2DTranspose) window() window {
	return window{l.Kernel, l.Strides, l.Dilation, l.Padding, false}
}

func (l Conv1DTranspose) outPadding() *Size2 {
	if l.OutPadding == nil {
		return nil
	}
	return &Size2{0, int(*l.OutPadding)}
}

func (l Conv1DTranspose) bias() *weight {
	return weightUnless(l.NoBias, l.BiasInit, l.BiasReg, l.BiasConstraint)
}

func (l Conv2DTranspose) bias() *weight {
	return weightUnless(l.NoBias, l.BiasInit, l.BiasReg, l.BiasConstraint)
}

func buildTransposed(s *Scope, in prog.Shape, w window, added *Size2, filters int, kernel weight, bias *weight) (prog.Shape, error) {
	in, err := w.image(in)
	if err != nil {
		return nil, err
	}
	places, err := w.transposed(in, added)
	if err != nil {
		return nil, err
	}
	kernel.declare(s, "kernel", w.kernel(filters, in[2]))
	bias.declare(s, "bias", prog.Shape{filters})
	return w.sample(places, filters), nil
}

// transposed is the size of the output (keras/src/backend/common/backend_utils.py,
// _get_output_shape_given_tf_padding).
func (w window) transposed(in prog.Shape, added *Size2) (out Size2, err error) {
	for i := range 2 {
		if w.sequence && i == 0 {
			out[i] = 1
			continue
		}
		between, span := (in[i]-1)*w.stride[i], w.span(i)
		switch {
		case added != nil && added[i] >= w.stride[i]:
			return out, fail(ErrConfig, "output_padding is %s, wanted less than strides, %s", w.text(*added), w.text(w.stride))
		case added != nil && w.padding == Same && span%2+added[i] == 0:
			return out, fail(ErrConfig, "output_padding is %s, wanted at least 1 where the window spans %d, an even number, and padding is same", w.text(*added), span)
		case added != nil && w.padding == Same:
			out[i] = between + span%2 + added[i]
		case added != nil:
			out[i] = between + span + added[i]
		case w.padding == Same:
			out[i] = between + w.stride[i]
		default:
			out[i] = between + max(span, w.stride[i])
		}
	}
	return out, nil
}

// text is a size as the layer's configs have it.
func (w window) text(s Size2) string {
	if w.sequence {
		return show(s[1])
	}
	return show(s.config())
}

// Lower convolves, adds the bias and applies the activation; prog.Fuse makes one pass of them.
func (l Conv1DTranspose) Lower(c *Call, x prog.Buf) prog.Buf {
	return c.finish(l.window().transpose(c, x), l.bias(), 1, l.Activation, l.ActivityReg)
}

// Lower convolves, adds the bias and applies the activation; prog.Fuse makes one pass of them.
func (l Conv2DTranspose) Lower(c *Call, x prog.Buf) prog.Buf {
	return c.finish(l.window().transpose(c, x), l.bias(), 1, l.Activation, l.ActivityReg)
}

// transpose is the transposed convolution of x with the layer's first variable.
func (w window) transpose(c *Call, x prog.Buf) prog.Buf {
	in, _ := w.image(c.In())
	out, _ := w.image(c.Out())
	_, pad, _ := w.places(out) // those of the convolution that this is the gradient of
	kernel := c.Reshape(c.Var(0), w.size[0], w.size[1], out[2], in[2])
	return c.Conv2DInputGrad(w.images(c, x), kernel, prog.ConvAttr{
		Stride: w.stride, Dilation: w.dilation, Pad: pad, Groups: 1, In: [2]int{out[0], out[1]},
	})
}
