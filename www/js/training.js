// One run of fit, told as events for the page: what each batch lost, how fast it goes, and after each epoch what one
// pass over the test digits says.

import { CLASSES, SIDE } from './networks.js';
import { score } from './scores.js';

const PIXELS = SIDE * SIDE;
const TEST_BATCH = 256;

/**
 * The first count digits as tensors for the engine: bytes that become 0 to 1 when a batch is made, and one-hot labels.
 * @param {{images: Uint8Array, labels: Uint8Array}} digits
 */
export function tensors(tg, { images, labels }, count = labels.length) {
  const n = Math.min(count, labels.length);
  // A part is copied out: sent as a view, the whole buffer under it would travel.
  const bytes = n < labels.length ? images.slice(0, n * PIXELS) : images;
  const hot = new Uint8Array(n * CLASSES);
  for (let i = 0; i < n; i++) hot[i * CLASSES + labels[i]] = 1;
  return { x: tg.tensor(bytes, [n, SIDE, SIDE, 1], { scale: 1 / 255 }), y: tg.tensor(hot, [n, CLASSES]) };
}

/**
 * Trains until all epochs are done or the signal is aborted.
 * @param {object} run tg, model, data (train and test), epochs, batchSize, limit (training digits, or undefined), seed, signal
 * @param {object} on
 *   onEpoch(epoch): it begins;
 *   onBatch(position, loss, accuracy): the batch's own values; position counts epochs;
 *   onProgress(progress, left): tabgrad's Progress, and the seconds until the whole run ends;
 *   onTrained(epoch, steps, progress, logs): the epoch's training is over, its test begins;
 *   onScored(epoch, result): score()'s result for the test digits. Training waits until it returns.
 * @returns {Promise<'done' | 'stopped'>}
 */
export async function train({ tg, model, data, epochs, batchSize, limit, seed, signal }, on) {
  const { x, y } = tensors(tg, data.train, limit);
  const test = tensors(tg, data.test);
  const count = x.shape[0];
  const steps = Math.ceil(count / batchSize);
  let epoch = 0;
  let scoringSeconds = 0;
  let progress = null;
  const loss = new BatchValue(batchSize, count);
  const accuracy = new BatchValue(batchSize, count);

  const callbacks = {
    onEpochBegin(begun) {
      epoch = begun;
      loss.restart();
      accuracy.restart();
      on.onEpoch(epoch);
    },
    onBatchEnd(batch, logs) {
      on.onBatch(epoch + (batch + 1) / steps, loss.of(batch, logs.loss), accuracy.of(batch, logs.accuracy));
    },
    onProgress(now) {
      progress = now;
      const epochSeconds = (now.batches * now.msPerStep) / 1000 + scoringSeconds;
      on.onProgress(now, now.secondsLeft + scoringSeconds + (epochs - now.epoch - 1) * epochSeconds);
    },
    async onEpochEnd(ended, logs) {
      on.onTrained(ended, steps, progress, logs);
      const began = performance.now();
      const probabilities = await model.predict(test.x, { batchSize: TEST_BATCH, signal });
      scoringSeconds = (performance.now() - began) / 1000;
      on.onScored(ended, score(probabilities.data, data.test.labels));
    },
  };
  try {
    await model.fit(x, y, { batchSize, epochs, shuffle: true, seed, signal, callbacks });
    return signal.aborted ? 'stopped' : 'done';
  } catch (error) {
    if (error?.code === 'aborted') return 'stopped';
    throw error;
  }
}

// The engine's logs are means over the epoch so far, as Keras has them; a curve wants each batch's own value.
class BatchValue {
  #batchSize;
  #count;
  #sum = 0;

  constructor(batchSize, count) {
    this.#batchSize = batchSize;
    this.#count = count;
  }

  restart() {
    this.#sum = 0;
  }

  of(batch, mean) {
    const before = batch * this.#batchSize;
    const seen = Math.min(before + this.#batchSize, this.#count);
    const sum = mean * seen;
    const own = (sum - this.#sum) / (seen - before);
    this.#sum = sum;
    return own;
  }
}
