package prog

// A Buf names a buffer of a Program: an index into its Bufs.
type Buf int32

// None is no buffer: an absent optional operand, or the result of a Builder call after an error.
const None Buf = -1

// A Kind says who writes a buffer and how long it lives.
type Kind uint8

// The kinds of buffer.
const (
	Temp   Kind = iota // computed in the step, its space reused after its last reader
	Input              // written by the host with Exec.Write; keeps its value between runs
	Output             // computed in the step, readable with Exec.Read until the next run
	Var                // lives in the Store, shared by every program of a model
)

// String is the kind's name as programs print it.
func (k Kind) String() string { return [...]string{"temp", "in", "out", "var"}[k] }

// A Buffer describes one buffer.
type Buffer struct {
	Name  string // unique in the program among named buffers; empty for a plain temporary
	Kind  Kind
	Shape Shape
	// Base is the buffer whose memory this one is a part of, or None where it has memory of its own.
	// A base is never itself a view.
	Base Buf
	// Offset is where a view begins in its base, in elements.
	Offset int
}

// An Op is one operation: it reads In and writes Out. Op.Code's row of the op table says how many
// of each there are and what they mean.
type Op struct {
	Code Code
	Attr Attr // nil for a code that has none
	In   []Buf
	Out  []Buf
}

// A Program is a step written down: ops in the order they run. It is not changed after Build, and
// may be loaded by several backends at once.
type Program struct {
	Name string
	// Store lays out the variables. Programs with the same *Store share them. May be nil.
	Store *Store
	Bufs  []Buffer
	Ops   []Op

	// Arena is the number of elements that all buffers outside the Store need together.
	Arena int
	// place[b] is the offset in the arena of base buffer b, -1 where it has none.
	place []int
}

// Root is the buffer that owns b's memory, and b's offset in it in elements.
func (p *Program) Root(b Buf) (Buf, int) {
	if base := p.Bufs[b].Base; base != None {
		return base, p.Bufs[b].Offset
	}
	return b, 0
}

// meet reports whether x and y have memory in common.
func (p *Program) meet(x, y Buf) bool {
	rx, ox := p.Root(x)
	ry, oy := p.Root(y)
	return rx == ry && (span{ox, ox + p.Bufs[x].Shape.Size()}).meets(span{oy, oy + p.Bufs[y].Shape.Size()})
}

// Place says where buffer b lies, in elements: from the start of the Store's memory where inStore
// is true, else from the start of the arena. A buffer that nothing uses has offset -1.
func (p *Program) Place(b Buf) (offset int, inStore bool) {
	root, off := p.Root(b)
	if p.Bufs[root].Kind == Var {
		return off, true
	}
	if p.place[root] < 0 {
		return -1, false
	}
	return p.place[root] + off, false
}

// Find is the buffer with the given name, None where there is none.
func (p *Program) Find(name string) Buf {
	for i, b := range p.Bufs {
		if b.Name == name {
			return Buf(i)
		}
	}
	return None
}

// Shape is the shape of buffer b.
func (p *Program) Shape(b Buf) Shape { return p.Bufs[b].Shape }

// A Store lays out the memory that the programs of one model share: parameters first, in model
// order, then state that is not trained, then the optimizer's slots. It holds no values: each
// Backend keeps the values of a Store while an Exec of it is open.
type Store struct {
	Vars []Variable
	Size int // elements
}

// A Variable is a named part of a Store.
type Variable struct {
	Name   string
	Shape  Shape
	Offset int // in elements
}

// Add appends a variable directly behind the last one and returns its index in Vars.
func (s *Store) Add(name string, shape Shape) int {
	s.Vars = append(s.Vars, Variable{name, shape, s.Size})
	s.Size += shape.Size()
	return len(s.Vars) - 1
}
