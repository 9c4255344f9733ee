package main

import (
	"bytes"
	"fmt"

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
	place uint32 // the last return address's
	bytes []byte
}

// jump is behind an i32.const that is where the function goes on in its loop: local.set 0. Places are counted in the order of the
// code, return addresses among them, so that it is near the last of those.
var jump = []byte{0x21, 0}

// putByNext puts the operand of an instruction whose codes are in ops.
func (p *packer) putByNext(to partedStream, place uint32, b []byte) {
	p.unparted = append(p.unparted, unparted{to, len(p.out[ops]), place, b})
}

// part makes the parted streams when all operation codes are there.
func (p *packer) part() (parts [partedStreams][nextKinds][]byte, err error) {
	for _, e := range p.unparted {
		next := p.out[ops][e.next:]
		if e.to == words && bytes.HasPrefix(next, jump) {
			v := unsigned(e.bytes)
			if !bytes.Equal(e.bytes, appendS32(nil, int32(v))) || int32(v) < 0 {
				return parts, fmt.Errorf("%w: a jump to % x", errPack, e.bytes)
			}
			p.number(jumps, zigzag(v-e.place))
			continue
		}
		part := &parts[e.to][nextParts[next[0]]]
		*part = append(*part, e.bytes...)
	}
	return parts, nil
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
