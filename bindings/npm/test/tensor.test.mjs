// Tensors and configurations on the page, which need no engine.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Config, TabgradError, oneHot, tensor } from '../dist/index.js';

const fails = (code, message) => (error) => {
  assert.ok(error instanceof TabgradError, `got ${error}`);
  assert.equal(error.code, code);
  assert.match(error.message, message);
  return true;
};

test('a tensor takes its shape from nested arrays', () => {
  const t = tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  assert.deepEqual(t.shape, [2, 3]);
  assert.deepEqual(t.data, new Float32Array([1, 2, 3, 4, 5, 6]));
  assert.deepEqual(tensor(7).shape, []);
  assert.deepEqual(tensor([]).shape, [0]);
});

test('a typed array is kept, not copied, and Float64 becomes Float32', () => {
  const bytes = new Uint8Array(12);
  const t = tensor(bytes, [3, 4], { scale: 1 / 255 });
  assert.equal(t.data, bytes);
  assert.equal(t.scale, 1 / 255);
  assert.deepEqual(tensor(new Float64Array([0.5])).data, new Float32Array([0.5]));
});

test('a tensor of the wrong size or with uneven rows is refused', () => {
  assert.throws(() => tensor(new Float32Array(5), [2, 3]), fails('shape_mismatch', /5 numbers for shape \[2, 3\], which holds 6/));
  assert.throws(() => tensor([[1, 2], [3]]), fails('shape_mismatch', /a row of 1 at depth 1, where the first one has 2/));
  assert.throws(() => tensor([[1, 2], 3]), fails('shape_mismatch', /number 3 at depth 1/));
  assert.throws(() => tensor(new Float32Array(4), [-1, -4]), fails('shape_mismatch', /whole numbers from 0/));
  assert.throws(() => tensor([1], [1], { scale: NaN }), fails('bad_data', /scale is NaN/));
  assert.throws(() => tensor('abc'), fails('bad_data', /data is "abc"/));
});

test('oneHot makes a row a label', () => {
  const t = oneHot([2, 0], 3);
  assert.deepEqual(t.shape, [2, 3]);
  assert.deepEqual([...t.data], [0, 0, 1, 1, 0, 0]);
  assert.deepEqual(oneHot(new Uint8Array([1, 0])).shape, [2, 2]);
  assert.deepEqual(oneHot([[1], [0]], 2).shape, [2, 2]);
  assert.throws(() => oneHot([0, 3], 3), fails('bad_data', /label 1 is 3, want a whole number from 0 to 2/));
  assert.throws(() => oneHot([0.5], 3), fails('bad_data', /label 0 is 0.5/));
});

test('options travel in snake_case, nested configurations too', () => {
  const inner = new Config('GlorotUniform', { seed: 3 });
  const c = new Config('Dense', { units: 2, kernelInitializer: inner, bias_initializer: 'zeros', name: undefined });
  assert.deepEqual(c.toJSON(), {
    class_name: 'Dense',
    config: { units: 2, kernel_initializer: { class_name: 'GlorotUniform', config: { seed: 3 } }, bias_initializer: 'zeros' },
  });
  assert.throws(() => new Config('Dense', { activation: () => 0 }), fails('bad_config', /Dense: activation is function/));
});
