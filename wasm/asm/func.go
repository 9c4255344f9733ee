package asm

import "fmt"

// Func is a function under construction. Declare parameters first (Param…), then
// results (Returns), then locals and statements in any order.
type Func struct {
	m        *Module
	name     string
	index    int
	params   []Type
	results  []Type
	locals   []Type
	code     []byte
	depth    int // open blocks; a Label's distance is counted from here
	finished bool
}

// Value is an expression of any type, as an argument or a result.
type Value interface {
	valueType() Type
	valueCode() []byte
}

// Label is the target of a branch: the end of a Block, or the start of a Loop.
type Label struct {
	f     *Func
	depth int
}

// Signature returns the function's type as declared so far.
func (f *Func) Signature() Signature { return Signature{f.params, f.results} }

// Index returns the function's index in its module.
func (f *Func) Index() int { return f.index }

// Returns declares the types of the results.
func (f *Func) Returns(types ...Type) { f.results = types }

func (f *Func) param(t Type) expr {
	if len(f.locals) > 0 || len(f.code) > 0 {
		panic(f.where() + "parameters come before locals and statements")
	}
	f.params = append(f.params, t)
	return f.local(len(f.params) - 1)
}

func (f *Func) newLocal(t Type) expr {
	f.locals = append(f.locals, t)
	return f.local(len(f.params) + len(f.locals) - 1)
}

func (f *Func) local(index int) expr {
	return expr{code: appendU([]byte{0x20}, uint64(index)), f: f, local: index}
}

func (f *Func) where() string { return "asm: " + f.name + ": " }

func (f *Func) emit(parts ...[]byte) {
	if f.finished {
		panic(f.where() + "a statement after Encode")
	}
	for _, p := range parts {
		f.code = append(f.code, p...)
	}
}

func (f *Func) finish() {
	if f.depth != 0 {
		panic(f.where() + "an open block")
	}
	f.finished = true
}

// body returns the locals in runs of one type, the code and the end.
func (f *Func) body() []byte {
	var runs []byte
	n := 0
	for i := 0; i < len(f.locals); n++ {
		j := i
		for j < len(f.locals) && f.locals[j] == f.locals[i] {
			j++
		}
		runs = append(appendU(runs, uint64(j-i)), byte(f.locals[i]))
		i = j
	}
	b := append(appendU(nil, uint64(n)), runs...)
	b = append(b, f.code...)
	return append(b, 0x0b)
}

// Block runs body; a branch to its label leaves it.
func (f *Func) Block(body func(exit Label)) {
	f.emit([]byte{0x02, 0x40})
	f.nest(body)
}

// Loop runs body once; a branch to its label runs it again.
func (f *Func) Loop(body func(again Label)) {
	f.emit([]byte{0x03, 0x40})
	f.nest(body)
}

func (f *Func) nest(body func(Label)) {
	f.depth++
	body(Label{f, f.depth})
	f.depth--
	f.emit([]byte{0x0b})
}

// If runs then where cond is not 0.
func (f *Func) If(cond I32, then func()) {
	f.emit(cond.code, []byte{0x04, 0x40})
	f.nest(func(Label) { then() })
}

// IfElse runs then where cond is not 0, and otherwise where it is.
func (f *Func) IfElse(cond I32, then, otherwise func()) {
	f.emit(cond.code, []byte{0x04, 0x40})
	f.nest(func(Label) {
		then()
		f.emit([]byte{0x05})
		otherwise()
	})
}

// While runs body as long as cond, tested before each turn, is not 0.
func (f *Func) While(cond I32, body func()) {
	f.If(cond, func() {
		f.Loop(func(again Label) {
			body()
			f.BrIf(again, cond)
		})
	})
}

// DoWhile runs body, and again as long as cond, tested after each turn, is not 0.
func (f *Func) DoWhile(body func(), cond func() I32) {
	f.Loop(func(again Label) {
		body()
		f.BrIf(again, cond())
	})
}

// For is: for i = from; i < to; i += step { body } on signed numbers. The
// expressions to and step are evaluated in every turn.
func (f *Func) For(i, from, to, step I32, body func()) {
	i.Set(from)
	f.While(i.LtS(to), func() {
		body()
		i.Set(i.Add(step))
	})
}

// Range is: for i = 0; i < n; i++ { body }, with an i of its own.
func (f *Func) Range(n I32, body func(i I32)) {
	i := f.I32()
	f.For(i, C(0), n, C(1), func() { body(i) })
}

// Switch runs the case that x says, counted from 0, or otherwise (which may be
// nil) where there is none.
func (f *Func) Switch(x I32, cases []func(), otherwise func()) {
	n := len(cases)
	f.Block(func(exit Label) {
		for range n + 1 {
			f.emit([]byte{0x02, 0x40})
			f.depth++
		}
		b := appendU(append([]byte{}, 0x0e), uint64(n))
		for i := range n + 1 {
			b = appendU(b, uint64(i))
		}
		f.emit(x.code, b)
		for i := range n + 1 {
			f.depth--
			f.emit([]byte{0x0b})
			if i < n {
				cases[i]()
				f.Br(exit)
			} else if otherwise != nil {
				otherwise()
			}
		}
	})
}

// Br branches to the label.
func (f *Func) Br(l Label) { f.emit(appendU([]byte{0x0c}, f.distance(l))) }

// BrIf branches to the label where cond is not 0.
func (f *Func) BrIf(l Label, cond I32) { f.emit(cond.code, appendU([]byte{0x0d}, f.distance(l))) }

func (f *Func) distance(l Label) uint64 {
	if l.f != f || l.depth > f.depth {
		panic(f.where() + "a branch to a label that is not around it")
	}
	return uint64(f.depth - l.depth)
}

// Return leaves the function with its results. As the last statement of a
// function it gives the function its value.
func (f *Func) Return(results ...Value) {
	f.arguments("a result", f.results, results)
	f.emit([]byte{0x0f})
}

// Unreachable traps.
func (f *Func) Unreachable() { f.emit([]byte{0x00}) }

// Drop evaluates v and forgets the value.
func (f *Func) Drop(v Value) { f.emit(v.valueCode(), []byte{0x1a}) }

// Call calls g, which has no results.
func (f *Func) Call(g *Func, args ...Value) {
	if len(g.results) != 0 {
		panic(f.where() + "Call of " + g.name + ", which has results")
	}
	f.emit(f.call(g, args))
}

// CallI32 calls g, which returns one i32.
func (f *Func) CallI32(g *Func, args ...Value) I32 {
	f.wants(g.results, TypeI32)
	return I32{expr: expr{code: f.call(g, args), local: -1}}
}

// CallF32 calls g, which returns one f32.
func (f *Func) CallF32(g *Func, args ...Value) F32 {
	f.wants(g.results, TypeF32)
	return F32{expr{code: f.call(g, args), local: -1}}
}

// CallF32x4 calls g, which returns one v128.
func (f *Func) CallF32x4(g *Func, args ...Value) F32x4 {
	f.wants(g.results, TypeV128)
	return F32x4{expr{code: f.call(g, args), local: -1}}
}

func (f *Func) call(g *Func, args []Value) []byte {
	return appendU(f.check("an argument of "+g.name, g.params, args), uint64(g.index))
}

// CallIndirect calls the function at slot of the module's table, of a type
// without results.
func (f *Func) CallIndirect(sig Signature, slot I32, args ...Value) {
	if len(sig.Results) != 0 {
		panic(f.where() + "CallIndirect with results")
	}
	f.emit(f.callIndirect(sig, slot, args))
}

// CallIndirectI32 is CallIndirect of a type that returns one i32.
func (f *Func) CallIndirectI32(sig Signature, slot I32, args ...Value) I32 {
	f.wants(sig.Results, TypeI32)
	return I32{expr: expr{code: f.callIndirect(sig, slot, args), local: -1}}
}

func (f *Func) callIndirect(sig Signature, slot I32, args []Value) []byte {
	if !f.m.hasTable {
		panic(f.where() + "CallIndirect without a table")
	}
	b := f.check("an argument of a call_indirect", sig.Params, args)
	b = b[:len(b)-1] // check ends with call's opcode
	b = append(b, slot.code...)
	b = appendU(append(b, 0x11), uint64(f.m.typeOf(sig)))
	return append(b, 0)
}

func (f *Func) wants(results []Type, t Type) {
	if len(results) != 1 || results[0] != t {
		panic(f.where() + "a call's result is not of the type asked for")
	}
}

func (f *Func) arguments(what string, want []Type, got []Value) {
	b := f.check(what, want, got)
	f.emit(b[:len(b)-1])
}

// check returns the code of the values, checked against their types, and the
// opcode of call.
func (f *Func) check(what string, want []Type, got []Value) []byte {
	if len(want) != len(got) {
		panic(fmt.Sprintf("%s%s: %d values for %d", f.where(), what, len(got), len(want)))
	}
	var b []byte
	for i, v := range got {
		if v.valueType() != want[i] {
			panic(fmt.Sprintf("%s%s: value %d has the wrong type", f.where(), what, i))
		}
		b = append(b, v.valueCode()...)
	}
	return append(b, 0x10)
}
