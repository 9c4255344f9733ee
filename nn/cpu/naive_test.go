package cpu_test

import (
	"math"
	"slices"
	"testing"

	"github.com/tabgrad/tabgrad/nn/backendtest"
	"github.com/tabgrad/tabgrad/nn/prog"
)

// TestAgainstNaiveLoops runs every case of the conformance suite, fused and plain, on the
// interpreter below, which follows the definitions of op.go word by word and shares no code with the
// backend.
func TestAgainstNaiveLoops(t *testing.T) {
	for _, c := range backendtest.Cases() {
		checkNaive(t, c)
	}
	for seed := range 100 {
		checkNaive(t, backendtest.RandomCase(uint64(seed)))
	}
}

func checkNaive(t *testing.T, c backendtest.Case) {
	t.Helper()
	for _, build := range []func(*prog.Builder) (*prog.Program, error){(*prog.Builder).BuildPlain, (*prog.Builder).Build} {
		rec := c.Recording()
		p, err := build(rec.Builder)
		if err != nil {
			t.Fatal(err)
		}
		want, err := backendtest.Reference(p, rec)
		if err != nil {
			t.Fatal(err)
		}
		m := newMachine(p)
		for _, w := range rec.Writes {
			for i, v := range w.Values {
				m.at(w.Buf)[i] = float64(v)
			}
		}
		for range rec.Steps {
			for _, op := range p.Ops {
				m.run(op)
			}
		}
		for i, b := range rec.Reads {
			got := m.at(b)
			largest := 1.0
			for _, v := range got {
				if v = math.Abs(v); v < 1e200 {
					largest = max(largest, v)
				}
			}
			for j, v := range want[i] {
				if g := got[j]; g != v && !(math.IsNaN(g) && math.IsNaN(v)) && !(math.Abs(g-v) <= 1e-11*largest) {
					t.Errorf("%s: %s%v[%d] is %v, by naive loops %v\n%v", c.Name, p.Bufs[b].Name, p.Shape(b), j, v, g, p)
					return
				}
			}
		}
	}
}

// A machine interprets a program: every root buffer is a slice of its own, so that it knows nothing
// of the plan.
type machine struct {
	p   *prog.Program
	mem map[prog.Buf][]float64
}

func newMachine(p *prog.Program) *machine {
	m := &machine{p, map[prog.Buf][]float64{}}
	for i := range p.Bufs {
		if p.Bufs[i].Base == prog.None {
			m.mem[prog.Buf(i)] = make([]float64, p.Bufs[i].Shape.Size())
		}
	}
	return m
}

func (m *machine) at(b prog.Buf) []float64 {
	root, off := m.p.Root(b)
	return m.mem[root][off : off+m.p.Shape(b).Size()]
}

// A tensor is a shape and its elements, read and written by whole indices.
type tensor struct {
	shape prog.Shape
	data  []float64
}

func (x tensor) offset(idx []int) int {
	at := 0
	for i, d := range x.shape {
		if idx[i] < 0 || idx[i] >= d {
			return -1
		}
		at = at*d + idx[i]
	}
	return at
}

func (x tensor) get(idx ...int) float64         { return x.data[x.offset(idx)] }
func (x tensor) set(v float64, idx ...int)      { x.data[x.offset(idx)] = v }
func (x tensor) has(idx ...int) bool            { return x.offset(idx) >= 0 }
func (x tensor) add(v float64, idx ...int)      { x.data[x.offset(idx)] += v }
func (x tensor) stretched(idx []int) float64    { return x.get(fold(idx, x.shape)...) }
func (x tensor) row(r int) []float64            { n := x.shape.Last(); return x.data[r*n : (r+1)*n] }
func (x tensor) each(do func(idx []int))        { each(x.shape, do) }
func (x tensor) fill(f func(idx []int) float64) { x.each(func(idx []int) { x.set(f(idx), idx...) }) }
func (m *machine) tensor(b prog.Buf) tensor     { return tensor{m.p.Shape(b), m.at(b)} }
func join(a []int, b ...int) []int              { return append(append([]int{}, a...), b...) }

// fold is the index at which a tensor of shape is read for an index of what it is stretched to.
func fold(idx []int, shape prog.Shape) []int {
	out := append([]int{}, idx[len(idx)-len(shape):]...)
	for i, d := range shape {
		if d == 1 {
			out[i] = 0
		}
	}
	return out
}

func each(shape prog.Shape, do func(idx []int)) {
	for n := range shape.Size() {
		idx := make([]int, len(shape))
		for i := len(shape) - 1; i >= 0; i-- {
			idx[i] = n % shape[i]
			n /= shape[i]
		}
		do(idx)
	}
}

func (m *machine) run(op prog.Op) {
	var in []tensor
	for _, b := range op.In {
		// A copy: an op may write over its operands.
		in = append(in, tensor{m.p.Shape(b), append([]float64{}, m.at(b)...)})
	}
	out := m.tensor(op.Out[0])
	switch op.Code {
	case prog.MatMul:
		naiveMatMul(op.Attr.(prog.MatMulAttr), in, out)
	case prog.Conv2D, prog.Conv2DInputGrad, prog.Conv2DKernelGrad:
		db := tensor{}
		if len(op.Out) > 1 {
			db = m.tensor(op.Out[1])
		}
		naiveConv(op, in, out, db)
	case prog.Pool, prog.PoolGrad:
		naivePool(op, in, out)
	case prog.UnaryOp:
		a := op.Attr.(prog.UnaryAttr)
		out.fill(func(idx []int) float64 { return naiveUnary(a, in[0].get(idx...)) })
	case prog.UnaryGrad:
		a := op.Attr.(prog.UnaryAttr)
		out.fill(func(idx []int) float64 { return in[1].get(idx...) * naiveDerivative(a, in[0].get(idx...)) })
	case prog.BinaryOp:
		fn := op.Attr.(prog.BinaryAttr).Fn
		out.fill(func(idx []int) float64 { return naiveBinary(fn, in[0].stretched(idx), in[1].stretched(idx)) })
	case prog.Broadcast:
		out.fill(in[0].stretched)
	case prog.Reduce:
		naiveReduce(op.Attr.(prog.ReduceAttr), in[0], out)
	case prog.ArgMax:
		for r := range out.data {
			row := in[0].row(r)
			out.data[r] = float64(slices.Index(row, slices.Max(row)))
		}
	case prog.Gather:
		lead := len(in[1].shape)
		out.fill(func(idx []int) float64 {
			from := join([]int{whole(in[1].get(idx[:lead]...))}, idx[lead:]...)
			if !in[0].has(from...) {
				return math.NaN()
			}
			return in[0].get(from...)
		})
	case prog.ScatterAdd:
		clear(out.data)
		lead := len(in[0].shape)
		in[1].each(func(idx []int) {
			if to := join([]int{whole(in[0].get(idx[:lead]...))}, idx[lead:]...); out.has(to...) {
				out.add(in[1].get(idx...), to...)
			}
		})
	case prog.Transpose:
		perm := op.Attr.(prog.TransposeAttr).Perm
		in[0].each(func(idx []int) {
			to := make([]int, len(idx))
			for i, d := range perm {
				to[i] = idx[d]
			}
			out.set(in[0].get(idx...), to...)
		})
	case prog.Slice:
		begin := op.Attr.(prog.SliceAttr).Begin
		out.fill(func(idx []int) float64 { return in[0].get(plus(idx, begin)...) })
	case prog.Pad:
		a := op.Attr.(prog.PadAttr)
		for i := range out.data {
			out.data[i] = a.Value
		}
		in[0].each(func(idx []int) { out.set(in[0].get(idx...), plus(idx, a.Before)...) })
	case prog.Concat:
		axis, begin := op.Attr.(prog.ConcatAttr).Axis, make([]int, len(out.shape))
		for _, x := range in {
			x.each(func(idx []int) { out.set(x.get(idx...), plus(idx, begin)...) })
			begin[axis] += x.shape[axis]
		}
	case prog.Random:
		a := op.Attr.(prog.RandomAttr)
		s := uint64(in[0].data[0]) + uint64(in[0].data[1])*(1<<24)
		for i := range out.data {
			four := prog.Philox([4]uint32{uint32(i / 4), 0, uint32(s), uint32(s >> 32)}, [2]uint32{uint32(a.Key), uint32(a.Key >> 32)})
			u := float64(four[i%4]>>8) / (1 << 24)
			switch {
			case a.Dist == prog.Uniform:
				out.data[i] = float64(float32(a.A) + float32(a.B-a.A)*float32(u))
			case a.Dist == prog.Normal: // its pair's first word makes the distance, the second the angle
				pair := four[i%4/2*2:]
				angle := 2*math.Pi*float64(pair[1]>>8)/(1<<24) - math.Pi/2*float64(i%2)
				z := math.Sqrt(2*math.Log(1<<24/(float64(pair[0]>>8)+1))) * math.Cos(angle)
				out.data[i] = float64(float32(a.A) + float32(a.B)*float32(z))
			case u >= float64(float32(a.A)):
				out.data[i] = float64(float32(1 / (1 - a.A)))
			default:
				out.data[i] = 0
			}
		}
	case prog.Fill:
		out.fill(func([]int) float64 { return op.Attr.(prog.FillAttr).Value })
	case prog.Const:
		for i, v := range op.Attr.(prog.ConstAttr).Values {
			out.data[i] = float64(v)
		}
	case prog.Copy:
		copy(out.data, in[0].data)
	case prog.Pack:
		var all []float64
		for _, x := range in {
			all = append(all, x.data...)
		}
		copy(out.data, all)
	case prog.Split:
		at := 0
		for _, b := range op.Out {
			at += copy(m.at(b), in[0].data[at:])
		}
	case prog.Warp:
		naiveWarp(op.Attr.(prog.WarpAttr), in[0], in[1], out)
	case prog.WarpGrad:
		naiveWarpGrad(op.Attr.(prog.WarpAttr), in[0], in[1], out)
	case prog.LSTMCell, prog.GRUCell:
		naiveCell(op, in, m.outputs(op))
	case prog.LSTMCellGrad, prog.GRUCellGrad:
		naiveCellGrad(op, in, m.outputs(op))
	case prog.Update:
		naiveUpdate(m, op, in)
	default:
		naiveRows(op, in, out)
	}
}

func (m *machine) outputs(op prog.Op) (out []tensor) {
	for _, b := range op.Out {
		out = append(out, m.tensor(b))
	}
	return out
}

func whole(v float64) int { return int(math.Floor(v)) }

func plus(a, b []int) []int {
	out := append([]int{}, a...)
	for i := range out {
		out[i] += b[i]
	}
	return out
}

// finish is the epilogue of a product or convolution for the element at idx.
func finish(e prog.Epilogue, extra []tensor, v float64, idx []int) float64 {
	a := prog.UnaryAttr{Fn: e.Act, Alpha: e.Alpha}
	if e.Bias {
		v += extra[0].get(idx[len(idx)-1])
	}
	if e.Grad {
		return v * naiveDerivative(a, extra[0].get(idx...))
	}
	return naiveUnary(a, v)
}

func naiveMatMul(a prog.MatMulAttr, in []tensor, out tensor) {
	x, y := in[0], in[1]
	out.fill(func(idx []int) float64 {
		stack, m, n := idx[:len(idx)-2], idx[len(idx)-2], idx[len(idx)-1]
		k := x.shape.Last()
		if a.TransA {
			k = x.shape[len(x.shape)-2]
		}
		sum := 0.0
		for l := range k {
			i, j := join(stack, m, l), join(stack, l, n)
			if a.TransA {
				i = join(stack, l, m)
			}
			if a.TransB {
				j = join(stack, n, l)
			}
			sum += x.get(i...) * y.get(j...)
		}
		return finish(a.Epilogue, in[2:], sum, idx)
	})
}

// naiveConv visits every product x[n,ih,iw,c]·w[kh,kw,cg,o] of the convolution once and adds it to
// where it belongs: the three ops are the same six loops.
func naiveConv(op prog.Op, in []tensor, out, db tensor) {
	a := op.Attr.(prog.ConvAttr)
	x, w, y := in[0], in[1], out
	switch op.Code {
	case prog.Conv2DInputGrad:
		x, w, y = out, in[1], in[0]
	case prog.Conv2DKernelGrad:
		x, w, y = in[0], out, in[1]
	}
	clear(out.data)
	og := y.shape[3] / a.Groups
	y.each(func(yi []int) {
		n, oh, ow, o := yi[0], yi[1], yi[2], yi[3]
		if db.data != nil {
			if n+oh+ow == 0 {
				db.data[o] = 0
			}
			db.data[o] += y.get(yi...)
		}
		each(w.shape[:3], func(wi []int) {
			kh, kw, c := wi[0], wi[1], wi[2]
			xi := []int{n, oh*a.Stride[0] + kh*a.Dilation[0] - a.Pad[0], ow*a.Stride[1] + kw*a.Dilation[1] - a.Pad[2], o/og*w.shape[2] + c}
			if !x.has(xi...) {
				return
			}
			wo := []int{kh, kw, c, o}
			switch op.Code {
			case prog.Conv2D:
				y.add(x.get(xi...)*w.get(wo...), yi...)
			case prog.Conv2DInputGrad:
				x.add(y.get(yi...)*w.get(wo...), xi...)
			case prog.Conv2DKernelGrad:
				w.add(x.get(xi...)*y.get(yi...), wo...)
			}
		})
	})
	if op.Code != prog.Conv2DKernelGrad {
		out.fill(func(idx []int) float64 { return finish(a.Epilogue, in[2:], out.get(idx...), idx) })
	} else if y.shape.Size() == 0 {
		clear(db.data)
	}
}

func naivePool(op prog.Op, in []tensor, out tensor) {
	a := op.Attr.(prog.PoolAttr)
	x, y := in[0], out
	if op.Code == prog.PoolGrad {
		y = in[1]
		clear(out.data)
	}
	y.each(func(yi []int) {
		var window [][]int
		for h := range a.Window[0] {
			for w := range a.Window[1] {
				if xi := []int{yi[0], yi[1]*a.Stride[0] + h - a.Pad[0], yi[2]*a.Stride[1] + w - a.Pad[2], yi[3]}; x.has(xi...) {
					window = append(window, xi)
				}
			}
		}
		best, sum := window[0], 0.0
		for _, xi := range window {
			sum += x.get(xi...)
			if x.get(xi...) > x.get(best...) {
				best = xi
			}
		}
		switch {
		case op.Code == prog.Pool && a.Avg:
			y.set(sum/float64(len(window)), yi...)
		case op.Code == prog.Pool:
			y.set(x.get(best...), yi...)
		case a.Avg:
			for _, xi := range window {
				out.add(in[2].get(yi...)/float64(len(window)), xi...)
			}
		default:
			out.add(in[2].get(yi...), best...)
		}
	})
}

func naiveReduce(a prog.ReduceAttr, x, out tensor) {
	count := make([]float64, len(out.data))
	for i := range out.data {
		out.data[i] = 0
		if a.Fn == prog.Max {
			out.data[i] = math.Inf(-1)
		}
	}
	x.each(func(idx []int) {
		var to []int
		for i, v := range idx {
			switch {
			case !slices.Contains(a.Axes, i):
				to = append(to, v)
			case a.Keep:
				to = append(to, 0)
			}
		}
		at := out.offset(to)
		count[at]++
		switch v := x.get(idx...); a.Fn {
		case prog.Max:
			out.data[at] = math.Max(out.data[at], v)
		case prog.SumSquares:
			out.data[at] += v * v
		default:
			out.data[at] += v
		}
	})
	if a.Fn == prog.Mean {
		for i := range out.data {
			out.data[i] /= count[i]
		}
	}
}

// naiveRows are the ops on rows, with softmax computed as written: no case overflows float64.
func naiveRows(op prog.Op, in []tensor, out tensor) {
	n := in[0].shape.Last()
	softmax := func(x []float64, j int) float64 {
		top, sum := slices.Max(x), 0.0
		for _, v := range x {
			sum += math.Exp(v - top)
		}
		return math.Exp(x[j]-top) / sum
	}
	logSoftmax := func(x []float64, j int) float64 {
		top, sum := slices.Max(x), 0.0
		for _, v := range x {
			sum += math.Exp(v - top)
		}
		return x[j] - top - math.Log(sum)
	}
	for r := range in[0].shape.Rows() {
		x := in[0].row(r)
		t, dl := make([]float64, n), 0.0
		if a, ok := op.Attr.(prog.XentAttr); ok {
			switch c := 0; {
			case a.Sparse:
				if c = whole(in[1].data[r]); c >= 0 && c < n {
					t[c] = 1
				}
			default:
				t = in[1].row(r)
			}
			if len(in) > 2 {
				dl = in[2].data[r]
			}
		}
		sumX, sumT, loss, clippedLoss := 0.0, 0.0, 0.0, 0.0
		for j := range n {
			sumX += x[j]
			sumT += t[j]
		}
		clip := func(q float64) float64 { return math.Min(math.Max(q, 1e-7), 1-1e-7) }
		for j := range n {
			loss -= t[j] * logSoftmax(x, j)
			clippedLoss -= t[j] * math.Log(clip(x[j]/sumX))
		}
		for j := range n {
			switch op.Code {
			case prog.Softmax:
				out.row(r)[j] = softmax(x, j)
			case prog.LogSoftmax:
				out.row(r)[j] = logSoftmax(x, j)
			case prog.SoftmaxGrad: // the Jacobian's column: Σ dy[i]·y[i]·([i = j] - y[j])
				sum := 0.0
				for i := range n {
					sum += in[1].row(r)[i] * x[i] * (delta(i, j) - x[j])
				}
				out.row(r)[j] = sum
			case prog.LogSoftmaxGrad: // Σ dy[i]·([i = j] - e^y[j])
				sum := 0.0
				for i := range n {
					sum += in[1].row(r)[i] * (delta(i, j) - math.Exp(x[j]))
				}
				out.row(r)[j] = sum
			case prog.Xent:
				out.data[r] = clippedLoss
			case prog.SoftmaxXent:
				out.data[r] = loss
			case prog.SoftmaxXentGrad:
				out.row(r)[j] = (softmax(x, j)*sumT - t[j]) * dl
			case prog.XentGrad: // Σ dL/dq[i] · ([i = j]·s - p[i]) / s²
				sum := 0.0
				for i := range n {
					if q := x[i] / sumX; q == clip(q) {
						sum -= t[i] / q * (delta(i, j)*sumX - x[i]) / (sumX * sumX)
					}
				}
				out.row(r)[j] = dl * sum
			default:
				panic("no naive " + op.Code.String())
			}
		}
	}
}

func delta(i, j int) float64 {
	if i == j {
		return 1
	}
	return 0
}
