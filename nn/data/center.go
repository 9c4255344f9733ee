package data

// The geometry of an MNIST digit (yann.lecun.com/exdb/mnist): fitted into a box of digitBox pixels, its aspect kept, and
// put into a field of DigitSide pixels so that its centre of mass is at pixel centre.
const (
	// DigitSide is the width and height of an MNIST digit.
	DigitSide   = 28
	digitBox    = 20
	digitCentre = 14 // measured on the 10,000 test digits: mean 14.0, spread that of rounding
)

// CenterDigit makes an MNIST digit of a drawing: gray holds w*h bytes, row-major, ink bright on black (0 is paper). What is
// drawn, that is all ink of at least an eighth of the brightest, is cut out, scaled to fit 20x20 with its aspect kept (each
// pixel the mean of the area it covers), stretched in contrast to a peak of 255, and placed in 28x28 with its centre of mass
// at pixel (14, 14), moved by whole pixels and never out of the field. A blank drawing gives a blank digit. All arithmetic
// is on integers, so every platform gives the same bytes. It panics when gray is not w*h bytes.
func CenterDigit(gray []byte, w, h int) (digit [DigitSide * DigitSide]byte) {
	if w < 0 || h < 0 || len(gray) != w*h {
		panic("data: CenterDigit: " + itoa(len(gray)) + " bytes are no drawing of " + dims([]int{w, h}))
	}
	x0, y0, bw, bh := inkBox(gray, w, h)
	if bw == 0 {
		return digit
	}
	box, nx, ny := fitDigit(gray, w, x0, y0, bw, bh)

	var mass, mx, my, peak int64
	for y := range ny {
		for x := range nx {
			v := box[y*digitBox+x]
			mass += v
			mx += v * int64(x)
			my += v * int64(y)
			peak = max(peak, v)
		}
	}
	left, top := shift(mass, mx, nx), shift(mass, my, ny)
	for y := range ny {
		for x := range nx {
			digit[(top+y)*DigitSide+left+x] = byte((box[y*digitBox+x]*255 + peak/2) / peak)
		}
	}
	return digit
}

// inkBox is the smallest box around the ink; its width is 0 when there is none.
func inkBox(gray []byte, w, h int) (x0, y0, bw, bh int) {
	peak := 0
	for _, v := range gray {
		peak = max(peak, int(v))
	}
	if peak == 0 {
		return 0, 0, 0, 0
	}
	x0, y0 = w, h
	x1, y1 := 0, 0
	for y := range h {
		for x, v := range gray[y*w : (y+1)*w] {
			if int(v)*8 >= peak {
				x0, x1 = min(x0, x), max(x1, x+1)
				y0, y1 = min(y0, y), max(y1, y+1)
			}
		}
	}
	return x0, y0, x1 - x0, y1 - y0
}

// fitDigit scales the box of ink to nx x ny pixels, the longer side 20. Lengths are counted in 20ths of a source pixel, in
// which a source pixel is 20 long and a destination pixel m, the box's longer side: every overlap is then a whole number. A
// result is the sum of value*overlap area, so full ink is 255*m*m.
func fitDigit(gray []byte, w, x0, y0, bw, bh int) (box [digitBox * digitBox]int64, nx, ny int) {
	m := max(bw, bh)
	nx, ny = (digitBox*bw+m-1)/m, (digitBox*bh+m-1)/m
	// The shorter side rarely fills whole pixels; half of what is left over goes to either end.
	padX, padY := (nx*m-digitBox*bw)/2, (ny*m-digitBox*bh)/2
	for y := range ny {
		fromY, toY := max(y*m-padY, 0), min((y+1)*m-padY, digitBox*bh)
		for sy := fromY / digitBox; sy*digitBox < toY; sy++ {
			overlapY := min(toY, (sy+1)*digitBox) - max(fromY, sy*digitBox)
			row := gray[(y0+sy)*w+x0:][:bw]
			for x := range nx {
				fromX, toX := max(x*m-padX, 0), min((x+1)*m-padX, digitBox*bw)
				sum := 0
				for sx := fromX / digitBox; sx*digitBox < toX; sx++ {
					sum += int(row[sx]) * (min(toX, (sx+1)*digitBox) - max(fromX, sx*digitBox))
				}
				box[y*digitBox+x] += int64(sum) * int64(overlapY)
			}
		}
	}
	return box, nx, ny
}

// shift is where the box begins so that its centre of mass, moment/mass, comes nearest to pixel 14; of two as near, the
// lower, which puts a symmetric digit's box in the middle of the field.
func shift(mass, moment int64, n int) int {
	at := (2*(digitCentre*mass-moment) + mass - 1) / (2 * mass) // rounded; where it is negative, max cuts it off
	return int(min(max(at, 0), int64(DigitSide-n)))
}
