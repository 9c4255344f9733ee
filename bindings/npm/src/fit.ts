// The options of fit, evaluate and predict: from the caller's objects to a request's args.

import type { CallbackList, Figure } from './callbacks.js';
import { TabgradError } from './errors.js';
import { isBatches, type Batches } from './feeds.js';
import { wireTensors, type Input } from './fit_tensors.js';
import type { Wire } from './protocol.js';
import type { Verbose } from './running_callbacks.js';
import { describe } from './tensor.js';

export interface FitOptions {
  /** Default 32. */
  batchSize?: number;
  /** The number of the last epoch; default 1. */
  epochs?: number;
  /** Where to begin counting; default 0. */
  initialEpoch?: number;
  /** The share of the samples, from the end, that is held back for validation. */
  validationSplit?: number;
  /** Samples that are evaluated after each epoch, with a factor for each one's loss if there is a third, or an iterable of their batches. */
  validationData?: readonly [Input, Input] | readonly [Input, Input, Input] | Batches;
  /** Default: batchSize. */
  validationBatchSize?: number;
  /** With an iterable: how many batches are evaluated; default: until it ends. */
  validationBatches?: number;
  /** Epochs from one validation to the next; default 1. */
  validationFreq?: number;
  /** Whether the samples are shuffled anew before each epoch; default true. */
  shuffle?: boolean;
  /** Decides the shuffling and the dropout; default: the engine's seed. */
  seed?: number;
  /** A factor for each class's loss. */
  classWeight?: Readonly<Record<number, number>>;
  /** A factor for each sample's loss, [n]; of several outputs one for all, or one for each. */
  sampleWeight?: Input;
  /** 1 prints Keras's progress bar, in a console its last state; 2 a line an epoch; default 0. */
  verbose?: Verbose;
  /** With an iterable of batches: how many make an epoch; default: until it ends. The next epoch goes on behind them. */
  batchesPerEpoch?: number;
  /** Functions, Keras's callbacks from `tg.callbacks`, or a list of both, which are called in its order. */
  callbacks?: CallbackList;
  /** Ends the training between two batches; fit rejects with the code `aborted`, and the weights stay as they are then. */
  signal?: AbortSignal;
}

export interface EvaluateOptions {
  /** Default 32. */
  batchSize?: number;
  sampleWeight?: Input;
  /** With an iterable of batches: how many are taken; default: until it ends. */
  batches?: number;
  verbose?: Verbose;
  callbacks?: CallbackList;
  signal?: AbortSignal;
}

export interface PredictOptions {
  /** Default 32. */
  batchSize?: number;
  /** With an iterable of batches: how many are taken; default: until it ends. */
  batches?: number;
  verbose?: Verbose;
  callbacks?: CallbackList;
  signal?: AbortSignal;
}

/** What fit returns; History<Figure> where there are metrics that have lists. */
export interface History<F extends Figure = number> {
  /** The epochs' numbers, from initialEpoch. */
  epoch: number[];
  /** One number an epoch for `loss`, each metric, and with validation `val_loss` and so on. */
  history: Record<string, F[]>;
}

/** fit's args but for the model's id and the callbacks. Throws for what can be seen to be wrong on the page. */
export function fitArgs(x: Input | Batches, y: Input | undefined, options: FitOptions): Record<string, Wire> {
  const args: Record<string, Wire> = {};
  for (const key of ['batchSize', 'epochs', 'initialEpoch', 'validationSplit', 'validationBatchSize', 'validationFreq', 'shuffle', 'seed'] as const) {
    if (options[key] !== undefined) args[key] = options[key];
  }
  if (options.classWeight !== undefined) args['classWeight'] = { ...options.classWeight };
  if (isBatches(x)) {
    if (y !== undefined) throw new TabgradError('bad_data', 'fit: there are batches and a y; want the targets in the batches, { xs, ys }');
    for (const name of ['batchSize', 'validationSplit', 'sampleWeight', 'shuffle'] as const) {
      if (options[name] !== undefined) throw new TabgradError('bad_config', `fit: ${name} is for tensors; batches come as the caller makes them`);
    }
    args['stream'] = true;
    if (options.batchesPerEpoch !== undefined) args['batchesPerEpoch'] = options.batchesPerEpoch;
  } else {
    if (y === undefined) throw new TabgradError('bad_data', 'fit: y is missing');
    if (options.batchesPerEpoch !== undefined) throw new TabgradError('bad_config', 'fit: batchesPerEpoch is for an iterable of batches, and x is a tensor');
    args['x'] = wireTensors(x as Input, 'fit: x');
    args['y'] = wireTensors(y, 'fit: y');
    if (options.sampleWeight !== undefined) args['sampleWeight'] = wireTensors(options.sampleWeight, 'fit: sampleWeight');
  }
  const { validationData } = options;
  if (isBatches(validationData)) {
    args['validationStream'] = true;
    if (options.validationBatches !== undefined) args['validationBatches'] = options.validationBatches;
  } else if (validationData !== undefined) {
    if (options.validationBatches !== undefined) throw new TabgradError('bad_config', 'fit: validationBatches is for an iterable of batches, and validationData are tensors');
    if (!Array.isArray(validationData) || (validationData.length !== 2 && validationData.length !== 3)) {
      throw new TabgradError('bad_data', `fit: validationData is ${describe(validationData)}, want [x, y], or an iterable of batches`);
    }
    const [vx, vy, weight] = validationData as unknown as readonly [Input, Input, Input?];
    args['validationX'] = wireTensors(vx, 'fit: validationData[0]');
    args['validationY'] = wireTensors(vy, 'fit: validationData[1]');
    if (weight !== undefined) args['validationSampleWeight'] = wireTensors(weight, 'fit: validationData[2]');
  }
  return args;
}

/** The args of evaluate and predict that say which batches: batchSize for tensors, batches for an iterable. */
export function batchArgs(where: string, stream: boolean, options: { batchSize?: number; batches?: number }): Record<string, Wire> {
  const [given, other] = stream ? (['batches', 'batchSize'] as const) : (['batchSize', 'batches'] as const);
  if (options[other] !== undefined) throw new TabgradError('bad_config', `${where}: ${other} is for ${stream ? 'tensors; batches come as the caller makes them' : 'an iterable of batches, and x is a tensor'}`);
  const args: Record<string, Wire> = stream ? { stream } : {};
  if (options[given] !== undefined) args[stream ? 'steps' : 'batchSize'] = options[given];
  return args;
}
