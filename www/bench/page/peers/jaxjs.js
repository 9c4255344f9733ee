// jax-js in a worker, on its wasm device. It has no layers, so the model is written with its functions: images NCHW, kernels
// OIHW, the whole step, optimizer and all, under one jit. An array is consumed by what it is given to, unless given as .ref.

import { serve } from './serve.js';
import { batch } from '../workloads.js';
import { init, defaultDevice, numpy as np, nn, lax, random, jit, valueAndGrad, blockUntilReady } from './jax-js/index.js';

serve(async (workload, spec) => {
  await init('wasm');
  defaultDevice('wasm');
  const { forward, params } = build(spec);
  const { x, y } = batch(workload.samples, spec.input);
  const [height, width, channels] = spec.input.length === 3 ? spec.input : [];
  // With one channel NHWC and NCHW are the same; noise is noise with three.
  const images = () => np.array(x).reshape(channels ? [workload.samples, channels, height, width] : [workload.samples, ...spec.input]);
  const threads = typeof SharedArrayBuffer === 'undefined' ? 1 : navigator.hardwareConcurrency; // its pool; it can't be told

  if (workload.does === 'predict') {
    const predict = jit((params, x) => nn.softmax(forward(params, x, null), -1));
    return { threads, step: async () => void (await predict(refs(params), images()).data()) };
  }

  const loss = (params, x, y, key) => np.mean(np.sum(nn.logSoftmax(forward(params, x, key), -1).mul(y), -1)).mul(-1);
  const { state, update } = optimizers[spec.optimizer.name](params, spec.optimizer.learningRate);
  const train = jit((params, state, x, y, key, rate) => {
    const [value, gradients] = valueAndGrad(loss)(refs(params), x, y, key);
    return { value, ...update(params, gradients, state, rate) };
  });
  const xs = images();
  const ys = np.array(y).reshape([workload.samples, 10]);
  let now = { params, state };
  let t = 0;
  return {
    threads,
    async step() {
      t++;
      // Adam's correction is a number that is computed outside, as everywhere.
      const correction = spec.optimizer.name === 'adam' ? Math.sqrt(1 - 0.999 ** t) / (1 - 0.9 ** t) : 1;
      const { value, params, state } = train(now.params, now.state, xs.ref, ys.ref, random.key(t), np.array(spec.optimizer.learningRate * correction));
      await blockUntilReady([refs(params), refs(state)]);
      const [loss] = await value.data();
      if (!Number.isFinite(loss)) throw new Error(`the loss is ${loss}`);
      now = { params, state };
    },
  };
});

const refs = (tree) => tree.map((leaf) => (Array.isArray(leaf) ? refs(leaf) : leaf.ref));

/** The parameters as [kernel, bias, kernel, bias, ...], and forward(params, x, key) to the logits; without a key nothing is dropped. */
function build(spec) {
  const params = [];
  const ops = [];
  let shape = spec.input.length === 3 ? [spec.input[2], spec.input[0], spec.input[1]] : spec.input; // of a sample
  const variable = (shape, fan) => {
    const at = params.length;
    params.push(random.uniform(random.key(at), shape, { minval: -Math.sqrt(6 / fan), maxval: Math.sqrt(6 / fan) }));
    return at;
  };
  let drops = 0;
  for (const l of spec.layers) {
    if (l.layer === 'conv2d') {
      const [c, h, w] = shape;
      const k = l.kernelSize;
      const kernel = variable([l.filters, c, k, k], (c + l.filters) * k * k);
      const bias = variable([1, l.filters, 1, 1], 6e6);
      ops.push((p, x) => nn.relu(lax.conv(x, p[kernel], [1, 1], l.padding.toUpperCase()).add(p[bias])));
      shape = l.padding === 'same' ? [l.filters, h, w] : [l.filters, h - k + 1, w - k + 1];
    } else if (l.layer === 'maxPooling2d') {
      const [c, h, w] = shape;
      const s = l.poolSize;
      ops.push((_, x) => lax.reduceWindow(x, np.max, [s, s], [s, s]));
      shape = [c, Math.floor(h / s), Math.floor(w / s)];
    } else if (l.layer === 'dropout') {
      const drop = drops++;
      ops.push((_, x, key) => {
        if (key === null) return x;
        const kept = random.bernoulli(random.split(key, 2).slice(drop), 1 - l.rate, x.shape);
        return x.mul(kept.astype(np.float32)).mul(1 / (1 - l.rate));
      });
    } else if (l.layer === 'flatten') {
      const size = shape.reduce((a, b) => a * b, 1);
      ops.push((_, x) => x.reshape([x.shape[0], size]));
      shape = [size];
    } else if (l.layer === 'dense') {
      const kernel = variable([shape[0], l.units], shape[0] + l.units);
      const bias = variable([l.units], 6e6);
      const activate = l.activation === 'relu' ? nn.relu : (x) => x; // softmax is the loss's, or predict's
      ops.push((p, x) => activate(np.dot(x, p[kernel]).add(p[bias])));
      shape = [l.units];
    } else {
      throw new Error(`no layer ${l.layer} for jax-js`);
    }
  }
  const forward = (p, x, key) => {
    const result = ops.reduce((x, op) => op(p, x, key?.ref ?? null), x);
    key?.dispose();
    return result;
  };
  return { params, forward };
}

/** Of each optimizer its state, one list a slot, and update(params, gradients, state, rate), which consumes all it is given. */
const optimizers = {
  adam: (params) => ({
    state: [params.map(zeros), params.map(zeros)],
    update(params, gradients, [m, v], rate) {
      const newM = m.map((m, i) => m.mul(0.9).add(gradients[i].ref.mul(0.1)));
      const newV = v.map((v, i) => v.mul(0.999).add(np.square(gradients[i]).mul(0.001)));
      const updated = params.map((p, i) => p.sub(newM[i].ref.mul(rate.ref).div(np.sqrt(newV[i].ref).add(1e-7))));
      rate.dispose();
      return { params: updated, state: [newM, newV] };
    },
  }),
  adadelta: (params) => ({
    state: [params.map(zeros), params.map(zeros)],
    update(params, gradients, [a, d], rate) {
      const newA = a.map((a, i) => a.mul(0.95).add(np.square(gradients[i].ref).mul(0.05)));
      const delta = d.map((d, i) => np.sqrt(d.ref.add(1e-7)).div(np.sqrt(newA[i].ref.add(1e-7))).mul(gradients[i]).mul(-1));
      const newD = d.map((d, i) => d.mul(0.95).add(np.square(delta[i].ref).mul(0.05)));
      const updated = params.map((p, i) => p.add(delta[i].mul(rate.ref)));
      rate.dispose();
      return { params: updated, state: [newA, newD] };
    },
  }),
};

const zeros = (like) => np.zeros(like.shape);
