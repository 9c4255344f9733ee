// Package kernels holds tabgrad's SIMD kernels: Go that emits a WebAssembly
// module, and the words by which a program for that module is written.
//
// It is for the backend in wasm/simd, which owns the memory and decides what runs.
// It is not a backend: it knows addresses and sizes, no ops, shapes or gradients.
//
// # The module
//
// The module imports its memory as env.memory and exports
//
//	run(program, lane, lanes i32) i32      one lane's walk through a program; 0, or a Status
//	start(program, lanes i32) i32          lane 0: wake the helpers, and run
//	lane_loop(lane i32) i32                a helper: wait for programs and run them until stop
//	stop()                                 lane 0: send the helpers home
//
// (lane_loop and stop only where the memory is shared.) A program is words in that
// memory: the number of ops, and for each op its Opcode, the number of its argument
// words and those words; see Program. All addresses are in bytes from the start of
// the memory. The first HeapBase bytes belong to this package (see control.go), the
// rest to the caller, except for the last 128 bytes: kernels read (and never write) up
// to that far behind a buffer.
//
// Every kernel is func(args, lane, lanes i32): it does its lane's share of one op, and
// run waits for all lanes between ops. A kernel divides outputs between lanes, never
// a sum, so that the number of lanes doesn't change a bit of the result.
//
// # Where to start
//
// program.go is the caller's side: Program, Call, Opcode. Each op family has a file
// with its opcodes, its argument structs (which say formula, shapes and scratch) and
// nothing else, and a file named *_emit.go with the code that emits it. The emitting
// files are left out of GOOS=js, where the module comes as a .wasm file, so that the
// browser doesn't download the emitter; natively Module makes it on the spot.
//
// To add a kernel: an opcode and an argument struct in a file of the family, and in
// its _emit file an init that calls add with a Kernel. module_emit.go has what a kernel
// is given (Body). Names follow type_operation[_detail], like f32_gemm.
package kernels

//go:generate go run ./generate
