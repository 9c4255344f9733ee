package kernels

// Opcodes of this file.
const (
	OpUniform Opcode = baseRandom + iota
	OpKeep
	OpNormal
)

// A Distribution says what Random makes of a word.
type Distribution uint32

// The distributions.
const (
	Uniform Distribution = iota
	Keep
	Normal
)

// Random fills Dst with N random numbers. Element i is made of word i%4 of Philox 4x32-10 at the
// counter {i/4, 0, low word of step, high word of step} and the key {low word, high word} of Key.
// The step is two float32 at the address Step: step mod 2^24 and step div 2^24. With u =
// (word >> 8) · 2^-24:
//
//	Uniform:  Dst[i] = A + B·u
//	Keep:     Dst[i] = 0 where u < A, else B
//	Normal:   Dst[i] = A + B·√(-2 ln(u + 2^-24))·cos(2πu'), and Dst[i+1] the same with sin
//
// where u and u' are of the words of i and i+1, an even and the next odd number. No variant of the module fuses
// the product with B and the sum.
type Random struct {
	Of           Distribution
	Dst, N, Step uint32
	Key          uint64
	A, B         float32
}

// Op returns OpUniform, OpKeep or OpNormal.
func (a Random) Op() Opcode { return OpUniform + Opcode(a.Of) }

// Words returns the argument words.
func (a Random) Words() []uint32 {
	return []uint32{a.Dst, a.N, a.Step, uint32(a.Key), uint32(a.Key >> 32), f32(a.A), f32(a.B)}
}
