// The systems that are compared, each behind the same two calls:
//
//   const session = await system.open(workload)   builds the workload's model; rejects where the system cannot
//   await session.run(steps)                      does so many steps, resolves to their milliseconds together
//   session.close()
//   await system.start(workload)                  from the import of the library to the end of its first training step, in milliseconds
//
// tabgrad is called as any page calls it. The other libraries each have a worker of their own (peers/), so that the page
// stays alive and a step that takes minutes can be ended. Native PyTorch is asked for over HTTP: `make bench` answers.

import { models, noise, predictBatch } from './workloads.js';

/** What can be measured here: tabgrad on one lane and on all, the peers that the server has, each { id, name, version, open, start }. */
export async function findSystems() {
  const versions = await (await fetch('peers/index.json')).json();
  const threads = crossOriginIsolated ? Math.min(navigator.hardwareConcurrency, 2) : 1;
  const systems = [tabgrad(1)];
  if (threads > 1) systems.push(tabgrad(threads));
  for (const threads of [1, 2]) {
    if (versions.pytorch) systems.push({ id: `pytorch-${threads}`, name: `native PyTorch, ${plural(threads, 'thread')}`, version: versions.pytorch, ...native(threads) });
  }
  if (versions['jax-js']) systems.push({ id: 'jax-js', name: 'jax-js, wasm', version: versions['jax-js'], ...inWorker('jaxjs.js', 'wasm') });
  if (versions.tfjs && versions['tfjs-wasm']) systems.push({ id: 'tfjs-wasm', name: 'tfjs, wasm', version: versions['tfjs-wasm'], ...inWorker('tfjs.js', 'wasm') });
  if (versions.tfjs) systems.push({ id: 'tfjs-cpu', name: 'tfjs, cpu', version: versions.tfjs, ...inWorker('tfjs.js', 'cpu') });
  return systems;
}

const plural = (n, what) => `${n} ${what}${n === 1 ? '' : 's'}`;

let imports = 0;

function tabgrad(threads) {
  const open = async (workload, module) => {
    const { load } = await import(module);
    const tg = await load({ threads });
    try {
      const spec = models[workload.model];
      const layers = spec.layers.map(({ layer, ...config }, i) => tg.layers[layer](i === 0 ? { ...config, inputShape: spec.input } : config));
      const model = tg.sequential({ layers });
      const { name, ...rates } = spec.optimizer;
      await model.compile({ optimizer: tg.optimizers[name](rates), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
      const run = workload.does === 'predict' ? predicting(tg, model, workload, spec) : training(tg, model, workload, spec);
      return { run, close: () => tg.close(), engine: { kernels: tg.info.kernels, version: tg.version } };
    } catch (error) {
      await tg.close();
      throw error;
    }
  };
  return {
    id: `tabgrad-${threads}`,
    name: `tabgrad, ${plural(threads, 'lane')}`,
    open: (workload) => open(workload, '../tabgrad/index.js'),
    async start(workload) {
      const began = performance.now();
      const session = await open(workload, `../tabgrad/index.js?${imports++}`); // a module of another address is fetched and run anew
      await session.run(1);
      const took = performance.now() - began;
      await session.close();
      return took;
    },
  };
}

/** Steps of a fit as the engine times them: from one step's begin to the next one's, batch and all, but without sending the data to it. */
function training(tg, model, workload, spec) {
  let data = { steps: 0 };
  return async (steps) => {
    if (data.steps !== steps) {
      const n = steps * workload.samples;
      const size = spec.input.reduce((a, b) => a * b, 1);
      data = {
        steps,
        x: tg.tensor(noise(n * size), [n, ...spec.input], { scale: 1 / 255 }),
        y: tg.oneHot(Int32Array.from({ length: n }, (_, i) => (i * 7) % 10), 10),
      };
    }
    let msPerStep = NaN;
    await model.fit(data.x, data.y, { batchSize: workload.samples, epochs: 1, callbacks: { onProgress: (p) => void ({ msPerStep } = p) } });
    return msPerStep * steps;
  };
}

/** Through the worker and back. */
function predicting(tg, model, workload, spec) {
  const size = spec.input.reduce((a, b) => a * b, 1);
  const x = tg.tensor(Float32Array.from(noise(workload.samples * size), (byte) => byte / 255), [workload.samples, ...spec.input]);
  return async (steps) => {
    const began = performance.now();
    for (let i = 0; i < steps; i++) await model.predict(x, { batchSize: Math.min(workload.samples, predictBatch) });
    return performance.now() - began;
  };
}

/** A library in a worker that peers/serve.js answers for. */
function inWorker(script, backend) {
  const open = async (workload) => {
    const worker = new Worker(`peers/${script}`, { type: 'module' });
    const ask = (message) =>
      new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => (data.error === undefined ? resolve(data) : reject(new Error(data.error)));
        worker.onerror = (event) => reject(new Error(event.message || `${script} could not be started`));
        worker.postMessage(message);
      });
    const session = {
      run: async (steps) => (await ask({ run: steps })).ms,
      close: () => worker.terminate(),
      threads: 0,
    };
    try {
      const { threads } = await ask({ open: workload, model: models[workload.model], backend });
      return Object.assign(session, { threads });
    } catch (error) {
      session.close();
      throw error;
    }
  };
  return { open, start: (workload) => startByOpening(open, workload) };
}

async function startByOpening(open, workload) {
  const began = performance.now();
  const session = await open(workload);
  try {
    await session.run(1);
    return performance.now() - began;
  } finally {
    session.close();
  }
}

function native(threads) {
  const ask = async (message) => {
    const response = await fetch('native', { method: 'POST', body: JSON.stringify({ threads, ...message }) });
    if (!response.ok) throw new Error((await response.text()).trim());
    return response.json();
  };
  return {
    async open(workload) {
      const { session } = await ask({ open: workload, model: models[workload.model] });
      return {
        run: async (steps) => (await ask({ session, run: steps })).ms,
        close: () => void ask({ session, close: true }),
      };
    },
    start: async (workload) => (await ask({ start: workload, model: models[workload.model] })).ms,
  };
}
