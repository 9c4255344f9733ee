package kernels

import "math"

// Opcode numbers a kernel: its slot in the module's table. The numbers are part
// of the .wasm files, so a number is never given to another kernel.
type Opcode uint32

// Ranges of opcodes, one for each family.
const (
	baseMemory      Opcode = 0x01 // nop, copy, fill
	baseGemm        Opcode = 0x08
	baseConv        Opcode = 0x10
	baseElementwise Opcode = 0x20
	baseReduce      Opcode = 0x40
	baseSoftmax     Opcode = 0x48
	basePool        Opcode = 0x50
	baseRandom      Opcode = 0x58
	baseOptimizer   Opcode = 0x60
	baseRecurrent   Opcode = 0x68
	baseWarp        Opcode = 0x70
	tableSize              = 0x80
)

// Call is one op of a program: a kernel with its arguments. What takes more than one,
// like Gemm and Conv2D, has a method Calls instead.
type Call interface {
	Op() Opcode
	Words() []uint32
}

// Program is a list of calls, in the order in which they run.
type Program struct {
	words []uint32
}

// Add appends calls to the program.
func (p *Program) Add(calls ...Call) {
	if len(p.words) == 0 {
		p.words = []uint32{0}
	}
	for _, c := range calls {
		w := c.Words()
		p.words = append(p.words, uint32(c.Op()), uint32(len(w)))
		p.words = append(p.words, w...)
		p.words[0]++
	}
}

// Len is the number of calls.
func (p *Program) Len() int { return int(p.Words()[0]) }

// Words is the program as it stands in the kernels' memory, at an address that is
// a multiple of 4. The caller must not change it.
func (p *Program) Words() []uint32 {
	if len(p.words) == 0 {
		return []uint32{0}
	}
	return p.words
}

// Status is what run and start return.
type Status uint32

const (
	// StatusOK: every op was done by every lane.
	StatusOK Status = 0
	// StatusLaneLost: a lane did not come to a barrier in time. The memory's contents
	// are undefined; the control block must be cleared and the helpers started anew.
	StatusLaneLost Status = 1
)

func (s Status) String() string {
	switch s {
	case StatusOK:
		return "ok"
	case StatusLaneLost:
		return "a lane was lost"
	}
	return "unknown status"
}

// f32 is the bits of v, which is how a float32 stands among argument words.
func f32(v float32) uint32 { return math.Float32bits(v) }
