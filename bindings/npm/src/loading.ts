// Models that were saved: from their files to the engine, and from the engine's config to the page's layers.

import type { WireConfig } from './config.js';
import type { Connection } from './connection.js';
import { loadedTensors } from './graph.js';
import { InputLayer, Layer, stateOf } from './layer.js';
import { Model, type EngineModel, type Existing } from './model.js';
import type { WireObject } from './protocol.js';
import { loadFiles, type LoadModelOptions, type ModelSource } from './saving.js';
import { Sequential } from './sequential.js';

/** What the engine says of a model that it has loaded; see bindings/protocol.go. */
interface Loaded extends EngineModel {
  config: WireConfig;
  compiled: boolean;
  metadata?: Record<string, unknown>;
  note?: string;
}

/** What `tg.loadModel` does. */
export async function loadModel(connection: Connection, source: ModelSource, { seed, ...options }: LoadModelOptions = {}): Promise<Model> {
  const { files, ours } = await loadFiles(source, options);
  const arrays = 'safetensors' in files ? [files.safetensors] : Object.values(files.files);
  // Each buffer once, and only such as hold nothing else.
  const transfer = ours ? [...new Set(arrays.filter((a) => a.byteLength === a.buffer.byteLength).map((a) => a.buffer as ArrayBuffer))] : [];
  const loaded = await connection.call<Loaded>('model.load', { ...files, seed }, { signal: options.signal, transfer });
  if (loaded.note !== undefined) console.warn(`tabgrad: the model is not compiled, since this is not known here: ${loaded.note}`);
  const model = modelOf(connection, loaded.config, loaded.name, () => Promise.resolve(loaded), loaded.compiled);
  join(model, model, '');
  await model.engineId(); // from here on it is freed when it is collected
  model.userDefinedMetadata = loaded.metadata;
  return model;
}

/** A model of a config of the engine's, in which every layer has its name. */
function modelOf(connection: Connection, { class_name: className, config }: WireConfig, name: string, engine: Existing['engine'], compiled = false): Model {
  let whole: Model | undefined;
  const layers = (config['layers'] as readonly WireConfig[]).map((entry): Layer => {
    const own = String((entry.config as WireObject)['name']);
    if (entry.class_name === 'InputLayer') return new InputLayer('InputLayer', entry.config);
    if (entry.class_name !== 'Sequential' && entry.class_name !== 'Functional') return new Layer(entry.class_name, entry.config);
    return modelOf(connection, entry, own, async () => connection.call<EngineModel>('model.part', { model: await whole!.engineId(), layer: own }));
  });
  const existing: Existing = { layers, name, engine, compiled };
  if (className === 'Sequential') whole = new Sequential(connection, existing);
  else whole = new Model(connection, { ...existing, ...loadedTensors(config, layers) });
  return whole;
}

/** Tells the layers where the engine has them. */
function join(model: Model, within: Model, prefix: string): void {
  for (const layer of within.layers) {
    const path = prefix + layer.name!;
    Object.freeze(layer.config);
    if (layer instanceof Model) join(model, layer, `${path}/`);
    else stateOf(layer).homes = [{ model, path }];
  }
}
