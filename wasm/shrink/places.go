package main

import (
	"bytes"
	"slices"

	"github.com/tabgrad/tabgrad/wasm/asm"
)

// Go numbers the places where a function can be gone on with (PC_B in cmd/internal/obj/wasm), in the order of its code. The function
// begins with blocks one in another, and in the innermost is a br_table that goes by a place's number out of so many of them. What
// lies between the ends of two of these blocks is a piece here: the depth of blocks says which piece an instruction is in, and the
// table which number the first place of a piece has. So these need not be written down:
//
//	a call at a piece's end    returns to the first place of the next
//	a call within a piece      returns to a place a little behind the last one; it is one that panics
//	a jump                     goes to the first place of a piece, often a near one
//	the label of any branch    is that of the function's end or of the loop around the table, counted from the outermost block
type places struct {
	firsts []uint32 // each piece's first place
	table  int      // the depth of the table
	depth  int      // of blocks; 1 is the function itself
	last   uint32   // the last return address's place
	most   int      // pieces of a function so far
}

// begin is the begin of a function.
func (p *places) begin() { *p = places{firsts: p.firsts[:0], depth: 1, most: p.most} }

// beginTable is a table's begin, for the innermost block.
func (p *places) beginTable() {
	p.firsts, p.table = p.firsts[:0], p.depth
	p.addPiece(0)
}

// addPiece is a label of the table that is one more than the one before, for a place.
func (p *places) addPiece(place int) {
	p.firsts = append(p.firsts, uint32(place))
	p.most = max(p.most, len(p.firsts))
}

// piece is the number of the piece at hand; outside of pieces there is no first place of that number.
func (p *places) piece() int { return p.table - 1 - p.depth }

// firstOf is the first place of a piece, and the last return address where that is larger or there is no such piece.
func (p *places) firstOf(piece int) uint32 {
	if piece >= 0 && piece < len(p.firsts) {
		return max(p.last, p.firsts[piece])
	}
	return p.last
}

// jump is behind an i32.const that is where the function goes on in its loop: local.set 0.
var jump = []byte{0x21, 0}

// otherJump is not to the first place of a piece.
const otherJump = 0

// jumpTo is a jump's number: how many pieces it is to where it goes, or otherJump.
func (p *places) jumpTo(leb []byte) uint32 {
	v := unsigned(leb)
	piece, ok := slices.BinarySearch(p.firsts, v)
	if !ok || int32(v) < 0 || !bytes.Equal(leb, appendS32(nil, int32(v))) {
		return otherJump
	}
	return zigzag(uint32(piece-p.piece())) + 1
}

// unpackedPlaces are the places in the unpacker.
type unpackedPlaces struct {
	u      *unpacker
	room   int     // where the first places are in memory
	pieces asm.I32 // how many
	table  asm.I32
	depth  asm.I32
	last   asm.I32
}

func (u *unpacker) beginPlaces(room int) *unpackedPlaces {
	let := func(v int) asm.I32 { return u.LetI32(asm.C(v)) }
	return &unpackedPlaces{u: u, room: room, pieces: let(0), table: let(0), depth: let(1), last: let(0)}
}

func (p *unpackedPlaces) beginTable() {
	p.pieces.Set(asm.C(0))
	p.table.Set(p.depth)
	p.addPiece(asm.C(0))
}

func (p *unpackedPlaces) addPiece(place asm.I32) {
	p.u.StoreI32(p.pieces.MulC(4), p.room, place)
	p.pieces.Set(p.pieces.AddC(1))
}

func (p *unpackedPlaces) piece() asm.I32 { return p.table.SubC(1).Sub(p.depth) }

func (p *unpackedPlaces) firstOf(piece asm.I32) asm.I32 {
	piece = p.u.LetI32(piece)
	first := p.u.LetI32(p.last)
	p.u.If(piece.LtU(p.pieces), func() {
		first.Set(piece.MulC(4).LoadI32(p.room))
		first.Set(p.last.Select(first, p.last.GtU(first)))
	})
	return first
}

// returnToNext moves last to the return address's place of a call at the piece's end.
func (p *unpackedPlaces) returnToNext() { p.last.Set(p.firstOf(p.piece().AddC(1))) }

// returnWithin moves it to that of a call that is within the piece.
func (p *unpackedPlaces) returnWithin() { p.last.Set(p.firstOf(p.piece()).Add(p.u.byte(returns))) }

// jumpTo writes where a jump goes.
func (p *unpackedPlaces) jumpTo(n asm.I32) {
	steps := p.u.LetI32(n.SubC(1))
	p.u.putS(p.piece().Add(unzigzag(steps)).MulC(4).LoadI32(p.room))
}
