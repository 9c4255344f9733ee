package asm

import "fmt"

// Type is a WebAssembly value type, by its byte in the binary format.
type Type byte

// The value types.
const (
	TypeI32  Type = 0x7f
	TypeI64  Type = 0x7e
	TypeF32  Type = 0x7d
	TypeF64  Type = 0x7c
	TypeV128 Type = 0x7b
)

// Limits bounds a memory (in pages of 64 KiB) or a table (in entries). Max 0
// means no maximum; a shared memory must have one.
type Limits struct {
	Min, Max uint32
	Shared   bool
}

// Signature is a function type.
type Signature struct {
	Params, Results []Type
}

func (s Signature) key() string {
	b := appendU(nil, uint64(len(s.Params)))
	for _, t := range s.Params {
		b = append(b, byte(t))
	}
	b = appendU(b, uint64(len(s.Results)))
	for _, t := range s.Results {
		b = append(b, byte(t))
	}
	return string(b)
}

// Module is a WebAssembly module under construction. It holds at most one
// memory and one table, which is all that kernels need. Imports of functions
// come before the first Func, because indices count imports first.
type Module struct {
	types     []string
	typeIndex map[string]int
	imports   [][]byte
	imported  int // functions
	funcs     []*Func
	memory    *Limits
	hasMemory bool
	table     *Limits
	hasTable  bool
	globals   [][]byte
	exports   [][]byte
	exported  map[string]bool
	elems     [][]byte
	data      [][]byte
}

// NewModule returns an empty module.
func NewModule() *Module {
	return &Module{typeIndex: map[string]int{}, exported: map[string]bool{}}
}

// Encode returns the module in the binary format.
func (m *Module) Encode() []byte {
	var types, funcs, code [][]byte
	for _, f := range m.funcs { // first, since bodies may still add types
		f.finish()
		funcs = append(funcs, appendU(nil, uint64(m.typeOf(f.Signature()))))
		code = append(code, appendVec(nil, f.body()))
	}
	for _, t := range m.types {
		types = append(types, append([]byte{0x60}, t...))
	}
	b := []byte{0, 'a', 's', 'm', 1, 0, 0, 0}
	b = appendSection(b, 1, types)
	b = appendSection(b, 2, m.imports)
	b = appendSection(b, 3, funcs)
	if m.table != nil {
		b = appendSection(b, 4, [][]byte{append([]byte{0x70}, encodeLimits(*m.table)...)})
	}
	if m.memory != nil {
		b = appendSection(b, 5, [][]byte{encodeLimits(*m.memory)})
	}
	b = appendSection(b, 6, m.globals)
	b = appendSection(b, 7, m.exports)
	b = appendSection(b, 9, m.elems)
	b = appendSection(b, 10, code)
	return appendSection(b, 11, m.data)
}

// Func adds a function to the module; declare its parameters and results, then
// write its body. The name is for messages only.
func (m *Module) Func(name string) *Func {
	f := &Func{m: m, name: name, index: m.imported + len(m.funcs)}
	m.funcs = append(m.funcs, f)
	return f
}

// ImportFunc imports a function.
func (m *Module) ImportFunc(module, name string, sig Signature) *Func {
	if len(m.funcs) > 0 {
		panic("asm: ImportFunc after Func: indices would move")
	}
	t := m.typeOf(sig)
	m.addImport(module, name, appendU([]byte{0x00}, uint64(t)))
	f := &Func{m: m, name: module + "." + name, index: m.imported, params: sig.Params, results: sig.Results, finished: true}
	m.imported++
	return f
}

// ImportMemory imports the module's memory.
func (m *Module) ImportMemory(module, name string, l Limits) {
	m.takeMemory(l)
	m.addImport(module, name, append([]byte{0x02}, encodeLimits(l)...))
}

// Memory declares the module's own memory.
func (m *Module) Memory(l Limits) {
	m.takeMemory(l)
	m.memory = &l
}

func (m *Module) takeMemory(l Limits) {
	if m.hasMemory {
		panic("asm: a second memory")
	}
	if l.Shared && l.Max == 0 {
		panic("asm: a shared memory needs a maximum")
	}
	m.hasMemory = true
}

// Data puts bytes into the memory at offset, before any code of the module runs.
func (m *Module) Data(offset int, bytes []byte) {
	m.data = append(m.data, appendVec(append(append([]byte{0x00}, C(offset).code...), 0x0b), bytes))
}

// ImportTable imports the module's table of functions.
func (m *Module) ImportTable(module, name string, l Limits) {
	m.takeTable()
	m.addImport(module, name, append([]byte{0x01, 0x70}, encodeLimits(l)...))
}

// Table declares the module's own table of functions.
func (m *Module) Table(l Limits) {
	m.takeTable()
	m.table = &l
}

func (m *Module) takeTable() {
	if m.hasTable {
		panic("asm: a second table")
	}
	m.hasTable = true
}

// Elem fills the table from offset on with fns when the module is instantiated.
func (m *Module) Elem(offset int, fns ...*Func) {
	b := appendS([]byte{0x00, 0x41}, int64(offset))
	b = append(b, 0x0b)
	b = appendU(b, uint64(len(fns)))
	for _, f := range fns {
		b = appendU(b, uint64(f.index))
	}
	m.elems = append(m.elems, b)
}

// GlobalI32 declares a mutable i32 of the instance, and is read and written
// with its methods.
func (m *Module) GlobalI32(initial int32) Global {
	b := appendS([]byte{byte(TypeI32), 1, 0x41}, int64(initial))
	m.globals = append(m.globals, append(b, 0x0b))
	return Global{index: len(m.globals) - 1}
}

// Export exports a function.
func (m *Module) Export(name string, f *Func) { m.addExport(name, 0, f.index) }

// ExportMemory exports the memory.
func (m *Module) ExportMemory(name string) { m.addExport(name, 2, 0) }

// ExportTable exports the table.
func (m *Module) ExportTable(name string) { m.addExport(name, 1, 0) }

func (m *Module) addExport(name string, kind byte, index int) {
	if m.exported[name] {
		panic(fmt.Sprintf("asm: %q is exported twice", name))
	}
	m.exported[name] = true
	b := appendVec(nil, []byte(name))
	m.exports = append(m.exports, appendU(append(b, kind), uint64(index)))
}

func (m *Module) addImport(module, name string, desc []byte) {
	b := appendVec(nil, []byte(module))
	b = appendVec(b, []byte(name))
	m.imports = append(m.imports, append(b, desc...))
}

func (m *Module) typeOf(s Signature) int {
	k := s.key()
	if i, ok := m.typeIndex[k]; ok {
		return i
	}
	m.typeIndex[k] = len(m.types)
	m.types = append(m.types, k)
	return len(m.types) - 1
}

func encodeLimits(l Limits) []byte {
	flag := byte(0)
	if l.Max != 0 {
		flag |= 1
	}
	if l.Shared {
		flag |= 2
	}
	b := appendU([]byte{flag}, uint64(l.Min))
	if l.Max != 0 {
		b = appendU(b, uint64(l.Max))
	}
	return b
}

func appendSection(b []byte, id byte, entries [][]byte) []byte {
	if len(entries) == 0 {
		return b
	}
	body := appendU(nil, uint64(len(entries)))
	for _, e := range entries {
		body = append(body, e...)
	}
	return appendVec(append(b, id), body)
}
