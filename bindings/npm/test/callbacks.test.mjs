// Keras's callbacks and the caller's functions, through the worker.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { load } from '../dist/index.js';
import { fails, xor, xorModel } from './engine.mjs';

let tg, folder;
before(async () => {
  tg = await load({ threads: 1 });
  folder = await mkdtemp(join(tmpdir(), 'tabgrad-callbacks-'));
});
after(async () => {
  await tg.close();
  await rm(folder, { recursive: true });
});

/** What act prints, a line each. */
async function printed(act) {
  const log = console.log;
  const lines = [];
  console.log = (text) => void lines.push(text);
  try {
    await act();
  } finally {
    console.log = log;
  }
  return lines;
}

// The figures of each epoch are given by a function in front of the callbacks; those of single batches cannot be, nor can a figure be taken away.
describe('callbacks decide and print what Keras does', () => {
  const { cases } = JSON.parse(readFileSync(new URL('../../../nn/testdata/keras/callbacks.json', import.meta.url), 'utf8'));
  const figure = (v) => (v === 'inf' ? Infinity : v === '-inf' ? -Infinity : Number(v));
  const driven = cases.filter((c) => !c.batch_logs && !c.callbacks.some(({ class_name }) => class_name === 'CSVLogger'));
  test('there are enough of them', () => assert.ok(driven.length >= 50, `${driven.length} cases`));
  for (const c of driven) {
    test(c.name, async () => {
      const model = tg.sequential({ layers: [tg.layers.dense({ units: 1, useBias: false, activation: 'sigmoid', inputShape: [1] })] });
      model.compile({ optimizer: 'sgd', loss: 'mse', metrics: ['accuracy', 'mae'] });
      const saved = [];
      const camel = (config) => Object.fromEntries(Object.entries(config).map(([key, value]) => [key.replace(/_(.)/g, (_, letter) => letter.toUpperCase()), value]));
      const made = c.callbacks.map(({ class_name, config }) => {
        const options = camel(config);
        if (class_name === 'LearningRateScheduler') {
          const rates = options.schedule;
          return tg.callbacks.learningRateScheduler(async (epoch, rate) => (rates[epoch] === 'half' ? rate / 2 : rates[epoch]), { verbose: options.verbose ?? 0 });
        }
        if (class_name === 'ModelCheckpoint') {
          options.filepath = join(folder, c.name, options.filepath.replace(/\.keras$|\.weights\.h5$/, ''));
          return tg.callbacks.modelCheckpoint(options);
        }
        return tg.callbacks[class_name[0].toLowerCase() + class_name.slice(1)](options);
      });
      let epochs;
      const lines = await printed(async () => {
        const history = await model.fit([[0]], [[0]], {
          epochs: c.logs.length,
          callbacks: [
            {
              async onEpochEnd(epoch, logs) {
                for (const [name, value] of Object.entries(c.logs[epoch])) logs[name] = figure(value);
                await model.setWeights([[[epoch + 1]]]);
              },
            },
            ...made,
          ],
        });
        epochs = history.epoch.length;
      });
      assert.equal(epochs, c.expect.epochs);
      assert.ok(Math.abs(model.learningRate - c.expect.rates.at(-1)) <= 1e-6 * c.expect.rates.at(-1), `learning rate ${model.learningRate}`);
      assert.equal((await model.getWeights())[0].data[0], c.expect.weight);
      if (c.expect.saved) {
        const base = join(folder, c.name);
        const deep = (await readdir(base, { recursive: true, withFileTypes: true })).filter((f) => f.name === 'model.json').map((f) => f.path ?? f.parentPath);
        const want = c.expect.saved.map((path) => join(base, path.replace(/\.keras$|\.weights\.h5$/, '')));
        assert.deepEqual(deep.sort(), [...new Set(want)].sort());
      }
      const want = c.expect.printed.split('\n').filter((line) => line !== '').map((line) => line.replace(/(saving model to ).*/, '$1'));
      const got = lines.filter((line) => !line.includes('which is not available')).map((line) => line.replace(/(saving model to ).*/, '$1'));
      assert.deepEqual(got, want);
    });
  }
});

test("the caller's functions are called at Keras's moments", async () => {
  const model = xorModel(tg);
  let heard = [];
  const names = ['TrainBegin', 'TrainEnd', 'EpochBegin', 'EpochEnd', 'BatchBegin', 'BatchEnd', 'TestBegin', 'TestEnd', 'TestBatchBegin', 'TestBatchEnd'];
  const all = Object.fromEntries([...names, 'PredictBegin', 'PredictEnd', 'PredictBatchBegin', 'PredictBatchEnd'].map((name) => [`on${name}`, () => void heard.push(name)]));
  await model.fit(xor.x, xor.y, { batchSize: 2, validationData: [xor.x, xor.y], validationBatchSize: 2, callbacks: [all, { onBatchEnd: (batch, logs) => void heard.push(batch, typeof logs.loss) }] });
  const tested = ['TestBegin', 'TestBatchBegin', 'TestBatchEnd', 'TestBatchBegin', 'TestBatchEnd', 'TestEnd'];
  const batch = (n) => ['BatchBegin', 'BatchEnd', n, 'number'];
  assert.deepEqual(heard, ['TrainBegin', 'EpochBegin', ...batch(0), ...batch(1), ...tested, 'EpochEnd', 'TrainEnd']);
  heard = [];
  await model.evaluate(xor.x, xor.y, { batchSize: 2, callbacks: all });
  assert.deepEqual(heard, tested);
  heard = [];
  await model.predict(xor.x, { batchSize: 2, callbacks: tg.callbacks.lambdaCallback(all) });
  assert.deepEqual(heard, ['PredictBegin', 'PredictBatchBegin', 'PredictBatchEnd', 'PredictBatchBegin', 'PredictBatchEnd', 'PredictEnd']);
});

test('what onEpochEnd puts into the logs stands in the history and is seen behind it', async () => {
  const model = xorModel(tg);
  const seen = [];
  const history = await model.fit(xor.x, xor.y, {
    epochs: 6,
    callbacks: [
      { onEpochEnd: (epoch, logs) => void (logs.mine = epoch < 3 ? epoch : 0) },
      tg.callbacks.earlyStopping({ monitor: 'mine', mode: 'max', patience: 1, restoreBestWeights: true }),
      { onEpochEnd: async (epoch, logs) => void seen.push(logs.mine, (await model.getWeights())[0].data[0]) },
    ],
  });
  assert.deepEqual(history.history.mine, [0, 1, 2, 0]);
  assert.deepEqual(Object.keys(history.history), ['loss', 'accuracy', 'mine']);
  assert.deepEqual(seen.filter((_, i) => i % 2 === 0), [0, 1, 2, 0]);
  assert.equal((await model.getWeights())[0].data[0], seen[5], 'the weights are those of the best epoch');
  await assert.rejects(model.fit(xor.x, xor.y, { callbacks: { onEpochEnd: (_, logs) => void (logs.mine = 'good') } }), fails('bad_config', /the log mine "good", want a number/));
});

test('learningRate is read and set, also while a fit runs', async () => {
  const model = xorModel(tg);
  await model.compile({ optimizer: tg.optimizers.sgd({ learningRate: 0.5 }), loss: 'mse' });
  assert.equal(model.learningRate, 0.5);
  model.learningRate = 0.25;
  assert.equal(model.learningRate, 0.25);
  const rates = [];
  const note = { onEpochEnd: (_, logs) => void rates.push(logs.learning_rate) };
  await model.fit(xor.x, xor.y, {
    epochs: 3,
    callbacks: [{ onEpochEnd: (_, logs) => void (logs.flat = 1) }, tg.callbacks.reduceLROnPlateau({ monitor: 'flat', mode: 'max', patience: 1, factor: 0.5 }), note, { onEpochEnd: (epoch) => void (epoch === 0 && (model.learningRate = 8)) }],
  });
  assert.deepEqual(rates, [0.25, 8, 4]);
  assert.equal(model.learningRate, 2);
  assert.throws(() => (model.learningRate = -1), fails('bad_config', /learningRate is number -1, want a number from 0/));
  assert.equal(xorModel(tg).learningRate, undefined);
  await model.compile({ optimizer: tg.optimizers.sgd({ learningRate: 0.125 }), loss: 'mse' });
  assert.equal(model.learningRate, 0.125);
  await assert.rejects(model.fit(xor.x, xor.y, { callbacks: tg.callbacks.learningRateScheduler(() => 'fast') }), fails('bad_config', /schedule gave "fast" for epoch 0, want a number/));
  assert.throws(() => tg.callbacks.learningRateScheduler(), fails('bad_config', /schedule is missing/));
});

test('csvLogger writes to a path, a function, a writer', async () => {
  const path = join(folder, 'logs', 'run.csv');
  const fit = (...callbacks) => xorModel(tg).fit(xor.x, xor.y, { epochs: 2, callbacks });
  const lines = [];
  let text = '';
  const history = await fit(
    tg.callbacks.csvLogger(path),
    tg.callbacks.csvLogger({ filename: (line) => void lines.push(line), separator: ';' }),
    tg.callbacks.csvLogger({ write: async (more) => void (text += more) }),
  );
  const { loss, accuracy } = history.history;
  const number = (v) => (Number.isInteger(v) ? `${v}.0` : String(v));
  const want = `epoch,accuracy,loss,val_accuracy,val_loss\r\n0,${number(accuracy[0])},${number(loss[0])},NA,NA\r\n1,${number(accuracy[1])},${number(loss[1])},NA,NA\r\n`;
  assert.equal(await readFile(path, 'utf8'), want);
  assert.equal(text, want);
  assert.equal(lines.join('').replaceAll(';', ','), want);
  await fit(tg.callbacks.csvLogger(path, { append: true }));
  assert.equal((await readFile(path, 'utf8')).split('\r\n').length, 6);
  await fit(tg.callbacks.csvLogger(path));
  assert.equal(await readFile(path, 'utf8'), want);
  await assert.rejects(fit(tg.callbacks.csvLogger('indexeddb://x')), fails('bad_config', /want downloads:\/\/ with a name, a function/));
  await assert.rejects(fit(tg.callbacks.csvLogger('downloads://x')), fails('unsupported', /needs a page of a browser/));
  await assert.rejects(fit(tg.callbacks.csvLogger(7)), fails('bad_config', /got number 7/));
});

test('modelCheckpoint saves where model.save does, and its models go on training', async () => {
  const model = xorModel(tg);
  model.userDefinedMetadata = { note: 'mine' };
  const taken = [];
  const handler = { save: (artifacts) => (taken.push(artifacts), { modelArtifactsInfo: {} }) };
  await model.fit(xor.x, xor.y, {
    epochs: 4,
    batchSize: 1,
    callbacks: [tg.callbacks.modelCheckpoint(join(folder, 'steps', '{epoch}-{batch:02d}'), { saveFreq: 7 }), tg.callbacks.modelCheckpoint(handler, { saveWeightsOnly: true })],
  });
  assert.deepEqual((await readdir(join(folder, 'steps'))).sort(), ['2-03', '4-02']);
  assert.equal(taken.length, 4);
  assert.deepEqual(taken[0].userDefinedMetadata, { note: 'mine' });
  assert.equal(taken[0].tabgrad, undefined);
  const again = await tg.loadModel(join(folder, 'steps', '4-02'));
  assert.equal(again.learningRate, 0.05);
  await again.fit(xor.x, xor.y);
  const broken = { save: () => Promise.reject(new RangeError('full')) };
  await assert.rejects(model.fit(xor.x, xor.y, { callbacks: tg.callbacks.modelCheckpoint(broken) }), RangeError);
});

test('terminateOnNaN ends a fit as if it were done', async () => {
  const model = tg.sequential({ layers: [tg.layers.dense({ units: 1, inputShape: [1] })] });
  model.compile({ optimizer: tg.optimizers.sgd({ learningRate: 1e30 }), loss: 'mse' });
  const lines = await printed(async () => {
    const history = await model.fit([[1], [2]], [[2], [4]], { epochs: 9, batchSize: 1, callbacks: tg.callbacks.terminateOnNaN() });
    assert.deepEqual(history.epoch, [0]);
    assert.ok(!Number.isFinite(history.history.loss[0]));
  });
  assert.deepEqual(lines, ['Batch 1: Invalid loss, terminating training']);
});

test('verbose prints in the style of Keras', async () => {
  const model = xorModel(tg);
  const one = await printed(() => model.fit(xor.x, xor.y, { epochs: 2, batchSize: 2, verbose: 1 }));
  assert.match(one.join('\n'), /^Epoch 1\/2\n2\/2 ━{20} 0s \d+(ms|us)\/step - accuracy: \d\.\d{4} - loss: \d\.\d{4}\nEpoch 2\/2\n2\/2 ━{20} 0s /);
  const two = await printed(() => model.fit(xor.x, xor.y, { batchSize: 2, validationData: [xor.x, xor.y], verbose: 2 }));
  assert.match(two.join('\n'), /^2\/2 - 0s - \d+(ms|us)\/step - accuracy: \d\.\d{4} - loss: \d\.\d{4} - val_accuracy: \d\.\d{4} - val_loss: \d\.\d{4}$/);
  assert.match((await printed(() => model.evaluate(xor.x, xor.y, { verbose: 1 }))).join('\n'), /^1\/1 ━{20} 0s /);
  assert.match((await printed(() => model.predict(xor.x, { callbacks: tg.callbacks.progbarLogger() }))).join('\n'), /^1\/1 ━{20} 0s \d+(ms|us)\/step$/);
});

describe('bad callbacks are refused before the training', () => {
  for (const [callbacks, message] of [
    [() => 7, /a callback is number 7/],
    [() => [{ onEpochBegun() {} }], /no callback onEpochBegun/],
    [() => tg.callbacks.earlyStopping({ monitor: 'nothing' }), /monitor is "nothing".*wanted mode min or max/],
    [() => tg.callbacks.earlyStopping({ patience: -1 }), /patience is -1/],
    [() => tg.callbacks.earlyStopping({ mood: 'auto' }), /unknown argument "mood"/],
    [() => tg.callbacks.reduceLROnPlateau({ factor: 2 }), /factor is 2/],
    [() => tg.callbacks.modelCheckpoint('x', { saveFreq: 0 }), /save_freq is 0, wanted epoch or a number/],
    [() => tg.callbacks.backupAndRestore('ftp://x'), /got 'ftp:\/\/x', want indexeddb:/],
    [() => tg.callbacks.backupAndRestore('indexeddb://'), /the name is missing/],
    [() => tg.callbacks.backupAndRestore({ save() {} }), /want a URL or an object with the functions save, load and remove/],
  ]) {
    test(String(message), async () => {
      const model = xorModel(tg);
      const before = await model.getWeights();
      await assert.rejects(model.fit(xor.x, xor.y, { callbacks: callbacks() }), fails('bad_config', message));
      assert.deepEqual(await model.getWeights(), before);
    });
  }
});
