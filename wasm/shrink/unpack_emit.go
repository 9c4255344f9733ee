package main

import (
	"encoding/binary"

	"github.com/tabgrad/tabgrad/wasm/asm"
)

// An unpacker writes the function that puts a packed program together again; package pack.go says what of.
type unpacker struct {
	*asm.Func
	kinds, aligns int    // where the tables of those names are
	parted        int    // where the places of parted streams are
	nextParts     int    // where the table of that name is
	pieces        int    // where the places of pieces go
	first         uint32 // the number that return addresses have for function 0

	to   asm.I32          // where the next byte of the program goes
	from [streams]asm.I32 // where the next of each stream is
}

// emit writes the function for streams at from, and the program to be made at to; behind writes what is behind the code.
func (u *unpacker) emit(from [streams]int, functions, before, beforeSize, to, imported, elements int, behind func()) {
	u.Returns(asm.TypeI32, asm.TypeI32)
	u.to = u.LetI32(asm.C(to + beforeSize))
	for s := range u.from {
		u.from[s] = u.LetI32(asm.C(from[s]))
	}
	u.MemoryCopy(asm.C(to), asm.C(before), asm.C(beforeSize))
	u.Range(asm.C(elements), func(i asm.I32) { u.putU(i.AddC(imported)) })
	u.put(codeSection)
	u.sized(func() {
		u.put(binary.AppendUvarint(nil, uint64(functions))...)
		u.Range(asm.C(functions), func(i asm.I32) {
			u.sized(func() { u.function(u.LetI32(i.Add(asm.C(int(u.first))).Shl(asm.C(16)))) })
		})
	})
	behind()
	u.Return(asm.C(to), u.to)
}

// A hole is where something was taken out, and what writes that.
type hole struct {
	at    int
	write func()
}

// around copies size bytes and writes what belongs between them; the holes are in order.
func (u *unpacker) around(from, size int, holes []hole) {
	at := 0
	for _, h := range append(holes, hole{size, func() {}}) {
		u.MemoryCopy(u.to, asm.C(from+at), asm.C(h.at-at))
		u.to.Set(u.to.AddC(h.at - at))
		h.write()
		at = h.at
	}
}

// tableHoles are where the function table is, if there is one, and the names in it.
func (u *unpacker) tableHoles(t functionTable) []hole {
	if t.functions == 0 {
		return nil
	}
	namesAt := u.I32()
	holes := []hole{
		{t.names, func() { namesAt.Set(u.to); u.names(t) }},
		{t.at, func() { u.functionTable(t, namesAt) }},
	}
	if t.buckets >= 0 {
		holes = append(holes, hole{t.buckets, func() { u.buckets(t.functions) }})
	}
	return holes
}

// buckets writes what bucketTable returns.
func (u *unpacker) buckets(functions int) {
	all := functionBuckets*max(functions-2, 0) + 1
	u.Range(asm.C(all), func(i asm.I32) {
		u.StoreI32(u.to, 0, i.ShrU(asm.C(4)).AddC(1))
		u.to.Set(u.to.AddC(bucketSize))
	})
	u.to.Set(u.to.AddC(4 - bucketSize))
}

// names writes the functions' names.
func (u *unpacker) names(t functionTable) {
	u.Range(asm.C(t.functions), func(i asm.I32) {
		number, places := u.LetI32(i.AddC(t.number)), u.LetI32(asm.C(1))
		u.While(number.DivU(asm.C(10)).GeU(places), func() { places.Set(places.MulC(10)) })
		digits := func() {
			p := u.LetI32(places)
			u.DoWhile(func() {
				u.StoreU8(u.to, 0, number.DivU(p).RemU(asm.C(10)).AddC('0'))
				u.to.Set(u.to.AddC(1))
				p.Set(p.DivU(asm.C(10)))
			}, func() asm.I32 { return p })
		}
		var made []func()
		for _, parts := range namingParts {
			made = append(made, func() {
				for k, part := range parts {
					if k > 0 {
						digits()
					}
					u.put([]byte(part)...)
				}
				u.put(0)
			})
		}
		u.Switch(u.byte(recordNames), made, func() {
			b := u.I32()
			u.DoWhile(func() {
				b.Set(u.from[names].LoadU8(0))
				u.copyBytes(names, 1)
			}, func() asm.I32 { return b })
		})
	})
}

// functionTable writes the function table for names that begin at a place.
func (u *unpacker) functionTable(t functionTable, namesAt asm.I32) {
	index, base, entry := u.LetI32(u.to), u.LetI32(u.to.SubC(4)), u.LetI32(asm.C(int(t.firstEntry)))
	u.to.Set(base.AddC(8 * t.functions))
	u.put(t.end...)
	name := u.LetI32(namesAt)
	var end [lists]asm.I32 // of what is written down
	for i := range end {
		end[i] = u.LetI32(asm.C(t.room[i]))
	}
	last := map[*uint32]asm.I32{}
	refer := referrers()
	for _, r := range refer {
		if _, ok := last[r.last]; !ok {
			last[r.last] = u.LetI32(asm.C(0))
		}
	}
	reference := func(list int) asm.I32 {
		r := refer[list]
		last := last[r.last]
		v := u.LetI32(u.readNumber(r.to))
		u.IfElse(v.LtU(asm.C(referOld)), func() {
			u.IfElse(v.Eqz(), func() { v.Set(asm.C(int(int32(r.none)))) }, func() {
				last.Set(last.Add(u.readDifference(r.new)))
				v.Set(last)
				u.StoreI32(end[list], 0, last)
				end[list].Set(end[list].AddC(4))
			})
		}, func() { v.Set(v.MulC(4).LoadI32(t.room[list] - 4*referOld)) })
		return v
	}
	u.Range(asm.C(t.functions), func(asm.I32) {
		offset := u.LetI32(u.to.Sub(base).AddC(recordAlign - 1).And(asm.C(-recordAlign)))
		record := u.LetI32(base.Add(offset))
		u.StoreI32(record, fieldEntry, entry)
		entry.Set(entry.AddC(functionStep))
		u.StoreI32(index, 0, offset)
		u.StoreI32(index, 4, entry)
		index.Set(index.AddC(8))
		u.StoreI32(record, fieldName, name.Sub(namesAt))
		u.DoWhile(func() { name.Set(name.AddC(1)) }, func() asm.I32 { return name.LoadU8(0) })
		name.Set(name.AddC(1))
		u.StoreI32(record, fieldArgs, u.readNumber(recordArgs))
		u.StoreI32(record, fieldDefer, u.readNumber(recordDefers))
		tables := u.LetI32(u.byte(recordKinds))
		u.StoreI32(record, fieldTables, tables)
		u.StoreI32(record, fieldKind, u.from[recordKinds].LoadI32(0))
		u.from[recordKinds].Set(u.from[recordKinds].AddC(4))
		u.StoreI32(record, fieldStack, reference(listTables))
		u.to.Set(record.AddC(recordSize))
		word := func(v asm.I32) {
			u.StoreI32(u.to, 0, v)
			u.to.Set(u.to.AddC(4))
		}
		u.Range(tables, func(asm.I32) { word(reference(listTables)) })
		u.Range(u.LetI32(record.LoadU8(fieldData)), func(k asm.I32) {
			u.Switch(k, []func(){
				func() { word(reference(listData0)) },
				func() { word(reference(listData1)) },
			}, func() { word(reference(listData)) })
		})
	})
}

// readDifference is a number that zigzag has made of a difference.
func (u *unpacker) readDifference(s stream) asm.I32 { return unzigzag(u.readNumber(s)) }

// unzigzag is zigzag's inverse; v is a local.
func unzigzag(v asm.I32) asm.I32 { return v.ShrU(asm.C(1)).Xor(asm.C(0).Sub(v.And(asm.C(1)))) }

// sized writes what body writes behind its size.
func (u *unpacker) sized(body func()) {
	at := u.LetI32(u.to)
	u.to.Set(u.to.AddC(paddedSize))
	body()
	size := u.LetI32(u.to.Sub(at).SubC(paddedSize))
	for i := range paddedSize {
		b := size.ShrU(asm.C(7 * i)).And(asm.C(0x7f))
		if i < paddedSize-1 {
			b = b.Or(asm.C(0x80))
		}
		u.StoreU8(at, i, b)
	}
}

// function writes a function whose return addresses are those from base on.
func (u *unpacker) function(base asm.I32) {
	// The declarations of locals: pairs of a number and a type.
	pairs := u.LetI32(u.number(locals))
	u.Range(pairs, func(asm.I32) {
		u.copyNumber(locals)
		u.copyBytes(locals, 1)
	})
	places := u.beginPlaces(u.pieces)
	depth, op := places.depth, u.I32()
	before, next := u.LetI32(asm.C(int(afterOther))), u.I32()
	frame, moved := u.LetI32(asm.C(0)), u.LetI32(asm.C(0))
	bytesUp := func(place asm.I32) asm.I32 {
		return frame.AddC(far).Sub(place).Select(place, place.GeU(asm.C(arguments))).Shl(asm.C(3))
	}
	goCall := func(move func()) {
		u.put(callHead...)
		move()
		u.putS(base.Or(places.last))
		u.put(callMiddle...)
		u.copyNumber(calls)
		u.put(callTail...)
		u.putU(depth.SubC(callDepth))
	}
	u.DoWhile(func() {
		op.Set(u.byte(ops))
		next.Set(asm.C(int(afterOther)))
		kind := op.LoadU8(u.kinds)
		plain := func() { u.StoreU8(u.to, 0, op); u.to.Set(u.to.AddC(1)) }
		offset := func() {
			plain()
			u.StoreU8(u.to, 0, op.LoadU8(u.aligns-0x28))
			u.to.Set(u.to.AddC(1))
		}
		cases := []func(){
			unknown: func() { u.Unreachable() },
			none: func() {
				plain()
				depth.Set(depth.Sub(op.Eq(asm.C(opEnd))))
			},
			opByte: func() {
				plain()
				u.copyBytes(ops, 1)
				depth.Set(depth.Add(op.LtU(asm.C(0x3f))))
			},
			opNumber: func() {
				plain()
				isSP := op.Eq(asm.C(0x20)).And(u.from[ops].LoadU8(0).Eq(asm.C(sp)))
				next.Set(isSP.MulC(int(afterSP)))
				u.copyNumber(ops)
			},
			opPair: func() {
				plain()
				u.copyNumber(ops)
				u.copyNumber(ops)
			},
			branch:      func() { plain(); u.putU(depth.Sub(u.readDifference(branches))) },
			branchTable: func() { plain(); u.labels(places) },
			call:        func() { plain(); u.copyNumber(plainCalls) },
			load: func() {
				offset()
				u.IfElse(before.Eq(asm.C(int(afterSP))), func() {
					place := u.I32()
					u.IfElse(op.Eq(asm.C(longLoad)), func() { place.Set(u.byte(frames)) }, func() { place.Set(u.byte(smallFrames)) })
					u.IfElse(place.Eq(asm.C(far)), func() { u.copyNumber(otherFrames) }, func() { u.putU(bytesUp(place)) })
				}, func() {
					u.IfElse(op.GtU(asm.C(wholeLoad)), func() { u.copyNumber(smallLoads) }, func() { u.copyNumber(loads) })
				})
			},
			store: func() {
				offset()
				u.IfElse(op.Eq(asm.C(longStore)), func() { u.copyByNext(stores) }, func() { u.copyNumber(otherStores) })
				next.Set(asm.C(int(afterStore)))
			},
			constI32: func() {
				plain()
				u.Switch(before, []func(){
					afterOther: func() {
						jumping := u.from[ops].LoadU8(0).Shl(asm.C(8)).Or(u.from[ops].LoadU8(1)).Eq(asm.C(int(jump[0])<<8 | int(jump[1])))
						n := u.LetI32(asm.C(otherJump))
						u.If(jumping, func() { n.Set(u.readNumber(jumps)) })
						u.IfElse(n, func() { places.jumpTo(n) }, func() { u.copyByNext(words) })
					},
					afterSP: func() {
						u.IfElse(moved, func() { u.copyNumber(moves) }, func() {
							frame.Set(u.number(moves).ShrU(asm.C(3)))
							moved.Set(asm.C(1))
						})
					},
				}, func() { u.copyNumber(passed) })
			},
			constI64: func() { plain(); u.copyByNext(longs) },
			constF32: func() { plain(); u.copyBytes(floats, 4) },
			constF64: func() { plain(); u.copyBytes(floats, 8) },
			prefixed: func() {
				plain()
				sub := u.LetI32(u.number(ops))
				u.If(sub.Eq(asm.C(10)), func() { u.copyBytes(ops, 2) })
				u.If(sub.Eq(asm.C(11)), func() { u.copyBytes(ops, 1) })
			},
		}
		macros := []func(){
			0: func() { // codeReturn, the first
				u.put(0x42)
				places.returnWithin()
				u.putS(base.Or(places.last))
			},
			codeCall - codeReturn:      func() { goCall(places.returnToNext) },
			codeInnerCall - codeReturn: func() { goCall(places.returnWithin) },
			codeSlot - codeReturn: func() {
				u.put(slotHead...)
				u.putS(bytesUp(u.byte(slots)))
				u.put(slotTail...)
			},
			codePop - codeReturn: func() { u.put(pop...) },
			codeFar - codeReturn: func() {
				u.put(0x42)
				u.copyByNext(farLongs)
			},
		}
		u.Switch(kind, append(cases, macros...), func() { u.Unreachable() })
		before.Set(next)
	}, func() asm.I32 { return depth })
}

// labels writes those of br_table.
func (u *unpacker) labels(places *unpackedPlaces) {
	n, label := u.LetI32(u.number(tableSizes)), u.LetI32(asm.C(0))
	places.beginTable()
	u.Range(n.AddC(1), func(i asm.I32) {
		how := u.LetI32(u.byte(tables))
		u.IfElse(how.Eq(asm.C(otherLabel)), func() {
			label.Set(u.number(otherLabels))
		}, func() {
			u.If(how.Eq(asm.C(nextLabel)), func() {
				label.Set(label.AddC(1))
				places.addPiece(i)
			})
			u.putU(label)
		})
	})
}

// put writes bytes that are always the same.
func (u *unpacker) put(b ...byte) {
	for i := 0; i < len(b); {
		if len(b)-i >= 8 {
			u.StoreI64(u.to, i, asm.C64(int64(binary.LittleEndian.Uint64(b[i:]))))
			i += 8
			continue
		}
		u.StoreU8(u.to, i, asm.C(int(b[i])))
		i++
	}
	u.to.Set(u.to.AddC(len(b)))
}

// byte is a stream's next.
func (u *unpacker) byte(s stream) asm.I32 {
	u.from[s].Set(u.from[s].AddC(1))
	return u.LetI32(u.from[s].SubC(1).LoadU8(0))
}

func (u *unpacker) copyBytes(s stream, n int) {
	for i := range n {
		u.StoreU8(u.to, i, u.from[s].LoadU8(i))
	}
	u.to.Set(u.to.AddC(n))
	u.from[s].Set(u.from[s].AddC(n))
}

// copyNumber copies a LEB128, signed or not.
func (u *unpacker) copyNumber(s stream) {
	b := u.I32()
	u.DoWhile(func() {
		b.Set(u.from[s].LoadU8(0))
		u.copyBytes(s, 1)
	}, func() asm.I32 { return b.ShrU(asm.C(7)) })
}

// number is copyNumber, and the unsigned number.
func (u *unpacker) number(s stream) asm.I32 {
	begin := u.LetI32(u.from[s])
	v := u.readNumber(s)
	u.from[s].Set(begin)
	u.copyNumber(s)
	return v
}

// readNumber is a stream's next unsigned LEB128.
func (u *unpacker) readNumber(s stream) asm.I32 {
	v, b, shift := u.LetI32(asm.C(0)), u.I32(), u.LetI32(asm.C(0))
	u.DoWhile(func() {
		b.Set(u.byte(s))
		v.Set(v.Or(b.And(asm.C(0x7f)).Shl(shift)))
		shift.Set(shift.AddC(7))
	}, func() asm.I32 { return b.ShrU(asm.C(7)) })
	return v
}

// putU writes an unsigned LEB128.
func (u *unpacker) putU(v asm.I32) { u.putNumber(v, 0x7f) }

// putS writes a signed LEB128 that is not below 0.
func (u *unpacker) putS(v asm.I32) { u.putNumber(v, 0x3f) }

// putNumber writes a LEB128 whose last byte is at most last.
func (u *unpacker) putNumber(v asm.I32, last int) {
	v = u.LetI32(v)
	u.While(v.GtU(asm.C(last)), func() {
		u.StoreU8(u.to, 0, v.And(asm.C(0x7f)).Or(asm.C(0x80)))
		u.to.Set(u.to.AddC(1))
		v.Set(v.ShrU(asm.C(7)))
	})
	u.StoreU8(u.to, 0, v)
	u.to.Set(u.to.AddC(1))
}
