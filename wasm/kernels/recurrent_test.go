//go:build !js

package kernels

import (
	"fmt"
	"math"
	"testing"
)

// cellSizes are rows and units: around a vector of four, a lane's share of sixteen, and none.
var cellSizes = [][2]int{{0, 4}, {1, 1}, {3, 3}, {2, 4}, {5, 7}, {3, 16}, {7, 33}, {1, 129}}

func sigma(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// A cellTest is a cell as a function of one unit: its operands by gate in, and its results by gate
// out. The last result is replaced by keep in masked rows.
type cellTest struct {
	name    string
	in, out []int // gates of each operand and result
	call    func(in, out []uint32, mask, rows, u uint32) Call
	of      func(v []float64, taken bool) []float64
}

var cellTests = []cellTest{
	{
		"lstm cell", []int{4, 4, 1, 1}, []int{1, 1, 5},
		func(in, out []uint32, mask, rows, u uint32) Call {
			return LSTMCell{NewH: out[0], NewC: out[1], Saved: out[2], Zx: in[0], Zh: in[1], C: in[2], Mask: mask, H: in[3], Rows: rows, U: u}
		},
		func(v []float64, taken bool) []float64 {
			i, f, g, o := sigma(v[0]+v[4]), sigma(v[1]+v[5]), math.Tanh(v[2]+v[6]), sigma(v[3]+v[7])
			c := f*v[8] + i*g
			t := math.Tanh(c)
			if !taken {
				return []float64{v[9], v[8], i, f, g, o, t}
			}
			return []float64{o * t, c, i, f, g, o, t}
		},
	}, {
		"gradient of lstm cell", []int{5, 1, 1, 1}, []int{4, 1, 1},
		func(in, out []uint32, mask, rows, u uint32) Call {
			return LSTMCellGrad{DZ: out[0], DC: out[1], DH: out[2], Saved: in[0], C: in[1], DNewH: in[2], DNewC: in[3], Mask: mask, Rows: rows, U: u}
		},
		func(v []float64, taken bool) []float64 {
			i, f, g, o, t, c, dh, dc := v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]
			if !taken {
				return []float64{0, 0, 0, 0, dc, dh}
			}
			e := dc + dh*o*(1-t*t)
			return []float64{e * g * i * (1 - i), e * c * f * (1 - f), e * i * (1 - g*g), dh * t * o * (1 - o), e * f, 0}
		},
	}, {
		"gru cell", []int{3, 3, 1}, []int{1, 4},
		func(in, out []uint32, mask, rows, u uint32) Call {
			return GRUCell{NewH: out[0], Saved: out[1], Zx: in[0], Zh: in[1], H: in[2], Mask: mask, Rows: rows, U: u}
		},
		func(v []float64, taken bool) []float64 {
			z, r := sigma(v[0]+v[3]), sigma(v[1]+v[4])
			n := math.Tanh(v[2] + r*v[5])
			if !taken {
				return []float64{v[6], z, r, n, v[5]}
			}
			return []float64{z*v[6] + (1-z)*n, z, r, n, v[5]}
		},
	}, {
		"gradient of gru cell", []int{4, 1, 1}, []int{3, 3, 1},
		func(in, out []uint32, mask, rows, u uint32) Call {
			return GRUCellGrad{DZx: out[0], DZh: out[1], DH: out[2], Saved: in[0], H: in[1], DNewH: in[2], Mask: mask, Rows: rows, U: u}
		},
		func(v []float64, taken bool) []float64 {
			z, r, n, y, h, d := v[0], v[1], v[2], v[3], v[4], v[5]
			if !taken {
				return []float64{0, 0, 0, 0, 0, 0, d}
			}
			e := d * (1 - z) * (1 - n*n)
			dz, dr := d*(h-n)*z*(1-z), e*y*r*(1-r)
			return []float64{dz, dr, e, dz, dr, e * r, d * z}
		},
	},
}

func TestCells(t *testing.T) {
	for _, c := range cellTests {
		for _, size := range cellSizes {
			for _, masked := range []bool{false, true} {
				testCell(t, c, size[0], size[1], masked)
			}
		}
	}
}

func testCell(t *testing.T, c cellTest, rows, u int, masked bool) {
	t.Helper()
	what := fmt.Sprintf("%s of %dx%d, masked %t", c.name, rows, u, masked)
	var operands [][]float32
	for i, gates := range c.in {
		operands = append(operands, random(rows*gates*u, uint64(i)))
	}
	mask := make([]float32, rows)
	for r := range mask {
		mask[r] = float32(r % 2 * 3)
	}
	results := c.out
	if c.name == "gradient of lstm cell" && !masked {
		results = results[:2]
	}
	n := 0
	for _, gates := range results {
		n += rows * gates * u
	}
	got := everyLane(t, what, n, func(m *machine) (uint32, []Call) {
		var in []uint32
		for _, v := range operands {
			in = append(in, m.put(v))
		}
		at := m.space(n)
		out := make([]uint32, len(c.out))
		next := at
		for i, gates := range results {
			out[i] = next
			next += uint32(4 * rows * gates * u)
		}
		address := uint32(0)
		if masked {
			address = m.put(mask)
		}
		return at, []Call{c.call(in, out, address, uint32(rows), uint32(u))}
	})
	want := make([]float64, n)
	for r := range rows {
		for j := range u {
			var v []float64
			for i, gates := range c.in {
				for k := range gates {
					v = append(v, float64(operands[i][(r*gates+k)*u+j]))
				}
			}
			value := c.of(v, !masked || mask[r] != 0)
			first := 0
			for _, gates := range results {
				for k := range gates {
					want[first*rows*u+(r*gates+k)*u+j] = value[first+k]
				}
				first += gates
			}
		}
	}
	scale := make([]float64, n)
	for i, w := range want {
		scale[i] = math.Abs(w) + 0.5
	}
	compare(t, what, got, want, scale, 1e-6)
}
