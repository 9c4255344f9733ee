package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// The function table of Go 1.20 and later (runtime/symtab.go, runtime/runtime2.go, cmd/link/internal/ld/pcln.go), as it lies in
// memory on a machine with 64-bit pointers and one-byte instructions, which wasm is to Go:
//
//	pcHeader  magic, 0, 0, 1, 8; then 64-bit: functions, files, 0, and from pcHeader on the offsets of
//	          names, compilation units, files, pctab and functab
//	pctab     tables over a function's instructions, each a run of varint pairs that ends with a 0; a table is known by
//	          its offset, functions share tables, and offset 0 means that there is none
//	functab   for each function 32-bit: entry, offset of its record from functab
//	record    32-bit: entry, name, args, deferreturn, pcsp, pcfile, pcln, npcdata, unit, start line; then a byte each:
//	          id, flags, 0, nfuncdata; then npcdata tables' offsets, then nfuncdata offsets of other data, ^0 for none
const (
	tableMagic = 0xfffffff1

	recordSize  = 44 // without its pcdata and funcdata
	fieldEntry  = 0
	fieldName   = 4
	fieldArgs   = 8
	fieldDefer  = 12 // deferreturn
	fieldStack  = 16 // pcsp
	fieldFile   = 20
	fieldLine   = 24
	fieldTables = 28 // npcdata
	fieldUnit   = 32
	fieldStart  = 36
	fieldKind   = 40 // id, flags, 0
	fieldData   = 43 // nfuncdata

	// Only for stopping a goroutine at any instruction, which needs signals (runtime/preempt.go); wasm has none.
	pcdataUnsafe = 0

	// Only for traces (internal/abi/symtab.go): what is inlined, what the arguments are, and where they are still alive.
	pcdataInlined   = 2
	pcdataArgLive   = 3
	funcdataInlined = 3
	funcdataArgs    = 5
	funcdataArgLive = 6
)

var errTable = errors.New("the function table is not the one of Go 1.26 that shrink knows")

// dropTraceTables empties, in a Go program's memory, what only traces read: files, lines, and the description of arguments.
// The tables that stay move to the front of pctab. With an error the memory is half done.
func dropTraceTables(memory []byte) error {
	t, err := findTable(memory)
	if err != nil {
		return err
	}
	packed := []byte{0} // offset 0 is no table
	moved := map[uint32]uint32{0: 0}
	move := func(field []byte) error {
		from := binary.LittleEndian.Uint32(field)
		to, ok := moved[from]
		if !ok {
			table, err := t.pcTable(from)
			if err != nil {
				return err
			}
			to = uint32(len(packed))
			moved[from] = to
			packed = append(packed, table...)
		}
		binary.LittleEndian.PutUint32(field, to)
		return nil
	}
	for i := range t.functions {
		record, err := t.record(i)
		if err != nil {
			return err
		}
		clear(record[fieldFile : fieldFile+4])
		clear(record[fieldLine : fieldLine+4])
		clear(record[fieldUnit : fieldStart+4])
		if err := move(record[fieldStack:]); err != nil {
			return err
		}
		tables := int(binary.LittleEndian.Uint32(record[fieldTables:]))
		for k := range tables {
			field := record[recordSize+4*k:]
			if k == pcdataUnsafe || k == pcdataArgLive {
				clear(field[:4])
			}
			if err := move(field); err != nil {
				return err
			}
		}
		for k := range int(record[fieldData]) {
			if k == funcdataArgs || k == funcdataArgLive {
				field := record[recordSize+4*(tables+k):]
				binary.LittleEndian.PutUint32(field, ^uint32(0))
			}
		}
	}
	if len(packed) > len(t.pctab) {
		return fmt.Errorf("%w: its tables overlap", errTable)
	}
	clear(t.pctab[copy(t.pctab, packed):])
	clear(t.files)
	return nil
}

// A table is a found function table; its parts are the memory's own.
type table struct {
	names, files, pctab, functab []byte // files begins with the compilation units
	functions                    int
	begin                        int // in the memory; types are before
}

// findTable looks for the header, and for the offsets in it to make sense.
func findTable(memory []byte) (table, error) {
	begin := binary.LittleEndian.AppendUint32(nil, tableMagic)
	begin = append(begin, 0, 0, 1, 8)
	for from := 0; ; {
		at := bytes.Index(memory[from:], begin)
		if at < 0 {
			return table{}, fmt.Errorf("%w: there is no header of it", errTable)
		}
		from += at
		if t, ok := readTable(memory[from:]); ok {
			t.begin = from
			return t, nil
		}
		from += len(begin)
	}
}

func readTable(memory []byte) (table, bool) {
	const words = 8
	if len(memory) < 8+8*words {
		return table{}, false
	}
	var word [words]uint64
	for i := range word {
		word[i] = binary.LittleEndian.Uint64(memory[8+8*i:])
	}
	functions, names, units, files, pctab, functab := word[0], word[3], word[4], word[5], word[6], word[7]
	offsets := []uint64{8 + 8*words, names, units, files, pctab, functab, uint64(len(memory))}
	if !slices.IsSorted(offsets) || word[2] != 0 || functions == 0 || functions > (uint64(len(memory))-functab)/8 {
		return table{}, false
	}
	return table{
		names:     memory[names:units],
		files:     memory[units:pctab],
		pctab:     memory[pctab:functab],
		functab:   memory[functab:],
		functions: int(functions),
	}, true
}

// record is the record of function i with its pcdata and funcdata.
func (t table) record(i int) ([]byte, error) {
	entry, at := binary.LittleEndian.Uint32(t.functab[8*i:]), uint64(binary.LittleEndian.Uint32(t.functab[8*i+4:]))
	if at%4 != 0 || at < uint64(8*t.functions) || at+recordSize > uint64(len(t.functab)) {
		return nil, fmt.Errorf("%w: function %d is said to be at %d", errTable, i, at)
	}
	record := t.functab[at:]
	size := recordSize + 4*(uint64(binary.LittleEndian.Uint32(record[fieldTables:]))+uint64(record[fieldData]))
	name := uint64(binary.LittleEndian.Uint32(record[fieldName:]))
	switch {
	case binary.LittleEndian.Uint32(record[fieldEntry:]) != entry:
		return nil, fmt.Errorf("%w: function %d has two entries", errTable, i)
	case size > uint64(len(record)):
		return nil, fmt.Errorf("%w: function %d has %d bytes", errTable, i, size)
	case name >= uint64(len(t.names)) || name > 0 && t.names[name-1] != 0:
		return nil, fmt.Errorf("%w: function %d has no name", errTable, i)
	}
	return record[:size], nil
}

// name is the name in a record.
func (t table) name(record []byte) string {
	name, _, _ := bytes.Cut(t.names[binary.LittleEndian.Uint32(record[fieldName:]):], []byte{0})
	return string(name)
}

// pcTable is the table at an offset of pctab, with the 0 it ends with. It is pairs of varints, the change of a value and
// the instructions it holds for; only the first change may be 0 (runtime.step).
func (t table) pcTable(at uint32) ([]byte, error) {
	if uint64(at) < uint64(len(t.pctab)) {
		rest := t.pctab[at:]
		for first := true; ; first = false {
			change, n := binary.Uvarint(rest)
			if n <= 0 {
				break
			}
			rest = rest[n:]
			if change == 0 && !first {
				return t.pctab[at : len(t.pctab)-len(rest)], nil
			}
			if _, n = binary.Uvarint(rest); n <= 0 {
				break
			}
			rest = rest[n:]
		}
	}
	return nil, fmt.Errorf("%w: no table of instructions at %d", errTable, at)
}
