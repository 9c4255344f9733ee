// Layers over sequences, from JavaScript: layers inside layers, null where it means something, and state over batches.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { load } from '../dist/index.js';
import { fails } from './engine.mjs';

let tg;
before(async () => {
  tg = await load({ threads: 1, deterministic: true });
});
after(() => tg.close());

/** Sentences of up to `steps` words from 3 on, padded with 0, in which words 1 and 2 come in one order or the other. */
function sentences(count, steps) {
  const x = new Int32Array(count * steps);
  const labels = new Int32Array(count);
  let state = 7;
  const below = (n) => ((state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff) >> 8) % n;
  for (let i = 0; i < count; i++) {
    const length = 3 + below(steps - 2);
    for (let k = 0; k < length; k++) x[i * steps + k] = 3 + below(5);
    const first = below(length - 1);
    const second = first + 1 + below(length - first - 1);
    labels[i] = below(2);
    x[i * steps + first] = 1 + labels[i];
    x[i * steps + second] = 2 - labels[i];
  }
  return { x: tg.tensor(x, [count, steps]), y: tg.oneHot(labels, 2) };
}

test('a bidirectional LSTM over padded words learns their order', async () => {
  const steps = 6;
  const { x, y } = sentences(128, steps);
  const model = tg.sequential();
  model.add(tg.layers.embedding({ inputDim: 8, outputDim: 8, maskZero: true, inputShape: [steps] }));
  model.add(tg.layers.bidirectional({ layer: tg.layers.lstm({ units: 8 }), mergeMode: 'concat' }));
  model.add(tg.layers.dense({ units: 2, activation: 'softmax' }));
  model.compile({ optimizer: tg.optimizers.adam({ learningRate: 0.01 }), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  const history = await model.fit(x, y, { epochs: 40, batchSize: 32 });
  assert.ok(history.history.accuracy.at(-1) > 0.98, `accuracy ${history.history.accuracy.at(-1)}`);
  assert.deepEqual(
    (await model.getWeights()).map(({ name, shape }) => [name, ...shape]),
    [
      ['embedding/embeddings', 8, 8],
      ...['forward', 'backward'].flatMap((way) => [
        [`bidirectional/${way}_lstm/lstm_cell/kernel`, 8, 32],
        [`bidirectional/${way}_lstm/lstm_cell/recurrent_kernel`, 8, 32],
        [`bidirectional/${way}_lstm/lstm_cell/bias`, 32],
      ]),
      ['dense/kernel', 16, 2],
      ['dense/bias', 2],
    ],
  );
});

test('cells in a list, a layer at each step, and a null activation', async () => {
  const model = tg.sequential({
    layers: [
      tg.layers.timeDistributed({ layer: tg.layers.dense({ units: 3, activation: null }), inputShape: [4, 2] }),
      tg.layers.rnn({ cell: [tg.layers.gruCell({ units: 3, resetAfter: false }), tg.layers.simpleRNNCell({ units: 2, activation: null })], returnSequences: true }),
    ],
  });
  const x = tg.tensor(Float32Array.from({ length: 8 }, (_, i) => i / 8), [1, 4, 2]);
  const p = await model.predict(x);
  assert.deepEqual(p.shape, [1, 4, 2]);
  assert.ok(p.data.every(Number.isFinite));
  const names = (await model.getWeights()).map(({ name }) => name);
  assert.equal(names[0], 'time_distributed/dense/kernel');
  assert.equal(names[2], 'rnn/stacked_rnn_cells/gru_cell/kernel');
  assert.equal(names.length, 8);
});

test('a stateful layer goes on until it is reset', async () => {
  const model = tg.sequential({
    layers: [tg.layers.gru({ units: 2, stateful: true, batchInputShape: [1, 3, 1] }), tg.layers.dense({ units: 1 })],
  });
  model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  const x = tg.tensor(Float32Array.of(1, 0.5, -1), [1, 3, 1]);
  const first = (await model.predict(x)).data[0];
  assert.notEqual((await model.predict(x)).data[0], first);
  await model.resetStates();
  assert.equal((await model.predict(x)).data[0], first);
  // Each epoch from the beginning, as Keras's users write it.
  await model.resetStates();
  const once = await model.fit(x, tg.tensor(Float32Array.of(0), [1, 1]), { epochs: 1 });
  await model.resetStates();
  const y = tg.tensor(Float32Array.of(0), [1, 1]);
  const history = await model.fit(x, y, { epochs: 3, callbacks: { onEpochBegin: () => model.resetStates() } });
  assert.ok(history.history.loss[0] < once.history.loss[0] && history.history.loss[2] < history.history.loss[1], `losses ${history.history.loss}`);
});

test('what is wrong is said', async () => {
  const model = tg.sequential({ layers: [tg.layers.embedding({ inputDim: 5, outputDim: 2, inputShape: [2] }), tg.layers.flatten(), tg.layers.dense({ units: 1 })] });
  model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  const y = tg.tensor(Float32Array.of(0, 0), [2, 1]);
  await assert.rejects(model.fit(tg.tensor(Int32Array.of(0, 1, 2, 5), [2, 2]), y), fails('bad_data', /^embedding: sample 1 holds 5 at element 1, wanted a whole number from 0 to 4$/));
  for (const [layer, text] of [
    [tg.layers.bidirectional({ layer: tg.layers.dense({ units: 2 }), inputShape: [3, 2] }), /^bidirectional: layer is dense, wanted one of simple_rnn, lstm, gru, rnn$/],
    [tg.layers.rnn({ cell: tg.layers.lstm({ units: 2 }), inputShape: [3, 2] }), /^rnn: cell is lstm, wanted one of simple_rnn_cell, lstm_cell/],
    [tg.layers.lstm({ units: 2, stateful: true, inputShape: [3, 2] }), /^lstm: stateful is true, and the size of the batch not known: wanted an input with batch_size$/],
    [tg.layers.timeDistributed({ layer: tg.layers.dense({ units: 0 }), inputShape: [3, 2] }), /^time_distributed: layer: units is 0, wanted a whole number, at least 1$/],
  ]) {
    const wrong = tg.sequential({ layers: [layer] });
    await assert.rejects(wrong.compile({ optimizer: 'sgd', loss: 'meanSquaredError' }), fails('bad_config', text));
  }
});
