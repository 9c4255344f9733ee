// The engine: Go's wasm with the kernels beside it, in a worker of its own or on the calling thread. It starts them, hands the page's messages to Go
// and Go's to the page, and says so when Go ends.

import { TabgradError, asTabgradError, toWire } from './errors.js';
import { processorThreads } from './features.js';
import { makeGo } from './go_scope.js';
import { chooseKernels, lanesWait, loadKernels, type Kernels } from './kernels.js';
import { isNode } from './platform.js';
import type { EngineInfo, FromEngine, InitMessage, LaneStart, SpawnedMessage, ToEngine } from './protocol.js';
import { compilePacked } from './wasm_files.js';

/** The page's side of an engine on the calling thread. */
export interface EnginePort {
  receive(message: ToEngine | SpawnedMessage): void;
  end(): void;
}

type Post = (message: FromEngine, transfer?: ArrayBuffer[]) => void;

/** What wasm/browser finds as js.Global().Get("tabgrad"). Its other side is wasm/browser/host_js.go. */
interface Host {
  /** Of models and fits without a seed of their own. */
  seed: number;
  /** The kernels, ready to run; null for the plain Go backend. */
  kernels: Kernels | null;
  /** Go calls this once when it can take messages. */
  ready(dispatch: (message: ToEngine) => void): void;
  post: Post;
  /** Calls back after the event loop has gone round once, so that waiting messages are taken. */
  hop(callback: () => void): void;
  /** Bytes of Go's linear memory now. */
  goMemoryBytes(): number;
}

/** At most this many lanes unless the caller names a number: beyond it memory bandwidth and efficiency cores slow the barrier down. */
const maxAutoThreads = 8;

/** The same every time, so that a page's training can be repeated; load({ seed }) chooses another. */
const defaultSeed = 42;

export function startEngine({ init }: InitMessage, post: Post): EnginePort {
  let dispatch: ((message: ToEngine) => void) | undefined;
  let lanesStarted: ((lanes: number) => void) | undefined;
  let over = false;
  const lost = (error: TabgradError) => {
    if (over) return;
    over = true;
    post({ lost: toWire(error) });
  };

  /** Asks the page for lanes and waits until they run. */
  const spawn = (start: LaneStart, lanes: number) =>
    new Promise<number>((resolve) => {
      lanesStarted = resolve;
      post({ spawn: { ...start, lanes } });
    });

  const start = async (): Promise<EngineInfo> => {
    const choice = chooseKernels(init);
    const [url, name] = choice.kernels === 'none' ? [init.files.cpuWasm, 'tabgrad-cpu.wasm'] : [init.files.wasm, 'tabgrad.wasm'];
    const [goModule, kernels] = await Promise.all([
      compilePacked(url, name),
      choice.kernels === 'none' ? null : loadKernels(init.files, choice.kernels, choice.isolated),
    ]);
    let note = choice.note;
    if (kernels) {
      const wanted = init.threads === 'auto' ? Math.min(await processorThreads(), maxAutoThreads) : init.threads;
      if (wanted > 1 && choice.alone !== '') note = choice.alone;
      else if (wanted > 1) {
        kernels.host.lanes = await spawn(kernels.laneStart, wanted);
        if (kernels.host.lanes === 1) note = 'a lane could not be started';
        else await lanesWait(kernels.host);
      }
    }
    let ready!: () => void;
    const started = new Promise<void>((resolve) => (ready = resolve));
    const hop = makeHop();
    let goMemory: WebAssembly.Memory | undefined;
    const host: Host = {
      seed: init.seed ?? defaultSeed,
      kernels: kernels?.host ?? null,
      ready: (take) => {
        dispatch = take;
        ready();
      },
      post,
      // An engine that has ended on the calling thread must not go on computing there: its jobs are left where they hop.
      hop: (callback) => hop(() => void (over || callback())),
      goMemoryBytes: () => goMemory?.buffer.byteLength ?? 0,
    };
    const { go, output } = makeGo(host);
    const ended = new Promise<never>((_, reject) => {
      go.exit = (code) => {
        const error = exitError(code, output.text);
        reject(error);
        if (dispatch) lost(error);
        dispatch = undefined;
      };
    });
    // Only the engine with the kernels imports the trampoline: see simd.NewHosted.
    const imports = { ...go.importObject, tabgrad: { ...kernels?.trampoline } };
    let instance: WebAssembly.Instance;
    try {
      instance = await WebAssembly.instantiate(goModule, imports);
    } catch (error) {
      throw new TabgradError(error instanceof RangeError ? 'out_of_memory' : 'bad_wasm', `${name}: ${url} does not start (${String(error)})`, { cause: error });
    }
    goMemory = instance.exports['mem'] as WebAssembly.Memory;
    const running = go.run(instance);
    running.catch((error: unknown) => lost(asTabgradError(error, 'engine_lost')));
    await Promise.race([started, ended]);
    return {
      version: TABGRAD_VERSION,
      backend: kernels ? 'simd' : 'cpu',
      kernels: choice.kernels,
      threads: kernels?.host.lanes ?? 1,
      isolated: choice.isolated,
      note,
    };
  };

  start().then(
    (started) => {
      if (!over) post({ started });
    },
    (error: unknown) => post({ failed: toWire(asTabgradError(error, 'internal')) }),
  );

  return {
    receive(message) {
      if ('spawned' in message) return lanesStarted?.(message.spawned);
      if (over || !dispatch) return;
      try {
        dispatch(message);
      } catch (error) {
        lost(asTabgradError(error, 'engine_lost'));
      }
    },
    end() {
      over = true;
      dispatch = undefined;
    },
  };
}

/** Go's end as an error: its panic's message, or out of memory. */
function exitError(code: number, text: string): TabgradError {
  const line = text.split('\n').find((l) => /^(panic|fatal error|runtime):/.test(l)) ?? text.split('\n')[0] ?? '';
  if (/out of memory|cannot allocate/.test(text)) return new TabgradError('out_of_memory', `the engine ran out of memory (${line}); call load() again`);
  return new TabgradError('engine_lost', `the engine stopped with exit code ${code}${line === '' ? '' : `: ${line}`}; call load() again`, { details: { output: text } });
}

/** One turn of the event loop. A timer would be clamped to 4 ms in a browser. */
function makeHop(): (callback: () => void) => void {
  if (isNode) return (callback) => void setImmediate(callback);
  const { port1, port2 } = new MessageChannel();
  const waiting: (() => void)[] = [];
  port2.onmessage = () => waiting.shift()?.();
  return (callback) => {
    waiting.push(callback);
    port1.postMessage(null);
  };
}
