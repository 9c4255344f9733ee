package kernels

// Opcodes of this file.
const (
	OpFill Opcode = baseMemory + iota
	OpCopy
)

// Fill is: for i := range N { Dst[i] = Value }, of 32-bit values given by their bits.
type Fill struct {
	Dst, N uint32
	Value  uint32
}

// Op returns OpFill.
func (Fill) Op() Opcode { return OpFill }

// Words returns the argument words.
func (a Fill) Words() []uint32 { return []uint32{a.Dst, a.N, a.Value} }

// Copy is: for i := range N { Dst[i] = Src[i] }, of 32-bit values. Dst and Src must
// not overlap.
type Copy struct {
	Dst, Src, N uint32
}

// Op returns OpCopy.
func (Copy) Op() Opcode { return OpCopy }

// Words returns the argument words.
func (a Copy) Words() []uint32 { return []uint32{a.Dst, a.Src, a.N} }
