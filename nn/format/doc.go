// Package format reads and writes files of models: TensorFlow.js's LayersModel (model.json and binary
// weight files) and safetensors with the model's config in its metadata.
//
// Both hold the same [Artifacts]: the layers, the weights, and where they are known the optimizer with its
// state, so that training goes on to the bit where it stopped. [FromModel] takes them from a model,
// [Artifacts.Model] makes one of them. [ReadTFJS] and [WriteTFJS], [ReadSafetensors] and
// [WriteSafetensors] do the rest, in memory: where the bytes come from and go to is the caller's.
//
// Files are taken to be hostile. What is announced is checked against what is there before memory is
// taken for it, and an error says where, what came and what is wanted, and wraps one of the sentinels
// (ErrFormat and the like); no file makes a reader panic or allocate more than a small multiple of the
// bytes it was given.
//
// Not here: the model itself (package nn), fetching and storing (bindings, wasm/worker). Start reading at
// artifacts.go, then tfjs.go; topology.go has the differences between Keras 2, Keras 3 and tfjs,
// training.go those between the optimizers, objectives.go those between losses and metrics of several outputs.
package format
