package nn

import "github.com/tabgrad/tabgrad/nn/prog"

// Size2 is a height and a width.
type Size2 [2]int

// Padding says what a window may cover at the border of an image.
type Padding uint8

const (
	// Valid: only the image; the result is smaller by the window's size less one.
	Valid Padding = iota
	// Same: zeros around the image, so that the result has ceil(size/stride) elements; an odd number of
	// zeros has the extra one at the bottom and the right, as in TensorFlow.
	Same
)

// String is the padding's name in Keras.
func (p Padding) String() string { return [...]string{"valid", "same", "padding?"}[min(p, 2)] }

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

// Build declares kernel [KH, KW, C/Groups, Filters] and bias [Filters].
func (l Conv2D) Build(s *Scope, in prog.Shape) (prog.Shape, error) {
	if len(in) != 3 {
		return nil, fail(ErrShape, "input is %v, wanted an image [height, width, channels]", in)
	}
	if in[2]%l.Groups != 0 || l.Filters%l.Groups != 0 {
		return nil, fail(ErrConfig, "groups is %d, wanted a divisor of the input's %d channels and of filters, %d",
			l.Groups, in[2], l.Filters)
	}
	h, w, _, err := windows(in, l.Kernel, l.Strides, l.Dilation, l.Padding)
	if err != nil {
		return nil, err
	}
	s.Var("kernel", prog.Shape{l.Kernel[0], l.Kernel[1], in[2] / l.Groups, l.Filters}, l.KernelInit, l.KernelReg)
	s.Constrain(l.KernelConstraint)
	if !l.NoBias {
		s.Var("bias", prog.Shape{l.Filters}, l.BiasInit, l.BiasReg)
		s.Constrain(l.BiasConstraint)
	}
	return prog.Shape{h, w, l.Filters}, nil
}

// Lower convolves, adds the bias and applies the activation; prog.Fuse makes one pass of them.
func (l Conv2D) Lower(c *Call, x prog.Buf) prog.Buf {
	_, _, pad, _ := windows(c.In(), l.Kernel, l.Strides, l.Dilation, l.Padding)
	y := c.Conv2D(x, c.Var(0), prog.ConvAttr{Stride: l.Strides, Dilation: l.Dilation, Pad: pad, Groups: l.Groups})
	if !l.NoBias {
		y = c.Add(y, c.Var(1))
	}
	return c.activity(l.ActivityReg, l.Activation.Lower(c.Builder, y))
}

// windows is how often a window fits an image [H, W, C] down and right, and the padding it needs: top,
// bottom, left, right.
func windows(in prog.Shape, size, stride, dilation Size2, p Padding) (h, w int, pad [4]int, err error) {
	var out [2]int
	for i := range 2 {
		span := (size[i]-1)*dilation[i] + 1
		total := 0
		if p == Same {
			out[i] = (in[i] + stride[i] - 1) / stride[i]
			total = max(0, (out[i]-1)*stride[i]+span-in[i])
		} else {
			out[i] = (in[i]-span)/stride[i] + 1
			if in[i] < span {
				return 0, 0, pad, fail(ErrShape, "input is %dx%d, wanted at least the window's %dx%d",
					in[0], in[1], (size[0]-1)*dilation[0]+1, (size[1]-1)*dilation[1]+1)
			}
		}
		pad[2*i], pad[2*i+1] = total/2, total-total/2
	}
	return out[0], out[1], pad, nil
}
