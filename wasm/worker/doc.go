// Command worker serves a model over HTTP: package endpoint's handler. Built with GOOS=js GOARCH=wasm it
// is the Go side of a Cloudflare Worker, on the strict SIMD kernels; natively it is a plain server:
//
//	go run ./wasm/worker                        # a small model of digits, trained on the spot
//	MODEL=path/to/model.json go run ./wasm/worker
//
// PORT chooses the port (8787); TOKEN, where it is set, is asked of clients, and ORIGINS lists the origins
// whose pages may call it, with spaces between them. The Worker takes the same variables, without PORT.
//
// Here are also: package endpoint, the handler; package modelfile, which gets the model; command build,
// which makes the Worker's folder and starts it on workerd; package workerd, which runs that; command
// bench. js/worker.mjs is the JavaScript side of the Worker. README.md is for those who use it.
package main
