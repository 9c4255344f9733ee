package prog

import (
	"fmt"
	"slices"
)

// A Recurrence is what LSTM, GRU and SimpleRNN take: a batch of N sequences of T steps, and weights for
// u units, in Keras's layout. k is 4 for an LSTM (gates i, f, g, o), 3 for a GRU (z, r, n), else 1.
// What may be left out is None or nil.
type Recurrence struct {
	X         Buf // [N,T,F]
	Kernel    Buf // [F,k·u]
	Recurrent Buf // [u,k·u]
	Bias      Buf // [k·u], added to x·Kernel; may be left out
	// RecurrentBias [3u] is added to h·Recurrent by a GRU; may be left out.
	RecurrentBias Buf
	// State is what a sequence begins with: h [N,u], and for an LSTM c [N,u]; zeros where it is nil.
	State []Buf
	// Mask [N,T] is 0 where a step has no part: the state passes it unchanged. May be left out.
	Mask Buf
	// InputDrop [N,F] and Drop [N,u] are multiplied with x and with h before their products with the kernels, in
	// every step the same (dropout): one for all gates, or one for each. nil where there is none.
	InputDrop, Drop []Buf
	// Backwards goes through the steps from the last to the first; All is then in that order, or with InOrder in
	// that of X.
	Backwards, InOrder bool
	// Activation and Gate are tanh and the sigmoid where they are nil. With others, or where Plain asks
	// for it, a step is written in elementwise ops instead of one cell op.
	Activation, Gate func(b *Builder, x Buf) Buf
	Plain            bool
	// ResetBefore applies a GRU's reset gate to the state before the product (Keras's reset_after=False).
	ResetBefore bool
}

// A Recurred is the result: h of all steps [N,T,u], and the state behind the last, h and for an LSTM c.
type Recurred struct {
	All   Buf
	State []Buf
}

// LSTM records an LSTM over a sequence. What is not used of the result costs nothing.
func (b *Builder) LSTM(r Recurrence) Recurred {
	recurrent := b.columns(r.Recurrent, r.Drop)
	return b.recur(r, 4, 2, func(zx, mask Buf, state []Buf) []Buf {
		h, c := state[0], state[1]
		zh := b.product(h, recurrent, r.Drop, None, zx)
		if r.fused() {
			if mask == None {
				h = None
			}
			h2, c2 := b.LSTMCell(zx, zh, b.orZeros(c, zx, 4), mask, b.maybeZeros(h, mask, zx, 4))
			return []Buf{h2, c2}
		}
		z := b.gates(b.Add(zx, zh), 4)
		c = b.orZeros(c, zx, 4)
		next := b.Add(b.Mul(r.gate(b, z[1]), c), b.Mul(r.gate(b, z[0]), r.activation(b, z[2])))
		h2 := b.Mul(r.gate(b, z[3]), r.activation(b, next))
		return []Buf{b.masked(mask, h2, b.maybeZeros(h, mask, zx, 4)), b.masked(mask, next, c)}
	})
}

// GRU records a GRU over a sequence. What is not used of the result costs nothing.
func (b *Builder) GRU(r Recurrence) Recurred {
	recurrent, early := b.columns(r.Recurrent, r.Drop), r.Drop
	var late, lateDrop []Buf
	if s := b.Shape(r.Recurrent); r.ResetBefore && len(s) == 2 && s[1] == 3*s[0] { // z and r, and n for itself
		if lateDrop = r.Drop; len(r.Drop) == 3 {
			early, lateDrop = r.Drop[:2], r.Drop[2:]
		}
		recurrent = b.columns(b.Slice(r.Recurrent, []int{0, 0}, Shape{s[0], 2 * s[0]}), early)
		late = []Buf{b.Slice(r.Recurrent, []int{0, 2 * s[0]}, Shape{s[0], s[0]})}
	}
	return b.recur(r, 3, 1, func(zx, mask Buf, state []Buf) []Buf {
		h := state[0]
		if r.ResetBefore {
			u := b.Shape(zx).Last() / 3
			h = b.orZeros(h, zx, 3)
			n := b.Shape(h)[0]
			zr := b.Add(b.Slice(zx, []int{0, 0}, Shape{n, 2 * u}), b.product(h, recurrent, early, None, None))
			g := b.gates(r.gate(b, zr), 2)
			cand := b.Add(b.Slice(zx, []int{0, 2 * u}, Shape{n, u}), b.product(b.Mul(g[1], h), late, lateDrop, None, None))
			return []Buf{b.masked(mask, b.mix(g[0], h, r.activation(b, cand)), h)}
		}
		zh := b.product(h, recurrent, r.Drop, r.RecurrentBias, zx)
		h = b.orZeros(h, zx, 3)
		if r.fused() {
			return []Buf{b.GRUCell(zx, zh, h, mask)}
		}
		x, y := b.gates(zx, 3), b.gates(zh, 3)
		z, reset := r.gate(b, b.Add(x[0], y[0])), r.gate(b, b.Add(x[1], y[1]))
		cand := r.activation(b, b.Add(x[2], b.Mul(reset, y[2])))
		return []Buf{b.masked(mask, b.mix(z, h, cand), h)}
	})
}

// SimpleRNN records h' = activation(x·Kernel + Bias + h·Recurrent) over a sequence.
func (b *Builder) SimpleRNN(r Recurrence) Recurred {
	return b.recur(r, 1, 1, func(zx, mask Buf, state []Buf) []Buf {
		h := r.activation(b, b.Add(b.product(state[0], []Buf{r.Recurrent}, r.Drop, None, zx), zx))
		return []Buf{b.masked(mask, h, b.maybeZeros(state[0], mask, zx, 1))}
	})
}

// recur runs step over the time steps: zx [N,k·u] is the input's part of the gates' arguments, and
// state, None for zeros, what the step before returned.
func (b *Builder) recur(r Recurrence, k, states int, step func(zx, mask Buf, state []Buf) []Buf) Recurred {
	none := Recurred{None, slices.Repeat([]Buf{None}, states)}
	if b.missing("recurrence", r.X, r.Kernel, r.Recurrent) {
		return none
	}
	x, w, u := b.Shape(r.X), b.Shape(r.Kernel), b.Shape(r.Recurrent)
	if len(x) != 3 || x[1] == 0 || len(u) != 2 || !w.Equal(Shape{x[2], k * u[0]}) || u[1] != k*u[0] ||
		r.State != nil && len(r.State) != states {
		b.Fail(fmt.Errorf("recurrence over %v by %v and %v with %d states, wanted [N,T,F], [F,%du], [u,%du] and %d states: %w",
			x, w, u, len(r.State), k, k, states, ErrProgram))
		return none
	}
	at := func(parts []Buf) []Buf {
		if r.Backwards {
			slices.Reverse(parts)
		}
		return parts
	}
	input := b.Transpose(r.X, 1, 0, 2) // [T,N,F]
	if r.Backwards {
		// Turned round before the product, so that what a step reads and what it writes lie in one order.
		input = b.Stack(at(b.Parts(input))...)
	}
	z := b.product(input, b.columns(r.Kernel, r.InputDrop), r.InputDrop, None, None)
	if r.Bias != None {
		z = b.Add(z, r.Bias)
	}
	zx := b.Parts(z)
	masks := slices.Repeat([]Buf{None}, x[1])
	if r.Mask != None {
		masks = at(b.Parts(b.Transpose(r.Mask, 1, 0)))
	}
	state := r.State
	if state == nil {
		state = none.State
	}
	var all []Buf
	for t := range x[1] {
		if b.err != nil || len(masks) != x[1] {
			b.Fail(fmt.Errorf("the mask is %v for a sequence of %v: %w", b.Shape(r.Mask), x, ErrProgram))
			return none
		}
		state = step(zx[t], masks[t], state)
		all = append(all, state[0])
	}
	if r.InOrder {
		all = at(all)
	}
	return Recurred{b.Transpose(b.Stack(all...), 1, 0, 2), state}
}

func (r *Recurrence) fused() bool { return r.Activation == nil && r.Gate == nil && !r.Plain }

func (r *Recurrence) activation(b *Builder, x Buf) Buf {
	if r.Activation == nil {
		return b.Unary(Tanh, x)
	}
	return r.Activation(b, x)
}

func (r *Recurrence) gate(b *Builder, x Buf) Buf {
	if r.Gate == nil {
		return b.Unary(Sigmoid, x)
	}
	return r.Gate(b, x)
}

// columns are a kernel's of each gate, where each has its own of drop; else the kernel.
func (b *Builder) columns(kernel Buf, drop []Buf) []Buf {
	if len(drop) < 2 {
		return []Buf{kernel}
	}
	return b.gates(kernel, len(drop))
}

// product is x·kernels + bias, the kernels beside each other and x multiplied by drop for them; x is None where
// it is zero, and the result then like like.
func (b *Builder) product(x Buf, kernels, drop []Buf, bias, like Buf) Buf {
	switch {
	case x == None && bias == None:
		return b.Fill(0, b.Shape(like)...)
	case x == None:
		return b.Broadcast(bias, b.Shape(like))
	}
	parts := make([]Buf, len(kernels))
	for i, kernel := range kernels {
		part := x
		if len(drop) > 0 {
			part = b.Mul(x, drop[i])
		}
		parts[i] = b.MatMul(part, kernel, false, false)
	}
	y := parts[0]
	if len(parts) > 1 {
		y = b.Concat(-1, parts...)
	}
	if bias != None {
		y = b.Add(y, bias)
	}
	return y
}

// orZeros is x, or zeros [N,u] where it is None; like is [N,k·u].
func (b *Builder) orZeros(x, like Buf, k int) Buf {
	if s := b.Shape(like); x == None && b.err == nil {
		return b.Fill(0, s[0], s[1]/k)
	}
	return x
}

// maybeZeros is orZeros where there is a mask, so that something reads the old state.
func (b *Builder) maybeZeros(x, mask, like Buf, k int) Buf {
	if mask == None {
		return None
	}
	return b.orZeros(x, like, k)
}

// gates cuts z [N,k·u] into k parts [N,u].
func (b *Builder) gates(z Buf, k int) []Buf {
	out := slices.Repeat([]Buf{None}, k)
	if s := b.Shape(z); b.err == nil {
		for i := range out {
			out[i] = b.Slice(z, []int{0, i * s[1] / k}, Shape{s[0], s[1] / k})
		}
	}
	return out
}

// mix is z·x + (1-z)·y.
func (b *Builder) mix(z, x, y Buf) Buf { return b.Add(b.Mul(z, x), b.Mul(b.Affine(z, -1, 1), y)) }

// masked is new, or old in the rows where mask [N] is 0.
func (b *Builder) masked(mask, new, old Buf) Buf {
	if mask == None {
		return new
	}
	return b.Select(b.Reshape(mask, -1, 1), new, old)
}
