package prog

import (
	"slices"
	"strconv"
	"strings"
)

// A Shape lists a tensor's dimensions, outermost first. The empty shape is a scalar.
type Shape []int

// Size is the number of elements: the product of the dimensions, 1 for a scalar.
func (s Shape) Size() int {
	n := 1
	for _, d := range s {
		n *= d
	}
	return n
}

// Equal reports whether both shapes have the same dimensions.
func (s Shape) Equal(t Shape) bool { return slices.Equal(s, t) }

// String prints the shape as [128,28,28,1]; a scalar is [].
func (s Shape) String() string {
	var sb strings.Builder
	sb.WriteByte('[')
	for i, d := range s {
		if i > 0 {
			sb.WriteByte(',')
		}
		sb.WriteString(strconv.Itoa(d))
	}
	sb.WriteByte(']')
	return sb.String()
}

// Last is the innermost dimension, 1 for a scalar.
func (s Shape) Last() int {
	if len(s) == 0 {
		return 1
	}
	return s[len(s)-1]
}

// Rows is the number of innermost vectors: Size / Last.
func (s Shape) Rows() int {
	n := 1
	for _, d := range s[:max(0, len(s)-1)] {
		n *= d
	}
	return n
}

// BroadcastShape is the shape two operands stretch to by NumPy's rule: shapes are aligned at the
// innermost dimension, and a dimension of 1 (or a missing one) repeats. It reports false where two
// dimensions differ and neither is 1.
func BroadcastShape(a, b Shape) (Shape, bool) {
	out := make(Shape, max(len(a), len(b)))
	for i := 1; i <= len(out); i++ {
		x, y := 1, 1
		if i <= len(a) {
			x = a[len(a)-i]
		}
		if i <= len(b) {
			y = b[len(b)-i]
		}
		switch {
		case x == y || y == 1:
			out[len(out)-i] = x
		case x == 1:
			out[len(out)-i] = y
		default:
			return nil, false
		}
	}
	return out, true
}

// maxSize bounds a buffer, so that sizes and byte offsets fit a 32-bit address space.
const maxSize = 1 << 29

// checked returns an error text when s has a negative dimension or too many elements.
func (s Shape) checked() string {
	n := 1
	for _, d := range s {
		if d < 0 {
			return "shape " + s.String() + " has a negative dimension"
		}
		if d > 0 && n > maxSize/d {
			return "shape " + s.String() + " has more than 2^29 elements"
		}
		n *= d
	}
	return ""
}
