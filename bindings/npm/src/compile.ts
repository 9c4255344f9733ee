// What compile takes, and how it travels. Functions among the losses and metrics are run here, for the shapes of the outputs.

import { wireValue, type Loss, type Metric, type Optimizer } from './config.js';
import type { Connection } from './connection.js';
import { CustomFunction, customLoss, customMetric, type LossFunction, type MetricFunction } from './custom.js';
import { TabgradError } from './errors.js';
import type { LossName, MetricName, OptimizerName } from './gen_names.js';
import type { Wire, WireObject } from './protocol.js';

/** A loss: a name, one of `losses`, or a function of the target and the prediction that composes `ops`. */
export type LossSpec = LossName | Loss | LossFunction;
/** A metric: a name, one of `metrics`, or a function, also with a name. */
export type MetricSpec = MetricName | Metric | MetricFunction | { name?: string; fn: MetricFunction };

/** Metrics: of one output a list; of several an object by their names, or an array of lists. */
export type MetricsSpec = readonly MetricSpec[] | readonly (readonly MetricSpec[])[] | { readonly [output: string]: MetricSpec | readonly MetricSpec[] };

export interface CompileOptions {
  /** A name or `optimizers.…`; default 'rmsprop', as Keras has it. */
  optimizer?: OptimizerName | Optimizer;
  /** One loss for all outputs; or one for each, in an array in their order or by their names. An output without one has no targets. */
  loss: LossSpec | readonly (LossSpec | null)[] | { readonly [output: string]: LossSpec | null };
  /** What each output's loss counts in the model's; 1 by default. */
  lossWeights?: readonly (number | null)[] | { readonly [output: string]: number };
  /** What is counted of all samples alike. Of one output a list; of several an object by their names, or an array of lists. */
  metrics?: MetricsSpec;
  /** What is counted of samples by their weights. */
  weightedMetrics?: MetricsSpec;
}

/** An output as the engine knows it. */
export interface End {
  name: string;
  shape: number[];
}

type Target = readonly number[];

export async function compileArgs(connection: Connection, outputs: readonly End[], options: CompileOptions): Promise<WireObject> {
  const { optimizer = 'rmsprop', loss, lossWeights, metrics = [], weightedMetrics = [] } = options;
  const targets = new Map<number, Target>(); // where a custom loss says what they are
  const wireLoss = async (value: unknown, k: number): Promise<Wire> => {
    const custom = typeof value === 'function' ? customLoss({ fn: value as LossFunction }) : value;
    if (!(custom instanceof CustomFunction)) return wireValue('compile: loss', custom ?? null);
    const { shape } = output(custom.what, outputs, k);
    targets.set(k, custom.targetShape ?? shape);
    return custom.recorded(connection, shape, custom.targetShape ?? shape);
  };
  const wireMetric = async (value: unknown, k: number): Promise<Wire> => {
    const named = typeof value === 'function' ? { fn: value as MetricFunction } : value;
    const custom = isNamedFunction(named) ? customMetric(named) : named;
    if (!(custom instanceof CustomFunction)) return wireValue('compile: metrics', custom ?? null);
    const { shape } = output(custom.what, outputs, k);
    return custom.recorded(connection, shape, targets.get(k) ?? shape);
  };
  const losses = await byOutput('loss', loss, outputs, wireLoss, false);
  return {
    optimizer: wireValue('compile: optimizer', optimizer),
    loss: losses,
    ...(lossWeights === undefined ? {} : { lossWeights: await byOutput('lossWeights', lossWeights, outputs, async (weight) => wireValue('compile: lossWeights', weight ?? null), false) }),
    metrics: await byOutput('metrics', metrics, outputs, wireMetric, true),
    weightedMetrics: await byOutput('weightedMetrics', weightedMetrics, outputs, wireMetric, true),
  };
}

function isNamedFunction(value: unknown): value is { name?: string; fn: MetricFunction } {
  return typeof value === 'object' && value !== null && 'fn' in value && !(value instanceof CustomFunction);
}

function output(what: string, outputs: readonly End[], k: number): End {
  const found = outputs[k];
  if (!found) throw new TabgradError('bad_config', `compile: ${what} is a function, which wants to know the model's output's shape: give the first layer an inputShape`);
  return found;
}

/** A value for each output, in the form that it was given in: one for all, in order, or by name. Lists are metrics. */
async function byOutput(key: string, value: unknown, outputs: readonly End[], wire: (value: unknown, k: number) => Promise<Wire>, lists: boolean): Promise<Wire> {
  const leaf = async (v: unknown, k: number): Promise<Wire> => (lists && Array.isArray(v) ? Promise.all(v.map((one) => wire(one, k))) : wire(v, k));
  if (Array.isArray(value)) {
    const several = !lists || value.some(Array.isArray);
    return Promise.all(value.map((one, i) => leaf(one, several ? i : 0)));
  }
  if (isPlainObject(value) && !isNamedFunction(value)) {
    const entries = Object.entries(value).map(async ([name, one]) => {
      const k = outputs.findIndex((o) => o.name === name);
      if (k < 0 && outputs.length > 0) {
        throw new TabgradError('bad_config', `compile: ${key} is for '${name}', want ${outputs.map((o) => o.name).join(', ')}`);
      }
      return [name, await leaf(one, k)] as const;
    });
    return Object.fromEntries(await Promise.all(entries));
  }
  if (typeof value !== 'function' && !(value instanceof CustomFunction)) return leaf(value, 0);
  // A function is run for each output: they may be of different shapes.
  if (outputs.length < 2) return leaf(value, 0);
  return Promise.all(outputs.map((_, k) => leaf(value, k)));
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

