// Layers, optimizers, losses, metrics and initializers on the page are descriptions: a class name and options. The engine builds the real ones.

import { TabgradError } from './errors.js';
import { describe } from './tensor.js';
import type { Wire, WireObject } from './protocol.js';

/** A description of something the engine builds, Keras-style. `K` says what it is, so that a loss can't be passed for a layer. */
export class Config<K extends string = string> {
  /** Only for the type checker. */
  declare readonly kind: K;
  readonly className: string;
  /** The options, with snake_case keys. Layers in them stay as they are. */
  readonly config: Readonly<Record<string, unknown>>;

  constructor(className: string, options: object = {}) {
    this.className = className;
    this.config = checkedOptions(className, options);
  }

  /** `{ class_name, config }` with snake_case keys, as Keras and the engine write it. */
  toJSON(): WireConfig {
    return { class_name: this.className, config: plain(this.config) as WireObject };
  }
}

/** How a description travels. */
export type WireConfig = { class_name: string; config: WireObject };

export type Optimizer = Config<'optimizer'>;
export type Loss = Config<'loss'>;
export type Metric = Config<'metric'>;
export type Initializer = Config<'initializer'>;
export type Activation = Config<'activation'>;
export type Regularizer = Config<'regularizer'>;
export type Constraint = Config<'constraint'>;
export type LearningRateSchedule = Config<'learningRateSchedule'>;
export type TextConfig = Config<'text'>;

/** Options as they can travel. */
export function wireOptions(where: string, options: object): WireObject {
  return plain(checkedOptions(where, options)) as WireObject;
}

function checkedOptions(where: string, options: object): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(options)) {
    if (value !== undefined) out[snakeCase(key)] = checked(`${where}: ${key}`, value);
  }
  return out;
}

/** The value with snake_case keys; `what` begins the error's message where it can't travel. */
function checked(what: string, value: unknown): unknown {
  if (value instanceof Config) return value;
  if (value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string' || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return value.map((item) => checked(what, item));
  if (typeof value === 'object') return checkedOptions(what, value);
  throw new TabgradError('bad_config', `${what} is ${describe(value)}, want a name, a number, an array or an object of options`);
}

/** The value as it can travel, its descriptions as they are now: a custom layer learns what its function does when a model is built. */
function plain(value: unknown): Wire {
  if (value instanceof Config) return value.toJSON();
  if (Array.isArray(value)) return value.map(plain);
  if (value !== null && typeof value === 'object' && !ArrayBuffer.isView(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  return value as Wire;
}

/** The value as it can travel; `what` begins the error's message. */
export function wireValue(what: string, value: unknown): Wire {
  return plain(checked(what, value));
}

/** `kernelSize` as `kernel_size`; a name that is snake_case already stays. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => '_' + letter.toLowerCase());
}
