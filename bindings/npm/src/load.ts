// load() starts an engine, and Tabgrad is what it resolves to. One thread of control: start the worker, tell it where its files are, start the
// lanes it asks for, and wait for its answer or for its death.

import { Connection } from './connection.js';
import { data } from './data.js';
import { makeDatasets, type Datasets } from './datasets.js';
import { startEngine, type EnginePort } from './engine_core.js';
import { TabgradError, asTabgradError, fromWire } from './errors.js';
import * as activations from './gen_activations.js';
import * as layers from './layers.js';
import * as optimizers from './gen_optimizers.js';
import * as losses from './gen_losses.js';
import * as metrics from './gen_metrics.js';
import * as initializers from './gen_initializers.js';
import * as regularizers from './gen_regularizers.js';
import * as constraints from './gen_constraints.js';
import { adapt, type AdaptBatches } from './adapt.js';
import { customLayer, customLoss, customMetric } from './custom.js';
import * as callbacks from './gen_callbacks.js';
import * as schedules from './gen_schedules.js';
import { GraphTensor, InputLayer, type Layer } from './layer.js';
import { loadModel } from './loading.js';
import { Model, type ModelOptions } from './model.js';
import * as ops from './ops.js';
import { explainScript, isNode, startWorker, type WorkerHandle } from './platform.js';
import type { EngineFiles, EngineInfo, FromEngine, InitMessage, LaneStart, SpawnedMessage, ToEngine } from './protocol.js';
import { io, type LoadModelOptions, type ModelSource } from './saving.js';
import { Sequential, type SequentialOptions } from './sequential.js';
import { oneHot, tensor, type TensorLike } from './tensor.js';
import { TextVectorizer, type StringLookupOptions, type TextVectorizationOptions } from './text.js';

export interface LoadOptions {
  /** Lanes that compute. 'auto' (the default): the processor's threads, at most 8, where the page is cross-origin isolated; else 1. */
  threads?: number | 'auto';
  /** 'auto' (the default) takes SIMD kernels where the browser has WebAssembly SIMD, else plain Go. */
  backend?: 'auto' | 'simd' | 'cpu' | 'webgpu';
  /** Uses the strict kernels, which give the same bits on every machine. */
  deterministic?: boolean;
  /** Decides initial weights, shuffling and dropout where these have no seed of their own. Default 42: every engine does the same. */
  seed?: number;
  /** false runs the engine on the calling thread, which blocks it for up to 100 ms at a time. For Node and for tests. */
  worker?: boolean;
  /** Where tabgrad.wasm is, when not beside the package's files; tabgrad-cpu.wasm, which runs where there is no SIMD, is looked for beside it. */
  wasmUrl?: string | URL;
  /** The folder of the kernels-….wasm files and trampoline.wasm. */
  kernelsUrl?: string | URL;
  /** Where engine.js is; lane.js is looked for beside it. */
  workerUrl?: string | URL;
  /** Stops the start. */
  signal?: AbortSignal;
}

export interface InputOptions {
  /** One sample's shape, without the batch. */
  shape?: readonly number[];
  /** The same with the batch before it, whose size is null. */
  batchShape?: readonly (number | null)[];
  /** By which data and messages call it. */
  name?: string;
}

function inputOptions({ shape, batchShape, name }: InputOptions): object {
  const given = shape ?? batchShape?.slice(1);
  if (!Array.isArray(given) || !given.every((n) => Number.isInteger(n) && Number(n) >= 1)) {
    throw new TabgradError('bad_config', `input: shape is ${given === undefined ? 'undefined' : JSON.stringify(given)}, want one sample's, whole numbers from 1`);
  }
  return { shape: given, name };
}

/** Numbers about the engine, for measurements and for tests that nothing grows. */
export interface EngineStats {
  /** Bytes that live on Go's heap, and how many objects were ever allocated there. */
  heapBytes: number;
  heapObjects: number;
  mallocs: number;
  /** Bytes of Go's linear memory and of the kernels'. */
  goMemoryBytes: number;
  kernelMemoryBytes: number;
  /** Training steps since the start. */
  steps: number;
  models: number;
  threads: number;
}

/** A started engine. */
export class Tabgrad {
  readonly version: string;
  readonly backend: EngineInfo['backend'];
  readonly threads: number;
  /** All that was chosen, and why not more. */
  readonly info: Readonly<EngineInfo>;
  /** Settles when the engine has ended: with undefined after close(), with the error when it was lost. */
  readonly closed: Promise<TabgradError | undefined>;

  readonly layers = layers;
  readonly optimizers = optimizers;
  readonly losses = losses;
  readonly metrics = metrics;
  readonly initializers = initializers;
  readonly regularizers = regularizers;
  readonly constraints = constraints;
  readonly schedules = schedules;
  readonly callbacks = callbacks;
  readonly activations = activations;
  /** What custom layers, losses and metrics are made of. */
  readonly ops = ops;
  readonly customLayer = customLayer;
  readonly customLoss = customLoss;
  readonly customMetric = customMetric;
  readonly datasets: Datasets;
  readonly data = data;
  readonly tensor = tensor;
  readonly oneHot = oneHot;
  readonly io = io;

  readonly #connection: Connection;
  readonly #close: () => Promise<void>;

  /** Made by load(). */
  constructor(parts: { info: EngineInfo; connection: Connection; close: () => Promise<void>; closed: Promise<TabgradError | undefined> }) {
    this.info = Object.freeze({ ...parts.info });
    this.version = parts.info.version;
    this.backend = parts.info.backend;
    this.threads = parts.info.threads;
    this.closed = parts.closed;
    this.#connection = parts.connection;
    this.#close = parts.close;
    this.datasets = makeDatasets(parts.connection);
  }

  /** An input of a graph, of one sample's shape: `tg.input({ shape: [28, 28, 1] })`. Layers are applied to it: `layer.apply(x)`. */
  input(options: InputOptions): GraphTensor {
    return new InputLayer('InputLayer', inputOptions(options)).tensor();
  }

  /** A model of the graph from inputs to outputs. Layers that other models have too share their weights with them. */
  model(options: ModelOptions): Model {
    return new Model(this.#connection, options);
  }

  /** A new linear model. */
  sequential(options: SequentialOptions = {}): Sequential {
    return new Sequential(this.#connection, options);
  }

  /**
   * A saved model with its weights: of tabgrad, TensorFlow.js or Keras's converter, or a safetensors file that tabgrad wrote. It is compiled where
   * the files say how, and then goes on training from where it was. Rejects with `not_found`, `bad_format`, or `unsupported` for layers that
   * tabgrad hasn't.
   */
  loadModel(source: ModelSource, options: LoadModelOptions = {}): Promise<Model> {
    return loadModel(this.#connection, source, options);
  }

  /**
   * Lets a layer learn from data before a model is made of it, as Keras's `layer.adapt(data)`: normalization its mean and variance, discretization
   * its ranges, integerLookup its vocabulary. `data` is a tensor, or an (async) iterable of batches, which may be larger than memory.
   */
  adapt(layer: Layer, data: TensorLike | AdaptBatches, options: { signal?: AbortSignal } = {}): Promise<void> {
    return adapt(this.#connection, layer, data, options);
  }

  /** Makes numbers of texts: Keras's TextVectorization. `adapt` it to texts, or give it a vocabulary. */
  textVectorization(options: TextVectorizationOptions = {}): TextVectorizer {
    return new TextVectorizer(this.#connection, 'TextVectorization', options);
  }

  /** Makes indices of single strings: Keras's StringLookup. */
  stringLookup(options: StringLookupOptions = {}): TextVectorizer {
    return new TextVectorizer(this.#connection, 'StringLookup', options);
  }

  async stats(): Promise<EngineStats> {
    return this.#connection.call('engine.stats', {});
  }

  /** Ends the engine, its worker and its lanes. What waits is rejected with `disposed`. */
  async close(): Promise<void> {
    await this.#close();
  }
}

/** Where the package's own files are; index.ts and script.ts know. */
export type FileFinder = () => EngineFiles;

export async function loadFrom(find: FileFinder, options: LoadOptions = {}): Promise<Tabgrad> {
  checkOptions(options);
  if (options.signal?.aborted) throw new TabgradError('aborted', 'load: aborted by the caller', { cause: options.signal.reason });
  const session = new Session(withOverrides(find(), options), options);
  const onAbort = () => session.end(new TabgradError('aborted', 'load: aborted by the caller', { cause: options.signal?.reason }));
  options.signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await session.start();
  } finally {
    options.signal?.removeEventListener('abort', onAbort);
  }
}

/** One engine's threads and what is known of them. */
class Session {
  readonly #files: EngineFiles;
  readonly #options: LoadOptions;
  readonly #connection: Connection;
  #engine: EnginePort | undefined;
  #worker: WorkerHandle | undefined;
  #lanes: WorkerHandle[] = [];
  #ended: Promise<void> | undefined;
  #starting: { resolve(info: EngineInfo): void; reject(error: TabgradError): void } | undefined;
  #settleClosed!: (error: TabgradError | undefined) => void;
  readonly #closed = new Promise<TabgradError | undefined>((resolve) => (this.#settleClosed = resolve));

  constructor(files: EngineFiles, options: LoadOptions) {
    this.#files = files;
    this.#options = options;
    this.#connection = new Connection({
      post: (message, transfer) => this.#post(message, transfer),
      keepAlive: (on) => this.#worker?.keepAlive(on),
    });
  }

  async start(): Promise<Tabgrad> {
    const { backend = 'auto', threads = 'auto', deterministic = false, seed } = this.#options;
    const init: InitMessage = { init: { files: this.#files, backend, threads, deterministic, seed } };
    const info = await new Promise<EngineInfo>((resolve, reject) => {
      this.#starting = { resolve, reject };
      this.#startEngine(init).catch((error) => void this.end(asTabgradError(error, 'engine_lost')));
    });
    this.#starting = undefined;
    this.#worker?.keepAlive(false);
    return new Tabgrad({
      info,
      connection: this.#connection,
      closed: this.#closed,
      close: () => this.end(),
    });
  }

  /** Ends everything, once; without an error because the caller wanted it. */
  end(error?: TabgradError): Promise<void> {
    this.#ended ??= (async () => {
      const why = error ?? new TabgradError('disposed', 'the engine was closed');
      this.#starting?.reject(why);
      this.#connection.lose(why);
      const workers = [this.#worker, ...this.#lanes];
      this.#engine?.end();
      await Promise.all(workers.map((worker) => worker?.terminate()));
      this.#settleClosed(error);
    })();
    return this.#ended;
  }

  async #startEngine(init: InitMessage): Promise<void> {
    const receive = (message: unknown) => this.#receive(message as FromEngine);
    if (this.#options.worker === false) {
      // Later, as a worker's messages come: the engine posts from inside calls that mustn't be entered again.
      this.#engine = startEngine(init, (message) => queueMicrotask(() => receive(message)));
      return;
    }
    const url = this.#files.engine;
    const worker = await startWorker(url, 'tabgrad engine', {
      message: receive,
      died: (why) => void this.#workerDied(why),
    });
    if (this.#ended) return void worker.terminate();
    this.#worker = worker;
    worker.post(init);
  }

  async #workerDied(why: string): Promise<void> {
    if (!this.#starting) return void this.end(new TabgradError('engine_lost', `the engine's worker died: ${why}; call load() again`));
    const explained = await explainScript(this.#files.engine);
    void this.end(explained ? new TabgradError('bad_wasm', `engine.js: ${explained}`) : new TabgradError('engine_lost', `the engine's worker did not start: ${why}`));
  }

  #post(message: ToEngine | SpawnedMessage, transfer?: readonly ArrayBuffer[]): void {
    if (this.#worker) this.#worker.post(message, transfer);
    else this.#engine?.receive(message);
  }

  #receive(message: FromEngine): void {
    if (this.#ended) return;
    if ('started' in message) return this.#starting?.resolve(message.started);
    if ('failed' in message) return void this.end(fromWire(message.failed));
    if ('lost' in message) return void this.end(fromWire(message.lost));
    if ('spawn' in message) return void this.#spawn(message.spawn);
    if ('error' in message && message.error?.code === 'engine_lost') return void this.end(fromWire(message.error));
    this.#connection.receive(message);
  }

  /** Starts the lanes that the engine asks for. Where one can't be started the engine runs with the one it has. */
  async #spawn({ lanes, ...start }: LaneStart & { lanes: number }): Promise<void> {
    let failed = '';
    const all = Array.from({ length: lanes - 1 }, (_, i) => {
      const lane = i + 1;
      return new Promise<void>((ready, refused) => {
        let up = false;
        const died = (why: string) => {
          if (!up) return refused(new Error(why));
          void this.end(new TabgradError('engine_lost', `lane ${lane} of ${lanes} died: ${why}; call load() again`));
        };
        const message = (m: unknown) => {
          const { laneReady, laneLost } = m as { laneReady?: number; laneLost?: string };
          if (laneLost !== undefined) return died(laneLost);
          if (laneReady === undefined) return;
          up = true;
          ready();
        };
        startWorker(this.#files.lane, `tabgrad lane ${lane}`, { message, died }).then((worker) => {
          if (this.#ended) return void worker.terminate();
          this.#lanes.push(worker);
          worker.post({ lane, ...start });
        }, refused);
      });
    });
    await Promise.all(all).catch((error: unknown) => (failed = error instanceof Error ? error.message : String(error)));
    if (failed === '') {
      for (const lane of this.#lanes) lane.keepAlive(false);
      return this.#post({ spawned: lanes });
    }
    const explained = await explainScript(this.#files.lane);
    console.warn(`tabgrad: runs on one thread: a lane did not start: ${explained || failed}`);
    const started = this.#lanes.splice(0);
    await Promise.all(started.map((worker) => worker.terminate()));
    this.#post({ spawned: 1 });
  }
}

function checkOptions({ threads, backend, seed }: LoadOptions): void {
  if (threads !== undefined && threads !== 'auto' && !(Number.isInteger(threads) && threads >= 1)) {
    throw new TabgradError('bad_config', `load: threads is ${threads}, want 'auto' or a whole number from 1`);
  }
  if (backend !== undefined && !['auto', 'simd', 'cpu', 'webgpu'].includes(backend)) {
    throw new TabgradError('bad_config', `load: backend is '${backend}', want 'auto', 'simd' or 'cpu'`);
  }
  if (backend === 'webgpu') throw new TabgradError('unsupported', "load: backend 'webgpu' is not in this version, want 'auto', 'simd' or 'cpu'");
  if (seed !== undefined && !(Number.isSafeInteger(seed) && seed >= 0)) throw new TabgradError('bad_config', `load: seed is ${seed}, want a whole number from 0`);
}

function withOverrides(files: EngineFiles, { wasmUrl, kernelsUrl, workerUrl }: LoadOptions): EngineFiles {
  const out = { ...files };
  if (wasmUrl !== undefined) {
    out.wasm = absolute(wasmUrl);
    out.cpuWasm = new URL('tabgrad-cpu.wasm', out.wasm).href;
  }
  if (kernelsUrl !== undefined) {
    const folder = absolute(String(kernelsUrl).replace(/\/?$/, '/'));
    Object.assign(out, kernelFiles(folder));
  }
  if (workerUrl !== undefined) {
    out.engine = absolute(workerUrl);
    out.lane = new URL('lane.js', out.engine).href;
  }
  return out;
}

/** The kernels' files beside each other. */
export function kernelFiles(base: string): Pick<EngineFiles, 'kernels' | 'trampoline'> {
  const beside = (name: string) => new URL(name, base).href;
  return {
    kernels: {
      strict: beside('kernels-strict.wasm'),
      relaxed: beside('kernels-relaxed.wasm'),
      'strict-single': beside('kernels-strict-single.wasm'),
      'relaxed-single': beside('kernels-relaxed-single.wasm'),
    },
    trampoline: beside('trampoline.wasm'),
  };
}

function absolute(url: string | URL): string {
  const base = isNode ? `file://${process.cwd()}/` : typeof document === 'undefined' ? location.href : document.baseURI;
  return new URL(url, base).href;
}
