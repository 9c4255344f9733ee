package cpu

import (
	"math"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// split: the inverse of pack
func (l *loader[T]) split(op *prog.Op) {
	x := l.e.at(op.In[0])
	for _, out := range op.Out {
		dst := l.e.at(out)
		src := x[:l.shape(out).Size()]
		l.add(len(dst), 1, func(from, to int) { copy(dst[from:to], src[from:to]) })
		x = x[len(src):]
	}
}

// outputs is the memory of all of op's results.
func (l *loader[T]) outputs(op *prog.Op) (out [][]T) {
	for _, b := range op.Out {
		out = append(out, l.e.at(b))
	}
	return out
}

// cells appends a step over the rows of a state [N,u].
func (l *loader[T]) cells(state prog.Shape, do func(row, u int)) {
	n, u := state[0], state[1]
	l.add(n, 64*u, func(from, to int) {
		for r := from; r < to; r++ {
			do(r, u)
		}
	})
}

// lstmCell: i, f, g, o = σ(z[:u]), σ(z[u:2u]), tanh(z[2u:3u]), σ(z[3u:]) with z = zx + zh;
// c' = f·c + i·g; h' = o·tanh(c'), for each row that is not masked
func (l *loader[T]) lstmCell(op *prog.Op) {
	in, _ := l.operands(op)
	out := l.outputs(op)
	zx, zh, c := in[0], in[1], in[2]
	l.cells(l.shape(op.In[2]), func(r, u int) {
		for j := range u {
			at := r*u + j
			z := func(k int) float64 { return float64(zx[(4*r+k)*u+j]) + float64(zh[(4*r+k)*u+j]) }
			i, f, g, o := sigmoid(z(0)), sigmoid(z(1)), math.Tanh(z(2)), sigmoid(z(3))
			next := f*float64(c[at]) + i*g
			tanh := math.Tanh(next)
			for k, v := range [5]float64{i, f, g, o, tanh} {
				out[2][(5*r+k)*u+j] = T(v)
			}
			if len(in) > 3 && in[3][r] == 0 {
				out[0][at], out[1][at] = in[4][at], c[at]
				continue
			}
			out[0][at], out[1][at] = T(o*tanh), T(next)
		}
	})
}

// lstmCellGrad: with i, f, g, o, t from lstmCell: e = dc' + dh'·o·(1-t²); dz = e·g·i(1-i), e·c·f(1-f),
// e·i·(1-g²), dh'·t·o(1-o); dc = e·f, for each row that is not masked
func (l *loader[T]) lstmCellGrad(op *prog.Op) {
	in, dz := l.operands(op)
	out := l.outputs(op)
	saved, c, dh, dc := in[0], in[1], in[2], in[3]
	l.cells(l.shape(op.In[1]), func(r, u int) {
		for j := range u {
			at := r*u + j
			if len(in) > 4 {
				out[2][at] = 0
				if in[4][r] == 0 {
					for k := range 4 {
						dz[(4*r+k)*u+j] = 0
					}
					out[1][at], out[2][at] = dc[at], dh[at]
					continue
				}
			}
			s := func(k int) float64 { return float64(saved[(5*r+k)*u+j]) }
			i, f, g, o, t := s(0), s(1), s(2), s(3), s(4)
			d := float64(dh[at])
			e := float64(dc[at]) + d*o*(1-t*t)
			for k, v := range [4]float64{e * g * i * (1 - i), e * float64(c[at]) * f * (1 - f), e * i * (1 - g*g), d * t * o * (1 - o)} {
				dz[(4*r+k)*u+j] = T(v)
			}
			out[1][at] = T(e * f)
		}
	})
}

// gruCell: z = σ(zx[:u] + zh[:u]); r = σ(zx[u:2u] + zh[u:2u]); n = tanh(zx[2u:] + r·zh[2u:]);
// h' = z·h + (1-z)·n, for each row that is not masked
func (l *loader[T]) gruCell(op *prog.Op) {
	in, _ := l.operands(op)
	out := l.outputs(op)
	zx, zh, h := in[0], in[1], in[2]
	l.cells(l.shape(op.In[2]), func(row, u int) {
		for j := range u {
			at := row*u + j
			x := func(k int) float64 { return float64(zx[(3*row+k)*u+j]) }
			y := func(k int) float64 { return float64(zh[(3*row+k)*u+j]) }
			z, r := sigmoid(x(0)+y(0)), sigmoid(x(1)+y(1))
			n := math.Tanh(x(2) + r*y(2))
			for k, v := range [4]float64{z, r, n, y(2)} {
				out[1][(4*row+k)*u+j] = T(v)
			}
			if len(in) > 3 && in[3][row] == 0 {
				out[0][at] = h[at]
				continue
			}
			out[0][at] = T(z*float64(h[at]) + (1-z)*n)
		}
	})
}

// gruCellGrad: with z, r, n, y from gruCell and e = dh'·(1-z)·(1-n²): dzx = dh'·(h-n)·z(1-z),
// e·y·r(1-r), e; dzh is the same but e·r at last; dh = dh'·z, for each row that is not masked
func (l *loader[T]) gruCellGrad(op *prog.Op) {
	in, dzx := l.operands(op)
	out := l.outputs(op)
	saved, h, dy, dzh, dh := in[0], in[1], in[2], out[1], out[2]
	l.cells(l.shape(op.In[1]), func(row, u int) {
		for j := range u {
			at := row*u + j
			if len(in) > 3 && in[3][row] == 0 {
				for k := range 3 {
					dzx[(3*row+k)*u+j], dzh[(3*row+k)*u+j] = 0, 0
				}
				dh[at] = dy[at]
				continue
			}
			s := func(k int) float64 { return float64(saved[(4*row+k)*u+j]) }
			z, r, n, y, d := s(0), s(1), s(2), s(3), float64(dy[at])
			e := d * (1 - z) * (1 - n*n)
			for k, v := range [3]float64{d * (float64(h[at]) - n) * z * (1 - z), e * y * r * (1 - r), e} {
				dzx[(3*row+k)*u+j] = T(v)
				if k == 2 {
					v *= r
				}
				dzh[(3*row+k)*u+j] = T(v)
			}
			dh[at] = T(d * z)
		}
	})
}
