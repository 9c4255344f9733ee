// Starts hosted.wasm in Node as host_js.go says a page must:
//   node hosted.mjs FOLDER LANES COMMAND
// FOLDER holds hosted.wasm, kernels.wasm, trampoline.wasm and Go's wasm_exec.js. LANES 0 loads no kernels.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Worker, isMainThread, workerData } from 'node:worker_threads';

const controlReady = 768;

if (!isMainThread) {
  const { module, memory, lane } = workerData;
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  exports.lane_loop(lane);
} else {
  const [folder, lanes, command] = [process.argv[2], Number(process.argv[3]), process.argv[4]];
  createRequire(import.meta.url)(join(folder, 'wasm_exec.js'));
  const compile = (name) => WebAssembly.compile(readFileSync(join(folder, name)));
  const trampoline = (await WebAssembly.instantiate(await compile('trampoline.wasm'))).exports;
  globalThis.tabgrad = { kernels: null };
  const workers = [];
  if (lanes > 0) {
    const memory = new WebAssembly.Memory({ initial: 16, maximum: 2048, shared: true });
    const module = await compile('kernels.wasm');
    const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
    for (let lane = 1; lane < lanes; lane++) workers.push(new Worker(new URL(import.meta.url), { workerData: { module, memory, lane } }));
    const words = new Int32Array(memory.buffer);
    while (Atomics.load(words, controlReady / 4) < lanes - 1) await new Promise((later) => setTimeout(later, 1));
    globalThis.tabgrad.kernels = { variant: 'strict', lanes, memory, exports, table: trampoline.table };
  }
  const go = new globalThis.Go();
  go.argv = ['hosted', command];
  go.exit = (code) => (process.exitCode = code);
  const instance = await WebAssembly.instantiate(await compile('hosted.wasm'), { ...go.importObject, tabgrad: trampoline });
  await go.run(instance);
  await Promise.all(workers.map((worker) => worker.terminate()));
}
