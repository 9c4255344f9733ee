package nn

import "github.com/tabgrad/tabgrad/nn/prog"

// Cropping1D cuts steps off the beginning and the end of a sequence [T, C].
type Cropping1D struct {
	Cropping Ends   `arg:"cropping" default:"1" min:"0" doc:"Steps to cut off at the beginning and at the end, or one number for both."`
	Name     string `arg:"name" doc:"The layer's name."`
}

// Cropping2D cuts rows and columns off the border of an image [H, W, C].
type Cropping2D struct {
	Cropping Sides  `arg:"cropping" default:"0" min:"0" doc:"How much to cut off: [[top, bottom], [left, right]], [rows, columns] at either side, or one number for all."`
	Name     string `arg:"name" doc:"The layer's name."`
}

// ZeroPadding1D puts zeros before and behind a sequence [T, C].
type ZeroPadding1D struct {
	Padding Ends   `arg:"padding" default:"1" min:"0" doc:"Zeros at the beginning and at the end, or one number for both."`
	Name    string `arg:"name" doc:"The layer's name."`
}

// ZeroPadding2D puts zeros around an image [H, W, C].
type ZeroPadding2D struct {
	Padding Sides  `arg:"padding" default:"1" min:"0" doc:"How many zeros: [[top, bottom], [left, right]], [rows, columns] at either side, or one number for all."`
	Name    string `arg:"name" doc:"The layer's name."`
}

// Build subtracts what is cut off.
func (l Cropping1D) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	return cropped(in, window{sequence: true}, l.Cropping.all())
}

// Build subtracts what is cut off.
func (l Cropping2D) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	return cropped(in, window{}, l.Cropping.all())
}

func cropped(in prog.Shape, w window, sides [4]int) (prog.Shape, error) {
	image, err := w.image(in)
	if err != nil {
		return nil, err
	}
	out := Size2{image[0] - sides[0] - sides[1], image[1] - sides[2] - sides[3]}
	if min(out[0], out[1]) < 1 {
		what, cut := "rows and columns", show(Sides(sides[:]).config())
		if w.sequence {
			what, cut = "steps", show(Ends(sides[2:]).config())
		}
		return nil, fail(ErrShape, "cropping is %s, and the input %v; wanted some of its %s to be left", cut, in, what)
	}
	return w.sample(out, image[2]), nil
}

// Build adds the zeros.
func (l ZeroPadding1D) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	return padded(in, window{sequence: true}, l.Padding.all())
}

// Build adds the zeros.
func (l ZeroPadding2D) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	return padded(in, window{}, l.Padding.all())
}

func padded(in prog.Shape, w window, sides [4]int) (prog.Shape, error) {
	image, err := w.image(in)
	if err != nil {
		return nil, err
	}
	return w.sample(Size2{image[0] + sides[0] + sides[1], image[1] + sides[2] + sides[3]}, image[2]), nil
}

// Lower takes what is left.
func (l Cropping1D) Lower(c *Call, x prog.Buf) prog.Buf {
	s := l.Cropping.all()
	return c.Slice(x, []int{0, s[2], 0}, append(prog.Shape{c.batch(x)}, c.Out()...))
}

// Lower takes what is left.
func (l Cropping2D) Lower(c *Call, x prog.Buf) prog.Buf {
	s := l.Cropping.all()
	return c.Slice(x, []int{0, s[0], s[2], 0}, append(prog.Shape{c.batch(x)}, c.Out()...))
}

// Lower pads.
func (l ZeroPadding1D) Lower(c *Call, x prog.Buf) prog.Buf {
	s := l.Padding.all()
	return c.Pad(x, []int{0, s[2], 0}, []int{0, s[3], 0}, 0)
}

// Lower pads.
func (l ZeroPadding2D) Lower(c *Call, x prog.Buf) prog.Buf {
	s := l.Padding.all()
	return c.Pad(x, []int{0, s[0], s[2], 0}, []int{0, s[1], s[3], 0}, 0)
}
