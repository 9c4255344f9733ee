// Graphs of layers: several inputs and outputs, shared layers, models in models, freezing, parts of other models.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { load, Model, Sequential } from '../dist/index.js';
import { fails, xor } from './engine.mjs';

let tg;
before(async () => {
  tg = await load({ threads: 2, deterministic: true });
});
after(() => tg.close());

/** What Keras says of a functional model: nn/testdata/keras/graphs.py. */
const { cases } = JSON.parse(readFileSync(new URL('../../../nn/testdata/keras/graphs.json', import.meta.url), 'utf8'));
const golden = (name) => cases.find((c) => c.name === name);
const tensor = ({ data, shape }) => ({ data: Float32Array.from(data), shape });

function near(got, want, what, tolerance = 1e-5) {
  const largest = Math.max(...want.map(Math.abs), 1e-6);
  assert.equal(got.length, want.length, what);
  want.forEach((w, i) => assert.ok(Math.abs(got[i] - w) <= tolerance * Math.max(Math.abs(w), largest / 10), `${what}[${i}] is ${got[i]}, want ${w}`));
}

const memory = () => ({
  async save(artifacts) {
    this.artifacts = artifacts;
    return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
  },
  async load() {
    return this.artifacts;
  },
});

const sameWeights = async (a, b) => assert.deepEqual(await a.getWeights(), await b.getWeights());
const changed = (a, b) => a.filter((w, i) => !Buffer.from(w.data.buffer).equals(Buffer.from(b[i].data.buffer))).map(({ name }) => name);

/** Random numbers that are the same each time. */
function numbers(seed, ...shape) {
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(seed * 100 + i * 12.9898) * 1.2);
  return { data, shape };
}

test('a residual CNN learns', async () => {
  const { train, test } = await tg.datasets.digits({ train: 1500, test: 300 });
  const { layers: l } = tg;
  const x = tg.input({ shape: [28, 28, 1] });
  const block = (y, filters) => {
    const z = l.batchNormalization().apply(l.conv2d({ filters, kernelSize: 3, padding: 'same', useBias: false }).apply(y));
    return l.activation({ activation: 'relu' }).apply(l.add().apply([y, z]));
  };
  let y = l.conv2d({ filters: 8, kernelSize: 3, strides: 2, padding: 'same', activation: 'relu' }).apply(x);
  y = l.maxPooling2d().apply(block(y, 8));
  y = l.flatten().apply(block(y, 8));
  const model = tg.model({ inputs: x, outputs: l.dense({ units: 10, activation: 'softmax' }).apply(y), name: 'resnet' });
  await model.compile({ optimizer: tg.optimizers.adam({ learningRate: 0.01 }), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  const history = await model.fit(train.x, train.y, { batchSize: 50, epochs: 3, validationData: [test.x, test.y] });
  assert.deepEqual(Object.keys(history.history), ['loss', 'accuracy', 'val_loss', 'val_accuracy']);
  assert.ok(history.history.val_accuracy[2] > 0.8, `accuracy ${history.history.val_accuracy}`);
  assert.match(await model.summary(), /Model: "resnet"[^]*Connected to[^]*add \(Add\).*conv2d\[0\]\[0\]/);
  assert.deepEqual([model.layers.length, model.getLayer('conv2d').className, model.getLayer(0).name], [13, 'Conv2D', 'input_layer']);
});

test("two inputs, two outputs, two losses: Keras's numbers", async () => {
  const c = golden('two_of_both');
  const { layers: l } = tg;
  const [a, b] = [tg.input({ shape: [4], name: 'a' }), tg.input({ shape: [3], name: 'b' })];
  const both = l.concatenate({ name: 'both' }).apply([a, l.dense({ units: 4, activation: 'relu', name: 'wide' }).apply(b)]);
  const trunk = l.dense({ units: 5, activation: 'tanh', name: 'trunk' }).apply(both);
  const first = l.dense({ units: 1, activation: 'sigmoid', name: 'first' }).apply(trunk);
  const second = l.dense({ units: 3, name: 'second' }).apply(l.concatenate({ name: 'again' }).apply([trunk, a]));
  const model = tg.model({ inputs: [a, b], outputs: [first, second] });
  const compile = { optimizer: tg.optimizers.adam({ learningRate: 0.02 }) };
  await model.compile({ ...compile, loss: { first: 'binaryCrossentropy', second: 'mse' }, metrics: { first: ['accuracy'], second: 'mae' } });
  await model.setWeights(c.weights.map(tensor));
  const [x, y, sampleWeight] = [c.x.map(tensor), c.y.map(tensor), c.sample_weight.map(tensor)];
  const p = await model.predict(x);
  p.forEach(({ data, shape }, k) => {
    assert.deepEqual(shape, c.expect.predict[k].shape);
    near(data, c.expect.predict[k].data, `output ${k}`);
  });
  assert.deepEqual(await model.predict({ b: x[1], a: x[0] }), p);
  const rename = (logs) => Object.fromEntries(Object.entries(logs).map(([name, value]) => [name.replace('mae', 'mean_absolute_error'), value]));
  const steps = [
    () => model.trainOnBatch(x, y, { sampleWeight }),
    () => model.trainOnBatch({ a: x[0], b: x[1] }, { first: y[0], second: y[1] }, { sampleWeight: { first: sampleWeight[0], second: sampleWeight[1] } }),
    () => model.trainOnBatch(x, y, { sampleWeight }),
  ];
  for (const [i, step] of steps.entries()) {
    const logs = rename(await step());
    assert.deepEqual(Object.keys(logs).sort(), Object.keys(c.expect.steps[i]).sort());
    for (const [name, want] of Object.entries(c.expect.steps[i])) near([logs[name]], [want], `step ${i}: ${name}`);
  }
  (await model.getWeights()).forEach(({ data, name }, k) => near(data, c.expect.final_weights[k].data, name, 2e-5));
  const scores = rename(await model.evaluate(x, y, { sampleWeight }));
  for (const [name, want] of Object.entries(c.expect.evaluate)) near([scores[name]], [want], name, 2e-5);
  // In the outputs' order, and with what each loss counts.
  await model.compile({ ...compile, loss: ['binaryCrossentropy', 'mse'], lossWeights: { second: 0.5 }, metrics: [[], ['mae']] });
  const { history } = await model.fit(x, y, { epochs: 2, batchSize: 2, validationData: [x, y], shuffle: false });
  assert.deepEqual(Object.keys(history), ['loss', 'first_loss', 'second_loss', 'second_mae', 'val_loss', 'val_first_loss', 'val_second_loss', 'val_second_mae']);
  near([history.loss[0]], [history.first_loss[0] + history.second_loss[0] / 2], 'the weighted sum');
  // A loss for one output alone.
  await model.compile({ ...compile, loss: { second: 'mse' } });
  assert.deepEqual(Object.keys(await model.trainOnBatch(x, y[1])), ['loss']);
});

test('several inputs and outputs in batches that come one by one: the same numbers', async () => {
  const { layers: l } = tg;
  const build = () => {
    const [a, b] = [tg.input({ shape: [3], name: 'a' }), tg.input({ shape: [2], name: 'b' })];
    const h = l.dense({ units: 4, activation: 'tanh' }).apply(l.concatenate().apply([a, b]));
    const model = tg.model({ inputs: [a, b], outputs: [l.dense({ units: 2, activation: 'softmax', name: 'kind' }).apply(h), l.dense({ units: 1, name: 'value' }).apply(h)] });
    model.compile({
      optimizer: tg.optimizers.adam({ learningRate: 0.05 }),
      loss: { kind: 'categoricalCrossentropy', value: 'mse' },
      metrics: { kind: ['accuracy', tg.metrics.f1Score()] },
      weightedMetrics: { value: ['mae'] },
    });
    return model;
  };
  const x = [numbers(1, 12, 3), numbers(2, 12, 2)];
  const y = [tg.oneHot(Array.from({ length: 12 }, (_, i) => i % 2), 2), numbers(3, 12, 1)];
  const w = [numbers(4, 12), numbers(5, 12)].map(({ data, shape }) => ({ data: data.map((v) => v + 2), shape }));
  const rows = ({ data, shape: [n, ...rest] }, from, to) => tg.tensor(data.slice((from * data.length) / n, (to * data.length) / n), [to - from, ...rest]);
  const cut = (from, to) => ({
    xs: { a: rows(x[0], from, to), b: rows(x[1], from, to) },
    ys: [rows(y[0], from, to), rows(y[1], from, to)],
    sampleWeight: { kind: rows(w[0], from, to), value: rows(w[1], from, to) },
  });
  const batches = () => [cut(0, 5), cut(5, 10), cut(10, 12)];
  const [whole, streamed] = [build(), build()];
  const options = { epochs: 3, shuffle: false, batchSize: 5, validationBatchSize: 5 };
  const { history } = await whole.fit(x, y, { ...options, sampleWeight: w, validationData: [x, y, w] });
  assert.deepEqual(Object.keys(history).filter((name) => !name.startsWith('val_')), ['loss', 'kind_loss', 'value_loss', 'kind_accuracy', 'kind_f1_score', 'value_mae']);
  assert.equal(history.val_kind_f1_score[2].length, 2);
  const same = await streamed.fit(batches, undefined, { epochs: 3, validationData: batches });
  assert.deepEqual(same.history, history);
  await sameWeights(streamed, whole);
  assert.deepEqual(await streamed.evaluate(batches), await whole.evaluate(x, y, { sampleWeight: w, batchSize: 5 }));
  assert.deepEqual(await streamed.predict(batches), await whole.predict(x, { batchSize: 5 }));
  assert.deepEqual(await streamed.predict(() => batches().map(({ xs }) => [xs.a, xs.b])), await whole.predict(x, { batchSize: 5 }));
  await assert.rejects(streamed.fit(() => [{ xs: x, ys: y[0] }]), fails('shape_mismatch', /1 targets, the model has 2 outputs with a loss/));
  await assert.rejects(streamed.fit(() => [{ xs: { a: x[0] }, ys: y }]), fails('bad_data', /fit: xs has no b, want a, b/));
  await assert.rejects(streamed.fit(() => [{ xs: x, ys: y, sampleWeight: [w[0], w[1], w[1]] }]), fails('shape_mismatch', /sampleWeight has 3 tensors, want one for each output with a loss \(kind, value\)/));
});

test('layers of several results and of several inputs: states, attention, wrappers', async () => {
  const { layers: l } = tg;
  const x = tg.input({ shape: [4, 3], name: 'x' });
  const [steps, h, c] = l.lstm({ units: 3, returnSequences: true, returnState: true, name: 'encoder' }).apply(x);
  const decoded = l.lstm({ units: 3, returnSequences: true, name: 'decoder' }).apply([steps, h, c]);
  const attended = l.multiHeadAttention({ numHeads: 2, keyDim: 2, name: 'attention' }).apply([decoded, steps], { useCausalMask: true });
  const scaled = l.timeDistributed({ layer: tg.customLayer({ call: ({ x: step, weights }) => tg.ops.mul(step, weights.by), weights: [{ name: 'by', shape: (step) => [step.at(-1)], initializer: 'ones' }] }), name: 'each' }).apply(attended);
  const both = l.bidirectional({ layer: l.gru({ units: 2 }), name: 'both' }).apply(scaled);
  const model = tg.model({ inputs: x, outputs: l.dense({ units: 1 }).apply(l.concatenate().apply([both, h])) });
  await model.compile({ optimizer: tg.optimizers.adam({ learningRate: 0.05 }), loss: 'mse' });
  const [input, target] = [numbers(1, 6, 4, 3), numbers(2, 6, 1)];
  const { history } = await model.fit(input, target, { epochs: 40, batchSize: 6 });
  assert.ok(history.loss[39] < history.loss[0] / 2, `losses ${history.loss[0]} to ${history.loss[39]}`);
  assert.deepEqual((await model.getLayer('each').getWeights()).map(({ shape }) => shape), [[3]]);
  const kept = memory();
  await model.save(kept);
  const again = await tg.loadModel(kept);
  assert.deepEqual(await again.predict(input), await model.predict(input));
  // What a layer in the middle makes.
  const inside = tg.model({ inputs: again.inputs, outputs: again.getLayer('encoder').output });
  assert.deepEqual((await inside.predict(input)).shape, [6, 4, 3]);
  // Without the mask it looks ahead.
  const changed = { data: input.data.slice(), shape: input.shape };
  changed.data.set([9, 9, 9], 9);
  const part = tg.model({ inputs: x, outputs: attended });
  const [p, q] = [await part.predict(input), await part.predict(changed)];
  assert.deepEqual(q.data.slice(0, 3), p.data.slice(0, 3));
});

test('a layer that has learnt from data is part of a graph', async () => {
  const norm = tg.layers.normalization({ name: 'norm' });
  const data = numbers(1, 50, 3);
  await tg.adapt(norm, data);
  const x = tg.input({ shape: [3] });
  const p = await tg.model({ inputs: x, outputs: norm.apply(x) }).predict(data);
  for (let k = 0; k < 3; k++) {
    const column = p.data.filter((_, i) => i % 3 === k);
    near([column.reduce((a, b) => a + b * b, 0) / 50], [1], 'variance', 1e-4);
  }
  await assert.rejects(tg.adapt(norm, data), fails('bad_config', /part of a model that is built/));
});

test("a layer applied twice has one set of weights: Keras's numbers", async () => {
  const c = golden('siamese');
  const [left, right] = ['left', 'right'].map((name) => tg.input({ shape: [4], name }));
  const tower = tg.layers.dense({ units: 3, activation: 'tanh', name: 'tower' });
  const y = tg.layers.dense({ units: 1 }).apply(tg.layers.subtract().apply([tower.apply(left), tower.apply(right)]));
  const model = tg.model({ inputs: [left, right], outputs: y });
  await model.compile({ optimizer: tg.optimizers.adam({ learningRate: 0.02 }), loss: 'binaryCrossentropy' });
  await model.setWeights(c.weights.map(tensor));
  near((await model.predict(c.x.map(tensor))).data, c.expect.predict[0].data, 'output');
  for (const want of c.expect.steps) near([(await model.trainOnBatch(c.x.map(tensor), tensor(c.y[0]))).loss], [want.loss], 'loss');
  (await model.getWeights()).forEach(({ data, name }, k) => near(data, c.expect.final_weights[k].data, name));
  assert.throws(() => tower.output, fails('bad_config', /tower: it was applied 2 times/));
});

test('models are layers, in graphs and in a Sequential, and share their weights', async () => {
  const { layers: l } = tg;
  const inner = tg.sequential({ name: 'inner', layers: [l.dense({ units: 4, activation: 'relu', inputShape: [3], name: 'hidden' }), l.dense({ units: 3 })] });
  const p = tg.input({ shape: [3], name: 'p' });
  const middle = tg.model({ inputs: p, outputs: [l.add().apply([p, inner.apply(p)]), p], name: 'middle' });
  const x = tg.input({ shape: [3] });
  const [sum, same] = middle.apply(x);
  const outer = tg.model({ inputs: x, outputs: [l.dense({ units: 2, name: 'head' }).apply(sum), l.activation({ activation: 'linear', name: 'through' }).apply(same)] });
  assert.throws(() => outer.outputShape, fails('bad_config', /its output's shape is known once it is built/));
  await outer.compile({ optimizer: 'sgd', loss: { head: 'mse' } });
  assert.deepEqual(outer.outputShape, [[null, 2], [null, 3]]);
  await inner.summary();
  assert.deepEqual(inner.outputShape, [null, 3]);
  const input = numbers(1, 5, 3);
  const [, through] = await outer.predict(input);
  assert.deepEqual(through.data, input.data);
  assert.deepEqual(
    (await outer.getWeights()).map(({ name }) => name),
    ['middle/inner/hidden/kernel', 'middle/inner/hidden/bias', 'middle/inner/dense/kernel', 'middle/inner/dense/bias', 'head/kernel', 'head/bias'],
  );
  await outer.trainOnBatch(input, numbers(2, 5, 2));
  // The inner model is the outer's: a step of one is a step of the other.
  const [whole, part] = await Promise.all([outer.getWeights(), inner.getWeights()]);
  assert.deepEqual(part.map(({ data }) => data), whole.slice(0, 4).map(({ data }) => data));
  assert.deepEqual(await outer.getLayer('middle').predict(input).then(([y]) => y.shape), [5, 3]);
  assert.equal(outer.getLayer('middle/inner/hidden'), inner.getLayer('hidden'));
  const stack = tg.sequential({ layers: [inner, l.dense({ units: 1, name: 'last' })] });
  stack.compile({ optimizer: 'sgd', loss: 'mse' });
  await stack.trainOnBatch(input, numbers(3, 5, 1));
  await sameWeights(inner, { getWeights: async () => (await stack.getWeights()).slice(0, 4).map((w) => ({ ...w, name: w.name.replace('inner/', '') })) });
  assert.deepEqual((await inner.getWeights())[0].data, (await outer.getWeights())[0].data);
});

test('names are taken as they are', async () => {
  const x = tg.input({ shape: [2], name: 'firstInput' });
  const model = tg.model({ inputs: x, outputs: ['leftHead', 'right_head'].map((name) => tg.layers.dense({ units: 1, name }).apply(x)) });
  model.getLayer('leftHead').trainable = false;
  await model.compile({ optimizer: 'sgd', loss: { leftHead: 'mse', right_head: 'mae' }, lossWeights: { leftHead: 0, right_head: 2 }, metrics: { leftHead: 'mae' } });
  const [input, target] = [numbers(1, 3, 2), numbers(2, 3, 1)];
  const before = await model.getWeights();
  const logs = await model.trainOnBatch({ firstInput: input }, { leftHead: target, right_head: target }, { sampleWeight: { leftHead: [1, 1, 2], right_head: [1, 2, 1] } });
  assert.deepEqual(Object.keys(logs), ['loss', 'leftHead_loss', 'right_head_loss', 'leftHead_mae']);
  near([logs.loss], [2 * logs.right_head_loss], 'loss');
  assert.deepEqual(changed(before, await model.getWeights()), ['right_head/kernel', 'right_head/bias']);
});

test('several models may be built at once of one layer', async () => {
  const shared = tg.layers.dense({ units: 2, name: 'shared' });
  const models = [1, 2, 3].map(() => {
    const x = tg.input({ shape: [3] });
    return tg.model({ inputs: x, outputs: tg.layers.dense({ units: 1 }).apply(shared.apply(x)) });
  });
  const weights = await Promise.all(models.map((model) => model.getWeights()));
  for (const w of weights) assert.deepEqual(w[0], weights[0][0]);
  models[0].dispose();
  assert.deepEqual((await shared.getWeights())[0], weights[0][0]);
  assert.equal(await shared.countParams(), 8);
});

test('what is frozen is not trained, from the next compile on', async () => {
  const { layers: l } = tg;
  const norm = l.batchNormalization({ name: 'norm', momentum: 0.5 });
  const model = tg.sequential({ layers: [l.dense({ units: 3, inputShape: [2], name: 'first' }), norm, l.dense({ units: 2, name: 'last' })] });
  const compile = () => model.compile({ optimizer: tg.optimizers.sgd({ learningRate: 0.5 }), loss: 'mse' });
  const x = numbers(1, 8, 2);
  const step = async () => {
    const from = await model.getWeights();
    await model.trainOnBatch(x, numbers(2, 8, 2));
    return changed(from, await model.getWeights()).join(' ');
  };
  const all = 'first/kernel norm/gamma norm/beta norm/moving_mean norm/moving_variance last/kernel last/bias';
  await compile();
  const moved = (names) => names.replace('first/bias ', ''); // whose gradient is 0 but for rounding
  assert.equal(moved(await step()), all);
  model.getLayer('first').trainable = false;
  norm.trainable = false;
  assert.equal(model.getLayer('first').trainable, false);
  assert.equal(moved(await step()), all, 'before compile nothing has changed');
  assert.match(await model.summary(), / Trainable params: 8 /);
  await compile();
  assert.equal(await step(), 'last/kernel last/bias');
  model.trainable = false;
  await compile();
  assert.equal(await step(), '');
  assert.deepEqual(model.layers.map((layer) => layer.trainable), [false, false, false]);
  model.trainable = true;
  model.getLayer('last').trainable = false;
  await compile();
  assert.equal(moved(await step()), 'first/kernel norm/gamma norm/beta norm/moving_mean norm/moving_variance');
  const kept = memory();
  await model.save(kept);
  const again = await tg.loadModel(kept);
  assert.deepEqual(again.layers.map((layer) => [layer.name, layer.trainable]), [['input_layer', true], ['first', true], ['norm', true], ['last', false]].slice(-again.layers.length));
  assert.throws(() => (norm.trainable = 'no'), fails('bad_config', /trainable is "no"/));
});

test('a part of a loaded model is the beginning of another, with its weights', async () => {
  const { layers: l } = tg;
  const teacher = tg.sequential({ layers: [l.dense({ units: 6, activation: 'tanh', inputShape: [2], name: 'features' }), l.dense({ units: 2, activation: 'softmax', name: 'old' })] });
  teacher.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy' });
  await teacher.fit(xor.x, xor.y, { epochs: 5 });
  const kept = memory();
  await teacher.save(kept);
  for (const make of [() => tg.loadModel(kept), async () => teacher]) {
    const base = await make();
    base.getLayer('features').trainable = false;
    const features = base.getLayer('features').output;
    const model = tg.model({ inputs: base.inputs, outputs: l.dense({ units: 1, activation: 'sigmoid', name: 'new' }).apply(features) });
    await model.compile({ optimizer: 'sgd', loss: 'binaryCrossentropy' });
    const from = await model.getWeights();
    assert.deepEqual(from.slice(0, 2), (await base.getWeights()).slice(0, 2));
    await model.fit(xor.x, [[0], [1], [1], [0]], { epochs: 3 });
    assert.deepEqual(changed(from, await model.getWeights()), ['new/kernel', 'new/bias']);
    base.getLayer('features').trainable = true;
    await model.compile({ optimizer: 'sgd', loss: 'binaryCrossentropy' });
    await model.fit(xor.x, [[0], [1], [1], [0]], { epochs: 3 });
    assert.deepEqual((await base.getWeights())[0], (await model.getWeights())[0]);
    // What the features are.
    const extractor = tg.model({ inputs: base.inputs, outputs: features });
    assert.deepEqual((await extractor.predict(xor.x)).shape, [4, 6]);
    extractor.dispose();
    await model.predict(xor.x);
  }
});

test('a graph is saved and loaded: the same class, layers, numbers and training', async () => {
  const { layers: l } = tg;
  const build = () => {
    const [a, b] = [tg.input({ shape: [3], name: 'a' }), tg.input({ shape: [3], name: 'b' })];
    const inner = tg.sequential({ name: 'inner', layers: [l.dense({ units: 4, activation: 'relu' }), l.dropout({ rate: 0.3 })] });
    const [u, v] = [inner.apply(a), inner.apply(b)];
    const model = tg.model({ inputs: [a, b], outputs: [l.dense({ units: 2, activation: 'softmax', name: 'kind' }).apply(l.add().apply([u, v])), l.dense({ units: 1, name: 'value' }).apply(u)], name: 'two' });
    model.compile({ optimizer: tg.optimizers.adam({ learningRate: 0.05 }), loss: { kind: 'categoricalCrossentropy', value: 'mae' }, lossWeights: [1, 0.5], metrics: { kind: ['accuracy'] } });
    return model;
  };
  const x = [numbers(1, 12, 3), numbers(2, 12, 3)];
  const y = [tg.oneHot(Array.from({ length: 12 }, (_, i) => i % 2), 2), numbers(3, 12, 1)];
  const [straight, cut] = [build(), build()];
  await straight.fit(x, y, { epochs: 4, batchSize: 5 });
  await cut.fit(x, y, { epochs: 2, batchSize: 5 });
  const kept = memory();
  await cut.save(kept, { includeOptimizer: true });
  const again = await tg.loadModel(kept);
  assert.ok(again instanceof Model && !(again instanceof Sequential));
  assert.ok(again.getLayer('inner') instanceof Sequential);
  assert.deepEqual([again.name, again.inputs.length, again.outputs.length, again.getLayer('inner').layers.map((layer) => layer.className)], ['two', 2, 2, ['InputLayer', 'Dense', 'Dropout']]);
  assert.deepEqual(await again.predict(x), await cut.predict(x));
  assert.equal(await again.summary(), await cut.summary());
  const more = await again.fit(x, y, { initialEpoch: 2, epochs: 4, batchSize: 5 });
  assert.deepEqual(Object.keys(more.history), ['loss', 'kind_loss', 'value_loss', 'kind_accuracy']);
  await sameWeights(again, straight);
  // A nested model of a loaded one is a model as well.
  assert.deepEqual((await again.getLayer('inner').predict(x[0])).shape, [12, 4]);
  const chain = tg.sequential({ layers: [l.dense({ units: 1, inputShape: [1] })] });
  const other = memory();
  await chain.save(other);
  assert.ok((await tg.loadModel(other)) instanceof Sequential);
});

test('layers say their names, their weights and their place', async () => {
  const { layers: l } = tg;
  const model = tg.sequential({ layers: [l.dense({ units: 2, inputShape: [3] }), l.dense({ units: 2 }), l.flatten({ name: 'mine' })] });
  assert.deepEqual(model.layers.map((layer) => layer.name), [undefined, undefined, 'mine']);
  assert.throws(() => model.getLayer('dense_1'), fails('bad_config', /no layer "dense_1", want one of \(Dense\), \(Dense\), mine/));
  await assert.rejects(model.getLayer(1).getWeights(), fails('bad_config', /no weights yet/));
  await model.summary();
  assert.deepEqual(model.layers.map(({ name, className, trainable }) => [name, className, trainable]), [['dense', 'Dense', true], ['dense_1', 'Dense', true], ['mine', 'Flatten', true]]);
  assert.equal(model.getLayer('dense_1').config.units, 2);
  const layer = model.getLayer('dense_1');
  assert.deepEqual((await layer.getWeights()).map(({ name, shape }) => [name, shape]), [['dense_1/kernel', [2, 2]], ['dense_1/bias', [2]]]);
  await layer.setWeights([[[1, 0], [0, 1]], [5, 6]]);
  assert.deepEqual(Array.from((await model.getWeights())[3].data), [5, 6]);
  await assert.rejects(layer.setWeights([[5, 6]]), fails('shape_mismatch', /dense_1: got 1 weights, it has 2/));
  assert.deepEqual([await layer.countParams(), await model.countParams()], [6, 14]);
});

describe('what is wrong with a graph is said', () => {
  const dense = (units, more) => tg.layers.dense({ units, ...more });
  const input = (n = 3) => tg.input({ shape: [n] });
  const built = (inputs, outputs) => tg.model({ inputs, outputs }).summary();
  const compiled = (options) => {
    const x = input();
    return tg.model({ inputs: x, outputs: [dense(1, { name: 'a' }).apply(x), dense(2, { name: 'b' }).apply(x)] }).compile(options);
  };
  const fitted = async (x, y, options) => {
    const [a, b] = ['a', 'b'].map((name) => tg.input({ shape: [2], name }));
    const model = tg.model({ inputs: [a, b], outputs: [dense(1, { name: 'u' }).apply(a), dense(1, { name: 'v' }).apply(b)] });
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    await model.fit(x, y, options);
  };
  const two = [tg_(4, 2), tg_(4, 2)];
  const one = [tg_(4, 1), tg_(4, 1)];
  function tg_(...shape) {
    return { data: new Float32Array(shape.reduce((a, b) => a * b)), shape };
  }
  const cases = [
    ['an input without a shape', () => tg.input({}), 'bad_config', /input: shape is undefined/],
    ['a layer applied to numbers', () => dense(2).apply([1, 2]), 'bad_config', /Dense: apply got Array/],
    ['no outputs', () => tg.model({ inputs: input(), outputs: [] }), 'bad_config', /outputs is Array/],
    ['a bad option', () => { const x = input(); return built(x, dense(0).apply(x)); }, 'bad_config', /dense: units is 0/],
    ['shapes that do not fit', () => { const [x, y] = [input(), input(2)]; return built([x, y], tg.layers.add().apply([x, y])); }, 'shape_mismatch', /add: inputs input_layer \[3\] and input_layer_1 \[2\]/],
    ['an input that is left out', () => { const [x, y] = [input(), input()]; return built(x, tg.layers.add().apply([x, y])); }, 'bad_config', /depend on input_layer_1, which is not one of the model's inputs/],
    ['an input that is none', () => { const y = dense(2).apply(input()); return built(y, dense(2).apply(y)); }, 'bad_config', /input 0 is the output of Dense, want one of tg.input/],
    ['two layers of one name', () => { const x = input(); return built(x, dense(2, { name: 'd' }).apply(dense(2, { name: 'd' }).apply(x))); }, 'bad_config', /d: two layers have this name/],
    ['a result that a layer has not', () => { const x = input(); const [, second] = dense(2).apply(x); return built(x, second); }, 'bad_config', /result 1 of .* is wanted, it has 1/],
    ['an argument that a layer does not take', () => { const x = input(); return built(x, dense(2).apply(x, { useCausalMask: true })); }, 'bad_config', /dense: it is applied with use_causal_mask, wanted training/],
    ['a shape that is not known yet', () => dense(2).apply(input()).shape, 'bad_config', /known once a model that ends with it is built/],
    ['a loss for no output', () => compiled({ loss: { c: 'mse' } }), 'bad_config', /loss is for 'c', want a, b/],
    ['too few losses', () => compiled({ loss: ['mse'] }), 'bad_config', /loss is an array of 1, want one for each of the model's 2 outputs \(a, b\)/],
    ['one list of metrics for two outputs', () => compiled({ loss: 'mse', metrics: ['mae'] }), 'bad_config', /metrics is one array for 2 outputs/],
    ['a weight that is no number', () => compiled({ loss: 'mse', lossWeights: { a: 'much' } }), 'bad_config', /lossWeights of a is "much"/],
    ['no loss at all', () => compiled({ loss: {} }), 'bad_config', /none for any of the outputs a, b/],
    ['too few inputs', () => fitted(two[0], one), 'shape_mismatch', /got 1 inputs, wanted 2 \(a, b\)/],
    ['an input that is not there', () => fitted({ a: two[0], c: two[1] }, one), 'bad_data', /x has no b, want a, b/],
    ['an input too many', () => fitted({ a: two[0], b: two[1], c: two[1] }, one), 'bad_data', /x has c, want a, b/],
    ['too few targets', () => fitted(two, one[0]), 'shape_mismatch', /1 targets, the model has 2 outputs with a loss/],
    ['inputs of different lengths', () => fitted([two[0], tg_(3, 2)], one), 'shape_mismatch', /x\[1\] has 3 samples, the first input has 4/],
    ['targets of another length', () => fitted(two, { u: one[0], v: tg_(5, 1) }), 'shape_mismatch', /y\[1\] has 5 samples, the first input has 4/],
    ['weights for one of two', () => fitted(two, one, { sampleWeight: { u: new Float32Array(4) } }), 'bad_data', /sampleWeight has no v/],
    ['class weights of two outputs', () => fitted(two, one, { classWeight: { 0: 1 } }), 'bad_config', /class weights are for a model with one loss/],
  ];
  for (const [name, act, code, message] of cases) {
    test(name, () => assert.rejects(async () => act(), fails(code, message)));
  }
});

test('layers of a model that was disposed are gone, unless another has them', async () => {
  const layer = tg.layers.dense({ units: 2, inputShape: [2], name: 'd' });
  const first = tg.sequential({ layers: [layer] });
  await first.summary();
  const second = tg.sequential({ layers: [layer] });
  await second.summary();
  first.dispose();
  assert.equal((await layer.getWeights()).length, 2);
  second.dispose();
  await assert.rejects(layer.getWeights(), fails('bad_config', /no weights yet/));
  await assert.rejects(tg.sequential({ layers: [layer] }).summary(), fails('disposed', /d: the model that it was a layer of was disposed/));
});
