package endpoint

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/tabgrad/tabgrad/nn/data"
)

// What goes with application/octet-stream.
const (
	shapeHeader = "X-Tensor-Shape" // "2,28,28,1": all dimensions, the instances first; without it as many as there are
	typeHeader  = "X-Tensor-Type"  // "uint8", the default, or "float32", little-endian
)

// byteScale is what a byte's unit is worth: images are trained on and predicted from in 0..1.
const byteScale = float32(1) / 255

// maxSide bounds a drawing that is to be centred, and a PNG.
const maxSide = 1024

// decodeJSON takes {"instances": [...]}, numbers in lists as deep as the model's input. A list may leave
// out dimensions of 1 at the end ([28, 28] for [28, 28, 1]), and may be flat.
func (h *handler) decodeJSON(body []byte, r *http.Request) ([]float32, *problem) {
	if p := h.noCenter(r); p != nil {
		return nil, p
	}
	d := &jsonReader{src: body, most: h.most * h.model.inSize}
	x, shape, p := d.instances()
	if p != nil {
		return nil, p
	}
	return x, h.fits("instances", shape)
}

// fits checks the shape [n, ...] of what came.
func (h *handler) fits(where string, shape []int) *problem {
	if len(shape) == 0 || shape[0] == 0 {
		return refuse(http.StatusUnprocessableEntity, codeShape, "%s: there are none", where)
	}
	if shape[0] > h.most {
		return refuse(http.StatusRequestEntityTooLarge, codeTooLarge, "%s: there are %d, wanted at most %d", where, shape[0], h.most)
	}
	got, want := shape[1:], h.model.in
	if !equal(trimmed(got), trimmed(want)) && !equal(got, []int{h.model.inSize}) {
		return refuse(http.StatusUnprocessableEntity, codeShape, "%s: each is %s, the model wants %s", where, dims(got), dims(want))
	}
	return nil
}

// decodeBytes takes raw bytes, row-major, as uint8, of which each is worth 1/255, or float32.
func (h *handler) decodeBytes(body []byte, r *http.Request) ([]float32, *problem) {
	width := 1
	switch kind := strings.ToLower(headerText(r, typeHeader)); kind {
	case "", "uint8":
	case "float32":
		width = 4
	default:
		return nil, refuse(http.StatusBadRequest, codeHeader, "%s is %q, wanted uint8 or float32", typeHeader, clip(kind))
	}
	shape, p := shapeOf(headerText(r, shapeHeader))
	if p != nil {
		return nil, p
	}
	center, p := h.center(r)
	if p != nil {
		return nil, p
	}
	if shape == nil && center {
		return nil, refuse(http.StatusBadRequest, codeHeader, "%s is missing, wanted a drawing's height and width", shapeHeader)
	}
	if shape == nil {
		one := width * h.model.inSize
		if len(body)%one != 0 {
			return nil, refuse(http.StatusBadRequest, codeBody, "body: %d bytes, wanted a multiple of %d (an instance is %s of %d bytes)", len(body), one, dims(h.model.in), width)
		}
		shape = append([]int{len(body) / one}, h.model.in...)
	}
	// No overflow: shapeOf bounds the product.
	if want := width * size(shape); want != len(body) {
		return nil, refuse(http.StatusBadRequest, codeBody, "body: %d bytes, %s %s is %d", len(body), shapeHeader, dims(shape), want)
	}
	if center {
		if width != 1 || len(shape) != 2 || shape[0] > maxSide || shape[1] > maxSide {
			return nil, refuse(http.StatusUnprocessableEntity, codeShape, "center=digit: %s, wanted uint8 of height x width, at most %d each", dims(shape), maxSide)
		}
		return digit(body, shape[1], shape[0]), nil
	}
	if p := h.fits("body", shape); p != nil {
		return nil, p
	}
	if width == 1 {
		return scaled(body), nil
	}
	x := make([]float32, len(body)/4)
	for i := range x {
		x[i] = math.Float32frombits(binary.LittleEndian.Uint32(body[4*i:]))
	}
	return x, nil
}

// shapeOf reads "2,28,28,1"; nil where there is nothing.
func shapeOf(text string) ([]int, *problem) {
	if text == "" {
		return nil, nil
	}
	bad := refuse(http.StatusBadRequest, codeHeader, "%s is %q, wanted whole numbers like 1,28,28,1, with a product below 2^31", shapeHeader, clip(text))
	parts := strings.Split(text, ",")
	if len(parts) > 8 {
		return nil, bad
	}
	product, shape := 1, []int{}
	for _, part := range parts {
		d, err := strconv.ParseUint(strings.TrimSpace(part), 10, 31)
		if err != nil || d > 0 && product > math.MaxInt32/int(d) {
			return nil, bad
		}
		product *= int(d)
		shape = append(shape, int(d))
	}
	return shape, nil
}

// center reads the query's center=digit: a drawing of any size is cut out, scaled and centred as MNIST's
// digits were.
func (h *handler) center(r *http.Request) (bool, *problem) {
	switch v := r.URL.Query().Get("center"); {
	case v == "":
		return false, nil
	case v != "digit":
		return false, refuse(http.StatusBadRequest, codeValue, "center is %q, wanted digit or nothing", clip(v))
	case !h.model.isDigits():
		return false, refuse(http.StatusUnprocessableEntity, codeShape, "center=digit makes 28x28, the model wants %s", dims(h.model.in))
	}
	return true, nil
}

func (h *handler) noCenter(r *http.Request) *problem {
	center, p := h.center(r)
	if center {
		return refuse(http.StatusBadRequest, codeValue, "center=digit goes with a PNG or with raw bytes")
	}
	return p
}

// digit is a drawing, ink bright on black, as the model's input.
func digit(gray []byte, w, h int) []float32 {
	d := data.CenterDigit(gray, w, h)
	return scaled(d[:])
}

func scaled(b []byte) []float32 {
	x := make([]float32, len(b))
	for i, v := range b {
		x[i] = float32(v) * byteScale
	}
	return x
}

// decodePNG takes one image of the model's height and width: gray for one channel, else red, green and
// blue. With center=digit any size will do, and dark ink on light paper is turned around.
func (h *handler) decodePNG(body []byte, r *http.Request) ([]float32, *problem) {
	center, p := h.center(r)
	if p != nil {
		return nil, p
	}
	height, width, channels := imageShape(h.model.in)
	if height == 0 {
		return nil, refuse(http.StatusUnprocessableEntity, codeShape, "image: the model wants %s, which is no image", dims(h.model.in))
	}
	// The size is asked before the pixels are: a few bytes can announce many.
	config, err := png.DecodeConfig(bytes.NewReader(body))
	if err != nil {
		return nil, refuse(http.StatusBadRequest, codeImage, "image: not a PNG: %v", err)
	}
	if config.Width > maxSide || config.Height > maxSide {
		return nil, refuse(http.StatusRequestEntityTooLarge, codeTooLarge, "image: %dx%d pixels, wanted at most %d each way", config.Width, config.Height, maxSide)
	}
	if !center && (config.Width != width || config.Height != height) {
		hint := ""
		if h.model.isDigits() {
			hint = "; /v1/predict?center=digit takes drawings of any size"
		}
		return nil, refuse(http.StatusUnprocessableEntity, codeShape, "image: %d wide and %d high, the model wants %d and %d%s", config.Width, config.Height, width, height, hint)
	}
	img, err := png.Decode(bytes.NewReader(body))
	if err != nil {
		return nil, refuse(http.StatusBadRequest, codeImage, "image: not a PNG: %v", err)
	}
	if center {
		gray := onWhite(img, 1)
		w, h := img.Bounds().Dx(), img.Bounds().Dy()
		if lightBorder(gray, w, h) {
			for i := range gray {
				gray[i] = 255 - gray[i]
			}
		}
		return digit(gray, w, h), nil
	}
	return scaled(onWhite(img, channels)), nil
}

// imageShape is the height, width and channels of an input that is an image; 0 where it is none. Flat
// inputs of 784 are MNIST's images.
func imageShape(in []int) (h, w, c int) {
	switch {
	case len(in) == 3 && (in[2] == 1 || in[2] == 3):
		return in[0], in[1], in[2]
	case len(in) == 2:
		return in[0], in[1], 1
	case len(in) == 1 && in[0] == data.DigitSide*data.DigitSide:
		return data.DigitSide, data.DigitSide, 1
	}
	return 0, 0, 0
}

// onWhite is an image's bytes, what is transparent laid on white: one channel is the brightness of
// ITU-R BT.601.
func onWhite(img image.Image, channels int) []byte {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	flat := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(flat, flat.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(flat, flat.Rect, img, b.Min, draw.Over)
	out := make([]byte, 0, w*h*channels)
	for p := flat.Pix; len(p) > 0; p = p[4:] {
		if channels == 1 {
			out = append(out, byte((19595*uint32(p[0])+38470*uint32(p[1])+7471*uint32(p[2])+1<<15)>>16))
		} else {
			out = append(out, p[0], p[1], p[2])
		}
	}
	return out
}

// lightBorder says that the outermost pixels are bright on average: paper, not black.
func lightBorder(gray []byte, w, h int) bool {
	sum, n := 0, 0
	for y := range h {
		for x := range w {
			if x == 0 || y == 0 || x == w-1 || y == h-1 {
				sum += int(gray[y*w+x])
				n++
			}
		}
	}
	return sum > 127*n
}

// trimmed is a shape without trailing ones.
func trimmed(s []int) []int {
	for len(s) > 0 && s[len(s)-1] == 1 {
		s = s[:len(s)-1]
	}
	return s
}

func equal(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// dims is a shape for people: 28x28x1.
func dims(s []int) string {
	if len(s) == 0 {
		return "a number"
	}
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(s), " ", "x"), "[]")
}
