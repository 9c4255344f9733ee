// What this browser can do, asked with the smallest modules that need it.

import { nodeModule } from './platform.js';

/** () -> v128: `i32.const 0; i8x16.splat` (opcode fd 0f). */
const simd = [0x41, 0x00, 0xfd, 0x0f];

/** () -> v128: three zero vectors and `f32x4.relaxed_madd` (opcode fd 85 02). */
const relaxedSimd = [0x41, 0x00, 0xfd, 0x0f, 0x41, 0x00, 0xfd, 0x0f, 0x41, 0x00, 0xfd, 0x0f, 0xfd, 0x85, 0x02];

export function hasSimd(): boolean {
  return valid(simd);
}

export function hasRelaxedSimd(): boolean {
  return valid(relaxedSimd);
}

/** Whether a module with one function of this body, which leaves a v128, is valid. */
function valid(body: number[]): boolean {
  const code = [0x00, ...body, 0x0b]; // no locals; end
  return WebAssembly.validate(
    new Uint8Array([
      0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, // \0asm, version 1
      0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b, // types: () -> v128
      0x03, 0x02, 0x01, 0x00, // functions: one, of type 0
      0x0a, code.length + 2, 0x01, code.length, ...code, // code
    ]),
  );
}

/** Whether lanes can share memory: isolation in a browser, always in Node. */
export function canShareMemory(): boolean {
  return typeof SharedArrayBuffer !== 'undefined' && (typeof crossOriginIsolated === 'undefined' || crossOriginIsolated);
}

/** The processor's threads as the browser tells them; 1 where it doesn't. */
export async function processorThreads(): Promise<number> {
  if (typeof navigator === 'object' && navigator.hardwareConcurrency > 0) return navigator.hardwareConcurrency;
  if (typeof process === 'object') {
    const { availableParallelism } = await nodeModule<typeof import('node:os')>('os');
    return availableParallelism();
  }
  return 1;
}
