// Tensors on the page are plain values: a typed array and a shape. Nothing here talks to the engine.

import { TabgradError } from './errors.js';

export type TensorData = Float32Array | Int32Array | Uint8Array;

/** Row-major numbers and their shape. A plain value: nothing needs to be disposed. */
export interface Tensor<D extends TensorData = TensorData> {
  readonly data: D;
  readonly shape: number[];
  /** What each number is multiplied by when a batch is made, for bytes that stay bytes: `1 / 255`. Absent means 1. */
  readonly scale?: number;
}

/** Numbers in nested arrays, all rows of one length. */
export type NestedArray = number | readonly NestedArray[];

/** What is accepted where a tensor is wanted. A bare typed array counts as one dimension. */
export type TensorLike = Tensor | TensorData | Float64Array | readonly NestedArray[];

export interface TensorOptions {
  scale?: number;
}

/**
 * `tensor([[1, 2], [3, 4]])` takes the shape from the nesting (Float32); `tensor(data, shape)` lays a shape over flat numbers.
 * A Float32Array, Int32Array or Uint8Array is kept as it is, not copied; other numbers become Float32.
 * Throws `shape_mismatch` where shape and length disagree or rows are uneven.
 */
export function tensor(data: TensorData | Float64Array | readonly NestedArray[] | number, shape?: readonly number[], options: TensorOptions = {}): Tensor {
  let flat: TensorData;
  let found: number[];
  if (isTensorData(data)) {
    flat = data;
    found = [data.length];
  } else if (data instanceof Float64Array) {
    flat = Float32Array.from(data);
    found = [data.length];
  } else if (typeof data === 'number' || Array.isArray(data)) {
    found = nestedShape(data as NestedArray);
    const values = new Float32Array(sizeOf(found));
    flatten(data as NestedArray, found, 0, values, 0);
    flat = values;
  } else {
    throw new TabgradError('bad_data', `tensor: data is ${describe(data)}, want a Float32Array, Int32Array, Uint8Array or (nested) arrays of numbers`);
  }
  const wanted = shape === undefined ? found : Array.from(shape);
  for (const n of wanted) {
    if (!Number.isInteger(n) || n < 0) throw new TabgradError('shape_mismatch', `tensor: shape [${wanted.join(', ')}] has the size ${n}, want whole numbers from 0`);
  }
  if (sizeOf(wanted) !== flat.length) {
    throw new TabgradError('shape_mismatch', `tensor: ${flat.length} numbers for shape [${wanted.join(', ')}], which holds ${sizeOf(wanted)}`);
  }
  const { scale } = options;
  if (scale === undefined) return { data: flat, shape: wanted };
  if (!Number.isFinite(scale)) throw new TabgradError('bad_data', `tensor: scale is ${scale}, want a finite number`);
  return { data: flat, shape: wanted, scale };
}

/**
 * One row per label with a 1 at the label: `oneHot([2, 0], 3)` is `[[0, 0, 1], [1, 0, 0]]`. Without `depth` it is the largest label + 1.
 * Throws `bad_data` for a label that isn't a whole number in [0, depth).
 */
export function oneHot(labels: TensorLike, depth?: number): Tensor<Float32Array> {
  const t = toTensor(labels, 'oneHot: labels');
  let top = 0;
  for (const v of t.data) top = Math.max(top, v + 1);
  const classes = depth ?? top;
  if (!Number.isInteger(classes) || classes < 1) throw new TabgradError('bad_data', `oneHot: depth is ${classes}, want a whole number from 1`);
  const rows = t.data.length;
  const out = new Float32Array(rows * classes);
  for (let i = 0; i < rows; i++) {
    const label = t.data[i]!;
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new TabgradError('bad_data', `oneHot: label ${i} is ${label}, want a whole number from 0 to ${classes - 1}`);
    }
    out[i * classes + label] = 1;
  }
  // Keras: a trailing dimension of 1 is the labels' own, not one more to keep.
  const outer = t.shape.length > 1 && t.shape[t.shape.length - 1] === 1 ? t.shape.slice(0, -1) : t.shape;
  return { data: out, shape: [...outer, classes] };
}

/** The tensor for whatever was given in its place; `what` begins the error's message. */
export function toTensor(value: TensorLike, what: string): Tensor {
  if (isTensor(value)) {
    const size = sizeOf(value.shape);
    if (size !== value.data.length) {
      throw new TabgradError('shape_mismatch', `${what}: ${value.data.length} numbers for shape [${value.shape.join(', ')}], which holds ${size}`);
    }
    return value;
  }
  if (isTensorData(value) || value instanceof Float64Array || Array.isArray(value)) return tensor(value);
  throw new TabgradError('bad_data', `${what}: got ${describe(value)}, want a tensor, a typed array or nested arrays of numbers`);
}

export function isTensor(value: unknown): value is Tensor {
  return typeof value === 'object' && value !== null && 'data' in value && 'shape' in value && isTensorData(value.data) && Array.isArray(value.shape);
}

export function isTensorData(value: unknown): value is TensorData {
  return value instanceof Float32Array || value instanceof Int32Array || value instanceof Uint8Array;
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, n) => size * n, 1);
}

/** A few words on a value for an error message. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'object') return value.constructor?.name ?? 'an object';
  return typeof value === 'string' ? JSON.stringify(value) : `${typeof value} ${String(value)}`;
}

function nestedShape(data: NestedArray): number[] {
  const shape: number[] = [];
  let level: NestedArray | undefined = data;
  while (Array.isArray(level)) {
    shape.push(level.length);
    level = level[0] as NestedArray | undefined;
  }
  return shape;
}

function flatten(data: NestedArray, shape: number[], depth: number, out: Float32Array, at: number): number {
  if (depth === shape.length) {
    if (typeof data !== 'number') throw new TabgradError('shape_mismatch', `tensor: found ${describe(data)} at depth ${depth}, where the first element has a number`);
    out[at] = data;
    return at + 1;
  }
  if (!Array.isArray(data) || data.length !== shape[depth]) {
    const got = Array.isArray(data) ? `a row of ${data.length}` : describe(data);
    throw new TabgradError('shape_mismatch', `tensor: ${got} at depth ${depth}, where the first one has ${shape[depth]}`);
  }
  for (const item of data as readonly NestedArray[]) at = flatten(item, shape, depth + 1, out, at);
  return at;
}
