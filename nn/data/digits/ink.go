package digits

import (
	"math"

	"github.com/tabgrad/tabgrad/nn/data"
)

// box is how many pixels the longer side of a digit has when it is drawn: two and a half times what CenterDigit leaves of it,
// about as much as the forms that MNIST was scanned from had.
const box = 50

// ink is the sheet a digit is drawn on.
type ink struct {
	depth [box * box]float64 // how far inside the ink a pixel's centre is, in pixels; negative outside
	gray  [box * box]byte
}

// draw fits the path, with its width, into the sheet and draws it. The drawing is the first w*h bytes of gray.
func (k *ink) draw(path []dot, r *data.Random) (w, h int) {
	left, top, right, bottom := path[0].x, path[0].y, path[0].x, path[0].y
	for _, p := range path {
		left, right = min(left, p.x-p.radius), max(right, p.x+p.radius)
		top, bottom = min(top, p.y-p.radius), max(bottom, p.y+p.radius)
	}
	scale := box / max(right-left, bottom-top)
	w = min(box, int(math.Ceil(float64((right-left)*scale))))
	h = min(box, int(math.Ceil(float64((bottom-top)*scale))))
	depth := k.depth[:w*h]
	for i := range depth {
		depth[i] = -box
	}
	var last dot
	for _, p := range path {
		p.x, p.y, p.radius = float64((p.x-left)*scale), float64((p.y-top)*scale), float64(p.radius*scale)
		if p.down {
			k.segment(last, p, w, h)
		}
		last = p
	}
	k.develop(w, h, r)
	return w, h
}

// segment draws the pen's way from a to b: a pixel's depth is the pen's radius at the nearest point of the segment, less the
// distance to it.
func (k *ink) segment(a, b dot, w, h int) {
	dx, dy := b.x-a.x, b.y-a.y
	length2 := float64(dx*dx) + float64(dy*dy)
	if length2 == 0 {
		return
	}
	perLength2 := 1 / length2
	swell := b.radius - a.radius
	reach := max(a.radius, b.radius) + 1
	reach2 := float64(reach * reach)
	x0, x1 := max(0, int(min(a.x, b.x)-reach)), min(w-1, int(max(a.x, b.x)+reach))
	y0, y1 := max(0, int(min(a.y, b.y)-reach)), min(h-1, int(max(a.y, b.y)+reach))
	for y := y0; y <= y1; y++ {
		py := float64(y) + 0.5 - a.y
		row := k.depth[y*w+x0 : y*w+x1+1]
		for i := range row {
			px := float64(x0+i) + 0.5 - a.x
			t := float64((float64(px*dx) + float64(py*dy)) * perLength2)
			// Plain comparisons: min and max also mind NaN and -0, and this line runs 10,000 times a digit.
			if t < 0 {
				t = 0
			} else if t > 1 {
				t = 1
			}
			ex, ey := px-float64(t*dx), py-float64(t*dy)
			distance2 := float64(ex*ex) + float64(ey*ey)
			if distance2 >= reach2 {
				continue
			}
			if d := a.radius + float64(t*swell) - math.Sqrt(distance2); d > row[i] {
				row[i] = d
			}
		}
	}
}

// develop turns depths into gray: full a half pixel inside the edge, none a half pixel outside, and the edge itself rough,
// as ink on paper is.
func (k *ink) develop(w, h int, r *data.Random) {
	const rough = 1.2 // pixels
	for i, d := range k.depth[:w*h] {
		if d > -1 && d < 1 {
			d += float64(rough * (r.Float64() - 0.5))
		}
		k.gray[i] = byte(255 * min(max(d+0.5, 0), 1))
	}
}
