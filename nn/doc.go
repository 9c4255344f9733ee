// Package nn builds and trains neural networks with Keras's names and Keras 3's numbers.
//
// A [Model] is a stack of layers ([NewSequential]), or a graph of them ([NewModel]), with one input or several,
// and is a layer itself. A [Layer] is a struct whose fields are Keras's arguments, a zero
// field meaning Keras's default; it says which variables it has (Build) and writes its forward pass
// down as ops (Lower), nothing else. From those, Compile makes programs of package nn/prog: one for a
// training step (forward, loss, gradients and optimizer together), one to evaluate, one to predict,
// each for a batch size. A [prog.Backend] runs them; the model only feeds data in and reads sums out.
//
// What can be named in a config (layers, optimizers, losses, metrics, initializers, activations,
// regularizers) stands in one table, [Registry], from which configs are read and written and the
// TypeScript types are generated.
//
// Not here: arithmetic (nn/cpu, wasm/simd), where data comes from (nn/data), files (nn/format).
// Start reading at model.go and graph.go, then dense.go for what a layer looks like, program.go for what a
// training step is made of, and fit.go for the loop around it.
package nn
