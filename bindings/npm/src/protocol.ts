// The messages between the page's classes and the engine. bindings/protocol.go, where they are decoded, is their description;
// these are only their types.

import type { WireError } from './errors.js';

/** What can be in args and results: JSON's values and typed arrays. */
export type Wire = null | undefined | boolean | number | string | ArrayBufferView | readonly Wire[] | { readonly [key: string]: Wire };
export type WireObject = { readonly [key: string]: Wire };

export interface RequestMessage {
  id: number;
  method: string;
  args: WireObject;
}
export interface CancelMessage {
  cancel: number;
}
export interface AckMessage {
  ack: number;
  seq: number;
  /** The answer, where the event asks for one. */
  value?: Wire;
}
export type ToEngine = RequestMessage | CancelMessage | AckMessage;

export interface ReplyMessage {
  id: number;
  ok?: unknown;
  error?: WireError;
}
export interface EventMessage {
  id: number;
  event: string;
  /** Present where the engine waits for an AckMessage with the same number. */
  seq?: number;
  data: Record<string, unknown>;
}
/** The engine is gone and answers nothing more. */
export interface LostMessage {
  lost: WireError;
}

/** Where the engine's files are. Absolute URLs (file: URLs in Node). */
export interface EngineFiles {
  engine: string;
  lane: string;
  /** The engine with the kernels' backend, and the one in plain Go. */
  wasm: string;
  cpuWasm: string;
  /** Builds for a shared memory, and for one lane with a memory of its own. */
  kernels: Record<'strict' | 'relaxed' | 'strict-single' | 'relaxed-single', string>;
  trampoline: string;
}

/** The first message to the engine's worker. */
export interface InitMessage {
  init: {
    files: EngineFiles;
    backend: 'auto' | 'simd' | 'cpu' | 'webgpu';
    threads: number | 'auto';
    deterministic: boolean;
    seed?: number;
  };
}

/** The engine asks for lanes 1..count-1, which the page starts (the page stays responsive when a lane dies and the others spin). */
export interface SpawnMessage {
  spawn: LaneStart & { lanes: number };
}
/** What a lane's worker needs. */
export interface LaneStart {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
}
export interface SpawnedMessage {
  spawned: number;
}

/** What was chosen when the engine started. */
export interface EngineInfo {
  version: string;
  /** `simd`: the WebAssembly SIMD kernels. `cpu`: plain Go. */
  backend: 'simd' | 'cpu';
  /** Which build of the kernels. `strict` gives the same bits everywhere; `relaxed` uses fused multiply-adds. */
  kernels: 'strict' | 'relaxed' | 'none';
  threads: number;
  /** Whether the page is cross-origin isolated, which threads need in a browser. Node counts as isolated. */
  isolated: boolean;
  /** Why there aren't more threads, or why this backend; empty when all that was asked for was had. */
  note: string;
}
export interface StartedMessage {
  started: EngineInfo;
}
export interface FailedMessage {
  failed: WireError;
}
export type FromEngine = ReplyMessage | EventMessage | LostMessage | SpawnMessage | StartedMessage | FailedMessage;
