// fit's options, its callbacks and its History: from the caller's objects to a request's args and back.

import { TabgradError } from './errors.js';
import { describe, toTensor, type Tensor, type TensorLike } from './tensor.js';
import type { EventMessage, Wire } from './protocol.js';

/** Names to numbers: the loss and the metrics so far, and in an epoch's end those of the validation data as `val_...`. */
export type Logs = Record<string, number>;

/** How far a fit is; sent at most about 20 times a second. */
export interface Progress {
  epoch: number;
  epochs: number;
  /** Batches done in this epoch, of how many. */
  batch: number;
  batches: number;
  logs: Logs;
  /** Of this epoch so far, without validation and waiting. */
  samplesPerSecond: number;
  msPerStep: number;
  /** Until the end of this epoch's training, in seconds. */
  secondsLeft: number;
}

/** What is called during a fit. A returned promise is awaited before the next callback; at an epoch's begin and end the training waits for it. */
export interface Callbacks {
  onTrainBegin?(): void | Promise<void>;
  onTrainEnd?(logs: Logs): void | Promise<void>;
  onEpochBegin?(epoch: number): void | Promise<void>;
  onEpochEnd?(epoch: number, logs: Logs): void | Promise<void>;
  /** After every batch, delivered some at a time; the training waits when more than one delivery is unread. */
  onBatchEnd?(batch: number, logs: Logs): void | Promise<void>;
  onProgress?(progress: Progress): void | Promise<void>;
}

const callbackNames: readonly (keyof Callbacks)[] = ['onTrainBegin', 'onTrainEnd', 'onEpochBegin', 'onEpochEnd', 'onBatchEnd', 'onProgress'];

/** The callbacks as a list. One that would never be called is an error. */
export function callbackList(given: FitOptions['callbacks'] = []): Callbacks[] {
  const list: Callbacks[] = Array.isArray(given) ? [...given] : [given as Callbacks];
  for (const callbacks of list) {
    for (const name of Object.keys(callbacks)) {
      if (/^on[A-Z]/.test(name) && !(callbackNames as readonly string[]).includes(name)) {
        throw new TabgradError('bad_config', `fit: there is no callback ${name}, want ${callbackNames.join(', ')}`);
      }
    }
  }
  return list;
}

/** One input: a tensor or what makes one, also as `[x]` or `{ name: x }`. */
export type Input = TensorLike | readonly [Tensor] | { readonly [name: string]: Tensor };

export interface FitOptions {
  /** Default 32. */
  batchSize?: number;
  /** The number of the last epoch; default 1. */
  epochs?: number;
  /** Where to begin counting; default 0. */
  initialEpoch?: number;
  /** The share of the samples, from the end, that is held back for validation. */
  validationSplit?: number;
  /** Samples that are evaluated after each epoch. */
  validationData?: readonly [Input, Input];
  /** Default: batchSize. */
  validationBatchSize?: number;
  /** Whether the samples are shuffled anew before each epoch; default true. */
  shuffle?: boolean;
  /** Decides the shuffling and the dropout; default: the engine's seed. */
  seed?: number;
  /** A factor for each class's loss. */
  classWeight?: Readonly<Record<number, number>>;
  /** A factor for each sample's loss, [n]. */
  sampleWeight?: TensorLike;
  /** 1 logs a line in Keras's style to the console after each epoch; default 0. */
  verbose?: 0 | 1 | 2 | boolean;
  /** With an iterable of batches: how many make an epoch; default: until it ends. */
  batchesPerEpoch?: number;
  callbacks?: Callbacks | readonly Callbacks[];
  /** Ends the training between two batches; fit rejects with the code `aborted`, and the weights stay as they are then. */
  signal?: AbortSignal;
}

export interface EvaluateOptions {
  /** Default 32. */
  batchSize?: number;
  sampleWeight?: TensorLike;
  signal?: AbortSignal;
}

export interface PredictOptions {
  /** Default 32. */
  batchSize?: number;
  signal?: AbortSignal;
}

/** What fit returns. */
export interface History {
  /** The epochs' numbers, from initialEpoch. */
  epoch: number[];
  /** One number an epoch for `loss`, each metric, and with validation `val_loss` and so on. */
  history: Record<string, number[]>;
}

/** The one tensor in an input. */
export function inputTensor(value: Input, what: string): Tensor {
  if (Array.isArray(value) && value.length > 0 && typeof value[0] === 'object' && value[0] !== null && 'shape' in value[0]) {
    if (value.length !== 1) throw new TabgradError('unsupported', `${what}: ${value.length} inputs; this model has one`);
    return toTensor(value[0] as Tensor, what);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value) && !('shape' in value)) {
    const named = Object.entries(value as Record<string, Tensor>);
    if (named.length === 1) return toTensor(named[0]![1], `${what}.${named[0]![0]}`);
    throw new TabgradError(named.length === 0 ? 'bad_data' : 'unsupported', `${what}: ${named.length} named inputs; this model has one`);
  }
  return toTensor(value as TensorLike, what);
}

/** A tensor as it travels. */
export function wireTensor(value: Input, what: string): Wire {
  const { data: given, shape, scale } = inputTensor(value, what);
  // A view would take the whole buffer under it along.
  const data = given.byteLength < given.buffer.byteLength ? given.slice() : given;
  return scale === undefined ? { data, shape } : { data, shape, scale };
}

/** fit's args but for the model's id. Throws for what can be seen to be wrong on the page. */
export function fitArgs(x: Input, y: Input, options: FitOptions, callbacks: readonly Callbacks[]): Record<string, Wire> {
  if (options.batchesPerEpoch !== undefined) throw new TabgradError('bad_config', 'fit: batchesPerEpoch is for an iterable of batches, and x is a tensor');
  const args: Record<string, Wire> = { x: wireTensor(x, 'fit: x'), y: wireTensor(y, 'fit: y') };
  for (const key of ['batchSize', 'epochs', 'initialEpoch', 'validationSplit', 'validationBatchSize', 'shuffle', 'seed'] as const) {
    if (options[key] !== undefined) args[key] = options[key];
  }
  if (options.validationData !== undefined) {
    if (!Array.isArray(options.validationData) || options.validationData.length !== 2) {
      throw new TabgradError('bad_data', `fit: validationData is ${describe(options.validationData)}, want [x, y]`);
    }
    const [vx, vy] = options.validationData as readonly [Input, Input];
    args['validationX'] = wireTensor(vx, 'fit: validationData[0]');
    args['validationY'] = wireTensor(vy, 'fit: validationData[1]');
  }
  if (options.sampleWeight !== undefined) args['sampleWeight'] = wireTensor(options.sampleWeight, 'fit: sampleWeight');
  if (options.classWeight !== undefined) args['classWeight'] = { ...options.classWeight };
  const wants = (name: keyof Callbacks) => callbacks.some((c) => typeof c[name] === 'function');
  args['events'] = {
    batches: wants('onBatchEnd'),
    progress: wants('onProgress'),
    epochBegin: wants('onEpochBegin'),
    epochEnd: wants('onEpochEnd') || Boolean(options.verbose),
  };
  return args;
}

interface BatchItem {
  batch: number;
  logs: Logs;
}

/** Hands the engine's events to the callbacks, in their order. */
export async function deliver(event: EventMessage, callbacks: readonly Callbacks[]): Promise<void> {
  switch (event.event) {
    case 'batches':
      for (const { batch, logs } of event.data['items'] as BatchItem[]) {
        for (const c of callbacks) {
          // Awaiting what isn't a promise costs a turn of the loop, and there may be thousands of batches a second.
          const wait = c.onBatchEnd?.(batch, logs);
          if (wait) await wait;
        }
      }
      return;
    case 'progress':
      for (const c of callbacks) await c.onProgress?.(event.data as unknown as Progress);
      return;
    case 'epochBegin':
      for (const c of callbacks) await c.onEpochBegin?.(event.data['epoch'] as number);
      return;
    case 'epochEnd':
      for (const c of callbacks) await c.onEpochEnd?.(event.data['epoch'] as number, event.data['logs'] as Logs);
      return;
  }
}

/** A callback that logs a line an epoch, as Keras's verbose=2 does. */
export function verboseCallback(epochs: number): Callbacks {
  let began = 0;
  return {
    onEpochBegin() {
      began = performance.now();
    },
    onEpochEnd(epoch, logs) {
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      const numbers = Object.entries(logs).map(([name, value]) => ` - ${name}: ${value.toFixed(4)}`);
      console.log(`Epoch ${epoch + 1}/${epochs} - ${seconds}s${numbers.join('')}`);
    },
  };
}
