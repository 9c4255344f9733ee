// A lane: one more thread for the kernels. It loads nothing but them, over the shared memory, and works until it is terminated.

import { runLane } from './kernels.js';
import { isNode, nodeModule } from './platform.js';
import type { LaneStart } from './protocol.js';

type Start = LaneStart & { lane: number };

async function serve(start: Start, post: (message: { laneReady: number } | { laneLost: string }) => void): Promise<void> {
  try {
    await runLane(start, start.lane, () => post({ laneReady: start.lane }));
  } catch (error) {
    // Told by a message: the page hears it even while the other lanes wait for this one.
    post({ laneLost: error instanceof Error ? error.message : String(error) });
  }
}

if (isNode) {
  void nodeModule<typeof import('node:worker_threads')>('worker_threads').then(({ parentPort }) => {
    parentPort?.once('message', (start: Start) => void serve(start, (message) => parentPort.postMessage(message)));
  });
} else {
  self.onmessage = (event: MessageEvent<Start>) => void serve(event.data, (message) => (self as unknown as Worker).postMessage(message));
}
