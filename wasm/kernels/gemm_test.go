//go:build !js

package kernels

import (
	"fmt"
	"math"
	"testing"
)

// matrix is a stored matrix.
type matrix struct {
	rows, cols int
	ld         int
	values     []float32
}

func (x matrix) value(i, j int, transposed bool) float64 {
	if transposed {
		i, j = j, i
	}
	return float64(x.values[i*x.ld+j])
}

// applyEpilogue is Epilogue's formula.
func applyEpilogue(e Epilogue, v, old, bias, mask float64) float64 {
	if e.Accumulate {
		v += old
	}
	if e.Bias != 0 {
		v += bias
	}
	if e.ReLU && v < 0 {
		v = 0
	}
	if e.Mask != 0 && !(mask > 0) {
		v = 0
	}
	return v
}

// sumTolerance bounds the error of a sum of that many terms, relative to the sum of
// their absolute values.
func sumTolerance(terms int) float64 { return 6e-8 * float64(terms+4) }

func testGemm(t *testing.T, mm, n, k, gap, batch int, transA, transB bool, e Epilogue, laneCounts ...int) {
	t.Helper()
	m := newMachine(t)
	rowsA, colsA, rowsB, colsB := mm, k, k, n
	if transA {
		rowsA, colsA = k, mm
	}
	if transB {
		rowsB, colsB = n, k
	}
	var as, bs []matrix
	flatA, flatB := []float32{}, []float32{}
	for i := range batch {
		as = append(as, matrix{rows: rowsA, cols: colsA, ld: colsA + gap, values: random(rowsA*(colsA+gap), uint64(10+i))})
		bs = append(bs, matrix{rows: rowsB, cols: colsB, ld: colsB + gap, values: random(rowsB*(colsB+gap), uint64(20+i))})
		flatA, flatB = append(flatA, as[i].values...), append(flatB, bs[i].values...)
	}
	ldc := n + gap
	old, bias, mask := random(batch*mm*ldc, 3), random(n, 4), random(batch*mm*ldc, 5)
	if e.Bias != 0 {
		e.Bias = m.put(bias)
	}
	if e.Mask != 0 {
		e.Mask = m.put(mask)
	}
	g := Gemm{
		M: uint32(mm), N: uint32(n), K: uint32(k), A: m.put(flatA), B: m.put(flatB), C: m.space(batch * mm * ldc),
		LDA: uint32(colsA + gap), LDB: uint32(colsB + gap), LDC: uint32(ldc), TransA: transA, TransB: transB, Epilogue: e,
		Batch: uint32(batch), StrideA: uint32(rowsA * (colsA + gap)), StrideB: uint32(rowsB * (colsB + gap)), StrideC: uint32(mm * ldc),
	}
	name := fmt.Sprintf("%dx%dx%d gap %d batch %d transposed %v %v %+v", mm, n, k, gap, batch, transA, transB, e)
	var first []float32
	for _, lanes := range laneCounts {
		g.Scratch = m.space((g.ScratchBytes(lanes) + 3) / 4)
		m.set(g.C, old)
		m.run(lanes, g.Calls()...)
		got := m.get(g.C, batch*mm*ldc)
		if first == nil {
			first = got
		} else {
			sameBits(t, fmt.Sprintf("%s: %d lanes against %d", name, lanes, laneCounts[0]), got, first)
		}
	}
	for ib := range batch {
		for i := range mm {
			for j := range ldc {
				at := (ib*mm+i)*ldc + j
				if j >= n {
					if first[at] != old[at] {
						t.Fatalf("%s: the gap behind row %d changed", name, i)
					}
					continue
				}
				sum, scale := 0.0, 1.0
				for l := range k {
					p := as[ib].value(i, l, transA) * bs[ib].value(l, j, transB)
					sum += p
					scale += math.Abs(p)
				}
				want := applyEpilogue(e, sum, float64(old[at]), float64(bias[j]), float64(mask[at]))
				if math.Abs(float64(first[at])-want) > sumTolerance(k)*scale {
					t.Fatalf("%s: [%d][%d][%d] is %v, want %v", name, ib, i, j, first[at], want)
				}
			}
		}
	}
}

func TestGemmSizes(t *testing.T) {
	sizes := [][3]int{
		{0, 5, 3}, {5, 0, 3}, {5, 3, 0}, {1, 1, 1}, {1, 10, 784}, {1, 33, 7}, {1, 64, 65}, {2, 17, 5}, {3, 16, 9}, {4, 8, 4},
		{5, 9, 3}, {6, 8, 8}, {7, 7, 7}, {8, 40, 13}, {9, 8, 16}, {11, 13, 17}, {12, 16, 32}, {13, 10, 31}, {23, 24, 25},
		{31, 37, 41}, {49, 5, 3}, {64, 10, 128}, {97, 8, 1}, {50, 19, 515}, {7, 300, 600}, {48, 264, 520}, {101, 12, 1025},
	}
	for i, s := range sizes {
		for _, trans := range [][2]bool{{false, false}, {true, false}, {false, true}, {true, true}} {
			testGemm(t, s[0], s[1], s[2], i%3, 1, trans[0], trans[1], Epilogue{}, 1, 2+i%4)
		}
	}
}

func TestGemmEpilogues(t *testing.T) {
	for bits := range uint32(16) {
		e := Epilogue{Accumulate: bits&1 != 0, Bias: bits >> 1 & 1, ReLU: bits&4 != 0, Mask: bits >> 3 & 1}
		for _, s := range [][3]int{{1, 35, 9}, {3, 10, 9}, {14, 21, 9}, {25, 16, 1030}} {
			testGemm(t, s[0], s[1], s[2], 1, 1, bits&1 != 0, bits&2 != 0, e, 1, 3)
		}
	}
}

func TestGemmBatch(t *testing.T) {
	for _, trans := range [][2]bool{{false, false}, {true, false}, {false, true}, {true, true}} {
		testGemm(t, 9, 10, 11, 0, 3, trans[0], trans[1], Epilogue{Mask: 1, Bias: 1}, 1, 4)
		testGemm(t, 2, 10, 11, 2, 5, trans[0], trans[1], Epilogue{Accumulate: true}, 1, 2, 3, 4, 5)
	}
}

func TestGemmKeepsNaN(t *testing.T) {
	m := newMachine(t)
	a := make([]float32, 8*3)
	a[0] = float32(math.NaN())
	a[3] = float32(math.Inf(1))
	g := Gemm{
		M: 8, N: 9, K: 3, A: m.put(a), B: m.put(random(27, 1)), C: m.space(72), LDA: 3, LDB: 9, LDC: 9,
		Epilogue: Epilogue{ReLU: true},
	}
	for _, inPlace := range []bool{true, false} {
		if !inPlace {
			g.M, g.TransA = 3, true // a row of A is now a term: 3 x 9 by 8 terms
			g.K, g.LDA, g.B = 8, 3, m.put(random(72, 1))
		}
		g.Scratch = m.space(g.ScratchBytes(1) / 4)
		m.run(1, g.Calls()...)
		for j, v := range m.get(g.C, 9) {
			if !math.IsNaN(float64(v)) {
				t.Errorf("in place %v: relu of NaN in column %d is %v", inPlace, j, v)
			}
		}
	}
}
