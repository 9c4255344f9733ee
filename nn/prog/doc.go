// Package prog writes a computation down once, so that a backend can run it many times.
//
// A training step has the same shapes every time. A [Builder] records it as a [Program]: a flat
// list of ops over numbered buffers, in the order they run. [Grad] appends the backward ops from
// the op table (grad.go), Fuse joins ops that a backend can do in one pass (fuse.go), Plan gives
// every buffer its place in one arena (plan.go), and Verify proves the result sound (verify.go).
// [Builder.Build] runs the last three. A [Backend] loads the program, an [Exec] runs it.
//
// Tensors are row-major float32; images are NHWC, convolution kernels HWIO, dense kernels
// [in, out]. Shapes are static. The package knows nothing of layers, data or training loops
// (package nn) and computes nothing itself: package nn/cpu defines every op's value.
//
// Start reading at op.go, the op table; a program prints itself with [Program.String].
package prog
