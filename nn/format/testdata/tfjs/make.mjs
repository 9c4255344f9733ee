// node make.mjs [mlp cnn ...]: trains small models in TensorFlow.js and writes them to golden/, as nn/format's test reads them.
// Numbers depend on tfjs's random initial weights, so a new run writes other files that are just as good.
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { tf, readModel, writeModel, writeWeights, predict, fromTensor, trainMore } from './files.mjs';

const golden = fileURLToPath(new URL('golden', import.meta.url));
const wanted = process.argv.slice(2);

// blobs are points around one centre a class, with one-hot labels.
function blobs(n, shape, classes, seed) {
  const size = shape.reduce((a, b) => a * b, 1);
  const centres = tf.randomNormal([classes, size], 0, 1, 'float32', seed);
  const labels = tf.tensor1d(Array.from({ length: n }, (_, i) => i % classes), 'int32');
  const x = tf.gather(centres, labels).add(tf.randomNormal([n, size], 0, 0.5, 'float32', seed + 1)).reshape([n, ...shape]);
  return { x, y: tf.oneHot(labels, classes).toFloat() };
}

async function make(name, layers, optimizer, shape, { metadata, loss = 'categoricalCrossentropy', ...options } = {}) {
  if (wanted.length && !wanted.includes(name)) return;
  const model = tf.sequential({ name, layers });
  if (metadata) model.setUserDefinedMetadata(metadata);
  const { x, y } = blobs(30, shape, 3, 7);
  await train(model, { optimizer, loss, metrics: ['accuracy'] }, x, y, options);
}

// train compiles, trains and writes a model; x and y are tensors, or arrays of them.
async function train(model, compile, x, y, { steps = 0, shardSize } = {}) {
  model.compile(compile);
  await model.fit(x, y, { epochs: 4, batchSize: 10, verbose: 0 });
  const folder = join(golden, model.name);
  await writeModel(model, folder, shardSize);
  const first = (t, n) => fromTensor(Array.isArray(t) ? t.map((one) => one.slice(0, n)) : t.slice(0, n));
  const inputs = first(x, 6);
  const out = { inputs, outputs: predict(model, inputs) };
  if (steps) {
    out.more = { x: first(x, 12), y: first(y, 12), steps };
    await trainMore(model, out.more);
    out.more.outputs = predict(model, inputs);
  }
  await writeFile(join(folder, 'predict.json'), JSON.stringify(out));
}

const mlp = () => [
  tf.layers.dense({ units: 5, activation: 'relu', inputShape: [4], kernelRegularizer: tf.regularizers.l2({ l2: 0.001 }) }),
  tf.layers.dense({ units: 4, activation: 'tanh', kernelInitializer: 'heNormal', useBias: false }),
  tf.layers.dense({ units: 3, activation: 'softmax' }),
];
await make('mlp', mlp(), tf.train.adam(0.01), [4], { steps: 3, shardSize: 100, metadata: { classes: ['a', 'b', 'c'], 'größe': 1.5 } });
await make('mlp_sgd', mlp(), tf.train.sgd(0.05), [4], { steps: 3 });
await make('mlp_momentum', mlp(), tf.train.momentum(0.05, 0.8), [4], { steps: 3 });
await make('mlp_rmsprop', mlp(), tf.train.rmsprop(0.01, 0.9, 0.5), [4], { steps: 3 });
await make('mlp_adagrad', mlp(), tf.train.adagrad(0.05), [4], { steps: 3, loss: 'meanSquaredError' });
await make('mlp_adadelta', mlp(), tf.train.adadelta(1.0), [4]); // tfjs divides by the previous accumulator: the steps differ
await make('cnn', [
  tf.layers.inputLayer({ inputShape: [8, 8, 2] }),
  tf.layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same', activation: 'relu' }),
  tf.layers.maxPooling2d({ poolSize: 2 }),
  tf.layers.conv2d({ filters: 3, kernelSize: [3, 2], strides: [2, 1], name: 'second' }),
  tf.layers.leakyReLU({ alpha: 0.1 }),
  tf.layers.averagePooling2d({ poolSize: [1, 2], strides: 1, padding: 'same' }),
  tf.layers.dropout({ rate: 0.25 }),
  tf.layers.flatten(),
  tf.layers.dense({ units: 6, activation: 'elu', trainable: false }),
  tf.layers.reshape({ targetShape: [2, 3] }),
  tf.layers.activation({ activation: 'softplus' }),
  tf.layers.flatten(),
  tf.layers.dense({ units: 3 }),
  tf.layers.softmax({ axis: -1 }),
], tf.train.adam(0.005), [8, 8, 2]);

await make('spatial', [
  tf.layers.separableConv2d({ filters: 4, kernelSize: 3, padding: 'same', inputShape: [8, 8, 2] }),
  tf.layers.prelu({ sharedAxes: [1, 2] }),
  tf.layers.cropping2D({ cropping: [[1, 0], [0, 1]] }),
  tf.layers.depthwiseConv2d({ kernelSize: 3, strides: 2, depthMultiplier: 2, useBias: false }),
  tf.layers.batchNormalization({ momentum: 0.9 }),
  tf.layers.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2, padding: 'same' }),
  tf.layers.layerNormalization({ axis: [3] }),
  tf.layers.zeroPadding2d({ padding: 1 }),
  tf.layers.permute({ dims: [2, 1, 3] }),
  tf.layers.reLU({ maxValue: 2 }),
  tf.layers.globalAveragePooling2d({}),
  tf.layers.dense({ units: 3, activation: 'softmax' }),
], tf.train.momentum(0.05, 0.8), [8, 8, 2], { steps: 3 });
await make('sequence', [
  tf.layers.conv1d({ filters: 4, kernelSize: 3, padding: 'same', kernelConstraint: 'maxNorm', inputShape: [9, 2] }),
  tf.layers.leakyReLU({}),
  tf.layers.maxPooling1d({ poolSize: 2 }),
  tf.layers.spatialDropout1d({ rate: 0.2 }),
  tf.layers.gaussianNoise({ stddev: 0.1 }),
  tf.layers.averagePooling1d({ poolSize: 2, strides: 1, padding: 'same' }),
  tf.layers.elu({}),
  tf.layers.globalMaxPooling1d({}),
  tf.layers.repeatVector({ n: 2 }),
  tf.layers.flatten(),
  tf.layers.dense({ units: 3 }),
  tf.layers.softmax({ axis: 1 }),
], tf.train.adam(0.005), [9, 2]);
// Graphs: a residual CNN; two inputs and two outputs with a shared layer; models in a model, one of them applied twice.
const graph = (name, build) => (wanted.length && !wanted.includes(name) ? undefined : build(name));
await graph('graph_residual', async (name) => {
  const x = tf.input({ shape: [6, 6, 2] });
  const conv = (more) => tf.layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same', ...more });
  const y = conv({ activation: 'relu' }).apply(x);
  const z = tf.layers.reLU().apply(tf.layers.batchNormalization({ momentum: 0.8 }).apply(conv({ useBias: false }).apply(y)));
  const out = tf.layers.dense({ units: 3, activation: 'softmax' }).apply(tf.layers.flatten().apply(tf.layers.maxPooling2d({ poolSize: 2 }).apply(tf.layers.add().apply([z, y]))));
  const data = blobs(30, [6, 6, 2], 3, 7);
  await train(tf.model({ inputs: x, outputs: out, name }), { optimizer: tf.train.adam(0.005), loss: 'categoricalCrossentropy', metrics: ['accuracy'] }, data.x, data.y, { steps: 3 });
});
await graph('graph_two_of_both', async (name) => {
  const [a, b] = [tf.input({ shape: [4], name: 'a' }), tf.input({ shape: [4], name: 'b' })];
  const tower = tf.layers.dense({ units: 5, activation: 'tanh' });
  const [u, v] = [tower.apply(a), tower.apply(b)];
  const y = tf.layers.concatenate().apply([u, v, tf.layers.multiply().apply([a, b])]);
  const outputs = [
    tf.layers.dense({ units: 3, activation: 'softmax', name: 'kind' }).apply(y),
    tf.layers.dense({ units: 1, name: 'value' }).apply(tf.layers.dense({ units: 4, activation: 'relu' }).apply(tf.layers.average().apply([u, v]))),
  ];
  const [left, right] = [blobs(30, [4], 3, 7), blobs(30, [4], 3, 17)];
  const compile = { optimizer: tf.train.adam(0.01), loss: { kind: 'categoricalCrossentropy', value: 'meanSquaredError' }, metrics: ['accuracy'] };
  await train(tf.model({ inputs: [a, b], outputs, name }), compile, [left.x, right.x], [left.y, right.x.mean(1, true)], { steps: 3 });
});
await graph('graph_nested', async (name) => {
  const block = tf.sequential({ name: 'block', layers: [tf.layers.dense({ units: 4, activation: 'relu', inputShape: [4] }), tf.layers.batchNormalization({ momentum: 0.7 }), tf.layers.dense({ units: 4 })] });
  const p = tf.input({ shape: [4] });
  const inner = tf.model({ inputs: p, outputs: [tf.layers.add().apply([p, block.apply(p)]), tf.layers.dense({ units: 2, activation: 'tanh' }).apply(p)], name: 'inner' });
  const x = tf.input({ shape: [4] });
  const [u, v] = inner.apply(x);
  const [w] = inner.apply(u);
  const y = tf.layers.concatenate().apply([w, v]);
  const data = blobs(30, [4], 3, 7);
  await train(tf.model({ inputs: x, outputs: tf.layers.dense({ units: 3, activation: 'softmax' }).apply(y), name }),
    { optimizer: tf.train.adam(0.01), loss: 'categoricalCrossentropy' }, data.x, data.y);
});

// The cnn again as the converter would have quantized it: the weights in three turns as uint8, uint16 and float16.
if (!wanted.length || wanted.includes('cnn_quantized')) {
  const json = JSON.parse(await readFile(join(golden, 'cnn', 'model.json'), 'utf8'));
  const bytes = await readFile(join(golden, 'cnn', 'group1-shard1of1.bin'));
  const parts = [], specs = [];
  let at = 0;
  for (const { group, ...spec } of json.weightsManifest[0].weights) {
    if (group === 'optimizer') continue;
    const n = spec.shape.reduce((a, b) => a * b, 1);
    const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset + at, bytes.byteOffset + at + 4 * n));
    at += 4 * n;
    const min = Math.min(...values), max = Math.max(...values);
    const turn = specs.length % 3;
    if (turn === 2) {
      parts.push(Buffer.from(Uint16Array.from(values, half).buffer));
      specs.push({ ...spec, quantization: { dtype: 'float16' } });
      continue;
    }
    const Type = [Uint8Array, Uint16Array][turn], dtype = ['uint8', 'uint16'][turn];
    const scale = (max - min) / (2 ** (8 * Type.BYTES_PER_ELEMENT) - 1) || 1;
    parts.push(Buffer.from(Type.from(values, (v) => Math.round((v - min) / scale)).buffer));
    specs.push({ ...spec, quantization: { min, scale, dtype } });
  }
  delete json.trainingConfig;
  const folder = join(golden, 'cnn_quantized');
  await writeWeights(folder, json, specs, Buffer.concat(parts), 150);
  const { inputs } = JSON.parse(await readFile(join(golden, 'cnn', 'predict.json'), 'utf8'));
  await writeFile(join(folder, 'predict.json'), JSON.stringify({ inputs, outputs: predict(await readModel(folder), inputs) }));
}

// half is the bits of the float16 nearest to v, which must be of its normal range or 0.
function half(v) {
  const bits = new Uint32Array(Float32Array.of(v).buffer)[0];
  const exponent = ((bits >>> 23) & 255) - 112;
  if (v === 0 || exponent <= 0) return (bits >>> 16) & 0x8000;
  return ((bits >>> 16) & 0x8000) | ((exponent << 10) + (((bits & 0x7fffff) + 0x1000) >>> 13));
}
