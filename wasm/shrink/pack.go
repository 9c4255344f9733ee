package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/tabgrad/tabgrad/wasm/asm"
)

// A packed program is a WebAssembly module that makes another one:
//
//	memory          at first the packed program
//	unpack() i32 i32  where the program is in memory, from and to; its bytes are those of a WebAssembly module
//
// Packed, the instructions of all functions lie in streams, operation codes in one, and what belongs to them in others, by
// what it is: brotli then finds in each what repeats there. The commonest things that Go's compiler writes are one code.
// The engine's 4.6 million bytes of instructions become a third less after brotli than they are after it in their order.
//
//	ops        operation codes, and the operands of those for which kinds says so
//	...        the operands of the others, see the constants below, and next.go for those that depend on what follows
//
// Some streams are shorter by pairs of bytes, see pairs.go. Tables that follow from numbers are not there at all: packtable.go, powers.go.
//
// A return address, which Go writes to its stack before each call, is the function's number and one for a place in it; these follow
// from how Go's compiler writes functions, see places.go.
type stream int

const (
	ops         stream = iota
	locals             // each function's declarations of locals
	branches           // labels of br and br_if, from the outermost block
	tableSizes         // of br_table, less the default
	tables             // a byte for each label of br_table: nextLabel, sameLabel or otherLabel
	otherLabels        // those
	calls              // functions that codeCall calls
	plainCalls         // that others call
	frames             // the offset of a load of a 64-bit integer from Go's stack, as a place; far: other offsets, in otherFrames
	smallFrames        // of other loads
	otherFrames
	loads       // offsets of other loads, of whole values
	smallLoads  // of parts
	otherStores // offsets of stores of other things than 64-bit integers
	moves       // i32.const behind local.get of Go's stack pointer: how far it moves
	passed      // i32.const behind a store: where a called function begins
	jumps       // where the function goes on: pieces to there, see places.go
	slots       // what codeSlot adds to the stack pointer, as a place
	floats      // f32.const and f64.const
	returns     // return addresses: how far each is behind the place that is known

	// Of the function table, see packtable.go.
	recordNames // a naming for each function
	names       // those that are kept
	recordArgs
	recordDefers
	recordKinds
	recordTables // of instructions
	newTables
	recordData0 // other data, see referrer
	newData0
	recordData1
	newData1
	recordData
	newData
	streams
)

// A place in Go's stack is a byte: up to a function's frame in eighths, and from the frame's end on, where the function's arguments are,
// counted down from far. The frame is what the function first moves the stack pointer by.
const (
	far       = 255 // no place
	arguments = 155 // the least that is counted down
)

// The last load of a whole value, and the load and the store of a 64-bit integer.
const (
	wholeLoad = 0x2b
	longLoad  = 0x29
	longStore = 0x37
)

const (
	nextLabel = iota // one more than the label before, the first than 0
	sameLabel
	otherLabel
)

// Codes of packed programs, in place of instructions that Go's compiler does not write (those on references).
const (
	codeReturn    = 0xd0 + iota // i64.const of a return address
	codeCall                    // callHead, a return address, callMiddle, a function, callTail, the label of the function's outermost block
	codeInnerCall               // the same, but within a piece: see places.go
	codeSlot                    // slotHead, a distance, slotTail: the address of what lies so far up Go's stack
	codePop                     // pop
	codeFar                     // i64.const of three bytes and more
	codesEnd
)

// callDepth is the depth of the block that a function leaves when one that it called did not return.
const callDepth = 2

// sp is the local in which Go's functions have the stack pointer.
const sp = 1

var (
	callHead   = []byte{0x20, sp, 0x41, 8, 0x6b, 0x22, sp, 0x24, 0, 0x20, sp, 0x42} // sp -= 8, the global too; sp[0] = the i64.const
	callMiddle = []byte{0x37, 3, 0, 0x41, 0, 0x10}                                  // that begins at 0
	callTail   = []byte{0x23, 0, 0x21, sp, 0x0d}                                    // sp is the global; br_if the callee did not return
	slotHead   = []byte{0x20, sp, 0xad, 0x42}                                       // (i64)sp +
	slotTail   = []byte{0x7c, 0xa7}                                                 // as an i32
	pop        = []byte{0x20, sp, 0x41, 8, 0x6a, 0x22, sp, 0x24, 0}                 // sp += 8, the global too
)

// A kind is what follows an operation code in a module.
type kind byte

const (
	unknown kind = iota
	none
	opByte   // a byte, which is in ops
	opNumber // a number, which is in ops
	opPair   // two of them
	branch
	branchTable
	call
	load
	store
	constI32
	constI64
	constF32
	constF64
	prefixed // a number and what prefixedBytes says
)

// kinds are the instructions of WebAssembly's first version, with sign extension and the operations of prefix 0xfc on numbers
// and memory: all that Go's compiler writes.
var kinds = func() [256]kind {
	var k [256]kind
	set := func(v kind, codes ...byte) {
		for _, c := range codes {
			k[c] = v
		}
	}
	set(none, 0x00, 0x01, 0x05, opEnd, 0x0f, 0x1a, 0x1b)
	for c := byte(0x45); c <= 0xc4; c++ {
		set(none, c)
	}
	set(opByte, 0x02, 0x03, 0x04, 0x3f, 0x40)
	set(branch, 0x0c, 0x0d)
	set(branchTable, 0x0e)
	set(call, 0x10)
	set(opPair, 0x11)
	set(opNumber, 0x20, 0x21, 0x22, 0x23, 0x24)
	for c := byte(0x28); c <= 0x35; c++ {
		set(load, c)
	}
	for c := byte(0x36); c <= 0x3e; c++ {
		set(store, c)
	}
	set(constI32, 0x41)
	set(constI64, 0x42)
	set(constF32, 0x43)
	set(constF64, 0x44)
	set(prefixed, 0xfc)
	return k
}()

// aligns are the alignments of the loads and stores from 0x28 on, as Go writes them: each to its own size.
var aligns = [...]byte{2, 3, 2, 3, 0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 2, 3, 2, 3, 0, 1, 0, 1, 2}

// prefixedBytes is how many bytes of ops follow the operation after 0xfc: the memories of memory.copy and memory.fill.
func prefixedBytes(op uint32) (int, bool) {
	switch {
	case op < 8: // saturating conversions
		return 0, true
	case op == 10:
		return 2, true
	case op == 11:
		return 1, true
	}
	return 0, false
}

// A context is what came before an instruction, as far as its operand's stream depends on it.
type context byte

const (
	afterOther context = iota
	afterSP            // local.get of the stack pointer
	afterStore
)

var errPack = errors.New("an instruction that Go's compiler does not write")

// A packer takes functions apart.
type packer struct {
	out   [streams][]byte
	first uint32 // the number that return addresses have for function 0 of the code section
	frame uint32 // the function's, in eighths
	moved bool   // it has a frame

	unparted []unparted
	known    bool // that number
	places
}

// pack makes a packed program of a module.
func pack(module []byte) ([]byte, error) {
	sections, err := readSections(module)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(sections, func(s section) bool { return s.id == codeSection })
	if at < 0 {
		return nil, fmt.Errorf("%w: there are none at all", errPack)
	}
	p := &packer{}
	r := reader{rest: sections[at].body}
	count := r.u32()
	size := 0
	for i := uint32(0); i < count && r.err == nil; i++ {
		body := r.bytes(r.u32())
		if err := p.function(i, body); err != nil {
			return nil, fmt.Errorf("function %d of the code section: %w", i, err)
		}
		size += len(body) + paddedSize
	}
	if r.err != nil {
		return nil, r.err
	}
	u := unpacking{before: writeSections(sections[:at]), after: writeSections(sections[at+1:])[len(header):], functions: int(count), first: p.first}
	u.size = len(u.before) + 1 + paddedSize + len(binary.AppendUvarint(nil, uint64(count))) + size + len(u.after)
	imported, err := importedFunctions(sections)
	if err != nil {
		return nil, err
	}
	u.elements = elementsAtEnd(u.before, imported, int(count))
	u.before = u.before[:len(u.before)-len(numbers(imported, u.elements))]
	u.imported = imported
	u.table = p.functionTable(&u.after, imported)
	table := powersTable()
	if u.powers = bytes.Index(u.after, table); u.powers >= max(u.table.at, u.table.buckets) {
		u.after = slices.Delete(bytes.Clone(u.after), u.powers, u.powers+len(table))
	} else {
		u.powers = -1
	}
	u.parted = p.part()
	u.streams, u.pieces = p.out, p.most
	return u.module(), nil
}

// elementsAtEnd is functions, if before ends with the numbers of all functions but those that are imported, else 0: before
// the code there are the elements of Go's table of functions.
func elementsAtEnd(before []byte, imported, functions int) int {
	if !bytes.HasSuffix(before, numbers(imported, functions)) {
		return 0
	}
	return functions
}

// numbers are n numbers from first on.
func numbers(first, n int) []byte {
	var b []byte
	for i := range n {
		b = binary.AppendUvarint(b, uint64(first+i))
	}
	return b
}

// function takes function i of the code section apart.
func (p *packer) function(i uint32, body []byte) error {
	r := reader{rest: body}
	for n := r.u32(); n > 0 && r.err == nil; n-- {
		r.u32()
		r.byte()
	}
	if r.err != nil {
		return r.err
	}
	p.put(locals, body[:len(body)-len(r.rest)])
	p.frame, p.moved = 0, false
	p.places.begin()
	before := afterOther
	for p.depth > 0 {
		code := r.rest
		if len(code) == 0 {
			return errShort
		}
		if n := p.macro(i, code); n > 0 {
			r.rest = code[n:]
			before = afterOther
			continue
		}
		op := r.byte()
		begin := r.rest
		taken := func() []byte { return begin[:len(begin)-len(r.rest)] }
		k := kinds[op]
		if k != constI64 {
			p.put(ops, []byte{op})
		}
		next := afterOther
		switch k {
		case unknown:
			return fmt.Errorf("%w: %#x", errPack, op)
		case none:
			if op == opEnd {
				p.depth--
			}
		case opByte:
			if p.put(ops, r.bytes(1)); op < 0x3f { // block, loop, if
				p.depth++
			}
		case opNumber:
			n := r.u32()
			if p.put(ops, taken()); op == 0x20 && n == sp {
				next = afterSP
			}
		case opPair:
			r.u32()
			r.u32()
			p.put(ops, taken())
		case branch:
			p.number(branches, zigzag(uint32(p.depth)-r.label()))
		case branchTable:
			p.labels(&r)
		case call:
			r.u32()
			p.put(plainCalls, taken())
		case load, store:
			if align := r.byte(); r.err == nil && align != aligns[op-0x28] {
				return fmt.Errorf("%w: %#x with alignment %d", errPack, op, align)
			}
			p.offset(op, before, &r)
			if k == store {
				next = afterStore
			}
		case constI32:
			r.s32()
			switch before {
			case afterSP:
				p.put(moves, taken())
				if !p.moved {
					p.frame, p.moved = unsigned(taken())/8, true
				}
			case afterStore:
				p.put(passed, taken())
			default:
				p.putByNext(words, taken())
			}
		case constI64:
			r.s64()
			if to := taken(); len(to) > 2 {
				p.put(ops, []byte{codeFar})
				p.putByNext(farLongs, to)
			} else {
				p.put(ops, []byte{op})
				p.putByNext(longs, to)
			}
		case constF32:
			p.put(floats, r.bytes(4))
		case constF64:
			p.put(floats, r.bytes(8))
		case prefixed:
			n, ok := prefixedBytes(r.u32())
			if r.err == nil && !ok {
				return fmt.Errorf("%w: 0xfc % x", errPack, taken())
			}
			r.bytes(uint32(n))
			p.put(ops, taken())
		}
		if r.err != nil {
			return r.err
		}
		before = next
	}
	if len(r.rest) != 0 {
		return fmt.Errorf("%w: %d bytes behind its end", errPack, len(r.rest))
	}
	return nil
}

// offset takes a load's or store's apart.
func (p *packer) offset(op byte, before context, r *reader) {
	begin := r.rest
	v := r.u32()
	bytes := begin[:len(begin)-len(r.rest)]
	place, ok := p.place(int64(v))
	to := smallFrames
	if op == longLoad {
		to = frames
	}
	switch {
	case op == longStore:
		p.putByNext(stores, bytes)
	case kinds[op] == store:
		p.put(otherStores, bytes)
	case before != afterSP && op <= wholeLoad:
		p.put(loads, bytes)
	case before != afterSP:
		p.put(smallLoads, bytes)
	case ok:
		p.put(to, []byte{place})
	default:
		p.put(to, []byte{far})
		p.put(otherFrames, bytes)
	}
}

// place is the place in Go's stack so far above the stack pointer, if it is one.
func (p *packer) place(v int64) (place byte, ok bool) {
	at := v / 8
	switch above := at - int64(p.frame); {
	case v < 0 || v%8 != 0:
		return 0, false
	case above > 0 && above <= far-arguments:
		return byte(far - above), true
	case at < arguments:
		return byte(at), true
	}
	return 0, false
}

// unsigned is a LEB128 as the unpacker reads it, without regard to its sign and to what has no room.
func unsigned(leb []byte) uint32 {
	var v uint32
	for i, b := range leb {
		v |= uint32(b&0x7f) << (7 * i)
	}
	return v
}

// labels takes those of br_table apart.
func (p *packer) labels(r *reader) {
	begin := r.rest
	n := r.u32()
	p.put(tableSizes, begin[:len(begin)-len(r.rest)])
	last := uint32(0)
	p.beginTable()
	for i := uint32(0); i <= n && r.err == nil; i++ {
		label := r.label()
		switch label {
		case last + 1:
			p.put(tables, []byte{nextLabel})
			p.addPiece(int(i))
		case last:
			p.put(tables, []byte{sameLabel})
		default:
			p.put(tables, []byte{otherLabel})
			p.number(otherLabels, label)
		}
		last = label
	}
}

// macro puts what has a code of its own, and returns how many bytes of function i's code that is; 0 for none.
func (p *packer) macro(i uint32, code []byte) int {
	r := reader{rest: code}
	putReturn := func(code byte, place uint32) bool {
		from := p.firstOf(p.piece())
		if place < from || place-from > 255 {
			return false
		}
		p.put(ops, []byte{code})
		p.put(returns, []byte{byte(place - from)})
		p.last = place
		return true
	}
	switch {
	case r.skip(pop):
		p.put(ops, []byte{codePop})
	case r.skip(callHead):
		place, ok := p.returnAddress(i, &r)
		if !ok || !r.skip(callMiddle) {
			return 0
		}
		at := r.rest
		r.u32()
		function := at[:len(at)-len(r.rest)]
		if !r.skip(callTail) {
			return 0
		}
		if r.label() != uint32(p.depth-callDepth) || r.err != nil {
			return 0
		}
		if place == p.firstOf(p.piece()+1) {
			p.put(ops, []byte{codeCall})
			p.last = place
		} else if !putReturn(codeInnerCall, place) {
			return 0
		}
		p.put(calls, function)
	case r.skip(slotHead):
		place, ok := p.place(r.s64())
		if !ok || !r.skip(slotTail) {
			return 0
		}
		p.put(ops, []byte{codeSlot})
		p.put(slots, []byte{place})
	case code[0] == 0x42:
		r.byte()
		if place, ok := p.returnAddress(i, &r); !ok || !putReturn(codeReturn, place) {
			return 0
		}
	default:
		return 0
	}
	return len(code) - len(r.rest)
}

// returnAddress reads an i64.const that is a return address of function i, and returns its place.
func (p *packer) returnAddress(i uint32, r *reader) (place uint32, ok bool) {
	v := r.s64()
	function, place := v>>16, uint32(v&0xffff)
	if r.err != nil || len(r.rest) == 0 || r.rest[0] != 0x37 || function < int64(i) || function > 1<<20 {
		return 0, false
	}
	first := uint32(function) - i
	if !p.known {
		// Go's functions begin at 0x1000 (cmd/internal/obj/wasm, funcValueOffset), imports first.
		if first < 0x1000 || first > 0x1200 {
			return 0, false
		}
		p.first, p.known = first, true
	}
	return place, p.first == first
}

func (p *packer) put(to stream, b []byte) { p.out[to] = append(p.out[to], b...) }

// skip takes bytes that are next, and reports whether they are.
func (r *reader) skip(want []byte) bool {
	if r.err != nil || len(r.rest) < len(want) || string(r.rest[:len(want)]) != string(want) {
		return false
	}
	r.rest = r.rest[len(want):]
	return true
}

// label reads a label, which must not have more bytes than it needs: only its number is kept.
func (r *reader) label() uint32 {
	begin := r.rest
	label := r.u32()
	if leb := begin[:len(begin)-len(r.rest)]; r.err == nil && len(leb) > 1 && leb[len(leb)-1] == 0 {
		r.err = fmt.Errorf("%w: the label % x", errPack, leb)
	}
	return label
}

// s64 reads a signed LEB128.
func (r *reader) s64() int64 {
	var v int64
	for shift := 0; ; shift += 7 {
		b := r.byte()
		if r.err == nil && shift > 63 {
			r.err = errors.New("a number of more than 64 bits")
		}
		if r.err != nil {
			return 0
		}
		v |= int64(b&0x7f) << shift
		if b&0x80 == 0 {
			if b&0x40 != 0 && shift < 57 {
				v |= -1 << (shift + 7)
			}
			return v
		}
	}
}

// An unpacking is a packed program before it is a module.
type unpacking struct {
	before, after []byte // the program's sections before and behind its code, the header in front; without the function table and the names in it
	table         functionTable
	imported      int // functions
	elements      int // how many functions the program's table has, in order and up to the code; 0 if there are others
	powers        int // where behind the code the powers of 10 are, below 0 for nowhere
	streams       [streams][]byte
	parted        [partedStreams][nextKinds][]byte
	functions     int
	first         uint32 // the number that return addresses have for function 0
	size          int    // of the program
	pieces        int    // the most that a function has
}

// paddedSize is how many bytes the sizes of the code section and of its functions take: they are written when what they are of
// is there.
const paddedSize = 5

// module lays the packed program out in a memory with room for the program behind it.
func (u *unpacking) module() []byte {
	m := asm.NewModule()
	var data []byte
	lay := func(b []byte) int {
		at := dataStart + len(data)
		data = append(data, b...)
		return at
	}
	pairs := map[stream][]pair{}
	for _, s := range pairedStreams {
		u.streams[s], pairs[s] = pairUp(u.streams[s])
	}
	before, after := lay(u.before), lay(u.after)
	var from [streams]int
	for s, b := range u.streams {
		from[s] = lay(b)
	}
	var table [256]byte
	for op, k := range kinds {
		table[op] = byte(k)
	}
	for op := codeReturn; op < codesEnd; op++ {
		table[op] = byte(prefixed) + 1 + byte(op-codeReturn)
	}
	tableAt := lay(table[:])
	alignsAt := lay(aligns[:])
	startAt := lay(powersStart())
	var places []byte
	for _, parts := range u.parted {
		for _, b := range parts {
			places = binary.LittleEndian.AppendUint32(places, uint32(lay(b)))
		}
	}
	placesAt, partsAt := lay(places), lay(nextParts[:])
	var paired []pairedStream
	for _, s := range pairedStreams {
		at := dataStart + len(data)
		for _, p := range pairs[s] {
			lay([]byte{p.code, p.first, p.second})
		}
		paired = append(paired, pairedStream{at, len(pairs[s]), from[s], from[s] + len(u.streams[s]), 0})
	}
	to := dataStart + len(data)
	room := to + u.size
	end := room
	for _, s := range pairedStreams {
		end = max(end, room+pairRoom(pairs[s]))
	}
	for i, s := range pairedStreams {
		paired[i].to = end
		from[s] = end
		end += separated(u.streams[s], pairs[s])
	}
	for i, n := range u.table.referred {
		u.table.room[i] = end
		end += 4 * n
	}
	pieces := end
	end += 4 * u.pieces
	m.Memory(asm.Limits{Min: uint32(end)>>16 + 1})
	m.ExportMemory("memory")
	m.Data(dataStart, data)
	e := &unpacker{Func: m.Func("unpack"), kinds: tableAt, aligns: alignsAt, first: u.first, parted: placesAt, nextParts: partsAt, pieces: pieces}
	holes := e.tableHoles(u.table)
	if u.powers >= 0 {
		holes = append(holes, hole{u.powers, func() { e.powersOf10(startAt) }})
	}
	separate := separator(m.Func("separate"), room)
	for _, p := range paired {
		e.Call(separate, asm.C(p.pairs), asm.C(p.count), asm.C(p.from), asm.C(p.end), asm.C(p.to))
	}
	e.emit(from, u.functions, before, len(u.before), to, u.imported, u.elements, func() { e.around(after, len(u.after), holes) })
	m.Export("unpack", e.Func)
	return m.Encode()
}

// dataStart is where the packed program lies.
const dataStart = 16
