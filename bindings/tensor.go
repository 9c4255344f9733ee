package bindings

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/data"
)

// arrayOf is the tensor v as a column of samples: bytes stay bytes, all else becomes float32.
func (a *args) arrayOf(key string, v Value) *data.Array {
	if a.err != nil {
		return nil
	}
	numbers, shape, scale := a.tensor(key, v)
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

// columns are the tensors under key: one, an array in the order of names, or an object by them.
func (a *args) columns(key string, names []string) []nn.Column {
	var columns []nn.Column
	for _, item := range a.several(key, names) {
		if array := a.arrayOf(item.name, item.value); array != nil {
			columns = append(columns, array)
		}
	}
	if a.err != nil {
		return nil
	}
	return columns
}

// An item is one of several values, with the name that messages call it by.
type item struct {
	name  string
	value Value
}

// several are the values under key in the order of names.
func (a *args) several(key string, names []string) []item {
	switch v := a.values[key].(type) {
	case []any:
		items := make([]item, len(v))
		for i, value := range v {
			items[i] = item{key + "[" + strconv.Itoa(i) + "]", value}
		}
		return items
	case Object:
		if _, isTensor := v["data"]; isTensor {
			break
		}
		var items []item
		if len(v) == 1 && len(names) < 2 { // of one there is no doubt
			for name, value := range v {
				items = append(items, item{key + "." + name, value})
			}
			return items
		}
		for _, name := range names {
			if v[name] == nil {
				a.fail(BadData, "%s has no %s, want %s", key, name, strings.Join(names, ", "))
				return nil
			}
			items = append(items, item{key + "." + name, v[name]})
		}
		if name, found := unknownName(v, names); found {
			a.fail(BadData, "%s has %s, want %s", key, name, strings.Join(names, ", "))
			return nil
		}
		return items
	}
	return []item{{key, a.values[key]}}
}

// ends are the names of a model's inputs, and of its outputs that have a loss.
type ends struct{ inputs, targets []string }

func (m *model) ends() ends { return ends{m.net.InputNames(), m.net.TargetNames()} }

// dataset is the tensors under two keys: of the model's inputs, and of its outputs that have a loss.
func (a *args) dataset(of ends, x, y string) *nn.Columns {
	xs, ys := a.columns(x, of.inputs), a.columns(y, of.targets)
	if a.err != nil {
		return nil
	}
	for _, list := range []struct {
		key     string
		columns []nn.Column
	}{{x, xs}, {y, ys}} {
		for i, c := range list.columns {
			if c.Len() != xs[0].Len() {
				where := list.key
				if len(list.columns) > 1 {
					where += "[" + strconv.Itoa(i) + "]"
				}
				a.fail(ShapeMismatch, "%s has %d samples, the first input has %d", where, c.Len(), xs[0].Len())
				return nil
			}
		}
	}
	set, err := nn.NewColumns(xs, ys)
	if err != nil {
		a.err = asError(fmt.Errorf("%s: %w", a.where, err))
		return nil
	}
	return set
}

// weightList is the sample weights under key, each [n] or [n, 1]: one tensor for all outputs, or one for each of those that have
// a loss; nil where there are none.
func (a *args) weightList(of ends, key string, n int) [][]float32 {
	if a.values[key] == nil || a.err != nil {
		return nil
	}
	items := a.several(key, of.targets)
	if len(items) != 1 && len(items) != len(of.targets) && a.err == nil {
		a.fail(ShapeMismatch, "%s has %d tensors, want one for each output with a loss (%s)", key, len(items), strings.Join(of.targets, ", "))
	}
	var list [][]float32
	for _, item := range items {
		if a.err == nil {
			list = append(list, a.weightsOf(item, n))
		}
	}
	if a.err != nil {
		return nil
	}
	return list
}

// weights is weightList as nn's options have it.
func (a *args) weights(of ends, key string, n int) ([]float32, map[string][]float32) {
	list := a.weightList(of, key, n)
	switch len(list) {
	case 0:
		return nil, nil
	case 1:
		return list[0], nil
	}
	all := map[string][]float32{}
	for i, name := range of.targets {
		all[name] = list[i]
	}
	return nil, all
}

func (a *args) weightsOf(item item, n int) []float32 {
	numbers, shape, scale := a.tensor(item.name, item.value)
	if a.err != nil {
		return nil
	}
	if len(shape) == 0 || shape[0] != n || lengthOf(numbers) != n {
		a.fail(ShapeMismatch, "%s has the shape %v, want [%d]", item.name, shape, n)
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
