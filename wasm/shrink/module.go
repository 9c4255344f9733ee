package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// header is "\0asm" and version 1.
var header = []byte{0, 'a', 's', 'm', 1, 0, 0, 0}

// Ids of sections (WebAssembly 2.0, 5.5).
const (
	importSection = 2
	exportSection = 7
	codeSection   = 10
	dataSection   = 11 // fills memory
)

var errShort = errors.New("the file ends too early")

// A section of a module; the body is without its id and length.
type section struct {
	id   byte
	body []byte
}

func readSections(module []byte) ([]section, error) {
	rest, ok := bytes.CutPrefix(module, header)
	if !ok {
		return nil, errors.New("not a WebAssembly module of version 1")
	}
	var sections []section
	for r := (reader{rest: rest}); len(r.rest) > 0; {
		id := r.byte()
		body := r.bytes(r.u32())
		if r.err != nil {
			return nil, r.err
		}
		sections = append(sections, section{id, body})
	}
	return sections, nil
}

func writeSections(sections []section) []byte {
	out := bytes.Clone(header)
	for _, s := range sections {
		out = append(out, s.id)
		out = binary.AppendUvarint(out, uint64(len(s.body)))
		out = append(out, s.body...)
	}
	return out
}

// A memory is what the data segments of a module write, from the first byte to the last; between segments it is zero, as
// memory is before.
type memory struct {
	start uint32
	bytes []byte
}

// maxMemory is more than any program here has, and keeps a broken offset from asking for 4 GiB.
const maxMemory = 256 << 20

func readData(body []byte) (memory, error) {
	type segment struct {
		at   uint32
		data []byte
	}
	r := reader{rest: body}
	segments := make([]segment, 0, 1024)
	for n := r.u32(); n > 0 && r.err == nil; n-- {
		// Go writes active segments of memory 0 at constant places, and no others.
		if kind, op := r.u32(), r.byte(); r.err == nil && (kind != 0 || op != opI32Const) {
			return memory{}, fmt.Errorf("data segment of kind %d with offset instruction %#x, want 0 and i32.const", kind, op)
		}
		at := r.s32()
		if end := r.byte(); r.err == nil && (end != opEnd || at < 0) {
			return memory{}, errors.New("a data segment's offset is not one constant")
		}
		segments = append(segments, segment{uint32(at), r.bytes(r.u32())})
	}
	if r.err != nil {
		return memory{}, r.err
	}
	if len(r.rest) != 0 || len(segments) == 0 {
		return memory{}, fmt.Errorf("data section of %d segments with %d bytes too many", len(segments), len(r.rest))
	}
	slices.SortStableFunc(segments, func(a, b segment) int { return int(int64(a.at) - int64(b.at)) })
	m := memory{start: segments[0].at}
	for _, s := range segments {
		from := int(s.at - m.start)
		if from < len(m.bytes) {
			return memory{}, fmt.Errorf("the data segment at %d begins before another ends", s.at)
		}
		if from+len(s.data) > maxMemory {
			return memory{}, fmt.Errorf("data up to %d, want at most %d", from+len(s.data), maxMemory)
		}
		m.bytes = append(append(m.bytes, make([]byte, from-len(m.bytes))...), s.data...)
	}
	return m, nil
}

// longZeros is how many zeros end a segment. Fewer are cheaper as zeros than as another offset: with 16 the engine has
// 74,000 segments, with 64 it has 27.
const longZeros = 1024

func writeData(m memory) []byte {
	var segments []byte
	count := 0
	for at := 0; at < len(m.bytes); {
		begin := at + zeros(m.bytes[at:])
		end := begin
		for at = begin; at < len(m.bytes); {
			if n := zeros(m.bytes[at:]); n > longZeros || at+n == len(m.bytes) {
				at += n
				break
			} else if n > 0 {
				at += n
			} else {
				at++
				end = at
			}
		}
		if begin == end {
			break
		}
		segments = append(segments, 0, opI32Const)
		segments = appendS32(segments, int32(int(m.start)+begin))
		segments = append(segments, opEnd)
		segments = binary.AppendUvarint(segments, uint64(end-begin))
		segments = append(segments, m.bytes[begin:end]...)
		count++
	}
	return append(binary.AppendUvarint(nil, uint64(count)), segments...)
}

// zeros counts the zeros that b begins with.
func zeros(b []byte) int {
	for i, x := range b {
		if x != 0 {
			return i
		}
	}
	return len(b)
}

const (
	opI32Const = 0x41
	opEnd      = 0x0b
)

// A reader reads what it can; after the first error it reads zeros.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) byte() byte {
	if b := r.bytes(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

func (r *reader) bytes(n uint32) []byte {
	if r.err == nil && uint64(n) > uint64(len(r.rest)) {
		r.err = errShort
	}
	if r.err != nil {
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) u32() uint32 {
	v, n := binary.Uvarint(r.rest)
	if r.err == nil && (n <= 0 || v>>32 != 0) {
		r.err = errShort
	}
	if r.err != nil {
		return 0
	}
	r.rest = r.rest[n:]
	return uint32(v)
}

// s32 reads a signed LEB128.
func (r *reader) s32() int32 {
	var v int64
	for shift := 0; ; shift += 7 {
		b := r.byte()
		if r.err == nil && shift > 28 {
			r.err = errors.New("a number of more than 32 bits")
		}
		if r.err != nil {
			return 0
		}
		v |= int64(b&0x7f) << shift
		if b&0x80 == 0 {
			if b&0x40 != 0 {
				v |= -1 << (shift + 7)
			}
			return int32(v)
		}
	}
}

func appendS32(out []byte, v int32) []byte {
	for {
		b := byte(v & 0x7f)
		v >>= 7
		if v == 0 && b&0x40 == 0 || v == -1 && b&0x40 != 0 {
			return append(out, b)
		}
		out = append(out, b|0x80)
	}
}
