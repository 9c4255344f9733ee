// Inputs, targets and sample weights as the caller gives them: one tensor, or several in an array or by name.

import { TabgradError } from './errors.js';
import type { Wire, WireObject } from './protocol.js';
import { isTensor, isTensorData, toTensor, type Tensor, type TensorData, type TensorLike } from './tensor.js';

/**
 * One tensor or what makes one; an array of tensors in the order of the model's inputs, or of its outputs; or an object of them by name.
 * (Nested arrays of numbers are one tensor; in an array of several, use `tg.tensor` or typed arrays.)
 */
export type Input = TensorLike | readonly (Tensor | TensorData)[] | { readonly [name: string]: TensorLike };

/** Whether it is several tensors in an array. */
function isList(value: Input): value is readonly (Tensor | TensorData)[] {
  return Array.isArray(value) && value.length > 0 && (isTensor(value[0]) || isTensorData(value[0]));
}

function isNamed(value: Input): value is { readonly [name: string]: TensorLike } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value) && !('shape' in value);
}

/** A tensor as it travels. */
function wireTensor(value: TensorLike, what: string): WireObject {
  const { data: given, shape, scale } = toTensor(value, what);
  // A view would take the whole buffer under it along.
  const data = given.byteLength < given.buffer.byteLength ? given.slice() : given;
  return scale === undefined ? { data, shape } : { data, shape, scale };
}

/** One or several tensors as they travel. */
export function wireTensors(value: Input, what: string): Wire {
  if (isList(value)) return value.map((item, i) => wireTensor(item as TensorLike, `${what}[${i}]`));
  if (!isNamed(value)) return wireTensor(value as TensorLike, what);
  const entries = Object.entries(value);
  if (entries.length === 0) throw new TabgradError('bad_data', `${what}: an object without tensors`);
  return Object.fromEntries(entries.map(([name, item]) => [name, wireTensor(item, `${what}.${name}`)]));
}
