// Layers as they are used: put into a Sequential, or applied to tensors, which makes a graph. A layer on the page is a description until a model
// that has it is built; then it stands for the engine's, and other models that have it share its weights.

import { Config, wireValue } from './config.js';
import { TabgradError } from './errors.js';
import type { Model } from './model.js';
import type { Wire, WireObject } from './protocol.js';
import { SymbolicTensor, type Shape } from './symbolic.js';
import { describe, toTensor, type TensorLike } from './tensor.js';

/** A weight with its name, `dense_1/kernel`, row-major in Keras's layout. */
export interface NamedWeight {
  name: string;
  shape: number[];
  data: Float32Array;
}

/** What a layer is applied with, beside tensors. */
export interface CallArgs {
  /** Always what the layer does in training (true) or in inference (false). */
  training?: boolean;
  /** Of attention: no step sees those behind it. */
  useCausalMask?: boolean;
  [name: string]: unknown;
}

/** One use of a layer: a node of a graph. */
export interface GraphNode {
  readonly layer: Layer;
  readonly inputs: readonly GraphTensor[];
  readonly args: WireObject;
}

/**
 * A tensor of a graph. What a layer of several results returns is its first, and may be taken apart: `const [y, h, c] = lstm.apply(x)`.
 */
export class GraphTensor extends SymbolicTensor implements Iterable<GraphTensor> {
  readonly #shape: Shape | undefined;

  constructor(
    readonly node: GraphNode,
    /** Which of the layer's results. */
    readonly index: number,
    shape?: Shape,
  ) {
    super();
    this.#shape = shape;
  }

  get shape(): Shape {
    if (this.#shape) return this.#shape;
    throw new TabgradError('bad_config', "the shape of what a layer makes is known once a model that ends with it is built: its model.outputShape, after await compile()");
  }

  *[Symbol.iterator](): Iterator<GraphTensor> {
    for (let index = 0; index < mostResults; index++) yield index === this.index ? this : new GraphTensor(this.node, index);
    throw new TabgradError('bad_config', `a layer's results are taken apart one by one, const [y, h] = layer.apply(x): how many there are is known once the model is built`);
  }
}

const mostResults = 64;

/** Where the engine has a layer: in which model, under which name. */
export interface Home {
  readonly model: Model;
  readonly path: string;
}

/** What the other files know of a layer. */
interface LayerState {
  /** Layers are counted as they are made: their automatic names go by it. */
  readonly created: number;
  readonly nodes: GraphNode[];
  homes: Home[];
  /** The automatic name. */
  name?: string;
  /** Set where the page changed it. */
  trainable?: boolean;
  /** While a model that has it is being built for the first time. */
  joining?: Promise<unknown>;
  /** Applies the layers of the Sequential that it was put into. */
  connect?: () => void;
}

const states = new WeakMap<Layer, LayerState>();
let created = 0;

export function stateOf(layer: Layer): LayerState {
  return states.get(layer)!;
}

/** The first model of the layer's that still is there. */
export function homeOf(layer: Layer): Home | undefined {
  return stateOf(layer).homes.find(({ model }) => !model.isDisposed);
}

/** A layer. Applied several times, or put into several models, it uses the same weights each time. */
export class Layer extends Config<'layer'> {
  constructor(className: string, options: object = {}) {
    super(className, options);
    states.set(this, { created: created++, nodes: [], homes: [] });
  }

  /** Its own name, or the automatic one, which it has once a model with it is built. */
  get name(): string | undefined {
    const own = this.config['name'];
    return typeof own === 'string' ? own : stateOf(this).name;
  }

  /** Whether training changes its weights. What is set takes effect when a model is compiled the next time, as in Keras. */
  get trainable(): boolean {
    return stateOf(this).trainable ?? this.config['trainable'] !== false;
  }
  set trainable(trainable: boolean) {
    if (typeof trainable !== 'boolean') throw new TabgradError('bad_config', `trainable is ${describe(trainable)}, want true or false`);
    for (const layer of [this as Layer, ...this.inner()]) stateOf(layer).trainable = trainable;
  }

  /** Applies the layer to a tensor, or to several, and returns what it makes of them. */
  apply(x: GraphTensor | readonly GraphTensor[], args: CallArgs = {}): GraphTensor {
    const inputs = x instanceof GraphTensor ? [x] : Array.isArray(x) ? (x as readonly GraphTensor[]) : [];
    if (inputs.length === 0 || !inputs.every((input) => input instanceof GraphTensor)) {
      throw new TabgradError('bad_config', `${this.name ?? this.className}: apply got ${describe(x)}, want a tensor of tg.input or of a layer, or an array of them`);
    }
    const given: Record<string, Wire> = {};
    for (const [key, value] of Object.entries(args)) {
      if (value !== undefined) given[key.replace(/[A-Z]/g, (letter) => '_' + letter.toLowerCase())] = wireValue(`apply: ${key}`, value);
    }
    return this.addNode(inputs, given);
  }

  /** The tensor that it made where it was applied once. */
  get output(): GraphTensor {
    return new GraphTensor(this.#only('output'), 0);
  }

  /** The tensor that it was applied to, where it was applied once and to one. */
  get input(): GraphTensor {
    const { inputs } = this.#only('input');
    if (inputs.length !== 1) throw new TabgradError('bad_config', `${this.name ?? this.className}: it is applied to ${inputs.length} tensors, not to one`);
    return inputs[0]!;
  }

  /** A copy of its weights, and of those of layers inside of it. */
  async getWeights(): Promise<NamedWeight[]> {
    const { model, path } = this.home('getWeights');
    return model.layerCall('model.getWeights', { layer: path });
  }

  /** Sets its weights, in getWeights' order. */
  async setWeights(weights: readonly (TensorLike | NamedWeight)[]): Promise<void> {
    const { model, path } = this.home('setWeights');
    await model.layerCall('model.setWeights', { layer: path, weights: wireWeights(weights) });
  }

  /** How many numbers its weights are. */
  async countParams(): Promise<number> {
    const { model, path } = this.home('countParams');
    return (await model.layerCall<{ total: number }>('model.countParams', { layer: path })).total;
  }

  /** The layers inside of it. */
  protected inner(): readonly Layer[] {
    return [];
  }

  protected home(what: string): Home {
    const home = homeOf(this);
    if (!home) throw new TabgradError('bad_config', `${this.name ?? this.className}: ${what} of a layer that has no weights yet; await compile() of a model with it first`);
    return home;
  }

  /** A node of the graph, with its first result. */
  protected addNode(inputs: readonly GraphTensor[], args: WireObject): GraphTensor {
    const node: GraphNode = { layer: this, inputs, args };
    stateOf(this).nodes.push(node);
    return new GraphTensor(node, 0);
  }

  #only(what: string): GraphNode {
    const { nodes, connect } = stateOf(this);
    if (nodes.length === 0) connect?.();
    if (nodes.length !== 1) throw new TabgradError('bad_config', `${this.name ?? this.className}: it was applied ${nodes.length} times, so it has no ${what}; use what apply returned`);
    return nodes[0]!;
  }
}

/** The layer of an input: it is applied to nothing. */
export class InputLayer extends Layer {
  /** The input, of one sample's shape. */
  tensor(): GraphTensor {
    const node: GraphNode = { layer: this, inputs: [], args: {} };
    stateOf(this).nodes.push(node);
    const { shape, input_shape: inputShape, batch_input_shape: batchShape } = this.config as Record<string, number[] | undefined>;
    return new GraphTensor(node, 0, batchShape ?? [null, ...(shape ?? inputShape ?? [])]);
  }
}

/** Weights as setWeights sends them. */
export function wireWeights(weights: readonly (TensorLike | NamedWeight)[]): Wire {
  return weights.map((w, i) => {
    const { data, shape } = toTensor(w as TensorLike, `setWeights: weight ${i}`);
    return { data, shape };
  });
}
