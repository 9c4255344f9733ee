// Package cpu is the backend that defines what every op of package prog means: plain Go loops, with
// gonum for the matrix products. It is the reference that other backends are tested against, what a
// native Go program trains with, and what runs in wasm where there is no SIMD. It is not tuned
// beyond what clear loops give: package wasm/simd is the fast one.
//
// Every op is generic over float32 and float64; float64 is for gradient checks. Functions of one or
// two numbers, reductions and updates are computed in float64 and rounded once; matrix products,
// convolutions and average pooling add in the element type. gonum skips the zeros of a product's left
// operand, so that 0·∞ and 0·NaN there are 0.
//
// Natively an op's outputs are divided among goroutines. Each output is computed by one goroutine in
// a fixed order, so their number never changes a result. Importing the package registers "cpu".
//
// Start reading at cpu.go; step.go says how an op becomes loops, the other files hold a family of
// ops each.
package cpu
