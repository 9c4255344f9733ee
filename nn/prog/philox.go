package prog

import "math"

// Philox is the counter-based generator behind the Random op: Philox 4x32-10 of Salmon et al.,
// "Parallel random numbers: as easy as 1, 2, 3" (SC 2011). The same counter and key give the same
// four words on every backend, lane count and run.
//
// Element i of a Random op at step s with key k is made of word i%4 of
// Philox([4]uint32{i/4, 0, low 32 bits of s, high 32 bits of s}, [2]uint32{low k, high k}).
func Philox(ctr [4]uint32, key [2]uint32) [4]uint32 {
	for r := 0; ; r++ {
		p0 := uint64(0xD2511F53) * uint64(ctr[0])
		p1 := uint64(0xCD9E8D57) * uint64(ctr[2])
		ctr = [4]uint32{
			uint32(p1>>32) ^ ctr[1] ^ key[0], uint32(p1),
			uint32(p0>>32) ^ ctr[3] ^ key[1], uint32(p0),
		}
		if r == 9 {
			return ctr
		}
		key[0] += 0x9E3779B9
		key[1] += 0xBB67AE85
	}
}

// Normals are the two numbers, normal of mean 0 and variance 1, that the Normal distribution makes of a pair of
// Philox's words: elements 0 and 1 of four are made of words 0 and 1, elements 2 and 3 of words 2 and 3. With
// u = ((v >> 8) + 1) · 2^-24, which is above 0, and t = (w >> 8) · 2^-24 they are √(-2 ln u)·cos(2πt) and
// √(-2 ln u)·sin(2πt) (Box and Muller, "A note on the generation of random normal deviates", 1958). None is
// further from 0 than √(48 ln 2) = 5.8.
func Normals(v, w uint32) (cos, sin float64) {
	r := math.Sqrt(-2 * math.Log(float64(v>>8+1)*(1.0/(1<<24))))
	sin, cos = math.Sincos(2 * math.Pi * float64(w>>8) * (1.0 / (1 << 24)))
	return r * cos, r * sin
}

// StepWords splits a step number into the two values of a Random op's step input, each exact in
// float32: step mod 2^24 and step div 2^24.
func StepWords(step uint64) [2]float32 {
	return [2]float32{float32(step & (1<<24 - 1)), float32(step >> 24)}
}
