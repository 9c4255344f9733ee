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

// pairedStreams are those that become shorter by it after brotli as well.
var pairedStreams = []stream{ops, locals, tables, moves, slots}

// A pairedStream is where the unpacker finds a stream of pairs, and where it puts what the stream was.
type pairedStream struct {
	pairs, count int // where the pairs are, and how many
	from, end    int // the stream
	to           int
}

const (
	pairEntry = 8 // a place and a length
	pairSlack = 8 // eight bytes are copied at once
)

// pairRoom is how much room a stream's pairs need: for entries of all bytes, and for what they stand for, a pair's byte first for itself.
func pairRoom(pairs []pair) int {
	lengths := pairLengths(pairs)
	room := 256*(pairEntry+1) + pairSlack
	for _, p := range pairs {
		room += lengths[p.code]
	}
	return room
}

// separated is how much room the stream needs as it was.
func separated(stream []byte, pairs []pair) int {
	lengths := pairLengths(pairs)
	room := pairSlack
	for _, b := range stream {
		room += lengths[b]
	}
	return room
}

// separator writes the function that takes a stream of pairs apart; there is room at a place. Its parameters are a pairedStream's fields.
func separator(f *asm.Func, room int) *asm.Func {
	pairs, count, from, end, to := f.ParamI32(), f.ParamI32(), f.ParamI32(), f.ParamI32(), f.ParamI32()
	text := f.LetI32(asm.C(room + 256*pairEntry))
	f.Range(asm.C(256), func(i asm.I32) {
		entry := f.LetI32(i.MulC(pairEntry))
		f.StoreI32(entry, room, text)
		f.StoreI32(entry, room+4, asm.C(1))
		f.StoreU8(text, 0, i)
		text.Set(text.AddC(1))
	})
	copyText := func(to asm.I32, b asm.I32) {
		entry := f.LetI32(b.MulC(pairEntry))
		from := f.LetI32(entry.LoadI32(room))
		end := f.LetI32(to.Add(entry.LoadI32(room + 4)))
		f.DoWhile(func() {
			f.StoreI64(to, 0, from.LoadI64(0))
			to.Set(to.AddC(8))
			from.Set(from.AddC(8))
		}, func() asm.I32 { return to.LtU(end) })
		to.Set(end)
	}
	f.Range(count, func(asm.I32) {
		begin := f.LetI32(text)
		copyText(text, pairs.LoadU8(1))
		copyText(text, pairs.LoadU8(2))
		entry := f.LetI32(pairs.LoadU8(0).MulC(pairEntry))
		f.StoreI32(entry, room, begin)
		f.StoreI32(entry, room+4, text.Sub(begin))
		pairs.Set(pairs.AddC(3))
	})
	f.While(from.LtU(end), func() {
		copyText(to, from.LoadU8(0))
		from.Set(from.AddC(1))
	})
	return f
}
