// The kernels: which build, their memory, and what Go and the lanes get of them. Their Go side is wasm/simd.

import { TabgradError } from './errors.js';
import { canShareMemory, hasRelaxedSimd, hasSimd } from './features.js';
import type { EngineFiles, InitMessage, LaneStart } from './protocol.js';
import { compileWasm } from './wasm_files.js';

export interface Choice {
  kernels: 'strict' | 'relaxed' | 'none';
  isolated: boolean;
  /** Why it isn't what could be wished for; may be empty. */
  note: string;
  /** Why only one lane can run; empty where more can. */
  alone: string;
}

export function chooseKernels({ backend, deterministic }: InitMessage['init']): Choice {
  const isolated = canShareMemory();
  if (backend === 'cpu') return { kernels: 'none', isolated, note: '', alone: '' };
  if (!hasSimd()) {
    if (backend === 'simd') throw new TabgradError('unsupported', "load: backend 'simd' needs WebAssembly SIMD, which this browser doesn't have; backend 'cpu' runs without");
    return { kernels: 'none', isolated, note: 'no WebAssembly SIMD: plain Go', alone: '' };
  }
  let alone = '';
  if (!isolated) alone = 'one thread: the page is not cross-origin isolated (COOP and COEP headers)';
  else if (typeof window !== 'undefined') alone = "one thread: the engine runs on the page's own thread";
  return { kernels: !deterministic && hasRelaxedSimd() ? 'relaxed' : 'strict', isolated, note: '', alone };
}

/** The kernels in the engine: instantiated over their memory, lane 0's view. */
export interface Kernels {
  variant: 'strict' | 'relaxed';
  lanes: number;
  memory: WebAssembly.Memory;
  exports: WebAssembly.Exports;
  laneStart(): LaneStart;
  goImports(): WebAssembly.Imports;
}

export async function loadKernels(files: EngineFiles, variant: 'strict' | 'relaxed'): Promise<Kernels> {
  const module = await compileWasm(files[variant], `kernels-${variant}.wasm`);
  const memory = makeMemory();
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  return { variant, lanes: 1, memory, exports: instance.exports, laneStart: () => ({ module, memory }), goImports: () => ({}) };
}

export async function runLane({ module, memory }: LaneStart, lane: number, lanes: number, ready: () => void): Promise<void> {
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  ready();
  (instance.exports['lane'] as (lane: number, lanes: number) => void)(lane, lanes);
}

/** Pages of 64 KiB: the largest memory first; browsers and phones refuse what they can't reserve. */
const memoryLimits = [32768, 16384, 8192, 4096];

function makeMemory(): WebAssembly.Memory {
  let refused: unknown;
  for (const maximum of memoryLimits) {
    try {
      return new WebAssembly.Memory({ initial: 256, maximum, shared: true });
    } catch (error) {
      refused = error;
    }
  }
  throw new TabgradError('out_of_memory', 'the browser refuses 256 MiB for the kernels', { cause: refused });
}
