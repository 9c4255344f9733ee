//go:build !js

package kernels

import (
	"fmt"
	"math"
	"testing"
)

// philox is Philox 4x32-10 written down from the paper; wasm/simd's tests hold the kernel against
// prog.Philox, too.
func philox(c [4]uint32, k [2]uint32) [4]uint32 {
	for range 10 {
		p, q := uint64(c[0])*0xD2511F53, uint64(c[2])*0xCD9E8D57
		c = [4]uint32{uint32(q>>32) ^ c[1] ^ k[0], uint32(q), uint32(p>>32) ^ c[3] ^ k[1], uint32(p)}
		k[0], k[1] = k[0]+0x9E3779B9, k[1]+0xBB67AE85
	}
	return c
}

func TestPhiloxKnownAnswer(t *testing.T) {
	// From the kat_vectors of the authors' Random123.
	got := philox([4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0})
	if want := [4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}; got != want {
		t.Errorf("got %x, want %x", got, want)
	}
}

func TestRandom(t *testing.T) {
	const key = 0x0123456789abcdef
	for _, step := range []uint64{0, 1, 1<<24 - 1, 1 << 24, 1<<40 + 12345} {
		words := []float32{float32(step & (1<<24 - 1)), float32(step >> 24)}
		for _, n := range []int{0, 1, 3, 4, 5, 16, 17, 97, 1009} {
			what := fmt.Sprintf("%d random numbers of step %d", n, step)
			uniform := everyLane(t, what, n, func(m *machine) (uint32, []Call) {
				dst := m.space(n)
				return dst, []Call{Random{Uniform, dst, uint32(n), m.put(words), key, -1.5, 3.25}}
			})
			keep := everyLane(t, what, n, func(m *machine) (uint32, []Call) {
				dst := m.space(n)
				return dst, []Call{Random{Keep, dst, uint32(n), m.put(words), key, 0.3, 1.25}}
			})
			normal := everyLane(t, what, n, func(m *machine) (uint32, []Call) {
				dst := m.space(n)
				return dst, []Call{Random{Normal, dst, uint32(n), m.put(words), key, 0, 1}}
			})
			wantUniform, wantKeep := make([]float32, n), make([]float32, n)
			for i := range n {
				four := philox([4]uint32{uint32(i / 4), 0, uint32(step), uint32(step >> 32)}, [2]uint32{key & 0xffffffff, key >> 32})
				w := four[i%4]
				distance := math.Sqrt(-2 * math.Log((float64(four[i%4&^1]>>8)+1)/(1<<24)))
				z := distance * math.Cos(2*math.Pi*(float64(four[i%4|1]>>8)/(1<<24)-float64(i%2)/4))
				if e := math.Abs(float64(normal[i]) - z); !(e <= 4e-7*math.Abs(z)+1e-15) {
					t.Errorf("%s: normal number %d is %v, wanted %v: off by %v", what, i, normal[i], z, e)
				}
				u := float32(w>>8) * (1.0 / (1 << 24))
				wantUniform[i] = -1.5 + float32(3.25*u)
				if u >= 0.3 {
					wantKeep[i] = 1.25
				}
			}
			sameBits(t, what, uniform, wantUniform)
			sameBits(t, what, keep, wantKeep)
		}
	}
}
