// Layers, optimizers, losses, metrics and initializers on the page are descriptions: a class name and options. The engine builds the real ones.

import { TabgradError } from './errors.js';
import { describe } from './tensor.js';
import type { Wire, WireObject } from './protocol.js';

/** A description of something the engine builds, Keras-style. `K` says what it is, so that a loss can't be passed for a layer. */
export class Config<K extends string = string> {
  /** Only for the type checker. */
  declare readonly kind: K;
  readonly className: string;
  readonly config: Readonly<WireObject>;

  constructor(className: string, options: object = {}) {
    this.className = className;
    this.config = wireOptions(className, options);
  }

  /** `{ class_name, config }` with snake_case keys, as Keras and the engine write it. */
  toJSON(): { class_name: string; config: WireObject } {
    return { class_name: this.className, config: this.config };
  }
}

export type Layer = Config<'layer'>;
export type Optimizer = Config<'optimizer'>;
export type Loss = Config<'loss'>;
export type Metric = Config<'metric'>;
export type Initializer = Config<'initializer'>;
export type Activation = Config<'activation'>;
export type Regularizer = Config<'regularizer'>;
export type Constraint = Config<'constraint'>;
export type LearningRateSchedule = Config<'learningRateSchedule'>;
export type TextConfig = Config<'text'>;

export function wireOptions(where: string, options: object): WireObject {
  const out: Record<string, Wire> = {};
  for (const [key, value] of Object.entries(options)) {
    if (value !== undefined) out[snakeCase(key)] = wireValue(`${where}: ${key}`, value);
  }
  return out;
}

/** The value as it can travel; `what` begins the error's message. */
export function wireValue(what: string, value: unknown): Wire {
  if (value instanceof Config) return value.toJSON() as unknown as Wire;
  if (value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string' || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return value.map((item) => wireValue(what, item));
  if (typeof value === 'object') return wireOptions(what, value);
  throw new TabgradError('bad_config', `${what} is ${describe(value)}, want a name, a number, an array or an object of options`);
}

/** `kernelSize` as `kernel_size`; a name that is snake_case already stays. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => '_' + letter.toLowerCase());
}
