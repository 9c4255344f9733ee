// Batches that the caller makes one by one: a generator, a stream, a file that is too large for memory. The engine asks for them when an epoch
// begins, and they are sent to it while it computes, two ahead of the step. The messages are described in bindings/feed.go.

import type { Connection } from './connection.js';
import { TabgradError } from './errors.js';
import { wireTensors, type Input } from './fit_tensors.js';
import type { EventMessage, Wire } from './protocol.js';
import { Stream } from './stream.js';
import { describe } from './tensor.js';

/** One batch of samples. */
export interface Batch {
  xs: Input;
  ys: Input;
  /** A factor for each sample's loss, [n]; of several outputs one for all, or one for each. */
  sampleWeight?: Input;
}

/** A batch for predict: inputs, with or without targets. */
export type PredictBatch = { xs: Input; ys?: unknown } | Input;

type Many<T> = Iterable<T> | AsyncIterable<T>;

/** Batches for one epoch, or with a function, which gets an epoch's number, for as many as there are epochs. A stream of tg.data is either. */
export type Batches<T = Batch> = Many<T> | ((epoch: number) => Many<T>);

export function isBatches(x: unknown): x is Batches<never> {
  if (typeof x === 'function') return true;
  if (typeof x !== 'object' || x === null || Array.isArray(x) || ArrayBuffer.isView(x)) return false;
  return Symbol.iterator in x || Symbol.asyncIterator in x;
}

/** What the page sends the engine during one request. */
export class Feeds {
  readonly #connection: Connection;
  readonly #where: string;
  readonly #sources: Readonly<Record<string, Batches<unknown> | undefined>>;
  readonly #running = new Set<Pump>();

  /** sources are the batches by what the engine calls them: train, validation, evaluate, predict. */
  constructor(connection: Connection, where: string, sources: Readonly<Record<string, Batches<unknown> | undefined>>) {
    this.#connection = connection;
    this.#where = where;
    this.#sources = sources;
  }

  /** Begins to send what the engine asks for. fail ends the request with an error of the caller's iterator. */
  open({ data }: EventMessage, fail: (error: unknown) => void): void {
    const pump = new Pump(this.#connection, this.#where, this.#sources[data['of'] as string]!, data as never);
    this.#running.add(pump);
    pump.run().then(
      () => this.#running.delete(pump),
      (error) => {
        this.#running.delete(pump);
        pump.end();
        fail(error);
      },
    );
  }

  /** Ends all iterators, also those that wait for something. */
  close(): void {
    for (const pump of this.#running) pump.end();
    this.#running.clear();
  }
}

/** One iterator and the engine's feed that it goes to. */
class Pump {
  readonly #connection: Connection;
  readonly #where: string;
  readonly #asked: { feed: number; of: string; epoch: number; skip: number; limit: number };
  readonly #batches: Batches<unknown>;
  #iterator: Iterator<unknown> | AsyncIterator<unknown> | undefined;
  #over = false;

  constructor(connection: Connection, where: string, batches: Batches<unknown>, asked: { feed: number; of: string; epoch: number; skip: number; limit: number }) {
    this.#connection = connection;
    this.#where = where;
    this.#asked = asked;
    this.#batches = batches;
  }

  async run(): Promise<void> {
    const { feed, of, epoch, skip, limit } = this.#asked;
    const batches = this.#batches;
    if (batches instanceof Stream && batches.ofSamples) throw new TabgradError('bad_data', `${this.#where}: got a stream of samples, want batches: stream.batch(32)`);
    const iterable = typeof batches === 'function' ? batches(epoch) : batches instanceof Stream ? batches.epoch(epoch) : batches;
    if (typeof iterable !== 'object' || iterable === null || !(Symbol.asyncIterator in iterable || Symbol.iterator in iterable)) {
      throw new TabgradError('bad_data', `${this.#where}: the function of the batches gave ${describe(iterable)}, want an iterable`);
    }
    const iterator = (this.#iterator = Symbol.asyncIterator in iterable ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]());
    for (let count = 0; !this.#over; count++) {
      const last = limit > 0 && count >= limit + skip;
      const next = last ? { done: true, value: undefined } : await iterator.next();
      if (this.#over) return;
      if (next.done) {
        if (count === 0 && of === 'train') throw new TabgradError('bad_data', `fit: there is no batch for epoch ${epoch}; give a function that makes the batches of an epoch`);
        await this.#connection.call('feed.push', { feed, end: true });
        if (last) this.end();
        return;
      }
      if (count < skip) continue;
      const { more } = await this.#connection.call<{ more: boolean }>('feed.push', { feed, ...this.#wire(next.value, count) });
      if (!more) return this.end();
    }
  }

  /** Lets the iterator free what it holds. */
  end(): void {
    if (this.#over) return;
    this.#over = true;
    void Promise.resolve()
      .then(() => this.#iterator?.return?.())
      .catch(() => {}); // the run is over, and nobody waits for this
  }

  #wire(batch: unknown, index: number): Record<string, Wire> {
    const where = `${this.#where}: batch ${index}`;
    const isObject = typeof batch === 'object' && batch !== null;
    if (this.#asked.of === 'predict') return { xs: wireTensors((isObject && 'xs' in batch ? batch.xs : batch) as Input, `${where}: xs`) };
    if (!isObject || !('xs' in batch) || !('ys' in batch)) throw new TabgradError('bad_data', `${where} is ${describe(batch)}, want { xs, ys }`);
    const { xs, ys, sampleWeight } = batch as Batch;
    return {
      xs: wireTensors(xs, `${where}: xs`),
      ys: wireTensors(ys, `${where}: ys`),
      ...(sampleWeight === undefined || sampleWeight === null ? {} : { sampleWeight: wireTensors(sampleWeight, `${where}: sampleWeight`) }),
    };
  }
}
