package nn

import (
	"slices"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// The layers of this file change the colours of images [H,W,C]; see augment.go. Those that speak of a value range
// count on pixels in it, and most keep them in it.

// RandomBrightness adds a number to all of an image: a draw times the width of the value range.
type RandomBrightness struct {
	Factor []float64 `arg:"factor" required:"yes" min:"-1" max:"1" doc:"By how much of the value range: a number for both ways, or the least and the most."`
	Range  []float64 `arg:"value_range" default:"0,255" doc:"The least and the most that a pixel can be."`
	Seed   uint64    `arg:"seed" doc:"Seed of what is drawn; by default it comes from the model's seed."`
	Name   string    `arg:"name" doc:"The layer's name."`
}

// RandomContrast moves the pixels of each channel away from their mean, 1 to 1+f times as far, or with two
// factors 1-f₁ to 1+f₂ times (which are Keras's ranges).
type RandomContrast struct {
	Factor []float64 `arg:"factor" required:"yes" min:"0" max:"1" doc:"By how much more: a number, or how much less at least and more at most."`
	Range  []float64 `arg:"value_range" default:"0,255" doc:"The least and the most that a pixel can be."`
	Seed   uint64    `arg:"seed" doc:"Seed of what is drawn; by default it comes from the model's seed."`
	Name   string    `arg:"name" doc:"The layer's name."`
}

// RandomGrayscale makes some images gray: 0.2989 red + 0.5870 green + 0.1140 blue in all channels.
type RandomGrayscale struct {
	Factor float64 `arg:"factor" default:"0.5" min:"0" max:"1" doc:"Probability that an image becomes gray."`
	Seed   uint64  `arg:"seed" doc:"Seed of what is drawn; by default it comes from the model's seed."`
	Name   string  `arg:"name" doc:"The layer's name."`
}

// RandomColorDegeneration mixes images with their gray ones: x + f·(gray - x).
type RandomColorDegeneration struct {
	Factor []float64 `arg:"factor" required:"yes" min:"0" max:"1" doc:"The gray one's share: a number for draws from 0 to it, or the least and the most."`
	Range  []float64 `arg:"value_range" default:"0,255" doc:"The least and the most that a pixel can be."`
	Seed   uint64    `arg:"seed" doc:"Seed of what is drawn; by default it comes from the model's seed."`
	Name   string    `arg:"name" doc:"The layer's name."`
}

// RandomInvert makes some images their negative: the most that a pixel can be, less x.
type RandomInvert struct {
	Factor []float64 `arg:"factor" default:"1" min:"0" max:"1" doc:"Probability that an image is inverted: a number for draws from 0 to it, or the least and the most."`
	Range  []float64 `arg:"value_range" default:"0,255" doc:"The least and the most that a pixel can be."`
	Seed   uint64    `arg:"seed" doc:"Seed of what is drawn; by default it comes from the model's seed."`
	Name   string    `arg:"name" doc:"The layer's name."`
}

// RandomHue turns the colours of images about the colour circle, by up to half of it, both ways equally often.
type RandomHue struct {
	Factor []float64 `arg:"factor" required:"yes" min:"0" max:"1" doc:"By how many halves of the circle: a number for draws from 0 to it, or the least and the most."`
	Range  []float64 `arg:"value_range" default:"0,255" doc:"The least and the most that a pixel can be."`
	Seed   uint64    `arg:"seed" doc:"Seed of what is drawn; by default it comes from the model's seed."`
	Name   string    `arg:"name" doc:"The layer's name."`
}

// RandomSaturation multiplies the saturation of images by f/(1-f): 0 makes them gray, 0.5 leaves them.
type RandomSaturation struct {
	Factor []float64 `arg:"factor" required:"yes" min:"0" max:"1" doc:"How saturated: a number for draws from 0 to it, or the least and the most."`
	Range  []float64 `arg:"value_range" default:"0,255" doc:"The least and the most that a saturation can be; images may have any."`
	Seed   uint64    `arg:"seed" doc:"Seed of what is drawn; by default it comes from the model's seed."`
	Name   string    `arg:"name" doc:"The layer's name."`
}

// RandomColorJitter is RandomBrightness, RandomContrast, RandomSaturation and RandomHue, one behind another; those
// whose factor is not given are left out.
type RandomColorJitter struct {
	Range      []float64 `arg:"value_range" default:"0,255" doc:"The least and the most that a pixel can be."`
	Brightness []float64 `arg:"brightness_factor" min:"-1" max:"1" doc:"RandomBrightness's factor."`
	Contrast   []float64 `arg:"contrast_factor" min:"0" max:"1" doc:"RandomContrast's factor."`
	Saturation []float64 `arg:"saturation_factor" min:"0" max:"1" doc:"RandomSaturation's factor."`
	Hue        []float64 `arg:"hue_factor" min:"0" max:"1" doc:"RandomHue's factor."`
	Seed       uint64    `arg:"seed" doc:"Seed of what is drawn; by default it comes from the model's seed."`
	Name       string    `arg:"name" doc:"The layer's name."`
}

// RandomPosterization keeps only some of the 8 bits of each pixel: 1 to f-1 of them, or with two factors from f₁
// to f₂-1, or f where they are equal.
type RandomPosterization struct {
	Factor []float64 `arg:"factor" required:"yes" min:"1" max:"8" doc:"How many bits: one more than the most, or the least and one more than the most."`
	Range  []float64 `arg:"value_range" default:"0,255" doc:"The least and the most that a pixel can be."`
	Seed   uint64    `arg:"seed" doc:"Seed of what is drawn; by default it comes from the model's seed."`
	Name   string    `arg:"name" doc:"The layer's name."`
}

// RandomSharpness sharpens or blurs images: x + (1-2f)·(blurred - x), blurred by a window of 3x3 whose middle weighs five
// times as much as the rest.
type RandomSharpness struct {
	Factor []float64 `arg:"factor" required:"yes" min:"0" max:"1" doc:"How sharp, 0.5 for as it is: a number for draws from 0 to it, or the least and the most."`
	Range  []float64 `arg:"value_range" default:"0,255" doc:"The least and the most that a pixel can be."`
	Seed   uint64    `arg:"seed" doc:"Seed of what is drawn; by default it comes from the model's seed."`
	Name   string    `arg:"name" doc:"The layer's name."`
}

// RandomGaussianBlur blurs some images with a Gaussian window, all of a batch with the same one.
type RandomGaussianBlur struct {
	Factor []float64 `arg:"factor" default:"1" min:"0" max:"1" doc:"Probability that an image is blurred: a number for draws from 0 to it, or the least and the most."`
	Kernel Size2     `arg:"kernel_size" default:"3" min:"1" max:"255" doc:"Height and width of the window, odd."`
	Sigma  []float64 `arg:"sigma" default:"1" min:"0" max:"1" doc:"The Gaussian's standard deviation in pixels: a number for draws from 0 to it, or the least and the most."`
	Range  []float64 `arg:"value_range" default:"0,255" doc:"The least and the most that a pixel can be."`
	Seed   uint64    `arg:"seed" doc:"Seed of what is drawn; by default it comes from the model's seed."`
	Name   string    `arg:"name" doc:"The layer's name."`
}

// RandomErasing covers a rectangle of some images, with noise or a colour.
type RandomErasing struct {
	Factor []float64 `arg:"factor" default:"1" min:"0" max:"1" doc:"Probability that an image is changed: a number for draws from 0 to it, or the least and the most."`
	Scale  []float64 `arg:"scale" default:"0.02,0.33" min:"0" max:"1" doc:"The square of the rectangle's share of each side: a number for draws from 0 to it, or the least and the most."`
	Fill   []float64 `arg:"fill_value" doc:"What the rectangle is filled with: a number, or one for each channel; by default noise."`
	Range  []float64 `arg:"value_range" default:"0,255" doc:"The least and the most that a pixel can be."`
	Seed   uint64    `arg:"seed" doc:"Seed of what is drawn; by default it comes from the model's seed."`
	Name   string    `arg:"name" doc:"The layer's name."`
}

// Solarization adds a number to all of an image, and makes what is above another its negative then, of pixels from
// 0 to 255: a is drawn from a₁ to 255·a₂, and so is the threshold.
type Solarization struct {
	Addition  []float64 `arg:"addition_factor" default:"0" min:"0" max:"1" doc:"What is added: a number for draws from 0 to it, or the least and the most."`
	Threshold []float64 `arg:"threshold_factor" default:"0" min:"0" max:"1" doc:"From where on pixels are inverted, likewise."`
	Range     []float64 `arg:"value_range" default:"0,255" doc:"The least and the most that a pixel can be."`
	Seed      uint64    `arg:"seed" doc:"Seed of what is drawn; by default it comes from the model's seed."`
	Name      string    `arg:"name" doc:"The layer's name."`
}

// AutoContrast stretches each channel of each image to the whole value range, not in training alone. A channel of one
// colour stays.
type AutoContrast struct {
	Range []float64 `arg:"value_range" default:"0,255" doc:"The least and the most that a pixel can be."`
	Name  string    `arg:"name" doc:"The layer's name."`
}

// coloured checks a sample with so many channels (0 for any), a value range and the factors.
func coloured(in prog.Shape, channels int, values []float64, factors ...factor) (prog.Shape, error) {
	if _, err := augmented(in, factors...); err != nil {
		return nil, err
	}
	if len(values) != 2 || values[0] == values[1] {
		return nil, fail(ErrConfig, "value_range is %s, wanted the least and the most that a pixel can be", show(values))
	}
	if channels > 0 && in[2] != channels {
		return nil, fail(ErrShape, "input is %v, wanted %d channels: red, green and blue", in, channels)
	}
	return in, nil
}

// Build keeps the shape.
func (l RandomBrightness) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	return coloured(in, 0, l.Range, factor{"factor", l.Factor})
}

// Build keeps the shape.
func (l RandomContrast) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	return coloured(in, 0, l.Range, factor{"factor", l.Factor})
}

// Build keeps the shape.
func (l RandomGrayscale) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	return RandomColorDegeneration{Factor: []float64{l.Factor}, Range: []float64{0, 1}}.Build(nil, in)
}

// Build keeps the shape.
func (l RandomColorDegeneration) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	channels := 3
	if len(in) == 3 && in[2] == 1 { // gray already
		channels = 1
	}
	return coloured(in, channels, l.Range, factor{"factor", l.Factor})
}

// Build keeps the shape.
func (l RandomInvert) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	return coloured(in, 0, l.Range, factor{"factor", l.Factor})
}

// Build keeps the shape.
func (l RandomHue) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	return coloured(in, 3, l.Range, factor{"factor", l.Factor})
}

// Build keeps the shape.
func (l RandomSaturation) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	return coloured(in, 3, l.Range, factor{"factor", l.Factor})
}

// Build keeps the shape.
func (l RandomColorJitter) Build(s *Scope, in prog.Shape) (prog.Shape, error) {
	for _, part := range l.parts() {
		if _, err := part.Build(s, in); err != nil {
			return nil, err
		}
	}
	return coloured(in, 0, l.Range)
}

// parts are the layers that a jitter is made of.
func (l RandomColorJitter) parts() []Layer {
	var parts []Layer
	for _, p := range []struct {
		given []float64
		layer Layer
	}{
		{l.Brightness, RandomBrightness{Factor: l.Brightness, Range: l.Range, Seed: l.Seed}},
		{l.Contrast, RandomContrast{Factor: l.Contrast, Range: l.Range, Seed: l.Seed}},
		{l.Saturation, RandomSaturation{Factor: l.Saturation, Range: l.Range, Seed: l.Seed}},
		{l.Hue, RandomHue{Factor: l.Hue, Range: l.Range, Seed: l.Seed}},
	} {
		if p.given != nil {
			parts = append(parts, p.layer)
		}
	}
	return parts
}

// Build keeps the shape.
func (l RandomPosterization) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	return coloured(in, 0, l.Range, factor{"factor", l.Factor})
}

// Build keeps the shape.
func (l RandomSharpness) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	return coloured(in, 0, l.Range, factor{"factor", l.Factor})
}

// Build keeps the shape.
func (l RandomGaussianBlur) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	if l.Kernel[0]%2 == 0 || l.Kernel[1]%2 == 0 {
		return nil, fail(ErrConfig, "kernel_size is [%d, %d], wanted odd numbers", l.Kernel[0], l.Kernel[1])
	}
	return coloured(in, 0, l.Range, factor{"factor", l.Factor}, factor{"sigma", l.Sigma})
}

// Build keeps the shape.
func (l RandomErasing) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	if _, err := coloured(in, 0, l.Range, factor{"factor", l.Factor}, factor{"scale", l.Scale}); err != nil || l.Fill == nil {
		return in, err
	}
	return in, perChannel("fill_value", l.Fill, in)
}

// Build keeps the shape.
func (l Solarization) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	return coloured(in, 0, l.Range, factor{"addition_factor", l.Addition}, factor{"threshold_factor", l.Threshold})
}

// Build keeps the shape.
func (l AutoContrast) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	return coloured(in, 0, l.Range)
}

// perImage draws a number between two for each image, [N,1,1,1].
func (c *Call) perImage(x prog.Buf, lo, hi float64, seed uint64) prog.Buf {
	return c.Reshape(c.perSample(x, lo, hi, seed), -1, 1, 1, 1)
}

// drawn draws a factor for each image, [N,1,1,1].
func (c *Call) drawn(x prog.Buf, f []float64, seed uint64) prog.Buf {
	lo, hi := between(f, 0)
	return c.perImage(x, lo, hi, seed)
}

// chosen is 1 for images that something happens to, with a probability that is drawn first, and 0 for the others.
func (c *Call) chosen(x prog.Buf, f []float64, seed uint64) prog.Buf {
	probability := c.drawn(x, f, seed)
	return c.Binary(prog.Less, c.perImage(x, 0, 1, seed), probability)
}

// clip keeps pixels in the value range.
func (c *Call) clip(x prog.Buf, values []float64) prog.Buf {
	return c.UnaryConst(prog.Clip, x, slices.Min(values), slices.Max(values))
}

// in255 is x brought from a value range to 0 to 255, and the way back.
func (c *Call) in255(x prog.Buf, values []float64) (prog.Buf, func(y prog.Buf) prog.Buf) {
	least, width := slices.Min(values), slices.Max(values)-slices.Min(values)
	if least == 0 && width == 255 {
		return x, func(y prog.Buf) prog.Buf { return y }
	}
	back := func(y prog.Buf) prog.Buf { return c.Affine(y, width/255, least) }
	return c.Affine(x, 255/width, -least*255/width), back
}

// Lower adds.
func (l RandomBrightness) Lower(c *Call, x prog.Buf) prog.Buf {
	if !c.Training {
		return x
	}
	lo, hi := between(l.Factor, -1)
	width := slices.Max(l.Range) - slices.Min(l.Range)
	return c.clip(c.Add(x, c.perImage(x, lo*width, hi*width, l.Seed)), l.Range)
}

// Lower stretches about the mean.
func (l RandomContrast) Lower(c *Call, x prog.Buf) prog.Buf {
	if !c.Training {
		return x
	}
	lo, hi := between(l.Factor, 0)
	mean := c.Reduce(prog.Mean, x, true, 1, 2)
	return c.clip(c.Add(c.Mul(c.Sub(x, mean), c.perImage(x, 1-lo, 1+hi, l.Seed)), mean), l.Range)
}

// gray is the gray of images [N,H,W,1].
func (c *Call) gray(x prog.Buf) prog.Buf {
	if c.In()[2] == 1 {
		return x
	}
	return c.MatMul(x, c.Const([]float32{0.2989, 0.5870, 0.1140}, 3, 1), false, false)
}

// Lower takes the gray ones.
func (l RandomGrayscale) Lower(c *Call, x prog.Buf) prog.Buf {
	if !c.Training {
		return x
	}
	chosen := c.Binary(prog.Less, c.perImage(x, 0, 1, l.Seed), c.Fill(l.Factor))
	return c.Select(chosen, c.gray(x), x)
}

// Lower mixes.
func (l RandomColorDegeneration) Lower(c *Call, x prog.Buf) prog.Buf {
	if !c.Training {
		return x
	}
	return c.Add(x, c.Mul(c.drawn(x, l.Factor, l.Seed), c.Sub(c.gray(x), x)))
}

// Lower inverts.
func (l RandomInvert) Lower(c *Call, x prog.Buf) prog.Buf {
	if !c.Training {
		return x
	}
	return c.Select(c.chosen(x, l.Factor, l.Seed), c.Affine(x, -1, slices.Max(l.Range)), x)
}

// Lower keeps the upper bits: ⌊x/2ˢ⌋·2ˢ.
func (l RandomPosterization) Lower(c *Call, x prog.Buf) prog.Buf {
	if !c.Training {
		return x
	}
	lo, hi := between(l.Factor, 1)
	bits := c.Fill(lo, c.batch(x), 1, 1, 1)
	if lo != hi {
		bits = c.UnaryConst(prog.Clip, c.Unary(prog.Floor, c.perImage(x, lo, hi, l.Seed)), lo, hi-1)
	}
	step := c.Gather(c.row([]float64{256, 128, 64, 32, 16, 8, 4, 2, 1}), bits)
	x, back := c.in255(x, l.Range)
	x = c.UnaryConst(prog.Clip, x, 0, 255)
	return back(c.Mul(c.Unary(prog.Floor, c.Div(x, step)), step))
}

// window is x [N,H,W,C] convolved, channel by channel, with a window [h,w], of zeros around x.
func (c *Call) window(x, window prog.Buf, h, w int) prog.Buf {
	channels := c.In()[2]
	kernel := c.Broadcast(c.Reshape(window, h, w, 1, 1), prog.Shape{h, w, 1, channels})
	return c.Conv2D(x, kernel, prog.ConvAttr{
		Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Pad: [4]int{h / 2, h / 2, w / 2, w / 2}, Groups: channels,
	})
}

// Lower sharpens.
func (l RandomSharpness) Lower(c *Call, x prog.Buf) prog.Buf {
	if !c.Training {
		return x
	}
	const rest, middle = 1.0 / 13, 5.0 / 13
	blurred := c.window(x, c.row([]float64{rest, rest, rest, rest, middle, rest, rest, rest, rest}), 3, 3)
	share := c.Affine(c.drawn(x, l.Factor, l.Seed), -2, 1)
	return c.clip(c.Add(x, c.Mul(share, c.Sub(blurred, x))), l.Range)
}

// Lower blurs.
func (l RandomGaussianBlur) Lower(c *Call, x prog.Buf) prog.Buf {
	if !c.Training {
		return x
	}
	chosen := c.chosen(x, l.Factor, l.Seed)
	lo, hi := between(l.Sigma, 0)
	line := func(size int) prog.Buf { // e^(-(d/σ)²/2) at each distance d from the middle, with the sum 1
		distances := make([]float64, size)
		for i := range distances {
			distances[i] = float64(i) - float64(size-1)/2
		}
		sigma := c.Affine(c.Random(prog.Uniform, lo, hi, l.Seed, prog.Shape{1}), 1, 1e-6)
		bell := c.Unary(prog.Exp, c.Affine(c.Unary(prog.Square, c.Div(c.row(distances), sigma)), -0.5, 0))
		return c.Div(bell, c.Reduce(prog.Sum, bell, false))
	}
	// As Keras does, which matters where the window is no square: [w,1]·[1,h], read as [h,w].
	h, w := l.Kernel[0], l.Kernel[1]
	window := c.Mul(c.Reshape(line(h), 1, h), c.Reshape(line(w), w, 1))
	return c.clip(c.Select(chosen, c.window(x, window, h, w), x), l.Range)
}

// Lower covers rectangles.
func (l RandomErasing) Lower(c *Call, x prog.Buf) prog.Buf {
	if !c.Training {
		return x
	}
	inside := func(size int, shape ...int) prog.Buf { // along one side, of the given shape beside x
		length := c.Affine(c.Unary(prog.Sqrt, c.drawn(x, l.Scale, l.Seed)), float64(size), 0)
		start := c.Mul(c.perImage(x, 0, 1, l.Seed), c.Affine(length, -1, float64(size)))
		pixels := make([]float64, size)
		for i := range pixels {
			pixels[i] = float64(i)
		}
		place := c.Reshape(c.row(pixels), shape...)
		return c.Mul(c.Binary(prog.GreaterEqual, place, start), c.Binary(prog.Less, place, c.Add(start, length)))
	}
	h, w := c.In()[0], c.In()[1]
	covered := c.Mul(c.Mul(inside(w, 1, 1, w, 1), inside(h, 1, h, 1, 1)), c.chosen(x, l.Factor, l.Seed))
	fill := c.row(l.Fill)
	if l.Fill == nil {
		fill = c.Affine(c.normal(x, l.Seed), slices.Max(l.Range), 0)
	}
	return c.Select(covered, c.clip(fill, l.Range), x)
}

// Lower adds and inverts.
func (l Solarization) Lower(c *Call, x prog.Buf) prog.Buf {
	if !c.Training {
		return x
	}
	draw := func(f []float64) prog.Buf {
		lo, hi := between(f, 0)
		return c.perImage(x, lo, 255*hi, l.Seed)
	}
	addition, threshold := draw(l.Addition), draw(l.Threshold)
	x, back := c.in255(x, l.Range)
	y := c.UnaryConst(prog.Clip, c.Add(x, addition), 0, 255)
	return back(c.Select(c.Binary(prog.Less, y, threshold), y, c.Affine(y, -1, 255)))
}

// Lower stretches.
func (l AutoContrast) Lower(c *Call, x prog.Buf) prog.Buf {
	y, back := c.in255(x, l.Range)
	high, low := c.Reduce(prog.Max, y, true, 1, 2), c.Unary(prog.Neg, c.Reduce(prog.Max, c.Unary(prog.Neg, y), true, 1, 2))
	width := c.Sub(high, low)
	some := c.Binary(prog.Greater, width, c.Fill(0))
	scale := c.Div(c.Fill(255), c.Select(some, width, c.Fill(1)))
	stretched := c.UnaryConst(prog.Clip, c.Mul(c.Sub(y, low), scale), 0, 255)
	return c.Select(some, back(stretched), x)
}
