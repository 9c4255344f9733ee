// Errors with a code, so that a page can tell a wrong shape from a lost engine without reading the message.

/**
 * What went wrong:
 * - `shape_mismatch`: a tensor's shape isn't the one a layer, a loss or a setter wants.
 * - `bad_config`: an unknown layer, optimizer, loss, metric or option, or a value out of its range.
 * - `bad_data`: NaN in the data, labels out of range, a truncated file, nothing to train on.
 * - `bad_format`: not a model: not JSON, a weight file cut short, weights of other shapes than the layers'.
 * - `not_found`: a model, or one of its files, isn't where it was looked for.
 * - `quota_exceeded`: the browser has no room for the model.
 * - `not_saved`: the model could not be written where it was to be saved.
 * - `diverged`: the loss became NaN or infinite; the weights of the last good epoch were kept.
 * - `out_of_memory`: the browser refused memory.
 * - `aborted`: the caller's AbortSignal fired.
 * - `busy`: the model is being trained already.
 * - `disposed`: the model or the engine was closed by the caller.
 * - `engine_lost`: the engine's worker or one of its lanes died; `load()` may be called again.
 * - `bad_wasm`: a file of the engine could not be had, or isn't what it should be.
 * - `unsupported`: this build or this backend can't do it.
 * - `internal`: a bug in tabgrad.
 */
export type ErrorCode =
  | 'shape_mismatch'
  | 'bad_config'
  | 'bad_data'
  | 'bad_format'
  | 'not_found'
  | 'quota_exceeded'
  | 'not_saved'
  | 'diverged'
  | 'out_of_memory'
  | 'aborted'
  | 'busy'
  | 'disposed'
  | 'engine_lost'
  | 'bad_wasm'
  | 'unsupported'
  | 'internal';

/** An error as it travels in a message; see bindings/protocol.go. */
export interface WireError {
  code: ErrorCode;
  message: string;
  /** More to read by program, for example `{ epoch, batch }` of a fit that diverged. */
  details?: Record<string, unknown>;
}

/** Every error that tabgrad rejects or throws with. The message names the layer or the argument, what it got and what it wants. */
export class TabgradError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: { details?: Record<string, unknown>; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'TabgradError';
    this.code = code;
    this.details = options.details ?? {};
  }
}

export function fromWire(wire: WireError): TabgradError {
  return new TabgradError(wire.code, wire.message, { details: wire.details });
}

export function toWire(error: TabgradError): WireError {
  return { code: error.code, message: error.message, details: { ...error.details } };
}

/** The error as a TabgradError: as it is when it is one, else with the given code. */
export function asTabgradError(error: unknown, code: ErrorCode): TabgradError {
  if (error instanceof TabgradError) return error;
  return new TabgradError(code, error instanceof Error ? error.message : String(error), { cause: error });
}
