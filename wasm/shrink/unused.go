package main

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// Functions that the linker keeps, since something calls them, but whose call is behind a condition that never holds here: no
// GODEBUG is set in a browser, and nothing in the program profiles or traces it. A name ends with * for all that begin so.
// A group is left if the program has the function unless.
var unusedNames = []struct {
	names  []string
	why    string
	unless string
}{
	{names: []string{"runtime.traceLocker.*", "runtime.traceAcquireEnabled", "runtime.traceAdvance", "runtime.traceAdvance.*", "runtime.traceReader", "runtime.traceStopReadCPU"},
		why: "the execution tracer, while runtime.traceEnabled is false"},
	{names: []string{"runtime.saveblockevent", "runtime.tryRecordGoroutineProfile*", "runtime.doRecordGoroutineProfile*", "runtime.(*profBuf).*"},
		why: "profiles of blocking, goroutines and time"},
	{names: []string{"runtime.initMetrics", "runtime.metricReader.*", "internal/godebug.(*Setting).register", "internal/godebug.registerMetric"},
		why: "counts of settings other than the default"},
	{names: []string{"internal/bisect.*"}, why: "GODEBUG with #"},
	{names: []string{"runtime.schedtrace", "runtime.schedtrace.*"}, why: "GODEBUG=schedtrace"},
	{names: []string{"runtime.checkFinalizersAndCleanups", "runtime.checkFinalizersAndCleanups.*"}, why: "GODEBUG=checkfinalizers"},
	{names: []string{"runtime.dumpScanStats"}, why: "GODEBUG=gctrace"},
	{names: []string{"runtime.printScavTrace"}, why: "GODEBUG=scavtrace"},
	{names: []string{"runtime.printAncestorTraceback"}, why: "GODEBUG=tracebackancestors"},
	{names: []string{"runtime.printCgoTraceback", "runtime.printOneCgoTraceback", "runtime.cgoContextPCs", "runtime.cgocall"}, why: "C"},
	{names: []string{"runtime.typesEqual"}, why: "plugins"},
	{names: []string{"reflect.makeMethodValue", "reflect.methodValueCall", "reflect.callMethod"},
		why: "methods as values, which only reflect.Value.Method makes", unless: "reflect.Value.Method"},
}

// Methods that fmt could call, but nothing here prints a time: they are empty texts.
var noTexts = []string{"time.Time.String", "time.Time.GoString"}

// Functions that say more of an error of the runtime's own before it says what the error is; they return at once.
var quietNames = []string{"runtime.gcDumpObject", "runtime.hexdumpWords", "runtime.tracebackHexdump"}

var (
	// A function that is not called.
	unreachable = []byte{0, 0x00, opEnd}
	// A function of Go's without results: its return address leaves the stack.
	returning = []byte{0, 0x23, 0, 0x41, 8, 0x6a, 0x24, 0, 0x41, 0, opEnd}
	// The same of a method of a time, which has 24 bytes and lies above the return address, and a text above that.
	returningNoText = append([]byte{0, 0x23, 0, 0x42, 0, 0x37, 3, 32, 0x23, 0, 0x42, 0, 0x37, 3, 40}, returning[1:]...)
)

// isUnused says whether a function is one of them; names are all there are.
func isUnused(name string, names []string) bool {
	for _, group := range unusedNames {
		if !slices.Contains(names, group.unless) && slices.ContainsFunc(group.names, func(pattern string) bool { return matches(pattern, name) }) {
			return true
		}
	}
	return false
}

func matches(pattern, name string) bool {
	if name == "runtime.traceLocker.ok" { // which says whether there is a trace
		return false
	}
	prefix, all := strings.CutSuffix(pattern, "*")
	return name == pattern || all && strings.HasPrefix(name, prefix)
}

// dropUnused empties the functions that are not used, in the code and in the function table, and those which only they refer to.
func dropUnused(sections []section, m memory) error {
	t, err := findTable(m.bytes)
	if err != nil {
		return err
	}
	imported, err := importedFunctions(sections)
	if err != nil {
		return err
	}
	names, err := functionNames(t)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(sections, func(s section) bool { return s.id == codeSection })
	if at < 0 {
		return fmt.Errorf("%w: there is no code", errTable)
	}
	r := reader{rest: sections[at].body}
	bodies := make([][]byte, min(int(r.u32()), len(r.rest)))
	for i := range bodies {
		bodies[i] = r.bytes(r.u32())
	}
	if r.err != nil {
		return r.err
	}
	if len(names) != len(bodies) {
		return fmt.Errorf("%w: it has %d functions of %d", errTable, len(names), len(bodies))
	}
	for i, name := range names {
		switch {
		case isUnused(name, names):
			bodies[i] = unreachable
		case slices.Contains(quietNames, name):
			bodies[i] = returning
		case slices.Contains(noTexts, name):
			bodies[i] = returningNoText
		}
	}
	u := usage{names: names, imported: imported, used: make([]bool, len(bodies)), at: map[int64]int{}}
	exported, err := exportedFunctions(sections)
	if err != nil {
		return err
	}
	for _, n := range exported {
		u.use(n - imported)
	}
	u.inMemory(m, t.begin)
	for len(u.next) > 0 {
		i := u.next[len(u.next)-1]
		u.next = u.next[:len(u.next)-1]
		if err := u.inCode(bodies[i]); err != nil {
			return fmt.Errorf("function %d: %w", i, err)
		}
	}
	for i := range bodies {
		if !u.used[i] {
			bodies[i] = unreachable
		}
	}
	if err := t.forget(func(i int) bool { return len(bodies[i]) == len(unreachable) }); err != nil {
		return err
	}
	out := binary.AppendUvarint(nil, uint64(len(bodies)))
	for _, b := range bodies {
		out = append(binary.AppendUvarint(out, uint64(len(b))), b...)
	}
	sections[at].body = out
	return nil
}

// A usage finds the functions that are used: those that the host calls and those whose address is in memory, and what they refer to.
type usage struct {
	names    []string
	imported int
	used     []bool
	at       map[int64]int // a function for the place of its address
	next     []int         // used, and not looked through
}

func (u *usage) use(i int) {
	if i >= 0 && i < len(u.used) && !u.used[i] {
		u.used[i] = true
		u.next = append(u.next, i)
	}
}

// address uses what a number may be the address of.
func (u *usage) address(v int64) {
	u.use(int(v>>16) - funcValueOffset)
	if i, ok := u.at[v]; ok {
		u.use(i)
	}
}

// inMemory looks for addresses of functions in memory. A closure's is at one place, and whoever makes the closure refers to that;
// those of other functions may be in tables of methods, which are referred to as a whole. Types have numbers for their methods; they
// are up to typesEnd.
func (u *usage) inMemory(m memory, typesEnd int) {
	type place struct{ at, holds int64 }
	var places []place
	for at := int(-m.start & 7); at+8 <= len(m.bytes); at += 8 {
		places = append(places, place{int64(m.start) + int64(at), int64(binary.LittleEndian.Uint64(m.bytes[at:]))})
	}
	for _, p := range places {
		if i := p.holds>>16 - funcValueOffset; p.holds&0xffff == 0 && i >= 0 && i < int64(len(u.names)) && isClosure(u.names[i]) {
			u.at[p.at] = int(i)
		}
	}
	for _, p := range places {
		if _, ok := u.at[p.at]; ok {
			continue
		}
		u.address(p.holds)
		if p.at < int64(m.start)+int64(typesEnd) {
			u.use(int(uint32(p.holds)) - funcValueOffset)
			u.use(int(p.holds>>32) - funcValueOffset)
		}
	}
}

func isClosure(name string) bool {
	return strings.Contains(name, ".func") || strings.Contains(name, ".gowrap") || strings.Contains(name, ".deferwrap")
}

// inCode looks through a function for what it calls, and for the addresses in it.
func (u *usage) inCode(body []byte) error {
	r := reader{rest: body}
	for n := r.u32(); n > 0 && r.err == nil; n-- {
		r.u32()
		r.byte()
	}
	for len(r.rest) > 0 && r.err == nil {
		switch op := r.byte(); kinds[op] {
		case unknown:
			return fmt.Errorf("%w: %#x", errPack, op)
		case none:
		case opByte:
			r.byte()
		case opNumber, branch:
			r.u32()
		case opPair:
			r.u32()
			r.u32()
		case branchTable:
			for n := r.u32() + 1; n > 0 && r.err == nil; n-- {
				r.u32()
			}
		case call:
			u.use(int(r.u32()) - u.imported)
		case load, store:
			r.byte()
			u.address(int64(r.u32()))
		case constI32:
			u.address(int64(r.s32()))
		case constI64:
			u.address(r.s64())
		case constF32:
			r.bytes(4)
		case constF64:
			r.bytes(8)
		case prefixed:
			n, ok := prefixedBytes(r.u32())
			if !ok {
				return errPack
			}
			r.bytes(uint32(n))
		}
	}
	return r.err
}

// exportedFunctions are the numbers of the functions that a module exports.
func exportedFunctions(sections []section) ([]int, error) {
	var list []int
	for _, s := range sections {
		if s.id != exportSection {
			continue
		}
		r := reader{rest: s.body}
		for n := r.u32(); n > 0 && r.err == nil; n-- {
			r.bytes(r.u32())
			kind, i := r.byte(), r.u32()
			if kind == 0 {
				list = append(list, int(i))
			}
		}
		if r.err != nil {
			return nil, r.err
		}
	}
	return list, nil
}

// forget takes out of the table what it says of functions that never run.
func (t table) forget(never func(i int) bool) error {
	for i := range t.functions {
		record, err := t.record(i)
		if err != nil {
			return err
		}
		if !never(i) {
			continue
		}
		clear(record[fieldArgs : fieldStack+4])
		tables := record[recordSize:]
		data := len(tables) - 4*int(record[fieldData])
		clear(tables[:data])
		for at := data; at < len(tables); at += 4 {
			binary.LittleEndian.PutUint32(tables[at:], ^uint32(0))
		}
	}
	return nil
}
