package nn

import (
	"math"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// The layers of this file and of augment_color.go change images at random in training, each one in its own way, and do nothing
// elsewhere. They are ops of the training program: what is drawn comes from prog.Random, and is the same on every
// backend and after a resume. Distributions are Keras's, the numbers drawn cannot be.
//
// A factor is a number f, for draws between -f and f, or two, for draws between them.

// RandomFlip mirrors half of the images, at random.
type RandomFlip struct {
	Mode string `arg:"mode" default:"horizontal_and_vertical" oneof:"horizontal,vertical,horizontal_and_vertical" doc:"Left to right, upside down, or both at once."`
	Seed uint64 `arg:"seed" doc:"Seed of what is drawn; by default it comes from the model's seed."`
	Name string `arg:"name" doc:"The layer's name."`
}

// RandomRotation turns images about their middle, by fractions of a whole turn.
type RandomRotation struct {
	Factor        []float64 `arg:"factor" required:"yes" min:"-1" max:"1" doc:"By how much of a whole turn, counter-clockwise: a number for both ways, or the least and the most."`
	FillMode      string    `arg:"fill_mode" default:"reflect" oneof:"reflect,wrap,constant,nearest" doc:"What images are continued with beyond their edges."`
	Interpolation string    `arg:"interpolation" default:"bilinear" oneof:"bilinear,nearest" doc:"How pixels are made of those around."`
	FillValue     float64   `arg:"fill_value" doc:"What lies beyond the edges where fill_mode is constant."`
	Seed          uint64    `arg:"seed" doc:"Seed of what is drawn; by default it comes from the model's seed."`
	Name          string    `arg:"name" doc:"The layer's name."`
}

// RandomTranslation moves images, by fractions of their height and width.
type RandomTranslation struct {
	Height        []float64 `arg:"height_factor" required:"yes" min:"-1" max:"1" doc:"By how much of its height an image moves down: a number for both ways, or the least and the most."`
	Width         []float64 `arg:"width_factor" required:"yes" min:"-1" max:"1" doc:"By how much of its width it moves to the right, likewise."`
	FillMode      string    `arg:"fill_mode" default:"reflect" oneof:"reflect,wrap,constant,nearest" doc:"What images are continued with beyond their edges."`
	Interpolation string    `arg:"interpolation" default:"bilinear" oneof:"bilinear,nearest" doc:"How pixels are made of those around."`
	FillValue     float64   `arg:"fill_value" doc:"What lies beyond the edges where fill_mode is constant."`
	Seed          uint64    `arg:"seed" doc:"Seed of what is drawn; by default it comes from the model's seed."`
	Name          string    `arg:"name" doc:"The layer's name."`
}

// RandomZoom shows more or less of images: 1+f times their height and width for a draw f, so that below 0 they
// grow.
type RandomZoom struct {
	Height        []float64 `arg:"height_factor" required:"yes" min:"-1" max:"1" doc:"How much more of its height is shown: a number for both ways, or the least and the most."`
	Width         []float64 `arg:"width_factor" min:"-1" max:"1" doc:"How much more of its width, likewise; by default as much as of the height."`
	FillMode      string    `arg:"fill_mode" default:"reflect" oneof:"reflect,wrap,constant,nearest" doc:"What images are continued with beyond their edges."`
	Interpolation string    `arg:"interpolation" default:"bilinear" oneof:"bilinear,nearest" doc:"How pixels are made of those around."`
	FillValue     float64   `arg:"fill_value" doc:"What lies beyond the edges where fill_mode is constant."`
	Seed          uint64    `arg:"seed" doc:"Seed of what is drawn; by default it comes from the model's seed."`
	Name          string    `arg:"name" doc:"The layer's name."`
}

// RandomShear slants images, both ways equally often.
type RandomShear struct {
	X             []float64 `arg:"x_factor" default:"0" min:"-1" max:"1" doc:"By how much of a pixel a row lies further left than the one above: a number for both ways, or the least and the most."`
	Y             []float64 `arg:"y_factor" default:"0" min:"-1" max:"1" doc:"By how much of a pixel a column lies higher than the one to its left, likewise."`
	Interpolation string    `arg:"interpolation" default:"bilinear" oneof:"bilinear,nearest" doc:"How pixels are made of those around."`
	FillMode      string    `arg:"fill_mode" default:"reflect" oneof:"reflect,wrap,constant,nearest" doc:"What images are continued with beyond their edges."`
	FillValue     float64   `arg:"fill_value" doc:"What lies beyond the edges where fill_mode is constant."`
	Seed          uint64    `arg:"seed" doc:"Seed of what is drawn; by default it comes from the model's seed."`
	Name          string    `arg:"name" doc:"The layer's name."`
}

// Build keeps the shape.
func (l RandomFlip) Build(_ *Scope, in prog.Shape) (prog.Shape, error) { return augmented(in) }

// Build keeps the shape.
func (l RandomRotation) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	return augmented(in, factor{"factor", l.Factor})
}

// Build keeps the shape.
func (l RandomTranslation) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	return augmented(in, factor{"height_factor", l.Height}, factor{"width_factor", l.Width})
}

// Build keeps the shape.
func (l RandomZoom) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	return augmented(in, factor{"height_factor", l.Height}, factor{"width_factor", l.width()})
}

// Build keeps the shape.
func (l RandomShear) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	return augmented(in, factor{"x_factor", l.X}, factor{"y_factor", l.Y})
}

// A factor is an argument of that name.
type factor struct {
	name string
	of   []float64
}

// augmented checks that a sample is an image, and the factors.
func augmented(in prog.Shape, factors ...factor) (prog.Shape, error) {
	for _, f := range factors {
		if len(f.of) == 0 {
			return nil, fail(ErrConfig, "%s is missing", f.name)
		}
		if len(f.of) > 2 {
			return nil, fail(ErrConfig, "%s has %d numbers, wanted one or two", f.name, len(f.of))
		}
	}
	return in, imageShape(in)
}

// between are the ends that a factor's draws lie between. A single number's lower end is at least low.
func between(f []float64, low float64) (lo, hi float64) {
	if len(f) == 1 {
		f := math.Abs(f[0])
		return max(-f, low), f
	}
	return min(f[0], f[1]), max(f[0], f[1])
}

// perSample draws a number between two for each image, [N, 1].
func (c *Call) perSample(x prog.Buf, lo, hi float64, seed uint64) prog.Buf {
	return c.Random(prog.Uniform, lo, hi, seed, prog.Shape{c.batch(x), 1})
}

// A part is what a number for each image, [N, 1], adds to its transform.
type part struct {
	of  prog.Buf
	row [6]float64
}

// affine are the transforms of Warp, [N, 6]: the sum of base and of all parts. An image stays as it is with
// {1, 0, 0, 0, 1, 0}.
func (c *Call) affine(base [6]float64, parts ...part) prog.Buf {
	t := c.row(base[:])
	for _, p := range parts {
		t = c.Add(t, c.Mul(p.of, c.row(p.row[:])))
	}
	return t
}

// warp samples images by transforms, continued as Keras's arguments say.
func (c *Call) warp(x, t prog.Buf, fill, interpolation string, value float64) prog.Buf {
	a := prog.WarpAttr{Out: [2]int{c.In()[0], c.In()[1]}, Nearest: interpolation == "nearest", Value: value}
	for _, b := range prog.Borders() {
		if b.String() == fill {
			a.Border = b
		}
	}
	return c.Warp(x, t, a)
}

// centre is the middle of an image's columns and rows.
func (c *Call) centre() (x, y float64) { return float64(c.In()[1]-1) / 2, float64(c.In()[0]-1) / 2 }

// Lower reads each image forwards or backwards.
func (l RandomFlip) Lower(c *Call, x prog.Buf) prog.Buf {
	if !c.Training {
		return x
	}
	h, w := c.In()[0], c.In()[1]
	var row [6]float64
	if l.Mode != "vertical" {
		row[0], row[2] = -2, float64(w-1)
	}
	if l.Mode != "horizontal" {
		row[4], row[5] = -2, float64(h-1)
	}
	flip := c.Binary(prog.GreaterEqual, c.Fill(0.5), c.perSample(x, 0, 1, l.Seed))
	t := c.affine([6]float64{1, 0, 0, 0, 1, 0}, part{flip, row})
	return c.Warp(x, t, prog.WarpAttr{Out: [2]int{h, w}, Nearest: true})
}

// Lower turns: column cx + cos·(j-cx) - sin·(i-cy), row cy + sin·(j-cx) + cos·(i-cy).
func (l RandomRotation) Lower(c *Call, x prog.Buf) prog.Buf {
	if !c.Training {
		return x
	}
	lo, hi := between(l.Factor, -1)
	angle := c.perSample(x, 2*math.Pi*lo, 2*math.Pi*hi, l.Seed)
	cx, cy := c.centre()
	t := c.affine([6]float64{2: cx, 5: cy},
		part{c.Unary(prog.Cos, angle), [6]float64{1, 0, -cx, 0, 1, -cy}},
		part{c.Unary(prog.Sin, angle), [6]float64{0, -1, cy, 1, 0, -cx}})
	return c.warp(x, t, l.FillMode, l.Interpolation, l.FillValue)
}

// Lower moves: column j - dx, row i - dy.
func (l RandomTranslation) Lower(c *Call, x prog.Buf) prog.Buf {
	if !c.Training {
		return x
	}
	along := func(f []float64, size int) prog.Buf {
		lo, hi := between(f, -1)
		return c.perSample(x, lo*float64(size), hi*float64(size), l.Seed)
	}
	t := c.affine([6]float64{1, 0, 0, 0, 1, 0},
		part{along(l.Height, c.In()[0]), [6]float64{5: -1}}, part{along(l.Width, c.In()[1]), [6]float64{2: -1}})
	return c.warp(x, t, l.FillMode, l.Interpolation, l.FillValue)
}

func (l RandomZoom) width() []float64 {
	if l.Width == nil {
		return l.Height
	}
	return l.Width
}

// Lower zooms: column cx + zx·(j-cx), row cy + zy·(i-cy).
func (l RandomZoom) Lower(c *Call, x prog.Buf) prog.Buf {
	if !c.Training {
		return x
	}
	zoom := func(f []float64) prog.Buf {
		lo, hi := between(f, -1)
		return c.perSample(x, 1+lo, 1+hi, l.Seed)
	}
	zy := zoom(l.Height)
	zx := zy
	if l.Width != nil {
		zx = zoom(l.Width)
	}
	cx, cy := c.centre()
	t := c.affine([6]float64{2: cx, 5: cy}, part{zx, [6]float64{1, 0, -cx}}, part{zy, [6]float64{4: 1, 5: -cy}})
	return c.warp(x, t, l.FillMode, l.Interpolation, l.FillValue)
}

// Lower slants: column j + sx·i, row i + sy·j.
func (l RandomShear) Lower(c *Call, x prog.Buf) prog.Buf {
	if !c.Training {
		return x
	}
	sign := c.Affine(c.Binary(prog.Greater, c.perSample(x, 0, 1, l.Seed), c.Fill(0.5)), -2, 1)
	shear := func(f []float64) prog.Buf {
		lo, hi := between(f, -1)
		return c.Mul(sign, c.perSample(x, lo, hi, l.Seed))
	}
	t := c.affine([6]float64{1, 0, 0, 0, 1, 0}, part{shear(l.Y), [6]float64{3: 1}}, part{shear(l.X), [6]float64{1: 1}})
	return c.warp(x, t, l.FillMode, l.Interpolation, l.FillValue)
}
