// The kernels: which build, their memory, and what Go and the lanes get of them. Their Go side is wasm/simd.

import { TabgradError } from './errors.js';
import { canShareMemory, hasRelaxedSimd, hasSimd } from './features.js';
import type { EngineFiles, InitMessage, LaneStart } from './protocol.js';
import { compileWasm } from './wasm_files.js';

type Variant = 'strict' | 'relaxed';

export interface Choice {
  kernels: Variant | 'none';
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

/** The kernels as Go finds them, js.Global().Get("tabgrad").Get("kernels"); wasm/simd reads these names. */
export interface Kernels {
  variant: Variant;
  /** How many lanes run, with Go's own, lane 0. */
  lanes: number;
  memory: WebAssembly.Memory;
  /** run, start, stop: see wasm/kernels. */
  exports: WebAssembly.Exports;
  /** The trampoline's table, by which Go calls functions of exports. */
  table: WebAssembly.Table;
}

export interface LoadedKernels {
  host: Kernels;
  trampoline: WebAssembly.Exports;
  laneStart: LaneStart;
}

/** The byte address at which wasm/kernels counts the lanes that have entered lane_loop: its ControlReady. */
const controlReady = 768;

export async function loadKernels(files: EngineFiles, variant: Variant, shared: boolean): Promise<LoadedKernels> {
  const build = shared ? variant : (`${variant}-single` as const);
  const [module, trampolineModule] = await Promise.all([
    compileWasm(files.kernels[build], `kernels-${build}.wasm`),
    compileWasm(files.trampoline, 'trampoline.wasm'),
  ]);
  const memory = shared ? sharedMemory() : new WebAssembly.Memory({ initial: firstPages });
  const trampoline = (await WebAssembly.instantiate(trampolineModule)).exports;
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  return {
    host: { variant, lanes: 1, memory, exports, table: trampoline['table'] as WebAssembly.Table },
    trampoline,
    laneStart: { module, memory },
  };
}

/** Resolves when all lanes wait for work: each says that it is ready just before it begins to. */
export async function lanesWait({ memory, lanes }: Kernels): Promise<void> {
  const words = new Int32Array(memory.buffer);
  while (Atomics.load(words, controlReady / 4) < lanes - 1) await new Promise((later) => setTimeout(later, 1));
}

/** A lane's life: ready() is called just before its thread belongs to the kernels. It returns when they are told to stop, and throws when they fail. */
export async function runLane({ module, memory }: LaneStart, lane: number, ready: () => void): Promise<void> {
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  ready();
  const status = (exports['lane_loop'] as (lane: number) => number)(lane);
  if (status !== 0) throw new Error('another lane was lost');
}

/** 16 MiB to begin with, in pages of 64 KiB. */
const firstPages = 256;

/** In pages. The largest first; browsers and phones refuse what they can't reserve. */
const sharedLimits = [32768, 16384, 8192, 4096];

function sharedMemory(): WebAssembly.Memory {
  let refused: unknown;
  for (const maximum of sharedLimits) {
    try {
      return new WebAssembly.Memory({ initial: firstPages, maximum, shared: true });
    } catch (error) {
      refused = error;
    }
  }
  throw new TabgradError('out_of_memory', 'the browser refuses 256 MiB for the kernels', { cause: refused });
}
