package data

import "math/bits"

// Random is SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014): one 64-bit word of
// state, an addition and two multiplications a number, no 128-bit arithmetic, so it is as quick in wasm as natively. It
// is written out here, rather than taken from math/rand, because a seed must give the same digits and the same order of
// samples on every platform and with every release of Go, down to how a range or a fraction is drawn from the bits.
type Random struct {
	state uint64
}

const golden = 0x9e3779b97f4a7c15 // 2^64 / golden ratio, SplitMix64's odd step

// NewRandom starts a stream for a seed. Streams of one seed are unrelated to each other: sample i or epoch e has stream i
// or e, whatever was drawn before it.
func NewRandom(seed, stream uint64) *Random {
	return &Random{state: mix(seed+golden) ^ mix(stream*golden+1)}
}

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Uint64 is the next 64 random bits.
func (r *Random) Uint64() uint64 {
	r.state += golden
	return mix(r.state)
}

// Float64 is uniform in [0, 1): the top 53 bits over 2^53.
func (r *Random) Float64() float64 { return float64(float64(r.Uint64()>>11) / (1 << 53)) }

// IntN is uniform in [0, n), without bias (Lemire, Fast Random Integer Generation in an Interval, 2019). n is positive.
func (r *Random) IntN(n int) int {
	m := uint64(n)
	hi, lo := bits.Mul64(r.Uint64(), m)
	if lo < m {
		for reject := -m % m; lo < reject; {
			hi, lo = bits.Mul64(r.Uint64(), m)
		}
	}
	return int(hi)
}

// Shuffle puts indices into a random order in place (Fisher and Yates): the same one for the same length, seed and epoch,
// natively and in wasm.
func Shuffle(indices []int, seed, epoch uint64) {
	r := NewRandom(seed, epoch)
	for i := len(indices) - 1; i > 0; i-- {
		j := r.IntN(i + 1)
		indices[i], indices[j] = indices[j], indices[i]
	}
}

// Permutation is a shuffled 0, 1, ..., n-1.
func Permutation(n int, seed, epoch uint64) []int {
	indices := make([]int, n)
	for i := range indices {
		indices[i] = i
	}
	Shuffle(indices, seed, epoch)
	return indices
}
