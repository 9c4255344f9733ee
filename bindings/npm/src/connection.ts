// Requests to the engine and what comes back: promises by id, events in order, and one way to lose them all.

import { TabgradError, asTabgradError, fromWire } from './errors.js';
import type { AckMessage, EventMessage, LostMessage, ReplyMessage, ToEngine, Wire, WireObject } from './protocol.js';

export interface CallOptions {
  /**
   * Called for each event of the request, one after another; a promise it returns is awaited before the next. What it returns is the answer to an
   * event that has one. fail, at any time, ends the request with an error of the caller's, as a throw does.
   */
  onEvent?: (event: EventMessage, fail: (error: unknown) => void) => Wire | void | Promise<Wire | void>;
  signal?: AbortSignal;
  /** Buffers in args that are given away rather than copied. */
  transfer?: readonly ArrayBuffer[];
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: TabgradError): void;
  onEvent?: CallOptions['onEvent'];
  /** The events so far, each after the one before. */
  events: Promise<void>;
  /** A callback threw: the request was cancelled and is rejected with this. */
  thrown?: { error: unknown };
}

export interface Port {
  post(message: ToEngine, transfer?: readonly ArrayBuffer[]): void;
  keepAlive(on: boolean): void;
}

export class Connection {
  readonly #port: Port;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #lost: TabgradError | undefined;

  constructor(port: Port) {
    this.#port = port;
  }

  /** Sends a request. Rejects with a TabgradError, or with what a callback threw. The arrays in args are copied, unless they are to be transferred. */
  call<T>(method: string, args: WireObject, options: CallOptions = {}): Promise<T> {
    return new Promise<unknown>((resolve, reject) => {
      if (this.#lost) return reject(this.#lost);
      const { signal, onEvent } = options;
      if (signal?.aborted) return reject(aborted(signal));
      const id = this.#nextId++;
      const onAbort = () => this.#port.post({ cancel: id });
      const done = () => signal?.removeEventListener('abort', onAbort);
      this.#pending.set(id, {
        resolve: (value) => (done(), resolve(value)),
        reject: (error) => (done(), reject(error.code === 'aborted' && signal?.aborted ? aborted(signal) : error)),
        onEvent,
        events: Promise.resolve(),
      });
      try {
        this.#port.post({ id, method, args }, options.transfer);
      } catch (error) {
        this.#pending.delete(id);
        return reject(asTabgradError(error, 'bad_data'));
      }
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#port.keepAlive(true);
    }) as Promise<T>;
  }

  /** Takes a message of the engine's. */
  receive(message: ReplyMessage | EventMessage | LostMessage): void {
    if ('lost' in message) return this.lose(fromWire(message.lost));
    const pending = this.#pending.get(message.id);
    if (!pending) return;
    if ('event' in message) {
      const event = message as EventMessage;
      pending.events = pending.events.then(() => this.#deliver(pending, event));
      return;
    }
    // The request is over for the engine, but its last callbacks may still run.
    void pending.events.then(() => {
      if (!this.#settle(message.id)) return;
      if (pending.thrown) pending.reject(pending.thrown.error as TabgradError);
      else if (message.error) pending.reject(fromWire(message.error));
      else pending.resolve(message.ok);
    });
  }

  /** Rejects everything that waits, and everything that will be asked. */
  lose(error: TabgradError): void {
    this.#lost ??= error;
    for (const [id, pending] of [...this.#pending]) {
      this.#settle(id);
      pending.reject(this.#lost);
    }
  }

  async #deliver(pending: Pending, event: EventMessage): Promise<void> {
    const fail = (error: unknown) => {
      if (pending.thrown) return;
      pending.thrown = { error };
      this.#port.post({ cancel: event.id });
    };
    let value: Wire | void;
    try {
      if (!pending.thrown) value = await pending.onEvent?.(event, fail);
    } catch (error) {
      fail(error);
    }
    // Acknowledged after a throw too: the engine must get past this point to see that it was cancelled.
    if (event.seq !== undefined) this.#post({ ack: event.id, seq: event.seq, ...(value === undefined ? {} : { value: value as Wire }) }, fail);
  }

  /** An answer that cannot be sent is the caller's mistake. */
  #post(message: AckMessage, fail: (error: unknown) => void): void {
    try {
      this.#port.post(message);
    } catch (error) {
      fail(asTabgradError(error, 'bad_data'));
      this.#port.post({ ack: message.ack, seq: message.seq });
    }
  }

  #settle(id: number): boolean {
    const was = this.#pending.delete(id);
    if (this.#pending.size === 0) this.#port.keepAlive(false);
    return was;
  }
}

function aborted(signal: AbortSignal): TabgradError {
  return new TabgradError('aborted', 'aborted by the caller', { cause: signal.reason });
}
