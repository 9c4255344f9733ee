package backendtest

import "github.com/tabgrad/tabgrad/nn/prog"

// randomVars is the store of a random program: three parameters, and three slots as long as all of
// them together.
var randomVars = []prog.Shape{{4, 3}, {3}, {5}, {20}, {20}, {20}}

const randomParams = 3

// RandomProgram records a small valid program: some ops on some inputs, outputs, the gradients of
// the inputs and of the parameters, and an update. Each decision is choose(n), a number in [0, n).
// Values stay small, and functions that jump are applied only to values without rounding errors, so
// that backends can be compared. The Recorder's store must have randomVars.
func (r *Recorder) RandomProgram(choose func(n int) int) prog.Buf {
	g := &generator{Recorder: r, choose: choose}
	for i := range randomVars {
		start := Generator(Signed)
		if i >= randomParams {
			start = Between(1, 2)
		}
		g.vars = append(g.vars, r.Variable(i, start))
	}
	g.step = r.Fixed([]float32{float32(choose(1000)), 0}, 2)
	for range 1 + choose(3) {
		g.input(g.shape()...)
	}
	for range 2 + choose(12) {
		g.grow()
	}
	g.finish()
	return prog.None
}

// A value is a buffer of a random program, with a bound of its size, and whether it is computed
// without rounding.
type value struct {
	buf   prog.Buf
	bound float64
	exact bool
}

type generator struct {
	*Recorder
	choose func(n int) int
	values []value
	vars   []prog.Buf
	step   prog.Buf
}

func (g *generator) shape() prog.Shape {
	s := prog.Shape{}
	for range g.choose(5) {
		s = append(s, 1+g.choose(5))
	}
	return s
}

func (g *generator) input(shape ...int) value {
	v := value{g.Param(Signed, shape...), 1, true}
	g.values = append(g.values, v)
	return v
}

// pick is a value with the given number of dimensions, a new input where there is none; any for -1.
func (g *generator) pick(rank int) value {
	var fit []value
	for _, v := range g.values {
		if rank < 0 || len(g.Shape(v.buf)) == rank {
			fit = append(fit, v)
		}
	}
	if len(fit) == 0 || g.choose(6) == 0 {
		s := g.shape()
		for rank >= 0 && len(s) < rank {
			s = append(s, 1+g.choose(4))
		}
		if rank >= 0 {
			s = s[:rank]
		}
		return g.input(s...)
	}
	return fit[len(fit)-1-g.choose(len(fit))] // the newest where choose gives 0
}

// pickVector is something to add along a last dimension of n.
func (g *generator) pickVector(n int) value {
	if i := map[int]int{3: 1, 5: 2}[n]; i > 0 {
		return value{g.vars[i], 4, false}
	}
	return g.input(n)
}

// keep makes v available to later ops, small.
func (g *generator) keep(buf prog.Buf, bound float64, exact bool) {
	v := value{buf, bound, exact}
	for g.Err() == nil && g.Shape(v.buf).Size() > 400 {
		v = value{g.Reduce(prog.Mean, v.buf, false, 0), v.bound, false}
	}
	if v.bound > 8 {
		v = value{g.Unary(prog.Tanh, v.buf), 1, false}
	}
	g.values = append(g.values, v)
}

// positive is v squeezed into [0.2, 1].
func (g *generator) positive(v value) value {
	return value{g.Affine(g.Unary(prog.Sigmoid, v.buf), 0.8, 0.2), 1, false}
}

// grow appends one op, or a few that belong together.
func (g *generator) grow() {
	steps := []func(){
		g.unary, g.binary, g.dense, g.conv, g.pool, g.reduce, g.rows, g.xent, g.gather, g.rearrange, g.dropout,
		g.stacked, g.resize, g.unary, g.dense, g.conv, g.recur, g.apart, g.selected, g.warp,
	}
	steps[g.choose(len(steps))]()
}

func (g *generator) unary() {
	all := prog.Unaries()
	g.apply(all[g.choose(len(all))], g.pick(-1))
}

func (g *generator) apply(fn prog.Unary, x value) {
	alpha, beta := 0.5, 0.75
	bound := max(1, x.bound) + 1
	switch fn {
	case prog.Log, prog.Log1p, prog.Sqrt, prog.Rsqrt, prog.Reciprocal:
		x, bound = g.positive(x), 5
	case prog.Exp, prog.Expm1:
		if x.bound > 2 {
			x = value{g.Unary(prog.Tanh, x.buf), 1, false}
		}
		bound = 8
	case prog.Square:
		bound = x.bound * x.bound
	case prog.Sign, prog.Floor, prog.Round:
		if !x.exact {
			fn = prog.Abs
		}
	case prog.Clip:
		alpha = -0.5
	}
	same := fn == prog.Relu || fn == prog.Neg || fn == prog.Abs || fn == prog.Sign || fn == prog.Floor || fn == prog.Round || fn == prog.Identity
	g.keep(g.UnaryConst(fn, x.buf, alpha, beta), bound, x.exact && same)
}

func (g *generator) binary() {
	x := g.pick(-1)
	s := g.Shape(x.buf)
	// The other operand: one that fits by chance, or a new one with some dimensions stretched.
	y := g.pick(-1)
	if out, ok := prog.BroadcastShape(s, g.Shape(y.buf)); !ok || out.Size() > 400 {
		t := append(prog.Shape{}, s[g.choose(len(s)+1):]...)
		for i := range t {
			if g.choose(3) == 0 {
				t[i] = 1
			}
		}
		y = g.input(t...)
	}
	if g.choose(2) == 0 {
		x, y = y, x
	}
	all := prog.Binaries()
	fn := all[g.choose(len(all))]
	bound := x.bound + y.bound
	switch fn {
	case prog.Mul:
		bound = x.bound * y.bound
	case prog.Div:
		y = g.positive(y)
		bound = 5 * x.bound
	case prog.Pow:
		x, y = g.positive(x), value{g.Unary(prog.Tanh, y.buf), 1, false}
		bound = 5
	case prog.Equal, prog.Greater, prog.GreaterEqual, prog.Less:
		if !x.exact || !y.exact {
			fn = prog.Sub
		}
	case prog.Where, prog.Unless:
		if !y.exact {
			fn = prog.Sub
		}
	case prog.BinaryXent, prog.BinaryXentGrad, prog.LogitXent, prog.LogitXentGrad:
		target := g.In(Probability, g.Shape(y.buf)...)
		if fn == prog.LogitXent || fn == prog.LogitXentGrad {
			g.keep(g.Binary(prog.LogitXent, x.buf, target), x.bound+2, false)
		} else {
			g.keep(g.BinaryXent(g.positive(x).buf, target), 17, false)
		}
		return
	}
	g.keep(g.Binary(fn, x.buf, y.buf), bound, false)
}

// activate adds a bias and an activation, often.
func (g *generator) activate(y prog.Buf, bound float64) {
	if g.choose(3) > 0 {
		y = g.Add(y, g.pickVector(g.Shape(y).Last()).buf)
		bound += 4
	}
	if acts := prog.Unaries()[prog.Relu : prog.Erf+1]; g.choose(3) > 0 {
		g.apply(acts[g.choose(len(acts))], value{y, bound, false})
		return
	}
	g.keep(y, bound, false)
}

func (g *generator) dense() {
	x := g.pick(2)
	s := g.Shape(x.buf)
	ta, tb := g.choose(4) == 0, g.choose(4) == 0
	k := s[1]
	if ta {
		k = s[0]
	}
	w := g.vars[0]
	switch n := 1 + g.choose(5); {
	case k == 4 && g.choose(2) == 0:
		tb = false
	case k == 3 && g.choose(2) == 0:
		tb = true
	case tb:
		w = g.input(n, k).buf
	default:
		w = g.input(k, n).buf
	}
	g.activate(g.MatMul(x.buf, w, ta, tb), 4*x.bound*float64(k))
}

func (g *generator) stacked() {
	x := g.pick(3)
	s := g.Shape(x.buf)
	if n := 1 + g.choose(4); g.choose(2) == 0 {
		g.activate(g.MatMul(x.buf, g.input(s[0], n, s[2]).buf, false, true), x.bound*float64(s[2]))
	} else {
		g.activate(g.MatMul(x.buf, g.input(s[2], n).buf, false, false), x.bound*float64(s[2]))
	}
}

func (g *generator) conv() {
	x := g.pick(4)
	s := g.Shape(x.buf)
	a := prog.ConvAttr{Groups: 1}
	for i := range 2 {
		a.Stride[i], a.Dilation[i] = 1+g.choose(2), 1+g.choose(2)
	}
	for i := range 4 {
		a.Pad[i] = g.choose(3)
	}
	kernel := [2]int{}
	for i := range 2 {
		kernel[i] = 1 + g.choose(3)
		for (kernel[i]-1)*a.Dilation[i]+1 > s[1+i]+a.Pad[2*i]+a.Pad[2*i+1] {
			kernel[i]--
		}
	}
	if g.choose(3) == 0 {
		a.Groups = s[3]
	}
	if g.choose(5) == 4 {
		g.transposed(x, kernel, a)
		return
	}
	w := g.input(kernel[0], kernel[1], s[3]/a.Groups, a.Groups*(1+g.choose(3)))
	g.activate(g.Conv2D(x.buf, w.buf, a), x.bound*float64(kernel[0]*kernel[1]*s[3]))
}

// transposed is a convolution turned around: from x to what a convolution by a makes x of.
func (g *generator) transposed(x value, kernel [2]int, a prog.ConvAttr) {
	s := g.Shape(x.buf)
	for i := range 2 {
		full := (s[1+i]-1)*a.Stride[i] + (kernel[i]-1)*a.Dilation[i] + 1
		if full <= a.Pad[2*i]+a.Pad[2*i+1] {
			a.Pad[2*i], a.Pad[2*i+1] = 0, 0
		}
		a.In[i] = full - a.Pad[2*i] - a.Pad[2*i+1]
	}
	w := g.input(kernel[0], kernel[1], 1+g.choose(3), s[3])
	g.activate(g.Conv2DInputGrad(x.buf, w.buf, a), x.bound*float64(kernel[0]*kernel[1]*s[3]))
}

func (g *generator) pool() {
	x := g.pick(4)
	s := g.Shape(x.buf)
	a := prog.PoolAttr{Avg: g.choose(2) == 0}
	for i := range 2 {
		a.Window[i], a.Stride[i] = 1+g.choose(min(3, s[1+i])), 1+g.choose(3)
		a.Pad[2*i], a.Pad[2*i+1] = g.choose(a.Window[i]), g.choose(a.Window[i])
	}
	g.keep(g.Pool(x.buf, a), x.bound, x.exact && !a.Avg)
}

func (g *generator) reduce() {
	x := g.pick(-1)
	fn := prog.Reductions()[g.choose(len(prog.Reductions()))]
	bound := x.bound
	switch size := float64(g.Shape(x.buf).Size()); fn {
	case prog.Sum:
		bound *= size
	case prog.SumSquares:
		bound *= bound * size
	}
	var axes []int
	for i := range g.Shape(x.buf) {
		if g.choose(2) == 0 {
			axes = append(axes, i)
		}
	}
	g.keep(g.Reduce(fn, x.buf, g.choose(2) == 0, axes...), bound, x.exact && fn == prog.Max)
}

func (g *generator) rows() {
	x := g.pick(1 + g.choose(4))
	switch g.choose(4) {
	case 0:
		g.keep(g.LogSoftmax(x.buf), 2*x.bound+2, false)
	case 1:
		if x.exact {
			g.Result(g.ArgMax(x.buf)) // it has no gradient, so that no loss may depend on it
		}
	default:
		g.keep(g.Softmax(x.buf), 1, false)
	}
}

func (g *generator) xent() {
	x := g.pick(1 + g.choose(3))
	s := g.Shape(x.buf)
	sparse := g.choose(2) == 0
	var t prog.Buf
	if sparse {
		t = g.In(Below(s.Last()), s[:len(s)-1]...)
	} else {
		t = g.In(Probability, s...)
	}
	bound := float64(s.Last()) * (2*x.bound + 2)
	switch g.choose(3) {
	case 0:
		g.keep(g.SoftmaxXent(x.buf, t, sparse), bound, false)
	case 1:
		g.keep(g.Xent(g.Softmax(x.buf), t, sparse), bound, false)
	default:
		if s.Last() > 1 { // a single class is clipped
			g.keep(g.Xent(g.positive(x).buf, t, sparse), bound, false)
		}
	}
}

func (g *generator) gather() {
	table := g.pick(1 + g.choose(3))
	v := g.Shape(table.buf)[0]
	index := g.In(Below(v), g.shape()[:]...) // outside is NaN, which would spread: a case of its own
	if g.Shape(index).Size()*g.Shape(table.buf).Size() <= 4000 {
		g.keep(g.Gather(table.buf, index), table.bound, table.exact)
	}
}

func (g *generator) rearrange() {
	x := g.pick(-1)
	s := g.Shape(x.buf)
	switch g.choose(4) {
	case 0:
		var perm []int
		for i := range s {
			at := g.choose(i + 1)
			perm = append(perm[:at], append([]int{i}, perm[at:]...)...)
		}
		g.keep(g.Transpose(x.buf, perm...), x.bound, x.exact)
	case 1:
		begin, shape := make([]int, len(s)), append(prog.Shape{}, s...)
		for i, d := range s {
			begin[i] = g.choose(d)
			shape[i] = 1 + g.choose(d-begin[i])
		}
		g.keep(g.Slice(x.buf, begin, shape), x.bound, x.exact)
	case 2:
		g.keep(g.Reshape(x.buf, -1), x.bound, x.exact)
	default:
		g.keep(g.Copy(x.buf), x.bound, x.exact)
	}
}

func (g *generator) resize() {
	x := g.pick(1 + g.choose(4))
	s := g.Shape(x.buf)
	switch g.choose(3) {
	case 0:
		axis := g.choose(len(s))
		other := append(prog.Shape{}, s...)
		other[axis] = 1 + g.choose(3)
		parts := []prog.Buf{x.buf, g.input(other...).buf, x.buf}
		g.keep(g.Concat(axis, parts[:1+g.choose(3)]...), x.bound, x.exact)
	case 1:
		before, after := make([]int, len(s)), make([]int, len(s))
		for i := range s {
			before[i], after[i] = g.choose(2), g.choose(2)
		}
		g.keep(g.Pad(x.buf, before, after, 0.5), max(0.5, x.bound), x.exact)
	default:
		g.keep(g.Broadcast(x.buf, append(prog.Shape{1 + g.choose(3)}, s...)), x.bound, x.exact)
	}
}

// recur runs a recurrent layer over a sequence; the random number of steps and units stays small.
func (g *generator) recur() {
	x := g.pick(3)
	s := g.Shape(x.buf)
	u, k, layer := 1+g.choose(5), 4, g.LSTM
	if g.choose(2) == 0 {
		k, layer = 3, g.GRU
	}
	r := prog.Recurrence{
		X: x.buf, Kernel: g.input(s[2], k*u).buf, Recurrent: g.input(u, k*u).buf, Bias: prog.None, RecurrentBias: prog.None,
		Mask: prog.None, Backwards: g.choose(3) == 0,
	}
	if g.choose(2) == 0 {
		r.Mask = g.In(Values(1, 0, 1, 1), s[0], s[1])
	}
	out := layer(r)
	g.keep(out.State[0], 1, false)
	if g.choose(2) == 0 {
		g.keep(out.All, 1, false)
	}
}

// apart takes a value apart and joins some parts again.
func (g *generator) apart() {
	x := g.pick(1 + g.choose(3))
	parts := g.Parts(x.buf)
	if g.choose(2) == 0 {
		g.keep(parts[g.choose(len(parts))], x.bound, x.exact)
	}
	g.keep(g.Stack(parts[g.choose(len(parts)):]...), x.bound, x.exact)
}

// selected is a value or a constant, by a condition.
func (g *generator) selected() {
	x := g.pick(-1)
	cond := g.In(Values(1, 0, 0, 1, 1), g.Shape(x.buf)...)
	g.keep(g.Select(cond, x.buf, g.Const(g.Recorder.values(Signed, g.Shape(x.buf)), g.Shape(x.buf)...)), max(1, x.bound), x.exact)
}

// warp samples images of 3x3 or so at given places.
func (g *generator) warp() {
	x := g.pick(4)
	s := g.Shape(x.buf)
	a := prog.WarpAttr{
		Out: [2]int{1 + g.choose(4), 1 + g.choose(4)}, Nearest: g.choose(2) == 0,
		Border: prog.Borders()[g.choose(len(prog.Borders()))], Value: 0.5,
	}
	g.keep(g.Warp(x.buf, g.Fixed(transforms(s[0], s[1], s[2]), s[0], 6), a), max(0.5, x.bound), x.exact && a.Nearest)
}

func (g *generator) dropout() {
	x := g.pick(-1)
	if g.choose(3) == 2 {
		noise := g.Random(g.step, prog.RandomAttr{Dist: prog.Normal, B: 0.125, Key: uint64(g.choose(1000)), Shape: g.Shape(x.buf)})
		g.keep(g.Add(x.buf, noise), x.bound+1, false)
		return
	}
	mask := g.Random(g.step, prog.RandomAttr{Dist: prog.Keep, A: 0.25, Key: uint64(g.choose(1000)), Shape: g.Shape(x.buf)})
	g.keep(g.Mul(x.buf, mask), 2*x.bound, false)
}

// finish makes some values outputs, differentiates a loss of the newest, and updates the parameters.
func (g *generator) finish() {
	var loss prog.Buf = prog.None
	for i := range min(3, len(g.values)) {
		v := g.values[len(g.values)-1-i]
		if g.choose(2) == 0 {
			g.Result(v.buf)
		}
		weighted := g.Mul(v.buf, g.In(Signed, g.Shape(v.buf)...))
		if mean := g.Reduce(prog.Mean, weighted, false); loss == prog.None {
			loss = mean
		} else {
			loss = g.Add(loss, mean)
		}
	}
	params := append(append([]prog.Buf{}, g.rec.Params...), g.vars[:randomParams]...)
	grads := prog.Grad(g.Builder, loss, params)
	g.Result(loss)
	for _, d := range grads[:len(g.rec.Params)] {
		g.Result(d)
	}
	rule := prog.Rules()[g.choose(len(prog.Rules()))]
	a := ruleConstants
	a.Rule = rule
	// The root of a centred variance: the average gradient must not be the larger part.
	slots := append([]prog.Buf{}, g.vars[randomParams:randomParams+len(rule.Slots())]...)
	if rule == prog.RuleRMSpropCentered {
		a.Epsilon = 10
	}
	packed := g.Pack(grads[len(g.rec.Params):]...)
	g.Update(a, g.StoreRange("params", 0, 20), packed, g.stepNumbers(), slots...)
	g.rec.Loss = prog.None
}
