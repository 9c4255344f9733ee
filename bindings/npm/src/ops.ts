// The operations of custom layers, losses and metrics: those of the engine's table, and what is made of them here.

import { TabgradError } from './errors.js';
import * as table from './gen_ops.js';
import { constantTensor, type Operand, type SymbolicTensor } from './recorder.js';
import type { TensorLike } from './tensor.js';

export * from './gen_ops.js';

/** Numbers that do not change, as a tensor. Operations take numbers, arrays and tensors of numbers without it. */
export function constant(value: TensorLike | number): SymbolicTensor {
  return constantTensor(value);
}

/** x cut into n equal parts along a dimension, counted with the batch, negative from the end. */
export function split(x: SymbolicTensor, n: number, axis = -1): SymbolicTensor[] {
  const { shape } = x;
  const at = axis < 0 ? axis + shape.length : axis;
  const length = shape[at];
  if (!Number.isInteger(n) || n < 1 || typeof length !== 'number' || length % n !== 0) {
    throw new TabgradError('shape_mismatch', `ops.split: ${n} parts of dimension ${axis} of [${shape.map(String).join(',')}], want a divisor of its size`);
  }
  return Array.from({ length: n }, (_, i) => {
    const begin = shape.map((_, d) => (d === at ? (i * length) / n : 0));
    return table.slice(x, begin, shape.map((_, d) => (d === at ? length / n : -1)));
  });
}

/** The parts of x along a dimension, without it. */
export function unstack(x: SymbolicTensor, axis = 0): SymbolicTensor[] {
  const at = axis < 0 ? axis + x.shape.length : axis;
  return split(x, x.shape[at] ?? 0, at).map((part) => table.squeeze(part, at));
}

export type { Operand };
