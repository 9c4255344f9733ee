// Custom layers, losses and metrics: functions that are run on the page once for the shapes of their tensors, and travel as what they did.

import { Config, wireValue, type Constraint, type Initializer, type Regularizer, type WireConfig } from './config.js';
import type { Connection } from './connection.js';
import { TabgradError } from './errors.js';
import type { ConstraintName, InitializerName, RegularizerName } from './gen_names.js';
import { GraphTensor, Layer } from './layer.js';
import * as ops from './ops.js';
import type { Wire, WireObject } from './protocol.js';
import { operation, record, type Operand, type Recorded, type Run } from './recorder.js';
import { SymbolicTensor, type Shape } from './symbolic.js';
import { describe } from './tensor.js';

/** A weight of a custom layer. */
export interface CustomWeight {
  name: string;
  /** Its shape, or a function of the shapes of the layer's inputs, which begin with the batch's null: `(x) => [x.at(-1), 10]`. */
  shape: readonly number[] | ((...inputs: Shape[]) => Shape);
  /** Default glorotUniform. */
  initializer?: InitializerName | Initializer;
  regularizer?: RegularizerName | Regularizer;
  constraint?: ConstraintName | Constraint;
  /** false for what is not trained, but may be given other values with ops.assign. */
  trainable?: boolean;
}

/** What a custom layer's function gets. */
export interface CustomCall {
  /** The layer's input; of several the first. */
  x: SymbolicTensor;
  inputs: SymbolicTensor[];
  /** The layer's weights by their names. */
  weights: Record<string, SymbolicTensor>;
  /** The function is run for training and for inference. */
  training: boolean;
  ops: typeof ops;
}

export interface CustomLayerOptions {
  /** The layer's name. */
  name?: string;
  weights?: readonly CustomWeight[];
  /** What the layer does: operations on its inputs and weights. It returns a tensor, or an array of them. */
  call(args: CustomCall): SymbolicTensor | readonly SymbolicTensor[];
  /** Whether the steps that a mask leaves out are left out behind this layer, too. Default false. */
  supportsMasking?: boolean;
  trainable?: boolean;
  /** One sample's shape, where the layer is the model's first. */
  inputShape?: readonly number[];
}

export interface LambdaOptions extends Omit<CustomLayerOptions, 'weights' | 'call' | 'trainable'> {
  /** What becomes of the inputs. */
  call(...inputs: SymbolicTensor[]): SymbolicTensor | readonly SymbolicTensor[];
}

/** A layer of the caller's own: weights, and a function that composes `ops` on them. Its gradients are the engine's. */
export function customLayer(options: CustomLayerOptions): CustomLayer {
  return new CustomLayer(options);
}

/** A layer without weights of the caller's own: `lambda({ call: (x) => ops.square(x) })`. */
export function lambda({ call, ...options }: LambdaOptions): CustomLayer {
  if (typeof call !== 'function') throw new TabgradError('bad_config', `lambda: call is ${describe(call)}, want a function`);
  return new CustomLayer({ ...options, call: ({ inputs }) => call(...inputs) });
}

/** What a function did for inputs of some shapes. */
type WireCall = Recorded & { inputs: readonly (readonly number[])[]; training?: boolean };

let count = 0;
/** The custom layers of the configuration that is being written. */
let writing: Map<string, CustomLayer> | undefined;

/** What write returns, and the custom layers that are in it by their ids. */
export function withCustomLayers<T>(write: () => T): [T, Map<string, CustomLayer>] {
  const found = new Map<string, CustomLayer>();
  writing = found;
  try {
    return [write(), found];
  } finally {
    writing = undefined;
  }
}

export class CustomLayer extends Layer {
  readonly #options: CustomLayerOptions;
  readonly #id = `custom${count++}`;
  #weights: (WireObject & { name: string; shape: number[] })[] | undefined;
  readonly #calls: WireCall[] = [];

  constructor(options: CustomLayerOptions) {
    const { name, trainable, inputShape, call, weights = [] } = options;
    if (typeof call !== 'function') throw new TabgradError('bad_config', `customLayer: call is ${describe(call)}, want a function`);
    if (!Array.isArray(weights)) throw new TabgradError('bad_config', `customLayer: weights is ${describe(weights)}, want an array`);
    super('Recorded', { name, trainable, inputShape });
    this.#options = options;
  }

  override toJSON(): WireConfig {
    writing?.set(this.#id, this);
    const { class_name: className, config } = super.toJSON();
    const recording = { weights: this.#weights ?? [], calls: this.#calls, keeps_mask: this.#options.supportsMasking === true } as unknown as Wire;
    return { class_name: className, config: { ...config, id: this.#id, recording } };
  }

  /** Runs the function for inputs of these shapes. */
  async record(connection: Connection, inputs: readonly (readonly number[])[]): Promise<void> {
    const what = this.name ?? 'customLayer';
    const weights = (this.#weights ??= (this.#options.weights ?? []).map((w, i) => wireWeight(what, w, i, inputs)));
    const runs: Recorded[] = [];
    for (const training of [false, true]) {
      const run: Run = { inputs, weights, layer: true, training };
      runs.push(await record(connection, what, run, (tensors, w) => this.#options.call({ x: tensors[0]!, inputs: tensors, weights: w, training, ops })));
    }
    const [inference, training] = runs as [Recorded, Recorded];
    if (JSON.stringify(inference) === JSON.stringify(training)) this.#calls.push({ inputs, ...inference });
    else this.#calls.push({ inputs, training: false, ...inference }, { inputs, training: true, ...training });
  }
}

function wireWeight(what: string, weight: CustomWeight, i: number, inputs: readonly (readonly number[])[]): WireObject & { name: string; shape: number[] } {
  const { name, shape: given, trainable = true } = weight;
  if (typeof name !== 'string' || name === '') throw new TabgradError('bad_config', `${what}: weight ${i} has the name ${describe(name)}, want a string`);
  const shape = typeof given === 'function' ? given(...inputs.map((input) => [null, ...input])) : given;
  if (!Array.isArray(shape) || !shape.every((n) => Number.isInteger(n) && n >= 0)) {
    throw new TabgradError('bad_config', `${what}: the shape of ${name} is ${Array.isArray(shape) ? `[${shape.map(String).join(', ')}]` : describe(shape)}, want whole numbers`);
  }
  const one = (key: 'initializer' | 'regularizer' | 'constraint') => wireValue(`${what}: ${name}: ${key}`, weight[key] ?? null);
  return { name, shape: shape as number[], trainable, initializer: one('initializer'), regularizer: one('regularizer'), constraint: one('constraint') };
}

/** An operation on tensors of a graph: a layer that does it. */
export function applyOperation(name: string, operands: readonly Operand[], args: WireObject): GraphTensor {
  const inputs = operands.filter((o) => o instanceof GraphTensor);
  const layer = new CustomLayer({
    call: ({ inputs: tensors }) => {
      let next = 0;
      return operation(name, operands.map((o) => (o instanceof GraphTensor ? tensors[next++]! : o)), [args]);
    },
  });
  return layer.apply(inputs);
}

/** The loss of each sample, [N, ...], or of the batch, []. */
export type LossFunction = (yTrue: SymbolicTensor, yPred: SymbolicTensor) => SymbolicTensor;
/** A figure of each sample, [N, ...], or of the batch; the metric is its mean. */
export type MetricFunction = (yTrue: SymbolicTensor, yPred: SymbolicTensor) => SymbolicTensor;

export interface CustomLossOptions {
  name?: string;
  fn: LossFunction;
  /** One sample's target, where it hasn't the prediction's shape: [] for a class number. */
  targetShape?: readonly number[];
}

/** A custom loss or metric: a function that becomes a description once the shapes are known. */
export class CustomFunction<K extends 'loss' | 'metric' = 'loss' | 'metric'> extends Config<K> {
  constructor(
    readonly what: string,
    readonly fn: LossFunction | MetricFunction,
    readonly targetShape?: readonly number[],
  ) {
    super('Recorded', { name: what });
    if (typeof fn !== 'function') throw new TabgradError('bad_config', `${what}: fn is ${describe(fn)}, want a function of yTrue and yPred`);
  }

  /** The description, for predictions of a shape. */
  async recorded(connection: Connection, output: readonly number[], target: readonly number[]): Promise<WireConfig> {
    const inputs = [target, output];
    const run: Run = { inputs, layer: false };
    const call = await record(connection, this.what, run, ([yTrue, yPred]) => this.fn(yTrue!, yPred!));
    return { class_name: 'Recorded', config: { name: this.what, recording: { calls: [{ inputs, ...call }] } as unknown as Wire } };
  }
}

/** A loss of the caller's own: `customLoss({ fn: (yTrue, yPred) => ops.square(ops.sub(yTrue, yPred)) })`. compile takes the function alone, too. */
export function customLoss({ name, fn, targetShape }: CustomLossOptions): CustomFunction<'loss'> {
  return new CustomFunction(name ?? (fn?.name || 'loss'), fn, targetShape);
}

/** A metric of the caller's own: the mean over the epoch of what the function gives. */
export function customMetric({ name, fn }: { name?: string; fn: MetricFunction }): CustomFunction<'metric'> {
  return new CustomFunction(name ?? (fn?.name || 'metric'), fn);
}
