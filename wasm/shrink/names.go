package main

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// funcValueOffset is what Go adds to the index of a function that is not imported (cmd/link/internal/wasm).
const funcValueOffset = 0x1000

// Names that the runtime reads itself, so that they stay.
var keptNames = []struct {
	prefix string
	why    string
}{
	{"runtime.gopanic", "where a trace changes from what panicked to what was deferred"},
	{"reflect.makeFuncStub", "functions whose arguments the collector finds in another way (runtime/stkframe.go)"},
	{"reflect.methodValueCall", "the same"},
	{"reflect.Value.", "a panic says which method was called on the wrong kind of value"},
	{"internal/reflectlite.", "the same"},
}

// A naming is the way in which a number is made a function's name.
type naming byte

const (
	plain   naming = iota // f.123
	runtime               // runtime.123: traces leave these out, and goroutines that begin there are the runtime's own
	wrapper               // f.(*123).123: panicwrap takes the name of a wrapped method apart
	kept                  // the name itself
)

// namingParts are the texts around the number; it stands between each two.
var namingParts = [kept][]string{
	plain:   {"f.", ""},
	runtime: {"runtime.", ""},
	wrapper: {"f.(*", ").", ""},
}

// kindWrapper is the id of functions that the compiler made around methods (internal/abi, FuncIDWrapper).
const kindWrapper = 23

func namingOf(name string, kind byte) naming {
	switch {
	case slices.ContainsFunc(keptNames, func(k struct{ prefix, why string }) bool { return strings.HasPrefix(name, k.prefix) }):
		return kept
	case strings.HasPrefix(name, "runtime."):
		return runtime
	case kind == kindWrapper:
		return wrapper
	}
	return plain
}

func (n naming) name(number int) string { return strings.Join(namingParts[n], strconv.Itoa(number)) }

// numberFunctions gives functions names made of their numbers, and takes away what traces say of inlined ones. Functions that
// are imported come first and have no name. It returns the names there were, by number; with an error the memory is half done.
func numberFunctions(sections []section, memory []byte) ([]string, error) {
	t, err := findTable(memory)
	if err != nil {
		return nil, err
	}
	imported, err := importedFunctions(sections)
	if err != nil {
		return nil, err
	}
	names, err := functionNames(t)
	if err != nil {
		return nil, err
	}
	var after []byte
	for i := range t.functions {
		record, err := t.record(i)
		if err != nil {
			return nil, err
		}
		name := names[i]
		if n := namingOf(name, record[fieldKind]); n != kept {
			name = n.name(imported + i)
		}
		binary.LittleEndian.PutUint32(record[fieldName:], uint32(len(after)))
		after = append(append(after, name...), 0)
		tables := int(binary.LittleEndian.Uint32(record[fieldTables:]))
		if tables > pcdataInlined {
			clear(record[recordSize+4*pcdataInlined:][:4])
		}
		if record[fieldData] > funcdataInlined {
			binary.LittleEndian.PutUint32(record[recordSize+4*(tables+funcdataInlined):], ^uint32(0))
		}
	}
	if len(after) > len(t.names) {
		return nil, fmt.Errorf("%w: %d bytes of names, fewer than of numbers", errTable, len(t.names))
	}
	clear(t.names[copy(t.names, after):])
	return append(make([]string, imported), names...), nil
}

// functionNames are the names of the table's functions. They are those of the code section.
func functionNames(t table) ([]string, error) {
	names := make([]string, 0, t.functions)
	for i := range t.functions {
		record, err := t.record(i)
		if err != nil {
			return nil, err
		}
		if entry := binary.LittleEndian.Uint32(record[fieldEntry:]); entry != funcValueOffset+uint32(i) {
			return nil, fmt.Errorf("%w: function %d begins at %d", errTable, i, entry)
		}
		names = append(names, t.name(record))
	}
	return names, nil
}

// importedFunctions counts the functions that a module imports, which are numbered before its own.
func importedFunctions(sections []section) (int, error) {
	count := 0
	for _, s := range sections {
		if s.id != importSection {
			continue
		}
		r := reader{rest: s.body}
		for n := r.u32(); n > 0 && r.err == nil; n-- {
			r.bytes(r.u32())
			r.bytes(r.u32())
			if kind := r.byte(); r.err == nil && kind != 0 {
				return 0, fmt.Errorf("%w: it imports other things than functions", errTable)
			}
			r.u32()
			count++
		}
		if r.err != nil {
			return 0, r.err
		}
	}
	return count, nil
}
