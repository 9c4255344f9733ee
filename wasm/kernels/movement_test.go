//go:build !js

package kernels

import (
	"fmt"
	"math"
	"testing"
)

func TestMove(t *testing.T) {
	for _, c := range []struct {
		name             string
		rows, cols       int
		step             int // elements from one of src to the next
		dstRow, srcRow   int // elements from one row to the next
		dstSize, srcSize int
	}{
		{"a slice", 7, 5, 1, 5, 9, 35, 63},
		{"a slice of long rows", 5, 131, 1, 131, 140, 655, 700},
		{"a part of a concatenation", 6, 3, 1, 11, 3, 66, 18},
		{"a transpose", 13, 9, 13, 9, 1, 117, 117},
		{"a stretched column", 5, 17, 0, 17, 1, 85, 5},
		{"a stretched row", 5, 17, 1, 17, 0, 85, 17},
		{"one element", 1, 1, 1, 1, 1, 1, 1},
	} {
		src := random(c.srcSize, 3)
		got := everyLane(t, c.name, c.dstSize, func(m *machine) (uint32, []Call) {
			dst := m.space(c.dstSize)
			return dst, []Call{
				Fill{dst, uint32(c.dstSize), f32(9)},
				Move{dst, m.put(src), uint32(c.rows * c.cols), uint32(c.cols), uint32(4 * c.step),
					[]Stride{{uint32(c.rows), uint32(4 * c.dstRow), uint32(4 * c.srcRow)}}},
			}
		})
		want := make([]float32, c.dstSize)
		for i := range want {
			want[i] = 9
		}
		for r := range c.rows {
			for j := range c.cols {
				want[r*c.dstRow+j] = src[r*c.srcRow+j*c.step]
			}
		}
		sameBits(t, c.name, got, want)
	}
}

func TestMoveInFourDimensions(t *testing.T) {
	// dst[i][j][k][l] = src[k][i][l][j], of sizes 3, 4, 2, 5.
	const a, b, c, d = 3, 4, 2, 5
	src := random(a*b*c*d, 4)
	got := everyLane(t, "permuted", len(src), func(m *machine) (uint32, []Call) {
		dst := m.space(len(src))
		return dst, []Call{Move{dst, m.put(src), a * b * c * d, d, 4 * b, []Stride{
			{c, 4 * d, 4 * a * d * b}, {b, 4 * c * d, 4}, {a, 4 * b * c * d, 4 * d * b},
		}}}
	})
	for i := range a {
		for j := range b {
			for k := range c {
				for l := range d {
					if g, w := got[((i*b+j)*c+k)*d+l], src[((k*a+i)*d+l)*b+j]; g != w {
						t.Fatalf("[%d][%d][%d][%d] is %v, want %v", i, j, k, l, g, w)
					}
				}
			}
		}
	}
}

func TestTranspose(t *testing.T) {
	for _, c := range [][3]int{{1, 1, 1}, {1, 4, 4}, {2, 5, 7}, {3, 8, 3}, {1, 3, 97}, {1, 97, 3}, {2, 33, 12}, {0, 3, 3}, {1, 0, 5}} {
		batch, rows, cols := c[0], c[1], c[2]
		src := random(batch*rows*cols, 5)
		what := fmt.Sprint("transpose ", c)
		got := everyLane(t, what, len(src), func(m *machine) (uint32, []Call) {
			dst := m.space(len(src))
			return dst, []Call{Transpose{dst, m.put(src), uint32(batch), uint32(rows), uint32(cols)}}
		})
		for b := range batch {
			for i := range rows {
				for j := range cols {
					if got[(b*cols+j)*rows+i] != src[(b*rows+i)*cols+j] {
						t.Fatalf("%s: [%d][%d][%d] is wrong", what, b, j, i)
					}
				}
			}
		}
	}
}

func TestGatherAndScatterAdd(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct{ rows, cols, n int }{{5, 3, 17}, {1, 1, 1}, {97, 16, 40}, {4, 33, 0}, {2, 5, 1009}} {
		table, src := random(c.rows*c.cols, 6), random(c.n*c.cols, 7)
		index := make([]float32, c.n)
		for i := range index {
			index[i] = float32(i * 7 % (c.rows + 2)) // some are outside
			if i == 5 {
				index[i] = nan
			} else if i == 6 {
				index[i] = -1
			}
		}
		gathered, sums := make([]float32, c.n*c.cols), make([]float32, c.rows*c.cols)
		for i, v := range index {
			if v >= 0 && v < float32(c.rows) {
				for j := range c.cols {
					gathered[i*c.cols+j] = table[int(v)*c.cols+j]
					sums[int(v)*c.cols+j] += src[i*c.cols+j]
				}
				continue
			}
			for j := range c.cols {
				gathered[i*c.cols+j] = math.Float32frombits(1<<32 - 1) // the NaN of MemoryFill
			}
		}
		what := fmt.Sprintf("%+v", c)
		got := everyLane(t, what, len(gathered), func(m *machine) (uint32, []Call) {
			dst := m.space(len(gathered))
			return dst, []Call{Gather{dst, m.put(table), m.put(index), uint32(c.n), uint32(c.rows), uint32(c.cols)}}
		})
		sameBits(t, "gather "+what, got, gathered)
		got = everyLane(t, what, len(sums), func(m *machine) (uint32, []Call) {
			dst := m.space(len(sums))
			return dst, []Call{ScatterAdd{dst, m.put(index), m.put(src), uint32(c.n), uint32(c.rows), uint32(c.cols)}}
		})
		sameBits(t, "scatter "+what, got, sums)
	}
}
