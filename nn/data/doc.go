// Package data holds what a network is trained on: arrays of samples, labels, the IDX files that MNIST comes in, splits,
// shuffles and batches. It is plain Go over slices, depends on the standard library only and goes into the browser's
// wasm, so it stays small: it calls neither fmt, encoding/json nor net/http.
//
// A [Column] is one part of every sample: an [Array] of numbers (bytes with a scale, or float32) or [Labels] (one-hot or
// sparse). A [Table] joins an x column and a y column and is a [Dataset]: something with a length that fills the
// caller's float32 buffers with the rows asked for. Bytes stay bytes until that moment, so MNIST takes 47 MB, not 188.
//
// A [Stream] is samples that are read one after another, a file that is larger than memory or what a function makes: it is
// mapped, shuffled, repeated, cached, cut into batches and prepared ahead of the training, in the spirit of tf.data. A [CSV]
// is one. [PadSequences] and [Windows] make samples of sequences.
//
// Start with [ParseIDX], [NewBytes] and [NewTable], or with [NewCSV]. Generated digits are in nn/data/digits, MNIST's files in
// nn/data/mnist, folders of images in nn/data/images. Not here: layers, losses and the training loop, which are nn's.
package data
