// The engine's worker, in a browser and in Node. The first message says where its files are; all others are engine_core's.

import { startEngine, type EnginePort } from './engine_core.js';
import { isNode, nodeModule } from './platform.js';
import type { FromEngine, InitMessage, SpawnedMessage, ToEngine } from './protocol.js';

type Incoming = InitMessage | ToEngine | SpawnedMessage;

function listen(post: (message: FromEngine, transfer?: ArrayBuffer[]) => void): (message: Incoming) => void {
  let engine: EnginePort | undefined;
  return (message) => {
    if ('init' in message) engine = startEngine(message, post);
    else engine?.receive(message);
  };
}

if (isNode) {
  void nodeModule<typeof import('node:worker_threads')>('worker_threads').then(({ parentPort }) => {
    if (!parentPort) throw new Error('engine.js runs in a worker that load() starts');
    const port = parentPort;
    port.on(
      'message',
      listen((message, transfer) => port.postMessage(message, transfer ?? [])),
    );
  });
} else {
  const scope = self as unknown as DedicatedWorkerGlobalScope;
  const take = listen((message, transfer) => scope.postMessage(message, transfer ?? []));
  scope.onmessage = (event: MessageEvent<Incoming>) => take(event.data);
}

interface DedicatedWorkerGlobalScope {
  onmessage: ((event: MessageEvent<Incoming>) => void) | null;
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
}
