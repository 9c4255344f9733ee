package main

import "github.com/tabgrad/tabgrad/wasm/asm"

// A pair is a byte that stands for two others, which may be pairs themselves: byte pair encoding, with the bytes that a
// stream has not. What Go's compiler writes again and again becomes one byte, and brotli is left with a stream of a quarter of the length.
type pair struct{ code, first, second byte }

// rarePair is how often two bytes have to follow each other.
const rarePair = 16

// pairUp makes pairs of the commonest neighbours of a stream while there are bytes for them.
func pairUp(stream []byte) ([]byte, []pair) {
	var has [256]bool
	for _, b := range stream {
		has[b] = true
	}
	var pairs []pair
	for code := range 256 {
		if has[code] {
			continue
		}
		first, second, n := commonest(stream)
		if n < rarePair {
			break
		}
		p := pair{byte(code), first, second}
		pairs = append(pairs, p)
		shorter := make([]byte, 0, len(stream))
		for i := 0; i < len(stream); i++ {
			if i+1 < len(stream) && stream[i] == first && stream[i+1] == second {
				shorter = append(shorter, p.code)
				i++
			} else {
				shorter = append(shorter, stream[i])
			}
		}
		stream = shorter
	}
	return stream, pairs
}

// commonest are the two bytes that follow each other most often, and how often.
func commonest(stream []byte) (first, second byte, n int) {
	var counts [1 << 16]int
	for i := 0; i+1 < len(stream); i++ {
		counts[int(stream[i])<<8|int(stream[i+1])]++
		if i+2 < len(stream) && stream[i] == stream[i+1] && stream[i] == stream[i+2] {
			i++ // three alike are one pair
		}
	}
	for k, c := range counts {
		if c > n {
			first, second, n = byte(k>>8), byte(k), c
		}
	}
	return first, second, n
}

// pairLengths are how many bytes each byte stands for.
func pairLengths(pairs []pair) (lengths [256]int) {
	for b := range lengths {
		lengths[b] = 1
	}
	for _, p := range pairs {
		lengths[p.code] = lengths[p.first] + lengths[p.second]
	}
	return lengths
}

// A pairRoom is where the unpacker takes a stream of pairs apart.
type pairRoom struct {
	pairs       int // where the pairs are, and how many
	count       int
	stream, end int // the stream
	room        int // where there is room: for a place and a length of each byte, for what they stand for, and for the stream as it was
	texts       int // how long all of that is but the stream: a pair's byte has first itself
}

const (
	pairEntry = 8
	pairSlack = 8 // eight bytes are copied at once
)

// newPairRoom is a room, from a place on, and where it ends.
func newPairRoom(pairs []pair, stream []byte, room int) (pairRoom, int) {
	lengths := pairLengths(pairs)
	r := pairRoom{count: len(pairs), room: room, texts: 256}
	for _, p := range pairs {
		r.texts += lengths[p.code]
	}
	end := r.out()
	for _, b := range stream {
		end += lengths[b]
	}
	return r, end + pairSlack
}

func (r pairRoom) out() int { return r.room + 256*pairEntry + r.texts + pairSlack }

// separate writes the stream as it was, and returns where it is.
func (u *unpacker) separate(r pairRoom) int {
	text := u.LetI32(asm.C(r.room + 256*pairEntry))
	u.Range(asm.C(256), func(i asm.I32) {
		entry := u.LetI32(i.MulC(pairEntry))
		u.StoreI32(entry, r.room, text)
		u.StoreI32(entry, r.room+4, asm.C(1))
		u.StoreU8(text, 0, i)
		text.Set(text.AddC(1))
	})
	copyText := func(to asm.I32, b asm.I32) {
		entry := u.LetI32(b.MulC(pairEntry))
		from, n := u.LetI32(entry.LoadI32(r.room)), u.LetI32(entry.LoadI32(r.room+4))
		end := u.LetI32(to.Add(n))
		u.DoWhile(func() {
			u.StoreI64(to, 0, from.LoadI64(0))
			to.Set(to.AddC(8))
			from.Set(from.AddC(8))
		}, func() asm.I32 { return to.LtU(end) })
		to.Set(end)
	}
	at := u.LetI32(asm.C(r.pairs))
	u.Range(asm.C(r.count), func(asm.I32) {
		begin := u.LetI32(text)
		copyText(text, at.LoadU8(1))
		copyText(text, at.LoadU8(2))
		entry := u.LetI32(at.LoadU8(0).MulC(pairEntry))
		u.StoreI32(entry, r.room, begin)
		u.StoreI32(entry, r.room+4, text.Sub(begin))
		at.Set(at.AddC(3))
	})
	to := u.LetI32(asm.C(r.out()))
	at.Set(asm.C(r.stream))
	u.While(at.LtU(asm.C(r.end)), func() {
		copyText(to, at.LoadU8(0))
		at.Set(at.AddC(1))
	})
	return r.out()
}
