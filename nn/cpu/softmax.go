package cpu

import (
	"math"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// largest is the maximum of a row, NaN where there is one.
func largest[T Float](row []T) float64 {
	m := row[0]
	for _, v := range row {
		m = max(m, v)
	}
	return float64(m)
}

// logSum is ln Σ e^z of a row, computed as max + ln Σ e^(z - max).
func logSum[T Float](row []T) float64 {
	m, sum := largest(row), 0.0
	for _, v := range row {
		sum += math.Exp(float64(v) - m)
	}
	return m + math.Log(sum)
}

// softmax: m = max x; out[j] = e^(x[j] - m) / Σ e^(x - m), for each row
func (l *loader[T]) softmax(op *prog.Op) {
	in, out := l.operands(op)
	n := l.shape(op.In[0]).Last()
	l.rows(l.shape(op.In[0]), func(_, at int) {
		x, y := in[0][at:at+n], out[at:at+n]
		m, sum := largest(x), 0.0
		for _, v := range x {
			sum += math.Exp(float64(v) - m)
		}
		for j, v := range x {
			y[j] = T(math.Exp(float64(v)-m) / sum)
		}
	})
}

// softmaxGrad: s = Σ y·dy; out[j] = y[j] * (dy[j] - s), for each row
func (l *loader[T]) softmaxGrad(op *prog.Op) {
	in, out := l.operands(op)
	n := l.shape(op.In[0]).Last()
	l.rows(l.shape(op.In[0]), func(_, at int) {
		y, dy, dx := in[0][at:at+n], in[1][at:at+n], out[at:at+n]
		sum := 0.0
		for j, v := range y {
			sum += float64(v) * float64(dy[j])
		}
		for j, v := range y {
			dx[j] = T(float64(v) * (float64(dy[j]) - sum))
		}
	})
}

// logSoftmax: out[j] = x[j] - max - ln Σ e^(x - max), for each row
func (l *loader[T]) logSoftmax(op *prog.Op) {
	in, out := l.operands(op)
	n := l.shape(op.In[0]).Last()
	l.rows(l.shape(op.In[0]), func(_, at int) {
		x, y := in[0][at:at+n], out[at:at+n]
		ls := logSum(x)
		for j, v := range x {
			y[j] = T(float64(v) - ls)
		}
	})
}

// logSoftmaxGrad: s = Σ dy; out[j] = dy[j] - e^y[j] * s, for each row
func (l *loader[T]) logSoftmaxGrad(op *prog.Op) {
	in, out := l.operands(op)
	n := l.shape(op.In[0]).Last()
	l.rows(l.shape(op.In[0]), func(_, at int) {
		y, dy, dx := in[0][at:at+n], in[1][at:at+n], out[at:at+n]
		sum := 0.0
		for _, v := range dy {
			sum += float64(v)
		}
		for j, v := range y {
			dx[j] = T(float64(dy[j]) - math.Exp(float64(v))*sum)
		}
	})
}

// targets reads the target t[r, j] of row r: from a row of numbers, or as 1 at the class that t[r]
// names and 0 elsewhere.
func targets[T Float](t []T, n int, sparse bool) func(r, j int) float64 {
	if sparse {
		return func(r, j int) float64 { return truth(index(t[r], n) == j) }
	}
	return func(r, j int) float64 { return float64(t[r*n+j]) }
}

// xent: s = Σ p; out[r] = -Σ t[j]·ln(clip(p[j] / s))
func (l *loader[T]) xent(op *prog.Op) {
	in, out := l.operands(op)
	n := l.shape(op.In[0]).Last()
	t := targets(in[1], n, op.Attr.(prog.XentAttr).Sparse)
	lo, hi := probabilityBounds[T]()
	l.rows(l.shape(op.In[0]), func(r, at int) {
		p := in[0][at : at+n]
		sum, loss := 0.0, 0.0
		for _, v := range p {
			sum += float64(v)
		}
		for j, v := range p {
			loss -= t(r, j) * math.Log(min(max(float64(v)/sum, lo), hi))
		}
		out[r] = T(loss)
	})
}

// xentGrad: s = Σ p; q = p / s; g[j] = -t[j] / q[j] where q[j] is not clipped, else 0;
// out[j] = dl[r] * (g[j] - Σ g·q) / s
func (l *loader[T]) xentGrad(op *prog.Op) {
	in, out := l.operands(op)
	n := l.shape(op.In[0]).Last()
	t := targets(in[1], n, op.Attr.(prog.XentAttr).Sparse)
	lo, hi := probabilityBounds[T]()
	l.rows(l.shape(op.In[0]), func(r, at int) {
		p, dl, dp := in[0][at:at+n], float64(in[2][r]), out[at:at+n]
		sum, dot := 0.0, 0.0
		for _, v := range p {
			sum += float64(v)
		}
		g := func(j int) float64 {
			if q := float64(p[j]) / sum; q >= lo && q <= hi {
				return -t(r, j) / q
			}
			return 0
		}
		for j, v := range p {
			dot += g(j) * float64(v) / sum
		}
		for j := range dp {
			dp[j] = T(dl * (g(j) - dot) / sum)
		}
	})
}

// softmaxXent: out[r] = Σ t[j] * (ln Σ e^z - z[j])
func (l *loader[T]) softmaxXent(op *prog.Op) {
	in, out := l.operands(op)
	n := l.shape(op.In[0]).Last()
	t := targets(in[1], n, op.Attr.(prog.XentAttr).Sparse)
	l.rows(l.shape(op.In[0]), func(r, at int) {
		z := in[0][at : at+n]
		ls, loss := logSum(z), 0.0
		for j, v := range z {
			loss += t(r, j) * (ls - float64(v))
		}
		out[r] = T(loss)
	})
}

// softmaxXentGrad: out[j] = (softmax(z)[j] * Σ t - t[j]) * dl[r]
func (l *loader[T]) softmaxXentGrad(op *prog.Op) {
	in, out := l.operands(op)
	n := l.shape(op.In[0]).Last()
	t := targets(in[1], n, op.Attr.(prog.XentAttr).Sparse)
	l.rows(l.shape(op.In[0]), func(r, at int) {
		z, dl, dz := in[0][at:at+n], float64(in[2][r]), out[at:at+n]
		ls, sum := logSum(z), 0.0
		for j := range z {
			sum += t(r, j)
		}
		for j, v := range z {
			dz[j] = T((math.Exp(float64(v)-ls)*sum - t(r, j)) * dl)
		}
	})
}
