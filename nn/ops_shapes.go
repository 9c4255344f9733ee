package nn

import (
	"slices"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// The operations that move numbers or make them, and the products.

// A dims is a shape in which the batch's size, null in a config, is batchDim.
type dims []int

// batchDim stands for the batch's size in dims.
const batchDim = -1 << 31

// of is the shape, with the batch's size.
func (s dims) of(r *replay) []int {
	shape := slices.Clone([]int(s))
	for i, d := range shape {
		if d == batchDim {
			shape[i] = r.batch
		}
	}
	return shape
}

type opReshape struct {
	To dims `arg:"shape" required:"yes" doc:"The shape; -1 in it is computed, null is the batch's size."`
}

func (o opReshape) lower(r *replay, x []operand) prog.Buf {
	return r.Reshape(r.tensor(x[0]), o.To.of(r)...)
}

type opExpandDims struct {
	Axis int `arg:"axis" default:"-1" doc:"Where the new dimension is in the result."`
}

func (o opExpandDims) lower(r *replay, x []operand) prog.Buf {
	y := r.tensor(x[0])
	rank := len(r.Shape(y)) + 1
	if o.Axis < -rank || o.Axis >= rank {
		return r.Fail(fail(ErrShape, "the result has no dimension %d", o.Axis))
	}
	return r.Reshape(y, slices.Insert(slices.Clone(r.Shape(y)), (o.Axis+rank)%rank, 1)...)
}

type opSqueeze struct {
	Axis []int `arg:"axis" axes:"yes" doc:"The dimensions; all but the batch's that are 1 by default."`
}

func (o opSqueeze) lower(r *replay, x []operand) prog.Buf {
	y := r.tensor(x[0])
	drop := map[int]bool{}
	for _, axis := range o.Axis {
		at, ok := r.axis(y, axis)
		if !ok {
			return prog.None
		}
		if d := r.Shape(y)[at]; d != 1 {
			return r.Fail(fail(ErrShape, "dimension %d is %d, wanted 1", axis, d))
		}
		drop[at] = true
	}
	var shape []int
	for i, d := range r.Shape(y) {
		if !drop[i] && (len(o.Axis) > 0 || i == 0 || d != 1) {
			shape = append(shape, d)
		}
	}
	return r.Reshape(y, shape...)
}

type opTranspose struct {
	Axes []int `arg:"axes" axes:"yes" doc:"Which of x's dimensions each of the result's is; by default the other way round."`
}

func (o opTranspose) lower(r *replay, x []operand) prog.Buf {
	y := r.tensor(x[0])
	perm := slices.Clone(o.Axes)
	for i, axis := range perm {
		var ok bool
		if perm[i], ok = r.axis(y, axis); !ok {
			return prog.None
		}
	}
	if o.Axes == nil {
		for i := range r.Shape(y) {
			perm = slices.Insert(perm, 0, i)
		}
	}
	return r.Transpose(y, perm...)
}

type opConcat struct {
	Axis int `arg:"axis" default:"-1" doc:"The dimension, counted with the batch, negative from the end."`
}

func (o opConcat) lower(r *replay, x []operand) prog.Buf {
	return r.Concat(o.Axis, r.tensors(x)...)
}

type opStack struct {
	Axis *int `arg:"axis" doc:"Where the new dimension is in the result; the first by default."`
}

func (o opStack) lower(r *replay, x []operand) prog.Buf {
	axis := 0
	if o.Axis != nil {
		axis = *o.Axis
	}
	list := make([]operand, len(x))
	for i := range x {
		list[i] = operand{buf: opExpandDims{axis}.lower(r, x[i:i+1])}
	}
	return opConcat{axis}.lower(r, list)
}

type opSlice struct {
	Begin []int `arg:"begin" required:"yes" doc:"Where the part begins, in each dimension."`
	Size  dims  `arg:"size" required:"yes" doc:"How long it is; -1 for all the rest, null for the batch's size."`
}

func (o opSlice) lower(r *replay, x []operand) prog.Buf {
	y := r.tensor(x[0])
	size := o.Size.of(r)
	if s := r.Shape(y); len(size) == len(s) && len(o.Begin) == len(s) {
		for i := range size {
			if size[i] == -1 {
				size[i] = s[i] - o.Begin[i]
			}
		}
	}
	return r.Slice(y, o.Begin, size)
}

type opPad struct {
	By    [][2]int `arg:"pad_width" required:"yes" min:"0" doc:"How many numbers before and behind, in each dimension: [[0, 0], [1, 2]]."`
	Value float64  `arg:"constant_values" doc:"The number."`
}

func (o opPad) lower(r *replay, x []operand) prog.Buf {
	var before, after []int
	for _, p := range o.By {
		before, after = append(before, p[0]), append(after, p[1])
	}
	return r.Pad(r.tensor(x[0]), before, after, o.Value)
}

// largest bounds what an argument may make an operation write down in this process: a recording may come from anyone.
const largest = 1 << 20

type opTile struct {
	Times []int `arg:"repeats" required:"yes" min:"1" max:"65536" doc:"How many times, in each dimension."`
}

func (o opTile) lower(r *replay, x []operand) prog.Buf {
	y := r.tensor(x[0])
	if rank := len(r.Shape(y)); len(o.Times) != rank {
		return r.Fail(fail(ErrShape, "repeats has %d numbers, wanted %d", len(o.Times), rank))
	}
	for axis, n := range o.Times {
		if n > 1 {
			y = r.Concat(axis, slices.Repeat([]prog.Buf{y}, n)...)
		}
	}
	return y
}

type opBroadcast struct {
	To dims `arg:"shape" required:"yes" doc:"The shape; null is the batch's size."`
}

func (o opBroadcast) lower(r *replay, x []operand) prog.Buf {
	return r.Broadcast(r.tensor(x[0]), o.To.of(r))
}

type opFlip struct {
	Axis []int `arg:"axis" axes:"yes" doc:"The dimensions, counted with the batch; all but the batch's by default."`
}

func (o opFlip) lower(r *replay, x []operand) prog.Buf {
	y := r.tensor(x[0])
	axes := o.Axis
	for i := range r.Shape(y) {
		if o.Axis == nil && i > 0 {
			axes = append(axes, i)
		}
	}
	for _, axis := range axes {
		at, ok := r.axis(y, axis)
		if !ok {
			return prog.None
		}
		n := r.Shape(y)[at]
		if n > largest {
			return r.Fail(fail(ErrShape, "dimension %d is %d, wanted at most %d", axis, n, largest))
		}
		backwards := make([]float32, n)
		for i := range backwards {
			backwards[i] = float32(n - 1 - i)
		}
		y = r.take(y, r.Const(backwards, n), at)
	}
	return y
}

type opTake struct {
	Axis *int `arg:"axis" doc:"The dimension, counted with the batch, negative from the end; the first by default."`
}

func (o opTake) lower(r *replay, x []operand) prog.Buf {
	y, axis := r.tensor(x[0]), 0
	if o.Axis != nil {
		axis = *o.Axis
	}
	at, ok := r.axis(y, axis)
	if !ok {
		return prog.None
	}
	return r.take(y, r.tensor(x[1]), at)
}

// take gathers along a dimension: it goes to the front, and what took its place back to where it was.
func (r *replay) take(x, index prog.Buf, axis int) prog.Buf {
	if axis == 0 {
		return r.Gather(x, index)
	}
	rank, more := len(r.Shape(x)), len(r.Shape(index))
	perm := []int{axis}
	for i := range rank {
		if i != axis {
			perm = append(perm, i)
		}
	}
	y := r.Gather(r.Transpose(x, perm...), index) // [index.., x's others..]
	back := []int{}
	for i := range axis {
		back = append(back, more+i)
	}
	for i := range more {
		back = append(back, i)
	}
	for i := more + axis; i < more+rank-1; i++ {
		back = append(back, i)
	}
	return r.Transpose(y, back...)
}

type opOneHot struct {
	Depth int `arg:"num_classes" required:"yes" min:"1" max:"65536" doc:"The length of the new dimension."`
}

func (o opOneHot) lower(r *replay, x []operand) prog.Buf {
	places := make([]float32, o.Depth)
	for i := range places {
		places[i] = float32(i)
	}
	y := r.tensor(x[0])
	return r.Binary(prog.Equal, r.Reshape(y, append(slices.Clone(r.Shape(y)), 1)...), r.Const(places, o.Depth))
}

type opMatMul struct {
	TransposeX bool `arg:"transpose_x" doc:"Whether the last two dimensions of x change places first."`
	TransposeY bool `arg:"transpose_y" doc:"Whether the last two dimensions of y change places first."`
}

// lower makes vectors matrices and stretches stacks to each other's size, as NumPy does.
func (o opMatMul) lower(r *replay, x []operand) prog.Buf {
	a, b := r.tensor(x[0]), r.tensor(x[1])
	as, bs := r.Shape(a), r.Shape(b)
	if r.Err() != nil || len(as) == 0 || len(bs) == 0 {
		return r.Fail(fail(ErrShape, "wanted two matrices"))
	}
	rowA, columnB := len(as) == 1, len(bs) == 1
	if rowA {
		a = r.Reshape(a, 1, as[0])
	}
	if columnB {
		b = r.Reshape(b, bs[0], 1)
	}
	as, bs = r.Shape(a), r.Shape(b)
	if !(len(as) > 2 && len(bs) == 2 && !o.TransposeX) { // that is one product of all rows
		leadA, leadB := as[:len(as)-2], bs[:len(bs)-2]
		if lead, ok := prog.BroadcastShape(leadA, leadB); ok {
			a = r.Broadcast(a, append(slices.Clone(lead), as[len(as)-2:]...))
			b = r.Broadcast(b, append(slices.Clone(lead), bs[len(bs)-2:]...))
		}
	}
	y := r.MatMul(a, b, o.TransposeX && !rowA, o.TransposeY && !columnB)
	s := slices.Clone(r.Shape(y))
	if len(s) >= 2 && columnB {
		s = s[:len(s)-1]
		y = r.Reshape(y, s...)
	}
	if len(s) >= 2 && rowA {
		at := len(s) - 2
		if columnB {
			at = len(s) - 1
		}
		y = r.Reshape(y, slices.Delete(s, at, at+1)...)
	}
	return y
}

type opConv struct {
	Strides  Size2   `arg:"strides" default:"1" min:"1" doc:"Step of the window, down and right."`
	Padding  Padding `arg:"padding" default:"valid" doc:"What the window may cover at the border."`
	Dilation Size2   `arg:"dilation_rate" default:"1" min:"1" doc:"Distance of the window's elements."`
	Groups   int     `arg:"groups" default:"1" min:"1" doc:"Number of groups the channels are split into."`
}

func (o opConv) lower(r *replay, x []operand) prog.Buf {
	image, kernel := r.tensor(x[0]), r.tensor(x[1])
	is, ks := r.Shape(image), r.Shape(kernel)
	if len(is) != 4 || len(ks) != 4 {
		return r.Fail(fail(ErrShape, "wanted images [N, H, W, C] and a kernel [KH, KW, C/groups, filters]"))
	}
	_, pad, err := window{Size2{ks[0], ks[1]}, o.Strides, o.Dilation, o.Padding, false}.places(is[1:])
	if err != nil {
		return r.Fail(err)
	}
	return r.Conv2D(image, kernel, prog.ConvAttr{Stride: o.Strides, Dilation: o.Dilation, Pad: pad, Groups: o.Groups})
}

type opDepthwise struct {
	Strides  Size2   `arg:"strides" default:"1" min:"1" doc:"Step of the window, down and right."`
	Padding  Padding `arg:"padding" default:"valid" doc:"What the window may cover at the border."`
	Dilation Size2   `arg:"dilation_rate" default:"1" min:"1" doc:"Distance of the window's elements."`
}

func (o opDepthwise) lower(r *replay, x []operand) prog.Buf {
	kernel := r.tensor(x[1])
	s := r.Shape(kernel)
	if len(s) != 4 {
		return r.Fail(fail(ErrShape, "wanted images [N, H, W, C] and a kernel [KH, KW, C, multiplier]"))
	}
	flat := operand{buf: r.Reshape(kernel, s[0], s[1], 1, s[2]*s[3])}
	return opConv{o.Strides, o.Padding, o.Dilation, s[2]}.lower(r, []operand{x[0], flat})
}

type opMaxPool struct {
	Pool    Size2   `arg:"pool_size" required:"yes" min:"1" doc:"Height and width of the window."`
	Strides Size2   `arg:"strides" min:"1" doc:"Step of the window, down and right; by default pool_size."`
	Padding Padding `arg:"padding" default:"valid" doc:"What the window may cover at the border."`
}

type opAveragePool opMaxPool

func (o opMaxPool) lower(r *replay, x []operand) prog.Buf { return o.pool(r, x[0], false) }

func (o opAveragePool) lower(r *replay, x []operand) prog.Buf {
	return opMaxPool(o).pool(r, x[0], true)
}

func (o opMaxPool) pool(r *replay, x operand, average bool) prog.Buf {
	image := r.tensor(x)
	s := r.Shape(image)
	if len(s) != 4 {
		return r.Fail(fail(ErrShape, "wanted images [N, H, W, C]"))
	}
	w := poolOver(o.Pool, o.Strides, o.Padding)
	_, pad, err := w.places(s[1:])
	if err != nil {
		return r.Fail(err)
	}
	return r.Pool(image, prog.PoolAttr{Avg: average, Window: w.size, Stride: w.stride, Pad: pad})
}

type opUniform struct {
	Shape dims    `arg:"shape" required:"yes" doc:"The shape; null is the batch's size."`
	Min   float64 `arg:"minval" doc:"Lower end."`
	Max   float64 `arg:"maxval" default:"1" doc:"Upper end."`
	Seed  uint64  `arg:"seed" doc:"Seed; by default the model's."`
}

func (o opUniform) lower(r *replay, _ []operand) prog.Buf {
	return r.random(prog.Uniform, o.Min, o.Max, o.Seed, o.Shape.of(r))
}

type opNormal struct {
	Shape  dims    `arg:"shape" required:"yes" doc:"The shape; null is the batch's size."`
	Mean   float64 `arg:"mean" doc:"Mean."`
	Stddev float64 `arg:"stddev" default:"1" min:"0" doc:"Standard deviation."`
	Seed   uint64  `arg:"seed" doc:"Seed; by default the model's."`
}

func (o opNormal) lower(r *replay, _ []operand) prog.Buf {
	return r.random(prog.Normal, o.Mean, o.Stddev, o.Seed, o.Shape.of(r))
}

type opDropout struct {
	Rate float64 `arg:"rate" required:"yes" min:"0" below:"1" doc:"Share of the elements that are 0."`
	Seed uint64  `arg:"seed" doc:"Seed; by default the model's."`
}

func (o opDropout) lower(r *replay, x []operand) prog.Buf {
	y := r.tensor(x[0])
	return r.Mul(y, r.random(prog.Keep, o.Rate, 0, o.Seed, r.Shape(y)))
}

type opConstant struct {
	Value []float64 `arg:"value" required:"yes" doc:"The numbers, one row behind another."`
	Shape []int     `arg:"shape" required:"yes" min:"0" doc:"Their shape."`
}

func (o opConstant) lower(r *replay, _ []operand) prog.Buf {
	numbers := make([]float32, len(o.Value))
	for i, v := range o.Value {
		numbers[i] = float32(v)
	}
	return r.Const(numbers, o.Shape...)
}

type opZeros struct {
	Shape dims `arg:"shape" required:"yes" doc:"The shape; null is the batch's size."`
}

type opOnes opZeros

func (o opZeros) lower(r *replay, _ []operand) prog.Buf { return r.Fill(0, o.Shape.of(r)...) }

func (o opOnes) lower(r *replay, _ []operand) prog.Buf { return r.Fill(1, o.Shape.of(r)...) }

type opFull struct {
	Shape dims    `arg:"shape" required:"yes" doc:"The shape; null is the batch's size."`
	Value float64 `arg:"fill_value" required:"yes" doc:"The number."`
}

func (o opFull) lower(r *replay, _ []operand) prog.Buf { return r.Fill(o.Value+0, o.Shape.of(r)...) }

// opLike is the number everywhere, in the shape of x.
type opLike float64

func (o opLike) lower(r *replay, x []operand) prog.Buf {
	return r.Fill(float64(o), r.Shape(r.tensor(x[0]))...)
}
