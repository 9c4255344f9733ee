// Command browser is the engine on the SIMD kernels: the Go program in a page's worker, or in Node's. It finds what engine_core.ts prepared and
// serves the JavaScript API's messages until its worker ends. Everything it does is in packages bindings and nn. Command browser/cpu is the same
// without kernels; they are two, so that a page downloads only one backend.
package main

import (
	"syscall/js"

	"github.com/tabgrad/tabgrad/bindings"
	"github.com/tabgrad/tabgrad/wasm/simd"
)

func main() {
	host := js.Global().Get("tabgrad")
	kernels, err := simd.NewHosted()
	if err != nil {
		panic(err)
	}
	bindings.ServeJS(bindings.NewService(bindings.Options{
		Backend: kernels,
		Threads: kernels.Lanes(),
		Hop:     bindings.Hop(host),
		Seed:    uint64(host.Get("seed").Float()),
		Memory: func() (int, int) {
			size, _ := kernels.MemoryBytes()
			return host.Call("goMemoryBytes").Int(), size
		},
	}), host)
}
