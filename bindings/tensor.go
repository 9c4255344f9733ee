package bindings

import (
	"fmt"

	"github.com/tabgrad/tabgrad/nn/data"
)

// array is the tensor under key as a column of samples: bytes stay bytes, all else becomes float32.
func (a *args) array(key string) *data.Array {
	if a.err != nil {
		return nil
	}
	numbers, shape, scale := a.tensor(key, a.values[key])
	if a.err != nil {
		return nil
	}
	if len(shape) == 0 {
		a.fail(ShapeMismatch, "%s is a single number, want a tensor whose first dimension counts the samples", key)
		return nil
	}
	var array *data.Array
	var err error
	switch numbers := numbers.(type) {
	case []byte:
		array, err = data.NewBytes(shape, numbers, float32(scale))
	default:
		array, err = data.NewFloats(shape, floats(numbers, scale))
	}
	if err != nil {
		a.err = asError(fmt.Errorf("%s: %s: %w", a.where, key, err))
	}
	return array
}

// table is the tensors under two keys as a dataset.
func (a *args) table(x, y string) *data.Table {
	xs, ys := a.array(x), a.array(y)
	if a.err != nil {
		return nil
	}
	table, err := data.NewTable(xs, ys)
	if err != nil {
		a.err = asError(fmt.Errorf("%s: %w", a.where, err))
	}
	return table
}

// weights is the sample weights under key, [n] or [n, 1]; nil where there are none.
func (a *args) weights(key string, n int) []float32 {
	if a.values[key] == nil || a.err != nil {
		return nil
	}
	numbers, shape, scale := a.tensor(key, a.values[key])
	if a.err != nil {
		return nil
	}
	if len(shape) == 0 || shape[0] != n || lengthOf(numbers) != n {
		a.fail(ShapeMismatch, "%s has the shape %v, want [%d]", key, shape, n)
		return nil
	}
	return floats(numbers, scale)
}

// tensor is the parts of the tensor v: its numbers ([]float32, []int32 or []byte), as many as its shape says, and its scale.
func (a *args) tensor(what string, v Value) (numbers Value, shape []int, scale float64) {
	object, ok := v.(Object)
	if !ok {
		a.fail(BadData, "%s is %s, want a tensor", what, kind(v))
		return nil, nil, 0
	}
	numbers = object["data"]
	if lengthOf(numbers) < 0 {
		a.fail(BadData, "%s: its data is %s, want a Float32Array, an Int32Array or a Uint8Array", what, kind(numbers))
		return nil, nil, 0
	}
	dims, ok := object["shape"].([]any)
	if !ok {
		a.fail(ShapeMismatch, "%s: its shape is %s, want an array", what, kind(object["shape"]))
		return nil, nil, 0
	}
	size := 1
	for _, d := range dims {
		n, ok := d.(float64)
		if !ok || n != float64(int32(n)) || n < 0 {
			a.fail(ShapeMismatch, "%s: its shape has the size %s, want whole numbers from 0", what, kind(d))
			return nil, nil, 0
		}
		shape = append(shape, int(n))
		size *= int(n)
	}
	if size != lengthOf(numbers) {
		a.fail(ShapeMismatch, "%s: %d numbers for the shape %v, which holds %d", what, lengthOf(numbers), shape, size)
		return nil, nil, 0
	}
	switch s := object["scale"].(type) {
	case nil:
		return numbers, shape, 1
	case float64:
		return numbers, shape, s
	default:
		a.fail(BadData, "%s: its scale is %s, want a number", what, kind(s))
		return nil, nil, 0
	}
}

// lengthOf is a typed array's length, -1 for anything else.
func lengthOf(numbers Value) int {
	switch n := numbers.(type) {
	case []float32:
		return len(n)
	case []int32:
		return len(n)
	case []byte:
		return len(n)
	}
	return -1
}

// floats is a typed array as float32, each times scale; the same memory where there is nothing to convert.
func floats(numbers Value, scale float64) []float32 {
	if f, ok := numbers.([]float32); ok && scale == 1 {
		return f
	}
	out := make([]float32, lengthOf(numbers))
	switch n := numbers.(type) {
	case []float32:
		convert(out, n, scale)
	case []int32:
		convert(out, n, scale)
	case []byte:
		convert(out, n, scale)
	}
	return out
}

func convert[T float32 | int32 | byte](dst []float32, src []T, scale float64) {
	for i, v := range src {
		dst[i] = float32(float64(v) * scale)
	}
}

// tensorValue is a tensor as it travels.
func tensorValue(shape []int, numbers Value) Object {
	dims := make([]any, len(shape))
	for i, n := range shape {
		dims[i] = float64(n)
	}
	return Object{"data": numbers, "shape": dims}
}
