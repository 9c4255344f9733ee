// Package simd is the [prog.Backend] that runs programs on the SIMD kernels of wasm/kernels.
//
// It is for one machine's processor, through WebAssembly: in a browser and in Node beside Go's own
// module ([NewHosted]), and natively on wazero ([NewNative]), which is how go test runs the kernels.
// It is not where anything is computed, nor where ops are defined: the kernels compute, package
// nn/cpu defines.
//
// [Backend.Load] encodes a program once, as words in the kernels' memory; a [Exec.Run] is then one
// call. The memory is the kernels' own, of which the first bytes are their control block. Behind it
// lie, as an allocator (memory.go) puts them: for each open Store its values; for each open Exec
// its arena, its words, and scratch that its kernels share. A program's results do not depend on
// the number of lanes, and with the strict kernels not on the machine either.
//
// Start at backend.go, then encode.go, which says what kernels an op becomes. What a page must
// prepare for [NewHosted] is written in host_js.go.
package simd
