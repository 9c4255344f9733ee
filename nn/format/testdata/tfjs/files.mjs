// What make.mjs and check.mjs share: TensorFlow.js on its plain JavaScript backend, and models in folders.
//
// A folder holds model.json and the binary files that its manifest names, and predict.json:
//   { inputs: Tensor, outputs: Tensor,                        what the model answers to inputs
//     more?: { x: Tensor, y: Tensor, steps, outputs: Tensor } } the same after that many more training steps on (x, y)
// where a Tensor is { shape, data } in row-major order; of a model with several inputs or outputs an array of them.
import { readFile, writeFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';

await tf.setBackend('cpu');
await tf.ready();
export { tf };

export async function readModel(folder) {
  const json = JSON.parse(await readFile(join(folder, 'model.json'), 'utf8'));
  const weightSpecs = [], parts = [];
  for (const group of json.weightsManifest) {
    weightSpecs.push(...group.weights);
    for (const path of group.paths) parts.push(await readFile(join(folder, path)));
  }
  const bytes = Buffer.concat(parts);
  return tf.loadLayersModel(tf.io.fromMemory({
    ...json, weightSpecs, weightData: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength),
  }));
}

// writeModel saves model with its optimizer, the weights cut into shards of at most shardSize bytes.
export async function writeModel(model, folder, shardSize = 1 << 22) {
  await mkdir(folder, { recursive: true });
  await model.save({
    async save(a) {
      await writeWeights(folder, modelJSON(a), a.weightSpecs, Buffer.from(a.weightData), shardSize);
      return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(a) };
    },
  }, { includeOptimizer: true });
}

// modelJSON is what tfjs's own handlers write, in their order; weightsManifest is filled in later.
const modelJSON = ({ modelTopology, format, generatedBy, convertedBy, userDefinedMetadata, trainingConfig }) =>
  ({ modelTopology, format, generatedBy, convertedBy, weightsManifest: [], userDefinedMetadata, trainingConfig });

export async function writeWeights(folder, json, weights, bytes, shardSize) {
  await mkdir(folder, { recursive: true });
  const n = Math.max(1, Math.ceil(bytes.length / shardSize)), paths = [];
  for (let i = 0; i < n; i++) {
    paths.push(`group1-shard${i + 1}of${n}.bin`);
    await writeFile(join(folder, paths[i]), bytes.subarray(i * shardSize, (i + 1) * shardSize));
  }
  json.weightsManifest = [{ paths, weights }];
  await writeFile(join(folder, 'model.json'), JSON.stringify(json));
}

export const toTensor = (t) => (Array.isArray(t) ? t.map(toTensor) : tf.tensor(t.data, t.shape, 'float32'));
export const fromTensor = (t) => (Array.isArray(t) ? t.map(fromTensor) : { shape: t.shape, data: [...t.dataSync()] });
export const predict = (model, inputs) => fromTensor(model.predict(toTensor(inputs)));

// trainMore takes full-batch steps, which no shuffling and no mask of a model without dropout can change.
export async function trainMore(model, { x, y, steps }) {
  const xs = toTensor(x), ys = toTensor(y);
  for (let i = 0; i < steps; i++) await model.trainOnBatch(xs, ys);
}
