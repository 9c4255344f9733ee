// TensorFlow.js in a worker: its wasm backend with SIMD and threads, or its cpu backend.

import { serve } from './serve.js';
import { batch, predictBatch } from '../workloads.js';
import './tfjs/tf.min.js';

const { tf } = globalThis;

serve(async (workload, spec, backend) => {
  let threads = 1;
  if (backend === 'wasm') {
    await import('./tfjs-wasm/tf-backend-wasm.min.js');
    tf.wasm.setWasmPaths(new URL('./tfjs-wasm/', import.meta.url).href);
    tf.wasm.setThreadsCount(Math.min(navigator.hardwareConcurrency, 2));
  }
  if (!(await tf.setBackend(backend)) || tf.getBackend() !== backend) throw new Error(`tfjs runs on ${tf.getBackend()}, not on ${backend}`);
  await tf.ready();
  if (backend === 'wasm') threads = tf.wasm.getThreadsCount();
  const model = tf.sequential();
  spec.layers.forEach(({ layer, ...config }, i) => model.add(tf.layers[layer](i === 0 ? { ...config, inputShape: spec.input } : config)));
  const { x, y } = batch(workload.samples, spec.input);
  const shape = [workload.samples, ...spec.input];
  if (workload.does === 'predict') {
    return {
      threads,
      async step() {
        const input = tf.tensor(x, shape);
        const output = model.predict(input, { batchSize: predictBatch });
        await output.data();
        tf.dispose([input, output]);
      },
    };
  }
  model.compile({ optimizer: tf.train[spec.optimizer.name](spec.optimizer.learningRate), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  const xs = tf.tensor(x, shape);
  const ys = tf.tensor(y, [workload.samples, 10]);
  return {
    threads,
    async step() {
      const [loss] = await model.trainOnBatch(xs, ys);
      if (!Number.isFinite(loss)) throw new Error(`the loss is ${loss}`);
    },
  };
});
