package nn

import "github.com/tabgrad/tabgrad/nn/prog"

// MaxPooling2D takes the maximum of each window of an image [H, W, C], channel by channel.
type MaxPooling2D struct {
	Pool    Size2   `arg:"pool_size" default:"2" min:"1" doc:"Height and width of the window."`
	Strides Size2   `arg:"strides" min:"1" doc:"Step of the window, down and right; by default pool_size."`
	Padding Padding `arg:"padding" default:"valid" doc:"What the window may cover at the border."`
	Name    string  `arg:"name" doc:"The layer's name."`
}

// AveragePooling2D takes the average of each window of an image [H, W, C], channel by channel.
// Padding is not counted in the average.
type AveragePooling2D struct {
	Pool    Size2   `arg:"pool_size" default:"2" min:"1" doc:"Height and width of the window."`
	Strides Size2   `arg:"strides" min:"1" doc:"Step of the window, down and right; by default pool_size."`
	Padding Padding `arg:"padding" default:"valid" doc:"What the window may cover at the border."`
	Name    string  `arg:"name" doc:"The layer's name."`
}

// Build returns the number of windows.
func (l MaxPooling2D) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	out, _, err := pooling(in, l.Pool, l.Strides, l.Padding)
	return out, err
}

// Lower takes the maximum.
func (l MaxPooling2D) Lower(c *Call, x prog.Buf) prog.Buf {
	_, attr, _ := pooling(c.In(), l.Pool, l.Strides, l.Padding)
	return c.Pool(x, attr)
}

// Build returns the number of windows.
func (l AveragePooling2D) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	out, _, err := pooling(in, l.Pool, l.Strides, l.Padding)
	return out, err
}

// Lower takes the average.
func (l AveragePooling2D) Lower(c *Call, x prog.Buf) prog.Buf {
	_, attr, _ := pooling(c.In(), l.Pool, l.Strides, l.Padding)
	attr.Avg = true
	return c.Pool(x, attr)
}

func pooling(in prog.Shape, pool, strides Size2, p Padding) (prog.Shape, prog.PoolAttr, error) {
	if len(in) != 3 {
		return nil, prog.PoolAttr{}, fail(ErrShape, "input is %v, wanted an image [height, width, channels]", in)
	}
	if strides == (Size2{}) {
		strides = pool
	}
	h, w, pad, err := windows(in, pool, strides, Size2{1, 1}, p)
	return prog.Shape{h, w, in[2]}, prog.PoolAttr{Window: pool, Stride: strides, Pad: pad}, err
}
