// Text: what a page holds of a vectorizer in the engine. Texts travel as UTF-8 bytes.

import { Config, type TextConfig } from './config.js';
import type { Connection } from './connection.js';
import { TabgradError } from './errors.js';
import type { StringLookupOptions, TextVectorizationOptions as Options } from './gen_texts.js';
import type { WireObject } from './protocol.js';
import { describe, type Tensor } from './tensor.js';

export type { StringLookupOptions };

/** Keras's arguments of TextVectorization; functions of your own may stand for its ways to standardize and to split. */
export interface TextVectorizationOptions extends Omit<Options, 'standardize' | 'split' | 'ngrams'> {
  /** What is done to a text first. Default 'lower_and_strip_punctuation'. */
  standardize?: Options['standardize'] | ((text: string) => string);
  /** Where texts are split into tokens. Default 'whitespace'. */
  split?: Options['split'] | ((text: string) => readonly string[]);
  /** Of how many neighbours tokens are made: 2 for one and two, [2] for two alone. */
  ngrams?: number | readonly number[];
}

/** Texts, or batches of them, which may be more than memory holds. */
export type TextBatches = readonly string[] | Iterable<readonly string[]> | AsyncIterable<readonly string[]>;

const collected = new FinalizationRegistry<() => void>((free) => free());

/** Apart from the class, so that what frees it doesn't hold it. */
function disposer(connection: Connection, text: number): () => void {
  return () => void connection.call('text.dispose', { text }).catch(() => {});
}

/** Makes numbers of texts. Made by `tg.textVectorization()` and `tg.stringLookup()`. */
export class TextVectorizer {
  readonly #connection: Connection;
  readonly #config: TextConfig;
  readonly #standardize: ((text: string) => string) | undefined;
  readonly #split: ((text: string) => readonly string[]) | undefined;
  #made: Promise<number> | undefined;
  #disposed = false;

  constructor(connection: Connection, className: 'TextVectorization' | 'StringLookup', options: TextVectorizationOptions | StringLookupOptions) {
    const { standardize, split, ...rest } = options as TextVectorizationOptions;
    // What runs on the page comes before what the engine does: before a split of one's own, standardizing runs here too.
    if (typeof split === 'function') this.#split = split;
    if (typeof standardize === 'function') this.#standardize = standardize;
    else if (this.#split) this.#standardize = standardizer(standardize);
    this.#connection = connection;
    this.#config = new Config(className, {
      ...rest,
      standardize: typeof standardize === 'function' || this.#split ? 'none' : standardize,
      split: typeof split === 'function' ? 'none' : split,
    });
  }

  /**
   * Learns the vocabulary from texts: the most frequent tokens first, of equally frequent ones the larger first, as Keras has it. What was learnt
   * before is forgotten.
   */
  async adapt(texts: TextBatches, options: { signal?: AbortSignal } = {}): Promise<void> {
    const text = await this.#id();
    let first = true;
    for await (const batch of isTexts(texts) ? [texts] : texts) {
      if (!isTexts(batch)) throw new TabgradError('bad_data', `adapt: a batch is ${describe(batch)}, want an array of strings`);
      await this.#call('text.adapt', { text, first }, batch, options);
      first = false;
    }
    await this.#call('text.adapt', { text, first, last: true }, [], options);
  }

  /**
   * The numbers of texts: indices [n, T], of a stringLookup [n], or vectors [n, tokens]. They are Int32, but with the output mode tf_idf, where they
   * are Float32.
   */
  async apply(texts: readonly string[] | string, options: { signal?: AbortSignal } = {}): Promise<Tensor<Int32Array | Float32Array>> {
    const list = typeof texts === 'string' ? [texts] : texts;
    if (!isTexts(list)) throw new TabgradError('bad_data', `apply: texts is ${describe(texts)}, want an array of strings`);
    return this.#call('text.apply', { text: await this.#id() }, list, options);
  }

  /** The tokens in the order of their indices, the special ones first. */
  async getVocabulary(): Promise<string[]> {
    return this.#connection.call('text.vocabulary', { text: await this.#id() });
  }

  /**
   * `{ class_name, config }` as Keras has it, with the vocabulary, for saving beside a model: `tg.textVectorization(saved.config)` makes it again.
   * Rejects with `bad_config` where a function of your own is part of it.
   */
  async getConfig(): Promise<{ class_name: string; config: Record<string, unknown> }> {
    if (this.#standardize || this.#split) throw new TabgradError('bad_config', `${this.#config.className}: a function cannot be written into a config`);
    return this.#connection.call('text.config', { text: await this.#id() });
  }

  /** Frees it in the engine now. Optional, as a model's. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    collected.unregister(this);
    this.#made?.then((text) => this.#connection.call('text.dispose', { text })).catch(() => {});
  }

  #id(): Promise<number> {
    if (this.#disposed) return Promise.reject(new TabgradError('disposed', `${this.#config.className}: it was disposed`));
    const connection = this.#connection;
    this.#made ??= connection.call<{ text: number }>('text.create', { config: this.#config.toJSON() as never }).then(({ text }) => {
      if (!this.#disposed) collected.register(this, disposer(connection, text), this);
      return text;
    });
    return this.#made;
  }

  #call<T>(method: string, args: WireObject, texts: readonly string[], { signal }: { signal?: AbortSignal }): Promise<T> {
    const standard = this.#standardize ? texts.map(this.#standardize) : texts;
    let packed: WireObject & { bytes: Uint8Array; ends: Int32Array };
    if (this.#split) {
      const tokens = standard.map(this.#split);
      packed = { ...pack(tokens.flat()), counts: Int32Array.from(tokens, (list) => list.length) };
    } else {
      packed = pack(standard);
    }
    return this.#connection.call(method, { ...args, ...packed }, { signal, transfer: [packed.bytes.buffer as ArrayBuffer, packed.ends.buffer as ArrayBuffer] });
  }
}

function isTexts(texts: unknown): texts is readonly string[] {
  return Array.isArray(texts) && texts.every((t) => typeof t === 'string');
}

/** The UTF-8 bytes of all one behind another, and where each ends. */
function pack(texts: readonly string[]): { bytes: Uint8Array; ends: Int32Array } {
  const encoder = new TextEncoder();
  const parts = texts.map((t) => encoder.encode(t));
  const ends = new Int32Array(parts.length);
  let size = 0;
  parts.forEach((part, i) => (ends[i] = size += part.length));
  const bytes = new Uint8Array(size);
  parts.forEach((part, i) => bytes.set(part, ends[i]! - part.length));
  return { bytes, ends };
}

/** The engine's ways to standardize, for where a split on the page comes behind them. */
function standardizer(how: Options['standardize']): ((text: string) => string) | undefined {
  const folded = how === null ? 'none' : (how ?? 'lowerAndStripPunctuation').replaceAll('_', '').toLowerCase();
  const lower = (text: string) => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  const strip = (text: string) => text.replace(/[!-/:-@[-`{-~]/g, '');
  switch (folded) {
    case 'none':
      return undefined;
    case 'lower':
      return lower;
    case 'strippunctuation':
      return strip;
    case 'lowerandstrippunctuation':
      return (text) => strip(lower(text));
  }
  throw new TabgradError('bad_config', `TextVectorization: standardize is ${describe(how)}, want lower_and_strip_punctuation, lower, strip_punctuation or none`);
}
