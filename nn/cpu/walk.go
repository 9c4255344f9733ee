package cpu

import "github.com/tabgrad/tabgrad/nn/prog"

// A walk visits the elements of a tensor row by row, and says where each operand has them: operand k
// has element j of row r at at(k, r) + j*inner[k].
type walk struct {
	rows, n int      // rows of n elements
	dims    []int    // of the rows' index
	strides [3][]int // by operand, of dims
	inner   [3]int   // by operand, within a row
}

// newWalk is the walk over shape, given each operand's strides. Dimensions that all operands have
// one behind another are joined, so that rows are as long as can be.
func newWalk(shape prog.Shape, strides ...[]int) walk {
	w := walk{rows: 1, n: 1}
	type dim struct {
		size   int
		stride [3]int
	}
	var dims []dim // innermost first
	for i := len(shape) - 1; i >= 0; i-- {
		if shape[i] == 1 {
			continue
		}
		d := dim{size: shape[i]}
		joins := len(dims) > 0
		for k, s := range strides {
			d.stride[k] = s[i]
			if joins {
				below := dims[len(dims)-1]
				joins = d.stride[k] == below.stride[k]*below.size
			}
		}
		if joins {
			dims[len(dims)-1].size *= d.size
		} else {
			dims = append(dims, d)
		}
	}
	if len(dims) > 0 {
		w.n, w.inner = dims[0].size, dims[0].stride
		dims = dims[1:]
	}
	for i := len(dims) - 1; i >= 0; i-- {
		w.rows *= dims[i].size
		w.dims = append(w.dims, dims[i].size)
		for k := range strides {
			w.strides[k] = append(w.strides[k], dims[i].stride[k])
		}
	}
	if w.n == 0 {
		w.rows = 0
	}
	return w
}

// at is where operand k has row r.
func (w *walk) at(k, r int) int {
	offset := 0
	strides := w.strides[k]
	for i := len(w.dims) - 1; i >= 0; i-- {
		d := w.dims[i]
		offset += r % d * strides[i]
		r /= d
	}
	return offset
}

// contiguous is the strides of a row-major tensor.
func contiguous(shape prog.Shape) []int {
	strides := make([]int, len(shape))
	step := 1
	for i := len(shape) - 1; i >= 0; i-- {
		strides[i] = step
		step *= shape[i]
	}
	return strides
}

// stretched is the strides with which a tensor of shape from is read as one of shape to: 0 where a
// dimension is repeated.
func stretched(from, to prog.Shape) []int {
	strides := make([]int, len(to))
	lead := len(to) - len(from)
	for i, s := range contiguous(from) {
		if from[i] != 1 {
			strides[lead+i] = s
		}
	}
	return strides
}
