package nn

import (
	"math"
	"slices"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// Lower changes one colour property behind another.
func (l RandomColorJitter) Lower(c *Call, x prog.Buf) prog.Buf {
	for _, part := range l.parts() {
		x = part.Lower(c, x)
	}
	return x
}

// Lower turns hues.
func (l RandomHue) Lower(c *Call, x prog.Buf) prog.Buf {
	if !c.Training {
		return x
	}
	sign := c.Affine(c.Binary(prog.Greater, c.perImage(x, 0, 1, l.Seed), c.Fill(0.5)), -2, 1)
	turn := c.Affine(c.Mul(sign, c.drawn(x, l.Factor, l.Seed)), 0.5, 0)
	least, width := slices.Min(l.Range), slices.Max(l.Range)-slices.Min(l.Range)
	h, s, v := c.toHSV(c.Affine(x, 1/width, -least/width))
	h = c.Add(h, turn)
	h = c.Sub(h, c.Binary(prog.Greater, h, c.Fill(1)))
	h = c.Add(h, c.Binary(prog.Less, h, c.Fill(0)))
	return c.Affine(c.UnaryConst(prog.Clip, c.fromHSV(h, s, v), 0, 1), width, least)
}

// Lower multiplies saturations.
func (l RandomSaturation) Lower(c *Call, x prog.Buf) prog.Buf {
	if !c.Training {
		return x
	}
	f := c.drawn(x, l.Factor, l.Seed)
	h, s, v := c.toHSV(x)
	s = c.clip(c.Mul(s, c.Div(f, c.Affine(f, -1, 1+1e-7))), l.Range)
	return c.fromHSV(h, s, v)
}

// toHSV is hue, from 0 to 1, saturation and value of images [N,H,W,3], each [N,H,W,1] (TensorFlow's
// core/kernels/image/colorspace_op.h).
func (c *Call) toHSV(x prog.Buf) (h, s, v prog.Buf) {
	size := c.Shape(x)
	if c.Err() != nil {
		return prog.None, prog.None, prog.None
	}
	channel := func(i int) prog.Buf {
		return c.Slice(x, []int{0, 0, 0, i}, prog.Shape{size[0], size[1], size[2], 1})
	}
	r, g, b := channel(0), channel(1), channel(2)
	v = c.Reduce(prog.Max, x, true, 3)
	spread := c.Add(v, c.Reduce(prog.Max, c.Unary(prog.Neg, x), true, 3))
	quotient := func(x, by prog.Buf) prog.Buf { // 0 where by is not above 0
		some := c.Binary(prog.Greater, by, c.Fill(0))
		return c.Binary(prog.Where, c.Div(x, c.Select(some, by, c.Fill(1))), some)
	}
	s = quotient(spread, v)
	sixths := func(a, b prog.Buf, from float64) prog.Buf {
		return c.Affine(quotient(c.Sub(a, b), spread), 1.0/6, from)
	}
	h = c.Select(c.Binary(prog.Equal, r, v), sixths(g, b, 0),
		c.Select(c.Binary(prog.Equal, g, v), sixths(b, r, 1.0/3), sixths(r, g, 2.0/3)))
	h = c.Binary(prog.Where, h, c.Binary(prog.Greater, spread, c.Fill(0)))
	return c.Add(h, c.Binary(prog.Less, h, c.Fill(0))), s, v
}

// fromHSV goes back: v·((1-s) + s·d), with d from 0 to 1 for each of red, green and blue by the hue's distance
// from it on the circle.
func (c *Call) fromHSV(h, s, v prog.Buf) prog.Buf {
	distance := c.Unary(prog.Abs, c.Sub(c.Affine(h, 6, 0), c.row([]float64{3, 2, 4})))
	d := c.UnaryConst(prog.Clip, c.Add(c.Mul(distance, c.row([]float64{1, -1, -1})), c.row([]float64{-1, 2, 2})), 0, 1)
	return c.Mul(v, c.Add(c.Affine(s, -1, 1), c.Mul(s, d)))
}

// normal draws standard normal numbers of x's shape, of two uniform ones each (Box and Muller, "A note on the
// generation of random normal deviates", 1958).
func (c *Call) normal(x prog.Buf, seed uint64) prog.Buf {
	draw := func() prog.Buf { return c.Random(prog.Uniform, 0, 1, seed, c.Shape(x)) }
	size := c.Unary(prog.Sqrt, c.Affine(c.Unary(prog.Log, c.Affine(draw(), -1, 1)), -2, 0))
	return c.Mul(size, c.Unary(prog.Cos, c.Affine(draw(), 2*math.Pi, 0)))
}
