package backendtest

import (
	"fmt"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// Cases is every case of the suite. TestEverythingHasACase fails where an op, function, rule or
// epilogue has none.
func Cases() []Case {
	var all []Case
	for _, family := range []func() []Case{
		matMulCases, convCases, poolCases, unaryCases, binaryCases, reduceCases, rowCases, xentCases,
		moveCases, constCases, randomCases, updateCases, fusedCases, placementCases, recurrentCases, warpCases,
	} {
		all = append(all, family()...)
	}
	return all
}

func caseName(format string, args ...any) string { return fmt.Sprintf(format, args...) }

// matMulCases: all transposes over sizes of 0, 1, around the tiles and blocks that kernels use, and
// stacks.
func matMulCases() []Case {
	var cases []Case
	add := func(stack prog.Shape, m, k, n int, ta, tb bool) {
		a, b := append(append(prog.Shape{}, stack...), m, k), append(append(prog.Shape{}, stack...), k, n)
		if ta {
			a[len(a)-2], a[len(a)-1] = k, m
		}
		if tb {
			b[len(b)-2], b[len(b)-1] = n, k
		}
		cases = append(cases, Case{
			Name:  caseName("MatMul/%v%dx%dx%d_%t_%t", stack, m, k, n, ta, tb),
			Terms: max(m, k, n),
			Record: func(r *Recorder) prog.Buf {
				return r.MatMul(r.Param(Signed, a...), r.Param(Signed, b...), ta, tb)
			},
		})
	}
	sizes := [][3]int{
		{1, 1, 1}, {0, 3, 2}, {2, 0, 3}, {3, 2, 0}, {2, 3, 4}, {4, 8, 8}, {5, 7, 3}, {6, 16, 9}, {7, 1, 17},
		{1, 31, 1}, {13, 5, 8}, {3, 300, 2}, {33, 11, 10}, {6, 24, 8}, {12, 6, 16}, {66, 5, 3}, {3, 4, 131},
	}
	for i, s := range sizes {
		for t := range 4 {
			// Every size in all its transposes would be slow to no use: the small ones are.
			if t == i%4 || s[0]*s[1]*s[2] < 1000 {
				add(nil, s[0], s[1], s[2], t&1 != 0, t&2 != 0)
			}
		}
	}
	for t := range 4 {
		add(prog.Shape{3}, 4, 5, 6, t&1 != 0, t&2 != 0)
		add(prog.Shape{2, 3}, 5, 2, 9, t&1 != 0, t&2 != 0)
	}
	add(prog.Shape{0}, 2, 3, 2, false, false)
	cases = append(cases, Case{
		Name: "MatMul/stack_by_matrix", Terms: 12,
		Record: func(r *Recorder) prog.Buf {
			return r.MatMul(r.Param(Signed, 2, 3, 5), r.Param(Signed, 5, 4), false, false)
		},
	})
	return cases
}

// A convCase is one convolution; the gradients of x and w come with it.
type convCase struct {
	n, h, w, c, kh, kw, o int
	stride, dilation      [2]int
	pad                   [4]int
	groups                int
}

func (c convCase) attr() prog.ConvAttr {
	return prog.ConvAttr{Stride: c.stride, Dilation: c.dilation, Pad: c.pad, Groups: c.groups}
}

func (c convCase) String() string {
	return fmt.Sprintf("%dx%dx%dx%d_k%dx%dx%d_s%v_d%v_p%v_g%d", c.n, c.h, c.w, c.c, c.kh, c.kw, c.o, c.stride, c.dilation, c.pad, c.groups)
}

func (c convCase) operands(r *Recorder) (x, w prog.Buf) {
	return r.Param(Signed, c.n, c.h, c.w, c.c), r.Param(Signed, c.kh, c.kw, c.c/c.groups, c.o)
}

var one, two = [2]int{1, 1}, [2]int{2, 2}

var convTable = []convCase{
	{1, 1, 1, 1, 1, 1, 1, one, one, [4]int{}, 1},
	{2, 5, 6, 3, 3, 3, 4, one, one, [4]int{}, 1},
	{2, 5, 6, 3, 3, 3, 4, one, one, [4]int{1, 1, 1, 1}, 1}, // SAME
	{2, 6, 6, 2, 3, 3, 5, two, one, [4]int{0, 1, 0, 1}, 1}, // SAME with stride: more after than before
	{1, 7, 5, 2, 2, 4, 3, one, one, [4]int{0, 1, 1, 2}, 1}, // SAME with an even kernel
	{3, 9, 8, 2, 3, 2, 3, [2]int{2, 3}, one, [4]int{}, 1},  // stride leaves columns unread
	{2, 9, 9, 2, 3, 3, 3, one, two, [4]int{}, 1},           // dilation
	{1, 8, 9, 2, 3, 2, 2, two, [2]int{2, 3}, [4]int{2, 2, 1, 2}, 1},
	{2, 5, 5, 4, 3, 3, 6, one, one, [4]int{1, 1, 1, 1}, 2}, // groups
	{2, 6, 5, 3, 3, 3, 3, one, one, [4]int{1, 1, 1, 1}, 3}, // depthwise
	{1, 6, 6, 3, 3, 3, 6, two, one, [4]int{0, 1, 0, 1}, 3}, // depthwise, multiplier 2
	{2, 4, 4, 5, 1, 1, 7, one, one, [4]int{}, 1},           // pointwise
	{1, 4, 5, 3, 1, 1, 2, two, one, [4]int{}, 1},           // pointwise with stride: pixels nobody reads
	{1, 3, 3, 2, 3, 3, 2, one, one, [4]int{}, 1},           // one output pixel
	{1, 2, 3, 2, 5, 5, 2, one, one, [4]int{2, 2, 2, 2}, 1}, // kernel larger than the image
	{2, 3, 40, 1, 1, 3, 2, one, one, [4]int{}, 1},          // a long row
	{1, 1, 7, 2, 1, 3, 3, one, one, [4]int{0, 0, 2, 0}, 1}, // causal, one dimension
	{2, 12, 13, 8, 3, 3, 16, one, one, [4]int{}, 1},        // whole tiles and a rest
	{1, 14, 14, 16, 3, 3, 8, one, one, [4]int{1, 1, 1, 1}, 1},
	{3, 10, 8, 1, 3, 3, 32, one, one, [4]int{}, 1},         // the seed CNN's first
	{0, 5, 5, 2, 3, 3, 2, one, one, [4]int{}, 1},           // an empty batch
	{1, 3, 3, 1, 1, 1, 1, one, one, [4]int{2, 2, 2, 2}, 1}, // outputs made of padding alone
}

func convCases() []Case {
	var cases []Case
	for _, c := range convTable {
		cases = append(cases, Case{
			Name: "Conv2D/" + c.String(), Terms: max(c.kh*c.kw*c.c, c.kh*c.kw*c.o, c.n*c.h*c.w),
			Record: func(r *Recorder) prog.Buf {
				x, w := c.operands(r)
				return r.Conv2D(x, w, c.attr())
			},
		}, Case{
			Name: "Conv2DInputGrad/" + c.String(), Terms: max(c.kh*c.kw*c.c, c.kh*c.kw*c.o, c.n*c.h*c.w),
			Record: func(r *Recorder) prog.Buf { return c.transposed(r) },
		})
	}
	return cases
}

// transposed is the convolution turned around: from its result to its x.
func (c convCase) transposed(r *Recorder) prog.Buf {
	w := r.Param(Signed, c.kh, c.kw, c.c/c.groups, c.o)
	a := c.attr()
	a.In = [2]int{c.h, c.w}
	places := func(i, n, k int) int { return (n+c.pad[2*i]+c.pad[2*i+1]-(k-1)*c.dilation[i]-1)/c.stride[i] + 1 }
	return r.Conv2DInputGrad(r.Param(Signed, c.n, places(0, c.h, c.kh), places(1, c.w, c.kw), c.o), w, a)
}

func poolCases() []Case {
	table := []struct {
		x prog.Shape
		a prog.PoolAttr
	}{
		{prog.Shape{1, 1, 1, 1}, prog.PoolAttr{Window: one, Stride: one}},
		{prog.Shape{2, 4, 6, 3}, prog.PoolAttr{Window: two, Stride: two}},
		{prog.Shape{2, 5, 7, 2}, prog.PoolAttr{Window: two, Stride: two}},                                   // a rest nobody reads
		{prog.Shape{1, 5, 6, 2}, prog.PoolAttr{Window: [2]int{3, 3}, Stride: two}},                          // overlap
		{prog.Shape{1, 5, 6, 2}, prog.PoolAttr{Window: [2]int{3, 2}, Stride: one}},                          // overlap of all
		{prog.Shape{2, 5, 5, 3}, prog.PoolAttr{Window: two, Stride: two, Pad: [4]int{0, 1, 0, 1}}},          // SAME
		{prog.Shape{1, 4, 5, 2}, prog.PoolAttr{Window: [2]int{3, 3}, Stride: one, Pad: [4]int{1, 1, 1, 1}}}, // SAME, overlap
		{prog.Shape{1, 7, 8, 1}, prog.PoolAttr{Window: two, Stride: [2]int{3, 3}}},                          // gaps
		{prog.Shape{1, 3, 4, 17}, prog.PoolAttr{Window: [2]int{3, 4}, Stride: one}},                         // global
		{prog.Shape{1, 1, 9, 2}, prog.PoolAttr{Window: [2]int{1, 3}, Stride: [2]int{1, 2}, Pad: [4]int{0, 0, 2, 1}}},
		{prog.Shape{0, 4, 4, 2}, prog.PoolAttr{Window: two, Stride: two}},
	}
	var cases []Case
	for _, c := range table {
		for _, avg := range []bool{false, true} {
			a := c.a
			a.Avg = avg
			add := func(kind string, g Generator, rough bool) {
				cases = append(cases, Case{
					Name:  caseName("Pool/%s/%s_%v_%v_%v_%v", map[bool]string{false: "max", true: "avg"}[avg], kind, c.x, a.Window, a.Stride, a.Pad),
					Terms: a.Window[0] * a.Window[1], Rough: rough,
					Record: func(r *Recorder) prog.Buf { return r.Pool(r.Param(g, c.x...), a) },
				})
			}
			add("apart", Apart, false)
			add("ties", Tied, true)
			add("negative", Between(-3, -2), !avg) // padding is no maximum, although it is nearer to 0
		}
	}
	return cases
}
