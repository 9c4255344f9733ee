// tg.data.padSequences and tg.data.timeseries: samples of sequences, as keras.utils makes them. The Go side is nn/data/pad.go and timeseries.go.

import { TabgradError } from './errors.js';
import { Stream, type Sample } from './stream.js';
import { sizeOf, toTensor, type Tensor, type TensorLike } from './tensor.js';

export interface PadOptions {
  /** The length of the sequences that come out; default: the longest one's. */
  maxlen?: number;
  /** Where what is missing is put; default 'pre'. */
  padding?: 'pre' | 'post';
  /** Where what is too much is taken off; default 'pre'. */
  truncating?: 'pre' | 'post';
  /** What is put in; default 0. */
  value?: number;
}

function oneOf(where: string, name: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value)) throw new TabgradError('bad_config', `${where}: ${name} is ${JSON.stringify(value)}, want ${allowed.join(' or ')}`);
}

/** Sequences of numbers as rows [n, maxlen]: shorter ones are filled up, longer ones are cut. */
export function padSequences(sequences: readonly (readonly number[] | ArrayLike<number>)[], { maxlen, padding = 'pre', truncating = 'pre', value = 0 }: PadOptions = {}): Tensor<Float32Array> {
  oneOf('padSequences', 'padding', padding, ['pre', 'post']);
  oneOf('padSequences', 'truncating', truncating, ['pre', 'post']);
  if (maxlen !== undefined && !(Number.isInteger(maxlen) && maxlen >= 1)) throw new TabgradError('bad_config', `padSequences: maxlen is ${maxlen}, want a whole number from 1`);
  const length = maxlen ?? sequences.reduce((most, s) => Math.max(most, s.length), 0);
  const data = new Float32Array(sequences.length * length).fill(value);
  sequences.forEach((s, i) => {
    const over = Math.max(s.length - length, 0);
    const from = truncating === 'pre' ? over : 0;
    const n = s.length - over;
    const to = i * length + (padding === 'pre' ? length - n : 0);
    for (let k = 0; k < n; k++) {
      const v = s[from + k];
      if (typeof v !== 'number') throw new TabgradError('bad_data', `padSequences: element ${from + k} of sequence ${i} is ${String(v)}, want a number`);
      data[to + k] = v;
    }
  });
  return { data, shape: [sequences.length, length] };
}

export interface TimeseriesOptions {
  /** Steps of a window. */
  sequenceLength: number;
  /** Steps from a window's beginning to the next one's; default 1. */
  sequenceStride?: number;
  /** Steps from one of a window's to the next; default 1. */
  samplingRate?: number;
  /** The first step that is used; default 0. */
  startIndex?: number;
  /** The step before which windows end; default: the series' end. */
  endIndex?: number;
}

/**
 * The windows of a series [steps, ...], and where there are targets, one a step, the one of each window's first step. To predict the step behind
 * a window, let the targets begin sequenceLength steps later than the series.
 */
export function timeseries(series: TensorLike, targets: TensorLike | null | undefined, options: TimeseriesOptions): Stream<Sample> {
  const all = toTensor(series, 'timeseries: the series');
  const ys = targets === null || targets === undefined ? undefined : toTensor(targets, 'timeseries: the targets');
  const n = all.shape[0] ?? 0;
  const { sequenceLength: length, sequenceStride: stride = 1, samplingRate: rate = 1, startIndex: start = 0, endIndex: end = n } = options;
  for (const [name, value, low, high] of [
    ['length', length, 1, n],
    ['stride', stride, 1, n],
    ['rate', rate, 1, n],
    ['start', start, 0, n - 1],
    ['end', end, start + 1, n],
  ] as const) {
    if (!Number.isInteger(value) || value < low || value > high) throw new TabgradError('bad_config', `timeseries: ${name} is ${value}, wanted ${low} to ${high} for a series of ${n} steps`);
  }
  let count = end - start - (length - 1) * rate;
  if (ys) count = Math.min(count, (ys.shape[0] ?? 0) - start);
  if (count < 1) throw new TabgradError('bad_config', `timeseries: no window of ${length} steps, ${rate} apart, lies within steps ${start} to ${end - 1}`);
  const row = ({ shape, data, scale }: Tensor, steps: readonly number[], outer: readonly number[]): Tensor => {
    const inner = shape.slice(1);
    const size = sizeOf(inner);
    const out = new (data.constructor as { new (n: number): Float32Array })(steps.length * size);
    steps.forEach((step, k) => out.set(data.subarray(step * size, (step + 1) * size) as Float32Array, k * size));
    return { data: out, shape: [...outer, ...inner], ...(scale === undefined ? {} : { scale }) };
  };
  return Stream.from(function* () {
    for (let at = 0; at < count; at += stride) {
      const first = start + at;
      const steps = Array.from({ length }, (_, k) => first + k * rate);
      yield { xs: row(all, steps, [length]), ...(ys ? { ys: row(ys, [first], []) } : {}) };
    }
  }, true);
}
