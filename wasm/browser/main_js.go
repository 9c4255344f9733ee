// Command browser is the engine: the Go program in a page's worker, or in Node's. It finds what engine_core.ts prepared, picks the backend, and
// serves the JavaScript API's messages until its worker ends. Everything it does is in packages bindings and nn.
package main

import (
	"syscall/js"

	"github.com/tabgrad/tabgrad/bindings"
)

func main() {
	host := js.Global().Get("tabgrad")
	service := bindings.NewService(bindings.Options{
		Threads: 1,
		Hop:     bindings.Hop(host),
		Memory: func() (goBytes, kernelBytes int) {
			return host.Call("goMemoryBytes").Int(), 0
		},
	})
	bindings.ServeJS(service, host)
}
