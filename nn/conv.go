package nn

import "github.com/tabgrad/tabgrad/nn/prog"

// Padding says what a window may cover at the border of an image.
type Padding uint8

const (
	// Valid: only the image; the result is smaller by the window's size less one.
	Valid Padding = iota
	// Same: zeros around the image, so that the result has ceil(size/stride) elements; an odd number of
	// zeros has the extra one at the bottom and the right, as in TensorFlow.
	Same
	// Causal: zeros before a sequence, so that no result depends on what comes after it.
	Causal
)

// String is the padding's name in Keras.
func (p Padding) String() string {
	return [...]string{"valid", "same", "causal", "padding?"}[min(p, 3)]
}

// Conv2D is a convolution of images [H, W, C] with kernel [KH, KW, C/Groups, Filters]:
// activation(x * kernel + bias). It is a cross-correlation, as in every framework.
type Conv2D struct {
	Filters    int            `arg:"filters" required:"yes" min:"1" doc:"Number of output channels."`
	Kernel     Size2          `arg:"kernel_size" required:"yes" min:"1" doc:"Height and width of the window."`
	Strides    Size2          `arg:"strides" default:"1" min:"1" doc:"Step of the window, down and right."`
	Padding    Padding        `arg:"padding" default:"valid" doc:"What the window may cover at the border."`
	Dilation   Size2          `arg:"dilation_rate" default:"1" min:"1" doc:"Distance of the window's elements."`
	Groups     int            `arg:"groups" default:"1" min:"1" doc:"Number of groups the channels are split into."`
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

// Conv1D is a convolution of sequences [T, C] with kernel [K, C/Groups, Filters]: Conv2D along one dimension. Its
// padding may be causal.
type Conv1D struct {
	Filters    int            `arg:"filters" required:"yes" min:"1" doc:"Number of output channels."`
	Kernel     Size1          `arg:"kernel_size" required:"yes" min:"1" doc:"Length of the window."`
	Strides    Size1          `arg:"strides" default:"1" min:"1" doc:"Step of the window."`
	Padding    Padding        `arg:"padding" default:"valid" oneof:"valid,same,causal" doc:"What the window may cover at the ends; causal is zeros before the sequence only."`
	Dilation   Size1          `arg:"dilation_rate" default:"1" min:"1" doc:"Distance of the window's elements."`
	Groups     int            `arg:"groups" default:"1" min:"1" doc:"Number of groups the channels are split into."`
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

// Build declares kernel [K, C/Groups, Filters] and bias [Filters].
func (l Conv1D) Build(s *Scope, in prog.Shape) (prog.Shape, error) {
	return buildConv(s, in, l.window(), l.Filters, l.Groups, weight{l.KernelInit, l.KernelReg, l.KernelConstraint}, l.bias())
}

// Build declares kernel [KH, KW, C/Groups, Filters] and bias [Filters].
func (l Conv2D) Build(s *Scope, in prog.Shape) (prog.Shape, error) {
	return buildConv(s, in, l.window(), l.Filters, l.Groups, weight{l.KernelInit, l.KernelReg, l.KernelConstraint}, l.bias())
}

func (l Conv1D) window() window { return along(l.Kernel, l.Strides, l.Dilation, l.Padding) }

func (l Conv2D) window() window { return window{l.Kernel, l.Strides, l.Dilation, l.Padding, false} }

func (l Conv1D) bias() *weight {
	return weightUnless(l.NoBias, l.BiasInit, l.BiasReg, l.BiasConstraint)
}

func (l Conv2D) bias() *weight {
	return weightUnless(l.NoBias, l.BiasInit, l.BiasReg, l.BiasConstraint)
}

func buildConv(s *Scope, in prog.Shape, w window, filters, groups int, kernel weight, bias *weight) (prog.Shape, error) {
	in, err := w.image(in)
	if err != nil {
		return nil, err
	}
	if in[2]%groups != 0 || filters%groups != 0 {
		return nil, fail(ErrConfig, "groups is %d, wanted a divisor of the input's %d channels and of filters, %d", groups, in[2], filters)
	}
	places, _, err := w.places(in)
	if err != nil {
		return nil, err
	}
	kernel.declare(s, "kernel", w.kernel(in[2]/groups, filters))
	bias.declare(s, "bias", prog.Shape{filters})
	return w.sample(places, filters), nil
}

// Lower convolves, adds the bias and applies the activation; prog.Fuse makes one pass of them.
func (l Conv1D) Lower(c *Call, x prog.Buf) prog.Buf {
	return c.finish(l.window().convolve(c, x, c.Var(0), l.Groups), l.bias(), 1, l.Activation, l.ActivityReg)
}

// Lower convolves, adds the bias and applies the activation; prog.Fuse makes one pass of them.
func (l Conv2D) Lower(c *Call, x prog.Buf) prog.Buf {
	return c.finish(l.window().convolve(c, x, c.Var(0), l.Groups), l.bias(), 1, l.Activation, l.ActivityReg)
}

// A window is how a convolution or a pooling goes over images [H, W, C], or over sequences [T, C], which are
// images of height 1.
type window struct {
	size, stride, dilation Size2
	padding                Padding
	sequence               bool
}

// along is a window over sequences.
func along(size, stride, dilation Size1, p Padding) window {
	return window{Size2{1, int(size)}, Size2{1, int(stride)}, Size2{1, int(dilation)}, p, true}
}

// image is a sample as an image [H, W, C].
func (w window) image(in prog.Shape) (prog.Shape, error) {
	if w.sequence {
		if len(in) != 2 {
			return nil, fail(ErrShape, "input is %v, wanted a sequence [steps, channels]", in)
		}
		return prog.Shape{1, in[0], in[1]}, nil
	}
	if len(in) != 3 {
		return nil, fail(ErrShape, "input is %v, wanted an image [height, width, channels]", in)
	}
	return in, nil
}

// sample is a sample's shape of so many places with channels.
func (w window) sample(places Size2, channels int) prog.Shape {
	if w.sequence {
		return prog.Shape{places[1], channels}
	}
	return prog.Shape{places[0], places[1], channels}
}

// kernel is the shape of a kernel: the window's and two more dimensions.
func (w window) kernel(in, out int) prog.Shape { return append(w.sample(w.size, in), out) }

// span is how many elements the window covers from its first to its last.
func (w window) span(i int) int { return (w.size[i]-1)*w.dilation[i] + 1 }

// places is how often the window fits an image [H, W, C] down and right, and the padding it needs: top, bottom,
// left, right.
func (w window) places(in prog.Shape) (out Size2, pad [4]int, err error) {
	for i := range 2 {
		before, total := 0, 0
		switch w.padding {
		case Same:
			out[i] = (in[i] + w.stride[i] - 1) / w.stride[i]
			total = max(0, (out[i]-1)*w.stride[i]+w.span(i)-in[i])
			before = total / 2
		case Causal:
			total = w.span(i) - 1
			before = total
			fallthrough
		default:
			out[i] = (in[i]+total-w.span(i))/w.stride[i] + 1
			if in[i]+total < w.span(i) {
				if w.sequence {
					return out, pad, fail(ErrShape, "input has %d steps, wanted at least the window's %d", in[1], w.span(1))
				}
				return out, pad, fail(ErrShape, "input is %dx%d, wanted at least the window's %dx%d", in[0], in[1], w.span(0), w.span(1))
			}
		}
		pad[2*i], pad[2*i+1] = before, total-before
	}
	return out, pad, nil
}

// convolve is the convolution [N, OH, OW, O] of x, images or sequences as the layer has them, or with other
// channels.
func (w window) convolve(c *Call, x, kernel prog.Buf, groups int) prog.Buf {
	in, _ := w.image(c.In())
	_, pad, _ := w.places(in)
	x = w.images(c, x)
	if c.Err() != nil {
		return prog.None
	}
	kernel = c.Reshape(kernel, w.size[0], w.size[1], c.Shape(x).Last()/groups, -1)
	return c.Conv2D(x, kernel, prog.ConvAttr{Stride: w.stride, Dilation: w.dilation, Pad: pad, Groups: groups})
}

// images is x [N, H, W, C], or sequences [N, T, C] as images of height 1.
func (w window) images(c *Call, x prog.Buf) prog.Buf {
	if s := c.Shape(x); w.sequence && len(s) == 3 {
		return c.Reshape(x, s[0], 1, s[1], s[2])
	}
	return x
}
