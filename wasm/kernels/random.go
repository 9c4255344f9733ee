package kernels

// Opcodes of this file.
const (
	OpUniform Opcode = baseRandom + iota
	OpKeep
)

// Random fills Dst with N random numbers. Element i is made of word i%4 of Philox 4x32-10 at the
// counter {i/4, 0, low word of step, high word of step} and the key {low word, high word} of Key.
// The step is two float32 at the address Step: step mod 2^24 and step div 2^24. With u =
// (word >> 8) · 2^-24:
//
//	Dst[i] = A + B·u                          or, where Keep,
//	Dst[i] = 0 where u < A, else B
//
// No variant of the module fuses the product and the sum.
type Random struct {
	Keep         bool
	Dst, N, Step uint32
	Key          uint64
	A, B         float32
}

// Op returns OpUniform or OpKeep.
func (a Random) Op() Opcode {
	if a.Keep {
		return OpKeep
	}
	return OpUniform
}

// Words returns the argument words.
func (a Random) Words() []uint32 {
	return []uint32{a.Dst, a.N, a.Step, uint32(a.Key), uint32(a.Key >> 32), f32(a.A), f32(a.B)}
}
