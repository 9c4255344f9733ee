//go:build !js

package kernels

import (
	"fmt"
	"math"
	"testing"
)

// rowSizes are rows and their length, around the vector's four.
var rowSizes = [][2]int{{1, 1}, {5, 3}, {9, 4}, {33, 10}, {2, 131}, {17, 16}, {0, 7}}

func eachRow(x []float32, n int, do func(r int, row []float32)) {
	for r := range len(x) / n {
		do(r, x[r*n:(r+1)*n])
	}
}

func softmaxOf(row []float32) (p []float64, logSum float64) {
	largest, sum := math.Inf(-1), 0.0
	for _, v := range row {
		largest = max(largest, float64(v))
	}
	for _, v := range row {
		p = append(p, math.Exp(float64(v)-largest))
		sum += p[len(p)-1]
	}
	for i := range p {
		p[i] /= sum
	}
	return p, largest + math.Log(sum)
}

// near fails the test where got is more than 2e-6 of the largest wanted number off.
func near(t *testing.T, what string, got []float32, want []float64) {
	t.Helper()
	scale := make([]float64, len(want))
	largest := 1.0
	for _, w := range want {
		if !math.IsInf(w, 0) && !math.IsNaN(w) {
			largest = max(largest, math.Abs(w))
		}
	}
	for i := range scale {
		scale[i] = largest
	}
	compare(t, what, got, want, scale, 2e-6)
}

func TestSoftmax(t *testing.T) {
	for _, s := range rowSizes {
		rows, n := s[0], s[1]
		x, dy := random(rows*n, 9), random(rows*n, 10)
		if rows > 4 {
			for i := range n { // large and equal logits, and one that is left out
				x[n+i] = 1000
			}
			x[2*n] = float32(math.Inf(-1))
			if n > 1 {
				x[3*n] = float32(math.NaN())
			}
		}
		var want, wantLog, wantGrad, wantLogGrad []float64
		eachRow(x, n, func(r int, row []float32) {
			p, logSum := softmaxOf(row)
			if n == 1 && math.IsInf(float64(row[0]), -1) {
				p[0], logSum = math.NaN(), math.NaN()
			}
			for i, v := range row {
				want, wantLog = append(want, p[i]), append(wantLog, float64(v)-logSum)
			}
		})
		u32 := func(v int) uint32 { return uint32(v) }
		for _, log := range []bool{false, true} {
			what := fmt.Sprintf("softmax (log %t) of %v", log, s)
			got := everyLane(t, what, len(x), func(m *machine) (uint32, []Call) {
				dst := m.space(len(x))
				return dst, []Call{Softmax{log, dst, m.put(x), u32(rows), u32(n)}}
			})
			near(t, what, got, map[bool][]float64{false: want, true: wantLog}[log])
			inPlace := everyLane(t, what, len(x), func(m *machine) (uint32, []Call) {
				p := m.put(x)
				return p, []Call{Softmax{log, p, p, u32(rows), u32(n)}}
			})
			sameBits(t, what+" in place", inPlace, got)
		}
		y := random(rows*n, 11)
		eachRow(y, n, func(r int, row []float32) {
			dot, sum := 0.0, 0.0
			for i, v := range row {
				dot += float64(v) * float64(dy[r*n+i])
				sum += float64(dy[r*n+i])
			}
			for i, v := range row {
				d := float64(dy[r*n+i])
				wantGrad = append(wantGrad, float64(v)*(d-dot))
				wantLogGrad = append(wantLogGrad, d-math.Exp(float64(v))*sum)
			}
		})
		for _, log := range []bool{false, true} {
			what := fmt.Sprintf("gradient of softmax (log %t) of %v", log, s)
			for place := range 3 { // a block of its own, y's, dy's
				got := everyLane(t, what, len(x), func(m *machine) (uint32, []Call) {
					p := []uint32{m.space(len(x)), m.put(y), m.put(dy)}
					return p[place], []Call{SoftmaxGrad{log, p[place], p[1], p[2], u32(rows), u32(n)}}
				})
				near(t, what, got, map[bool][]float64{false: wantGrad, true: wantLogGrad}[log])
			}
		}
	}
}

func TestXent(t *testing.T) {
	lo, hi := float64(float32(1e-7)), float64(float32(1-1e-7))
	for _, s := range rowSizes {
		rows, n := s[0], s[1]
		z, dl := random(rows*n, 12), random(rows, 13)
		p := make([]float32, rows*n)
		for i, v := range z {
			p[i] = float32(math.Exp(float64(v))) // not normalised
		}
		if rows > 5 {
			p[0], p[n] = 0, 1e9 // both clipped
		}
		class, dense := make([]float32, rows), make([]float32, rows*n)
		hot := make([]float32, rows*n)
		for r := range rows {
			class[r] = float32((r * 3) % (n + 1)) // n is no class
			if r == 4 {
				class[r] = float32(math.NaN())
			}
			if c := class[r]; c < float32(n) {
				hot[r*n+int(c)] = 1
			}
			for i := range n {
				dense[r*n+i] = float32(i+r) / 10
			}
		}
		for _, logits := range []bool{false, true} {
			for _, sparse := range []bool{false, true} {
				x, targets, rowTargets := p, dense, dense
				if logits {
					x = z
				}
				if sparse {
					targets, rowTargets = class, hot
				}
				var loss, gradient []float64
				eachRow(x, n, func(r int, row []float32) {
					target := rowTargets[r*n : (r+1)*n]
					l, sum, sumT, dot := 0.0, 0.0, 0.0, 0.0
					soft, logSum := softmaxOf(row)
					for i, v := range row {
						sum += float64(v)
						sumT += float64(target[i])
					}
					g := make([]float64, n)
					for i, v := range row {
						if logits {
							l += float64(target[i]) * (logSum - float64(v))
							g[i] = (soft[i]*sumT - float64(target[i])) * float64(dl[r])
							continue
						}
						q := float64(v) / sum
						l -= float64(target[i]) * math.Log(min(max(q, lo), hi))
						if q >= lo && q <= hi {
							g[i] = -float64(target[i]) / q
						}
						dot += g[i] * q
					}
					if !logits {
						for i := range g {
							g[i] = float64(dl[r]) * (g[i] - dot) / sum
						}
					}
					loss, gradient = append(loss, l), append(gradient, g...)
				})
				what := fmt.Sprintf("xent of %v, logits %t, sparse %t", s, logits, sparse)
				got := everyLane(t, what, rows, func(m *machine) (uint32, []Call) {
					dst := m.space(rows)
					return dst, []Call{Xent{logits, sparse, dst, m.put(x), m.put(targets), uint32(rows), uint32(n)}}
				})
				near(t, what, got, loss)
				got = everyLane(t, what, rows*n, func(m *machine) (uint32, []Call) {
					dst := m.space(rows * n)
					return dst, []Call{XentGrad{logits, sparse, dst, m.put(x), m.put(targets), m.put(dl), uint32(rows), uint32(n)}}
				})
				near(t, "gradient of "+what, got, gradient)
			}
		}
	}
}
