// Command cpu is the engine in plain Go, for where WebAssembly has no SIMD and for whoever asks for it: command browser with package nn/cpu instead
// of the kernels.
package main

import (
	"syscall/js"

	"github.com/tabgrad/tabgrad/bindings"
	"github.com/tabgrad/tabgrad/nn/cpu"
)

func main() {
	host := js.Global().Get("tabgrad")
	bindings.ServeJS(bindings.NewService(bindings.Options{
		Backend: cpu.New[float32](cpu.Options{}),
		Threads: 1,
		Hop:     bindings.Hop(host),
		Seed:    uint64(host.Get("seed").Float()),
		Memory:  func() (int, int) { return host.Call("goMemoryBytes").Int(), 0 },
	}), host)
}
