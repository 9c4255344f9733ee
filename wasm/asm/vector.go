package asm

// Add is a + b.
func (a F32x4) Add(b F32x4) F32x4 { return F32x4{op2(simd(0xe4), a.expr, b.expr)} }

// Sub is a - b.
func (a F32x4) Sub(b F32x4) F32x4 { return F32x4{op2(simd(0xe5), a.expr, b.expr)} }

// Mul is a * b.
func (a F32x4) Mul(b F32x4) F32x4 { return F32x4{op2(simd(0xe6), a.expr, b.expr)} }

// Div is a / b.
func (a F32x4) Div(b F32x4) F32x4 { return F32x4{op2(simd(0xe7), a.expr, b.expr)} }

// Min is the smaller of a and b, NaN where either is.
func (a F32x4) Min(b F32x4) F32x4 { return F32x4{op2(simd(0xe8), a.expr, b.expr)} }

// Max is the larger of a and b, NaN where either is.
func (a F32x4) Max(b F32x4) F32x4 { return F32x4{op2(simd(0xe9), a.expr, b.expr)} }

// PMin is b < a ? b : a.
func (a F32x4) PMin(b F32x4) F32x4 { return F32x4{op2(simd(0xea), a.expr, b.expr)} }

// PMax is a < b ? b : a.
func (a F32x4) PMax(b F32x4) F32x4 { return F32x4{op2(simd(0xeb), a.expr, b.expr)} }

// Abs is |a|.
func (a F32x4) Abs() F32x4 { return F32x4{op1(simd(0xe0), a.expr)} }

// Neg is -a.
func (a F32x4) Neg() F32x4 { return F32x4{op1(simd(0xe1), a.expr)} }

// Sqrt is the square root of a.
func (a F32x4) Sqrt() F32x4 { return F32x4{op1(simd(0xe3), a.expr)} }

// Ceil is a rounded up.
func (a F32x4) Ceil() F32x4 { return F32x4{op1(simd(0x67), a.expr)} }

// Floor is a rounded down.
func (a F32x4) Floor() F32x4 { return F32x4{op1(simd(0x68), a.expr)} }

// Trunc is a rounded towards 0.
func (a F32x4) Trunc() F32x4 { return F32x4{op1(simd(0x69), a.expr)} }

// Nearest is a rounded to the nearest integer, ties to even.
func (a F32x4) Nearest() F32x4 { return F32x4{op1(simd(0x6a), a.expr)} }

// Eq is a == b as a mask: all bits set where true.
func (a F32x4) Eq(b F32x4) I32x4 { return I32x4{op2(simd(0x41), a.expr, b.expr)} }

// Ne is a != b as a mask: all bits set where true.
func (a F32x4) Ne(b F32x4) I32x4 { return I32x4{op2(simd(0x42), a.expr, b.expr)} }

// Lt is a < b as a mask: all bits set where true.
func (a F32x4) Lt(b F32x4) I32x4 { return I32x4{op2(simd(0x43), a.expr, b.expr)} }

// Gt is a > b as a mask: all bits set where true.
func (a F32x4) Gt(b F32x4) I32x4 { return I32x4{op2(simd(0x44), a.expr, b.expr)} }

// Le is a <= b as a mask: all bits set where true.
func (a F32x4) Le(b F32x4) I32x4 { return I32x4{op2(simd(0x45), a.expr, b.expr)} }

// Ge is a >= b as a mask: all bits set where true.
func (a F32x4) Ge(b F32x4) I32x4 { return I32x4{op2(simd(0x46), a.expr, b.expr)} }

// ToI32x4S is a, rounded towards 0, as signed numbers; it saturates, and is 0 for NaN.
func (a F32x4) ToI32x4S() I32x4 { return I32x4{op1(simd(0xf8), a.expr)} }

// ToI32x4U is a, rounded towards 0, as unsigned numbers; it saturates, and is 0 for NaN.
func (a F32x4) ToI32x4U() I32x4 { return I32x4{op1(simd(0xf9), a.expr)} }

// PromoteLow is lanes 0 and 1 as float64.
func (a F32x4) PromoteLow() F64x2 { return F64x2{op1(simd(0x5f), a.expr)} }

// And is a & b, bit by bit.
func (a F32x4) And(b F32x4) F32x4 { return F32x4{op2(simd(0x4e), a.expr, b.expr)} }

// AndNot is a &^ b, bit by bit.
func (a F32x4) AndNot(b F32x4) F32x4 { return F32x4{op2(simd(0x4f), a.expr, b.expr)} }

// Or is a | b, bit by bit.
func (a F32x4) Or(b F32x4) F32x4 { return F32x4{op2(simd(0x50), a.expr, b.expr)} }

// Xor is a ^ b, bit by bit.
func (a F32x4) Xor(b F32x4) F32x4 { return F32x4{op2(simd(0x51), a.expr, b.expr)} }

// Not is ^a, bit by bit.
func (a F32x4) Not() F32x4 { return F32x4{op1(simd(0x4d), a.expr)} }

// AnyTrue is 1 where any bit of a is set, else 0.
func (a F32x4) AnyTrue() I32 { return I32{expr: op1(simd(0x53), a.expr)} }

// Add is a + b.
func (a I32x4) Add(b I32x4) I32x4 { return I32x4{op2(simd(0xae), a.expr, b.expr)} }

// Sub is a - b.
func (a I32x4) Sub(b I32x4) I32x4 { return I32x4{op2(simd(0xb1), a.expr, b.expr)} }

// Mul is a * b.
func (a I32x4) Mul(b I32x4) I32x4 { return I32x4{op2(simd(0xb5), a.expr, b.expr)} }

// MinS is the smaller of signed a and b.
func (a I32x4) MinS(b I32x4) I32x4 { return I32x4{op2(simd(0xb6), a.expr, b.expr)} }

// MinU is the smaller of unsigned a and b.
func (a I32x4) MinU(b I32x4) I32x4 { return I32x4{op2(simd(0xb7), a.expr, b.expr)} }

// MaxS is the larger of signed a and b.
func (a I32x4) MaxS(b I32x4) I32x4 { return I32x4{op2(simd(0xb8), a.expr, b.expr)} }

// MaxU is the larger of unsigned a and b.
func (a I32x4) MaxU(b I32x4) I32x4 { return I32x4{op2(simd(0xb9), a.expr, b.expr)} }

// Eq is a == b as a mask: all bits set where true.
func (a I32x4) Eq(b I32x4) I32x4 { return I32x4{op2(simd(0x37), a.expr, b.expr)} }

// Ne is a != b as a mask: all bits set where true.
func (a I32x4) Ne(b I32x4) I32x4 { return I32x4{op2(simd(0x38), a.expr, b.expr)} }

// LtS is a < b, signed, as a mask: all bits set where true.
func (a I32x4) LtS(b I32x4) I32x4 { return I32x4{op2(simd(0x39), a.expr, b.expr)} }

// LtU is a < b, unsigned, as a mask: all bits set where true.
func (a I32x4) LtU(b I32x4) I32x4 { return I32x4{op2(simd(0x3a), a.expr, b.expr)} }

// GtS is a > b, signed, as a mask: all bits set where true.
func (a I32x4) GtS(b I32x4) I32x4 { return I32x4{op2(simd(0x3b), a.expr, b.expr)} }

// GtU is a > b, unsigned, as a mask: all bits set where true.
func (a I32x4) GtU(b I32x4) I32x4 { return I32x4{op2(simd(0x3c), a.expr, b.expr)} }

// LeS is a <= b, signed, as a mask: all bits set where true.
func (a I32x4) LeS(b I32x4) I32x4 { return I32x4{op2(simd(0x3d), a.expr, b.expr)} }

// LeU is a <= b, unsigned, as a mask: all bits set where true.
func (a I32x4) LeU(b I32x4) I32x4 { return I32x4{op2(simd(0x3e), a.expr, b.expr)} }

// GeS is a >= b, signed, as a mask: all bits set where true.
func (a I32x4) GeS(b I32x4) I32x4 { return I32x4{op2(simd(0x3f), a.expr, b.expr)} }

// GeU is a >= b, unsigned, as a mask: all bits set where true.
func (a I32x4) GeU(b I32x4) I32x4 { return I32x4{op2(simd(0x40), a.expr, b.expr)} }

// Shl is a << b.
func (a I32x4) Shl(b I32) I32x4 { return I32x4{op2(simd(0xab), a.expr, b.expr)} }

// ShrS is a >> b on signed numbers.
func (a I32x4) ShrS(b I32) I32x4 { return I32x4{op2(simd(0xac), a.expr, b.expr)} }

// ShrU is a >> b on unsigned numbers.
func (a I32x4) ShrU(b I32) I32x4 { return I32x4{op2(simd(0xad), a.expr, b.expr)} }

// Abs is |a|.
func (a I32x4) Abs() I32x4 { return I32x4{op1(simd(0xa0), a.expr)} }

// Neg is -a.
func (a I32x4) Neg() I32x4 { return I32x4{op1(simd(0xa1), a.expr)} }

// AllTrue is 1 where no lane is 0, else 0.
func (a I32x4) AllTrue() I32 { return I32{expr: op1(simd(0xa3), a.expr)} }

// Bitmask is the sign bits of the lanes, lane 0 lowest.
func (a I32x4) Bitmask() I32 { return I32{expr: op1(simd(0xa4), a.expr)} }

// ToF32x4S is signed a as float32.
func (a I32x4) ToF32x4S() F32x4 { return F32x4{op1(simd(0xfa), a.expr)} }

// ToF32x4U is unsigned a as float32.
func (a I32x4) ToF32x4U() F32x4 { return F32x4{op1(simd(0xfb), a.expr)} }

// ExtMulLowU is the full products of lanes 0 and 1, unsigned.
func (a I32x4) ExtMulLowU(b I32x4) I64x2 { return I64x2{op2(simd(0xde), a.expr, b.expr)} }

// ExtMulHighU is the full products of lanes 2 and 3, unsigned.
func (a I32x4) ExtMulHighU(b I32x4) I64x2 { return I64x2{op2(simd(0xdf), a.expr, b.expr)} }

// ExtMulLowS is the full products of lanes 0 and 1, signed.
func (a I32x4) ExtMulLowS(b I32x4) I64x2 { return I64x2{op2(simd(0xdc), a.expr, b.expr)} }

// ExtMulHighS is the full products of lanes 2 and 3, signed.
func (a I32x4) ExtMulHighS(b I32x4) I64x2 { return I64x2{op2(simd(0xdd), a.expr, b.expr)} }

// ExtendLowU8 is bytes 0 to 7 as eight uint16: half of the way from uint8 to int32, see ExtendLowU16.
func (a I32x4) ExtendLowU8() I32x4 { return I32x4{op1(simd(0x89), a.expr)} }

// ExtendLowU16 is the low four uint16 as int32.
func (a I32x4) ExtendLowU16() I32x4 { return I32x4{op1(simd(0xa9), a.expr)} }

// ExtendHighU16 is the high four uint16 as int32.
func (a I32x4) ExtendHighU16() I32x4 { return I32x4{op1(simd(0xaa), a.expr)} }

// ExtendLowU is lanes 0 and 1 as unsigned 64-bit numbers.
func (a I32x4) ExtendLowU() I64x2 { return I64x2{op1(simd(0xc9), a.expr)} }

// And is a & b, bit by bit.
func (a I32x4) And(b I32x4) I32x4 { return I32x4{op2(simd(0x4e), a.expr, b.expr)} }

// AndNot is a &^ b, bit by bit.
func (a I32x4) AndNot(b I32x4) I32x4 { return I32x4{op2(simd(0x4f), a.expr, b.expr)} }

// Or is a | b, bit by bit.
func (a I32x4) Or(b I32x4) I32x4 { return I32x4{op2(simd(0x50), a.expr, b.expr)} }

// Xor is a ^ b, bit by bit.
func (a I32x4) Xor(b I32x4) I32x4 { return I32x4{op2(simd(0x51), a.expr, b.expr)} }

// Not is ^a, bit by bit.
func (a I32x4) Not() I32x4 { return I32x4{op1(simd(0x4d), a.expr)} }

// AnyTrue is 1 where any bit of a is set, else 0.
func (a I32x4) AnyTrue() I32 { return I32{expr: op1(simd(0x53), a.expr)} }

// Add is a + b.
func (a I64x2) Add(b I64x2) I64x2 { return I64x2{op2(simd(0xce), a.expr, b.expr)} }

// Sub is a - b.
func (a I64x2) Sub(b I64x2) I64x2 { return I64x2{op2(simd(0xd1), a.expr, b.expr)} }

// Mul is a * b.
func (a I64x2) Mul(b I64x2) I64x2 { return I64x2{op2(simd(0xd5), a.expr, b.expr)} }

// Shl is a << b.
func (a I64x2) Shl(b I32) I64x2 { return I64x2{op2(simd(0xcb), a.expr, b.expr)} }

// ShrU is a >> b on unsigned numbers.
func (a I64x2) ShrU(b I32) I64x2 { return I64x2{op2(simd(0xcd), a.expr, b.expr)} }

// And is a & b, bit by bit.
func (a I64x2) And(b I64x2) I64x2 { return I64x2{op2(simd(0x4e), a.expr, b.expr)} }

// AndNot is a &^ b, bit by bit.
func (a I64x2) AndNot(b I64x2) I64x2 { return I64x2{op2(simd(0x4f), a.expr, b.expr)} }

// Or is a | b, bit by bit.
func (a I64x2) Or(b I64x2) I64x2 { return I64x2{op2(simd(0x50), a.expr, b.expr)} }

// Xor is a ^ b, bit by bit.
func (a I64x2) Xor(b I64x2) I64x2 { return I64x2{op2(simd(0x51), a.expr, b.expr)} }

// Not is ^a, bit by bit.
func (a I64x2) Not() I64x2 { return I64x2{op1(simd(0x4d), a.expr)} }

// AnyTrue is 1 where any bit of a is set, else 0.
func (a I64x2) AnyTrue() I32 { return I32{expr: op1(simd(0x53), a.expr)} }

// Add is a + b.
func (a F64x2) Add(b F64x2) F64x2 { return F64x2{op2(simd(0xf0), a.expr, b.expr)} }

// Sub is a - b.
func (a F64x2) Sub(b F64x2) F64x2 { return F64x2{op2(simd(0xf1), a.expr, b.expr)} }

// Mul is a * b.
func (a F64x2) Mul(b F64x2) F64x2 { return F64x2{op2(simd(0xf2), a.expr, b.expr)} }

// Div is a / b.
func (a F64x2) Div(b F64x2) F64x2 { return F64x2{op2(simd(0xf3), a.expr, b.expr)} }

// Min is the smaller of a and b, NaN where either is.
func (a F64x2) Min(b F64x2) F64x2 { return F64x2{op2(simd(0xf4), a.expr, b.expr)} }

// Max is the larger of a and b, NaN where either is.
func (a F64x2) Max(b F64x2) F64x2 { return F64x2{op2(simd(0xf5), a.expr, b.expr)} }

// Sqrt is the square root of a.
func (a F64x2) Sqrt() F64x2 { return F64x2{op1(simd(0xef), a.expr)} }

// DemoteZero is a rounded to float32 in lanes 0 and 1; 0 in 2 and 3.
func (a F64x2) DemoteZero() F32x4 { return F32x4{op1(simd(0x5e), a.expr)} }

// AsI32x4 is the same bits as int32.
func (a F32x4) AsI32x4() I32x4 { return I32x4(a) }

// AsF32x4 is the same bits as float32.
func (a I32x4) AsF32x4() F32x4 { return F32x4(a) }

// AsI64x2 is the same bits as int64.
func (a I32x4) AsI64x2() I64x2 { return I64x2(a) }

// AsI32x4 is the same bits as int32.
func (a I64x2) AsI32x4() I32x4 { return I32x4(a) }

// Splat is a in every lane.
func (a F32) Splat() F32x4 { return F32x4{op1(simd(0x13), a.expr)} }

// Splat is a in every lane.
func (a I32) Splat() I32x4 { return I32x4{op1(simd(0x11), a.expr)} }

// Splat is a in both lanes.
func (a I64) Splat() I64x2 { return I64x2{op1(simd(0x12), a.expr)} }

// Splat is a in both lanes.
func (a F64) Splat() F64x2 { return F64x2{op1(simd(0x14), a.expr)} }

// Lane is the value in lane i.
func (a F32x4) Lane(i int) F32 { return F32{op1(lane(0x1f, i, 4), a.expr)} }

// Lane is the value in lane i.
func (a I32x4) Lane(i int) I32 { return I32{expr: op1(lane(0x1b, i, 4), a.expr)} }

// Lane is the value in lane i.
func (a I64x2) Lane(i int) I64 { return I64{op1(lane(0x1d, i, 2), a.expr)} }

// Lane is the value in lane i.
func (a F64x2) Lane(i int) F64 { return F64{op1(lane(0x21, i, 2), a.expr)} }

// WithLane is a with v in lane i.
func (a F32x4) WithLane(i int, v F32) F32x4 { return F32x4{op2(lane(0x20, i, 4), a.expr, v.expr)} }

// WithLane is a with v in lane i.
func (a I32x4) WithLane(i int, v I32) I32x4 { return I32x4{op2(lane(0x1c, i, 4), a.expr, v.expr)} }

func lane(op uint32, i, n int) []byte {
	if i < 0 || i >= n {
		panic("asm: a lane that is not there")
	}
	return append(simd(op), byte(i))
}

// Shuffle is lanes i, j, k, l of the eight lanes a0..a3 b0..b3.
func (a F32x4) Shuffle(b F32x4, i, j, k, l int) F32x4 {
	return F32x4{op2(shuffle(i, j, k, l), a.expr, b.expr)}
}

// Shuffle is lanes i, j, k, l of the eight lanes a0..a3 b0..b3.
func (a I32x4) Shuffle(b I32x4, i, j, k, l int) I32x4 {
	return I32x4{op2(shuffle(i, j, k, l), a.expr, b.expr)}
}

func shuffle(lanes ...int) []byte {
	op := simd(0x0d)
	for _, l := range lanes {
		if l < 0 || l > 7 {
			panic("asm: a lane that is not there")
		}
		op = append(op, byte(4*l), byte(4*l+1), byte(4*l+2), byte(4*l+3))
	}
	return op
}

// Where is a in the bits that are set in mask, and b in the others.
func (a F32x4) Where(b F32x4, mask I32x4) F32x4 {
	return F32x4{op3(simd(0x52), a.expr, b.expr, mask.expr)}
}

// Where is a in the bits that are set in mask, and b in the others.
func (a I32x4) Where(b, mask I32x4) I32x4 {
	return I32x4{op3(simd(0x52), a.expr, b.expr, mask.expr)}
}

// Select is a where cond is not 0, and otherwise b. Both are evaluated.
func (a F32x4) Select(b F32x4, cond I32) F32x4 {
	return F32x4{op3([]byte{0x1b}, a.expr, b.expr, cond.expr)}
}

// MAdd is a*b + c, rounded twice: the same everywhere.
func (a F32x4) MAdd(b, c F32x4) F32x4 { return c.Add(a.Mul(b)) }

// RelaxedMAdd is a*b + c, rounded once or twice, as the machine likes it.
func (a F32x4) RelaxedMAdd(b, c F32x4) F32x4 {
	return F32x4{op3(simd(0x105), a.expr, b.expr, c.expr)}
}

// RelaxedNMAdd is c - a*b, rounded once or twice, as the machine likes it.
func (a F32x4) RelaxedNMAdd(b, c F32x4) F32x4 {
	return F32x4{op3(simd(0x106), a.expr, b.expr, c.expr)}
}

// RelaxedMin is the smaller of a and b, and either where one is NaN or both are zeros.
func (a F32x4) RelaxedMin(b F32x4) F32x4 { return F32x4{op2(simd(0x10d), a.expr, b.expr)} }

// RelaxedMax is the larger of a and b, and either where one is NaN or both are zeros.
func (a F32x4) RelaxedMax(b F32x4) F32x4 { return F32x4{op2(simd(0x10e), a.expr, b.expr)} }

// RelaxedWhere is Where for masks whose lanes are all ones or all zeros.
func (a F32x4) RelaxedWhere(b F32x4, mask I32x4) F32x4 {
	return F32x4{op3(simd(0x10b), a.expr, b.expr, mask.expr)}
}
