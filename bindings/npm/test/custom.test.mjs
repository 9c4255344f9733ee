// Layers, losses and metrics of the caller's own: functions that compose tg.ops.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { load } from '../dist/index.js';
import { fails, xor } from './engine.mjs';

let tg, ops;
before(async () => {
  tg = await load({ threads: 2, deterministic: true });
  ops = tg.ops;
});
after(() => tg.close());

const numbers = (seed, ...shape) => ({ data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(seed * 100 + i * 12.9898)), shape });
const memory = () => ({
  async save(artifacts) {
    this.artifacts = artifacts;
    return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
  },
  async load() {
    return this.artifacts;
  },
});

/** A dense layer written by hand. */
const dense = (units, options = {}) =>
  tg.customLayer({
    weights: [
      { name: 'kernel', shape: (x) => [x.at(-1), units] },
      { name: 'bias', shape: [units], initializer: 'zeros' },
    ],
    call: ({ x, weights, ops: o }) => o.relu(o.add(o.matMul(x, weights.kernel), weights.bias)),
    ...options,
  });

/** What the layers make of x, without weights of their own. */
async function computed(x, call, options = {}) {
  const inputs = x.map(({ shape }) => tg.input({ shape: shape.slice(1) }));
  const layer = tg.layers.lambda({ call, ...options });
  const first = layer.apply(inputs);
  const model = tg.model({ inputs, outputs: options.outputs ? [...Array(options.outputs)].map((_, i) => take(first, i)) : first });
  return model.predict(x);
}
function take(first, n) {
  for (const y of first) if (n-- === 0) return y;
}

test('a dense layer by hand is the built-in one, bit for bit, gradients included', async () => {
  const x = numbers(1, 12, 3);
  const y = numbers(2, 12, 2);
  const run = async (layer, loss, metrics) => {
    const model = tg.sequential({ seed: 4, layers: [layer, tg.layers.dense({ units: 2, name: 'last' })] });
    model.compile({ optimizer: 'adam', loss, metrics });
    const { history } = await model.fit(x, y, { batchSize: 5, epochs: 3 });
    return { weights: (await model.getWeights()).map(({ data }) => data), history };
  };
  const built = await run(tg.layers.dense({ units: 4, activation: 'relu', inputShape: [3] }), 'meanSquaredError', ['mae']);
  const squares = (yTrue, yPred) => ops.mean(ops.square(ops.sub(yTrue, yPred)), -1);
  const own = await run(dense(4, { inputShape: [3] }), squares, [{ name: 'mae', fn: (t, p) => ops.mean(ops.abs(ops.sub(t, p)), { axis: -1 }) }]);
  assert.deepEqual(own, built);
});

test('operations take numbers, arrays and tensors, arguments in order or by name', async () => {
  const x = { data: Float32Array.of(1, -2, 3, -4, 5, -6), shape: [1, 2, 3] };
  const cases = [
    [(t) => ops.add(ops.mul(t, 2), [1, 0, -1]), [3, -4, 5, -7, 10, -13], [1, 2, 3]],
    [(t) => ops.sub(10, t), [9, 12, 7, 14, 5, 16], [1, 2, 3]],
    [(t) => ops.mul(t, tg.tensor(Uint8Array.of(1, 2, 3), [3], { scale: 0.5 })), [0.5, -2, 4.5, -2, 5, -9], [1, 2, 3]],
    [(t) => ops.sum(t, -1), [2, -5], [1, 2]],
    [(t) => ops.sum(t, 1, true), [-3, 3, -3], [1, 1, 3]],
    [(t) => ops.max(t, { axis: [1, 2], keepDims: true }), [5], [1, 1, 1]],
    [(t) => ops.clip(t, -1, 2), [1, -1, 2, -1, 2, -1], [1, 2, 3]],
    [(t) => ops.clipByValue(t, { min: 0, max: 9 }), [1, 0, 3, 0, 5, 0], [1, 2, 3]],
    [(t) => ops.reshape(t, [t.shape[0], -1]), [1, -2, 3, -4, 5, -6], [1, 6]],
    [(t) => ops.transpose(t, [0, 2, 1]), [1, -4, -2, 5, 3, -6], [1, 3, 2]],
    [(t) => ops.concat([t, t], 1), [1, -2, 3, -4, 5, -6, 1, -2, 3, -4, 5, -6], [1, 4, 3]],
    [(t) => ops.slice(t, [0, 0, 1], [-1, -1, 2]), [-2, 3, 5, -6], [1, 2, 2]],
    [(t) => ops.pad(t, [[0, 0], [0, 0], [1, 0]], 7), [7, 1, -2, 3, 7, -4, 5, -6], [1, 2, 4]],
    [(t) => ops.where(ops.greater(t, 0), t, ops.neg(t)), [1, 2, 3, 4, 5, 6], [1, 2, 3]],
    [(t) => ops.gather(t, [[1], [0]], 1), [-4, 5, -6, 1, -2, 3], [1, 2, 1, 3]],
    [(t) => ops.oneHot(ops.argMax(t, 2), 3), [0, 0, 1, 0, 1, 0], [1, 2, 3]],
    [(t) => ops.elu(t, 2), [1, 2 * Math.expm1(-2), 3, 2 * Math.expm1(-4), 5, 2 * Math.expm1(-6)], [1, 2, 3]],
    [(t) => ops.multiply(t, ops.constant([[1], [0]])), [1, -2, 3, 0, 0, 0], [1, 2, 3]],
    [(t) => ops.add(t, ops.zeros([2, 1])), [1, -2, 3, -4, 5, -6], [1, 2, 3]],
    [(t) => ops.unstack(t, 1)[1], [-4, 5, -6], [1, 3]],
    [(t) => ops.add(...ops.split(ops.concat([t, ops.mul(t, 10)]), 2)), [11, -22, 33, -44, 55, -66], [1, 2, 3]],
  ];
  for (const [call, data, shape] of cases) {
    const p = await computed([x], call);
    assert.deepEqual(p.shape, shape, String(call));
    data.forEach((want, i) => assert.ok(Math.abs(p.data[i] - want) < 1e-6, `${call}: ${p.data}, want ${data}`));
  }
});

test('shapes are known inside of a function; it is run again where the engine must be asked', async () => {
  const heads = 2;
  let runs = 0;
  // Attention of several heads: every shape is read off a tensor.
  const attention = tg.customLayer({
    name: 'attention',
    weights: [{ name: 'qkv', shape: (x) => [x.at(-1), 3 * x.at(-1)] }],
    call({ x, weights }) {
      runs++;
      const [q, k, v] = ops.split(ops.matMul(x, weights.qkv), 3).map((t) => {
        const [batch, steps, width] = t.shape;
        return ops.transpose(ops.reshape(t, [batch, steps, heads, width / heads]), [0, 2, 1, 3]);
      });
      const scores = ops.div(ops.matMul(q, k, { transposeY: true }), Math.sqrt(k.shape.at(-1)));
      const causal = ops.constant(Array.from({ length: scores.shape[2] }, (_, i) => Array.from({ length: scores.shape[3] }, (_, j) => (j > i ? -1e9 : 0))));
      const y = ops.transpose(ops.matMul(ops.softmax(ops.add(scores, causal)), v), [0, 2, 1, 3]);
      return ops.reshape(y, [null, y.shape[1], y.shape[2] * y.shape[3]]);
    },
  });
  const x = tg.input({ shape: [5, 4] });
  const model = tg.model({ inputs: x, outputs: attention.apply(x) });
  const p = await model.predict(numbers(1, 3, 5, 4));
  assert.deepEqual(p.shape, [3, 5, 4]);
  assert.ok(runs >= 4 && runs <= 16, `run ${runs} times`);
  // A step sees none behind it.
  const changed = numbers(1, 3, 5, 4);
  changed.data.set(numbers(9, 4).data, 3 * 4);
  const q = await model.predict(changed);
  assert.deepEqual(q.data.slice(0, 12), p.data.slice(0, 12));
  assert.notDeepEqual(q.data.slice(12, 16), p.data.slice(12, 16));
});

test('a layer of several inputs and outputs, used for several shapes, with one set of weights', async () => {
  const seen = [];
  const layer = tg.customLayer({
    name: 'scaled',
    weights: [{ name: 'factor', shape: [], initializer: tg.initializers.constant({ value: 3 }) }],
    call({ inputs: [x, y], weights, training }) {
      if (!training) seen.push(x.shape);
      return [ops.mul(ops.add(x, y), weights.factor), ops.div(x, x.shape[1])];
    },
  });
  const [a, b] = [tg.input({ shape: [2] }), tg.input({ shape: [4] })];
  const [sum, share] = layer.apply([a, a]);
  const [, other] = layer.apply([b, b]);
  const model = tg.model({ inputs: [a, b], outputs: [sum, share, other] });
  const [p, q, r] = await model.predict([tg.tensor([[1, 2]]), tg.tensor([[4, 8, 12, 16]])]);
  assert.deepEqual([p.data, q.data, r.data].map((d) => [...d]), [[6, 12], [0.5, 1], [1, 2, 3, 4]]);
  assert.deepEqual(seen, [[null, 2], [null, 4]]);
  assert.deepEqual((await model.getWeights()).map(({ name, shape }) => [name, shape]), [['scaled/factor', []]]);
});

test('operations on the tensors of a graph are layers', async () => {
  const x = tg.input({ shape: [3] });
  const y = ops.add(ops.mul(x, 2), tg.layers.dense({ units: 3, name: 'd' }).apply(x));
  const model = tg.model({ inputs: x, outputs: ops.relu(y) });
  await model.compile({ optimizer: 'sgd', loss: 'mse' });
  await model.getLayer('d').setWeights([new Float32Array(9), new Float32Array(3)].map((data, i) => ({ data, shape: i ? [3] : [3, 3] })));
  assert.deepEqual([...(await model.predict([[1, -1, 2]])).data], [2, 0, 4]);
  assert.equal((await model.fit([[1, -1, 2]], [[0, 0, 0]])).history.loss[0], 20 / 3 - ((20 / 3) % 1) + Math.fround(20 / 3) % 1);
  assert.deepEqual(model.layers.map((layer) => layer.name), ['input_layer', 'lambda', 'd', 'lambda_1', 'lambda_2']);
});

test('a function may do another thing in training: draw numbers, count, add to the loss', async () => {
  const layer = tg.customLayer({
    name: 'noisy',
    weights: [{ name: 'steps', shape: [], initializer: 'zeros', trainable: false }],
    call({ x, weights, training }) {
      if (!training) return ops.mul(x, 1);
      ops.assign(weights.steps, ops.add(weights.steps, 1));
      ops.addLoss(100);
      return ops.add(ops.dropout(x, 0.5), ops.mul(ops.randomNormal(x.shape), 1e-3));
    },
  });
  const model = tg.sequential({ layers: [tg.layers.dense({ units: 2, inputShape: [2], name: 'd' }), layer] });
  model.compile({ optimizer: tg.optimizers.sgd({ learningRate: 0 }), loss: 'mse' });
  const [x, y] = [numbers(1, 8, 2), numbers(2, 8, 2)];
  const { loss } = await model.evaluate(x, y);
  const first = await model.trainOnBatch(x, y);
  const second = await model.trainOnBatch(x, y);
  assert.ok(loss < 100 && first.loss > 100 && second.loss > 100 && first.loss !== second.loss, `losses ${[loss, first.loss, second.loss]}`);
  const steps = (await layer.getWeights())[0];
  assert.deepEqual([steps.name, [...steps.data]], ['noisy/steps', [2]]);
  assert.equal((await model.evaluate(x, y)).loss, loss);
});

test('losses and metrics of several outputs, of other targets than the prediction', async () => {
  const x = tg.input({ shape: [2] });
  const h = tg.layers.dense({ units: 8, activation: 'tanh' }).apply(x);
  const model = tg.model({ inputs: x, outputs: [tg.layers.dense({ units: 2, name: 'kind' }).apply(h), tg.layers.dense({ units: 1, name: 'value' }).apply(h)] });
  const labels = tg.customLoss({ name: 'labels', targetShape: [], fn: (yTrue, yPred) => ops.sparseCategoricalCrossentropy(yTrue, yPred, { fromLogits: true }) });
  const right = (yTrue, yPred) => ops.equal(ops.argMax(yPred), yTrue);
  await model.compile({
    optimizer: tg.optimizers.adam({ learningRate: 0.05 }),
    loss: { kind: labels, value: (yTrue, yPred) => ops.mean(ops.abs(ops.sub(yTrue, yPred))) },
    metrics: { kind: [right, tg.customMetric({ name: 'sure', fn: (_, p) => ops.max(ops.softmax(p), -1) })] },
  });
  const { history } = await model.fit(xor.x, { kind: Int32Array.of(0, 1, 1, 0), value: [[0], [1], [1], [0]] }, { epochs: 150, batchSize: 4 });
  assert.deepEqual(Object.keys(history), ['loss', 'kind_loss', 'value_loss', 'kind_right', 'kind_sure']);
  assert.equal(history.kind_right.at(-1), 1);
  assert.ok(history.loss.at(-1) < 0.3, `loss ${history.loss.at(-1)}`);
});

test('custom parts are saved: loaded without their functions they compute and train the same', async () => {
  const build = () => {
    const model = tg.sequential({ seed: 9, layers: [dense(4, { inputShape: [3], name: 'mine' }), tg.layers.lambda({ call: (x) => ops.mul(ops.tanh(x), 2) }), tg.layers.dense({ units: 1 })] });
    model.compile({ optimizer: 'adam', loss: (t, p) => ops.square(ops.sub(t, p)), metrics: [{ name: 'far', fn: (t, p) => ops.cast(ops.greater(ops.abs(ops.sub(t, p)), 0.5), 'float32') }] });
    return model;
  };
  const [x, y] = [numbers(1, 10, 3), numbers(2, 10, 1)];
  const [straight, cut] = [build(), build()];
  await straight.fit(x, y, { epochs: 4 });
  await cut.fit(x, y, { epochs: 2 });
  const kept = memory();
  await cut.save(kept, { includeOptimizer: true });
  const again = await tg.loadModel(JSON.parse(JSON.stringify(kept.artifacts, (key, value) => (key === 'weightData' ? undefined : value))) && kept);
  assert.deepEqual(await again.predict(x), await cut.predict(x));
  const { history } = await again.fit(x, y, { initialEpoch: 2, epochs: 4 });
  assert.deepEqual(Object.keys(history), ['loss', 'far']);
  assert.deepEqual(await again.getWeights(), await straight.getWeights());
  // For other shapes the function would have to be run.
  const other = tg.input({ shape: [2, 3] });
  await assert.rejects(tg.model({ inputs: other, outputs: again.getLayer('mine').apply(other) }).summary(), fails('bad_config', /mine: it is not recorded for inputs \[2,3\]/));
  const same = tg.input({ shape: [3] });
  assert.deepEqual((await tg.model({ inputs: same, outputs: again.getLayer('mine').apply(same) }).predict(x)).shape, [10, 4]);
});

describe('what is wrong with a function is said', () => {
  const built = (call, weights = []) => tg.sequential({ layers: [tg.customLayer({ name: 'mine', weights, call, inputShape: [2, 3] })] }).summary();
  const compiled = (loss, metrics) => tg.sequential({ layers: [tg.layers.dense({ units: 2, inputShape: [3] })] }).compile({ loss, metrics });
  let n = 0;
  const w = [{ name: 'w', shape: [4, 5] }];
  const cases = [
    ['operands that do not fit', () => built(({ x, weights }) => ops.matMul(x, weights.w), w), 'shape_mismatch', /^mine: ops.matMul of \[null,2,3\] and w \[4,5\]: inner dimensions 3 and 4 differ$/],
    ['where a shape is asked for later', () => built(({ x, weights }) => ops.reshape(x, ops.matMul(x, weights.w).shape), w), 'shape_mismatch', /^mine: ops.matMul of/],
    ['a wrong argument', () => built(({ x }) => ops.sum(x, { axes: 1 })), 'bad_config', /mine: operation 0: ops.sum: unknown argument "axes"/],
    ['too many arguments', () => built(({ x }) => ops.sum(x, 1, true, 3)), 'bad_config', /mine: ops.sum: 3 arguments, want at most 2 \(axis, keepDims\)/],
    ['what is no tensor', () => built(({ x }) => ops.add(x, 'text')), 'bad_data', /mine: ops.add: got "text"/],
    ['a result that is none', () => built(() => 3), 'bad_config', /mine: its function returned number 3, want a tensor/],
    ['no result', () => built(() => {}), 'bad_config', /mine: its function returned undefined/],
    ['an async function', () => built(async ({ x }) => x), 'bad_config', /mine: its function returned a promise: the function must not be async/],
    ['an error of its own', () => built(() => { throw new RangeError('mine alone'); }), 'RangeError', /mine alone/],
    ['a result without the batch', () => built(({ x }) => ops.sum(x)), 'shape_mismatch', /mine: output 0 is \[\], wanted \[null, ...\]/],
    ['random numbers in inference', () => built(({ x }) => ops.add(x, ops.randomUniform([3]))), 'bad_config', /mine: ops.randomUniform: it is for the training of a layer alone/],
    ['a function that is not the same twice', () => built(({ x }) => { const y = ops.add(x, n++); return ops.mul(y, y.shape[1]); }), 'bad_config', /mine: its function does other things each time/],
    ['a tensor of a graph in a function', () => { const g = tg.input({ shape: [3] }); return built(({ x }) => ops.add(x, g)); }, 'bad_config', /mine: ops.add: a tensor of a graph inside of a function/],
    ['a tensor of another function', () => { let kept; return built(({ x }) => { kept ??= x; return ops.add(x, kept); }); }, 'bad_config', /mine: ops.add: a tensor of another function/],
    ['an operation outside', () => ops.add(1, 2), 'bad_config', /ops.add: it is done on the tensors of a graph, or in the function/],
    ['a weight without a shape', () => built(({ x }) => x, [{ name: 'w' }]), 'bad_config', /mine: the shape of w is undefined/],
    ['a weight of an unknown size', () => built(({ x }) => x, [{ name: 'w', shape: (x) => x }]), 'bad_config', /mine: the shape of w is \[null, 2, 3\], want whole numbers/],
    ['a weight without a name', () => built(({ x }) => x, [{ shape: [1] }]), 'bad_config', /mine: weight 0 has the name undefined/],
    ['an unknown initializer', () => built(({ x }) => x, [{ name: 'w', shape: [1], initializer: 'zeroes' }]), 'bad_config', /mine: weight 0: w: initializer "zeroes" is unknown/],
    ['a state that is trained', () => built(({ x, weights }) => { ops.assign(weights.w, weights.w); return x; }, w), 'bad_config', /first operand is not a weight with trainable: false/],
    ['no function', () => tg.customLayer({ name: 'mine' }), 'bad_config', /customLayer: call is undefined/],
    ['an input whose shape is not known', () => tg.sequential({ layers: [tg.layers.lambda({ call: (x) => x })] }).summary(), 'bad_config', /a custom layer wants to know its input's shape/],
    ['a loss of the wrong shape', () => compiled((t, p) => ops.sum(p, 0)), 'shape_mismatch', /loss: its result is \[2\], wanted \[null, ...\] with the batch's size first, or one number/],
    ['a loss that does not fit', () => compiled((t, p) => ops.matMul(t, p)), 'shape_mismatch', /loss: ops.matMul of \[null,2\] and \[null,2\]: inner dimensions/],
    ['a metric that is no function', () => compiled('mse', [{ name: 'm', fn: 3 }]), 'bad_config', /m: fn is number 3, want a function/],
    ['a loss of a model that is not built', () => tg.sequential({ layers: [tg.layers.dense({ units: 2 })] }).compile({ loss: (t, p) => ops.sub(t, p) }), 'bad_config', /wants to know the model's output's shape/],
  ];
  for (const [name, act, code, message] of cases) {
    test(name, () =>
      assert.rejects(
        async () => act(),
        code === 'RangeError' ? { name: 'RangeError', message } : fails(code, message),
      ));
  }
});
