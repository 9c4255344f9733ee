//go:build !js

package main

import "github.com/tabgrad/tabgrad/wasm/kernels"

// movingCases are the elementwise ops, the pooling and the optimizers of www/bench's models at batch 128: what they take is
// what memory takes. Bytes count once for each time that an operand is read or written.
func movingCases() []benchCase {
	const (
		afterConv2 = 128 * 24 * 24 * 64
		afterPool  = 128 * 12 * 12 * 64
		hidden     = 128 * 512
	)
	return []benchCase{
		unaryGrad("relu's gradient 128x24x24x64", kernels.Relu, afterConv2),
		unaryGrad("relu's gradient 128x512", kernels.Relu, hidden),
		unary("relu 128x24x24x64", kernels.Relu, afterConv2),
		unary("exp 128x512", kernels.Exp, hidden),
		unary("tanh 128x512", kernels.Tanh, hidden),
		unary("gelu 128x512", kernels.Gelu, hidden),
		binary("product with a mask 128x12x12x64", kernels.Mul, afterPool),
		binary("sum 128x512", kernels.Add, hidden),
		random("dropout's mask 128x12x12x64", kernels.Keep, afterPool),
		random("normal noise 128x12x12x64", kernels.Normal, afterPool),
		maxPool("pooling 128x24x24x64", 128, 24, 64),
		maxPoolGrad("pooling's gradient 128x24x24x64", 128, 24, 64),
		maxPool("pooling 128x32x32x32", 128, 32, 32),
		maxPoolGrad("pooling's gradient 128x32x32x32", 128, 32, 32),
		maxPool("pooling 128x8x8x128", 128, 8, 128),
		maxPoolGrad("pooling's gradient 128x8x8x128", 128, 8, 128),
		columnSums("bias's gradient 128x512", 128, 512),
		update("Adadelta, seed CNN 1,199,882", kernels.Adadelta, 1199882),
		update("Adam, MLP 512 669,706", kernels.Adam, 669706),
		update("Adam, MLP 128 101,770", kernels.Adam, 101770),
		update("Adam, deeper CNN 307,498", kernels.Adam, 307498),
		update("Adamax, MLP 512 669,706", kernels.Adamax, 669706),
		update("Nadam, MLP 512 669,706", kernels.Nadam, 669706),
		update("FTRL, MLP 512 669,706", kernels.Ftrl, 669706),
		update("Lion, MLP 512 669,706", kernels.Lion, 669706),
	}
}

// moved finishes a case that moves so many 32-bit values: the copy beside it moves as many.
func (a *arena) moved(name string, values uint32, calls ...kernels.Call) benchCase {
	const copyAt = kernels.HeapBase + 8<<10
	begin := newArena()
	copied := kernels.Copy{Dst: begin.floats(values / 2), Src: begin.floats(values / 2), N: values / 2}
	a.next = max(a.next, begin.next)
	c := a.done(name, 0, calls)
	var p kernels.Program
	p.Add(copied)
	c.Traffic, c.Copy, c.CopyAt = 4*float64(values), p.Words(), copyAt
	return c
}

func unary(name string, fn kernels.UnaryFn, n uint32) benchCase {
	a := newArena()
	return a.moved(name, 2*n, kernels.Unary{Fn: fn, Dst: a.floats(n), X: a.floats(n), N: n})
}

func unaryGrad(name string, fn kernels.UnaryFn, n uint32) benchCase {
	a := newArena()
	return a.moved(name, 3*n, kernels.UnaryGrad{Fn: fn, Dst: a.floats(n), Ref: a.floats(n), Dy: a.floats(n), N: n})
}

func binary(name string, fn kernels.BinaryFn, n uint32) benchCase {
	a := newArena()
	return a.moved(name, 3*n, kernels.Binary{Fn: fn, Dst: a.floats(n), A: a.floats(n), B: a.floats(n), N: n, Cols: n, ARow: true, BRow: true})
}

func random(name string, of kernels.Distribution, n uint32) benchCase {
	a := newArena()
	return a.moved(name, n, kernels.Random{Of: of, Dst: a.floats(n), N: n, Step: a.floats(2), Key: 7, A: 0.25, B: 4 / 3.})
}

func maxPool(name string, n, size, c uint32) benchCase {
	a := newArena()
	w := halving(n, size, c)
	x, y := n*size*size*c, n*w.OH*w.OW*c
	return a.moved(name, x+y, kernels.Pool{Dst: a.floats(y), X: a.floats(x), Window: w})
}

func maxPoolGrad(name string, n, size, c uint32) benchCase {
	a := newArena()
	w := halving(n, size, c)
	x, y := n*size*size*c, n*w.OH*w.OW*c
	forward := kernels.Pool{Dst: a.floats(y), X: a.floats(x), Window: w}
	grad := kernels.PoolGrad{Dst: a.floats(x), X: forward.X, Y: forward.Dst, Dy: a.floats(y), Window: w}
	c0 := a.moved(name, 2*x+2*y, grad)
	var before kernels.Program
	before.Add(forward)
	c0.Before = before.Words() // else Y would be no maximum
	return c0
}

// halving is 2x2 pooling.
func halving(n, size, c uint32) kernels.Window {
	return kernels.Window{N: n, H: size, W: size, C: c, OH: size / 2, OW: size / 2, KH: 2, KW: 2, SH: 2, SW: 2}
}

func columnSums(name string, rows, cols uint32) benchCase {
	a := newArena()
	return a.moved(name, rows*cols+cols, kernels.ReduceRows{Fn: kernels.ReduceSum, Dst: a.floats(cols), X: a.floats(rows * cols), Outer: 1, N: rows, Cols: cols, Chunk: rows, Divisor: 1})
}

// update reads the gradient and reads and writes the parameters and the rule's slots, Lion's one or two.
func update(name string, rule kernels.Rule, n uint32) benchCase {
	a := newArena()
	moved := 7 * n
	if rule == kernels.Lion {
		moved = 5 * n
	}
	return a.moved(name, moved, kernels.Update{
		Rule: rule, N: n, Hyper: a.floats(5), W: a.floats(n), G: a.floats(n), S: a.floats(n), T: a.floats(n), U: a.floats(n),
		Rho: 0.95, OneMinusRho: 0.05, OneMinusBeta1: 0.1, OneMinusBeta2: 0.001, Epsilon: 1e-7,
	})
}
