// Sequential: what a page holds of a model. Its weights live in the engine; this class holds its configuration and an id.

import { toArtifacts, type SaveResult } from './artifacts.js';
import { Config, wireValue, type Layer, type Loss, type Metric, type Optimizer } from './config.js';
import type { Connection } from './connection.js';
import { TabgradError } from './errors.js';
import type { CallbackList, Figure, Logs } from './callbacks.js';
import { batchArgs, fitArgs, wireTensor, type EvaluateOptions, type FitOptions, type History, type Input, type PredictOptions } from './fit.js';
import { Feeds, isBatches, type Batches, type PredictBatch } from './feeds.js';
import type { LossName, MetricName, OptimizerName } from './gen_names.js';
import type { EventMessage, Wire, WireObject } from './protocol.js';
import { RunningCallbacks, type Verbose } from './running_callbacks.js';
import { loadFiles, saveArtifacts, type LoadModelOptions, type ModelSource, type SaveOptions, type SaveTarget } from './saving.js';
import { describe, toTensor, type Tensor, type TensorLike } from './tensor.js';

export interface SequentialOptions {
  layers?: readonly Layer[];
  name?: string;
  /** Decides the initial weights, dropout and shuffling; default: load's. */
  seed?: number;
}

export interface CompileOptions {
  /** A name or `optimizers.…`; default 'rmsprop', as Keras has it. */
  optimizer?: OptimizerName | Optimizer;
  loss: LossName | Loss;
  /** What is counted of all samples alike. */
  metrics?: readonly (MetricName | Metric)[];
  /** What is counted of samples by their weights. */
  weightedMetrics?: readonly (MetricName | Metric)[];
}

/** A weight with its name, `dense_1/kernel`, row-major in Keras's layout. */
export interface NamedWeight {
  name: string;
  shape: number[];
  data: Float32Array;
}

/** What the engine says of a model that it has loaded; see bindings/protocol.go. */
interface Loaded {
  model: number;
  name: string;
  layers: { class_name: string; config: WireObject }[];
  compiled: boolean;
  metadata?: Record<string, unknown>;
  note?: string;
}

/** Models that are collected without dispose() are freed in the engine by this. */
const collected = new FinalizationRegistry<() => void>((free) => free());

/** Apart from the class, because a closure made inside it would hold the model, which then is never collected. */
function disposer(connection: Connection, model: number): () => void {
  return () => void connection.call('model.dispose', { model }).catch(() => {});
}

/** A linear stack of layers. */
export class Sequential {
  readonly layers: readonly Layer[];
  /** Anything that JSON holds, saved with the model and there again when it is loaded: labels, how inputs are scaled. */
  userDefinedMetadata: Record<string, unknown> | undefined;
  readonly #connection: Connection;
  readonly #name: string | undefined;
  readonly #seed: number | undefined;
  /** The engine's model for the layers so far. Absent until something needs it, and again after add(). */
  #built: Promise<number> | undefined;
  /** The last compile(), which fit and the rest wait for. */
  #compiled: Promise<void> | undefined;
  /** Whether compile was called, or the files it was loaded from said how. */
  #isCompiled = false;
  #disposed = false;
  #fitting = false;
  #stopTraining = false;
  /** The engine's id while the last compile() is through. */
  #compiledId: number | undefined;
  /** The learning rate, as far as the page knows; undefined before compile. */
  #rate: number | undefined;
  /** The last change of the learning rate, which what comes after it waits for. */
  #rateSet: Promise<unknown> | undefined;

  /** Made by `tg.sequential()`. */
  constructor(connection: Connection, options: SequentialOptions = {}) {
    this.#connection = connection;
    this.#name = options.name;
    this.#seed = options.seed;
    this.layers = [];
    for (const layer of options.layers ?? []) this.add(layer);
  }

  /** What `tg.loadModel` does. */
  static async load(connection: Connection, source: ModelSource, { seed, ...options }: LoadModelOptions = {}): Promise<Sequential> {
    const { files, ours } = await loadFiles(source, options);
    const arrays = 'safetensors' in files ? [files.safetensors] : Object.values(files.files);
    // Each buffer once, and only such as hold nothing else.
    const transfer = ours ? [...new Set(arrays.filter((a) => a.byteLength === a.buffer.byteLength).map((a) => a.buffer as ArrayBuffer))] : [];
    const loaded = await connection.call<Loaded>('model.load', { ...files, seed }, { signal: options.signal, transfer });
    if (loaded.note !== undefined) console.warn(`tabgrad: the model is not compiled, since this is not known here: ${loaded.note}`);
    const model = new Sequential(connection, { name: loaded.name, layers: loaded.layers.map((layer) => new Config<'layer'>(layer.class_name, layer.config)) });
    model.userDefinedMetadata = loaded.metadata;
    model.#adopt(Promise.resolve(loaded.model));
    model.#isCompiled = loaded.compiled;
    if (loaded.compiled) await model.#learn(loaded.model);
    return model;
  }

  /**
   * Saves the layers and the weights, with `includeOptimizer` also what training goes on from, in the files and places of TensorFlow.js:
   * `tg.loadModel` and `tf.loadLayersModel` load them. During fit it is served between two steps. Rejects with `quota_exceeded` or `not_saved`.
   */
  async save(target: SaveTarget, options: SaveOptions = {}): Promise<SaveResult> {
    const args = { model: await this.#ready(), includeOptimizer: options.includeOptimizer };
    const { json, weights } = await this.#connection.call<{ json: string; weights: Uint8Array }>('model.save', args, { signal: options.signal });
    const artifacts = toArtifacts(json, weights);
    if (this.userDefinedMetadata !== undefined) artifacts.userDefinedMetadata = this.userDefinedMetadata;
    return saveArtifacts(target, artifacts, options);
  }

  /** Appends a layer. The first one says its `inputShape`, or is `layers.input`. What is wrong with it is said by compile. */
  add(layer: Layer): this {
    if (!(layer instanceof Config)) throw new TabgradError('bad_config', `sequential: add got ${describe(layer)}, want a layer, for example tg.layers.dense({ units: 10 })`);
    if (this.#built !== undefined) throw new TabgradError('bad_config', 'sequential: add after the model was built; make a new model');
    (this.layers as Layer[]).push(layer);
    return this;
  }

  /**
   * Builds the model and its training step. Rejects on a bad configuration. Not awaiting it is fine: fit, evaluate and predict wait for it and
   * report its error. Compiling again keeps the weights and starts the optimizer anew.
   */
  compile(options: CompileOptions): Promise<void> {
    const compiled = this.#compile(options);
    compiled.catch(() => {}); // Reported by whatever waits for it.
    this.#compiled = compiled;
    this.#isCompiled = true;
    return compiled;
  }

  /** Whether it can be trained: compile was called, or it was loaded with its optimizer. */
  get compiled(): boolean {
    return this.#isCompiled;
  }

  async #compile(options: CompileOptions): Promise<void> {
    this.#compiledId = undefined;
    if (this.layers.length === 0) throw new TabgradError('bad_config', 'sequential: the model has no layers');
    const args = {
      optimizer: wireValue('compile: optimizer', options.optimizer ?? 'rmsprop'),
      loss: wireValue('compile: loss', options.loss ?? null),
      metrics: wireValue('compile: metrics', options.metrics ?? []),
      weightedMetrics: wireValue('compile: weightedMetrics', options.weightedMetrics ?? []),
    };
    const model = await this.#id();
    await this.#connection.call('model.compile', { model, ...args });
    await this.#learn(model);
  }

  /** Notes what is known of a model when it is compiled. */
  async #learn(model: number): Promise<void> {
    this.#rate = await this.#connection.call<number>('model.learningRate', { model });
    this.#compiledId = model;
  }

  /** Keras's table of layers, output shapes and parameter counts. */
  async summary(options: { lineLength?: number } = {}): Promise<string> {
    return this.#connection.call('model.summary', { model: await this.#ready(), lineLength: options.lineLength });
  }

  /**
   * Trains. Keras's arguments, camelCase. One fit at a time; predict and evaluate may be called while it runs and are served between steps.
   * x may be an iterable of batches `{ xs, ys, sampleWeight? }`, and then y is left out.
   */
  async fit<F extends Figure = number>(x: Input, y: Input, options?: FitOptions): Promise<History<F>>;
  async fit<F extends Figure = number>(batches: Batches, y?: undefined, options?: FitOptions): Promise<History<F>>;
  async fit(x: Input | Batches, y: Input | undefined, options: FitOptions = {}): Promise<History<Figure>> {
    const args = fitArgs(x, y, options);
    const validation = isBatches(options.validationData) ? options.validationData : undefined;
    return this.#run('fit', options, async (send, functions) => {
      if (this.#fitting) throw new TabgradError('busy', 'fit: the model is being trained already');
      this.#fitting = true;
      this.#stopTraining = false;
      let history: History<Figure> & { learningRate: number };
      try {
        for (const c of functions) await c.onTrainBegin?.();
        history = await send('model.fit', args, { train: isBatches(x) ? x : undefined, validation });
      } finally {
        this.#fitting = false;
      }
      this.#rate = history.learningRate;
      const last: Logs<Figure> = {};
      for (const [name, values] of Object.entries(history.history)) if (values.length > 0) last[name] = values[values.length - 1]!;
      for (const c of functions) await c.onTrainEnd?.(last as Logs);
      return { epoch: history.epoch, history: history.history };
    });
  }

  /** The loss and the metrics over the data, `{ loss, accuracy }`. */
  async evaluate<F extends Figure = number>(x: Input, y: Input, options?: EvaluateOptions): Promise<Logs<F>>;
  async evaluate<F extends Figure = number>(batches: Batches, y?: undefined, options?: EvaluateOptions): Promise<Logs<F>>;
  async evaluate(x: Input | Batches, y: Input | undefined, options: EvaluateOptions = {}): Promise<Logs<Figure>> {
    const batches = isBatches(x) ? x : undefined;
    const args = batchArgs('evaluate', batches !== undefined, options);
    if (!batches) {
      args['x'] = wireTensor(x as Input, 'evaluate: x');
      args['y'] = wireTensor(y!, 'evaluate: y');
      if (options.sampleWeight !== undefined) args['sampleWeight'] = wireTensor(options.sampleWeight, 'evaluate: sampleWeight');
    }
    return this.#run('evaluate', options, (send) => send('model.evaluate', args, { evaluate: batches }));
  }

  /** The model's output for each sample. */
  async predict(x: Input, options?: PredictOptions): Promise<Tensor<Float32Array>>;
  async predict(batches: Batches<PredictBatch>, options?: PredictOptions): Promise<Tensor<Float32Array>>;
  async predict(x: Input | Batches<PredictBatch>, options: PredictOptions = {}): Promise<Tensor<Float32Array>> {
    const batches = isBatches(x) ? (x as Batches<PredictBatch>) : undefined;
    const args = batchArgs('predict', batches !== undefined, options);
    if (!batches) args['x'] = wireTensor(x as Input, 'predict: x');
    return this.#run('predict', options, (send) => send('model.predict', args, { predict: batches }));
  }

  /** A request with callbacks and with batches that the page sends. */
  async #run<T>(
    where: 'fit' | 'evaluate' | 'predict',
    options: { callbacks?: CallbackList; verbose?: Verbose; signal?: AbortSignal },
    act: (send: <R>(method: string, args: Record<string, Wire>, batches: Record<string, Batches<unknown> | undefined>) => Promise<R>, functions: RunningCallbacks['functions']) => Promise<T>,
  ): Promise<T> {
    const callbacks = new RunningCallbacks(where, options.callbacks, options.verbose, () => this.userDefinedMetadata);
    const model = await this.#ready();
    let done = false;
    try {
      const result = await act(async (method, args, batches) => {
        const feeds = new Feeds(this.#connection, where, batches);
        const onEvent = (event: EventMessage, fail: (error: unknown) => void) => {
          if (event.event === 'feed') return feeds.open(event, fail);
          if (event.event === 'learningRate') this.#rate = event.data['value'] as number;
          else return callbacks.handle(event);
        };
        try {
          return await this.#connection.call(method, { model, ...args, ...(await callbacks.args()) }, { signal: options.signal, onEvent });
        } finally {
          feeds.close();
        }
      }, callbacks.functions);
      done = true;
      return result;
    } finally {
      await callbacks.end(done);
    }
  }

  /** The optimizer's learning rate, undefined before compile. Set, it takes effect from the next step on, also of a fit that runs. */
  get learningRate(): number | undefined {
    return this.#rate;
  }
  set learningRate(value: number) {
    if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) throw new TabgradError('bad_config', `learningRate is ${describe(value)}, want a number from 0`);
    this.#rate = value;
    const send = (model: number) => this.#connection.call<number>('model.learningRate', { model, value });
    // At once where that can be: a callback's change is there before the engine hears that the callback is over. Compile's error, or the engine's
    // end, is reported by whatever waits for these.
    const sent = this.#compiledId !== undefined ? send(this.#compiledId) : Promise.all([this.#compiled, this.#rateSet]).then(() => this.#id()).then(send);
    this.#rateSet = sent.catch(() => {});
  }

  /** One training step on one batch of any size; returns its loss and metrics. */
  async trainOnBatch<F extends Figure = number>(x: Input, y: Input): Promise<Logs<F>> {
    const args = { x: wireTensor(x, 'trainOnBatch: x'), y: wireTensor(y, 'trainOnBatch: y') };
    return this.#connection.call('model.trainOnBatch', { model: await this.#ready(), ...args });
  }

  /** A copy of all weights in Keras's order and layouts. */
  async getWeights(): Promise<NamedWeight[]> {
    return this.#connection.call('model.getWeights', { model: await this.#ready() });
  }

  /** Sets all weights, in getWeights' order; `shape_mismatch` where one doesn't fit, and then none is changed. */
  async setWeights(weights: readonly (TensorLike | NamedWeight)[]): Promise<void> {
    const list = weights.map((w, i) => {
      const { data, shape } = toTensor(w as TensorLike, `setWeights: weight ${i}`);
      return { data, shape };
    });
    await this.#connection.call('model.setWeights', { model: await this.#ready(), weights: list });
  }

  /** Takes what stateful layers keep from one batch to the next back to its beginning: between sequences, in onEpochBegin. */
  async resetStates(): Promise<void> {
    await this.#connection.call('model.resetStates', { model: await this.#ready() });
  }

  /** Holds the running fit between two batches until resume(). Does nothing when none runs. */
  async pause(): Promise<void> {
    if (this.#fitting) await this.#connection.call('model.pause', { model: await this.#ready() });
  }

  async resume(): Promise<void> {
    await this.#connection.call('model.resume', { model: await this.#ready() });
  }

  /** Set to true, most often in a callback, it ends the running fit after the current batch; fit then resolves with the history so far. */
  get stopTraining(): boolean {
    return this.#stopTraining;
  }
  set stopTraining(stop: boolean) {
    this.#stopTraining = stop;
    if (!stop || this.#built === undefined) return;
    // An engine that is lost has nothing to stop.
    this.#built.then((model) => this.#connection.call('model.stop', { model })).catch(() => {});
  }

  /** Frees the model in the engine now. Optional: models are freed when they are collected or the engine ends. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    collected.unregister(this);
    this.#built?.then((model) => this.#connection.call('model.dispose', { model })).catch(() => {});
  }

  /** The engine's id, building the model where it isn't yet. */
  #id(): Promise<number> {
    if (this.#disposed) return Promise.reject(new TabgradError('disposed', 'sequential: the model was disposed'));
    if (this.#built === undefined) {
      const connection = this.#connection;
      for (const layer of this.layers) Object.freeze(layer.config); // what they learn from now on, the model would not know
      const config: Record<string, unknown> = { layers: this.layers.map((layer) => layer.toJSON()) };
      if (this.#name !== undefined) config['name'] = this.#name;
      const args = { config: { class_name: 'Sequential', config }, seed: this.#seed };
      const built = this.#adopt(connection.call<{ model: number }>('model.create', args as never).then(({ model }) => model));
      built.catch(() => {
        // A configuration that could not be built may be added to: forget the try.
        if (this.#built === built) this.#built = undefined;
      });
    }
    return this.#built!;
  }

  /** Makes an engine's model this one's. */
  #adopt(coming: Promise<number>): Promise<number> {
    const connection = this.#connection;
    this.#built = coming.then((model) => {
      if (!this.#disposed) collected.register(this, disposer(connection, model), this);
      return model;
    });
    return this.#built;
  }

  /** The id once the last compile is through; rejects with its error. */
  async #ready(): Promise<number> {
    await this.#compiled;
    await this.#rateSet;
    return this.#id();
  }
}
