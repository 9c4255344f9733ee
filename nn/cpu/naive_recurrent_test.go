package cpu_test

import (
	"math"
	"math/cmplx"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// The recurrent cells as op.go has them; their gradients as what a small change of each operand does.

// cellForward is h' (and for an LSTM c') of one element, from its column of the operands: zx and zh by
// gate, then the state (for an LSTM, c).
func cellForward(lstm bool, v []complex128) (h, c complex128) {
	tanh := func(x complex128) complex128 {
		if math.Abs(real(x)) > 300 { // where cmplx.Tanh overflows
			return complex(math.Copysign(1, real(x)), 0)
		}
		return cmplx.Tanh(x)
	}
	sigma := func(x complex128) complex128 { return 0.5 + tanh(x/2)/2 }
	if lstm {
		z := func(k int) complex128 { return v[k] + v[4+k] }
		c = sigma(z(1))*v[8] + sigma(z(0))*tanh(z(2))
		return sigma(z(3)) * tanh(c), c
	}
	z, r := sigma(v[0]+v[3]), sigma(v[1]+v[4])
	return z*v[6] + (1-z)*tanh(v[2]+r*v[5]), 0
}

func naiveCell(op prog.Op, in, out []tensor) {
	lstm := op.Code == prog.LSTMCell
	gates := 3
	if lstm {
		gates = 4
	}
	u := in[2].shape[1]
	in[2].each(func(idx []int) {
		r, j := idx[0], idx[1]
		var v []float64
		for _, x := range in[:2] {
			for k := range gates {
				v = append(v, x.get(r, k*u+j))
			}
		}
		v = append(v, in[2].get(idx...))
		hNew, cNew := cellForward(lstm, complexes(v))
		h, c := real(hNew), real(cNew)
		saved := out[len(out)-1]
		sigma := func(x float64) float64 { return 0.5 + math.Tanh(x/2)/2 }
		if lstm {
			for k, s := range []float64{sigma(v[0] + v[4]), sigma(v[1] + v[5]), math.Tanh(v[2] + v[6]), sigma(v[3] + v[7]), math.Tanh(c)} {
				saved.set(s, r, k*u+j)
			}
		} else {
			reset := sigma(v[1] + v[4])
			for k, s := range []float64{sigma(v[0] + v[3]), reset, math.Tanh(v[2] + reset*v[5]), v[5]} {
				saved.set(s, r, k*u+j)
			}
		}
		if len(in) > 3 && in[3].get(r) == 0 {
			c, h = in[2].get(idx...), in[len(in)-1].get(idx...) // an LSTM's h is its last operand
			if !lstm {
				h = in[2].get(idx...)
			}
		}
		out[0].set(h, idx...)
		if lstm {
			out[1].set(c, idx...)
		}
	})
}

func complexes(v []float64) []complex128 {
	out := make([]complex128, len(v))
	for i, x := range v {
		out[i] = complex(x, 0)
	}
	return out
}

// naiveCellGrad differentiates cellForward by a step in the imaginary direction, which loses no digits,
// after it has found the gates'
// arguments that give the saved values.
func naiveCellGrad(op prog.Op, in, out []tensor) {
	logit := func(p float64) float64 { return math.Log(p) - math.Log1p(-p) }
	lstm := op.Code == prog.LSTMCellGrad
	u := in[1].shape[1]
	in[1].each(func(idx []int) {
		r, j := idx[0], idx[1]
		s := func(k int) float64 { return in[0].get(r, k*u+j) }
		dh, dc := in[2].get(idx...), 0.0
		v := []float64{logit(s(0)), logit(s(1)), 0, 0, 0, s(3), in[1].get(idx...)}
		gates := 3
		if lstm {
			gates, dc = 4, in[3].get(idx...)
			v = []float64{logit(s(0)), logit(s(1)), math.Atanh(s(2)), logit(s(3)), 0, 0, 0, 0, in[1].get(idx...)}
		} else {
			v[2] = math.Atanh(s(2)) - s(1)*s(3)
		}
		change := func(i int) float64 {
			const eps = 1e-100
			at := complexes(v)
			at[i] += complex(0, eps)
			h, c := cellForward(lstm, at)
			return (dh*imag(h) + dc*imag(c)) / eps
		}
		masked := len(in) == 5 && in[4].get(r) == 0 || !lstm && len(in) == 4 && in[3].get(r) == 0
		for k := range gates {
			dz, dzh := change(k), change(gates+k)
			if masked {
				dz, dzh = 0, 0
			}
			out[0].set(dz, r, k*u+j)
			if !lstm {
				out[1].set(dzh, r, k*u+j)
			}
		}
		state := change(2 * gates)
		switch {
		case lstm && masked:
			out[1].set(dc, idx...)
			out[2].set(dh, idx...)
		case lstm:
			out[1].set(state, idx...)
			if len(out) > 2 {
				out[2].set(0, idx...)
			}
		case masked:
			out[2].set(dh, idx...)
		default:
			out[2].set(state, idx...)
		}
	})
}
