package main

import (
	"encoding/binary"
	"math/big"

	"github.com/tabgrad/tabgrad/wasm/asm"
)

// Go's strconv has a table of powers of 10 for printing and reading numbers with a point (internal/strconv/pow10tab.go), 11 KB
// that nothing packs. The unpacker computes it: a number of more bits than the table's begins as the first power, a little
// too large, and is multiplied by 10, which is 5, again and again. Its error of 2^-270 of it is more than what is cut off on the way, and less than
// the distance of any of the powers to where its first 128 bits would change.
const (
	firstPower   = -348
	powers       = 696
	powerWords   = 9 // of the number, the lowest first
	powerSpare   = 1 // where its highest bits go for a while
	powerTooMuch = 18
)

// powersTable is the table: the highest 128 bits of each power, so that the first is 1, rounded down, the upper half first.
func powersTable() []byte {
	table := make([]byte, 0, 16*powers)
	for e := firstPower; e < firstPower+powers; e++ {
		b := highBits(e, 128).FillBytes(make([]byte, 16))
		table = binary.LittleEndian.AppendUint64(table, binary.BigEndian.Uint64(b))
		table = binary.LittleEndian.AppendUint64(table, binary.BigEndian.Uint64(b[8:]))
	}
	return table
}

// highBits is the highest bits of 10^e.
func highBits(e, bits int) *big.Int {
	one := big.NewInt(1)
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(e, -e))), nil)
	if e < 0 {
		power.Quo(new(big.Int).Lsh(one, uint(power.BitLen()+bits)), power)
	}
	if n := power.BitLen(); n >= bits {
		return power.Rsh(power, uint(n-bits))
	}
	return power.Lsh(power, uint(bits-power.BitLen()))
}

// powersStart is the number before the first multiplication.
func powersStart() []byte {
	n := highBits(firstPower, 32*powerWords)
	n.Add(n, new(big.Int).Lsh(big.NewInt(1), powerTooMuch))
	b := n.FillBytes(make([]byte, 4*powerWords))
	start := make([]byte, 0, 4*(powerWords+powerSpare))
	for at := len(b) - 4; at >= 0; at -= 4 {
		start = binary.LittleEndian.AppendUint32(start, binary.BigEndian.Uint32(b[at:]))
	}
	return start[:cap(start)]
}

// powersOf10 writes the table; the number is at a place.
func (u *unpacker) powersOf10(number int) {
	const last = 4 * (powerWords - 1)
	u.Range(asm.C(powers), func(asm.I32) {
		zero := asm.C(0)
		u.StoreI64(u.to, 0, zero.LoadI64(number+last-4))
		u.StoreI64(u.to, 8, zero.LoadI64(number+last-12))
		u.to.Set(u.to.AddC(16))
		carry := u.LetI64(asm.C64(0))
		words := func(body func(at asm.I32)) {
			u.Range(asm.C(powerWords), func(k asm.I32) { body(u.LetI32(k.MulC(4))) })
		}
		words(func(at asm.I32) {
			carry.Set(carry.Add(at.LoadI32(number).ExtendI64U().Mul(asm.C64(5))))
			u.StoreI32(at, number, carry.WrapI32())
			carry.Set(carry.ShrU(asm.C64(32)))
		})
		// Over 4, or over 8 where that leaves too much.
		u.StoreI32(zero, number+last+4, carry.WrapI32())
		shift := u.LetI64(carry.ShrU(asm.C64(2)).Add(asm.C64(2)))
		words(func(at asm.I32) { u.StoreI32(at, number, at.LoadI64(number).ShrU(shift).WrapI32()) })
	})
}
