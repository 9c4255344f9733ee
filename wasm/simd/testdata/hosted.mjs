// Runs hosted.wasm, the package's tests compiled for js, in Node, after preparing the kernels as host_js.go says a page must:
//   node hosted.mjs FOLDER VARIANT LANES ARGUMENTS...
// FOLDER holds hosted.wasm, kernels-VARIANT.wasm, trampoline.wasm and Go's wasm_exec.js. VARIANT is strict, relaxed or strict-single, whose memory
// isn't shared. LANES 0 loads no kernels. LOSE=1 in the environment ends the lanes before Go starts.
import fs, { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path, { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Worker, isMainThread, workerData } from 'node:worker_threads';

const controlPatience = 516;
const controlReady = 768;

if (!isMainThread) {
  const { module, memory, lane } = workerData;
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  exports.lane_loop(lane);
} else {
  const [folder, variant, count, ...rest] = process.argv.slice(2);
  const lanes = Number(count);
  Object.assign(globalThis, { fs, path, tabgrad: { kernels: null } });
  createRequire(import.meta.url)(join(folder, 'wasm_exec.js'));
  const compile = (name) => WebAssembly.compile(readFileSync(join(folder, name)));
  const trampoline = (await WebAssembly.instantiate(await compile('trampoline.wasm'))).exports;
  if (lanes > 0) {
    const memory = new WebAssembly.Memory({ initial: 16, maximum: 2048, shared: !variant.endsWith('-single') });
    // Node 20 has relaxed SIMD behind a flag, which later versions no longer know.
    if (!WebAssembly.validate(readFileSync(join(folder, `kernels-${variant}.wasm`)))) setFlagsFromString('--experimental-wasm-relaxed-simd');
    const module = await compile(`kernels-${variant}.wasm`);
    const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
    const workers = [];
    for (let lane = 1; lane < lanes; lane++) workers.push(new Worker(new URL(import.meta.url), { workerData: { module, memory, lane } }));
    const words = new Int32Array(memory.buffer);
    while (Atomics.load(words, controlReady / 4) < lanes - 1) await new Promise((later) => setTimeout(later, 1));
    if (process.env.LOSE) {
      words[controlPatience / 4] = 1; // 100 ms
      await Promise.all(workers.map((worker) => worker.terminate()));
    }
    globalThis.tabgrad.kernels = { variant: variant.replace('-single', ''), lanes, memory, exports, table: trampoline.table };
  }
  const go = new globalThis.Go();
  go.argv = ['hosted', ...rest];
  go.exit = (code) => process.exit(code); // with the lanes
  const instance = await WebAssembly.instantiate(await compile('hosted.wasm'), { ...go.importObject, tabgrad: trampoline });
  await go.run(instance);
}
