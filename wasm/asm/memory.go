package asm

// memory is an instruction on memory: the opcode, the alignment's exponent that
// the engine may assume, and the offset that is added to the address.
func memory(op []byte, align byte, offset int) []byte {
	if offset < 0 {
		panic("asm: a negative offset")
	}
	b := append(append([]byte{}, op...), align)
	return appendU(b, uint64(offset))
}

// LoadI32 is the i32 at address a + offset.
func (a I32) LoadI32(offset int) I32 { return I32{expr: op1(memory([]byte{0x28}, 2, offset), a.expr)} }

// LoadI64 is the i64 at address a + offset.
func (a I32) LoadI64(offset int) I64 { return I64{op1(memory([]byte{0x29}, 2, offset), a.expr)} }

// LoadF32 is the f32 at address a + offset.
func (a I32) LoadF32(offset int) F32 { return F32{op1(memory([]byte{0x2a}, 2, offset), a.expr)} }

// LoadF64 is the f64 at address a + offset.
func (a I32) LoadF64(offset int) F64 { return F64{op1(memory([]byte{0x2b}, 2, offset), a.expr)} }

// LoadU8 is the byte at address a + offset.
func (a I32) LoadU8(offset int) I32 { return I32{expr: op1(memory([]byte{0x2d}, 0, offset), a.expr)} }

// LoadS8 is the signed byte at address a + offset.
func (a I32) LoadS8(offset int) I32 { return I32{expr: op1(memory([]byte{0x2c}, 0, offset), a.expr)} }

// LoadU16 is the unsigned 16 bits at address a + offset.
func (a I32) LoadU16(offset int) I32 { return I32{expr: op1(memory([]byte{0x2f}, 1, offset), a.expr)} }

// LoadF32x4 is the four values at address a + offset.
func (a I32) LoadF32x4(offset int) F32x4 { return F32x4{op1(memory(simd(0x00), 2, offset), a.expr)} }

// LoadSplatF32x4 is the one value, in every lane, at address a + offset.
func (a I32) LoadSplatF32x4(offset int) F32x4 {
	return F32x4{op1(memory(simd(0x09), 2, offset), a.expr)}
}

// LoadZeroF32x4 is the one value, in lane 0 before zeros, at address a + offset.
func (a I32) LoadZeroF32x4(offset int) F32x4 {
	return F32x4{op1(memory(simd(0x5c), 2, offset), a.expr)}
}

// LoadPairF32x4 is the two values, in lanes 0 and 1 before zeros, at address a + offset.
func (a I32) LoadPairF32x4(offset int) F32x4 {
	return F32x4{op1(memory(simd(0x5d), 2, offset), a.expr)}
}

// LoadI32x4 is the four values at address a + offset.
func (a I32) LoadI32x4(offset int) I32x4 { return I32x4{op1(memory(simd(0x00), 2, offset), a.expr)} }

// LoadSplatI32x4 is the one value, in every lane, at address a + offset.
func (a I32) LoadSplatI32x4(offset int) I32x4 {
	return I32x4{op1(memory(simd(0x09), 2, offset), a.expr)}
}

// LoadZeroI32x4 is the one value, in lane 0 before zeros, at address a + offset.
func (a I32) LoadZeroI32x4(offset int) I32x4 {
	return I32x4{op1(memory(simd(0x5c), 2, offset), a.expr)}
}

// LoadPairI32x4 is the two values, in lanes 0 and 1 before zeros, at address a + offset.
func (a I32) LoadPairI32x4(offset int) I32x4 {
	return I32x4{op1(memory(simd(0x5d), 2, offset), a.expr)}
}

// LoadF64x2 is the two values at address a + offset.
func (a I32) LoadF64x2(offset int) F64x2 { return F64x2{op1(memory(simd(0x00), 2, offset), a.expr)} }

// LoadI64x2 is the two values at address a + offset.
func (a I32) LoadI64x2(offset int) I64x2 { return I64x2{op1(memory(simd(0x00), 2, offset), a.expr)} }

// LoadU16Pairs is four uint16, as int32, at address a + offset.
func (a I32) LoadU16Pairs(offset int) I32x4 { return I32x4{op1(memory(simd(0x04), 1, offset), a.expr)} }

// LoadU8x8 is eight bytes, as eight uint16, at address a + offset.
func (a I32) LoadU8x8(offset int) I32x4 { return I32x4{op1(memory(simd(0x02), 0, offset), a.expr)} }

// StoreI32 stores v at address a + offset.
func (f *Func) StoreI32(a I32, offset int, v I32) {
	f.emit(a.code, v.code, memory([]byte{0x36}, 2, offset))
}

// StoreI64 stores v at address a + offset.
func (f *Func) StoreI64(a I32, offset int, v I64) {
	f.emit(a.code, v.code, memory([]byte{0x37}, 2, offset))
}

// StoreF32 stores v at address a + offset.
func (f *Func) StoreF32(a I32, offset int, v F32) {
	f.emit(a.code, v.code, memory([]byte{0x38}, 2, offset))
}

// StoreF64 stores v at address a + offset.
func (f *Func) StoreF64(a I32, offset int, v F64) {
	f.emit(a.code, v.code, memory([]byte{0x39}, 2, offset))
}

// StoreU8 stores the low byte of v at address a + offset.
func (f *Func) StoreU8(a I32, offset int, v I32) {
	f.emit(a.code, v.code, memory([]byte{0x3a}, 0, offset))
}

// StoreU16 stores the low 16 bits of v at address a + offset.
func (f *Func) StoreU16(a I32, offset int, v I32) {
	f.emit(a.code, v.code, memory([]byte{0x3b}, 1, offset))
}

// StoreF32x4 stores v at address a + offset.
func (f *Func) StoreF32x4(a I32, offset int, v F32x4) {
	f.emit(a.code, v.code, memory(simd(0x0b), 2, offset))
}

// StoreI32x4 stores v at address a + offset.
func (f *Func) StoreI32x4(a I32, offset int, v I32x4) {
	f.emit(a.code, v.code, memory(simd(0x0b), 2, offset))
}

// StoreF64x2 stores v at address a + offset.
func (f *Func) StoreF64x2(a I32, offset int, v F64x2) {
	f.emit(a.code, v.code, memory(simd(0x0b), 2, offset))
}

// StoreI64x2 stores v at address a + offset.
func (f *Func) StoreI64x2(a I32, offset int, v I64x2) {
	f.emit(a.code, v.code, memory(simd(0x0b), 2, offset))
}

// LoadLane is v with lane i read from address a + offset.
func (v F32x4) LoadLane(a I32, offset, i int) F32x4 {
	return F32x4{op2(append(memory(simd(0x56), 2, offset), byte(i)), a.expr, v.expr)}
}

// StoreLaneF32x4 stores lane i of v at address a + offset.
func (f *Func) StoreLaneF32x4(a I32, offset int, v F32x4, i int) {
	f.emit(a.code, v.code, memory(simd(0x5a), 2, offset), []byte{byte(i)})
}

// StorePairF32x4 stores lanes 0 and 1 of v at address a + offset.
func (f *Func) StorePairF32x4(a I32, offset int, v F32x4) {
	f.emit(a.code, v.code, memory(simd(0x5b), 2, offset), []byte{0})
}

// LoadLane is v with lane i read from address a + offset.
func (v I32x4) LoadLane(a I32, offset, i int) I32x4 {
	return I32x4{op2(append(memory(simd(0x56), 2, offset), byte(i)), a.expr, v.expr)}
}

// StoreLaneI32x4 stores lane i of v at address a + offset.
func (f *Func) StoreLaneI32x4(a I32, offset int, v I32x4, i int) {
	f.emit(a.code, v.code, memory(simd(0x5a), 2, offset), []byte{byte(i)})
}

// StorePairI32x4 stores lanes 0 and 1 of v at address a + offset.
func (f *Func) StorePairI32x4(a I32, offset int, v I32x4) {
	f.emit(a.code, v.code, memory(simd(0x5b), 2, offset), []byte{0})
}

// MemoryCopy copies n bytes from src to dst, which may overlap.
func (f *Func) MemoryCopy(dst, src, n I32) {
	f.emit(dst.code, src.code, n.code, []byte{0xfc, 0x0a, 0, 0})
}

// MemoryFill sets n bytes from dst on to the low byte of v.
func (f *Func) MemoryFill(dst, v, n I32) {
	f.emit(dst.code, v.code, n.code, []byte{0xfc, 0x0b, 0})
}

// MemorySize is the size of the memory in pages of 64 KiB.
func MemorySize() I32 { return I32{expr: expr{code: []byte{0x3f, 0}, local: -1}} }
