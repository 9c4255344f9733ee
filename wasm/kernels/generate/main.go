//go:build !js

// Command generate writes the .wasm files of package kernels: go generate runs it
// in the package's folder.
package main

import (
	"log"
	"os"

	"github.com/tabgrad/tabgrad/wasm/kernels"
)

func main() {
	for name, wasm := range map[string][]byte{
		"gen_kernels_strict.wasm":         kernels.Module(kernels.Options{Shared: true}),
		"gen_kernels_relaxed.wasm":        kernels.Module(kernels.Options{Shared: true, Relaxed: true}),
		"gen_kernels_strict_single.wasm":  kernels.Module(kernels.Options{}),
		"gen_kernels_relaxed_single.wasm": kernels.Module(kernels.Options{Relaxed: true}),
		"gen_trampoline.wasm":             kernels.Trampoline(),
	} {
		if err := os.WriteFile(name, wasm, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}
