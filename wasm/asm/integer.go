package asm

import "math/bits"

// Sub is a - b.
func (a I32) Sub(b I32) I32 { return I32{expr: op2([]byte{0x6b}, a.expr, b.expr)} }

// DivS is a / b on signed numbers; it traps where b is 0.
func (a I32) DivS(b I32) I32 { return I32{expr: op2([]byte{0x6d}, a.expr, b.expr)} }

// DivU is a / b on unsigned numbers; it traps where b is 0.
func (a I32) DivU(b I32) I32 { return I32{expr: op2([]byte{0x6e}, a.expr, b.expr)} }

// RemS is the remainder of DivS.
func (a I32) RemS(b I32) I32 { return I32{expr: op2([]byte{0x6f}, a.expr, b.expr)} }

// RemU is the remainder of DivU.
func (a I32) RemU(b I32) I32 { return I32{expr: op2([]byte{0x70}, a.expr, b.expr)} }

// And is a & b.
func (a I32) And(b I32) I32 { return I32{expr: op2([]byte{0x71}, a.expr, b.expr)} }

// Or is a | b.
func (a I32) Or(b I32) I32 { return I32{expr: op2([]byte{0x72}, a.expr, b.expr)} }

// Xor is a ^ b.
func (a I32) Xor(b I32) I32 { return I32{expr: op2([]byte{0x73}, a.expr, b.expr)} }

// Shl is a << b.
func (a I32) Shl(b I32) I32 { return I32{expr: op2([]byte{0x74}, a.expr, b.expr)} }

// ShrS is a >> b on signed numbers.
func (a I32) ShrS(b I32) I32 { return I32{expr: op2([]byte{0x75}, a.expr, b.expr)} }

// ShrU is a >> b on unsigned numbers.
func (a I32) ShrU(b I32) I32 { return I32{expr: op2([]byte{0x76}, a.expr, b.expr)} }

// Rotl is a rotated left by b bits.
func (a I32) Rotl(b I32) I32 { return I32{expr: op2([]byte{0x77}, a.expr, b.expr)} }

// Eq is a == b.
func (a I32) Eq(b I32) I32 { return I32{expr: op2([]byte{0x46}, a.expr, b.expr)} }

// Ne is a != b.
func (a I32) Ne(b I32) I32 { return I32{expr: op2([]byte{0x47}, a.expr, b.expr)} }

// LtS is a < b on signed numbers.
func (a I32) LtS(b I32) I32 { return I32{expr: op2([]byte{0x48}, a.expr, b.expr)} }

// LtU is a < b on unsigned numbers.
func (a I32) LtU(b I32) I32 { return I32{expr: op2([]byte{0x49}, a.expr, b.expr)} }

// GtS is a > b on signed numbers.
func (a I32) GtS(b I32) I32 { return I32{expr: op2([]byte{0x4a}, a.expr, b.expr)} }

// GtU is a > b on unsigned numbers.
func (a I32) GtU(b I32) I32 { return I32{expr: op2([]byte{0x4b}, a.expr, b.expr)} }

// LeS is a <= b on signed numbers.
func (a I32) LeS(b I32) I32 { return I32{expr: op2([]byte{0x4c}, a.expr, b.expr)} }

// LeU is a <= b on unsigned numbers.
func (a I32) LeU(b I32) I32 { return I32{expr: op2([]byte{0x4d}, a.expr, b.expr)} }

// GeS is a >= b on signed numbers.
func (a I32) GeS(b I32) I32 { return I32{expr: op2([]byte{0x4e}, a.expr, b.expr)} }

// GeU is a >= b on unsigned numbers.
func (a I32) GeU(b I32) I32 { return I32{expr: op2([]byte{0x4f}, a.expr, b.expr)} }

// Eqz is a == 0.
func (a I32) Eqz() I32 { return I32{expr: op1([]byte{0x45}, a.expr)} }

// Clz is the number of leading zero bits.
func (a I32) Clz() I32 { return I32{expr: op1([]byte{0x67}, a.expr)} }

// Ctz is the number of trailing zero bits.
func (a I32) Ctz() I32 { return I32{expr: op1([]byte{0x68}, a.expr)} }

// Popcnt is the number of one bits.
func (a I32) Popcnt() I32 { return I32{expr: op1([]byte{0x69}, a.expr)} }

// Add is a + b.
func (a I64) Add(b I64) I64 { return I64{op2([]byte{0x7c}, a.expr, b.expr)} }

// Sub is a - b.
func (a I64) Sub(b I64) I64 { return I64{op2([]byte{0x7d}, a.expr, b.expr)} }

// Mul is a * b.
func (a I64) Mul(b I64) I64 { return I64{op2([]byte{0x7e}, a.expr, b.expr)} }

// And is a & b.
func (a I64) And(b I64) I64 { return I64{op2([]byte{0x83}, a.expr, b.expr)} }

// Or is a | b.
func (a I64) Or(b I64) I64 { return I64{op2([]byte{0x84}, a.expr, b.expr)} }

// Xor is a ^ b.
func (a I64) Xor(b I64) I64 { return I64{op2([]byte{0x85}, a.expr, b.expr)} }

// Shl is a << b.
func (a I64) Shl(b I64) I64 { return I64{op2([]byte{0x86}, a.expr, b.expr)} }

// ShrU is a >> b on unsigned numbers.
func (a I64) ShrU(b I64) I64 { return I64{op2([]byte{0x88}, a.expr, b.expr)} }

// WrapI32 is the low 32 bits.
func (a I64) WrapI32() I32 { return I32{expr: op1([]byte{0xa7}, a.expr)} }

// ExtendI64U is a as an unsigned 64-bit number.
func (a I32) ExtendI64U() I64 { return I64{op1([]byte{0xad}, a.expr)} }

// ExtendI64S is a as a signed 64-bit number.
func (a I32) ExtendI64S() I64 { return I64{op1([]byte{0xac}, a.expr)} }

// Add is a + b.
func (a I32) Add(b I32) I32 {
	switch {
	case a.known && b.known:
		return C(int(a.k + b.k))
	case b.known && b.k == 0:
		return a
	case a.known && a.k == 0:
		return b
	}
	return I32{expr: op2([]byte{0x6a}, a.expr, b.expr)}
}

// Mul is a * b.
func (a I32) Mul(b I32) I32 {
	switch {
	case a.known && b.known:
		return C(int(a.k * b.k))
	case b.known && b.k == 1:
		return a
	case a.known && a.k == 1:
		return b
	case b.known && b.k > 0 && b.k&(b.k-1) == 0:
		return a.Shl(C(bits.TrailingZeros32(uint32(b.k))))
	}
	return I32{expr: op2([]byte{0x6c}, a.expr, b.expr)}
}

// AddC is a + c.
func (a I32) AddC(c int) I32 { return a.Add(C(c)) }

// SubC is a - c.
func (a I32) SubC(c int) I32 { return a.Add(C(-c)) }

// MulC is a * c.
func (a I32) MulC(c int) I32 { return a.Mul(C(c)) }

// Select is a where cond is not 0, and otherwise b. Both are evaluated.
func (a I32) Select(b, cond I32) I32 {
	return I32{expr: op3([]byte{0x1b}, a.expr, b.expr, cond.expr)}
}

// MinS is the smaller of two signed numbers; the operands are evaluated twice.
func (a I32) MinS(b I32) I32 { return a.Select(b, a.LtS(b)) }

// MaxS is the larger of two signed numbers; the operands are evaluated twice.
func (a I32) MaxS(b I32) I32 { return a.Select(b, a.GtS(b)) }

// MinU is the smaller of two unsigned numbers; the operands are evaluated twice.
func (a I32) MinU(b I32) I32 { return a.Select(b, a.LtU(b)) }
