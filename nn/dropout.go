package nn

import (
	"math"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// Dropout sets each element to zero with probability Rate in training, and multiplies the others by
// 1/(1-Rate), so that the expected sum stays. Elsewhere it does nothing. Masks are counter-based: the
// same seed and step give the same mask on every backend (prog.Philox).
type Dropout struct {
	Rate       float64    `arg:"rate" required:"yes" min:"0" max:"1" doc:"Probability that an element is dropped."`
	NoiseShape NoiseShape `arg:"noise_shape" doc:"The mask's shape, with the batch: the same mask is used along dimensions of 1, and null is the input's size. By default each element has its own."`
	Seed       uint64     `arg:"seed" doc:"Seed of the masks; by default they come from the model's seed."`
	Name       string     `arg:"name" doc:"The layer's name."`
}

// SpatialDropout1D is Dropout of whole channels of a sequence [T, C]: at all its steps or none (Tompson et al. 2014).
type SpatialDropout1D struct {
	Rate float64 `arg:"rate" required:"yes" min:"0" max:"1" doc:"Probability that a channel is dropped."`
	Seed uint64  `arg:"seed" doc:"Seed of the masks; by default they come from the model's seed."`
	Name string  `arg:"name" doc:"The layer's name."`
}

// SpatialDropout2D is Dropout of whole channels of an image [H, W, C] (Tompson et al. 2014).
type SpatialDropout2D struct {
	Rate float64 `arg:"rate" required:"yes" min:"0" max:"1" doc:"Probability that a channel is dropped."`
	Seed uint64  `arg:"seed" doc:"Seed of the masks; by default they come from the model's seed."`
	Name string  `arg:"name" doc:"The layer's name."`
}

// AlphaDropout sets elements in training to what SELU has far to the left, with probability Rate, and scales and shifts
// all, so that mean and variance stay those of SELU's outputs (Klambauer et al. 2017).
type AlphaDropout struct {
	Rate       float64    `arg:"rate" required:"yes" min:"0" below:"1" doc:"Probability that an element is dropped."`
	NoiseShape NoiseShape `arg:"noise_shape" doc:"The mask's shape, with the batch: the same mask is used along dimensions of 1, and null is the input's size. By default each element has its own."`
	Seed       uint64     `arg:"seed" doc:"Seed of the masks; by default they come from the model's seed."`
	Name       string     `arg:"name" doc:"The layer's name."`
}

// Build keeps the shape.
func (l Dropout) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	return in, l.NoiseShape.check(in)
}

// Build keeps the shape.
func (l AlphaDropout) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	return in, l.NoiseShape.check(in)
}

// Build keeps the shape.
func (l SpatialDropout1D) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	_, err := window{sequence: true}.image(in)
	return in, err
}

// Build keeps the shape.
func (l SpatialDropout2D) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	_, err := window{}.image(in)
	return in, err
}

// check refuses a shape that cannot be stretched to a batch of in. The batch's size is known later.
func (n NoiseShape) check(in prog.Shape) error {
	ok := len(n) == 0 || len(n) == len(in)+1 && n[0] >= 0
	for i := 1; ok && i < len(n); i++ {
		ok = n[i] == 0 || n[i] == 1 || n[i] == in[i-1]
	}
	if !ok {
		return fail(ErrConfig, "noise_shape is %s for samples of %v, wanted the batch's size or null, and for each dimension its size, 1 or null", show(n.config()), in)
	}
	return nil
}

// of is the shape for a batch x.
func (n NoiseShape) of(c *Call, x prog.Buf) prog.Shape {
	shape := append(prog.Shape{}, c.Shape(x)...)
	for i, d := range n {
		if c.Err() == nil && d != 0 {
			shape[i] = d
		}
	}
	if s := c.Shape(x); c.Err() == nil && shape[0] != 1 && shape[0] != s[0] {
		c.Fail(fail(ErrShape, "noise_shape is %s, and the batch has %d samples", show(n.config()), s[0]))
	}
	return shape
}

// Lower multiplies by a random mask in training.
func (l Dropout) Lower(c *Call, x prog.Buf) prog.Buf {
	return drop(c, x, l.Rate, l.Seed, l.NoiseShape)
}

// Lower multiplies by a random mask in training.
func (l SpatialDropout1D) Lower(c *Call, x prog.Buf) prog.Buf {
	return drop(c, x, l.Rate, l.Seed, NoiseShape{0, 1, 0})
}

// Lower multiplies by a random mask in training.
func (l SpatialDropout2D) Lower(c *Call, x prog.Buf) prog.Buf {
	return drop(c, x, l.Rate, l.Seed, NoiseShape{0, 1, 1, 0})
}

func drop(c *Call, x prog.Buf, rate float64, seed uint64, noise NoiseShape) prog.Buf {
	switch {
	case !c.Training || rate == 0:
		return x
	case rate == 1:
		return c.Fill(0, c.Shape(x)...)
	}
	return c.Mul(x, c.Random(prog.Keep, rate, 0, seed, noise.of(c, x)))
}

// Lower replaces by a random mask in training.
func (l AlphaDropout) Lower(c *Call, x prog.Buf) prog.Buf {
	if !c.Training || l.Rate == 0 {
		return x
	}
	const far = -1.6732632423543772848170429916717 * 1.0507009873554804934193349852946
	a := 1 / math.Sqrt((1-l.Rate)*(1+l.Rate*far*far))
	b := -a * far * l.Rate
	kept := c.Random(prog.Keep, l.Rate, 0, l.Seed, l.NoiseShape.of(c, x))
	return c.Select(kept, c.Affine(x, a, b), c.Fill(a*far+b))
}

// KeepsMask: what counts goes on to count.
func (SpatialDropout1D) KeepsMask() {}

// KeepsMask: what counts goes on to count.
func (SpatialDropout2D) KeepsMask() {}

// KeepsMask: what counts goes on to count.
func (AlphaDropout) KeepsMask() {}
