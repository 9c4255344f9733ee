package digits

import "github.com/tabgrad/tabgrad/nn/data"

// A product is written float64(a*b) wherever it is added to: Go may otherwise fuse the two into one operation with one
// rounding on some platforms, and the digits would no longer be the same everywhere (Go specification, "Floating-point
// operators"). That none is left shows in
//
//	GOARCH=arm64 go build -a -gcflags=-S ./nn/data/digits 2>&1 | grep -E 'nn/data.*FN?M(ADD|SUB)D'

// dot is a point of the pen's path; down is false where the pen is set down anew.
type dot struct {
	x, y, radius float64
	down         bool
}

// perSpan is how many straight pieces a span of a curve becomes: at 50 pixels high, one is 3 to 6 pixels long.
const perSpan = 4

// bell is roughly normal with mean 0 and deviation 1: the sum of four uniforms, never beyond 3.5.
func bell(r *data.Random) float64 {
	const deviation = 0.5773502691896258 // of the sum: sqrt(4/12)
	return (r.Float64() + r.Float64() + r.Float64() + r.Float64() - 2) / deviation
}

// between is uniform in [low, high).
func between(r *data.Random, low, high float64) float64 {
	return low + float64((high-low)*r.Float64())
}

// maxPoints is the most points a stroke of a style may have.
const maxPoints = 16

// trace lays the path of a style, each of its points moved by a hand's imprecision.
func (g *generator) trace(s *style) {
	const sloppy = 0.028 // of the digit's height
	g.path = g.path[:0]
	var moved [maxPoints]point
	for _, stroke := range s.strokes {
		points := moved[:len(stroke)]
		for i, p := range stroke {
			if i > 0 && p == stroke[i-1] {
				points[i] = points[i-1] // still a corner
				continue
			}
			points[i] = point{p.x + float64(sloppy*bell(g.random)), p.y + float64(sloppy*bell(g.random))}
		}
		g.curve(points)
	}
}

// curve appends a uniform Catmull-Rom spline through the points, broken at corners.
// Its two ends come a little early or late.
func (g *generator) curve(p []point) {
	begin, end := between(g.random, -0.3, 0.4), between(g.random, 0.6, 1.3)
	for i := 0; i+1 < len(p); i++ {
		a, b := p[i], p[i+1]
		if a == b {
			continue
		}
		before, after := a, b
		if i > 0 && p[i-1] != a {
			before = p[i-1]
		}
		if i+2 < len(p) && p[i+2] != b {
			after = p[i+2]
		}
		from, to := 0.0, 1.0
		if i == 0 {
			from = begin
		}
		if i+2 == len(p) {
			to = end
		}
		for k := 0; k <= perSpan; k++ {
			t := from + float64(float64((to-from)*float64(k))/perSpan)
			g.path = append(g.path, dot{
				x:    spline(before.x, a.x, b.x, after.x, t),
				y:    spline(before.y, a.y, b.y, after.y, t),
				down: i > 0 || k > 0,
			})
		}
	}
}

// spline is the Catmull-Rom cubic from b (t=0) to c (t=1), its slope there half the distance of the neighbours.
func spline(a, b, c, d, t float64) float64 {
	c1 := c - a
	c2 := float64(2*a) - float64(5*b) + float64(4*c) - d
	c3 := float64(3*(b-c)) + d - a
	return b + float64(0.5*float64(t*(c1+float64(t*(c2+float64(t*c3))))))
}

// field is a smooth random displacement of the plane: a uniform cubic B-spline over a grid of control points, the
// elastic distortion of Simard, Steinkraus and Platt (2003) without its convolution. The digit lies in its middle cell.
type field struct {
	dx, dy [fieldSide][fieldSide]float64
}

// fieldSide is the control points along a side: a digit spans fieldSide-3 cells.
const fieldSide = 6

func (f *field) fill(r *data.Random, strength float64) {
	for i := range fieldSide {
		for j := range fieldSide {
			f.dx[i][j] = float64(strength * bell(r))
			f.dy[i][j] = float64(strength * bell(r))
		}
	}
}

// at is the displacement of a point.
func (f *field) at(x, y float64) (dx, dy float64) {
	j, wx := cell(x)
	i, wy := cell(y)
	for a := range 4 {
		for b := range 4 {
			w := wy[a] * wx[b]
			dx += float64(w * f.dx[i+a][j+b])
			dy += float64(w * f.dy[i+a][j+b])
		}
	}
	return dx, dy
}

// cell is the grid cell that a coordinate lies in, and the weights of the four control points around it.
func cell(v float64) (int, [4]float64) {
	v = float64(min(max(v, 0), 0.999) * (fieldSide - 3))
	i := int(v)
	t := v - float64(i)
	u := 1 - t
	t2, u2 := float64(t*t), float64(u*u)
	t3, u3 := float64(t2*t), float64(u2*u)
	return i, [4]float64{
		u3 / 6,
		(4 - float64(6*t2) + float64(3*t3)) / 6,
		(4 - float64(6*u2) + float64(3*u3)) / 6,
		t3 / 6,
	}
}

// warp bends, slants, turns and stretches the path, and gives the pen its width along it.
func (g *generator) warp(label int) {
	r := g.random
	g.field.fill(r, between(r, 0.03, 0.12))

	// Width against height: mostly narrow, as people write, with a tail of wide ones.
	stretch := 0.6 + float64(0.55*r.Float64()) + float64(0.55*float64(r.Float64()*r.Float64()))
	middle := float64(0.36 * bell(r)) // moves the waist up or down: an 8's halves are seldom alike
	taper := float64(0.4 * bell(r))   // and seldom of one width
	slant := 0.12 + float64(0.25*bell(r))
	half := float64(0.055 * bell(r)) // tangent of half the angle turned by, so that no sine is needed
	norm := 1 + float64(half*half)
	cos, sin := (1-float64(half*half))/norm, 2*half/norm

	radius := 0.036 + float64(0.055*r.Float64()) + float64(0.065*float64(r.Float64()*r.Float64()))
	switch label {
	case 0: // some lie on their side
		stretch = float64(stretch * (1 + float64(0.6*float64(r.Float64()*r.Float64()))))
	case 1: // short strokes leave time to slant and to press
		slant = 0.22 + float64(0.26*bell(r))
		radius = float64(radius * (1 + float64(0.5*float64(r.Float64()*r.Float64()))))
	}
	pressure, wave := float64(0.16*bell(r)), float64(0.12*bell(r))
	for i := range g.path {
		p := &g.path[i]
		dx, dy := g.field.at(p.x, p.y)
		x, y := p.x-0.5, p.y
		y += float64(middle * float64(y*(1-y)))
		x = float64(x * max(0.3, 1+float64(taper*(y-0.5))))
		x, y = x+dx, y+dy-0.5
		x = float64(x*stretch) - float64(y*slant)
		p.x, p.y = float64(x*cos)-float64(y*sin), float64(x*sin)+float64(y*cos)
		// The pen presses harder towards one end, and more or less in the middle.
		t := float64(i) / float64(len(g.path)-1)
		bow := float64(float64(4*t) * (1 - t))
		p.radius = float64(radius * max(0.5, 1+float64(pressure*(float64(2*t)-1))+float64(wave*(bow-0.5))))
	}
}
