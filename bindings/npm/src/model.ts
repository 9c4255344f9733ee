// Models: what a page holds of one. Its weights live in the engine; this class holds its layers and an id. sequential.ts has the stack of layers.

import { toArtifacts, type SaveResult } from './artifacts.js';
import { compileArgs, type CompileOptions, type End } from './compile.js';
import { type WireConfig } from './config.js';
import type { Connection } from './connection.js';
import { withCustomLayers } from './custom.js';
import { TabgradError } from './errors.js';
import type { CallbackList, Figure, Logs } from './callbacks.js';
import { Feeds, isBatches, type Batches, type PredictBatch } from './feeds.js';
import { batchArgs, fitArgs, type EvaluateOptions, type FitOptions, type History, type PredictOptions } from './fit.js';
import { wireTensors, type Input } from './fit_tensors.js';
import { entryOf, Graph, tensorList } from './graph.js';
import { GraphTensor, Layer, stateOf, wireWeights, type Home, type NamedWeight } from './layer.js';
import type { EventMessage, Wire, WireObject } from './protocol.js';
import { RunningCallbacks, type Verbose } from './running_callbacks.js';
import { saveArtifacts, type SaveOptions, type SaveTarget } from './saving.js';
import type { Shape } from './symbolic.js';
import { describe, type Tensor, type TensorLike } from './tensor.js';

export interface ModelOptions {
  inputs: GraphTensor | readonly GraphTensor[];
  outputs: GraphTensor | readonly GraphTensor[];
  name?: string;
  /** Decides the initial weights, dropout and shuffling; default: load's. */
  seed?: number;
}

/** What the engine says of a model that it has. */
export interface EngineModel {
  model: number;
  name: string;
  inputs: End[];
  outputs: End[];
  /** The layers' names, of a model that was created. */
  layers?: string[];
}

/** A model that the engine has already, or that is a layer of one. */
export interface Existing {
  layers: readonly Layer[];
  name: string;
  engine: () => Promise<EngineModel>;
  inputs?: GraphTensor[];
  outputs?: GraphTensor[];
  /** Whether it was saved with what it was trained for. */
  compiled?: boolean;
}

/** Models that are collected without dispose() are freed in the engine by this. */
const collected = new FinalizationRegistry<() => void>((free) => free());

/** Apart from the class, because a closure made inside it would hold the model, which then is never collected. */
function disposer(connection: Connection, model: number): () => void {
  return () => void connection.call('model.dispose', { model }).catch(() => {});
}

/** A graph of layers: `tg.model({ inputs, outputs })`. It is a layer too, and goes wherever one goes, with its weights. */
export class Model extends Layer {
  /** Anything that JSON holds, saved with the model and there again when it is loaded: labels, how inputs are scaled. */
  userDefinedMetadata: Record<string, unknown> | undefined;
  protected readonly connection: Connection;
  readonly #seed: number | undefined;
  readonly #graph: Graph | undefined;
  readonly #existing: Existing | undefined;
  /** The engine's model for the layers so far. Absent until something needs it, and again after Sequential's add(). */
  #built: Promise<EngineModel> | undefined;
  #outputShapes: Shape[] | undefined;
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

  /** Made by `tg.model()`, `tg.sequential()` and `tg.loadModel()`. */
  constructor(connection: Connection, options: ModelOptions | { name?: string; seed?: number } | Existing, className = 'Functional') {
    super(className, { name: options.name });
    this.connection = connection;
    if ('engine' in options) {
      this.#existing = options;
      this.#isCompiled = options.compiled === true;
    } else {
      this.#seed = options.seed;
    }
    if ('inputs' in options && !('engine' in options)) {
      const { inputs, outputs } = options as ModelOptions;
      this.#graph = new Graph(tensorList('inputs', inputs), tensorList('outputs', outputs));
    }
    // As a layer it is its own model, once it is built.
    stateOf(this).homes = [{ model: this, path: '' }];
  }

  /** The layers, as they were made; of a loaded model in Keras's order. */
  get layers(): readonly Layer[] {
    return this.#existing?.layers ?? this.#graph!.layers;
  }

  /** The tensors that the model begins with. */
  get inputs(): readonly GraphTensor[] {
    return this.#existing?.inputs ?? this.#graph!.inputs;
  }

  /** The tensors that it ends with. */
  get outputs(): readonly GraphTensor[] {
    return this.#existing?.outputs ?? this.#graph!.outputs;
  }

  /** The shape of its output, of several outputs an array of them; known once the model is built, after `await compile()` or a first use. */
  get outputShape(): Shape | Shape[] {
    if (!this.#outputShapes) throw new TabgradError('bad_config', `${this.name ?? 'model'}: its output's shape is known once it is built; await compile() or summary() first`);
    return this.#outputShapes.length === 1 ? this.#outputShapes[0]! : this.#outputShapes;
  }

  /** The layer of a name, or of a place in layers; `inner/dense` for one inside another. Automatic names are known after compile or a first use. */
  getLayer(which: string | number): Layer {
    const [found, rest] = typeof which === 'number' ? [this.layers[which], ''] : find(this.layers, which);
    if (found && rest === '') return found;
    if (found instanceof Model) return found.getLayer(rest);
    const names = this.layers.map((layer) => layer.name ?? `(${layer.className})`).join(', ');
    throw new TabgradError('bad_config', `${this.name ?? 'model'}: there is no layer ${JSON.stringify(which)}, want one of ${names}`);
  }

  /**
   * Builds the model and its training step. Rejects on a bad configuration. Not awaiting it is fine: fit, evaluate and predict wait for it and
   * report its error. Compiling again keeps the weights and starts the optimizer anew; which layers are trained is decided here.
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
    await this.#compiled?.catch(() => {}); // the last one called is the one that counts, whatever each has to wait for
    const { model, outputs } = await this.engine();
    const args = await compileArgs(this.connection, outputs, options);
    await this.connection.call('model.compile', { model, ...args, trainable: this.#trainables() });
    await this.#learn(model);
  }

  /** Notes what is known of a model when it is compiled. */
  async #learn(model: number): Promise<void> {
    this.#rate = await this.connection.call<number>('model.learningRate', { model });
    this.#compiledId = model;
  }

  /** Keras's table of layers, output shapes and parameter counts. */
  async summary(options: { lineLength?: number } = {}): Promise<string> {
    return this.connection.call('model.summary', { model: await this.#ready(), lineLength: options.lineLength, trainable: this.#trainables() });
  }

  /**
   * Trains. Keras's arguments, camelCase. One fit at a time; predict and evaluate may be called while it runs and are served between steps.
   * Of several inputs or targets x and y are arrays or objects of tensors. x may be an iterable of batches `{ xs, ys, sampleWeight? }`, and then y is left out.
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

  /** The loss and the metrics over the data, `{ loss, accuracy }`; of several outputs with each one's loss, `{ loss, a_loss, b_loss, a_accuracy }`. */
  async evaluate<F extends Figure = number>(x: Input, y: Input, options?: EvaluateOptions): Promise<Logs<F>>;
  async evaluate<F extends Figure = number>(batches: Batches, y?: undefined, options?: EvaluateOptions): Promise<Logs<F>>;
  async evaluate(x: Input | Batches, y: Input | undefined, options: EvaluateOptions = {}): Promise<Logs<Figure>> {
    const batches = isBatches(x) ? x : undefined;
    const args = batchArgs('evaluate', batches !== undefined, options);
    if (!batches) {
      args['x'] = wireTensors(x as Input, 'evaluate: x');
      args['y'] = wireTensors(y!, 'evaluate: y');
      if (options.sampleWeight !== undefined) args['sampleWeight'] = wireTensors(options.sampleWeight, 'evaluate: sampleWeight');
    }
    return this.#run('evaluate', options, (send) => send('model.evaluate', args, { evaluate: batches }));
  }

  /** The model's output for each sample; of several outputs an array of them. */
  async predict<Result extends Tensor<Float32Array> | Tensor<Float32Array>[] = Tensor<Float32Array>>(x: Input | Batches<PredictBatch>, options: PredictOptions = {}): Promise<Result> {
    const batches = isBatches(x) ? (x as Batches<PredictBatch>) : undefined;
    const args = batchArgs('predict', batches !== undefined, options);
    if (!batches) args['x'] = wireTensors(x as Input, 'predict: x');
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
        const feeds = new Feeds(this.connection, where, batches);
        const onEvent = (event: EventMessage, fail: (error: unknown) => void) => {
          if (event.event === 'feed') return feeds.open(event, fail);
          if (event.event === 'learningRate') this.#rate = event.data['value'] as number;
          else return callbacks.handle(event);
        };
        try {
          return await this.connection.call(method, { model, ...args, ...(await callbacks.args()) }, { signal: options.signal, onEvent });
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
    const send = (model: number) => this.connection.call<number>('model.learningRate', { model, value });
    // At once where that can be: a callback's change is there before the engine hears that the callback is over. Compile's error, or the engine's
    // end, is reported by whatever waits for these.
    const sent = this.#compiledId !== undefined ? send(this.#compiledId) : Promise.all([this.#compiled, this.#rateSet]).then(() => this.engineId()).then(send);
    this.#rateSet = sent.catch(() => {});
  }

  /** One training step on one batch of any size; returns its loss and metrics. */
  async trainOnBatch<F extends Figure = number>(x: Input, y: Input, options: Pick<FitOptions, 'sampleWeight' | 'classWeight'> = {}): Promise<Logs<F>> {
    const args = {
      x: wireTensors(x, 'trainOnBatch: x'),
      y: wireTensors(y, 'trainOnBatch: y'),
      ...(options.sampleWeight === undefined ? {} : { sampleWeight: wireTensors(options.sampleWeight, 'trainOnBatch: sampleWeight') }),
      ...(options.classWeight === undefined ? {} : { classWeight: { ...options.classWeight } }),
    };
    return this.connection.call('model.trainOnBatch', { model: await this.#ready(), ...args });
  }

  /** A copy of all weights in Keras's order and layouts. */
  override async getWeights(): Promise<NamedWeight[]> {
    return this.connection.call('model.getWeights', { model: await this.#ready() });
  }

  /** Sets all weights, in getWeights' order; `shape_mismatch` where one doesn't fit, and then none is changed. */
  override async setWeights(weights: readonly (TensorLike | NamedWeight)[]): Promise<void> {
    const list = wireWeights(weights);
    await this.connection.call('model.setWeights', { model: await this.#ready(), weights: list });
  }

  /** How many numbers the weights are. */
  override async countParams(): Promise<number> {
    return (await this.connection.call<{ total: number }>('model.countParams', { model: await this.#ready(), trainable: this.#trainables() })).total;
  }

  /**
   * Saves the layers and the weights, with `includeOptimizer` also what training goes on from, in the files and places of TensorFlow.js:
   * `tg.loadModel` and `tf.loadLayersModel` load them. During fit it is served between two steps. Rejects with `quota_exceeded` or `not_saved`.
   */
  async save(target: SaveTarget, options: SaveOptions = {}): Promise<SaveResult> {
    const args = { model: await this.#ready(), includeOptimizer: options.includeOptimizer, trainable: this.#trainables() };
    const { json, weights } = await this.connection.call<{ json: string; weights: Uint8Array }>('model.save', args, { signal: options.signal });
    const artifacts = toArtifacts(json, weights);
    if (this.userDefinedMetadata !== undefined) artifacts.userDefinedMetadata = this.userDefinedMetadata;
    return saveArtifacts(target, artifacts, options);
  }

  /** Takes what stateful layers keep from one batch to the next back to its beginning: between sequences, in onEpochBegin. */
  async resetStates(): Promise<void> {
    await this.connection.call('model.resetStates', { model: await this.#ready() });
  }

  /** Holds the running fit between two batches until resume(). Does nothing when none runs. */
  async pause(): Promise<void> {
    if (this.#fitting) await this.connection.call('model.pause', { model: await this.#ready() });
  }

  async resume(): Promise<void> {
    await this.connection.call('model.resume', { model: await this.#ready() });
  }

  /** Set to true, most often in a callback, it ends the running fit after the current batch; fit then resolves with the history so far. */
  get stopTraining(): boolean {
    return this.#stopTraining;
  }
  set stopTraining(stop: boolean) {
    this.#stopTraining = stop;
    if (!stop || this.#built === undefined) return;
    // An engine that is lost has nothing to stop.
    this.#built.then(({ model }) => this.connection.call('model.stop', { model })).catch(() => {});
  }

  /** Frees the model in the engine now. Optional: models are freed when they are collected or the engine ends. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    collected.unregister(this);
    this.#built?.then(({ model }) => this.connection.call('model.dispose', { model })).catch(() => {});
  }

  get isDisposed(): boolean {
    return this.#disposed;
  }

  /** A model inside another one's options is written down; to share its weights it must be applied, or be a layer of a Sequential. */
  override toJSON(): WireConfig {
    const config = this.write((layer) => layer.toJSON());
    return { class_name: this.className, config: this.name === undefined ? config : { ...config, name: this.name } };
  }

  /** The engine's id of the model, which is built where it isn't yet. For the package's own use, as are those that follow. */
  async engineId(): Promise<number> {
    return (await this.engine()).model;
  }

  /** Calls a method of the engine's with the model's id. */
  async layerCall<T>(method: string, args: WireObject): Promise<T> {
    return this.connection.call<T>(method, { model: await this.#ready(), ...args });
  }

  protected override inner(): readonly Layer[] {
    return this.layers.flatMap((layer) => (layer instanceof Model ? [layer, ...layer.inner()] : [layer]));
  }

  protected get isBuilt(): boolean {
    return this.#built !== undefined;
  }

  /** The config of the model, without its name; entry writes a layer. */
  protected write(entry: (layer: Layer) => WireConfig): WireObject {
    return this.#graph!.config(entry);
  }

  protected engine(): Promise<EngineModel> {
    if (this.#disposed) return Promise.reject(new TabgradError('disposed', `${this.name ?? 'model'}: the model was disposed`));
    if (this.#built === undefined) {
      const built = (this.#existing ? this.#existing.engine() : this.#create()).then(async (engine) => {
        if (!this.#disposed) collected.register(this, disposer(this.connection, engine.model), this);
        if (this.#existing?.compiled) await this.#learn(engine.model);
        if (engine.outputs.length > 0) this.#outputShapes = engine.outputs.map(({ shape }) => [null, ...shape]);
        return engine;
      });
      this.#built = built;
      built.catch(() => {
        // A configuration that could not be built may be added to: forget the try.
        if (this.#built === built) this.#built = undefined;
      });
    }
    return this.#built;
  }

  /** Builds the model in the engine. Layers that other models have are the engine's; those that another is being built with are waited for. */
  async #create(): Promise<EngineModel> {
    const { layers } = this;
    for (;;) {
      const joining = layers.map((layer) => stateOf(layer).joining).filter((promise) => promise !== undefined);
      if (joining.length === 0) break;
      await Promise.allSettled(joining);
    }
    for (const layer of layers) Object.freeze(layer.config); // what they learn from now on, the model would not know
    const fresh = layers.filter((layer) => stateOf(layer).homes.length === 0);
    const creating = this.#send(layers);
    for (const layer of fresh) stateOf(layer).joining = creating;
    try {
      const engine = await creating;
      const names = engine.layers!.slice(-layers.length); // a Sequential's input may be in front
      layers.forEach((layer, i) => {
        const state = stateOf(layer);
        state.name = names[i]!;
        state.homes.push({ model: this, path: state.name });
      });
      stateOf(this).name = engine.name;
      return engine;
    } finally {
      for (const layer of fresh) stateOf(layer).joining = undefined;
    }
  }

  async #send(layers: readonly Layer[]): Promise<EngineModel> {
    for (;;) {
      const [entries, customs] = withCustomLayers(() => layers.map((layer) => (stateOf(layer).homes.length > 0 ? undefined : layer.toJSON())));
      const written = new Map<Layer, WireConfig>();
      for (const [i, layer] of layers.entries()) written.set(layer, entries[i] ?? (await entryOf(layer)));
      const config: Record<string, unknown> = this.write((layer) => written.get(layer)!);
      if (this.name !== undefined) config['name'] = this.name;
      const args = { config: { class_name: this.className, config }, seed: this.#seed };
      const reply = await this.connection.call<EngineModel | { record: { id: string; inputs: number[][] } }>('model.create', args as never);
      if (!('record' in reply)) return reply;
      await customs.get(reply.record.id)!.record(this.connection, reply.record.inputs);
    }
  }

  /** What the page has set of the layers' trainable, by their paths; the engine is told when it counts. */
  #trainables(): Record<string, boolean> {
    const out: Record<string, boolean> = {};
    const own = stateOf(this).trainable;
    if (own !== undefined) out[''] = own;
    collectTrainables(this.layers, '', out);
    return out;
  }

  /** The id once the last compile is through; rejects with its error. */
  async #ready(): Promise<number> {
    await this.#compiled;
    await this.#rateSet;
    return this.engineId();
  }
}

function collectTrainables(layers: readonly Layer[], prefix: string, out: Record<string, boolean>): void {
  for (const layer of layers) {
    const { trainable } = stateOf(layer);
    if (layer.name === undefined) continue; // not built: its config says it
    const path = prefix + layer.name;
    if (trainable !== undefined) out[path] = trainable;
    if (layer instanceof Model) collectTrainables(layer.layers, `${path}/`, out);
  }
}

/** The layer of a name, or the one that the path leads into with the path's rest. */
function find(layers: readonly Layer[], path: string): [Layer | undefined, string] {
  const exact = layers.find((layer) => layer.name === path);
  if (exact) return [exact, ''];
  const into = layers.find((layer) => layer.name !== undefined && path.startsWith(`${layer.name}/`));
  return [into, into ? path.slice(into.name!.length + 1) : ''];
}

export type { CompileOptions, End, Home, NamedWeight };
