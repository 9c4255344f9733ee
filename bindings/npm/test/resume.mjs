// A training that can be interrupted: dropout, shuffling, Adam and callbacks that remember. Run as a program it dies in the middle:
// node resume.mjs KIND FOLDER BATCHES [SAVE_FREQ] kills itself after so many batches.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { load } from '../dist/index.js';

const rows = 60;
const value = (i) => Math.sin(i * i + i);
const xs = (at, n) => ({ data: Float32Array.from({ length: n * 6 }, (_, i) => value(at * 6 + i)), shape: [n, 6] });
const ys = (at, n) => ({ data: Float32Array.from({ length: n * 2 }, (_, i) => Number(i % 2 === Number(value((at + (i >> 1)) * 6) > 0))), shape: [n, 2] });

function* batches() {
  for (let at = 0; at < rows; at += 16) yield { xs: xs(at, Math.min(16, rows - at)), ys: ys(at, Math.min(16, rows - at)) };
}
function* endless() {
  for (;;) yield* batches();
}

/** Trains and returns all that there is to see at the end. onBatch is called after each batch. */
export async function train(tg, { kind, seed, place, saveFreq = 'epoch', log, onBatch = () => {} }) {
  const { layers: l, callbacks: c } = tg;
  const model = tg.sequential({ seed, layers: [l.dense({ units: 12, activation: 'relu', inputShape: [6] }), l.dropout({ rate: 0.4 }), l.dense({ units: 2, activation: 'softmax' })] });
  model.compile({ optimizer: tg.optimizers.adam({ learningRate: 0.03 }), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  let batch = 0;
  const options = {
    epochs: 8,
    validationData: [xs(500, 20), ys(500, 20)],
    callbacks: [
      c.learningRateScheduler((epoch, rate) => rate * 0.95),
      c.reduceLROnPlateau({ patience: 1, factor: 0.5, minDelta: 0.01, cooldown: 1 }),
      c.earlyStopping({ patience: 3, minDelta: 0.001, restoreBestWeights: true }),
      c.csvLogger(log),
      ...(place === undefined ? [] : [c.backupAndRestore(place, { saveFreq })]),
      { onBatchBegin: () => (batch++ > 0 ? onBatch(batch - 1) : undefined) },
    ],
  };
  const history =
    kind === 'tensors'
      ? await model.fit(xs(0, rows), ys(0, rows), { ...options, batchSize: 16 })
      : await model.fit(kind === 'batches' ? batches : endless(), undefined, { ...options, validationData: kind === 'batches' ? options.validationData : batches, ...(kind === 'endless' ? { batchesPerEpoch: 3 } : {}) });
  const weights = (await model.getWeights()).map(({ name, data }) => [name, Array.from(new Uint32Array(data.buffer, data.byteOffset, data.length))]);
  return { history, weights, rate: model.learningRate };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , kind, folder, kill, saveFreq] = process.argv;
  const tg = await load({ threads: 1, deterministic: true });
  const onBatch = (n) => n === Number(kill) && process.kill(process.pid, 'SIGKILL');
  await train(tg, { kind, seed: 3, place: folder, log: join(folder, 'log.csv'), saveFreq: Number(saveFreq) || 'epoch', onBatch });
}
