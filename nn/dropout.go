package nn

import "github.com/tabgrad/tabgrad/nn/prog"

// Dropout sets each element to zero with probability Rate in training, and multiplies the others by
// 1/(1-Rate), so that the expected sum stays. Elsewhere it does nothing. Masks are counter-based: the
// same seed and step give the same mask on every backend (prog.Philox).
type Dropout struct {
	Rate float64 `arg:"rate" required:"yes" min:"0" below:"1" doc:"Probability that an element is dropped."`
	Seed uint64  `arg:"seed" doc:"Seed of the masks; by default they come from the model's seed."`
	Name string  `arg:"name" doc:"The layer's name."`
}

// Build keeps the shape.
func (d Dropout) Build(_ *Scope, in prog.Shape) (prog.Shape, error) { return in, nil }

// Lower multiplies by a random mask in training.
func (d Dropout) Lower(c *Call, x prog.Buf) prog.Buf {
	if !c.Training || d.Rate == 0 {
		return x
	}
	return c.Mul(x, c.Random(prog.Keep, d.Rate, 0, d.Seed, c.Shape(x)))
}
