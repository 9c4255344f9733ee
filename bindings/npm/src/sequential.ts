// The stack of layers.

import type { WireConfig } from './config.js';
import type { Connection } from './connection.js';
import { TabgradError } from './errors.js';
import { stackTensors } from './graph.js';
import { Layer, stateOf, type GraphTensor } from './layer.js';
import { Model, type Existing } from './model.js';
import type { WireObject } from './protocol.js';
import { describe } from './tensor.js';

export interface SequentialOptions {
  layers?: readonly Layer[];
  name?: string;
  /** Decides the initial weights, dropout and shuffling; default: load's. */
  seed?: number;
}

/** A linear stack of layers. */
export class Sequential extends Model {
  readonly #layers: Layer[] = [];
  /** The graph of the layers so far, once it was asked for. */
  #tensors: { inputs: GraphTensor[]; outputs: GraphTensor[] } | undefined;

  /** Made by `tg.sequential()` and `tg.loadModel()`. */
  constructor(connection: Connection, options: SequentialOptions | Existing = {}) {
    super(connection, options, 'Sequential');
    if ('engine' in options) for (const layer of options.layers) this.#push(layer);
    else for (const layer of options.layers ?? []) this.add(layer);
  }

  override get layers(): readonly Layer[] {
    return this.#layers;
  }

  override get inputs(): readonly GraphTensor[] {
    return (this.#tensors ??= stackTensors(this.#layers)).inputs;
  }

  override get outputs(): readonly GraphTensor[] {
    return (this.#tensors ??= stackTensors(this.#layers)).outputs;
  }

  /** Appends a layer, or a model. The first one says its `inputShape`, or is `layers.inputLayer`. What is wrong with it is said by compile. */
  add(layer: Layer): this {
    if (!(layer instanceof Layer)) throw new TabgradError('bad_config', `sequential: add got ${describe(layer)}, want a layer, for example tg.layers.dense({ units: 10 })`);
    if (this.isBuilt) throw new TabgradError('bad_config', 'sequential: add after the model was built; make a new model');
    if (this.#tensors) throw new TabgradError('bad_config', 'sequential: add after its inputs, outputs or a layer of it became part of a graph; make a new model');
    this.#push(layer);
    return this;
  }

  #push(layer: Layer): void {
    this.#layers.push(layer);
    stateOf(layer).connect ??= () => void this.outputs;
  }

  protected override write(entry: (layer: Layer) => WireConfig): WireObject {
    if (this.#layers.length === 0) throw new TabgradError('bad_config', 'sequential: the model has no layers');
    const layers = this.#layers.map(entry);
    const [first] = this.#layers;
    const { input_shape: shape, batch_input_shape: batchShape } = first?.config ?? {};
    // The engine's layer does not say what its input is.
    if (layers[0]?.class_name === 'Shared' && (shape ?? batchShape)) {
      layers.unshift({ class_name: 'InputLayer', config: { shape: (shape ?? (batchShape as unknown[]).slice(1)) as number[] } });
    }
    return { layers };
  }
}
