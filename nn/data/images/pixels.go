package images

import (
	"image"
	"image/color"
	_ "image/jpeg" // decoders of image.Decode
	_ "image/png"
	"math"
)

// raster is an image's pixels, row by row, channels together, from 0 to 255.
type raster struct {
	height, width, channels int
	values                  []float32
}

// pixels are an image's in the channels wanted. Transparency is left out, not blended; 16-bit samples keep their upper
// 8 bits; gray is what libpng and libjpeg make of colours, which is what TensorFlow decodes with.
func pixels(img image.Image, c Color) raster {
	b := img.Bounds()
	r := raster{b.Dy(), b.Dx(), c.channels(), make([]float32, 0, b.Dy()*b.Dx()*c.channels())}
	ycc, isJPEG := img.(*image.YCbCr)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if isJPEG && c == Grayscale {
				r.values = append(r.values, float32(ycc.Y[ycc.YOffset(x, y)]))
				continue
			}
			p := straight(img.At(x, y))
			switch c {
			case Grayscale:
				r.values = append(r.values, gray(p))
			case RGB:
				r.values = append(r.values, float32(p.R), float32(p.G), float32(p.B))
			default:
				r.values = append(r.values, float32(p.R), float32(p.G), float32(p.B), float32(p.A))
			}
		}
	}
	return r
}

// straight is a colour that is not multiplied by its alpha.
func straight(c color.Color) color.NRGBA {
	switch c := c.(type) {
	case color.NRGBA:
		return c
	case color.NRGBA64:
		return color.NRGBA{uint8(c.R >> 8), uint8(c.G >> 8), uint8(c.B >> 8), uint8(c.A >> 8)}
	}
	return color.NRGBAModel.Convert(c).(color.NRGBA)
}

// gray is a colour's brightness.
func gray(p color.NRGBA) float32 {
	if p.R == p.G && p.G == p.B {
		return float32(p.R)
	}
	return float32((uint32(p.R)*9798 + uint32(p.G)*19235 + uint32(p.B)*3735) >> 15)
}

// resize lays an image over height x width pixels, as tf.image.resize does without antialiasing: pixel centres are at
// halves, and what lies beyond the edge is the edge.
func resize(dst []float32, height, width int, src raster, nearest bool) {
	rows, columns := places(height, src.height, nearest), places(width, src.width, nearest)
	n := src.channels
	for y, r := range rows {
		top, bottom := src.values[r.low*src.width*n:], src.values[r.high*src.width*n:]
		for x, c := range columns {
			for k := range n {
				left, right := c.low*n+k, c.high*n+k
				upper := top[left] + float32((top[right]-top[left])*c.share)
				lower := bottom[left] + float32((bottom[right]-bottom[left])*c.share)
				dst[(y*width+x)*n+k] = upper + float32((lower-upper)*r.share)
			}
		}
	}
}

// A between is where a pixel of the new image lies among the old one's: low and high, and the share of high.
type between struct {
	low, high int
	share     float32
}

func places(to, from int, nearest bool) []between {
	list := make([]between, to)
	scale := float32(from) / float32(to)
	for i := range list {
		at := float32((float32(i) + 0.5) * scale)
		if nearest {
			k := min(int(at), from-1)
			list[i] = between{k, k, 0}
			continue
		}
		at -= 0.5
		floor := float32(math.Floor(float64(at)))
		list[i] = between{max(int(floor), 0), min(max(int(floor)+1, 0), from-1), at - floor}
	}
	return list
}
