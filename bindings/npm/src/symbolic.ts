// Tensors without numbers: of a graph (layer.ts), and in the functions of custom layers, losses and metrics (recorder.ts).

/** The sizes of a tensor's dimensions; null is the batch's. */
export type Shape = readonly (number | null)[];

/** A tensor that has no numbers yet: an input of a graph, or what a layer or an operation makes of others. */
export abstract class SymbolicTensor {
  /** The batch's size, which is null, and one sample's. */
  abstract readonly shape: Shape;
}
