package nn

import (
	"math"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// Resizing makes images [H,W,C] of another size, as TensorFlow's image.resize does.
type Resizing struct {
	Height        int     `arg:"height" required:"yes" min:"1" doc:"The new height."`
	Width         int     `arg:"width" required:"yes" min:"1" doc:"The new width."`
	Interpolation string  `arg:"interpolation" default:"bilinear" oneof:"bilinear,nearest,bicubic,lanczos3,lanczos5" doc:"How pixels are made of those around."`
	Crop          bool    `arg:"crop_to_aspect_ratio" doc:"Whether what doesn't fit the new sides' ratio is cut off."`
	Pad           bool    `arg:"pad_to_aspect_ratio" doc:"Whether the image is surrounded to fit the new sides' ratio."`
	FillMode      string  `arg:"fill_mode" default:"constant" oneof:"constant" doc:"What it is surrounded with: fill_value."`
	FillValue     float64 `arg:"fill_value" doc:"What the image is surrounded with."`
	Antialias     bool    `arg:"antialias" doc:"Whether every pixel has a part in a smaller image."`
	Name          string  `arg:"name" doc:"The layer's name."`
}

// CenterCrop cuts the middle out of images [H,W,C]. An image that is smaller is resized, after the largest
// part of the new sides' ratio has been cut out of it.
type CenterCrop struct {
	Height int    `arg:"height" required:"yes" min:"1" doc:"The new height."`
	Width  int    `arg:"width" required:"yes" min:"1" doc:"The new width."`
	Name   string `arg:"name" doc:"The layer's name."`
}

// RandomCrop cuts, in training, a part out of each image at a random place. Elsewhere, and where an image is not
// larger than the part on both sides, the largest part in the middle that has the new sides' ratio is resized.
type RandomCrop struct {
	Height int    `arg:"height" required:"yes" min:"1" doc:"The new height."`
	Width  int    `arg:"width" required:"yes" min:"1" doc:"The new width."`
	Seed   uint64 `arg:"seed" doc:"Seed of the places; by default they come from the model's seed."`
	Name   string `arg:"name" doc:"The layer's name."`
}

// Build returns the new size.
func (l Resizing) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	if l.Crop && l.Pad {
		return nil, fail(ErrConfig, "crop_to_aspect_ratio and pad_to_aspect_ratio are both true, wanted at most one")
	}
	return resized(in, l.Height, l.Width)
}

// Build returns the new size.
func (l CenterCrop) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	return resized(in, l.Height, l.Width)
}

// Build returns the new size.
func (l RandomCrop) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	return resized(in, l.Height, l.Width)
}

func resized(in prog.Shape, h, w int) (prog.Shape, error) {
	if err := imageShape(in); err != nil {
		return nil, err
	}
	const largest = 1 << 26 // numbers in the matrix of a side
	if in[0]*h > largest || in[1]*w > largest {
		return nil, fail(ErrShape, "images of %dx%d cannot become %dx%d, wanted at most %d for the product of an old and a new side", in[0], in[1], h, w, largest)
	}
	return prog.Shape{h, w, in[2]}, nil
}

// imageShape checks that a sample is an image.
func imageShape(in prog.Shape) error {
	if len(in) != 3 || in.Size() == 0 {
		return fail(ErrShape, "input is %v, wanted an image [height, width, channels]", in)
	}
	return nil
}

// Lower resizes.
func (l Resizing) Lower(c *Call, x prog.Buf) prog.Buf {
	h, w := c.In()[0], c.In()[1]
	switch {
	case l.Crop:
		x = cropTo(c, x, l.Height, l.Width)
	case l.Pad: // as much on both sides
		top := (max(h, w*l.Height/l.Width) - h) / 2
		left := (max(w, h*l.Width/l.Height) - w) / 2
		around := []int{0, top, left, 0}
		x = c.Pad(x, around, around, l.FillValue)
	}
	return resize(c, x, l.Height, l.Width, l.Interpolation, l.Antialias)
}

// Lower crops.
func (l CenterCrop) Lower(c *Call, x prog.Buf) prog.Buf {
	if h, w := c.In()[0], c.In()[1]; h >= l.Height && w >= l.Width {
		return cut(c, x, (h-l.Height)/2, (w-l.Width)/2, l.Height, l.Width)
	}
	return resize(c, cropTo(c, x, l.Height, l.Width), l.Height, l.Width, "bilinear", false)
}

// Lower crops.
func (l RandomCrop) Lower(c *Call, x prog.Buf) prog.Buf {
	h, w := c.In()[0], c.In()[1]
	switch {
	case !c.Training:
		x = cropTo(c, x, l.Height, l.Width)
	case h > l.Height && w > l.Width:
		place := func(room int) prog.Buf { // 0 to room, each as often
			u := c.perSample(x, 0, float64(room+1), l.Seed)
			return c.UnaryConst(prog.Clip, c.Unary(prog.Floor, u), 0, float64(room))
		}
		top := place(h - l.Height)
		t := c.affine([6]float64{1, 0, 0, 0, 1, 0}, part{top, [6]float64{5: 1}}, part{place(w - l.Width), [6]float64{2: 1}})
		return c.Warp(x, t, prog.WarpAttr{Out: [2]int{l.Height, l.Width}, Nearest: true})
	default:
		high, wide := ratioOf(h, w, l.Height, l.Width)
		top, left := (h-high)/2, (w-wide)/2
		x = cut(c, x, top, left, min(l.Height, h-top), min(l.Width, w-left))
	}
	return resize(c, x, l.Height, l.Width, "bilinear", false)
}

// ratioOf is the largest size within h by w that has the ratio of high to wide, in whole pixels.
func ratioOf(h, w, high, wide int) (int, int) {
	return max(min(h, w*high/wide), 1), max(min(w, h*wide/high), 1)
}

// cropTo cuts the largest part in the middle that has the ratio of h to w.
func cropTo(c *Call, x prog.Buf, h, w int) prog.Buf {
	in := c.In()
	high, wide := ratioOf(in[0], in[1], h, w)
	return cut(c, x, (in[0]-high)/2, (in[1]-wide)/2, high, wide)
}

// cut is the part of images x [N,H,W,C] from a row and a column on.
func cut(c *Call, x prog.Buf, top, left, h, w int) prog.Buf {
	s := c.Shape(x)
	if c.Err() != nil || s[1] == h && s[2] == w {
		return x
	}
	return c.Slice(x, []int{0, top, left, 0}, prog.Shape{s[0], h, w, s[3]})
}

// resize makes images of h by w pixels: a product with a matrix along each side, so that every interpolation is only
// its weights, and has its gradient.
func resize(c *Call, x prog.Buf, h, w int, interpolation string, antialias bool) prog.Buf {
	s := c.Shape(x)
	if c.Err() != nil {
		return prog.None
	}
	along := func(x prog.Buf, from, to int) prog.Buf { // the last dimension
		return c.MatMul(x, c.Const(resizeWeights(from, to, interpolation, antialias), to, from), false, true)
	}
	switch {
	case s[1] == h && s[2] == w:
		return x
	case s[1] == h:
		return c.Transpose(along(c.Transpose(x, 0, 1, 3, 2), s[2], w), 0, 1, 3, 2)
	}
	x = along(c.Transpose(x, 0, 2, 3, 1), s[1], h) // [N,W,C,h]
	if s[2] == w {
		return c.Transpose(x, 0, 3, 1, 2)
	}
	x = along(c.Transpose(x, 0, 3, 2, 1), s[2], w) // [N,h,C,w]
	return c.Transpose(x, 0, 1, 3, 2)
}

// resizeWeights is the part that each of n pixels has in each of out, [out, n], by TensorFlow's rules
// (core/kernels/image: resize_bilinear_op.cc, resize_nearest_neighbor_op.cc, resize_bicubic_op.cc,
// scale_and_translate_op.cc), with its float32. Centres of pixels lie at halves.
func resizeWeights(n, out int, interpolation string, antialias bool) []float32 {
	weights := make([]float32, out*n)
	scale := float32(n) / float32(out)
	for i := range out {
		row := weights[i*n : (i+1)*n]
		switch centre := float32((float32(i) + 0.5) * scale); {
		case interpolation == "nearest":
			row[min(int(centre), n-1)] = 1
		case interpolation == "bilinear" && !antialias:
			at := centre - 0.5
			low := float32(math.Floor(float64(at)))
			row[min(max(int(low), 0), n-1)] += low + 1 - at
			row[min(max(int(low)+1, 0), n-1)] += at - low
		case interpolation == "bicubic" && !antialias:
			cubicWeights(row, centre-0.5)
		default:
			inverse := 1 / (float32(out) / float32(n))
			kernelWeights(row, float32((float32(i)+0.5)*inverse), inverse, interpolation, antialias)
		}
	}
	return weights
}

// cubicWeights are those of the four pixels around a place, whose fraction TensorFlow rounds to 1/1024.
func cubicWeights(row []float32, at float32) {
	low := float32(math.Floor(float64(at)))
	fraction := math.RoundToEven(float64((at-low)*1024)) / 1024
	sum := float32(0)
	for k := -1; k <= 2; k++ {
		if j := int(low) + k; j >= 0 && j < len(row) {
			row[j] = float32(keysCubic(math.Abs(fraction - float64(k))))
			sum += row[j]
		}
	}
	for j := range row {
		row[j] /= sum
	}
}

// kernelWeights are those of all pixels that a kernel around a place reaches. A smaller image's kernel is widened
// where antialias is true.
func kernelWeights(row []float32, place, scale float32, interpolation string, antialias bool) {
	kernel, radius := keysCubic, 2.0
	switch interpolation {
	case "bilinear":
		kernel, radius = func(x float64) float64 { return max(0, 1-x) }, 1
	case "lanczos3":
		kernel, radius = lanczos(3), 3
	case "lanczos5":
		kernel, radius = lanczos(5), 5
	}
	wide := float32(1)
	if antialias {
		wide = max(scale, 1)
	}
	reach := float32(radius) * wide
	first := max(int(math.Ceil(float64(place-reach-0.5))), 0)
	last := min(int(math.Floor(float64(place+reach-0.5))), len(row)-1)
	sum := float32(0)
	for j := first; j <= last; j++ {
		row[j] = float32(kernel(math.Abs(float64((float32(j) + 0.5 - place) / wide))))
		sum += row[j]
	}
	for j := first; j <= last; j++ {
		row[j] /= sum
	}
}

// keysCubic is Keys's cubic with a = -1/2 (IEEE Transactions on Acoustics, Speech, and Signal Processing 29, 1981).
func keysCubic(x float64) float64 {
	switch {
	case x >= 2:
		return 0
	case x >= 1:
		return ((-0.5*x+2.5)*x-4)*x + 2
	}
	return (1.5*x-2.5)*x*x + 1
}

func lanczos(radius float64) func(x float64) float64 {
	return func(x float64) float64 {
		switch {
		case x > radius:
			return 0
		case x <= 1e-3:
			return 1
		}
		return radius * math.Sin(math.Pi*x) * math.Sin(math.Pi*x/radius) / (math.Pi * math.Pi * x * x)
	}
}
