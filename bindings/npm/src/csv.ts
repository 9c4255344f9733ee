// tg.data.csv: CSV files with typed columns as streams of samples. The Go side of the same rules is nn/data/csv.go.

import { CSVScanner, type CSVLine } from './csv_scanner.js';
import { TabgradError } from './errors.js';
import { nodePath } from './model_files.js';
import { nodeModule } from './platform.js';
import { Stream } from './stream.js';
import { describe } from './tensor.js';

export interface CSVColumn {
  /** Default: number where all of its fields are numbers, else category. */
  type?: 'number' | 'category';
  /** A target and no input. */
  target?: boolean;
  /** A category's names, by their numbers; default: those of the file, sorted. */
  vocabulary?: readonly string[];
  /** A category becomes as many numbers as there are names, of which one is 1, in place of its name's number. */
  oneHot?: boolean;
  /** Names that aren't in the vocabulary count as one more, behind it; else they are an error. */
  other?: boolean;
  /** Stands in for fields that say nothing; without it these are an error. */
  missing?: string | number;
}

export interface CSVOptions {
  /** The columns that are used, in this order, with what is known of them; default: all. A list's items have a `name`. */
  columns?: Readonly<Record<string, CSVColumn | 'number' | 'category'>> | readonly (CSVColumn & { name: string })[];
  /** Columns that are targets and no inputs. */
  target?: string | readonly string[];
  /** The columns' names, where the first line doesn't have them. */
  names?: readonly string[];
  /** Default ','. */
  delimiter?: string;
  /** Fields that say nothing, beside the empty one: 'NA', '?'. */
  missing?: readonly string[];
  /** Begins the messages; default: the file's name. */
  name?: string;
  /** For fetch, where the file is a URL's. */
  requestInit?: RequestInit;
}

type Chunks = AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array> | ReadableStream<Uint8Array | string>;

/**
 * Where CSV text comes from: a File or Blob, a URL, a path in Node, the text itself (a string with a line break), a stream or iterable of its
 * parts, or a function that gives one of these.
 */
export type CSVSource = string | URL | Blob | Chunks | (() => string | URL | Blob | Chunks | Promise<string | URL | Blob | Chunks>);

/** A line of the file: a vector of all columns that are no targets, and one of those that are. */
export interface CSVSample {
  xs: Float32Array;
  ys?: Float32Array;
}

/** What is known of a CSV file. */
export interface CSVDescription {
  columns: { name: string; type: 'number' | 'category'; target: boolean; vocabulary?: string[] }[];
  /** The names of the numbers in xs: the column's, and of a one-hot one `column=name`. */
  features: string[];
  /** The same of ys. */
  targets: string[];
}

interface Column extends CSVColumn {
  name: string;
}

/** The lines of a CSV file, from its beginning each epoch. */
export class CSVStream extends Stream<CSVSample> {
  readonly #file: CSVFile;

  /** Made by `tg.data.csv`. */
  constructor(source: CSVSource, options: CSVOptions = {}) {
    const file = new CSVFile(source, options);
    super(() => file.samples(), true);
    this.#file = file;
  }

  /** The columns with their types and vocabularies; reads the file once where these are not given. */
  async describe(): Promise<CSVDescription> {
    return this.#file.describe();
  }
}

class CSVFile {
  readonly #source: CSVSource;
  readonly #options: CSVOptions;
  readonly #name: string;
  readonly #comma: string;
  readonly #missing: readonly string[];
  #read = false;
  #known: Promise<Reader> | undefined;

  constructor(source: CSVSource, options: CSVOptions) {
    this.#source = source;
    this.#options = options;
    this.#name = options.name ?? nameOf(source);
    this.#comma = options.delimiter ?? ',';
    this.#missing = options.missing ?? [];
    if (this.#comma.length !== 1 || '"\r\n'.includes(this.#comma)) {
      throw new TabgradError('bad_config', `${this.#name}: the separator is ${this.#comma.length === 1 ? `'${this.#comma}'` : JSON.stringify(this.#comma)}, wanted one that is no quote and no line break`);
    }
  }

  async describe(): Promise<CSVDescription> {
    const { columns, places } = await this.#look();
    const names = (targets: boolean) =>
      columns.flatMap((column, i) => {
        if (Boolean(column.target) !== targets) return [];
        if (!places[i] || !column.oneHot) return [column.name];
        return [...column.vocabulary!, ...(column.other ? ['other'] : [])].map((name) => `${column.name}=${name}`);
      });
    return {
      columns: columns.map(({ name, target, vocabulary }, i) => ({ name, type: places[i] ? 'category' : 'number', target: Boolean(target), ...(places[i] ? { vocabulary: [...vocabulary!] } : {}) })),
      features: names(false),
      targets: names(true),
    };
  }

  samples() {
    const lines = this.#samples();
    return { next: () => lines.next(), return: async () => void (await lines.return(undefined)) };
  }

  async *#samples(): AsyncGenerator<CSVSample, undefined, undefined> {
    let reader = this.#whole ? await this.#look() : undefined;
    const lines = this.#lines((names) => {
      reader ??= this.#columns(names).reader();
      this.#known ??= Promise.resolve(reader);
    });
    for await (const line of lines) {
      this.#check(line, reader!.header);
      yield reader!.sample(line);
    }
    return undefined;
  }

  #check({ fields, line }: CSVLine, header: readonly string[]): void {
    if (fields.length !== header.length) this.#fail(`line ${line} has ${fields.length} fields, wanted ${header.length}`);
  }

  #fail(what: string): never {
    throw new TabgradError('bad_data', `${this.#name}: ${what}`);
  }

  /** What is known of the file, looked at once. */
  #look(): Promise<Reader> {
    this.#known ??= this.#resolve();
    return this.#known;
  }

  /** The lines behind the header. */
  async *#lines(header?: (names: readonly string[]) => void): AsyncGenerator<CSVLine> {
    const scanner = new CSVScanner(this.#name, this.#comma);
    let names = this.#options.names;
    if (names) header?.(names);
    const lines = (found: CSVLine[]) => {
      if (names || found.length === 0) return found;
      names = found[0]!.fields;
      header?.(names);
      return found.slice(1);
    };
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true }); // which the scanner passes over
    for await (const chunk of await this.#chunks()) {
      yield* lines(scanner.push(typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })));
    }
    yield* lines(scanner.push(decoder.decode()));
    yield* lines(scanner.end());
    if (!names) this.#fail('is empty, wanted a line with the names of the columns');
  }

  async #chunks(): Promise<AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>> {
    let source = this.#source;
    if (typeof source === 'function') source = await source();
    if (typeof source === 'string' && /[\r\n]/.test(source)) return [source];
    if (typeof source === 'string' || source instanceof URL) {
      const path = await nodePath(String(source));
      if (path !== undefined) return readPath(path);
      return readUrl(String(source), this.#options.requestInit);
    }
    if (source instanceof Blob) return parts(source.stream());
    if (typeof source !== 'object' || source === null) throw new TabgradError('bad_data', `${this.#name}: got ${describe(source)}, want a file, a URL, text with a line break, a stream, or a function that gives one`);
    const again = Array.isArray(source) || typeof this.#source === 'function';
    if (this.#read && !again) {
      throw new TabgradError('bad_data', `${this.#name}: a stream is read once, and it is wanted again; give a function that opens it, types and vocabularies for the columns, or cache() it`);
    }
    this.#read = true;
    if (Symbol.asyncIterator in source || Symbol.iterator in source) return source as AsyncIterable<string>;
    return parts(source as ReadableStream<Uint8Array>);
  }

  /** Whether all lines must be read before the first sample: a type or a vocabulary is not given. */
  get #whole(): boolean {
    const { columns } = this.#options;
    if (columns === undefined) return true;
    return Object.values(columns).some((column) => (typeof column === 'string' ? column === 'category' : column.type === 'category' && column.vocabulary === undefined));
  }

  /** Reads what is needed to know the columns: the header, or all lines. */
  async #resolve(): Promise<Reader> {
    let columns!: Columns;
    for await (const line of this.#lines((names) => (columns = this.#columns(names)))) {
      if (!this.#whole) break;
      this.#check(line, columns.header);
      columns.see(line.fields);
    }
    return columns.reader();
  }

  /** The columns that are used, by the names of all. */
  #columns(header: readonly string[]): Columns {
    header.forEach((name, i) => header.indexOf(name) < i && this.#fail(`two columns are called ${JSON.stringify(name)}`));
    const { columns: given, target = [] } = this.#options;
    const columns = (
      given === undefined
        ? header.map((name) => ({ name, type: undefined }))
        : Array.isArray(given)
          ? given.map((column: Column) => ({ type: 'number', ...column }))
          : Object.entries(given).map(([name, column]) => ({ name, type: 'number', ...(typeof column === 'string' ? { type: column } : column) }))
    ) as Column[];
    for (const name of typeof target === 'string' ? [target] : target) {
      const column = columns.find((c) => c.name === name);
      if (!column) this.#fail(`the target is ${JSON.stringify(name)}, wanted one of the columns ${header.join(', ')}`);
      else column.target = true;
    }
    for (const { name } of columns) if (!header.includes(name)) this.#fail(`there is no column ${JSON.stringify(name)}, wanted one of ${header.join(', ')}`);
    return new Columns(this.#name, columns, header, (column, field) => this.#text(column, field));
  }

  /** What a field says, '' where that is nothing. */
  #text(column: Column, field: string): string {
    return field === '' || this.#missing.includes(field) ? String(column.missing ?? '') : field;
  }
}

/** By code points, as Go sorts. */
function byCodePoints(a: string, b: string): number {
  const [x, y] = [Array.from(a, (c) => c.codePointAt(0)!), Array.from(b, (c) => c.codePointAt(0)!)];
  for (let i = 0; i < Math.min(x.length, y.length); i++) if (x[i] !== y[i]) return x[i]! - y[i]!;
  return x.length - y.length;
}

type Text = (column: Column, field: string) => string;

/** Columns as they become known. */
class Columns {
  readonly header: readonly string[];
  readonly #name: string;
  readonly #columns: Column[];
  readonly #at: number[];
  readonly #text: Text;
  readonly #seen: Set<string>[];
  /** Whether all fields so far were numbers. */
  readonly #numbers: boolean[];

  constructor(name: string, columns: Column[], header: readonly string[], text: Text) {
    this.#name = name;
    this.#columns = columns;
    this.header = header;
    this.#at = columns.map((column) => header.indexOf(column.name));
    this.#text = text;
    this.#seen = columns.map(() => new Set());
    this.#numbers = columns.map(() => true);
  }

  see(fields: readonly string[]): void {
    this.#columns.forEach((column, i) => {
      const text = this.#text(column, fields[this.#at[i]!]!);
      if (text === '') return;
      this.#seen[i]!.add(text);
      this.#numbers[i] &&= csvNumber(text) !== undefined;
    });
  }

  reader(): Reader {
    this.#columns.forEach((column, i) => {
      column.type ??= this.#numbers[i] ? 'number' : 'category';
      if (column.type === 'category') column.vocabulary ??= [...this.#seen[i]!].sort(byCodePoints);
      else delete column.vocabulary;
    });
    return new Reader(this.#name, this.#columns, this.header, this.#at, this.#text);
  }
}

/** Makes samples of lines. */
class Reader {
  readonly columns: readonly Column[];
  readonly header: readonly string[];
  /** Of each column the places in its vocabulary; undefined of numbers. */
  readonly places: (Map<string, number> | undefined)[];
  readonly #name: string;
  readonly #at: readonly number[];
  readonly #widths: number[];
  readonly #x: number;
  readonly #y: number;
  readonly #text: Text;

  constructor(name: string, columns: readonly Column[], header: readonly string[], at: readonly number[], text: Text) {
    this.columns = columns;
    this.header = header;
    this.#name = name;
    this.#at = at;
    this.#text = text;
    const fail = (what: string): never => {
      throw new TabgradError('bad_data', `${name}: ${what}`);
    };
    this.places = columns.map(({ name: column, vocabulary }) => {
      if (!vocabulary) return undefined;
      const places = new Map(vocabulary.map((word, i) => [word, i]));
      if (places.size < vocabulary.length) fail(`column ${column}: the vocabulary has ${JSON.stringify(vocabulary.find((word, i) => vocabulary.indexOf(word) < i))} twice`);
      return places;
    });
    this.#widths = columns.map(({ oneHot, vocabulary, other }) => (vocabulary && oneHot ? vocabulary.length + Number(Boolean(other)) : 1));
    const width = (targets: boolean) => this.#widths.reduce((sum, n, i) => sum + (Boolean(columns[i]!.target) === targets ? n : 0), 0);
    this.#x = width(false);
    this.#y = width(true);
    if (this.#x === 0) fail('all columns are targets, wanted an input');
  }

  sample({ fields, line }: CSVLine): CSVSample {
    const xs = new Float32Array(this.#x);
    const ys = new Float32Array(this.#y);
    let atX = 0;
    let atY = 0;
    this.columns.forEach((column, i) => {
      const width = this.#widths[i]!;
      const value = this.#value(column, i, fields[this.#at[i]!]!, line);
      const [to, at] = column.target ? [ys, atY] : [xs, atX];
      if (column.target) atY += width;
      else atX += width;
      if (this.places[i] && column.oneHot) to[at + value] = 1;
      else to[at] = value;
    });
    return this.#y === 0 ? { xs } : { xs, ys };
  }

  #value(column: Column, i: number, field: string, line: number): number {
    const text = this.#text(column, field);
    const places = this.places[i];
    const value = places ? (places.get(text) ?? (text !== '' && column.other ? places.size : undefined)) : csvNumber(text);
    if (value !== undefined) return value;
    const wanted = places ? `one of ${listed(column.vocabulary!)}` : 'a number';
    throw new TabgradError('bad_data', `${this.#name}: line ${line}, column ${column.name}: is ${field === '' ? 'empty' : JSON.stringify(field)}, wanted ${wanted}`);
  }
}

function listed(names: readonly string[]): string {
  const most = 8;
  return names.length > most ? `${names.slice(0, most).join(', ')} and ${names.length - most} more` : names.join(', ');
}

/** A decimal number, with or without an exponent, that single precision can hold. */
function csvNumber(text: string): number | undefined {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return undefined;
  const value = Math.fround(Number(text));
  return Number.isFinite(value) ? value : undefined;
}

function nameOf(source: CSVSource): string {
  if (source instanceof Blob && 'name' in source && typeof source.name === 'string') return source.name;
  if (source instanceof URL || (typeof source === 'string' && !/[\r\n]/.test(source))) return String(source).split(/[\\/]/).pop()!.split(/[?#]/)[0] || 'csv';
  return 'csv';
}

async function* readPath(path: string): AsyncGenerator<Uint8Array> {
  const { createReadStream } = await nodeModule<typeof import('node:fs')>('fs');
  try {
    for await (const chunk of createReadStream(path)) yield chunk as Uint8Array;
  } catch (error) {
    throw new TabgradError('not_found', `${path} could not be read (${error instanceof Error ? error.message : String(error)})`, { cause: error });
  }
}

async function* readUrl(url: string, init?: RequestInit): AsyncGenerator<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (error) {
    throw new TabgradError('not_found', `${url} could not be fetched (${error instanceof Error ? error.message : String(error)})`, { cause: error });
  }
  if (!response.ok) throw new TabgradError('not_found', `${url} answered ${response.status}`);
  if (response.body) yield* parts(response.body);
}

/** A stream's parts, in browsers too whose streams are no iterables. */
async function* parts<T>(stream: ReadableStream<T>): AsyncGenerator<T> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
