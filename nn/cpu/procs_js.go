package cpu

// maxBytes bounds one Load: Go's wasm memory is 4 GiB at most, and a failed allocation ends the
// program.
const maxBytes = 2 << 30

// Go's wasm runs on one thread: goroutines would only take turns.
func processors() int { return 1 }
