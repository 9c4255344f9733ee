// fit, evaluate and predict over batches that the caller makes one by one.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { load } from '../dist/index.js';
import { fails, xor, xorModel } from './engine.mjs';

let tg;
before(async () => (tg = await load({ threads: 2, deterministic: true })));
after(() => tg.close());

const rows = 22;
const x = { data: Float32Array.from({ length: rows * 2 }, (_, i) => (i * 7) % 5 / 4), shape: [rows, 2] };
const y = { data: Float32Array.from({ length: rows * 2 }, (_, i) => Number((i >> 1) % 3 === 0) ^ (i & 1)), shape: [rows, 2] };
const part = ({ data, shape: [, n] }, from, to) => ({ data: data.slice(from * n, to * n), shape: [to - from, n] });
const weight = Float32Array.from({ length: rows }, (_, i) => 0.5 + (i % 3));

function* batches(size = 5, weighted = false) {
  for (let at = 0; at < rows; at += size) {
    const to = Math.min(at + size, rows);
    yield { xs: part(x, at, to), ys: part(y, at, to), ...(weighted ? { sampleWeight: weight.slice(at, to) } : {}) };
  }
}
async function* slowly(of) {
  for (const item of of) {
    await new Promise((resolve) => setTimeout(resolve));
    yield item;
  }
}

/** A model with what it has learnt, in bits. */
async function learnt(model, history) {
  const weights = (await model.getWeights()).map(({ data }) => Array.from(new Uint32Array(data.buffer, data.byteOffset, data.length)));
  return { history, weights };
}

describe('batches teach what the tensors that they are made of teach, to the bit', () => {
  const all = { epochs: 4, validationData: [x, y], validationBatchSize: 6 };
  const cases = {
    'a function of a generator': [() => batches(), { shuffle: false }, {}],
    'an array in an object': [{ [Symbol.iterator]: () => batches() }, { shuffle: false }, {}],
    'an asynchronous generator': [() => slowly(batches()), { shuffle: false }, {}],
    'sample weights': [() => batches(5, true), { shuffle: false, sampleWeight: weight }, {}],
    'class weights': [() => batches(), { shuffle: false, classWeight: { 0: 3 } }, { classWeight: { 0: 3 } }],
    'validation on batches': [() => batches(), { shuffle: false }, { validationData: () => batches(6) }],
    'validation on weighted batches': [() => batches(), { shuffle: false, validationData: [x, y, weight] }, { validationData: () => batches(6, true) }],
    'validation on some batches every other epoch': [
      () => batches(),
      { shuffle: false, validationFreq: 2, validationData: [part(x, 0, 12), part(y, 0, 12)] },
      { validationFreq: 2, validationData: () => slowly(batches(6)), validationBatches: 2 },
    ],
  };
  for (const [name, [source, forTensors, forBatches]] of Object.entries(cases)) {
    test(name, async () => {
      const [a, b] = [xorModel(tg), xorModel(tg)];
      const one = await a.fit(x, y, { ...all, batchSize: 5, ...forTensors });
      const { validationBatchSize: _, ...rest } = all;
      const two = await b.fit(source, undefined, { ...rest, ...('validationData' in forBatches ? {} : { validationBatchSize: 6 }), ...forBatches });
      assert.deepEqual(await learnt(b, two), await learnt(a, one));
      assert.deepEqual(await b.evaluate(() => batches(7)), await a.evaluate(x, y, { batchSize: 7 }));
      assert.deepEqual(await b.evaluate(slowly(batches(7, true))), await a.evaluate(x, y, { batchSize: 7, sampleWeight: weight }));
      assert.deepEqual(await b.evaluate(batches(4), undefined, { batches: 2 }), await a.evaluate(part(x, 0, 8), part(y, 0, 8), { batchSize: 4 }));
      const p = await a.predict(x, { batchSize: 7 });
      assert.deepEqual(await b.predict(() => batches(7)), p);
      assert.deepEqual(await b.predict((function* () { for (const { xs } of batches(7)) yield xs; })()), p);
      assert.deepEqual((await b.predict(batches(7), { batches: 2 })).shape, [14, 2]);
    });
  }
});

test('the metrics of an epoch are counted over it, and not means of the batches\'', async () => {
  const model = xorModel(tg);
  await model.compile({ optimizer: tg.optimizers.sgd({ learningRate: 0 }), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  const history = await model.fit(() => batches(21), undefined); // 21 samples and 1
  assert.ok(Math.abs(history.history.accuracy[0] - (await model.evaluate(x, y)).accuracy) < 1e-7);
});

test('at most three batches are made ahead of the step that is done', async () => {
  const model = xorModel(tg);
  let made = 0;
  let done = 0;
  let ahead = 0;
  function* counting() {
    for (let i = 0; i < 40; i++) {
      made++;
      yield { xs: xor.x, ys: xor.y };
    }
  }
  await model.fit(counting, undefined, { callbacks: { onBatchBegin: () => void (ahead = Math.max(ahead, made - ++done)), onBatchEnd() {} } });
  assert.equal(made, 40);
  assert.equal(done, 40);
  // Two wait in the engine, and one is in the iterator's hands.
  assert.ok(ahead >= 1 && ahead <= 4, `${ahead} ahead`);
});

test('with batchesPerEpoch an endless stream goes on, and no more is made than is taken', async () => {
  const model = xorModel(tg);
  let made = 0;
  let returned = 0;
  function* endless() {
    try {
      for (;;) {
        made++;
        yield { xs: [[made % 2, 1]], ys: [[1, 0]] };
      }
    } finally {
      returned++;
    }
  }
  const history = await model.fit(endless(), undefined, { epochs: 3, batchesPerEpoch: 4 });
  assert.deepEqual(history.epoch, [0, 1, 2]);
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual([made, returned], [12, 1]);
});

test('an iterator that fails, or gives what is no batch, ends the fit with its error and is returned', async () => {
  const mine = new RangeError('mine');
  let returned = 0;
  const failing = (bad) =>
    async function* () {
      try {
        yield { xs: xor.x, ys: xor.y };
        yield bad();
      } finally {
        returned++;
      }
    };
  const boom = () => {
    throw mine;
  };
  for (const method of ['fit', 'evaluate', 'predict']) {
    await assert.rejects(xorModel(tg)[method](failing(boom)), (error) => error === mine);
  }
  for (const [bad, code, message] of [
    [1, 'bad_data', /fit: batch 1 is number 1, want \{ xs, ys \}/],
    [{ xs: xor.x }, 'bad_data', /fit: batch 1 is Object, want \{ xs, ys \}/],
    [{ xs: 'x', ys: xor.y }, 'bad_data', /fit: batch 1: xs: got "x"/],
    [{ xs: [[1, 2, 3]], ys: [[1, 0]] }, 'shape_mismatch', /fit: xs of batch 1 is \[\[3\]\] a sample, the first batch has \[\[2\]\]/],
    [{ xs: xor.x, ys: [[1, 0]] }, 'shape_mismatch', /ys has 1 samples, the first input has 4/],
    [{ xs: [[0, NaN]], ys: [[1, 0]] }, 'bad_data', /x: sample 4 holds NaN/],
    [{ xs: xor.x, ys: xor.y, sampleWeight: [1] }, 'shape_mismatch', /sampleWeight has the shape \[1\], want \[4\]/],
    [{ xs: new Float32Array(0), ys: xor.y }, 'shape_mismatch', /./],
  ]) {
    const model = xorModel(tg);
    returned = 0;
    await assert.rejects(model.fit(failing(() => bad)), fails(code, message));
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(returned, 1, message);
    await model.fit(xor.x, xor.y);
  }
  await assert.rejects(xorModel(tg).fit([], undefined), fails('bad_data', /y is missing/));
  await assert.rejects(xorModel(tg).fit(new Set()), fails('bad_data', /there is no batch for epoch 0; give a function/));
  await assert.rejects(xorModel(tg).fit(() => 7), fails('bad_data', /the function of the batches gave number 7/));
  await assert.rejects(xorModel(tg).fit(batches(), undefined, { epochs: 2 }), fails('bad_data', /there is no batch for epoch 1; give a function/));
  await assert.rejects(xorModel(tg).evaluate(new Set()), fails('bad_data', /evaluate: there is no batch/));
  await assert.rejects(xorModel(tg).predict(new Set()), fails('bad_data', /predict: there is no batch/));
  for (const [options, message] of [
    [{ batchSize: 3 }, /batchSize is for tensors/],
    [{ validationSplit: 0.5 }, /validationSplit is for tensors/],
    [{ shuffle: false }, /shuffle is for tensors/],
    [{ sampleWeight: [1] }, /sampleWeight is for tensors/],
    [{ classWeight: { 0: 2 } }, /both sample weights and class weights/],
  ]) {
    await assert.rejects(xorModel(tg).fit(() => batches(5, true), undefined, options), fails('bad_config', message));
  }
  await assert.rejects(xorModel(tg).evaluate(batches(), undefined, { batchSize: 2 }), fails('bad_config', /batchSize is for tensors/));
  await assert.rejects(xorModel(tg).predict(x, { batches: 2 }), fails('bad_config', /batches is for an iterable/));
  await assert.rejects(xorModel(tg).fit(batches(), y), fails('bad_data', /batches and a y/));
});

test('abort, stopTraining and pause work as with tensors, and the iterator is returned', async () => {
  const model = xorModel(tg);
  let returned = 0;
  let made = 0;
  async function* endless() {
    try {
      for (;;) {
        await new Promise((resolve) => setTimeout(resolve));
        made++;
        yield { xs: xor.x, ys: xor.y };
      }
    } finally {
      returned++;
    }
  }
  const abort = new AbortController();
  const aborted = assert.rejects(model.fit(endless, undefined, { signal: abort.signal }), fails('aborted'));
  while (made < 5) await model.predict(xor.x);
  abort.abort();
  await aborted;
  const history = await model.fit(endless, undefined, { epochs: 9, callbacks: { onBatchEnd: (batch) => void (batch === 3 && (model.stopTraining = true)) } });
  assert.deepEqual(history.epoch, [0]);
  const again = new AbortController();
  const paused = assert.rejects(model.fit(endless, undefined, { signal: again.signal }), fails('aborted'));
  await model.predict(xor.x);
  await model.pause();
  await model.predict(xor.x);
  const { steps } = await tg.stats();
  const before = made;
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.equal((await tg.stats()).steps, steps);
  assert.ok(made - before <= 4, `${made - before} batches were made while the fit was paused`);
  await model.resume();
  while ((await tg.stats()).steps === steps);
  again.abort();
  await paused;
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(returned, 3);
});

test('an iterator may use the model and wait for callbacks', async () => {
  const model = xorModel(tg);
  let epochEnded;
  let ended = new Promise((resolve) => (epochEnded = resolve));
  async function* asking() {
    for (let epoch = 0; epoch < 2; epoch++) {
      for (let i = 0; i < 3; i++) {
        await model.predict(xor.x);
        await model.evaluate(() => batches(11));
        yield { xs: xor.x, ys: xor.y };
      }
      await ended;
    }
  }
  const history = await model.fit(asking, undefined, { epochs: 2, batchesPerEpoch: 3, callbacks: { onEpochEnd: () => epochEnded() } });
  assert.equal(history.epoch.length, 2);
});

test('memory stays flat over a long stream', async () => {
  const model = tg.sequential({ layers: [tg.layers.dense({ units: 2, inputShape: [256], activation: 'softmax' })] });
  model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  const fit = (n) =>
    model.fit(function* () {
      for (let i = 0; i < n; i++) yield { xs: { data: new Float32Array(64 * 256).fill(i % 7), shape: [64, 256] }, ys: { data: new Float32Array(128).fill(0.5), shape: [64, 2] } };
    });
  await fit(100);
  const before = await tg.stats();
  await fit(1500); // 98 MB
  const after = await tg.stats();
  assert.equal(after.steps - before.steps, 1500);
  assert.equal(after.kernelMemoryBytes, before.kernelMemoryBytes);
  assert.ok(after.heapBytes - before.heapBytes < 256 << 10, `the heap grew from ${before.heapBytes} to ${after.heapBytes} bytes`);
  assert.ok(after.goMemoryBytes - before.goMemoryBytes <= 8 << 20, `Go's memory grew from ${before.goMemoryBytes} to ${after.goMemoryBytes} bytes`);
});
