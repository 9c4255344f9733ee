// What differs between a browser and Node: starting a worker and reading a file. Everything else is written once.

import { TabgradError } from './errors.js';

/** A started worker, the same in a browser and in Node. */
export interface WorkerHandle {
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  /** Whether the worker keeps a Node process alive. In a browser it does nothing. */
  keepAlive(on: boolean): void;
  terminate(): Promise<void>;
}

export interface WorkerEvents {
  message(message: unknown): void;
  /** The worker died or could not be started. Called at most once, and never after terminate(). */
  died(why: string): void;
}

export const isNode: boolean =
  typeof process === 'object' && process !== null && typeof process.versions === 'object' && typeof process.versions.node === 'string' && typeof window === 'undefined';

/** Imports one of Node's own modules, unseen by bundlers, which would look for it in a browser's build. */
export async function nodeModule<T>(name: string): Promise<T> {
  const specifier = `node:${name}`;
  return (await import(/* @vite-ignore */ /* webpackIgnore: true */ specifier)) as T;
}

export function startWorker(url: string, name: string, events: WorkerEvents): Promise<WorkerHandle> {
  return isNode ? startNodeWorker(url, name, events) : Promise.resolve(startWebWorker(url, name, events));
}

function startWebWorker(url: string, name: string, events: WorkerEvents): WorkerHandle {
  if (typeof Worker === 'undefined') throw new TabgradError('unsupported', `${name}: this browser has no workers here; load({ worker: false }) runs the engine on the calling thread`);
  // A worker's script must come from the page's origin. A blob does, and may import the real one from anywhere.
  let blob: string | undefined;
  if (new URL(url).origin !== location.origin) {
    blob = URL.createObjectURL(new Blob([`importScripts(${JSON.stringify(url)});`], { type: 'text/javascript' }));
  }
  const worker = new Worker(blob ?? url, { name });
  let over = false;
  const died = (why: string) => {
    if (over) return;
    over = true;
    worker.terminate();
    events.died(why);
  };
  worker.onmessage = (event) => {
    if (blob !== undefined) URL.revokeObjectURL(blob);
    blob = undefined;
    events.message(event.data);
  };
  worker.onmessageerror = () => died('a message to the page could not be read');
  worker.onerror = (event) => {
    event.preventDefault();
    died(event.message || 'its script could not be loaded');
  };
  return {
    post: (message, transfer) => worker.postMessage(message, (transfer ?? []) as ArrayBuffer[]),
    keepAlive() {},
    async terminate() {
      over = true;
      worker.terminate();
    },
  };
}

async function startNodeWorker(url: string, name: string, events: WorkerEvents): Promise<WorkerHandle> {
  const { Worker } = await nodeModule<typeof import('node:worker_threads')>('worker_threads');
  // The process's own arguments are about its program (--input-type, --test), not about this one.
  const worker = new Worker(new URL(url), { name, execArgv: [] });
  let over = false;
  const died = (why: string) => {
    if (over) return;
    over = true;
    void worker.terminate();
    events.died(why);
  };
  worker.on('message', events.message);
  worker.on('messageerror', (error) => died(error.message));
  worker.on('error', (error) => died(error instanceof Error ? error.message : String(error)));
  worker.on('exit', (code) => died(`its thread ended with code ${code}`));
  return {
    post: (message, transfer) => worker.postMessage(message, transfer ?? []),
    keepAlive: (on) => (on ? worker.ref() : worker.unref()),
    async terminate() {
      over = true;
      worker.ref(); // or the process could end before it is told that this has
      await worker.terminate();
    },
  };
}

/** Why a script that should have started a worker didn't: what its URL answers, in words. Empty when it answers as it should. */
export async function explainScript(url: string): Promise<string> {
  if (isNode) return '';
  try {
    const response = await fetch(url);
    const type = response.headers.get('content-type') ?? 'no content-type';
    if (!response.ok) return `${url} answered ${response.status}`;
    if (!/javascript|ecmascript/.test(type)) return `${url} answered ${response.status} with ${type}, want JavaScript`;
    if (crossOriginIsolated && !response.headers.has('cross-origin-embedder-policy')) {
      return `${url} answered without the header Cross-Origin-Embedder-Policy, which a worker of a cross-origin isolated page needs`;
    }
    return '';
  } catch (error) {
    return `${url} could not be fetched (${error instanceof Error ? error.message : String(error)})`;
  }
}
