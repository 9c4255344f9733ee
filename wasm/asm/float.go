package asm

// Add is a + b.
func (a F32) Add(b F32) F32 { return F32{op2([]byte{0x92}, a.expr, b.expr)} }

// Sub is a - b.
func (a F32) Sub(b F32) F32 { return F32{op2([]byte{0x93}, a.expr, b.expr)} }

// Mul is a * b.
func (a F32) Mul(b F32) F32 { return F32{op2([]byte{0x94}, a.expr, b.expr)} }

// Div is a / b.
func (a F32) Div(b F32) F32 { return F32{op2([]byte{0x95}, a.expr, b.expr)} }

// Min is the smaller of a and b, NaN where either is.
func (a F32) Min(b F32) F32 { return F32{op2([]byte{0x96}, a.expr, b.expr)} }

// Max is the larger of a and b, NaN where either is.
func (a F32) Max(b F32) F32 { return F32{op2([]byte{0x97}, a.expr, b.expr)} }

// Copysign is a with the sign of b.
func (a F32) Copysign(b F32) F32 { return F32{op2([]byte{0x98}, a.expr, b.expr)} }

// Eq is a == b.
func (a F32) Eq(b F32) I32 { return I32{expr: op2([]byte{0x5b}, a.expr, b.expr)} }

// Ne is a != b.
func (a F32) Ne(b F32) I32 { return I32{expr: op2([]byte{0x5c}, a.expr, b.expr)} }

// Lt is a < b.
func (a F32) Lt(b F32) I32 { return I32{expr: op2([]byte{0x5d}, a.expr, b.expr)} }

// Gt is a > b.
func (a F32) Gt(b F32) I32 { return I32{expr: op2([]byte{0x5e}, a.expr, b.expr)} }

// Le is a <= b.
func (a F32) Le(b F32) I32 { return I32{expr: op2([]byte{0x5f}, a.expr, b.expr)} }

// Ge is a >= b.
func (a F32) Ge(b F32) I32 { return I32{expr: op2([]byte{0x60}, a.expr, b.expr)} }

// Abs is |a|.
func (a F32) Abs() F32 { return F32{op1([]byte{0x8b}, a.expr)} }

// Neg is -a.
func (a F32) Neg() F32 { return F32{op1([]byte{0x8c}, a.expr)} }

// Ceil is a rounded up.
func (a F32) Ceil() F32 { return F32{op1([]byte{0x8d}, a.expr)} }

// Floor is a rounded down.
func (a F32) Floor() F32 { return F32{op1([]byte{0x8e}, a.expr)} }

// Trunc is a rounded towards 0.
func (a F32) Trunc() F32 { return F32{op1([]byte{0x8f}, a.expr)} }

// Nearest is a rounded to the nearest integer, ties to even.
func (a F32) Nearest() F32 { return F32{op1([]byte{0x90}, a.expr)} }

// Sqrt is the square root of a.
func (a F32) Sqrt() F32 { return F32{op1([]byte{0x91}, a.expr)} }

// Select is a where cond is not 0, and otherwise b. Both are evaluated.
func (a F32) Select(b F32, cond I32) F32 {
	return F32{op3([]byte{0x1b}, a.expr, b.expr, cond.expr)}
}

// Add is a + b.
func (a F64) Add(b F64) F64 { return F64{op2([]byte{0xa0}, a.expr, b.expr)} }

// Sub is a - b.
func (a F64) Sub(b F64) F64 { return F64{op2([]byte{0xa1}, a.expr, b.expr)} }

// Mul is a * b.
func (a F64) Mul(b F64) F64 { return F64{op2([]byte{0xa2}, a.expr, b.expr)} }

// Div is a / b.
func (a F64) Div(b F64) F64 { return F64{op2([]byte{0xa3}, a.expr, b.expr)} }

// Min is the smaller of a and b, NaN where either is.
func (a F64) Min(b F64) F64 { return F64{op2([]byte{0xa4}, a.expr, b.expr)} }

// Max is the larger of a and b, NaN where either is.
func (a F64) Max(b F64) F64 { return F64{op2([]byte{0xa5}, a.expr, b.expr)} }

// Copysign is a with the sign of b.
func (a F64) Copysign(b F64) F64 { return F64{op2([]byte{0xa6}, a.expr, b.expr)} }

// Eq is a == b.
func (a F64) Eq(b F64) I32 { return I32{expr: op2([]byte{0x61}, a.expr, b.expr)} }

// Ne is a != b.
func (a F64) Ne(b F64) I32 { return I32{expr: op2([]byte{0x62}, a.expr, b.expr)} }

// Lt is a < b.
func (a F64) Lt(b F64) I32 { return I32{expr: op2([]byte{0x63}, a.expr, b.expr)} }

// Gt is a > b.
func (a F64) Gt(b F64) I32 { return I32{expr: op2([]byte{0x64}, a.expr, b.expr)} }

// Le is a <= b.
func (a F64) Le(b F64) I32 { return I32{expr: op2([]byte{0x65}, a.expr, b.expr)} }

// Ge is a >= b.
func (a F64) Ge(b F64) I32 { return I32{expr: op2([]byte{0x66}, a.expr, b.expr)} }

// Abs is |a|.
func (a F64) Abs() F64 { return F64{op1([]byte{0x99}, a.expr)} }

// Neg is -a.
func (a F64) Neg() F64 { return F64{op1([]byte{0x9a}, a.expr)} }

// Ceil is a rounded up.
func (a F64) Ceil() F64 { return F64{op1([]byte{0x9b}, a.expr)} }

// Floor is a rounded down.
func (a F64) Floor() F64 { return F64{op1([]byte{0x9c}, a.expr)} }

// Trunc is a rounded towards 0.
func (a F64) Trunc() F64 { return F64{op1([]byte{0x9d}, a.expr)} }

// Nearest is a rounded to the nearest integer, ties to even.
func (a F64) Nearest() F64 { return F64{op1([]byte{0x9e}, a.expr)} }

// Sqrt is the square root of a.
func (a F64) Sqrt() F64 { return F64{op1([]byte{0x9f}, a.expr)} }

// Select is a where cond is not 0, and otherwise b. Both are evaluated.
func (a F64) Select(b F64, cond I32) F64 {
	return F64{op3([]byte{0x1b}, a.expr, b.expr, cond.expr)}
}

// ToF32S is the signed number a as a float32.
func (a I32) ToF32S() F32 { return F32{op1([]byte{0xb2}, a.expr)} }

// ToF32U is the unsigned number a as a float32.
func (a I32) ToF32U() F32 { return F32{op1([]byte{0xb3}, a.expr)} }

// ToF64S is the signed number a as a float64.
func (a I32) ToF64S() F64 { return F64{op1([]byte{0xb7}, a.expr)} }

// BitsF32 is the float32 with the bits of a.
func (a I32) BitsF32() F32 { return F32{op1([]byte{0xbe}, a.expr)} }

// Bits is the bits of a.
func (a F32) Bits() I32 { return I32{expr: op1([]byte{0xbc}, a.expr)} }

// ToF64 is a as a float64.
func (a F32) ToF64() F64 { return F64{op1([]byte{0xbb}, a.expr)} }

// ToF32 is a rounded to a float32.
func (a F64) ToF32() F32 { return F32{op1([]byte{0xb6}, a.expr)} }

// ToI32S is a, rounded towards 0, as a signed number; it saturates, and is 0 for NaN.
func (a F32) ToI32S() I32 { return I32{expr: op1([]byte{0xfc, 0x00}, a.expr)} }

// ToI32U is a, rounded towards 0, as an unsigned number; it saturates, and is 0 for NaN.
func (a F32) ToI32U() I32 { return I32{expr: op1([]byte{0xfc, 0x01}, a.expr)} }

// ToI32S is a, rounded towards 0, as a signed number; it saturates, and is 0 for NaN.
func (a F64) ToI32S() I32 { return I32{expr: op1([]byte{0xfc, 0x02}, a.expr)} }
