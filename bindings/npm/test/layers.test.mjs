// Keras's layers through the JavaScript API: what a config may look like, what a wrong one is told, and Keras's own numbers.

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

// The factory of a Keras class: names differ in case alone.
const make = (kind, { class_name, config }) => tg[kind][Object.keys(tg[kind]).find((name) => name.toLowerCase() === class_name.toLowerCase())](config);
const near = (what, got, want) => {
  const largest = Math.max(...want.map(Math.abs));
  want.forEach((w, i) => assert.ok(Math.abs(got[i] - w) <= 1e-5 * Math.abs(w) + 1e-6 * largest, `${what}[${i}] is ${got[i]}, wanted ${w}`));
};

const { cases } = JSON.parse(readFileSync(new URL('../../../nn/testdata/keras/layers_training.json', import.meta.url), 'utf8'));
for (const c of cases) {
  test(`Keras's numbers: ${c.name}`, async () => {
    const model = tg.sequential({ layers: [tg.layers.inputLayer({ inputShape: c.input_shape }), ...c.layers.map((l) => make('layers', l))] });
    await model.compile({ optimizer: make('optimizers', c.optimizer), loss: make('losses', c.loss) });
    await model.setWeights(c.weights.map(({ name, shape, data }) => ({ name, shape, data: Float32Array.from(data) })));
    const [x, y] = [tg.tensor(Float32Array.from(c.x.data), c.x.shape), tg.tensor(Float32Array.from(c.y.data), c.y.shape)];
    near('the prediction', (await model.predict(x)).data, c.expect.predict.data);
    for (const { loss } of c.expect.steps) near('the loss', [(await model.trainOnBatch(x, y)).loss], [loss]);
    const weights = await model.getWeights();
    c.expect.final_weights.forEach((want, i) => near(want.name, weights[i].data, want.data));
  });
}

test('arguments of several numbers, as tfjs and as Keras write them', async () => {
  const shape = async (inputShape, ...layers) => {
    const model = tg.sequential({ layers: [tg.layers.inputLayer({ inputShape }), ...layers] });
    await model.compile({ optimizer: 'sgd', loss: 'mse' });
    return (await model.predict(tg.tensor(new Float32Array(inputShape.reduce((a, b) => a * b)), [1, ...inputShape]))).shape.slice(1);
  };
  assert.deepEqual(await shape([9, 2], tg.layers.conv1d({ filters: 3, kernelSize: [3], padding: 'causal', dilationRate: 2 })), [9, 3]);
  assert.deepEqual(await shape([5, 5, 2], tg.layers.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2, outputPadding: [1, 0] })), [12, 11, 3]);
  assert.deepEqual(await shape([5, 6, 2], tg.layers.cropping2D({ cropping: [[1, 0], [2, 1]] })), [4, 3, 2]);
  assert.deepEqual(await shape([5, 6, 2], tg.layers.zeroPadding2d({ padding: [1, 2] })), [7, 10, 2]);
  assert.deepEqual(await shape([5, 2], tg.layers.zeroPadding1d({ padding: 0 })), [5, 2]);
  assert.deepEqual(await shape([5, 2], tg.layers.dropout({ rate: 0.5, noiseShape: [null, 1, 2] })), [5, 2]);
  assert.deepEqual(await shape([2, 3, 2], tg.layers.upSampling2d({ size: [2, 3], interpolation: 'bilinear' })), [4, 9, 2]);
  assert.deepEqual(await shape([4, 4, 3], tg.layers.layerNormalization({ axis: [1, 2] }), tg.layers.prelu({ sharedAxes: [1, 2] }), tg.layers.globalAveragePooling2d()), [3]);
});

test('a wrong argument is told which, and what is wanted', async () => {
  for (const [layer, code, message] of [
    [tg.layers.upSampling2d({ interpolation: 'area' }), 'bad_config', 'up_sampling2d: interpolation is "area", wanted nearest or bilinear or bicubic or lanczos3 or lanczos5'],
    [tg.layers.cropping2D({ cropping: [1, 2, 3] }), 'bad_config', 'cropping2d: cropping is [1, 2, 3], wanted a whole number, two, or two pairs, at least 0'],
    [tg.layers.conv1d({ filters: 2, kernelSize: 3 }), 'shape_mismatch', 'conv1d: input is [5,6,2], wanted a sequence [steps, channels]'],
    [tg.layers.conv1d({ filters: 2, kernelSize: [3, 3] }), 'bad_config', 'conv1d: kernel_size is [3, 3], wanted a whole number, at least 1'],
    [tg.layers.depthwiseConv2d({ kernelSize: 3, dataFormat: 'channelsFirst' }), 'bad_config', 'depthwise_conv2d: data_format is "channelsFirst", and only "channelsLast" is supported'],
    [tg.layers.groupNormalization({ groups: 3 }), 'bad_config', "group_normalization: groups is 3, wanted a divisor of the input's 2 channels, or -1"],
    [tg.layers.dropout({ rate: 0.5, noiseShape: [null, 0] }), 'bad_config', "dropout: noise_shape is [null, 0], wanted a list of whole numbers, at least 1, or null where it is as the input's"],
  ]) {
    const model = tg.sequential({ layers: [tg.layers.inputLayer({ inputShape: [5, 6, 2] }), layer] });
    await assert.rejects(model.compile({ optimizer: 'sgd', loss: 'mse' }), (error) => fails(code)(error) && (assert.equal(error.message, message), true));
  }
});
