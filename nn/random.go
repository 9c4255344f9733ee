package nn

import (
	"math"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// A Stream is a sequence of random numbers that can be read at any place: number i depends on the
// stream's keys and i alone. It is the same on every platform: words come from prog.Philox, and what
// is computed from them uses only operations that IEEE 754 rounds one way, each one rounded by an
// explicit conversion, since Go may fuse x*y + z on arm64 and math.Log differs between platforms.
type Stream struct {
	key  [2]uint32
	lane uint32
	at   uint32
	have bool
	word [4]uint32
}

// NewStream is the stream numbered lane of a seed. Streams of one seed are independent.
func NewStream(seed uint64, lane uint32) *Stream {
	return &Stream{key: [2]uint32{uint32(seed), uint32(seed >> 32)}, lane: lane}
}

// streamDomain keeps streams apart from the Random op's words, whose counter has the step here.
const streamDomain = 0x74616267

// Uniform is number i, in (0, 1): (word + 1/2) / 2^32.
func (s *Stream) Uniform(i int) float64 {
	block := uint32(i / 4)
	if !s.have || s.at != block {
		s.word = prog.Philox([4]uint32{block, s.lane, 0, streamDomain}, s.key)
		s.at, s.have = block, true
	}
	return (float64(s.word[i%4]) + 0.5) / (1 << 32)
}

// Normal is number i of the standard normal distribution.
func (s *Stream) Normal(i int) float64 { return normalQuantile(s.Uniform(i)) }

// TruncatedNormal is number i of the standard normal distribution conditioned on [-2, 2].
func (s *Stream) TruncatedNormal(i int) float64 {
	const below, within = 0.02275013194817920720, 0.95449973610364158560 // Φ(-2), Φ(2) - Φ(-2)
	return normalQuantile(below + float64(within*s.Uniform(i)))
}

// normalQuantile is Φ⁻¹(p) for 0 < p < 1, to about 1e-15 relative: algorithm AS 241, PPND16 (Wichura,
// "The percentage points of the normal distribution", Applied Statistics 37, 1988).
func normalQuantile(p float64) float64 {
	q := p - 0.5
	if math.Abs(q) <= 0.425 {
		r := 0.180625 - float64(q*q)
		return float64(q*polynomial(r, &centreNum)) / polynomial(r, &centreDen)
	}
	r := math.Min(p, 1-p)
	r = math.Sqrt(-naturalLog(r))
	x := 0.0
	if r <= 5 {
		x = polynomial(r-1.6, &middleNum) / polynomial(r-1.6, &middleDen)
	} else {
		x = polynomial(r-5, &tailNum) / polynomial(r-5, &tailDen)
	}
	return math.Copysign(x, q)
}

var (
	centreNum = [8]float64{3.3871328727963666080e0, 1.3314166789178437745e+2, 1.9715909503065514427e+3, 1.3731693765509461125e+4,
		4.5921953931549871457e+4, 6.7265770927008700853e+4, 3.3430575583588128105e+4, 2.5090809287301226727e+3}
	centreDen = [8]float64{1, 4.2313330701600911252e+1, 6.8718700749205790830e+2, 5.3941960214247511077e+3,
		2.1213794301586595867e+4, 3.9307895800092710610e+4, 2.8729085735721942674e+4, 5.2264952788528545610e+3}
	middleNum = [8]float64{1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
		1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4}
	middleDen = [8]float64{1, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
		1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9}
	tailNum = [8]float64{6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
		2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7}
	tailDen = [8]float64{1, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
		7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15}
)

func polynomial(x float64, c *[8]float64) float64 {
	y := c[7]
	for i := 6; i >= 0; i-- {
		y = float64(y*x) + c[i]
	}
	return y
}

// naturalLog is ln x for a positive, normal x: with x = m·2^e, √½ <= m < √2 and s = (m-1)/(m+1), it is
// e·ln 2 + 2(s + s³/3 + s⁵/5 + ...).
func naturalLog(x float64) float64 {
	m, e := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m, e = 2*m, e-1
	}
	s := (m - 1) / (m + 1)
	s2 := float64(s * s)
	sum := 0.0
	for k := 23; k >= 1; k -= 2 {
		sum = float64(sum*s2) + 1/float64(k)
	}
	return float64(float64(e)*math.Ln2) + float64(2*float64(s*sum))
}

// mix spreads numbers over 64 bits, so that neighbouring seeds and layers share nothing: the finalizer
// of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014) over each in turn.
func mix(numbers ...uint64) uint64 {
	z := uint64(0)
	for _, n := range numbers {
		z += n + 0x9e3779b97f4a7c15
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		z ^= z >> 31
	}
	return z
}

// shuffle puts order into a random order in place (Fisher and Yates), the same one for the same key.
func shuffle(order []int, key uint64) {
	s := Stream{key: [2]uint32{uint32(key), uint32(key >> 32)}}
	for i := len(order) - 1; i > 0; i-- {
		j := int(s.Uniform(i) * float64(i+1)) // a 32-bit fraction: the bias is below 2^-32 · n
		order[i], order[j] = order[j], order[i]
	}
}
