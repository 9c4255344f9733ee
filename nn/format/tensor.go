package format

import (
	"encoding/binary"
	"math"
	"unicode/utf8"

	"github.com/tabgrad/tabgrad/nn"
)

const (
	maxElements = 1<<31 - 1 // of one tensor
	maxRank     = 16
)

// A stored tensor is one that a file announces: everything but its bytes.
type stored struct {
	where string // for messages: "weight dense/kernel"
	name  string
	shape []int
	dtype dtype
	// scale and minimum turn tfjs's quantized numbers q into q·scale + minimum; scale 0: they are not.
	scale, minimum float64
	begin, end     int // in safetensors' data
}

func (s *stored) size() int {
	n := 1
	for _, d := range s.shape {
		n *= d
	}
	return n
}

func (s *stored) bytes() int { return s.size() * s.dtype.size() }

// A dtype says how a number lies in a file, little-endian.
type dtype uint8

const (
	float32s dtype = iota
	float16s
	bfloat16s
	float64s
	int32s
	uint16s
	uint8s
)

func (d dtype) size() int { return [...]int{4, 2, 2, 8, 4, 2, 1}[d] }

// number is the i-th number in src.
func (d dtype) number(src []byte, i int) float64 {
	switch d {
	case float32s:
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:])))
	case float16s:
		return float64(fromFloat16(binary.LittleEndian.Uint16(src[2*i:])))
	case bfloat16s:
		return float64(math.Float32frombits(uint32(binary.LittleEndian.Uint16(src[2*i:])) << 16))
	case float64s:
		return math.Float64frombits(binary.LittleEndian.Uint64(src[8*i:]))
	case int32s:
		return float64(int32(binary.LittleEndian.Uint32(src[4*i:])))
	case uint16s:
		return float64(binary.LittleEndian.Uint16(src[2*i:]))
	}
	return float64(src[i])
}

// fromFloat16 is the number of IEEE 754's binary16.
func fromFloat16(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15)<<31, uint32(h>>10)&31, uint32(h)&1023
	switch exponent {
	case 0: // zero or subnormal: fraction · 2⁻²⁴
		v := float32(fraction) / (1 << 24)
		return math.Float32frombits(math.Float32bits(v) | sign)
	case 31:
		return math.Float32frombits(sign | 255<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}

// decode reads the tensor's numbers from its bytes, which are as many as it announces. They must be
// finite.
func (s *stored) decode(src []byte) ([]float32, error) {
	data := make([]float32, s.size())
	if s.dtype == float32s && s.scale == 0 { // nearly every file; a cold start waits for this
		for i := range data {
			bits := binary.LittleEndian.Uint32(src[4*i : 4*i+4])
			if data[i] = math.Float32frombits(bits); bits&0x7f800000 == 0x7f800000 {
				return nil, fail(ErrWeights, "%s: element %d is %v, wanted a finite number", s.where, i, data[i])
			}
		}
		return data, nil
	}
	for i := range data {
		v := s.dtype.number(src, i)
		if s.scale != 0 {
			v = float64(v*s.scale) + s.minimum
		}
		if data[i] = float32(v); data[i]-data[i] != 0 {
			return nil, fail(ErrWeights, "%s: element %d is %v, wanted a finite number", s.where, i, data[i])
		}
	}
	return data, nil
}

// encode appends a tensor's bytes.
func encode(dst []byte, data []float32) []byte {
	for _, v := range data {
		dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(v))
	}
	return dst
}

// shapeOf reads a list of dimensions whose product is at most maxElements.
func shapeOf(where string, v any) ([]int, error) {
	list, ok := v.([]any)
	if !ok || len(list) > maxRank {
		return nil, fail(ErrFormat, "%s: shape is %s, wanted a list of at most %d whole numbers", where, show(v), maxRank)
	}
	shape, size := make([]int, len(list)), 1
	for i, d := range list {
		n, ok := wholeNumber(d)
		if !ok || n < 0 {
			return nil, fail(ErrFormat, "%s: shape is %s, wanted whole numbers, at least 0", where, show(v))
		}
		if n > maxElements || n > 0 && size > maxElements/n {
			return nil, fail(ErrTooLarge, "%s: shape is %s, wanted at most %d elements", where, show(v), maxElements)
		}
		shape[i], size = n, size*n
	}
	return shape, nil
}

// wholeNumber is a whole number that float64 holds exactly.
func wholeNumber(v any) (int, bool) {
	n, ok := v.(float64)
	if !ok || n != math.Trunc(n) || math.Abs(n) > 1<<53 {
		return 0, false
	}
	return int(n), true
}

// show is a value of a file in a message.
func show(v any) string {
	text, err := appendJSON(nil, "", v)
	if err != nil {
		return err.Error()
	}
	if n := 80; len(text) > n {
		for !utf8.RuneStart(text[n]) {
			n--
		}
		return string(text[:n]) + "…"
	}
	return string(text)
}

func sameShape(a, b []int) bool {
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

// checkTensor says what is wrong with a tensor that is to be written.
func checkTensor(w nn.Weight) error {
	size := 1
	for _, d := range w.Shape {
		if d < 0 || d > 0 && size > maxElements/d {
			return fail(ErrWeights, "weight %s: shape is %v, wanted at most %d elements", w.Name, w.Shape, maxElements)
		}
		size *= d
	}
	if len(w.Data) != size {
		return fail(ErrWeights, "weight %s: %d elements, its shape %v wants %d", w.Name, len(w.Data), w.Shape, size)
	}
	for i, v := range w.Data {
		if v-v != 0 {
			return fail(ErrWeights, "weight %s: element %d is %v, wanted a finite number", w.Name, i, v)
		}
	}
	return nil
}
