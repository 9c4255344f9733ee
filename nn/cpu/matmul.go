package cpu

import (
	"github.com/tabgrad/tabgrad/nn/prog"
	"gonum.org/v1/gonum/blas"
)

// Blocks of a product handed to gonum: small enough that it neither starts goroutines of its own
// (below 2x2 blocks of 64) nor streams b from memory for every row of a.
const (
	blockM = 64
	blockN = 128
	blockK = 256
)

// addProduct: c[m,n] += op(a)·op(b), where tA says that a is stored [k,m], tB that b is stored
// [n,k]; lda, ldb and ldc are the distances between stored rows. Each element of c is added to in
// the same order wherever c's rows are cut.
func (g gemm[T]) addProduct(tA, tB bool, m, n, k int, a []T, lda int, b []T, ldb int, c []T, ldc int) {
	opA, opB := blas.NoTrans, blas.NoTrans
	ma, ka, kb, nb := lda, 1, ldb, 1
	if tA {
		opA, ma, ka = blas.Trans, 1, lda
	}
	if tB {
		opB, kb, nb = blas.Trans, 1, ldb
	}
	for j := 0; j < n; j += blockN {
		nn := min(blockN, n-j)
		for l := 0; l < k; l += blockK {
			kk := min(blockK, k-l)
			for i := 0; i < m; i += blockM {
				mm := min(blockM, m-i)
				g(opA, opB, mm, nn, kk, 1, a[i*ma+l*ka:], lda, b[l*kb+j*nb:], ldb, 1, c[i*ldc+j:], ldc)
			}
		}
	}
}

// matMul: for each matrix of the stack { out = act(op(a)·op(b) + bias) }, row by row.
func (l *loader[T]) matMul(op *prog.Op) {
	const band = 32 // rows of out that one goroutine does at a time
	in, out := l.operands(op)
	attr := op.Attr.(prog.MatMulAttr)
	a, b := in[0], in[1]
	as, os := l.shape(op.In[0]), l.shape(op.Out[0])
	m, n := os[len(os)-2], os.Last()
	lda, k := as.Last(), as.Last()
	if attr.TransA {
		k = as[len(as)-2]
	}
	ldb := l.shape(op.In[1]).Last()
	if m*n == 0 {
		return
	}
	stack := len(out) / (m * n)
	bands := (m + band - 1) / band
	end := newEpilogue[T](attr.Epilogue, in[2:], n)
	l.add(stack*bands, min(band, m)*n*(k+1), func(from, to int) {
		for u := from; u < to; u++ {
			s, first := u/bands, u%bands*band
			rows := min(band, m-first)
			at := (s*m + first) * n
			c := out[at : at+rows*n]
			clear(c)
			if k > 0 {
				skip := first * lda
				if attr.TransA {
					skip = first
				}
				l.gemm.addProduct(attr.TransA, attr.TransB, rows, n, k, a[s*m*k+skip:], lda, b[s*k*n:], ldb, c, n)
			}
			end.apply(c, at)
		}
	})
}

// An epilogue finishes the rows of a product or convolution: out = act(out + bias), or
// out = out · act'(ref).
type epilogue[T Float] struct {
	bias, ref []T
	n         int // length of a row
	act       unary[T]
}

// newEpilogue takes the operands behind the op's own two.
func newEpilogue[T Float](e prog.Epilogue, extra [][]T, n int) epilogue[T] {
	end := epilogue[T]{n: n, act: newUnary[T](prog.UnaryAttr{Fn: e.Act, Alpha: e.Alpha})}
	if e.Bias {
		end.bias = extra[0]
	}
	if e.Grad {
		end.ref = extra[len(extra)-1]
	}
	return end
}

// apply finishes c, whole rows that begin at element at of out.
func (e *epilogue[T]) apply(c []T, at int) {
	if e.bias != nil {
		for r := 0; r < len(c); r += e.n {
			for j, v := range e.bias {
				c[r+j] += v
			}
		}
	}
	switch {
	case e.ref != nil:
		e.act.grad(c, e.ref[at:at+len(c)], c)
	case e.act.fn != prog.Identity:
		e.act.apply(c, c)
	}
}
