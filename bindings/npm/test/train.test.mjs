// Training through the worker: what a page does.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { TabgradError, load } from '../dist/index.js';
import { fails, xor, xorModel } from './engine.mjs';
import { trainedHash } from './hash.mjs';

let tg;
before(async () => {
  tg = await load({ threads: 2, deterministic: true });
  assert.deepEqual({ backend: tg.backend, threads: tg.threads, kernels: tg.info.kernels }, { backend: 'simd', threads: 2, kernels: 'strict' });
});
after(() => tg.close());

test('a small network learns the generated digits', async () => {
  const { train, test } = await tg.datasets.digits({ train: 2000, test: 300 });
  assert.deepEqual([train.x.shape, train.y.shape, train.labels.shape], [[2000, 28, 28, 1], [2000, 10], [2000]]);
  const model = tg.sequential();
  model.add(tg.layers.flatten({ inputShape: [28, 28, 1] }));
  model.add(tg.layers.dense({ units: 64, activation: 'relu' }));
  model.add(tg.layers.dense({ units: 10, activation: 'softmax' }));
  model.compile({ optimizer: 'adam', loss: 'categorical_crossentropy', metrics: ['accuracy'] });
  assert.match(await model.summary(), /dense_1 \(Dense\).*\(None, 10\).*650/);
  const heard = [];
  const history = await model.fit(train.x, train.y, {
    batchSize: 50,
    epochs: 4,
    validationData: [test.x, test.y],
    callbacks: {
      onTrainBegin: () => void heard.push('begin'),
      onEpochBegin: (epoch) => void heard.push(`epoch ${epoch}`),
      onBatchEnd: (batch) => void (batch === 39 && heard.push('last batch')),
      onEpochEnd: (epoch, logs) => void heard.push(Object.keys(logs).join(' ')),
      onTrainEnd: () => void heard.push('end'),
    },
  });
  const epoch = (n) => [`epoch ${n}`, 'last batch', 'loss accuracy val_loss val_accuracy'];
  assert.deepEqual(heard, ['begin', ...epoch(0), ...epoch(1), ...epoch(2), ...epoch(3), 'end']);
  assert.deepEqual(history.epoch, [0, 1, 2, 3]);
  assert.ok(history.history.val_accuracy[3] > 0.8, `accuracy ${history.history.val_accuracy}`);
  const scores = await model.evaluate(test.x, test.y, { batchSize: 64 });
  assert.ok(Math.abs(scores.accuracy - history.history.val_accuracy[3]) < 1e-6);
  const p = await model.predict(test.x, { batchSize: 64 });
  assert.deepEqual(p.shape, [300, 10]);
  const right = Array.from(test.labels.data).filter((label, i) => p.data[i * 10 + label] === Math.max(...p.data.subarray(i * 10, i * 10 + 10))).length;
  assert.ok(Math.abs(right / 300 - scores.accuracy) < 1e-6);
});

for (const threads of [1, 2, 3]) {
  test(`50 steps give the same bits as natively, with ${threads} lanes`, async () => {
    const want = readFileSync(new URL('../../testdata/hash.txt', import.meta.url), 'utf8').trim();
    const own = await load({ threads, deterministic: true });
    assert.equal(own.threads, threads);
    assert.equal(await trainedHash(own), want);
    await own.close();
  });
}

test('nothing grows over 2,000 steps', async () => {
  const model = xorModel(tg);
  const steps = (n) => model.fit(xor.x, xor.y, { batchSize: 4, epochs: n });
  await steps(50);
  const before = await tg.stats();
  await steps(2000);
  const after = await tg.stats();
  assert.equal(after.steps - before.steps, 2000);
  assert.equal(after.kernelMemoryBytes, before.kernelMemoryBytes);
  // Go collects when 4 MiB have been allocated, so where its memory settles depends on what ran before.
  assert.ok(after.goMemoryBytes - before.goMemoryBytes <= 4 << 20, `Go's memory grew from ${before.goMemoryBytes} to ${after.goMemoryBytes} bytes`);
  // The history has a number an epoch; nothing else may stay.
  assert.ok(after.heapBytes - before.heapBytes < 64 << 10, `the heap grew from ${before.heapBytes} to ${after.heapBytes} bytes`);
  model.dispose();
});

test("a user's arrays are neither detached nor changed", async () => {
  const model = xorModel(tg);
  const x = tg.tensor(Float32Array.from(xor.x.flat()), [4, 2]);
  await model.fit(x, xor.y, { epochs: 2 });
  await model.trainOnBatch(x, xor.y);
  const p = await model.predict(x);
  assert.deepEqual(x.data, Float32Array.from(xor.x.flat()));
  // A part of a larger array.
  const view = new Float32Array([9, 9, ...xor.x.flat(), 9]).subarray(2, 10);
  assert.deepEqual(await model.predict(tg.tensor(view, [4, 2])), p);
});

test('compile reports its error to whoever waits for it', async () => {
  const model = tg.sequential({ layers: [tg.layers.dense({ units: 2, inputShape: [2] })] });
  model.compile({ optimizer: 'adamant', loss: 'mse' });
  await assert.rejects(model.fit(xor.x, xor.y), fails('bad_config', /adamant/));
  await assert.rejects(model.evaluate(xor.x, xor.y), fails('bad_config', /adamant/));
  await model.compile({ optimizer: 'sgd', loss: 'mse' });
  await model.fit(xor.x, xor.y);
  await assert.rejects(tg.sequential({ layers: [tg.layers.dense({ units: -1, inputShape: [2] })] }).compile({ loss: 'mse' }), fails('bad_config', /dense: units is -1/));
  await assert.rejects(tg.sequential().compile({ loss: 'mse' }), fails('bad_config', /no layers/));
  assert.throws(() => tg.sequential().add({ units: 3 }), fails('bad_config', /want a layer/));
});

describe('bad input is refused and loses nothing', () => {
  const cases = [
    ['a wrong shape', (model) => model.fit([[1, 2, 3]], [[1, 0]]), 'shape_mismatch', /\[3\].*\[2\]/],
    ['labels that are not one-hot', (model) => model.fit(xor.x, [0, 1, 1, 0]), 'shape_mismatch', /sparse/],
    ['labels out of range', (model) => model.fit(xor.x, [0, 1, 2, 7]), 'bad_data', /sample \d.*0 to 1/, { loss: 'sparseCategoricalCrossentropy' }],
    ['NaN in the data', (model) => model.fit([[0, 0], [0, NaN], [1, 0], [1, 1]], xor.y), 'bad_data', /sample 1 holds NaN/],
    ['no targets', (model) => model.fit(xor.x), 'bad_data', /y is missing/],
    ['two inputs', (model) => model.fit([tg.tensor(xor.x), tg.tensor(xor.x)], xor.y), 'shape_mismatch', /2 inputs, wanted 1/],
    ['a batch size of 0', (model) => model.fit(xor.x, xor.y, { batchSize: 0 }), 'bad_config', /batchSize is 0/],
    ['an unknown callback', (model) => model.fit(xor.x, xor.y, { callbacks: { onBatchBegun() {} } }), 'bad_config', /no callback onBatchBegun, want onTrainBegin/],
    ['batchesPerEpoch with tensors', (model) => model.fit(xor.x, xor.y, { batchesPerEpoch: 3 }), 'bad_config', /batchesPerEpoch/],
    ['what is no tensor', (model) => model.predict('text'), 'bad_data', /predict: x: got "text"/],
    ['weights of another model', (model) => model.setWeights([[[1]]]), 'shape_mismatch', /1 weights.*4/],
  ];
  for (const [name, act, code, message, compile] of cases) {
    test(name, async () => {
      const model = xorModel(tg, compile);
      const before = await model.getWeights();
      await assert.rejects(act(model), fails(code, message));
      assert.deepEqual(await model.getWeights(), before);
    });
  }
});

test('a training that diverges keeps the weights of the last good epoch', async () => {
  const model = tg.sequential({ layers: [tg.layers.dense({ units: 1, inputShape: [1] })] });
  model.compile({ optimizer: tg.optimizers.sgd({ learningRate: 100 }), loss: 'meanSquaredError' });
  let kept;
  const fit = model.fit([[1], [2], [3], [4]], [[2], [4], [6], [8]], {
    epochs: 50,
    callbacks: {
      async onEpochEnd() {
        kept = await model.getWeights();
      },
    },
  });
  await assert.rejects(fit, (error) => {
    fails('diverged', /epoch \d+ of 50, batch 1 of 1/)(error);
    assert.equal(typeof error.details.epoch, 'number');
    assert.equal(error.details.batch, 0);
    return true;
  });
  assert.ok(kept.every(({ data }) => data.every(Number.isFinite)));
  assert.deepEqual(await model.getWeights(), kept);
});

test('weights go from one model to another', async () => {
  const [a, b] = [xorModel(tg), xorModel(tg)];
  await a.fit(xor.x, xor.y, { epochs: 3 });
  const weights = await a.getWeights();
  assert.deepEqual(
    weights.map(({ name, shape }) => [name, shape]),
    [
      ['dense/kernel', [2, 8]],
      ['dense/bias', [8]],
      ['dense_1/kernel', [8, 2]],
      ['dense_1/bias', [2]],
    ],
  );
  await b.setWeights(weights);
  assert.deepEqual(await b.predict(xor.x), await a.predict(xor.x));
});

test('a fit over batches that the caller makes', async () => {
  const model = xorModel(tg);
  async function* batches() {
    for (let i = 0; i < 4; i += 2) yield { xs: tg.tensor(xor.x.slice(i, i + 2)), ys: tg.tensor(xor.y.slice(i, i + 2)) };
  }
  const seen = [];
  const history = await model.fit(batches, undefined, {
    epochs: 60,
    validationData: [xor.x, xor.y],
    callbacks: { onBatchEnd: (batch) => void seen.push(batch) },
  });
  assert.equal(history.epoch.length, 60);
  assert.deepEqual(seen.slice(0, 4), [0, 1, 0, 1]);
  assert.equal(history.history.val_accuracy.at(-1), 1);
  await assert.rejects(model.fit([], undefined), fails('bad_data', /y is missing/));
  await assert.rejects(model.fit(new Set([1]), undefined), fails('bad_data', /batch 0 is number 1, want \{ xs, ys \}/));
  await assert.rejects(model.fit(new Set(), undefined), fails('bad_data', /no batch/));
});

test('with the same seed the cpu backend learns the same, to rounding', async () => {
  const losses = [];
  for (const options of [{ backend: 'cpu' }, { backend: 'simd' }]) {
    const own = await load(options);
    const history = await xorModel(own).fit(xor.x, xor.y, { epochs: 20, batchSize: 2 });
    losses.push(history.history.loss.at(-1));
    await own.close();
  }
  assert.ok(Math.abs(losses[0] - losses[1]) < 1e-4, `losses ${losses}`);
});

test('errors are of one class, also from the engine on the calling thread', async () => {
  const own = await load({ worker: false, threads: 1 });
  const model = xorModel(own);
  await model.fit(xor.x, xor.y, { epochs: 3, callbacks: { onEpochEnd: () => model.evaluate(xor.x, xor.y).then(() => {}) } });
  const error = await model.predict([[1]]).catch((e) => e);
  assert.ok(error instanceof TabgradError);
  assert.equal(error.code, 'shape_mismatch');
  await own.close();
});
