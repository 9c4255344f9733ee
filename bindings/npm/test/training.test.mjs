// Keras's optimizers, schedules and metrics through the JavaScript API: Keras's own numbers, lists of figures, and what a wrong argument is told.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { load } from '../dist/index.js';
import { fails } from './engine.mjs';

let tg;
before(async () => {
  tg = await load({ threads: 2, deterministic: true });
});
after(() => tg.close());

const golden = (family) => JSON.parse(readFileSync(new URL(`../../../nn/testdata/keras/${family}.json`, import.meta.url), 'utf8')).cases;

// The factory of a Keras class: names differ in case alone. A name stands for itself.
const make = (kind, config) => {
  if (typeof config === 'string') return config;
  const { learning_rate: rate, ...rest } = config.config;
  const options = typeof rate === 'object' ? { ...rest, learning_rate: make('schedules', rate) } : config.config;
  return tg[kind][Object.keys(tg[kind]).find((name) => name.toLowerCase() === config.class_name.toLowerCase())](options);
};
const tensor = ({ data, shape }) => tg.tensor(Float32Array.from(data), shape);

function near(what, got, want, digits = 1) {
  assert.equal(got.length, want.length, what);
  const largest = Math.max(...want.map(Math.abs));
  want.forEach((w, i) => assert.ok(Math.abs(got[i] - w) <= digits * (1e-5 * Math.abs(w) + 1e-6 * largest), `${what}[${i}] is ${got[i]}, wanted ${w}`));
}

// Logs have Keras's names, and lists where Keras has them.
function figures(what, got, want, digits) {
  assert.deepEqual(Object.keys(got).sort(), Object.keys(want).sort(), what);
  for (const [name, w] of Object.entries(want)) {
    assert.equal(Array.isArray(got[name]), Array.isArray(w), `${what}: ${name} is ${got[name]}`);
    near(`${what}: ${name}`, [got[name]].flat(), [w].flat(), digits);
  }
}

async function compiled(c) {
  const model = tg.sequential({ layers: [tg.layers.inputLayer({ inputShape: c.input_shape }), ...c.layers.map((l) => make('layers', l))] });
  const list = (metrics) => (metrics ?? []).map((m) => make('metrics', m));
  await model.compile({ optimizer: make('optimizers', c.optimizer), loss: make('losses', c.loss), metrics: list(c.metrics), weightedMetrics: list(c.weighted_metrics) });
  await model.setWeights(c.weights.map(({ name, shape, data }) => ({ name, shape, data: Float32Array.from(data) })));
  return model;
}

for (const c of golden('optimizers_more')) {
  test(`Keras's optimizers: ${c.name}`, async () => {
    const model = await compiled(c);
    const digits = c.badly_conditioned ? 10 : 1;
    for (const { loss } of c.expect.steps) near('the loss', [(await model.trainOnBatch(tensor(c.x), tensor(c.y))).loss], [loss], digits);
    const weights = await model.getWeights();
    c.expect.final_weights.forEach((want, i) => near(want.name, weights[i].data, want.data, digits));
    model.dispose();
  });
}

for (const c of golden('metrics_more')) {
  // The loss's weight and the weights of samples in a single step are Go's alone.
  if (c.loss_weights !== undefined || c.sample_weight !== undefined || c.class_weight !== undefined) continue;
  test(`Keras's metrics: ${c.name}`, async () => {
    const model = await compiled(c);
    for (const want of c.expect.steps) figures('a step', await model.trainOnBatch(tensor(c.x), tensor(c.y)), want);
    figures('evaluate', await model.evaluate(tensor(c.x), tensor(c.y), { batchSize: c.evaluate_batch_size ?? 32 }), c.expect.evaluate);
    model.dispose();
  });
}

for (const c of golden('fit_more')) {
  test(`Keras's histories: ${c.name}`, async () => {
    const model = await compiled(c);
    const { epochs, batch_size: batchSize, validation_split: validationSplit } = c.fit;
    const seen = [];
    const { epoch, history } = await model.fit(tensor(c.x), tensor(c.y), {
      epochs,
      batchSize,
      validationSplit,
      shuffle: false,
      sampleWeight: c.sample_weight && tensor(c.sample_weight),
      callbacks: { onEpochEnd: (_, logs) => void seen.push(logs) },
    });
    assert.deepEqual(epoch, c.expect.epoch);
    assert.deepEqual(Object.keys(history).sort(), Object.keys(c.expect.history).sort());
    for (const i of epoch) {
      const at = (h) => Object.fromEntries(Object.entries(h).map(([name, values]) => [name, values[i]]));
      figures(`epoch ${i}`, at(history), at(c.expect.history));
      assert.deepEqual(seen[i], at(history));
    }
    const weights = await model.getWeights();
    c.expect.final_weights.forEach((want, i) => near(want.name, weights[i].data, want.data));
  });
}

test('lists of figures in batches of the caller, and a confusion matrix', async () => {
  const model = tg.sequential({ layers: [tg.layers.inputLayer({ inputShape: [2] }), tg.layers.dense({ units: 3, activation: 'softmax' })] });
  await model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy', metrics: ['f1Score', tg.metrics.confusionMatrix(), tg.metrics.precision({ thresholds: [0.2, 0.4] })] });
  const batch = { xs: tg.tensor([[1, 2], [3, 4], [0, 1]]), ys: tg.oneHot([0, 1, 2], 3) };
  const { history } = await model.fit(() => [batch, batch], undefined, { epochs: 2 });
  assert.deepEqual(history.f1Score.map((f) => f.length), [3, 3]);
  assert.deepEqual(history.precision.map((p) => p.length), [2, 2]);
  const { confusion_matrix: matrix } = await model.evaluate(batch.xs, batch.ys);
  assert.deepEqual([0, 3, 6].map((row) => matrix[row] + matrix[row + 1] + matrix[row + 2]), [1, 1, 1]);
});

test('a wrong argument is told which, and what is wanted', async () => {
  const cases = [
    [{ optimizer: tg.optimizers.adam({ clipnorm: 1, clipvalue: 0.5 }) }, 'adam: clipnorm and clipvalue are set, wanted at most one of clipnorm, clipvalue, global_clipnorm'],
    [{ optimizer: tg.optimizers.sgd({ gradientAccumulationSteps: 1 }) }, 'sgd: gradient_accumulation_steps is 1, wanted at least 2'],
    [{ optimizer: tg.optimizers.muon({ nsSteps: 0 }) }, 'muon: ns_steps is 0, wanted a whole number, at least 1'],
    [{ optimizer: tg.optimizers.sgd({ learningRate: tg.schedules.cosineDecay({ initialLearningRate: 0.1, decaySteps: 0 }) }) }, 'sgd: learning_rate: decay_steps is 0'],
    [{ optimizer: tg.optimizers.sgd({ learningRate: tg.schedules.piecewiseConstantDecay({ boundaries: [2, 4], values: [1, 2] }) }) }, 'sgd: learning_rate: 2 boundaries and 2 values'],
    [{ metrics: [tg.metrics.auc({ curve: 'RUC' })] }, 'auc: curve is "RUC", wanted ROC or PR or PRGAIN'],
    [{ metrics: [tg.metrics.f1Score({ threshold: 0 })] }, 'f1_score: threshold is 0, wanted more than 0 and at most 1'],
    [{ weightedMetrics: [tg.metrics.meanIou({ numClasses: 0 })] }, 'mean_io_u: num_classes is 0, wanted a whole number, at least 1'],
    [{ weightedMetrics: 'mse' }, 'weightedMetrics'],
  ];
  for (const [options, message] of cases) {
    const model = tg.sequential({ layers: [tg.layers.inputLayer({ inputShape: [2] }), tg.layers.dense({ units: 2 })] });
    await assert.rejects(model.compile({ optimizer: 'sgd', loss: 'mse', ...options }), (error) => {
      assert.ok(error.message.includes(message), `${error.message} has no ${message}`);
      return fails('bad_config')(error);
    });
  }
});
