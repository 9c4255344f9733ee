package nn

import (
	"github.com/tabgrad/tabgrad/nn/prog"
)

// UpSampling1D repeats each step of a sequence [T, C].
type UpSampling1D struct {
	Size int    `arg:"size" default:"2" min:"1" doc:"How often each step is repeated."`
	Name string `arg:"name" doc:"The layer's name."`
}

// UpSampling2D enlarges images [H, W, C] by whole numbers: each pixel is repeated, or what lies between two pixels'
// centres is interpolated from those around, as keras/src/layers/reshaping/up_sampling2d.py does on TensorFlow.
type UpSampling2D struct {
	Size          Size2  `arg:"size" default:"2" min:"1" doc:"How many times as many rows and columns."`
	Interpolation string `arg:"interpolation" default:"nearest" oneof:"nearest,bilinear,bicubic,lanczos3,lanczos5" doc:"What is between pixels."`
	Name          string `arg:"name" doc:"The layer's name."`
}

// Build multiplies the number of steps.
func (l UpSampling1D) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	return window{sequence: true}.enlarged(in, Size2{1, l.Size})
}

// Build multiplies height and width.
func (l UpSampling2D) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	out, err := window{}.enlarged(in, l.Size)
	if err != nil || l.Interpolation == "nearest" {
		return out, err
	}
	return resized(in, out[0], out[1])
}

func (w window) enlarged(in prog.Shape, times Size2) (prog.Shape, error) {
	in, err := w.image(in)
	if err != nil {
		return nil, err
	}
	return w.sample(Size2{in[0] * times[0], in[1] * times[1]}, in[2]), nil
}

// Lower repeats.
func (l UpSampling1D) Lower(c *Call, x prog.Buf) prog.Buf {
	w := window{sequence: true}
	return c.Reshape(repeated(c.Builder, w.images(c, x), Size2{1, l.Size}), append([]int{c.batch(x)}, c.Out()...)...)
}

// Lower repeats or interpolates.
func (l UpSampling2D) Lower(c *Call, x prog.Buf) prog.Buf {
	if l.Interpolation == "nearest" {
		return repeated(c.Builder, x, l.Size)
	}
	return resize(c, x, c.Out()[0], c.Out()[1], l.Interpolation, false)
}

// repeated repeats each pixel of x [N, H, W, C].
func repeated(b *prog.Builder, x prog.Buf, times Size2) prog.Buf {
	s := b.Shape(x)
	if b.Err() != nil {
		return prog.None
	}
	x = b.Broadcast(b.Reshape(x, s[0], s[1], 1, s[2], 1, s[3]), prog.Shape{s[0], s[1], times[0], s[2], times[1], s[3]})
	return b.Reshape(x, s[0], s[1]*times[0], s[2]*times[1], s[3])
}
