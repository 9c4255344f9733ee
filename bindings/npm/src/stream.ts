// Samples that come one after another: what tg.data makes, in the spirit of tf.data and of TensorFlow.js's datasets.

import { TabgradError } from './errors.js';
import { describe, isTensor, sizeOf, toTensor, type Tensor, type TensorData, type TensorLike } from './tensor.js';

/** One sample's value: a number, numbers, a tensor, or several of these by name or in an array. */
export type SampleValue = TensorLike | number | { readonly [name: string]: TensorLike | number };

/** One sample. */
export interface Sample {
  xs: SampleValue;
  ys?: SampleValue;
  /** What its loss counts. */
  sampleWeight?: number;
}

/** What a batch of samples is: their values one behind another. */
export interface StackedBatch {
  xs: Tensor | Record<string, Tensor>;
  ys: Tensor | Record<string, Tensor>;
  sampleWeight?: Float32Array;
}

type Many<T> = Iterable<T> | AsyncIterable<T>;

/** Something that is read from its beginning once an epoch. Epochs count from 0. */
export type Source<T> = Many<T> | ((epoch: number) => Many<T>);

/** An iterator whose next() may be called again before the last call is done. */
interface Cursor<T> {
  next(): Promise<IteratorResult<T>>;
  return(): Promise<void>;
}

const over: IteratorReturnResult<undefined> = { done: true, value: undefined };

export interface ShuffleOptions {
  /** The same seed and epoch give the same order; default 0. */
  seed?: number;
}

/** Elements that are read one after another, epoch by epoch. Its methods make new streams, which read this one when they are read themselves. */
export class Stream<T> implements AsyncIterable<T> {
  readonly #open: (epoch: number) => Cursor<T>;
  /** Its elements are single samples for sure, and no batches. */
  readonly ofSamples: boolean;

  /** Made by `tg.data`. */
  constructor(open: (epoch: number) => Cursor<T>, ofSamples = false) {
    this.#open = open;
    this.ofSamples = ofSamples;
  }

  /** A stream of what an iterable gives, or a function of an epoch's number: a generator, for example. */
  static from<T>(source: Source<T>, ofSamples = false): Stream<T> {
    return new Stream((epoch) => {
      const many = typeof source === 'function' ? source(epoch) : source;
      if (typeof many !== 'object' || many === null || !(Symbol.asyncIterator in many || Symbol.iterator in many)) {
        throw new TabgradError('bad_data', `data: got ${describe(many)}, want an iterable, or a function that gives one`);
      }
      const iterator = Symbol.asyncIterator in many ? many[Symbol.asyncIterator]() : many[Symbol.iterator]();
      return {
        next: async () => iterator.next(),
        return: async () => void (await iterator.return?.()),
      };
    }, ofSamples);
  }

  /** The elements of one epoch. */
  epoch(epoch: number): AsyncIterable<T> {
    return { [Symbol.asyncIterator]: () => this.#iterate(epoch) };
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return this.#iterate(0);
  }

  #iterate(epoch: number): AsyncIterator<T> {
    const cursor = this.#open(epoch);
    return {
      next: () => cursor.next(),
      return: async (value?: unknown) => {
        await cursor.return();
        return { done: true, value };
      },
    };
  }

  /** Each element as f makes it. A promise it returns is waited for; with prefetch behind it several run at once. */
  map<U>(f: (element: T) => U | Promise<U>): Stream<U> {
    return this.#read((cursor) => async () => {
      const { done, value } = await cursor.next();
      return done ? over : { done: false, value: await f(value) };
    }, false);
  }

  /** Without the elements that f says no to. */
  filter(f: (element: T) => boolean | Promise<boolean>): Stream<T> {
    return this.#read((cursor) =>
      oneByOne(async () => {
        for (;;) {
          const item = await cursor.next();
          if (item.done || (await f(item.value))) return item;
        }
      }),
    );
  }

  /** The first n elements of each epoch. */
  take(n: number): Stream<T> {
    return this.#read((cursor) => {
      let left = n;
      return async () => (left-- > 0 ? cursor.next() : over);
    });
  }

  /** Without the first n elements of each epoch. */
  skip(n: number): Stream<T> {
    return this.#read((cursor) => {
      let left = n;
      return oneByOne(async () => {
        for (; left > 0; left--) if ((await cursor.next()).done) return over;
        return cursor.next();
      });
    });
  }

  /**
   * In another order each epoch: each element is drawn out of a buffer of the next `size`. Where that is at least the number of elements, every
   * order is as likely.
   */
  shuffle(size: number, { seed = 0 }: ShuffleOptions = {}): Stream<T> {
    if (!Number.isInteger(size) || size < 1) throw new TabgradError('bad_config', `shuffle: the buffer's size is ${size}, want a whole number from 1`);
    return this.#read((cursor, epoch) => {
      const random = randomNumbers(seed, epoch);
      const buffer: T[] = [];
      let ended = false;
      return oneByOne(async () => {
        while (!ended && buffer.length < size) {
          const { done, value } = await cursor.next();
          if (done) ended = true;
          else buffer.push(value);
        }
        if (buffer.length === 0) return over;
        const i = Math.floor(random() * buffer.length);
        const value = buffer[i]!;
        buffer[i] = buffer[buffer.length - 1]!;
        buffer.pop();
        return { done: false, value };
      });
    });
  }

  /** The elements n times an epoch, without an end by default. Each time is an epoch of what is repeated. */
  repeat(n = Infinity): Stream<T> {
    return new Stream((epoch) => {
      let turn = 0;
      let cursor = this.#open(n === Infinity ? epoch : epoch * n);
      let empty = true;
      return {
        next: oneByOne(async () => {
          for (;;) {
            const item = await cursor.next();
            if (!item.done || empty || turn + 1 >= n) {
              empty = false;
              return item;
            }
            turn++;
            empty = true;
            cursor = this.#open((n === Infinity ? epoch : epoch * n) + turn);
          }
        }),
        return: () => cursor.return(),
      };
    }, this.ofSamples);
  }

  /** Keeps the elements when an epoch was read to its end: the epochs behind it have the same. */
  cache(): Stream<T> {
    let kept: T[] | undefined;
    return new Stream((epoch) => {
      if (kept) {
        const list = kept;
        let at = 0;
        return { next: async () => (at < list.length ? { done: false, value: list[at++]! } : over), return: async () => {} };
      }
      const cursor = this.#open(epoch);
      const read: T[] = [];
      return {
        next: oneByOne(async () => {
          const item = await cursor.next();
          if (item.done) kept = read;
          else read.push(item.value);
          return item;
        }),
        return: () => cursor.return(),
      };
    }, this.ofSamples);
  }

  /** Reads n elements ahead, so that they are there when they are asked for. */
  prefetch(n: number): Stream<T> {
    if (!Number.isInteger(n) || n < 1) throw new TabgradError('bad_config', `prefetch: got ${n}, want a whole number from 1`);
    return this.#read((cursor) => {
      const ahead: Promise<IteratorResult<T>>[] = [];
      let ended = false;
      const read = () => {
        const item = cursor.next();
        item.then(
          ({ done }) => void (ended ||= done === true),
          () => void (ended = true), // told to whoever takes the item
        );
        ahead.push(item);
      };
      return async () => {
        if (ahead.length === 0) read();
        const item = ahead.shift()!;
        while (!ended && ahead.length < n) read();
        return item;
      };
    });
  }

  /** The elements, which are samples, in batches of n; the last one of an epoch is smaller where they don't fill it. */
  batch(n: number, { dropRemainder = false }: { dropRemainder?: boolean } = {}): Stream<StackedBatch> {
    if (!Number.isInteger(n) || n < 1) throw new TabgradError('bad_config', `batch: the size is ${n}, want a whole number from 1`);
    return this.#read((cursor) =>
      oneByOne(async () => {
        const samples: Sample[] = [];
        while (samples.length < n) {
          const { done, value } = await cursor.next();
          if (done) break;
          samples.push(asSample(value));
        }
        if (samples.length === 0 || (dropRemainder && samples.length < n)) return over;
        return { done: false, value: stacked(samples) };
      }),
      false,
    );
  }

  /** All elements of an epoch, which are samples, as tensors: for what is small enough, so that fit shuffles all of it. */
  async tensors(): Promise<StackedBatch> {
    const samples = (await this.toArray()).map(asSample);
    if (samples.length === 0) throw new TabgradError('bad_data', 'data: there are no samples');
    return stacked(samples);
  }

  /** All elements of an epoch. */
  async toArray(): Promise<T[]> {
    const all: T[] = [];
    for await (const element of this) all.push(element);
    return all;
  }

  /** A stream that reads this one's elements in its own way. */
  #read<U>(reader: (cursor: Cursor<T>, epoch: number) => () => Promise<IteratorResult<U>>, ofSamples = this.ofSamples): Stream<U> {
    return new Stream((epoch) => {
      const cursor = this.#open(epoch);
      return { next: reader(cursor, epoch), return: () => cursor.return() };
    }, ofSamples);
  }
}

/** One call of next after another, for those that look at more than one element. */
function oneByOne<T>(next: () => Promise<IteratorResult<T>>): () => Promise<IteratorResult<T>> {
  let last: Promise<unknown> = Promise.resolve();
  return () => {
    const item = last.then(next);
    last = item.catch(() => {});
    return item;
  };
}

function asSample(value: unknown): Sample {
  if (typeof value === 'object' && value !== null && 'xs' in value) return value as Sample;
  return { xs: value as SampleValue };
}

/** Samples one behind another. */
export function stacked(samples: readonly Sample[]): StackedBatch {
  const [first] = samples as [Sample];
  const batch: Partial<StackedBatch> = { xs: stack(samples.map(({ xs }) => xs), 'xs') };
  if (first.ys !== undefined) batch.ys = stack(samples.map(({ ys }) => ys as SampleValue), 'ys');
  if (first.sampleWeight !== undefined) batch.sampleWeight = Float32Array.from(samples, ({ sampleWeight }) => sampleWeight ?? 1);
  return batch as StackedBatch;
}

function stack(values: readonly SampleValue[], what: string): Tensor | Record<string, Tensor> {
  const [first] = values;
  if (typeof first === 'object' && first !== null && !Array.isArray(first) && !ArrayBuffer.isView(first) && !isTensor(first)) {
    return Object.fromEntries(Object.keys(first).map((name) => [name, stackOne(values.map((v) => (v as Record<string, TensorLike>)[name]!), `${what}.${name}`)]));
  }
  return stackOne(values as readonly (TensorLike | number)[], what);
}

function stackOne(values: readonly (TensorLike | number)[], what: string): Tensor {
  const one = (value: TensorLike | number, i: number): Tensor => (typeof value === 'number' ? { data: Float32Array.of(value), shape: [] } : toTensor(value, `data: ${what} of sample ${i}`));
  const first = one(values[0]!, 0);
  const size = sizeOf(first.shape);
  const data = new (first.data.constructor as { new (n: number): TensorData })(size * values.length);
  values.forEach((value, i) => {
    const t = i === 0 ? first : one(value, i);
    if (t.shape.length !== first.shape.length || t.shape.some((n, k) => n !== first.shape[k])) {
      throw new TabgradError('shape_mismatch', `data: ${what} of sample ${i} is [${t.shape}], the batch's first is [${first.shape}]`);
    }
    if (t.data.constructor !== data.constructor || t.scale !== first.scale) throw new TabgradError('bad_data', `data: ${what} of sample ${i} is of another type or scale than the batch's first`);
    data.set(t.data, i * size);
  });
  const shape = [values.length, ...first.shape];
  return first.scale === undefined ? { data, shape } : { data, shape, scale: first.scale };
}

/** Numbers in [0, 1): mulberry32, from a seed and an epoch. */
function randomNumbers(seed: number, epoch: number): () => number {
  let state = Math.imul((seed | 0) ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(epoch + 1, 0xc2b2ae35);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
