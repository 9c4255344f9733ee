// The build for one <script> tag: the global `tabgrad`. The files of the engine are beside the script.

import { kernelFiles, loadFrom, type LoadOptions, type Tabgrad } from './load.js';

// Known only while the script is first run.
const script = typeof document === 'object' && document.currentScript instanceof HTMLScriptElement ? document.currentScript.src : undefined;

export function load(options?: LoadOptions): Promise<Tabgrad> {
  const base = script ?? location.href;
  const beside = (name: string) => new URL(name, base).href;
  return loadFrom(
    () => ({
      engine: beside('engine.js'),
      lane: beside('lane.js'),
      wasm: beside('tabgrad.wasm'),
      cpuWasm: beside('tabgrad-cpu.wasm'),
      ...kernelFiles(base),
    }),
    options,
  );
}

export * from './api.js';
