package data

import "math"

// Column is one part of every sample of a dataset: its pixels, say, or its label.
type Column interface {
	// Len is the number of samples.
	Len() int
	// Shape is one sample's shape; empty for a single number.
	Shape() []int
	// CopyRow fills dst, as long as Shape's product, with sample i, 0 <= i < Len().
	CopyRow(dst []float32, i int)
}

// Array is a column of numbers, row-major [n, sample...], held as float32 or as bytes of which each is worth byte*scale.
type Array struct {
	shape  []int
	row    int // elements of one sample
	floats []float32
	bytes  []byte
	scaled [256]float32 // byte -> float32, so that a batch costs one load for a byte
}

// NewFloats wraps values, without copying, as an array of shape [n, sample...]. It fails with ErrShape when the lengths
// do not agree.
func NewFloats(shape []int, values []float32) (*Array, error) {
	a, err := newArray(shape, len(values))
	if err != nil {
		return nil, err
	}
	a.floats = values
	return a, nil
}

// NewBytes wraps bytes, without copying, as an array of shape [n, sample...] in which a byte b stands for b*scale
// (1.0/255 for images in 0..1). It fails with ErrShape when the lengths do not agree, and with ErrNotFinite on such a scale.
func NewBytes(shape []int, bytes []byte, scale float32) (*Array, error) {
	if s := float64(scale); math.IsNaN(s) || math.IsInf(s, 0) {
		return nil, fail(ErrNotFinite, "array: the scale of a byte is not a finite number")
	}
	a, err := newArray(shape, len(bytes))
	if err != nil {
		return nil, err
	}
	a.bytes = bytes
	for b := range a.scaled {
		a.scaled[b] = float32(b) * scale
	}
	return a, nil
}

func newArray(shape []int, got int) (*Array, error) {
	if len(shape) == 0 {
		return nil, fail(ErrShape, "array: a shape is [samples, ...], got none")
	}
	want, ok := product(shape)
	if !ok {
		return nil, fail(ErrShape, "array: ", dims(shape), " is no shape")
	}
	if want != got {
		return nil, fail(ErrShape, "array: ", itoa(want), " elements wanted for ", dims(shape), ", got ", itoa(got))
	}
	row, ok := product(shape[1:])
	if !ok {
		return nil, fail(ErrShape, "array: ", dims(shape), " is no shape")
	}
	return &Array{shape: append([]int(nil), shape...), row: row}, nil
}

// Len is the number of samples.
func (a *Array) Len() int { return a.shape[0] }

// Shape is one sample's shape, without the number of samples.
func (a *Array) Shape() []int { return a.shape[1:] }

// Bytes is what NewBytes was given, nil for an array of floats.
func (a *Array) Bytes() []byte { return a.bytes }

// Floats is what NewFloats was given, nil for an array of bytes.
func (a *Array) Floats() []float32 { return a.floats }

// CopyRow fills dst with sample i.
func (a *Array) CopyRow(dst []float32, i int) {
	if a.bytes == nil {
		copy(dst[:a.row], a.floats[i*a.row:])
		return
	}
	src := a.bytes[i*a.row : (i+1)*a.row]
	dst = dst[:len(src)]
	for j, b := range src {
		dst[j] = a.scaled[b]
	}
}

// Reshape gives the same elements another sample shape: [28,28] images to [28,28,1], say. It fails with ErrShape when
// the number of elements changes.
func (a *Array) Reshape(sample ...int) (*Array, error) {
	if n, ok := product(sample); !ok || n != a.row {
		return nil, fail(ErrShape, "array: samples of ", dims(a.Shape()), " cannot become ", dims(sample))
	}
	b := *a
	b.shape = append([]int{a.Len()}, sample...)
	return &b, nil
}

// Head is the first n samples, sharing the elements. It fails with ErrIndex when there are fewer.
func (a *Array) Head(n int) (*Array, error) {
	if n < 0 || n > a.Len() {
		return nil, fail(ErrIndex, "array: the first ", itoa(n), " samples of ", itoa(a.Len()))
	}
	b := *a
	b.shape = append([]int{n}, a.Shape()...)
	if a.bytes != nil {
		b.bytes = a.bytes[:n*a.row]
	} else {
		b.floats = a.floats[:n*a.row]
	}
	return &b, nil
}

// CheckFinite fails with an *Error that wraps ErrNotFinite and names the first row that holds a NaN or an infinity:
// "x: row 17 holds NaN at element 3 of 28x28". name says whose data it is.
func (a *Array) CheckFinite(name string) error {
	for i, v := range a.floats {
		if v-v == 0 { // false for NaN and both infinities
			continue
		}
		what := "NaN"
		switch {
		case v > 0:
			what = "+Inf"
		case v < 0:
			what = "-Inf"
		}
		return failRow(ErrNotFinite, i/a.row, name, ": row ", itoa(i/a.row), " holds ", what, " at element ", itoa(i%a.row), " of ", dims(a.Shape()))
	}
	return nil
}
