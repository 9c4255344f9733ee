// The Worker that the benchmark measures beside ours: TensorFlow.js with the same model, asked and answering in the same way. BACKEND is cpu or wasm.

import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-cpu';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import backendModule from './tfjs-backend-wasm-simd.wasm';

let model;

export default {
  async fetch(request, env) {
    if (new URL(request.url).pathname !== '/v1/predict') return new Response('', { status: 404 });
    try {
      const bytes = new Uint8Array(await request.arrayBuffer());
      // A promise of another request's can't be awaited here. The benchmark's first request comes alone.
      model ??= await load(env);
      const row = tf.tidy(() => {
        const images = tf.tensor(Float32Array.from(bytes, (b) => b / 255), [bytes.length / 784, 28, 28, 1]);
        return model.predict(images).arraySync();
      });
      const predictions = row.map((probabilities) => ({ class: probabilities.indexOf(Math.max(...probabilities)), probabilities }));
      return Response.json({ predictions });
    } catch (error) {
      return new Response(String(error?.stack ?? error?.message ?? error), { status: 500 });
    }
  },
};

async function load(env) {
  if (env.BACKEND === 'wasm') useImported();
  if (!(await tf.setBackend(env.BACKEND))) throw new Error(`tfjs has no ${env.BACKEND} backend here`);
  await tf.ready();
  const file = async (name) => {
    const response = await env.ASSETS.fetch(`http://assets/${name}`);
    if (!response.ok) throw new Error(`${name}: ${response.status}`);
    return response.arrayBuffer();
  };
  const { modelTopology, weightsManifest } = JSON.parse(new TextDecoder().decode(await file('model.json')));
  const weightData = await Promise.all(weightsManifest.flatMap((group) => group.paths).map(file));
  const weightSpecs = weightsManifest.flatMap((group) => group.weights);
  return loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData }));
}

/** The wasm backend fetches its module and compiles it, which a Worker may not: it gets the one that is imported. */
function useImported() {
  setWasmPaths('/', true);
  tf.env().platform.fetch = async () => new Response(new Uint8Array());
  WebAssembly.instantiate = async (_bytes, imports) => ({ module: backendModule, instance: new WebAssembly.Instance(backendModule, imports) });
}
