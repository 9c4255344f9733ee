// What the tests of the running engine share.

import assert from 'node:assert/strict';
import { TabgradError } from '../dist/index.js';

/** For assert.rejects: a TabgradError with this code, whose message matches. */
export const fails = (code, ...messages) => (error) => {
  assert.ok(error instanceof TabgradError, `got ${error?.stack ?? error}`);
  for (const message of messages) assert.match(error.message, message);
  assert.equal(error.code, code, error.message);
  return true;
};

export const xor = {
  x: [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ],
  y: [
    [1, 0],
    [0, 1],
    [0, 1],
    [1, 0],
  ],
};

/** A compiled network that can learn exclusive or. */
export function xorModel(tg, compile = {}) {
  const model = tg.sequential({
    seed: 5,
    layers: [tg.layers.dense({ units: 8, activation: 'tanh', inputShape: [2] }), tg.layers.dense({ units: 2, activation: 'softmax' })],
  });
  model.compile({ optimizer: tg.optimizers.adam({ learningRate: 0.05 }), loss: 'categoricalCrossentropy', metrics: ['accuracy'], ...compile });
  return model;
}
