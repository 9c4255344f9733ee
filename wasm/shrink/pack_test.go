package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
)

// A program that was packed, and unpacked by its own code, is the program: every section, every function, byte for byte. It
// prints what it did with its functions' names, which are found by their numbers.
func TestPackedProgram(t *testing.T) {
	program, names, err := shrink(build(t), options{unused: true, numbered: true})
	if err != nil {
		t.Fatal(err)
	}
	packed, err := pack(program)
	if err != nil {
		t.Fatal(err)
	}
	got := unpack(t, packed)
	sameProgram(t, got, program)
	if table := powersTable(); !bytes.Contains(program, table) || bytes.Contains(packed, table[:64]) {
		t.Error("powers of 10 are not in the program, or as well in what it is packed into")
	}

	named, _, err := shrink(build(t), options{})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "program.wasm")
	run := func(program []byte) (out, trace string) {
		t.Helper()
		if err := os.WriteFile(name, program, 0o644); err != nil {
			t.Fatal(err)
		}
		return runNode(t, name)
	}
	numbers := regexp.MustCompile(`\bf\.(?:\(\*\d+\)\.)?(\d+)|\bruntime\.(\d+)`)
	lookUp := func(text string) string {
		return numbers.ReplaceAllStringFunc(text, func(found string) string {
			n, err := strconv.Atoi(found[strings.LastIndex(found, ".")+1:])
			if err != nil || n >= len(names) {
				t.Fatalf("%q is none of %d functions", found, len(names))
			}
			return names[n]
		})
	}
	wantOut, wantTrace := run(named)
	out, trace := run(got)
	if !strings.Contains(out, "value method f.") {
		t.Errorf("the program printed\n%s\nit wants the message of a method of a nil pointer", out)
	}
	out = strings.Replace(out, "value method "+wrapped.FindString(out), "value method "+wrapped.FindString(wantOut), 1)
	if lookUp(out) != wantOut || lookUp(trace) != wantTrace {
		t.Errorf("the program printed\n%s\n%s\nand before it was packed\n%s\n%s", lookUp(out), lookUp(trace), wantOut, wantTrace)
	}
	if !strings.Contains(trace, "\nf.") || strings.Contains(trace, "main.") {
		t.Errorf("the trace is\n%s\nit wants numbers for names", trace)
	}
}

// The name that panicwrap makes of a wrapper's.
var wrapped = regexp.MustCompile(`\S+ called using nil \*\S+`)

// The function table is packed as shrink leaves it, and stays as it is where it isn't that.
func TestPackedFunctionTable(t *testing.T) {
	behind := func(program []byte) []byte {
		sections, err := readSections(program)
		if err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(sections, func(s section) bool { return s.id == codeSection })
		return writeSections(sections[at+1:])[len(header):]
	}
	program := build(t)
	shrunk, _, err := shrink(program, options{unused: true, numbered: true})
	if err != nil {
		t.Fatal(err)
	}
	sections, err := readSections(program)
	if err != nil {
		t.Fatal(err)
	}
	count, err := importedFunctions(sections)
	if err != nil {
		t.Fatal(err)
	}
	after := behind(shrunk)
	before := len(after)
	if table := (&packer{}).functionTable(&after, count); table.functions < 1000 || len(after) > before-300*table.functions {
		t.Errorf("%d functions' records were taken out of %d bytes, which left %d", table.functions, before, len(after))
	}
	after = behind(program)
	if table := (&packer{}).functionTable(&after, count); table.functions != 0 || !bytes.Equal(after, behind(program)) {
		t.Errorf("a table with files and lines was taken: %d functions", table.functions)
	}
	packed, err := pack(program)
	if err != nil {
		t.Fatal(err)
	}
	sameProgram(t, unpack(t, packed), program)
}

// What Go's compiler writes seldom, at the ends of what the streams hold.
func TestPackedInstructions(t *testing.T) {
	returnTo := func(v int64) []byte { return join([]byte{0x42}, signed(v), []byte{0x37, 3, 0}) }
	callFrom := func(v int64, tail ...byte) []byte { // in three blocks
		return join(callHead, signed(v), callMiddle, []byte{0x81, 0x01}, callTail, []byte{2}, tail)
	}
	inBlocks := func(code ...[]byte) []byte {
		return join(bytes.Repeat([]byte{0x02, 0x40}, 3), join(code...), bytes.Repeat([]byte{opEnd}, 3))
	}
	// The pieces begin at 0, 2 and 3; what follows lies in no piece, in each of them, and behind them.
	pieces := func(none, first, second, third []byte) []byte {
		return join([]byte{0x02, 0x40, 0x03, 0x40, 0x02, 0x40, 0x02, 0x40, 0x02, 0x40, 0x0e, 4, 0, 0, 1, 2, 2}, none, []byte{opEnd}, first, []byte{opEnd}, second, []byte{opEnd}, third, []byte{opEnd, opEnd})
	}
	jumpTo := func(place byte) []byte { return []byte{0x41, place, 0x21, 0, 0x0c, 1} }
	const first = 0x1001 << 16 // what return addresses of the first function begin with
	for name, code := range map[string][]byte{
		"nothing":          {},
		"blocks":           {0x02, 0x40, 0x03, 0x7f, 0x04, 0x40, 0x05, 0x0b, 0x0b, 0x0b},
		"branches":         {0x0c, 0, 0x0d, 0x80, 0x01},
		"br_table":         {0x0e, 5, 0, 1, 1, 7, 2, 0x80, 0x01},
		"br_table of none": {0x0e, 0, 0},
		"calls":            {0x10, 5, 0x11, 0x90, 0x01, 0},
		"locals":           {0x20, 1, 0x21, 0x81, 0x01, 0x22, 0x7f, 0x23, 0, 0x24, 2},
		"loads":            {0x28, 2, 0, 0x29, 3, 0x80, 0x7f, 0x2d, 0, 1, 0x35, 2, 9},
		"frames":           {0x20, 1, 0x29, 3, 8, 0x20, 1, 0x29, 3, 9, 0x20, 1, 0x29, 3, 0xf0, 0x0f, 0x20, 1, 0x28, 2, 0xf8, 0x0f, 0x20, 2, 0x29, 3, 8},
		"stores":           {0x36, 2, 0, 0x37, 3, 0x88, 0x01, 0x3e, 2, 4, 0x38, 2, 0, 0x39, 3, 0},
		"i32 constants":    {0x41, 0x7f, 0x20, 1, 0x41, 0x80, 0x7f, 0x37, 3, 0, 0x41, 5, 0x41, 6},
		"i64 constants":    {0x42, 0, 0x42, 0xff, 0x00, 0x42, 0x80, 0x80, 0x04, 0x42, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f},
		"floats":           {0x43, 1, 2, 3, 4, 0x44, 1, 2, 3, 4, 5, 6, 7, 0xd0},
		"slots":            join(slotHead, signed(2040), slotTail, slotHead, signed(2048), slotTail, slotHead, signed(9), slotTail, slotHead, signed(-8), slotTail, slotHead, signed(16)),
		"a frame's places": {0x20, 1, 0x41, 24, 0x6b, 0x20, 1, 0x29, 3, 24, 0x20, 1, 0x29, 3, 32, 0x20, 1, 0x2d, 0, 40, 0x20, 1, 0x29, 3, 0xb8, 0x06, 0x20, 1, 0x29, 3, 0xc0, 0x06, 0x20, 1, 0x29, 3, 0xd8, 0x09},
		"below the stack":  {0x20, 1, 0x41, 0x78, 0x6a, 0x20, 1, 0x29, 3, 0x80, 0x02, 0x20, 1, 0x41, 24, 0x6b, 0x20, 1, 0x29, 3, 32},
		"jumps":            join(returnTo(first+100), []byte{0x41, 5, 0x21, 0, 0x41, 0xff, 0x00, 0x21, 0, 0x41, 0x80, 0x80, 0x04, 0x21, 0, 0x41, 5, 0x21, 1, 0x41, 0x7f, 0x20, 0}),
		"what follows":     {0x42, 1, 0x21, 3, 0x42, 1, 0x20, 3, 0x42, 1, 0x7c, 0x42, 1, 0xa7, 0x42, 1, 0x37, 3, 8, 0x42, 0xff, 0xff, 0x03, 0x0f, 0x41, 3, 0x0f, 0x37, 3, 1, 0x37, 3, 2, 0x42, 9},
		"pairs":            join(bytes.Repeat([]byte{0x1a, 0x1b, 0x1b, 0x1b, 0x1a}, 100), bytes.Repeat([]byte{0x45}, 99)),
		"saturating":       {0xfc, 0, 0xfc, 7},
		"memory":           {0xfc, 10, 0, 0, 0xfc, 11, 0, 0x3f, 0, 0x40, 0},
		"pops":             join(pop, pop[:6], pop),
		"numbers":          {0x45, 0xc4, 0xad, 0xa7, 0x1a, 0x1b, 0x0f, 0x00, 0x01},
		"return addresses": join(returnTo(first), returnTo(first+255), returnTo(first+511), returnTo(first+400), returnTo(first+767), returnTo(first+511+0xffff), returnTo(1<<40)),
		"pieces":           pieces(callFrom(first), join(jumpTo(3), jumpTo(2), jumpTo(0), callFrom(first+2)), join(jumpTo(1), jumpTo(0), callFrom(first+2, 0x1a), callFrom(first+3)), join(jumpTo(0), jumpTo(4), callFrom(first+4))),
		"pieces' calls":    pieces(nil, join(callHead, signed(first+2), callMiddle, []byte{5}, callTail, []byte{3}), join(callHead, signed(first+3), callMiddle, []byte{5}, callTail, []byte{2}), join(callHead, signed(first+4), callMiddle, []byte{5}, callTail, []byte{1})),
		"two tables":       join(pieces(nil, jumpTo(3), nil, nil), jumpTo(2), pieces(nil, jumpTo(2), nil, nil), []byte{0x0e, 1, 1, 2}, jumpTo(1)),
		"no jumps":         {0x41, 0x7f, 0x21, 0, 0x41, 0x80, 0x00, 0x21, 0, 0x0e, 0, 0, 0x41, 0x80, 0x00, 0x21, 0, 0x41, 0x7f, 0x21, 0},
		"of others":        join(returnTo(first), returnTo(first+1<<16), returnTo(first), returnTo(7<<16), returnTo(-first)),
		"Go's calls":       inBlocks(callFrom(first+1), callFrom(first+2), callFrom(first+2), callFrom(first+1), callFrom(first+300), callFrom(first+301)),
		"another label":    join([]byte{0x02, 0x40}, callFrom(first+1), []byte{opEnd}, callFrom(first+2)),
		"half a call":      inBlocks(callHead, signed(first+1), callMiddle, []byte{0x05}, callTail[:3], callHead, signed(first+2), []byte{0x37, 3, 0, 0x41, 1}),
	} {
		program := writeSections([]section{
			{1, []byte{0}},
			{codeSection, functions([]byte{0}, join([]byte{2, 3, 0x7f, 0x80, 0x01, 0x7e}, code))},
			{dataSection, []byte{0}},
		})
		packed, err := pack(program)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		t.Run(name, func(t *testing.T) { sameProgram(t, unpack(t, packed), program) })
	}
}

func TestPackRefuses(t *testing.T) {
	for _, test := range []struct {
		name string
		body []byte
		want error
	}{
		{"references", []byte{0, 0xd0, 0x70}, errPack},
		{"SIMD", []byte{0, 0xfd, 0}, errPack},
		{"a label of two bytes", []byte{0, 0x0c, 0x80, 0x00}, errPack},
		{"a label of two bytes in a table", []byte{0, 0x0e, 0, 0x80, 0x00}, errPack},
		{"tables", []byte{0, 0xfc, 12, 0, 0}, errPack},
		{"another alignment", []byte{0, 0x29, 2, 0}, errPack},
		{"code behind the end", []byte{0, opEnd, 0x01}, errPack},
		{"cut constant", []byte{0, 0x43, 1}, errShort},
		{"cut locals", []byte{9}, errShort},
	} {
		module := writeSections([]section{{codeSection, functions(test.body)}})
		if _, err := pack(module); !errors.Is(err, test.want) {
			t.Errorf("%s: error is %v, wanted %v", test.name, err, test.want)
		}
	}
	if _, err := pack(writeSections([]section{{1, []byte{0}}})); !errors.Is(err, errPack) {
		t.Errorf("no code: error is %v, wanted %v", err, errPack)
	}
	if _, err := pack([]byte("<!doctype html>")); err == nil || !strings.Contains(err.Error(), "not a WebAssembly module") {
		t.Errorf("a page: error is %v", err)
	}
}

// Any function is refused or comes back.
func FuzzPack(f *testing.F) {
	f.Add([]byte{0, 0x20, 1, 0x29, 3, 8})
	f.Add(join([]byte{0}, callHead, signed(0x1000<<16+1), callMiddle, []byte{5}, callTail, []byte{1}))
	f.Add(join([]byte{0}, slotHead, signed(16), slotTail, pop))
	f.Fuzz(func(t *testing.T, body []byte) {
		program := writeSections([]section{{codeSection, functions(body)}})
		packed, err := pack(program)
		if err != nil {
			return
		}
		sameProgram(t, unpack(t, packed), program)
	})
}

// functions is a code section of bodies without their ends.
func functions(bodies ...[]byte) []byte {
	out := []byte{byte(len(bodies))}
	for _, b := range bodies {
		out = binary.AppendUvarint(out, uint64(len(b)+1))
		out = append(append(out, b...), opEnd)
	}
	return out
}

func signed(v int64) []byte {
	var out []byte
	for {
		b := byte(v & 0x7f)
		v >>= 7
		if v == 0 && b&0x40 == 0 || v == -1 && b&0x40 != 0 {
			return append(out, b)
		}
		out = append(out, b|0x80)
	}
}

// unpack runs a packed program's own function.
func unpack(t *testing.T, packed []byte) []byte {
	t.Helper()
	r := wazero.NewRuntimeWithConfig(t.Context(), wazero.NewRuntimeConfigInterpreter())
	defer r.Close(t.Context())
	m, err := r.Instantiate(t.Context(), packed)
	if err != nil {
		t.Fatal(err)
	}
	span, err := m.ExportedFunction("unpack").Call(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b, ok := m.Memory().Read(uint32(span[0]), uint32(span[1]-span[0]))
	if !ok {
		t.Fatalf("the program is at %d to %d, outside of memory", span[0], span[1])
	}
	return bytes.Clone(b)
}

func sameProgram(t *testing.T, got, want []byte) {
	t.Helper()
	sections := func(program []byte) []section {
		s, err := readSections(program)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	is, was := sections(got), sections(want)
	if len(is) != len(was) {
		t.Fatalf("%d sections, wanted %d", len(is), len(was))
	}
	for k := range was {
		if is[k].id != was[k].id {
			t.Fatalf("section %d is of kind %d, wanted %d", k, is[k].id, was[k].id)
		}
		if was[k].id != codeSection {
			if !bytes.Equal(is[k].body, was[k].body) {
				t.Errorf("section %d differs", k)
			}
			continue
		}
		a, b := bodies(t, is[k].body), bodies(t, was[k].body)
		if !slices.EqualFunc(a, b, bytes.Equal) {
			t.Errorf("the %d functions differ from the %d before", len(a), len(b))
		}
	}
}

func bodies(t *testing.T, section []byte) [][]byte {
	t.Helper()
	r := reader{rest: section}
	list := make([][]byte, r.u32())
	for i := range list {
		list[i] = r.bytes(r.u32())
	}
	if r.err != nil || len(r.rest) > 0 {
		t.Fatalf("the code section: %v, %d bytes too many", r.err, len(r.rest))
	}
	return list
}
