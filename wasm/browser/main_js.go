// Command browser is the engine: the Go program in a page's worker, or in Node's. It finds what engine_core.ts prepared, picks the backend, and
// serves the JavaScript API's messages until its worker ends. Everything it does is in packages bindings and nn.
package main

import (
	"errors"
	"syscall/js"

	"github.com/tabgrad/tabgrad/bindings"
	"github.com/tabgrad/tabgrad/nn/cpu"
	"github.com/tabgrad/tabgrad/nn/prog"
	"github.com/tabgrad/tabgrad/wasm/simd"
)

func main() {
	host := js.Global().Get("tabgrad")
	options := bindings.Options{Threads: 1, Hop: bindings.Hop(host), Seed: uint64(host.Get("seed").Float())}
	kernelBytes := func() int { return 0 }
	switch kernels, err := simd.NewHosted(); {
	case err == nil:
		options.Backend, options.Threads = kernels, kernels.Lanes()
		kernelBytes = func() int { size, _ := kernels.MemoryBytes(); return size }
	case errors.Is(err, prog.ErrUnsupported): // the page chose to load none
		options.Backend = cpu.New[float32](cpu.Options{})
	default:
		panic(err)
	}
	options.Memory = func() (int, int) { return host.Call("goMemoryBytes").Int(), kernelBytes() }
	bindings.ServeJS(bindings.NewService(options), host)
}
