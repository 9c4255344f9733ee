package main

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// Packed, the function table (see pclntab.go) is gone from the data, and its records are in streams, field by field: entries count up
// by one function, records lie one behind another, names are made of numbers, and what records
// refer to is often what others have referred to.

// A functionTable is one that was taken out of the data, or the zero value. The first four bytes stay, since they may begin with zeros
// that the data has not.
type functionTable struct {
	names      int    // where the names belong in what is behind the code
	at         int    // where the rest belongs there
	buckets    int    // where the buckets belong there, below 0 if they were left
	number     int    // the first function's
	end        []byte // between the functions and the records, where the last function ends in front
	functions  int
	firstEntry uint32
	referred   [lists]int // how many new references each list has
	room       [lists]int // where the unpacker writes them down
}

const (
	functionStep = 1 // from one function's entry to the next
	recordAlign  = 8 // what a record's offset is a multiple of
)

// A record refers to tables of instructions and to other data, each list of references in a stream of numbers.
const (
	referNone = iota
	referNew  // to so much more, in another stream, than the last new reference
	referOld  // and more: to the first new reference of the list, and so on
)

// A referrer is a list of references in streams.
type referrer struct {
	to, new stream
	none    uint32         // what says that there is none
	seen    map[uint32]int // the new ones by what they refer to, counted
	last    *uint32
}

func (r *referrer) put(p *packer, v uint32) {
	if v == r.none {
		p.number(r.to, referNone)
	} else if i, ok := r.seen[v]; ok {
		p.number(r.to, uint32(referOld+i))
	} else {
		r.seen[v] = len(r.seen)
		p.number(r.to, referNew)
		p.number(r.new, zigzag(v-*r.last))
		*r.last = v
	}
}

// The lists: of tables, and of the other data the first, which is most often there, in lists of their own.
const (
	listTables = iota
	listData0
	listData1
	listData
	lists
)

// listOf is the list of a record's k-th other data.
func listOf(k int) int { return min(listData0+k, listData) }

func referrers() (r [lists]referrer) {
	tables, data := new(uint32), new(uint32)
	r[listTables] = referrer{recordTables, newTables, 0, map[uint32]int{}, tables}
	r[listData0] = referrer{recordData0, newData0, ^uint32(0), map[uint32]int{}, data}
	r[listData1] = referrer{recordData1, newData1, ^uint32(0), map[uint32]int{}, data}
	r[listData] = referrer{recordData, newData, ^uint32(0), map[uint32]int{}, data}
	return r
}

// functionTable takes the function table out of what is behind the code, if it is as dropTraceTables leaves it.
func (p *packer) functionTable(after *[]byte, imported int) functionTable {
	t, at, ok := tableIn(*after)
	if !ok {
		return functionTable{}
	}
	q := &packer{}
	begin := binary.LittleEndian.Uint32(t.functab[4:])
	f := functionTable{at: at, number: imported, functions: t.functions, firstEntry: binary.LittleEndian.Uint32(t.functab)}
	end := begin
	allNames := 0
	refer := referrers()
	for i := range t.functions {
		record, err := t.record(i)
		end = (end + recordAlign - 1) &^ (recordAlign - 1)
		if err != nil || binary.LittleEndian.Uint32(t.functab[8*i+4:]) != end || binary.LittleEndian.Uint32(record) != f.firstEntry+uint32(i)*functionStep {
			return functionTable{}
		}
		field := func(at int) uint32 { return binary.LittleEndian.Uint32(record[at:]) }
		for _, at := range []int{fieldFile, fieldLine, fieldUnit, fieldStart} {
			if field(at) != 0 {
				return functionTable{}
			}
		}
		name := t.name(record)
		if field(fieldTables) > 255 || int(field(fieldName)) != allNames {
			return functionTable{}
		}
		allNames += len(name) + 1
		n := plain
		for n < kept && n.name(imported+i) != name {
			n++
		}
		q.put(recordNames, []byte{byte(n)})
		if n == kept {
			q.put(names, append([]byte(name), 0))
		}
		q.number(recordArgs, field(fieldArgs))
		q.number(recordDefers, field(fieldDefer))
		q.put(recordKinds, []byte{record[fieldTables]})
		q.put(recordKinds, record[fieldKind:recordSize])
		refer[listTables].put(q, field(fieldStack))
		tables := int(field(fieldTables))
		for k := range tables {
			refer[listTables].put(q, field(recordSize+4*k))
		}
		for k := range int(record[fieldData]) {
			refer[listOf(k)].put(q, field(recordSize+4*(tables+k)))
		}
		end += uint32(len(record))
	}
	f.end = bytes.Clone(t.functab[8*t.functions : begin])
	if len(f.end) < 4 || binary.LittleEndian.Uint32(f.end) != f.firstEntry+uint32(f.functions)*functionStep {
		return functionTable{}
	}
	f.names = bytes.Index(*after, t.names[:allNames])
	if f.names < 0 || f.names+allNames > at {
		return functionTable{}
	}
	f.at -= allNames
	*after = slices.Concat((*after)[:f.names], (*after)[f.names+allNames:at], (*after)[at+int(end)-4:])
	for i, r := range refer {
		f.referred[i] = len(r.seen)
	}
	buckets := bucketTable(t.functions)
	if f.buckets = bytes.Index(*after, buckets); f.buckets >= f.at {
		*after = slices.Delete(*after, f.buckets, f.buckets+len(buckets))
	} else {
		f.buckets = -1
	}
	for s := recordNames; s < streams; s++ {
		p.out[s] = q.out[s]
	}
	return f
}

// The runtime finds a function by the bucket of its address (runtime/symtab.go, findfunctab): of the 16 addresses that a number of Go's has
// there, each has a bucket, with the function's index and 16 zeros. The table is long; here it goes from the second function to
// the last one's first index.
const (
	bucketSize      = 4 + 16
	functionBuckets = 16
)

func bucketTable(functions int) []byte {
	table := make([]byte, bucketSize*functionBuckets*max(functions-2, 0)+4)
	for at := 0; at < len(table); at += bucketSize {
		binary.LittleEndian.PutUint32(table[at:], uint32(1+at/(bucketSize*functionBuckets)))
	}
	return table
}

// tableIn finds the function table, and where it begins in a module's last sections.
func tableIn(after []byte) (t table, at int, ok bool) {
	sections, err := readSections(append(bytes.Clone(header), after...))
	if err != nil {
		return t, 0, false
	}
	for _, s := range sections {
		if s.id != dataSection {
			continue
		}
		if m, err := readData(s.body); err == nil {
			if t, err = findTable(m.bytes); err == nil && t.functions > 0 {
				last, err := t.record(t.functions - 1)
				if err != nil {
					return t, 0, false
				}
				size := int(binary.LittleEndian.Uint32(t.functab[8*t.functions-4:])) + len(last)
				at = bytes.Index(after, t.functab[4:size]) // it has no zeros enough to lie in two segments
				return t, at, at >= 0
			}
		}
	}
	return t, 0, false
}

func (p *packer) number(to stream, v uint32) { p.out[to] = binary.AppendUvarint(p.out[to], uint64(v)) }

// zigzag makes small numbers of small differences, also of those below 0.
func zigzag(d uint32) uint32 { return d<<1 ^ uint32(int32(d)>>31) }
