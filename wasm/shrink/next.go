package main

import (
	"bytes"

	"github.com/tabgrad/tabgrad/wasm/asm"
)

// What belongs to some instructions depends on the one behind them: a constant that is stored is another than one that is added. Their
// streams are parted by that. The unpacker sees it, since it has all operation codes before it begins.
type partedStream int

const (
	words    partedStream = iota // i32.const but for moves and passed
	longs                        // i64.const of up to two bytes
	farLongs                     // of more
	stores                       // offsets of stores of 64-bit integers
	partedStreams
)

// nextParts are the codes that part streams; the other ones are part 0.
var nextParts = func() (parts [256]byte) {
	for i, codes := range [nextKinds - 1][]byte{
		{0x21},        // local.set
		{0x20},        // local.get
		{0x37},        // i64.store
		{0x7c},        // i64.add
		{0xa7},        // i32.wrap_i64
		{0x0f, opEnd}, // return and end
		{codeSlot},
	} {
		for _, c := range codes {
			parts[c] = byte(i + 1)
		}
	}
	return parts
}()

const nextKinds = 8

// An unparted is an entry of a parted stream whose next operation code is not known yet, only where it will be.
type unparted struct {
	to    partedStream
	next  int
	bytes []byte
	jump  uint32 // what it is if the next instruction makes it a jump
}

// putByNext puts the operand of an instruction whose codes are in ops.
func (p *packer) putByNext(to partedStream, b []byte) {
	p.unparted = append(p.unparted, unparted{to, len(p.out[ops]), b, p.jumpTo(b)})
}

// part makes the parted streams when all operation codes are there.
func (p *packer) part() (parts [partedStreams][nextKinds][]byte) {
	for _, e := range p.unparted {
		next := p.out[ops][e.next:]
		if e.to == words && bytes.HasPrefix(next, jump) {
			p.number(jumps, e.jump)
			if e.jump != otherJump {
				continue
			}
		}
		part := &parts[e.to][nextParts[next[0]]]
		*part = append(*part, e.bytes...)
	}
	return parts
}

// copyByNext copies a LEB128 of a parted stream. The places of what is next in the parts are in memory.
func (u *unpacker) copyByNext(s partedStream) {
	part := u.LetI32(u.from[ops].LoadU8(0).LoadU8(u.nextParts).MulC(4))
	places := u.parted + 4*nextKinds*int(s)
	from, b := u.LetI32(part.LoadI32(places)), u.I32()
	u.DoWhile(func() {
		b.Set(from.LoadU8(0))
		u.StoreU8(u.to, 0, b)
		u.to.Set(u.to.AddC(1))
		from.Set(from.AddC(1))
	}, func() asm.I32 { return b.ShrU(asm.C(7)) })
	u.StoreI32(part, places, from)
}
