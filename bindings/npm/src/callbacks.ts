// Callbacks: the caller's functions, and descriptions of Keras's, which run in the engine. What of these only the page can do, asking a function,
// saving, writing text, is in running_callbacks.ts.

import type { BackupHandler } from './backups.js';
import { wireOptions } from './config.js';
import { TabgradError } from './errors.js';
import type { WireObject } from './protocol.js';
import type { SaveTarget } from './saving.js';
import { describe } from './tensor.js';
import type { TextWriter } from './text_files.js';

export type { SaveTarget };

/** What a metric answers: a number, or of one that has several, such as F1 of each class, all of them. */
export type Figure = number | number[];

/**
 * Names to numbers: the loss and the metrics so far, and in an epoch's end those of the validation data as `val_...`. Where there are metrics that
 * have lists, the type is Logs<Figure>: `evaluate<Figure>(x, y)`.
 */
export type Logs<F extends Figure = number> = Record<string, F>;

/** How far a fit is; sent at most about 20 times a second. */
export interface Progress {
  epoch: number;
  epochs: number;
  /** Batches done in this epoch, of how many; of 0 while it isn't known how many an iterable has. */
  batch: number;
  batches: number;
  logs: Logs;
  /** Of this epoch so far, without validation and waiting. */
  samplesPerSecond: number;
  msPerStep: number;
  /** Until the end of this epoch's training, in seconds; 0 while it isn't known. */
  secondsLeft: number;
}

/**
 * What is called during a fit, an evaluation or a prediction. A returned promise is awaited before the next callback, and the engine waits for it,
 * but for onBatchEnd and onProgress.
 */
export interface Callbacks {
  onTrainBegin?(): void | Promise<void>;
  /** Called when the training is done; not when an error or the caller ended it. */
  onTrainEnd?(logs: Logs): void | Promise<void>;
  onEpochBegin?(epoch: number): void | Promise<void>;
  /** What it puts into the logs, or changes, stands in the history, and is seen by the callbacks behind it. */
  onEpochEnd?(epoch: number, logs: Logs): void | Promise<void>;
  /** Before every batch; with it each batch waits for its callbacks. */
  onBatchBegin?(batch: number): void | Promise<void>;
  /** After every batch, delivered some at a time; the training waits when more than one delivery is unread. */
  onBatchEnd?(batch: number, logs: Logs): void | Promise<void>;
  /** Of an evaluation, and of the validation in a fit. */
  onTestBegin?(): void | Promise<void>;
  onTestEnd?(logs: Logs): void | Promise<void>;
  onTestBatchBegin?(batch: number): void | Promise<void>;
  onTestBatchEnd?(batch: number, logs: Logs): void | Promise<void>;
  onPredictBegin?(): void | Promise<void>;
  onPredictEnd?(): void | Promise<void>;
  onPredictBatchBegin?(batch: number): void | Promise<void>;
  onPredictBatchEnd?(batch: number): void | Promise<void>;
  onProgress?(progress: Progress): void | Promise<void>;
}

const names: readonly (keyof Callbacks)[] = [
  ...(['onTrainBegin', 'onTrainEnd', 'onEpochBegin', 'onEpochEnd', 'onBatchBegin', 'onBatchEnd'] as const),
  ...(['onTestBegin', 'onTestEnd', 'onTestBatchBegin', 'onTestBatchEnd'] as const),
  ...(['onPredictBegin', 'onPredictEnd', 'onPredictBatchBegin', 'onPredictBatchEnd', 'onProgress'] as const),
];

/** Gets an epoch, counted from 0, and the learning rate so far, and returns the epoch's. */
export type Schedule = (epoch: number, learningRate: number) => number | Promise<number>;

/**
 * Where text goes: `'downloads://NAME'`, which gives the person the file when the training is done, a path in Node, a function that gets each
 * line, or what has `write(text)`.
 */
export type LogTarget = string | URL | ((text: string) => void | Promise<void>) | TextWriter;

/** Where a backup is kept: `'indexeddb://NAME'`, `'localstorage://NAME'`, a path in Node, or a handler. */
export type BackupTarget = string | URL | BackupHandler;

/** A description of one of Keras's callbacks, made by `tg.callbacks`. */
export class CallbackConfig {
  readonly className: string;
  /** What the engine is told. */
  readonly config: Readonly<WireObject>;
  /** The argument that may be given alone: a function, a place. */
  readonly first: unknown;
  /** LambdaCallback's. */
  readonly functions: Callbacks | undefined;

  /** `given` is the argument called `first`, or an object of options with it. */
  constructor(className: string, options: object = {}, first?: string, given?: unknown) {
    this.className = className;
    if (className === 'LambdaCallback') {
      this.functions = options;
      this.config = {};
      return;
    }
    let all: Record<string, unknown> = { ...options };
    if (first !== undefined) {
      if (typeof given === 'object' && given !== null && first in given) all = { ...given };
      else all[first] = given;
      this.first = all[first];
      delete all[first];
      if (this.first === undefined || this.first === null) throw new TabgradError('bad_config', `${className}: ${first} is missing`);
    }
    this.config = wireOptions(className, all);
  }
}

export type Callback = CallbackConfig;

/** What is taken where callbacks are wanted: functions, Keras's, or a list of both, which are called in its order. */
export type CallbackList = Callbacks | Callback | readonly (Callbacks | Callback)[];

/** The list. A function of an unknown name is an error; one that the run doesn't call is passed over. */
export function callbackList(where: string, given: CallbackList | undefined): (Callbacks | CallbackConfig)[] {
  const list = (given === undefined ? [] : Array.isArray(given) ? given : [given]) as readonly (Callbacks | CallbackConfig)[];
  return list.map((item) => {
    if (typeof item !== 'object' || item === null) throw new TabgradError('bad_config', `${where}: a callback is ${describe(item)}, want an object with functions, or one of tg.callbacks`);
    const functions = item instanceof CallbackConfig ? item.functions : item;
    if (functions === undefined) return item;
    for (const name of Object.keys(functions)) {
      if (/^on[A-Z]/.test(name) && !(names as readonly string[]).includes(name)) throw new TabgradError('bad_config', `${where}: there is no callback ${name}, want ${names.join(', ')}`);
    }
    return functions;
  });
}
