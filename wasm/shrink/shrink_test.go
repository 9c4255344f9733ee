package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A program that was shrunk does what it did, and its traces name the functions.
func TestShrunkProgramRuns(t *testing.T) {
	name := filepath.Join(t.TempDir(), "program.wasm")
	before := build(t)
	if err := os.WriteFile(name, before, 0o644); err != nil {
		t.Fatal(err)
	}
	wantOut, wantTrace := runNode(t, name)
	if err := rewrite(name, options{}, false, ""); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	out, trace := runNode(t, name)
	if out != wantOut || out == "" {
		t.Errorf("the program printed\n%s\nbefore it was shrunk\n%s", out, wantOut)
	}
	for _, text := range []string{"invalid memory address or nil pointer dereference", "goroutine 1 [running]", "main.inner(", "main.main("} {
		if !strings.Contains(trace, text) || !strings.Contains(wantTrace, text) {
			t.Errorf("the trace is\n%s\nbefore the program was shrunk it was\n%s\nboth want %q", trace, wantTrace, text)
		}
	}
	if strings.Contains(trace, "main.go:") || !strings.Contains(wantTrace, "main.go:") {
		t.Errorf("the trace is\n%s\nit wants no lines; before the program was shrunk it was\n%s", trace, wantTrace)
	}
	if a, b := segmentCount(t, before), segmentCount(t, after); b > 20 || a < 100*b {
		t.Errorf("%d data segments became %d, want at most 20", a, b)
	}
}

// What the collector and the growth of stacks read is said of every function as before.
func TestStackMapsStay(t *testing.T) {
	program := build(t)
	shrunk, _, err := shrink(program, options{})
	if err != nil {
		t.Fatal(err)
	}
	before, after := tableOf(t, program), tableOf(t, shrunk)
	if before.functions != after.functions || before.functions < 1000 {
		t.Fatalf("%d functions became %d, want as many, at least 1000", before.functions, after.functions)
	}
	if !bytes.Equal(before.names, after.names) {
		t.Error("the functions' names changed")
	}
	compared := 0
	for i := range before.functions {
		was, is := recordOf(t, before, i), recordOf(t, after, i)
		name := string(was.bytes[fieldName : fieldName+4])
		if string(is.bytes[fieldName:fieldName+4]) != name || !bytes.Equal(was.bytes[:fieldStack], is.bytes[:fieldStack]) || !bytes.Equal(was.bytes[fieldStart+4:recordSize], is.bytes[fieldStart+4:recordSize]) {
			t.Fatalf("function %d is % x, before % x", i, is.bytes, was.bytes)
		}
		for k := range was.tables {
			if k-1 == pcdataUnsafe || k-1 == pcdataArgLive {
				continue
			}
			compared += len(was.tables[k])
			if !bytes.Equal(was.tables[k], is.tables[k]) {
				t.Fatalf("table %d of function %d is % x, before % x", k-1, i, is.tables[k], was.tables[k])
			}
		}
		for k := range was.data {
			if k != funcdataArgs && k != funcdataArgLive && was.data[k] != is.data[k] {
				t.Fatalf("data %d of function %d lies at %d, before at %d", k, i, is.data[k], was.data[k])
			}
		}
	}
	if compared < 10000 {
		t.Errorf("compared %d bytes of tables, want at least 10000", compared)
	}
}

// Everything but the data section is copied.
func TestOtherSectionsStay(t *testing.T) {
	program := build(t)
	shrunk, _, err := shrink(program, options{})
	if err != nil {
		t.Fatal(err)
	}
	before, err := readSections(program)
	if err != nil {
		t.Fatal(err)
	}
	after, err := readSections(shrunk)
	if err != nil {
		t.Fatal(err)
	}
	same := slices.EqualFunc(before, after, func(a, b section) bool {
		return a.id == b.id && (a.id == dataSection || bytes.Equal(a.body, b.body))
	})
	if !same {
		t.Error("sections other than the data changed")
	}
	again, _, err := shrink(shrunk, options{})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again, shrunk) {
		t.Errorf("shrinking what is shrunk changed it: %d bytes from %d", len(again), len(shrunk))
	}
}

func TestDataSegments(t *testing.T) {
	long := make([]byte, longZeros+1)
	short := make([]byte, longZeros)
	for _, test := range []struct {
		name  string
		data  []byte
		count int
	}{
		{"one byte", []byte{7}, 1},
		{"few zeros stay", join([]byte{1}, short, []byte{2}), 1},
		{"many zeros part", join([]byte{1}, long, []byte{2}), 2},
		{"leading zeros", join(long, []byte{2}), 1},
		{"few leading zeros", join(short, []byte{2}), 1},
		{"trailing zeros", join([]byte{2}, long), 1},
		{"few trailing zeros", join([]byte{2}, short), 1},
		{"only zeros", short, 0},
		{"sparse", sparse(), -1},
	} {
		body := writeData(memory{start: 4096, bytes: test.data})
		if r := (reader{rest: body}); test.count >= 0 && int(r.u32()) != test.count {
			t.Errorf("%s: section begins with % x, want %d segments", test.name, body[:min(4, len(body))], test.count)
		}
		if test.count == 0 {
			continue
		}
		back, err := readData(body)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		got := make([]byte, len(test.data))
		copy(got[back.start-4096:], back.bytes)
		if !bytes.Equal(got, test.data) {
			t.Errorf("%s: memory differs after it was written", test.name)
		}
	}
}

func TestBlank(t *testing.T) {
	texts := []string{"The sum.", "", "The sum. And more."}
	memory := []byte("x The sum. And more. The sum. The su")
	blank(memory, texts)
	if want := "x " + strings.Repeat("\x00", 18) + " " + strings.Repeat("\x00", 8) + " The su"; string(memory) != want {
		t.Errorf("memory is %q, wanted %q", memory, want)
	}
}

func TestBrokenModules(t *testing.T) {
	data := func(body ...byte) []byte {
		return writeSections([]section{{dataSection, body}})
	}
	for _, test := range []struct {
		name, want string
		module     []byte
	}{
		{"empty", "not a WebAssembly module", nil},
		{"a page", "not a WebAssembly module", []byte("<!doctype html>")},
		{"cut", "ends too early", append(bytes.Clone(header), 1, 200)},
		{"passive", "kind 1", data(1, 1, 0, 0)},
		{"not a constant", "instruction 0x23", data(1, 0, 0x23, 0, opEnd, 0)},
		{"negative", "not one constant", data(1, 0, opI32Const, 0x7f, opEnd, 0)},
		{"overlap", "before another ends", data(2, 0, opI32Const, 8, opEnd, 2, 1, 1, 0, opI32Const, 9, opEnd, 1, 1)},
		{"cut data", "ends too early", data(1, 0, opI32Const, 8, opEnd, 9, 1)},
		{"too many bytes", "too many", data(1, 0, opI32Const, 8, opEnd, 1, 1, 1)},
		{"far", "want at most", data(2, 0, opI32Const, 8, opEnd, 1, 1, 0, opI32Const, 0x80, 0x80, 0x80, 0x80, 0x04, opEnd, 1, 1)},
		{"no table", "no header", data(1, 0, opI32Const, 8, opEnd, 1, 1)},
	} {
		if _, _, err := shrink(test.module, options{}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error is %v, want one with %q", test.name, err, test.want)
		}
	}
}

// A table that isn't as expected is left alone, not guessed at: another version of Go may have changed it.
func TestBrokenTables(t *testing.T) {
	program := build(t)
	for _, test := range []struct {
		name  string
		spoil func(t table)
	}{
		{"functions elsewhere", func(t table) { binary.LittleEndian.PutUint32(t.functab[12:], 3) }},
		{"another entry", func(t table) { t.functab[0] ^= 1 }},
		{"many tables", func(t table) { recordBytes(t, 5)[fieldTables+3] = 0xff }},
		{"no name", func(t table) { recordBytes(t, 5)[fieldName+3] = 0xff }},
		{"half a name", func(t table) { recordBytes(t, 5)[fieldName]++ }},
		{"no stack table", func(t table) { recordBytes(t, 5)[fieldStack+3] = 0xff }},
	} {
		sections, err := readSections(program)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(sections, func(s section) bool { return s.id == dataSection })
		m, err := readData(sections[i].body)
		if err != nil {
			t.Fatal(err)
		}
		found, err := findTable(m.bytes)
		if err != nil {
			t.Fatal(err)
		}
		test.spoil(found)
		sections[i].body = writeData(m)
		shrunk, _, err := shrink(writeSections(sections), options{})
		if !errors.Is(err, errTable) {
			t.Errorf("%s: error is %v, want %v", test.name, err, errTable)
		} else if back, err := readData(dataOf(t, shrunk)); err != nil || !bytes.Equal(back.bytes, m.bytes) {
			t.Errorf("%s: the program's memory changed, error %v", test.name, err)
		}
	}
}

func TestSignedNumbers(t *testing.T) {
	for _, v := range []int32{0, 1, 63, 64, -1, -64, -65, 8191, 8192, 1<<31 - 1, -1 << 31} {
		r := reader{rest: appendS32(nil, v)}
		if got := r.s32(); got != v || r.err != nil || len(r.rest) != 0 {
			t.Errorf("%d is read as %d, error %v, %d bytes left", v, got, r.err, len(r.rest))
		}
	}
}

// built is testdata/program compiled for js/wasm, once.
var built = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "shrink")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "program.wasm")
	cmd := exec.Command("go", "build", "-gcflags=all=-l", "-o", name, "./testdata/program")
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %w\n%s", err, out)
	}
	return os.ReadFile(name)
})

func build(t *testing.T) []byte {
	t.Helper()
	program, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// runNode runs a Go program as `go run` would: it must end with a panic.
func runNode(t *testing.T, name string) (out, trace string) {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", "--stack-size=8192", filepath.Join(strings.TrimSpace(string(root)), "lib/wasm/wasm_exec_node.js"), name)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 2 {
		t.Fatalf("node ended with %v, want exit status 2\n%s\n%s", err, stdout.String(), stderr.String())
	}
	return stdout.String(), stderr.String()
}

func dataOf(t *testing.T, program []byte) []byte {
	t.Helper()
	sections, err := readSections(program)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(sections, func(s section) bool { return s.id == dataSection })
	return sections[i].body
}

func segmentCount(t *testing.T, program []byte) int {
	t.Helper()
	r := reader{rest: dataOf(t, program)}
	return int(r.u32())
}

func tableOf(t *testing.T, program []byte) table {
	t.Helper()
	m, err := readData(dataOf(t, program))
	if err != nil {
		t.Fatal(err)
	}
	found, err := findTable(m.bytes)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// A parsed record: tables[0] is pcsp, tables[1+k] pcdata k; data is funcdata.
type parsedRecord struct {
	bytes  []byte
	tables [][]byte
	data   []uint32
}

func recordOf(t *testing.T, from table, i int) parsedRecord {
	t.Helper()
	b, err := from.record(i)
	if err != nil {
		t.Fatal(err)
	}
	p := parsedRecord{bytes: b}
	count := int(binary.LittleEndian.Uint32(b[fieldTables:]))
	for k := -1; k < count; k++ {
		at := binary.LittleEndian.Uint32(b[fieldStack:])
		if k >= 0 {
			at = binary.LittleEndian.Uint32(b[recordSize+4*k:])
		}
		var content []byte
		if at != 0 {
			if content, err = from.pcTable(at); err != nil {
				t.Fatal(err)
			}
		}
		p.tables = append(p.tables, content)
	}
	for k := range int(b[fieldData]) {
		p.data = append(p.data, binary.LittleEndian.Uint32(b[recordSize+4*(count+k):]))
	}
	return p
}

// recordBytes is a function's record to spoil.
func recordBytes(t table, i int) []byte {
	b, err := t.record(i)
	if err != nil {
		panic(fmt.Sprintf("function %d: %v", i, err))
	}
	return b
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// sparse is bytes with runs of zeros of many lengths.
func sparse() []byte {
	random := rand.New(rand.NewPCG(1, 2))
	var out []byte
	for range 200 {
		out = append(out, make([]byte, random.IntN(2*longZeros))...)
		for range 1 + random.IntN(30) {
			out = append(out, byte(1+random.IntN(255)))
		}
	}
	return out
}
