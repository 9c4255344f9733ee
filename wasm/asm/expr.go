package asm

import (
	"encoding/binary"
	"math"
	"slices"
)

// expr is the code that leaves one value on the stack. local is the index of the
// local that it reads, or -1.
type expr struct {
	code  []byte
	f     *Func
	local int
}

func (e expr) valueCode() []byte { return e.code }

func (e expr) set(op byte, code []byte) []byte {
	if e.f == nil || e.local < 0 {
		panic("asm: Set or Tee of an expression that is not a local")
	}
	return appendU(append(slices.Clone(code), op), uint64(e.local))
}

func (e expr) assign(v expr) {
	b := e.set(0x21, v.code)
	e.f.emit(b)
}

func (e expr) tee(v expr) expr { return expr{code: e.set(0x22, v.code), local: -1} }

// op1, op2 and op3 apply an instruction to operands, in order.
func op1(op []byte, a expr) expr { return expr{code: slices.Concat(a.code, op), local: -1} }

func op2(op []byte, a, b expr) expr { return expr{code: slices.Concat(a.code, b.code, op), local: -1} }

func op3(op []byte, a, b, c expr) expr {
	return expr{code: slices.Concat(a.code, b.code, c.code, op), local: -1}
}

// simd is the encoding of a vector instruction.
func simd(op uint32) []byte { return appendU([]byte{0xfd}, uint64(op)) }

// I32 is an expression of type i32: an integer, an address or a truth value.
type I32 struct {
	expr
	known bool // a constant, whose value is k
	k     int32
}

// I64 is an expression of type i64.
type I64 struct{ expr }

// F32 is an expression of type f32.
type F32 struct{ expr }

// F64 is an expression of type f64.
type F64 struct{ expr }

// F32x4 is an expression of type v128 used as four float32.
type F32x4 struct{ expr }

// I32x4 is an expression of type v128 used as four int32 (or uint32, where the
// method says so).
type I32x4 struct{ expr }

// I64x2 is an expression of type v128 used as two int64.
type I64x2 struct{ expr }

// F64x2 is an expression of type v128 used as two float64.
type F64x2 struct{ expr }

func (I32) valueType() Type   { return TypeI32 }
func (I64) valueType() Type   { return TypeI64 }
func (F32) valueType() Type   { return TypeF32 }
func (F64) valueType() Type   { return TypeF64 }
func (F32x4) valueType() Type { return TypeV128 }
func (I32x4) valueType() Type { return TypeV128 }
func (I64x2) valueType() Type { return TypeV128 }
func (F64x2) valueType() Type { return TypeV128 }

// C is an i32 constant.
func C(v int) I32 {
	k := int32(v)
	if int64(k) != int64(v) && int64(uint32(v)) != int64(v) {
		panic("asm: a constant that does not fit 32 bits")
	}
	return I32{expr{code: appendS([]byte{0x41}, int64(k)), local: -1}, true, k}
}

// C64 is an i64 constant.
func C64(v int64) I64 { return I64{expr{code: appendS([]byte{0x42}, v), local: -1}} }

// CF is an f32 constant.
func CF(v float32) F32 {
	return F32{expr{code: binary.LittleEndian.AppendUint32([]byte{0x43}, math.Float32bits(v)), local: -1}}
}

// CF64 is an f64 constant.
func CF64(v float64) F64 {
	return F64{expr{code: binary.LittleEndian.AppendUint64([]byte{0x44}, math.Float64bits(v)), local: -1}}
}

// CF32x4 is a vector constant with v in every lane.
func CF32x4(v float32) F32x4 {
	b := math.Float32bits(v)
	return F32x4{vectorConst(b, b, b, b)}
}

// CF32x4Lanes is a vector constant, lane 0 first.
func CF32x4Lanes(a, b, c, d float32) F32x4 {
	return F32x4{vectorConst(math.Float32bits(a), math.Float32bits(b), math.Float32bits(c), math.Float32bits(d))}
}

// CI32x4 is a vector constant with v in every lane.
func CI32x4(v uint32) I32x4 { return I32x4{vectorConst(v, v, v, v)} }

// CI32x4Lanes is a vector constant, lane 0 first.
func CI32x4Lanes(a, b, c, d uint32) I32x4 { return I32x4{vectorConst(a, b, c, d)} }

func vectorConst(lanes ...uint32) expr {
	b := simd(0x0c)
	for _, l := range lanes {
		b = binary.LittleEndian.AppendUint32(b, l)
	}
	return expr{code: b, local: -1}
}

// ParamI32 declares the next parameter, as a local.
func (f *Func) ParamI32() I32 { return I32{expr: f.param(TypeI32)} }

// ParamI64 declares the next parameter, as a local.
func (f *Func) ParamI64() I64 { return I64{f.param(TypeI64)} }

// ParamF32 declares the next parameter, as a local.
func (f *Func) ParamF32() F32 { return F32{f.param(TypeF32)} }

// ParamF64 declares the next parameter, as a local.
func (f *Func) ParamF64() F64 { return F64{f.param(TypeF64)} }

// ParamF32x4 declares the next parameter, as a local.
func (f *Func) ParamF32x4() F32x4 { return F32x4{f.param(TypeV128)} }

// I32 declares a local, 0 when the function starts.
func (f *Func) I32() I32 { return I32{expr: f.newLocal(TypeI32)} }

// I64 declares a local, 0 when the function starts.
func (f *Func) I64() I64 { return I64{f.newLocal(TypeI64)} }

// F32 declares a local, 0 when the function starts.
func (f *Func) F32() F32 { return F32{f.newLocal(TypeF32)} }

// F64 declares a local, 0 when the function starts.
func (f *Func) F64() F64 { return F64{f.newLocal(TypeF64)} }

// F32x4 declares a local, 0 when the function starts.
func (f *Func) F32x4() F32x4 { return F32x4{f.newLocal(TypeV128)} }

// I32x4 declares a local, 0 when the function starts.
func (f *Func) I32x4() I32x4 { return I32x4{f.newLocal(TypeV128)} }

// I64x2 declares a local, 0 when the function starts.
func (f *Func) I64x2() I64x2 { return I64x2{f.newLocal(TypeV128)} }

// F64x2 declares a local, 0 when the function starts.
func (f *Func) F64x2() F64x2 { return F64x2{f.newLocal(TypeV128)} }

// LetI32 declares a local with the value that v has here.
func (f *Func) LetI32(v I32) I32 { x := f.I32(); x.Set(v); return x }

// LetI64 declares a local with the value that v has here.
func (f *Func) LetI64(v I64) I64 { x := f.I64(); x.Set(v); return x }

// LetF32 declares a local with the value that v has here.
func (f *Func) LetF32(v F32) F32 { x := f.F32(); x.Set(v); return x }

// LetF64 declares a local with the value that v has here.
func (f *Func) LetF64(v F64) F64 { x := f.F64(); x.Set(v); return x }

// LetF32x4 declares a local with the value that v has here.
func (f *Func) LetF32x4(v F32x4) F32x4 { x := f.F32x4(); x.Set(v); return x }

// LetI32x4 declares a local with the value that v has here.
func (f *Func) LetI32x4(v I32x4) I32x4 { x := f.I32x4(); x.Set(v); return x }

// LetI64x2 declares a local with the value that v has here.
func (f *Func) LetI64x2(v I64x2) I64x2 { x := f.I64x2(); x.Set(v); return x }

// LetF64x2 declares a local with the value that v has here.
func (f *Func) LetF64x2(v F64x2) F64x2 { x := f.F64x2(); x.Set(v); return x }

// Set stores v in the local x.
func (x I32) Set(v I32) { x.assign(v.expr) }

// Set stores v in the local x.
func (x I64) Set(v I64) { x.assign(v.expr) }

// Set stores v in the local x.
func (x F32) Set(v F32) { x.assign(v.expr) }

// Set stores v in the local x.
func (x F64) Set(v F64) { x.assign(v.expr) }

// Set stores v in the local x.
func (x F32x4) Set(v F32x4) { x.assign(v.expr) }

// Set stores v in the local x.
func (x I32x4) Set(v I32x4) { x.assign(v.expr) }

// Set stores v in the local x.
func (x I64x2) Set(v I64x2) { x.assign(v.expr) }

// Set stores v in the local x.
func (x F64x2) Set(v F64x2) { x.assign(v.expr) }

// Tee stores v in the local x and is v.
func (x I32) Tee(v I32) I32 { return I32{expr: x.tee(v.expr)} }

// Tee stores v in the local x and is v.
func (x F32) Tee(v F32) F32 { return F32{x.tee(v.expr)} }

// Tee stores v in the local x and is v.
func (x F32x4) Tee(v F32x4) F32x4 { return F32x4{x.tee(v.expr)} }

// Tee stores v in the local x and is v.
func (x I32x4) Tee(v I32x4) I32x4 { return I32x4{x.tee(v.expr)} }

// Global is a mutable i32 of the instance.
type Global struct{ index int }

// Get reads the global.
func (g Global) Get() I32 {
	return I32{expr: expr{code: appendU([]byte{0x23}, uint64(g.index)), local: -1}}
}

// SetGlobal writes the global.
func (f *Func) SetGlobal(g Global, v I32) { f.emit(v.code, appendU([]byte{0x24}, uint64(g.index))) }
