// adapt: a layer's description learns from data in the engine, before there is a model.

import type { Connection } from './connection.js';
import { TabgradError } from './errors.js';
import { Layer } from './layer.js';
import type { Wire, WireObject } from './protocol.js';
import { describe, isTensor, isTensorData, toTensor, type TensorLike } from './tensor.js';

/** A batch of samples; of one for fit only `xs` counts. */
export type AdaptBatch = TensorLike | { xs: TensorLike };

/** Batches of samples, one after another. */
export type AdaptBatches = Iterable<AdaptBatch> | AsyncIterable<AdaptBatch>;

/** What the engine replies: `adaptation` until the last batch, then what goes into the layer's config. */
interface Adapted {
  adaptation?: number;
  config?: WireObject;
  weights?: Wire;
}

export async function adapt(connection: Connection, layer: Layer, data: TensorLike | AdaptBatches, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
  if (!(layer instanceof Layer)) throw new TabgradError('bad_config', `adapt: got ${describe(layer)}, want a layer, for example tg.layers.normalization()`);
  if (Object.isFrozen(layer.config)) throw new TabgradError('bad_config', `adapt: ${layer.className} is part of a model that is built; adapt it before`);
  const call = (args: WireObject) => connection.call<Adapted>('layer.adapt', args, { signal });
  let begun: WireObject = { layer: layer.toJSON() as unknown as Wire };
  let learnt: Adapted;
  if (isTensorLike(data)) {
    learnt = await call({ ...begun, x: wire(data, 'adapt: data'), last: true });
  } else {
    if (typeof data !== 'object' || data === null || !(Symbol.iterator in data || Symbol.asyncIterator in data)) {
      throw new TabgradError('bad_data', `adapt: data is ${describe(data)}, want a tensor or an iterable of batches`);
    }
    try {
      for await (const batch of data) {
        const x = typeof batch === 'object' && batch !== null && 'xs' in batch ? batch.xs : batch;
        const { adaptation } = await call({ ...begun, x: wire(x as TensorLike, 'adapt: a batch') });
        begun = { adaptation };
      }
    } catch (error) {
      if (begun['adaptation'] !== undefined) connection.call('layer.drop', begun).catch(() => {});
      throw error;
    }
    learnt = await call({ ...begun, last: true });
  }
  const config = layer.config as Record<string, Wire>;
  for (const [key, value] of Object.entries(learnt.config ?? {})) if (value !== null) config[key] = value;
  if (learnt.weights !== undefined) config['weights'] = learnt.weights;
}

/** Whether it is one tensor, and not batches of them: an array of numbers, or of rows of numbers. */
function isTensorLike(data: unknown): data is TensorLike {
  if (Array.isArray(data)) return typeof data[0] === 'number' || Array.isArray(data[0]);
  return isTensor(data) || isTensorData(data) || data instanceof Float64Array;
}

function wire(x: TensorLike, what: string): Wire {
  const { data, shape, scale } = toTensor(x, what);
  return scale === undefined ? { data, shape } : { data, shape, scale };
}
