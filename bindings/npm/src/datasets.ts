// Data to train on: MNIST's files, digits drawn by the engine, and any IDX file. Files are read here, parsed in the engine.

import type { Connection } from './connection.js';
import { TabgradError } from './errors.js';
import { isNode, nodeModule } from './platform.js';
import { oneHot, type Tensor } from './tensor.js';

export interface Samples {
  /** Images as bytes with the scale 1/255, [n, 28, 28, 1]. */
  x: Tensor<Uint8Array>;
  /** One-hot labels, [n, 10]. */
  y: Tensor<Float32Array>;
  /** The labels themselves, [n]. */
  labels: Tensor<Uint8Array>;
}

export interface Dataset {
  train: Samples;
  test: Samples;
}

export interface MnistOptions {
  /** The folder with the four IDX files, gzipped or not; in Node a path will do. Default './mnist/'. */
  url?: string | URL;
  signal?: AbortSignal;
}

export interface DigitsOptions {
  /** How many to draw; default 10,000 and 2,000. */
  train?: number;
  test?: number;
  /** The same seed draws the same digits. Default 42. */
  seed?: number;
  signal?: AbortSignal;
}

/** An IDX file: its bytes, a File the user chose, or where it is. */
export type IdxSource = ArrayBuffer | Uint8Array | Blob | string | URL;

export interface Datasets {
  /** The MNIST digits from a folder of yours. 60,000 to train on and 10,000 to test with. */
  mnist(options?: MnistOptions): Promise<Dataset>;
  /** Digits drawn on the spot: strokes, bent and blurred; for when there are no files. */
  digits(options?: DigitsOptions): Promise<Dataset>;
  /** One IDX file's numbers. `bad_data` where it is truncated or not IDX. */
  idx(source: IdxSource, options?: { signal?: AbortSignal }): Promise<Tensor>;
  /** A drawing, bright on black, as MNIST's digits are: 28x28 bytes, the ink within 20x20, its centre of mass in the middle. */
  centerDigit(gray: Uint8Array, width: number, height: number): Promise<Uint8Array>;
  /** Images and labels from two IDX files, as fit wants them. */
  images(images: IdxSource, labels: IdxSource, options?: { signal?: AbortSignal; classes?: number }): Promise<Samples>;
}

export function makeDatasets(connection: Connection): Datasets {
  const parse = async (bytes: Uint8Array, name: string, signal?: AbortSignal) =>
    connection.call<Tensor>('datasets.idx', { bytes: await unzipped(bytes), name }, { signal });
  const idx: Datasets['idx'] = async (source, { signal } = {}) => {
    const [bytes, name] = await readSource(source, signal);
    return parse(bytes, name, signal);
  };
  const images: Datasets['images'] = async (imageSource, labelSource, { signal, classes } = {}) => {
    const [x, labels] = await Promise.all([idx(imageSource, { signal }), idx(labelSource, { signal })]);
    return samples(x, labels, `${nameOf(imageSource)} with ${nameOf(labelSource)}`, classes);
  };
  return {
    idx,
    images,
    centerDigit: (gray, width, height) => connection.call('datasets.centerDigit', { gray, width, height }),
    async mnist({ url = './mnist/', signal } = {}) {
      const folder = resolveUrl(String(url).replace(/\/?$/, '/'));
      const part = async (prefix: string): Promise<Samples> => {
        const read = async (file: string) => {
          const [bytes, name] = await readFirst([`${folder}${file}.gz`, `${folder}${file}`], signal);
          return parse(bytes, name, signal);
        };
        const [x, labels] = await Promise.all([read(`${prefix}-images-idx3-ubyte`), read(`${prefix}-labels-idx1-ubyte`)]);
        return samples(x, labels, `mnist: ${folder}${prefix}`, 10);
      };
      const [train, test] = await Promise.all([part('train'), part('t10k')]);
      return { train, test };
    },
    async digits({ train = 10_000, test = 2_000, seed = 42, signal } = {}) {
      const draw = async (count: number, first: number): Promise<Samples> => {
        const drawn = await connection.call<{ x: Tensor<Uint8Array>; labels: Tensor<Uint8Array> }>('datasets.digits', { count, seed, first }, { signal });
        return samples(drawn.x, drawn.labels, 'digits', 10);
      };
      // A seed is an endless row of digits; the test digits begin where no training set reaches.
      return { train: await draw(train, 0), test: await draw(test, 2 ** 30) };
    },
  };
}

/** Images [n, h, w] or [n, h, w, c] and labels [n] as fit wants them. */
function samples(x: Tensor, labels: Tensor, what: string, classes?: number): Samples {
  if (!(x.data instanceof Uint8Array) || x.shape.length < 3) throw new TabgradError('bad_data', `${what}: images have the shape [${x.shape.join(', ')}], want bytes [n, height, width]`);
  if (!(labels.data instanceof Uint8Array) || labels.shape.length !== 1) {
    throw new TabgradError('bad_data', `${what}: labels have the shape [${labels.shape.join(', ')}], want bytes [n]`);
  }
  if (labels.shape[0] !== x.shape[0]) throw new TabgradError('bad_data', `${what}: ${x.shape[0]} images and ${labels.shape[0]} labels`);
  const shape = x.shape.length === 3 ? [...x.shape, 1] : x.shape;
  return {
    x: { data: x.data, shape, scale: x.scale ?? 1 / 255 },
    y: oneHot(labels, classes),
    labels: { data: labels.data, shape: labels.shape },
  };
}

/**
 * What was gzipped, unpacked by the browser: three times as fast as by the engine, and while the engine does something else. Bytes that are
 * no whole gzip stream stay as they are, for the engine to refuse.
 */
async function unzipped(bytes: Uint8Array): Promise<Uint8Array> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b || typeof DecompressionStream === 'undefined') return bytes;
  try {
    const plain = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream('gzip'));
    return new Uint8Array(await new Response(plain).arrayBuffer());
  } catch {
    return bytes;
  }
}

/** A URL relative to the page, or in Node a path relative to the working directory. */
function resolveUrl(url: string): string {
  if (/^[a-z][a-z0-9+.-]+:/i.test(url)) return url;
  if (isNode) return url;
  return new URL(url, typeof document === 'undefined' ? location.href : document.baseURI).href;
}

function nameOf(source: IdxSource): string {
  if (typeof source === 'string' || source instanceof URL) return String(source);
  if ('name' in source && typeof source.name === 'string') return source.name;
  return 'the bytes given';
}

async function readSource(source: IdxSource, signal?: AbortSignal): Promise<[bytes: Uint8Array, name: string]> {
  if (source instanceof Uint8Array) return [source, nameOf(source)];
  if (source instanceof ArrayBuffer) return [new Uint8Array(source), nameOf(source)];
  if (source instanceof Blob) return [new Uint8Array(await source.arrayBuffer()), nameOf(source)];
  return readFirst([resolveUrl(String(source))], signal);
}

/** The first of some URLs that can be had. */
async function readFirst(urls: readonly string[], signal?: AbortSignal): Promise<[bytes: Uint8Array, name: string]> {
  const tried: string[] = [];
  for (const url of urls) {
    try {
      return [await readUrl(url, signal), url];
    } catch (error) {
      if (signal?.aborted) throw new TabgradError('aborted', 'aborted by the caller', { cause: signal.reason });
      tried.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new TabgradError('bad_data', tried.join('; '));
}

async function readUrl(url: string, signal?: AbortSignal): Promise<Uint8Array> {
  if (isNode && !/^(https?|data|blob):/.test(url)) {
    const { readFile } = await nodeModule<typeof import('node:fs/promises')>('fs/promises');
    return new Uint8Array(await readFile(url.startsWith('file:') ? new URL(url) : url, { signal }));
  }
  let response: Response;
  try {
    response = await fetch(url, { signal });
  } catch (error) {
    throw new Error(`${url} could not be fetched (${error instanceof Error ? error.message : String(error)})`);
  }
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  // What a server of a single-page application says instead of 404.
  if (response.headers.get('content-type')?.startsWith('text/html')) throw new Error(`${url} answered ${response.status} with text/html, want an IDX file`);
  return new Uint8Array(await response.arrayBuffer());
}
