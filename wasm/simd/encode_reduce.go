package simd

import (
	"slices"

	"github.com/tabgrad/tabgrad/nn/prog"
	"github.com/tabgrad/tabgrad/wasm/kernels"
)

// A long reduction into few results is cut into chunks, so that lanes have something to divide and
// sums stay exact: at most mostChunks of them, of at least leastChunk elements. The cut depends on
// the shape alone, never on the number of lanes.
const (
	mostChunks = 64
	leastChunk = 128
	fewUnits   = 16 // shares that lanes can divide; from here on no chunks are needed
)

// reduce joins dimensions that are reduced alike, and then reduces them from the innermost
// outwards, each with one kernel, or two where it is cut into chunks.
func (e *encoder) reduce(op *prog.Op) {
	a, x := op.Attr.(prog.ReduceAttr), e.shape(op.In[0])
	dst, n := e.at(op.Out[0]), e.size(op.Out[0])
	if n == 0 {
		return
	}
	if x.Size() == 0 {
		e.fill(dst, n, 0) // a sum of nothing
		return
	}
	// Even groups are kept, odd ones reduced; the sizes of each, outermost first.
	groups := []int{1}
	for i, d := range x {
		if d == 1 {
			continue
		}
		reduced := slices.Contains(a.Axes, i)
		if reduced != (len(groups)%2 == 0) {
			groups = append(groups, 1)
		}
		groups[len(groups)-1] *= d
	}
	count := 1
	for i := 1; i < len(groups); i += 2 {
		count *= groups[i]
	}
	divisor := float32(1)
	if a.Fn == prog.Mean {
		divisor = float32(count)
	}
	src := e.at(op.In[0])
	if count == 1 {
		if a.Fn == prog.SumSquares {
			e.program.Add(kernels.Unary{Fn: kernels.Square, Dst: dst, X: src, N: n})
		} else {
			e.copy(dst, src, n)
		}
		return
	}
	inner := 1
	for i := len(groups) - 1; i >= 0; i-- {
		if i%2 == 0 {
			inner *= groups[i]
			continue
		}
		outer := 1
		for _, g := range groups[:i] {
			outer *= g
		}
		if i == 1 {
			e.reduceOne(a.Fn, dst, src, outer, groups[i], inner, divisor)
			return
		}
		t := e.temporary(4 * outer * inner)
		e.reduceOne(a.Fn, t, src, outer, groups[i], inner, 1)
		src = t
		a.Fn = joining(a.Fn)
	}
}

// reduceOne is: dst[o][j] = fn over x[o][:][j], divided by divisor; x is [outer, n, inner].
func (e *encoder) reduceOne(fn prog.ReduceFn, dst, x uint32, outer, n, inner int, divisor float32) {
	units := outer
	if inner > 1 {
		units *= (inner + 31) / 32
	}
	if units < fewUnits && n >= 2*leastChunk {
		chunk := max(leastChunk, (n+mostChunks-1)/mostChunks)
		chunk = (chunk + 15) / 16 * 16
		chunks := (n + chunk - 1) / chunk
		t := e.temporary(4 * outer * chunks * inner)
		e.reduceChunks(fn, t, x, outer, n, inner, chunk, 1)
		x, n, fn = t, chunks, joining(fn)
	}
	e.reduceChunks(fn, dst, x, outer, n, inner, n, divisor)
}

func (e *encoder) reduceChunks(fn prog.ReduceFn, dst, x uint32, outer, n, inner, chunk int, divisor float32) {
	f := kernels.ReduceSum
	switch fn {
	case prog.Max:
		f = kernels.ReduceMax
	case prog.SumSquares:
		f = kernels.ReduceSquares
	}
	if inner == 1 {
		e.program.Add(kernels.ReduceLast{Fn: f, Dst: dst, X: x, Rows: uint32(outer), N: uint32(n), Chunk: uint32(chunk), Divisor: divisor})
		return
	}
	e.program.Add(kernels.ReduceRows{
		Fn: f, Dst: dst, X: x, Outer: uint32(outer), N: uint32(n), Cols: uint32(inner), Chunk: uint32(chunk), Divisor: divisor,
	})
}

// joining is what joins fn's results: sums of squares are added.
func joining(fn prog.ReduceFn) prog.ReduceFn {
	if fn == prog.SumSquares {
		return prog.Sum
	}
	return fn
}
