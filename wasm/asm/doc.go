// Package asm writes WebAssembly modules: functions with typed locals,
// structured control, SIMD (relaxed too) and atomics, down to the bytes.
//
// It is for people who write kernels, so it reads like the loop it becomes:
//
//	m := asm.NewModule()
//	m.ImportMemory("env", "memory", asm.Limits{Min: 1})
//	f := m.Func("scale") // for i := range n { x[i] *= a }
//	x, n, a := f.ParamI32(), f.ParamI32(), f.ParamF32()
//	end := f.LetI32(x.Add(n.MulC(4)))
//	f.While(x.LtU(end), func() {
//		f.StoreF32(x, 0, x.LoadF32(0).Mul(a))
//		x.Set(x.AddC(4))
//	})
//	m.Export("scale", f)
//	wasm := m.Encode()
//
// The Go types I32, I64, F32, F64, F32x4, I32x4, I64x2 and F64x2 are
// expressions of that type, so most mistakes that WebAssembly's validator would
// find are found by the Go compiler. An expression is code, not a value: it is
// evaluated where it is used, once for each use, and sees the locals as they are
// then. Let pins a value in a local. A local is an expression that also has Set
// and Tee.
//
// The package is not an assembler for text, not an optimizer (it folds integer
// constants, no more) and not a validator; it panics where it is misused.
// Start with Module, then Func, then the expression types.
package asm
