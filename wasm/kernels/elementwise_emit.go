//go:build !js

package kernels

import "github.com/tabgrad/tabgrad/wasm/asm"

func init() {
	add(
		Kernel{
			Op:   OpUnary,
			Name: "f32_unary",
			Doc:  "for i := range n { dst[i] = fn(x[i]) }",
			Args: []string{"fn", "dst", "x", "n", "alpha", "beta"},
			emit: func(k *Body) { k.cases(int(numUnaryFn), emitUnary) },
		},
		Kernel{
			Op:   OpUnaryGrad,
			Name: "f32_unary_grad",
			Doc:  "for i := range n { dst[i] = fn'(ref[i]) * dy[i] }",
			Args: []string{"fn", "dst", "ref", "dy", "n", "alpha", "beta"},
			emit: func(k *Body) { k.cases(int(numUnaryFn), emitUnaryGrad) },
		},
		Kernel{
			Op:   OpBinary,
			Name: "f32_binary",
			Doc:  "for i := range n { r, c := i/cols, i%cols; dst[i] = fn(a[r, c], b[r, c]) }",
			Args: []string{"fn", "dst", "a", "b", "n", "cols", "rows", "rank"},
			emit: func(k *Body) { k.cases(int(numBinaryFn), emitBinary) },
		},
	)
}

// cases calls one function for each value of the first argument word, below n: a function of its
// own for each keeps registers and compile times small.
func (k *Body) cases(n int, emit func(k *Body, fn int)) {
	fn := k.args.LoadI32(0)
	var calls []func()
	for i := range n {
		part := k.Builder.part(k.Kernel, i, emit)
		calls = append(calls, func() { k.Call(part, k.args, k.Lane, k.Lanes) })
	}
	k.Switch(fn, calls, k.Unreachable)
}

// part is a function of its own with a kernel's parameters and arguments.
func (b *Builder) part(kernel Kernel, i int, emit func(k *Body, i int)) *asm.Func {
	f := b.Func(kernel.Name)
	body := &Body{Func: f, Builder: b, Kernel: kernel, args: f.ParamI32()}
	body.Lane, body.Lanes = f.ParamI32(), f.ParamI32()
	emit(body, i)
	return f
}

// eachLine is how many elements a lane's share of an elementwise kernel is cut at: 64 bytes, so
// that two lanes seldom write to one cache line.
const eachLine = 16

// each emits: for i in this lane's share of n { out[0][i], ... = fn(in[0][i], ...) }. The pointers
// in in and out are locals, which it changes; an out may be equal to an in, but must be another
// local. The loop is unrolled; a heavy fn, for which that doesn't pay, is emitted once.
func (k *Body) each(n asm.I32, in, out []asm.I32, heavy bool, fn func(v []asm.F32x4) []asm.F32x4) {
	lo, hi := k.Share(n, eachLine)
	skip := k.LetI32(lo.MulC(4))
	for _, p := range append(append([]asm.I32{}, in...), out...) {
		p.Set(p.Add(skip))
	}
	k.span(hi.Sub(lo), in, out, heavy, fn)
}

// span is each for all of n elements, whatever the lane.
func (k *Body) span(n asm.I32, in, out []asm.I32, heavy bool, fn func(v []asm.F32x4) []asm.F32x4) {
	streams := append(append([]asm.I32{}, in...), out...)
	advance := func(bytes int) {
		for _, p := range streams {
			p.Set(p.AddC(bytes))
		}
	}
	left := k.LetI32(n)
	if heavy {
		v := make([]asm.F32x4, len(in))
		for i := range in {
			v[i] = k.F32x4()
		}
		k.While(left.GtS(asm.C(0)), func() {
			whole := k.LetI32(left.GeS(asm.C(4)))
			k.IfElse(whole, func() {
				for i, p := range in {
					v[i].Set(p.LoadF32x4(0))
				}
			}, func() {
				for i, p := range in {
					v[i].Set(k.loadPart(p, left, asm.CF(0)))
				}
			})
			r := fn(v)
			for i := range r {
				r[i] = k.let(r[i])
			}
			k.IfElse(whole, func() {
				for i, p := range out {
					k.StoreF32x4(p, 0, r[i])
				}
			}, func() {
				for i, p := range out {
					k.storePart(p, left, r[i])
				}
			})
			advance(16)
			left.Set(left.SubC(4))
		})
		return
	}
	const unroll = 4
	step := func(offset int, load func(p asm.I32) asm.F32x4, store func(p asm.I32, v asm.F32x4)) {
		v := make([]asm.F32x4, len(in))
		for i, p := range in {
			v[i] = k.let(load(p))
		}
		r := fn(v)
		for i := range r { // before the first store, which may be to an operand
			if len(r) > 1 {
				r[i] = k.let(r[i])
			}
		}
		for i, p := range out {
			store(p, r[i])
		}
	}
	k.While(left.GeS(asm.C(4*unroll)), func() {
		for u := range unroll {
			step(16*u, func(p asm.I32) asm.F32x4 { return p.LoadF32x4(16 * u) },
				func(p asm.I32, v asm.F32x4) { k.StoreF32x4(p, 16*u, v) })
		}
		advance(16 * unroll)
		left.Set(left.SubC(4 * unroll))
	})
	k.While(left.GtS(asm.C(0)), func() {
		step(0, func(p asm.I32) asm.F32x4 { return p.LoadZeroF32x4(0) },
			func(p asm.I32, v asm.F32x4) { k.StoreLaneF32x4(p, 0, v, 0) })
		advance(4)
		left.Set(left.SubC(1))
	})
}

// loadPart is the first n < 4 values at address p, and fill in the other lanes.
func (k *Body) loadPart(p, n asm.I32, fill asm.F32) asm.F32x4 {
	f := k.Builder.Function("load_part", func(f *asm.Func) {
		p, n, fill := f.ParamI32(), f.ParamI32(), f.ParamF32()
		f.Returns(asm.TypeV128)
		v := f.LetF32x4(fill.Splat())
		for i := range 3 {
			f.If(n.GtS(asm.C(i)), func() { v.Set(v.LoadLane(p, 4*i, i)) })
		}
		f.Return(v)
	})
	return k.CallF32x4(f, p, n, fill)
}

// storePart stores the first n < 4 lanes of v at address p.
func (k *Body) storePart(p, n asm.I32, v asm.F32x4) {
	f := k.Builder.Function("store_part", func(f *asm.Func) {
		p, n, v := f.ParamI32(), f.ParamI32(), f.ParamF32x4()
		for i := range 3 {
			f.If(n.GtS(asm.C(i)), func() { f.StoreLaneF32x4(p, 4*i, v, i) })
		}
	})
	k.Call(f, p, n, v)
}
