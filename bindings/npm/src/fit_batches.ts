// fit over batches that the caller makes one by one: a generator, a stream, a file that is too large for memory. The loop runs here, a training
// step at a time; with tensors it runs in the engine (fit.ts), which is faster.

import { TabgradError } from './errors.js';
import { inputTensor, type Callbacks, type FitOptions, type History, type Input, type Logs } from './fit.js';
import { describe } from './tensor.js';

/** One batch of samples. */
export interface Batch {
  xs: Input;
  ys: Input;
}

/** Batches for one epoch, or with a function for as many as there are epochs. */
export type Batches = Iterable<Batch> | AsyncIterable<Batch> | (() => Iterable<Batch> | AsyncIterable<Batch>);

export interface Steps {
  trainOnBatch(x: Input, y: Input): Promise<Logs>;
  evaluate(x: Input, y: Input, options: { batchSize?: number; signal?: AbortSignal }): Promise<Logs>;
  /** Resolves when the fit may go on: at once, or after resume(). */
  gate(): Promise<void>;
  /** Whether stopTraining was set. */
  stopped(): boolean;
}

export function isBatches(x: unknown): x is Batches {
  if (typeof x === 'function') return true;
  if (typeof x !== 'object' || x === null || Array.isArray(x) || ArrayBuffer.isView(x)) return false;
  return Symbol.iterator in x || Symbol.asyncIterator in x;
}

/** Trains on each batch as it comes. The epoch's logs are the batches' means, weighted by their sizes. */
export async function fitBatches(steps: Steps, batches: Batches, options: FitOptions, callbacks: readonly Callbacks[]): Promise<History> {
  const { epochs = 1, initialEpoch = 0, batchesPerEpoch = Infinity, validationData, signal } = options;
  for (const name of ['batchSize', 'validationSplit', 'classWeight', 'sampleWeight'] as const) {
    if (options[name] !== undefined) throw new TabgradError('bad_config', `fit: ${name} is for tensors; batches come as the caller makes them`);
  }
  const history: History = { epoch: [], history: {} };
  let iterator = open(batches);
  for (let epoch = initialEpoch; epoch < epochs && !steps.stopped(); epoch++) {
    for (const c of callbacks) await c.onEpochBegin?.(epoch);
    const sums: Logs = {};
    let samples = 0;
    let count = 0;
    while (count < batchesPerEpoch && !steps.stopped()) {
      await steps.gate();
      if (signal?.aborted) throw new TabgradError('aborted', 'aborted by the caller', { cause: signal.reason });
      const next = await iterator.next();
      if (next.done) break;
      const { xs, ys } = check(next.value, count);
      const size = inputTensor(xs, 'fit: xs').shape[0] ?? 0;
      const logs = await steps.trainOnBatch(xs, ys);
      for (const [name, value] of Object.entries(logs)) sums[name] = (sums[name] ?? 0) + value * size;
      samples += size;
      const means = divided(sums, samples);
      for (const c of callbacks) await c.onBatchEnd?.(count, means);
      count++;
    }
    if (count === 0) throw new TabgradError('bad_data', `fit: there is no batch for epoch ${epoch}; give a function that makes the batches of an epoch`);
    const logs = divided(sums, samples);
    if (validationData) {
      const scores = await steps.evaluate(validationData[0], validationData[1], { batchSize: options.validationBatchSize, signal });
      for (const [name, value] of Object.entries(scores)) logs[`val_${name}`] = value;
    }
    history.epoch.push(epoch);
    for (const [name, value] of Object.entries(logs)) (history.history[name] ??= []).push(value);
    for (const c of callbacks) await c.onEpochEnd?.(epoch, logs);
    // A stream without an end goes on where it was; what ends begins anew.
    if (count < batchesPerEpoch && epoch + 1 < epochs) iterator = open(batches);
  }
  return history;
}

function open(batches: Batches): AsyncIterator<Batch> | Iterator<Batch> {
  const iterable = typeof batches === 'function' ? batches() : batches;
  return Symbol.asyncIterator in iterable ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]();
}

function check(batch: Batch, index: number): Batch {
  if (typeof batch !== 'object' || batch === null || !('xs' in batch) || !('ys' in batch)) {
    throw new TabgradError('bad_data', `fit: batch ${index} is ${describe(batch)}, want { xs, ys }`);
  }
  return batch;
}

function divided(sums: Logs, by: number): Logs {
  return Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / Math.max(by, 1)]));
}
