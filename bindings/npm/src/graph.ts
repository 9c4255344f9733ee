// Graphs as Keras's functional configs: from the page's nodes to what the engine builds, and back from a model that was loaded.

import type { WireConfig } from './config.js';
import { TabgradError } from './errors.js';
import { GraphTensor, homeOf, InputLayer, Layer, stateOf, type GraphNode } from './layer.js';
import type { Wire, WireObject } from './protocol.js';
import { describe } from './tensor.js';

/** Tensors as the caller gives them: one, or an array. */
export function tensorList(what: string, given: GraphTensor | readonly GraphTensor[]): GraphTensor[] {
  const list = given instanceof GraphTensor ? [given] : Array.isArray(given) ? [...(given as readonly GraphTensor[])] : [];
  if (list.length === 0 || !list.every((x) => x instanceof GraphTensor)) {
    throw new TabgradError('bad_config', `model: ${what} is ${describe(given)}, want a tensor of a graph, or an array of them`);
  }
  return list;
}

/** The part of the graph from inputs to outputs: its layers, as they were made, and of each its nodes. */
export class Graph {
  readonly layers: readonly Layer[];
  readonly #nodes = new Map<Layer, GraphNode[]>();

  constructor(
    readonly inputs: readonly GraphTensor[],
    readonly outputs: readonly GraphTensor[],
  ) {
    inputs.forEach(({ node: { inputs: from, layer } }, i) => {
      if (from.length > 0) throw new TabgradError('bad_config', `model: input ${i} is the output of ${layer.name ?? layer.className}, want one of tg.input`);
    });
    const ends = new Set(inputs.map((x) => x.node));
    const seen = new Set<GraphNode>();
    // Inputs that nothing uses are layers of the model too.
    const waiting = [...outputs, ...inputs].map((x) => x.node);
    for (let node = waiting.pop(); node; node = waiting.pop()) {
      if (seen.has(node)) continue;
      seen.add(node);
      if (!ends.has(node)) waiting.push(...node.inputs.map((x) => x.node));
    }
    const layers = new Set([...seen].map((node) => node.layer));
    this.layers = [...layers].sort((a, b) => stateOf(a).created - stateOf(b).created);
    for (const layer of this.layers) this.#nodes.set(layer, stateOf(layer).nodes.filter((node) => seen.has(node)));
  }

  /** The config, layers called by their numbers; entry writes a layer. */
  config(entry: (layer: Layer) => WireConfig): WireObject {
    const keys = new Map(this.layers.map((layer, i) => [layer, String(i)]));
    const ref = (x: GraphTensor): [string, number, number] => [keys.get(x.node.layer)!, this.#nodes.get(x.node.layer)!.indexOf(x.node), x.index];
    const layers = this.layers.map((layer) => {
      const nodes = this.#nodes.get(layer)!.filter((node) => node.inputs.length > 0);
      return { ...entry(layer), name: keys.get(layer)!, inbound_nodes: nodes.map((node) => node.inputs.map((x) => [...ref(x), node.args])) };
    });
    return { layers, input_layers: this.inputs.map(ref), output_layers: this.outputs.map(ref) };
  }
}

/** A layer in a config: the engine's where it has it, else its description. */
export async function entryOf(layer: Layer): Promise<WireConfig> {
  const home = homeOf(layer);
  if (!home && stateOf(layer).homes.length > 0) throw new TabgradError('disposed', `${layer.name}: the model that it was a layer of was disposed`);
  if (!home) return layer.toJSON();
  const model = await home.model.engineId();
  return { class_name: 'Shared', config: home.path === '' ? { model } : { model, layer: home.path } };
}

/** A functional config of the engine's: every layer with its name, nodes as [layer, node, result, args]. */
interface LoadedGraph {
  layers: (WireConfig & { name: string; inbound_nodes: [string, number, number, WireObject][][] })[];
  input_layers: [string, number, number][];
  output_layers: [string, number, number][];
}

/** The tensors of a loaded model's inputs and outputs, made by applying its layers as the config says. */
export function loadedTensors(config: WireObject, layers: readonly Layer[]): { inputs: GraphTensor[]; outputs: GraphTensor[] } {
  const { layers: entries, input_layers: inputs, output_layers: outputs } = config as unknown as LoadedGraph;
  const made = new Map<string, GraphTensor[]>(entries.map(({ name }) => [name, []]));
  const tensor = ([name, node, result]: [string, number, number, ...Wire[]]): GraphTensor | undefined => {
    const first = made.get(name)![node];
    return first && (result === 0 ? first : new GraphTensor(first.node, result));
  };
  for (let progress = true; progress; ) {
    progress = false;
    entries.forEach(({ name, inbound_nodes: nodes }, i) => {
      const own = made.get(name)!;
      const layer = layers[i]!;
      if (layer instanceof InputLayer && own.length === 0) {
        own.push(layer.tensor());
        progress = true;
      }
      for (let node = nodes[own.length]; node && nodes.length > 0; node = nodes[own.length]) {
        const x = node.map(tensor);
        if (x.some((t) => t === undefined)) return;
        own.push(layer.apply(x as GraphTensor[], node[0]![3]));
        progress = true;
      }
    });
  }
  const all = (refs: [string, number, number][]) => refs.map((ref) => tensor(ref)!);
  return { inputs: all(inputs), outputs: all(outputs) };
}

/** The tensors of a stack of layers: each applied to what the one before it made. */
export function stackTensors(layers: readonly Layer[]): { inputs: GraphTensor[]; outputs: GraphTensor[] } {
  const [first] = layers;
  if (!first) throw new TabgradError('bad_config', 'sequential: the model has no layers');
  const { shape, input_shape: inputShape, batch_input_shape: batchShape } = first.config as Record<string, (number | null)[] | undefined>;
  const known = inputShape ?? batchShape?.slice(1) ?? shape;
  if (known === undefined) throw new TabgradError('bad_config', "sequential: the input's shape is not known; give the first layer an inputShape");
  const isInput = first.className === 'InputLayer';
  const input = (first instanceof InputLayer ? first : new InputLayer('InputLayer', { shape: known, name: isInput ? first.name : undefined })).tensor();
  const output = layers.slice(isInput ? 1 : 0).reduce((x, layer) => layer.apply(x), input);
  return { inputs: [input], outputs: [output] };
}
