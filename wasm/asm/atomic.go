package asm

// Atomics are sequentially consistent. Their addresses must be multiples of 4.

func atomic(op byte, offset int) []byte { return memory([]byte{0xfe, op}, 2, offset) }

// AtomicLoad is the i32 at address a + offset.
func (a I32) AtomicLoad(offset int) I32 {
	return I32{expr: op1(atomic(0x10, offset), a.expr)}
}

// AtomicStore stores v at address a + offset.
func (f *Func) AtomicStore(a I32, offset int, v I32) {
	f.emit(a.code, v.code, atomic(0x17, offset))
}

// AtomicAdd adds v to the i32 at address a + offset, and is what was there before.
func (a I32) AtomicAdd(offset int, v I32) I32 {
	return I32{expr: op2(atomic(0x1e, offset), a.expr, v.expr)}
}

// AtomicSub subtracts v from the i32 at address a + offset, and is what was there before.
func (a I32) AtomicSub(offset int, v I32) I32 {
	return I32{expr: op2(atomic(0x25, offset), a.expr, v.expr)}
}

// AtomicAnd ands v into the i32 at address a + offset, and is what was there before.
func (a I32) AtomicAnd(offset int, v I32) I32 {
	return I32{expr: op2(atomic(0x2c, offset), a.expr, v.expr)}
}

// AtomicOr ors v into the i32 at address a + offset, and is what was there before.
func (a I32) AtomicOr(offset int, v I32) I32 {
	return I32{expr: op2(atomic(0x33, offset), a.expr, v.expr)}
}

// AtomicXor xors v into the i32 at address a + offset, and is what was there before.
func (a I32) AtomicXor(offset int, v I32) I32 {
	return I32{expr: op2(atomic(0x3a, offset), a.expr, v.expr)}
}

// AtomicExchange stores v as the i32 at address a + offset, and is what was there before.
func (a I32) AtomicExchange(offset int, v I32) I32 {
	return I32{expr: op2(atomic(0x41, offset), a.expr, v.expr)}
}

// AtomicCompareExchange stores v at address a + offset if old is there, and is
// what was there before.
func (a I32) AtomicCompareExchange(offset int, old, v I32) I32 {
	return I32{expr: op3(atomic(0x48, offset), a.expr, old.expr, v.expr)}
}

// AtomicWait sleeps while want is at address a + offset: it is 0 when woken by
// AtomicNotify, 1 when something else was there, 2 after timeout nanoseconds (which
// means for ever when negative). It traps on memory that is not shared.
func (a I32) AtomicWait(offset int, want I32, timeout I64) I32 {
	return I32{expr: op3(atomic(0x01, offset), a.expr, want.expr, timeout.expr)}
}

// AtomicNotify wakes at most n sleepers at address a + offset, and is how many it woke.
func (a I32) AtomicNotify(offset int, n I32) I32 {
	return I32{expr: op2(atomic(0x00, offset), a.expr, n.expr)}
}

// AtomicFence orders all accesses before it before all accesses after it.
func (f *Func) AtomicFence() { f.emit([]byte{0xfe, 0x03, 0x00}) }
