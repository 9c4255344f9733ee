// The npm package: import { load } from 'tabgrad'. Touches no global.

import { loadFrom, type LoadOptions, type Tabgrad } from './load.js';

/**
 * Starts the engine in a worker and resolves when it is ready. Rejects with a TabgradError: `bad_wasm` where a file is missing or isn't what it
 * should be, `unsupported`, `out_of_memory`, `engine_lost`. Each call starts an engine of its own.
 */
export function load(options?: LoadOptions): Promise<Tabgrad> {
  // Written out one by one, so that bundlers see the files and copy them.
  return loadFrom(
    () => ({
      engine: new URL('./engine.js', import.meta.url).href,
      lane: new URL('./lane.js', import.meta.url).href,
      wasm: new URL('./tabgrad.wasm', import.meta.url).href,
      cpuWasm: new URL('./tabgrad-cpu.wasm', import.meta.url).href,
      kernels: {
        strict: new URL('./kernels-strict.wasm', import.meta.url).href,
        relaxed: new URL('./kernels-relaxed.wasm', import.meta.url).href,
        'strict-single': new URL('./kernels-strict-single.wasm', import.meta.url).href,
        'relaxed-single': new URL('./kernels-relaxed-single.wasm', import.meta.url).href,
      },
      trampoline: new URL('./trampoline.wasm', import.meta.url).href,
    }),
    options,
  );
}

export * from './api.js';
