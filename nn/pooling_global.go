package nn

import "github.com/tabgrad/tabgrad/nn/prog"

// GlobalMaxPooling1D takes the maximum of each channel over a sequence [T, C].
type GlobalMaxPooling1D struct {
	KeepDims bool   `arg:"keepdims" doc:"Whether the step stays, as a dimension of 1."`
	Name     string `arg:"name" doc:"The layer's name."`
}

// GlobalMaxPooling2D takes the maximum of each channel over an image [H, W, C].
type GlobalMaxPooling2D struct {
	KeepDims bool   `arg:"keepdims" doc:"Whether height and width stay, as dimensions of 1."`
	Name     string `arg:"name" doc:"The layer's name."`
}

// GlobalAveragePooling1D takes the average of each channel over a sequence [T, C]. Steps that a mask leaves out do not
// count; where it leaves none the average is no number, as in Keras.
type GlobalAveragePooling1D struct {
	KeepDims bool   `arg:"keepdims" doc:"Whether the step stays, as a dimension of 1."`
	Name     string `arg:"name" doc:"The layer's name."`
}

// GlobalAveragePooling2D takes the average of each channel over an image [H, W, C].
type GlobalAveragePooling2D struct {
	KeepDims bool   `arg:"keepdims" doc:"Whether height and width stay, as dimensions of 1."`
	Name     string `arg:"name" doc:"The layer's name."`
}

// Build returns the channels.
func (l GlobalMaxPooling1D) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	return window{sequence: true}.global(in, l.KeepDims)
}

// Build returns the channels.
func (l GlobalMaxPooling2D) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	return window{}.global(in, l.KeepDims)
}

// Build returns the channels.
func (l GlobalAveragePooling1D) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	return window{sequence: true}.global(in, l.KeepDims)
}

// Build returns the channels.
func (l GlobalAveragePooling2D) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	return window{}.global(in, l.KeepDims)
}

func (w window) global(in prog.Shape, keep bool) (prog.Shape, error) {
	in, err := w.image(in)
	if err != nil {
		return nil, err
	}
	if keep {
		return w.sample(Size2{1, 1}, in[2]), nil
	}
	return prog.Shape{in[2]}, nil
}

// Lower takes the maximum.
func (l GlobalMaxPooling1D) Lower(c *Call, x prog.Buf) prog.Buf {
	return c.Reduce(prog.Max, x, l.KeepDims, 1)
}

// Lower takes the maximum.
func (l GlobalMaxPooling2D) Lower(c *Call, x prog.Buf) prog.Buf {
	return c.Reduce(prog.Max, x, l.KeepDims, 1, 2)
}

// Lower takes the average.
func (l GlobalAveragePooling1D) Lower(c *Call, x prog.Buf) prog.Buf {
	mask := c.Mask(0)
	if mask == prog.None {
		return c.Reduce(prog.Mean, x, l.KeepDims, 1)
	}
	mask = alongside(c.Builder, mask, x)
	sum := c.Reduce(prog.Sum, c.Binary(prog.Where, x, mask), l.KeepDims, 1)
	return c.Div(sum, c.Reduce(prog.Sum, mask, l.KeepDims, 1))
}

// Lower takes the average.
func (l GlobalAveragePooling2D) Lower(c *Call, x prog.Buf) prog.Buf {
	return c.Reduce(prog.Mean, x, l.KeepDims, 1, 2)
}
