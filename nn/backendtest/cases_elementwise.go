package backendtest

import (
	"math"

	"github.com/tabgrad/tabgrad/nn/prog"
)

var (
	inf32 = float32(math.Inf(1))
	nan32 = float32(math.NaN())
)

// elementShapes are the sizes that elementwise kernels stumble over: none, one, around a vector of
// four, a prime, more than a block.
var elementShapes = []prog.Shape{{}, {0}, {1}, {3}, {4}, {5}, {2, 8}, {31}, {3, 1, 7}, {1021}}

// A unaryTest is where a function is defined and differentiable, and what it does at its edges.
type unaryTest struct {
	alpha, beta float64
	smooth      Generator // no kink nearer than 0.01
	edges       []float32 // defined values; NaN means that NaN comes out
	flat        bool      // no gradient to speak of
}

var unaryTests = map[prog.Unary]unaryTest{
	prog.Identity:   {smooth: Signed, edges: []float32{0, inf32, -inf32, nan32, 3e38}},
	prog.Neg:        {smooth: Signed, edges: []float32{0, inf32, -inf32, nan32}},
	prog.Affine:     {alpha: 1.5, beta: -0.3, smooth: Signed, edges: []float32{0, inf32, -inf32, nan32, 1e30}},
	prog.Exp:        {smooth: Signed, edges: []float32{0, 80, -80, -200, 200, inf32, -inf32, nan32}},
	prog.Log:        {smooth: Positive, edges: []float32{0, 1, 1e-30, 1e30, inf32, -1, nan32}},
	prog.Sqrt:       {smooth: Positive, edges: []float32{0, 1, 1e-30, 1e30, inf32, -1, nan32}},
	prog.Rsqrt:      {smooth: Positive, edges: []float32{0, 1, 1e-30, 1e30, inf32, -1, nan32}},
	prog.Square:     {smooth: Signed, edges: []float32{0, 1e30, -1e10, inf32, -inf32, nan32}},
	prog.Reciprocal: {smooth: OffZero, edges: []float32{0, 1e30, -1e-30, inf32, -inf32, nan32}},
	prog.Abs:        {smooth: OffZero, edges: []float32{0, inf32, -inf32, nan32}},
	prog.Sign:       {smooth: OffZero, edges: []float32{0, 1e-30, -1e-30, inf32, -inf32}, flat: true},
	prog.Clip:       {alpha: -0.5, beta: 0.75, smooth: Values(-2, -0.6, -0.4, 0.1, 0.7, 0.8, 3), edges: []float32{-0.5, 0.75, inf32, -inf32, nan32}},
	prog.Relu:       {smooth: OffZero, edges: []float32{0, 1e-30, inf32, -inf32, nan32}},
	prog.LeakyRelu:  {alpha: 0.3, smooth: OffZero, edges: []float32{0, 1e-30, inf32, -inf32, nan32}},
	prog.Elu:        {alpha: 0.7, smooth: OffZero, edges: []float32{0, 1e-6, -1e-6, -200, inf32, -inf32, nan32}},
	prog.Sigmoid:    {smooth: Signed, edges: []float32{0, 10, -10, 80, -80, 200, -200, inf32, -inf32, nan32}},
	prog.Tanh:       {smooth: Signed, edges: []float32{0, 1e-4, 3, -9, 30, -300, inf32, -inf32, nan32}},
	prog.Softplus:   {smooth: Signed, edges: []float32{0, 10, -10, 80, -80, 200, -200, inf32, -inf32, nan32}},
	prog.Gelu:       {smooth: Signed, edges: []float32{0, 3, -3, 10, -10, 100, -100, inf32, nan32}},
	prog.GeluTanh:   {smooth: Signed, edges: []float32{0, 3, -3, 10, -10, 100, -100, inf32, nan32}},
	prog.Silu:       {smooth: Signed, edges: []float32{0, 3, -3, 10, -10, 80, -80, 200, inf32, nan32}},
	prog.Erf:        {smooth: Signed, edges: []float32{0, 1e-4, 2, -2, 4, -6, 100, inf32, -inf32, nan32}},
	prog.Expm1:      {smooth: Signed, edges: []float32{0, 1e-6, -1e-6, 80, -80, -200, 200, inf32, -inf32, nan32}},
	prog.Log1p:      {smooth: Between(-0.9, 2), edges: []float32{0, 1e-6, -1e-6, 1, 1e30, 3e38, -1, -2, inf32, nan32}},
	prog.Sin:        {smooth: Signed, edges: []float32{0, 1e-4, 1.5707964, -3.1415927, 100, -1000, 1e5, 16777215, inf32, nan32}},
	prog.Cos:        {smooth: Signed, edges: []float32{0, 1e-4, 1.5707964, -3.1415927, 100, -1000, 1e5, 16777215, inf32, nan32}},
	prog.Floor:      {smooth: OffWhole, edges: []float32{0, 1, -1, 0.5, -0.5, 1e-30, -1e-30, 3e38, -3e38, inf32, -inf32, nan32}, flat: true},
	prog.Round:      {smooth: OffWhole, edges: []float32{0, 0.5, 1.5, -0.5, -1.5, 2.5, 0.49999997, 3e38, inf32, -inf32, nan32}, flat: true},
}

func unaryCases() []Case {
	var cases []Case
	for _, fn := range prog.Unaries() {
		u, ok := unaryTests[fn]
		if !ok {
			continue // TestEverythingHasACase says so
		}
		add := func(kind string, g Generator, rough bool, shapes ...prog.Shape) {
			for _, s := range shapes {
				cases = append(cases, Case{
					Name: caseName("Unary/%s/%s_%v", fn, kind, s), Loose: 4, Rough: rough || u.flat,
					Record: func(r *Recorder) prog.Buf { return r.UnaryConst(fn, r.Param(g, s...), u.alpha, u.beta) },
				})
			}
		}
		add("smooth", u.smooth, false, elementShapes...)
		cases = append(cases, Case{
			Name: caseName("Unary/%s/edges", fn), Loose: 4,
			Record: func(r *Recorder) prog.Buf {
				x := r.Fixed(u.edges, len(u.edges))
				return r.UnaryConst(fn, x, u.alpha, u.beta)
			},
		})
		var finite []float32
		for _, v := range u.edges {
			if v > -21 && v < 21 && (fn != prog.Log && fn != prog.Sqrt && fn != prog.Rsqrt && fn != prog.Reciprocal && fn != prog.Log1p || v > 0.5) {
				finite = append(finite, v)
			}
		}
		add("kinks", Values(finite...), true, prog.Shape{len(finite)})
		if fn != prog.Log && fn != prog.Sqrt && fn != prog.Rsqrt && fn != prog.Log1p {
			add("wide", Between(-12, 12), true, prog.Shape{257})
		}
	}
	return cases
}

// binaryTests say where each function is smooth, and its edges as pairs.
var binaryTests = map[prog.Binary]struct {
	a, b   Generator
	edges  [][2]float32
	fixedB bool // no gradient for b
	flat   bool
	loose  float64
}{
	prog.Add:          {a: Signed, b: Signed, edges: [][2]float32{{inf32, 1}, {inf32, -inf32}, {nan32, 1}, {3e38, 3e38}}},
	prog.Sub:          {a: Signed, b: Signed, edges: [][2]float32{{inf32, 1}, {inf32, inf32}, {1, nan32}}},
	prog.Mul:          {a: Signed, b: Signed, edges: [][2]float32{{inf32, -1}, {inf32, 0}, {nan32, 1}, {3e38, 10}}},
	prog.Div:          {a: Signed, b: OffZero, edges: [][2]float32{{1, 0}, {-1, 0}, {0, 0}, {inf32, inf32}, {1, inf32}, {nan32, 1}}},
	prog.Pow:          {a: Positive, b: Between(-2, 3), edges: [][2]float32{{2, 0}, {1, 100}, {1e-3, 3}, {2, -3}, {10, 30}}, loose: 8},
	prog.Maximum:      {a: Values(1, 2, -1), b: Values(0.5, -2, 3, 1.5), edges: [][2]float32{{1, 1}, {inf32, 1}, {-inf32, -1}, {nan32, 1}, {1, nan32}}},
	prog.Minimum:      {a: Values(1, 2, -1), b: Values(0.5, -2, 3, 1.5), edges: [][2]float32{{1, 1}, {inf32, 1}, {-inf32, -1}, {nan32, 1}, {1, nan32}}},
	prog.Equal:        {a: Tied, b: Tied, edges: [][2]float32{{inf32, inf32}, {nan32, nan32}, {1, 1 + 1.2e-7}}, flat: true},
	prog.Greater:      {a: Tied, b: Tied, edges: [][2]float32{{inf32, 1}, {nan32, 0}, {0, nan32}, {1 + 1.2e-7, 1}}, flat: true},
	prog.GreaterEqual: {a: Tied, b: Tied, edges: [][2]float32{{inf32, inf32}, {nan32, 0}, {0, nan32}}, flat: true},
	prog.Less:         {a: Tied, b: Tied, edges: [][2]float32{{-inf32, 1}, {nan32, 0}, {0, nan32}}, flat: true},
	prog.Where:        {a: Signed, b: Tied, edges: [][2]float32{{nan32, 0}, {inf32, 0}, {nan32, 1}, {inf32, -1}, {2, nan32}, {3, 1e-30}}, fixedB: true},
	prog.Unless:       {a: Signed, b: Tied, edges: [][2]float32{{nan32, 0}, {inf32, 0}, {nan32, 1}, {inf32, -1}, {2, nan32}, {3, 1e-30}}, fixedB: true},
	prog.BinaryXent:   {a: Probability, b: Probability, edges: [][2]float32{{0, 1}, {0, 0}, {0.5, 1}, {1e-5, 1}, {0.999, 0}, {nan32, 1}}, fixedB: true, loose: 16},
	prog.LogitXent:    {a: Between(-4, 4), b: Probability, edges: [][2]float32{{100, 0}, {-100, 1}, {0, 0.5}, {30, 1}, {-1000, 0}, {1000, 1}, {nan32, 1}}, fixedB: true},
}

// binaryShapes are all kinds of broadcasting.
var binaryShapes = [][2]prog.Shape{
	{{}, {}}, {{0}, {0}}, {{1}, {1}}, {{7}, {7}}, {{3, 5}, {3, 5}}, {{4, 6}, {6}}, {{6}, {4, 6}}, {{4, 6}, {}},
	{{1}, {9}}, {{4, 6}, {4, 1}}, {{4, 1}, {4, 6}}, {{5, 1}, {1, 4}}, {{2, 3, 4}, {3, 1}}, {{2, 1, 4}, {1, 3, 1}},
	{{2, 3, 4, 5}, {1, 3, 1, 5}}, {{3, 1}, {2, 1, 4}}, {{0, 3}, {1, 3}}, {{2, 3}, {1, 2, 3}}, {{131}, {131}}, {{2, 2, 8}, {8}},
}

func binaryCases() []Case {
	var cases []Case
	for _, fn := range prog.Binaries() {
		t, ok := binaryTests[fn]
		if !ok {
			continue // a gradient function, which comes with its function
		}
		for _, s := range binaryShapes {
			out, _ := prog.BroadcastShape(s[0], s[1])
			cases = append(cases, Case{
				Name: caseName("Binary/%s/%v_%v", fn, s[0], s[1]), Terms: out.Size(), Rough: t.flat, Loose: max(2, t.loose),
				Record: func(r *Recorder) prog.Buf {
					a := r.Param(t.a, s[0]...)
					if t.fixedB {
						return r.Binary(fn, a, r.In(t.b, s[1]...))
					}
					return r.Binary(fn, a, r.Param(t.b, s[1]...))
				},
			})
		}
		cases = append(cases, Case{
			Name: caseName("Binary/%s/edges", fn), Loose: max(2, t.loose),
			Record: func(r *Recorder) prog.Buf {
				var a, b []float32
				for _, e := range t.edges {
					a, b = append(a, e[0]), append(b, e[1])
				}
				return r.Binary(fn, r.Fixed(a, len(a)), r.Fixed(b, len(b)))
			},
		}, Case{
			Name: caseName("Binary/%s/itself", fn), Rough: true, Loose: max(2, t.loose),
			Record: func(r *Recorder) prog.Buf {
				x := r.Param(Positive, 5)
				if t.fixedB {
					x = r.In(Probability, 5)
				}
				return r.Binary(fn, x, x)
			},
		})
	}
	for _, s := range [][3]prog.Shape{{{5}, {5}, {5}}, {{4, 1}, {4, 6}, {6}}, {{3, 2}, {}, {3, 1}}, {{}, {7}, {7}}} {
		cases = append(cases, Case{
			Name: caseName("Select/%v_%v_%v", s[0], s[1], s[2]), Terms: 10,
			Record: func(r *Recorder) prog.Buf {
				return r.Select(r.In(Tied, s[0]...), r.Param(Signed, s[1]...), r.Param(Signed, s[2]...))
			},
		})
	}
	cases = append(cases, Case{
		Name: "Select/edges", Record: func(r *Recorder) prog.Buf {
			v := []float32{1, 2, nan32, inf32, nan32, -inf32}
			w := []float32{nan32, inf32, 1, 2, nan32, nan32}
			return r.Select(r.Fixed([]float32{1, 1, 0, 0, 1, -3}, 6), r.Fixed(v, 6), r.Fixed(w, 6))
		},
	})
	// Ties: the gradient of the maximum of equals goes to the first operand.
	for _, fn := range []prog.Binary{prog.Maximum, prog.Minimum} {
		cases = append(cases, Case{
			Name: caseName("Binary/%s/ties", fn), Rough: true,
			Record: func(r *Recorder) prog.Buf { return r.Binary(fn, r.Param(Tied, 40), r.Param(Tied, 40)) },
		})
	}
	// 1 - 1e-7 is no float32: a float32 backend clips to its neighbour, 1 - 1.19e-7, whose loss is 15.94
	// in place of 16.12.
	cases = append(cases, Case{
		Name: "Binary/binary_xent/clipped", Loose: 20000, Rough: true,
		Record: func(r *Recorder) prog.Buf {
			return r.Binary(prog.BinaryXent, r.Param(Values(1, 0, 1, 0), 4), r.In(Values(0, 1, 1, 0), 4))
		},
	})
	return cases
}
