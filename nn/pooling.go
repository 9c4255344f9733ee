package nn

import "github.com/tabgrad/tabgrad/nn/prog"

// MaxPooling1D takes the maximum of each window of a sequence [T, C], channel by channel.
type MaxPooling1D struct {
	Pool    Size1   `arg:"pool_size" default:"2" min:"1" doc:"Length of the window."`
	Strides Size1   `arg:"strides" min:"1" doc:"Step of the window; by default pool_size."`
	Padding Padding `arg:"padding" default:"valid" doc:"What the window may cover at the ends."`
	Name    string  `arg:"name" doc:"The layer's name."`
}

// MaxPooling2D takes the maximum of each window of an image [H, W, C], channel by channel.
type MaxPooling2D struct {
	Pool    Size2   `arg:"pool_size" default:"2" min:"1" doc:"Height and width of the window."`
	Strides Size2   `arg:"strides" min:"1" doc:"Step of the window, down and right; by default pool_size."`
	Padding Padding `arg:"padding" default:"valid" doc:"What the window may cover at the border."`
	Name    string  `arg:"name" doc:"The layer's name."`
}

// AveragePooling1D takes the average of each window of a sequence [T, C], channel by channel. Padding is not
// counted in the average.
type AveragePooling1D struct {
	Pool    Size1   `arg:"pool_size" default:"2" min:"1" doc:"Length of the window."`
	Strides Size1   `arg:"strides" min:"1" doc:"Step of the window; by default pool_size."`
	Padding Padding `arg:"padding" default:"valid" doc:"What the window may cover at the ends."`
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
func (l MaxPooling1D) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	return poolAlong(l.Pool, l.Strides, l.Padding).pooled(in)
}

// Build returns the number of windows.
func (l MaxPooling2D) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	return poolOver(l.Pool, l.Strides, l.Padding).pooled(in)
}

// Build returns the number of windows.
func (l AveragePooling1D) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	return poolAlong(l.Pool, l.Strides, l.Padding).pooled(in)
}

// Build returns the number of windows.
func (l AveragePooling2D) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	return poolOver(l.Pool, l.Strides, l.Padding).pooled(in)
}

// Lower takes the maximum.
func (l MaxPooling1D) Lower(c *Call, x prog.Buf) prog.Buf {
	return poolAlong(l.Pool, l.Strides, l.Padding).pool(c, x, false)
}

// Lower takes the maximum.
func (l MaxPooling2D) Lower(c *Call, x prog.Buf) prog.Buf {
	return poolOver(l.Pool, l.Strides, l.Padding).pool(c, x, false)
}

// Lower takes the average.
func (l AveragePooling1D) Lower(c *Call, x prog.Buf) prog.Buf {
	return poolAlong(l.Pool, l.Strides, l.Padding).pool(c, x, true)
}

// Lower takes the average.
func (l AveragePooling2D) Lower(c *Call, x prog.Buf) prog.Buf {
	return poolOver(l.Pool, l.Strides, l.Padding).pool(c, x, true)
}

func poolAlong(pool, strides Size1, p Padding) window {
	if strides == 0 {
		strides = pool
	}
	return along(pool, strides, 1, p)
}

func poolOver(pool, strides Size2, p Padding) window {
	if strides == (Size2{}) {
		strides = pool
	}
	return window{pool, strides, Size2{1, 1}, p, false}
}

func (w window) pooled(in prog.Shape) (prog.Shape, error) {
	in, err := w.image(in)
	if err != nil {
		return nil, err
	}
	places, _, err := w.places(in)
	return w.sample(places, in[2]), err
}

func (w window) pool(c *Call, x prog.Buf, average bool) prog.Buf {
	in, _ := w.image(c.In())
	_, pad, _ := w.places(in)
	y := c.Pool(w.images(c, x), prog.PoolAttr{Avg: average, Window: w.size, Stride: w.stride, Pad: pad})
	return c.Reshape(y, append([]int{c.batch(x)}, c.Out()...)...)
}
