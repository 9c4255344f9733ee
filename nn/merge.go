package nn

import "github.com/tabgrad/tabgrad/nn/prog"

// The layers of this file join tensors element by element. Shapes are stretched as NumPy does; a tensor
// of fewer dimensions gets ones behind the batch.

// Add is x₁ + x₂ + ...
type Add struct {
	Multi
	Name string `arg:"name" doc:"The layer's name."`
}

// Subtract is x₁ - x₂.
type Subtract struct {
	Multi
	Name string `arg:"name" doc:"The layer's name."`
}

// Multiply is x₁ · x₂ · ..., element by element. Where all inputs have masks, what a mask leaves out counts as 1.
type Multiply struct {
	Multi
	Name string `arg:"name" doc:"The layer's name."`
}

// Average is (x₁ + x₂ + ...) / n.
type Average struct {
	Multi
	Name string `arg:"name" doc:"The layer's name."`
}

// Maximum is the largest of each element. What a mask leaves out does not count.
type Maximum struct {
	Multi
	Name string `arg:"name" doc:"The layer's name."`
}

// Minimum is the smallest of each element. What a mask leaves out does not count.
type Minimum struct {
	Multi
	Name string `arg:"name" doc:"The layer's name."`
}

// Concatenate joins tensors along one dimension; the others must be the same.
type Concatenate struct {
	Multi
	Axis int    `arg:"axis" default:"-1" doc:"The dimension, counted with the batch, or from the end where it is below 0."`
	Name string `arg:"name" doc:"The layer's name."`
}

// BuildMulti returns the shape that all are stretched to.
func (Add) BuildMulti(_ *Scope, in []prog.Shape) ([]prog.Shape, error) { return merged(in) }

// BuildMulti returns the shape that both are stretched to.
func (Subtract) BuildMulti(_ *Scope, in []prog.Shape) ([]prog.Shape, error) {
	if len(in) != 2 {
		return nil, fail(ErrConfig, "got %d inputs, wanted 2", len(in))
	}
	return merged(in)
}

// BuildMulti returns the shape that all are stretched to.
func (Multiply) BuildMulti(_ *Scope, in []prog.Shape) ([]prog.Shape, error) { return merged(in) }

// BuildMulti returns the shape that all are stretched to.
func (Average) BuildMulti(_ *Scope, in []prog.Shape) ([]prog.Shape, error) { return merged(in) }

// BuildMulti returns the shape that all are stretched to.
func (Maximum) BuildMulti(_ *Scope, in []prog.Shape) ([]prog.Shape, error) { return merged(in) }

// BuildMulti returns the shape that all are stretched to.
func (Minimum) BuildMulti(_ *Scope, in []prog.Shape) ([]prog.Shape, error) { return merged(in) }

func merged(in []prog.Shape) ([]prog.Shape, error) {
	out := in[0]
	for _, s := range in[1:] {
		joined, ok := prog.BroadcastShape(out, s)
		if !ok {
			return nil, fail(ErrShape, "wanted shapes that are the same, or 1 where they differ")
		}
		out = joined
	}
	return []prog.Shape{out}, nil
}

// LowerMulti adds.
func (Add) LowerMulti(c *Call, x []prog.Buf) []prog.Buf {
	c.SetMask(0, anyMask(c))
	return []prog.Buf{fold(c, x, c.Add)}
}

// LowerMulti subtracts.
func (Subtract) LowerMulti(c *Call, x []prog.Buf) []prog.Buf {
	c.SetMask(0, anyMask(c))
	return []prog.Buf{fold(c, x, c.Sub)}
}

// LowerMulti adds and divides.
func (Average) LowerMulti(c *Call, x []prog.Buf) []prog.Buf {
	c.SetMask(0, anyMask(c))
	return []prog.Buf{c.Affine(fold(c, x, c.Add), 1/float64(len(x)), 0)}
}

// LowerMulti multiplies.
func (Multiply) LowerMulti(c *Call, x []prog.Buf) []prog.Buf {
	mask := anyMask(c)
	c.SetMask(0, mask)
	x = append([]prog.Buf{}, x...)
	for i := range x {
		if m := c.Mask(i); m != prog.None { // x where it counts, else 1
			m = alongside(c.Builder, m, x[i])
			x[i] = c.Add(c.Mul(x[i], m), c.Affine(m, -1, 1))
		}
	}
	y := fold(c, x, c.Mul)
	if mask != prog.None {
		y = c.Mul(y, alongside(c.Builder, mask, y))
	}
	return []prog.Buf{y}
}

// LowerMulti takes the largest.
func (Maximum) LowerMulti(c *Call, x []prog.Buf) []prog.Buf { return extreme(c, x, prog.Maximum) }

// LowerMulti takes the smallest.
func (Minimum) LowerMulti(c *Call, x []prog.Buf) []prog.Buf { return extreme(c, x, prog.Minimum) }

// extreme is the largest or smallest of what the masks leave.
func extreme(c *Call, x []prog.Buf, f prog.Binary) []prog.Buf {
	c.SetMask(0, anyMask(c))
	x = sameRank(c, x)
	y, mask := x[0], c.Mask(0)
	for i := range x[1:] {
		next, m := x[i+1], c.Mask(i+1)
		if m != prog.None { // where it does not count, the one so far
			next = choose(c, alongside(c.Builder, m, next), next, y)
		}
		if mask != prog.None {
			y = choose(c, alongside(c.Builder, mask, y), y, next)
		}
		y = c.Binary(f, y, next)
		if mask != prog.None && m != prog.None {
			mask = c.Binary(prog.Maximum, mask, m)
		} else {
			mask = prog.None
		}
	}
	return []prog.Buf{y}
}

// choose is a where mask is 1 and b where it is 0.
func choose(c *Call, mask, a, b prog.Buf) prog.Buf {
	return c.Add(c.Mul(a, mask), c.Mul(b, c.Affine(mask, -1, 1)))
}

// anyMask is 1 where a step of any input counts; None where an input has no mask.
func anyMask(c *Call) prog.Buf {
	mask := c.Mask(0)
	for i := range c.Ins() {
		m := c.Mask(i)
		if m == prog.None || mask == prog.None {
			return prog.None
		}
		if i > 0 {
			mask = c.Binary(prog.Maximum, mask, m)
		}
	}
	return mask
}

// fold is f(f(x₁, x₂), x₃) ...
func fold(c *Call, x []prog.Buf, f func(a, b prog.Buf) prog.Buf) prog.Buf {
	x = sameRank(c, x)
	y := x[0]
	for _, next := range x[1:] {
		y = f(y, next)
	}
	return y
}

// sameRank puts ones behind the batch of those that have fewer dimensions.
func sameRank(c *Call, x []prog.Buf) []prog.Buf {
	rank := 0
	for _, b := range x {
		rank = max(rank, len(c.Shape(b)))
	}
	out := make([]prog.Buf, len(x))
	for i, b := range x {
		s := c.Shape(b)
		if c.Err() == nil && len(s) < rank {
			wide := append(prog.Shape{s[0]}, make(prog.Shape, rank-len(s))...)
			for k := range wide[1:] {
				wide[k+1] = 1
			}
			b = c.Reshape(b, append(wide, s[1:]...)...)
		}
		out[i] = b
	}
	return out
}

// BuildMulti adds the lengths up.
func (l Concatenate) BuildMulti(_ *Scope, in []prog.Shape) ([]prog.Shape, error) {
	axis, err := axisOf(l.Axis, in[0])
	if err != nil {
		return nil, err
	}
	out := append(prog.Shape{}, in[0]...)
	for _, s := range in[1:] {
		same := len(s) == len(out)
		for d := range s {
			same = same && (d == axis || s[d] == out[d])
		}
		if !same {
			return nil, fail(ErrShape, "wanted shapes that are the same but for dimension %d", axis)
		}
		out[axis] += s[axis]
	}
	return []prog.Shape{out}, nil
}

// LowerMulti concatenates.
func (l Concatenate) LowerMulti(c *Call, x []prog.Buf) []prog.Buf {
	axis, _ := axisOf(l.Axis, c.In())
	c.SetMask(0, l.mask(c, x, axis))
	return []prog.Buf{c.Concat(axis+1, x...)}
}

// mask is the inputs' masks, stretched to the inputs, concatenated as they are, and 1 where any element of the
// last dimension counts.
func (l Concatenate) mask(c *Call, x []prog.Buf, axis int) prog.Buf {
	some := false
	for i := range x {
		some = some || c.Mask(i) != prog.None
	}
	if !some || c.Err() != nil {
		return prog.None
	}
	masks := make([]prog.Buf, len(x))
	for i, b := range x {
		if m := c.Mask(i); m != prog.None {
			masks[i] = c.Broadcast(alongside(c.Builder, m, b), c.Shape(b))
		} else {
			masks[i] = c.Fill(1, c.Shape(b)...)
		}
	}
	return c.Reduce(prog.Max, c.Concat(axis+1, masks...), false, -1)
}
