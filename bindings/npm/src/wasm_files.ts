// Getting a .wasm file, and saying what came instead when it isn't one.

import { TabgradError, type ErrorCode } from './errors.js';
import { isNode, nodeModule } from './platform.js';

/** The compiled module behind a URL. Rejects with `bad_wasm`, naming the URL and what it answered. */
export async function compileWasm(url: string, what: string): Promise<WebAssembly.Module> {
  if (isNode && url.startsWith('file:')) {
    const { readFile } = await nodeModule<typeof import('node:fs/promises')>('fs/promises');
    let bytes: Uint8Array;
    try {
      bytes = await readFile(new URL(url));
    } catch (error) {
      throw bad(what, `${url} could not be read (${messageOf(error)})`, error);
    }
    return compileBytes(bytes, url, what, 'was read');
  }
  let response: Response;
  try {
    response = await fetch(url, { credentials: 'same-origin' });
  } catch (error) {
    throw bad(what, `${url} could not be fetched (${messageOf(error)})`, error);
  }
  const type = response.headers.get('content-type') ?? '';
  const answer = `answered ${response.status}${type === '' ? ' without a content-type' : ` with ${type}`}`;
  if (!response.ok) throw bad(what, `${url} ${answer}`);
  // Streaming compiles while it loads, and what was compiled is cached; but it wants the right content-type.
  if (type.split(';')[0]!.trim() === 'application/wasm') {
    try {
      return await WebAssembly.compileStreaming(response);
    } catch (error) {
      throw bad(what, `${url} ${answer}, but it can't be compiled (${messageOf(error)})`, error, 'bad_wasm');
    }
  }
  return compileBytes(new Uint8Array(await response.arrayBuffer()), url, what, answer);
}

async function compileBytes(bytes: Uint8Array, url: string, what: string, answer: string): Promise<WebAssembly.Module> {
  if (!(bytes[0] === 0 && bytes[1] === 0x61 && bytes[2] === 0x73 && bytes[3] === 0x6d)) {
    throw bad(what, `${url} ${answer}, but it is not WebAssembly: ${beginning(bytes)}`);
  }
  try {
    return await WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>);
  } catch (error) {
    throw bad(what, `${url} ${answer}, but it can't be compiled (${messageOf(error)})`, error);
  }
}

/** What a file that should have been something else begins with. */
function beginning(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'it is empty';
  const text = new TextDecoder().decode(bytes.slice(0, 40));
  // A page sent instead of the file is the usual reason; show it as text.
  if (/^[\x09\x0a\x0d\x20-\x7e]*$/.test(text)) return `it begins with ${JSON.stringify(text)}`;
  return `it begins with the bytes ${Array.from(bytes.slice(0, 4), (b) => b.toString(16).padStart(2, '0')).join(' ')}`;
}

function bad(what: string, problem: string, cause?: unknown, code: ErrorCode = 'bad_wasm'): TabgradError {
  return new TabgradError(code, `${what}: ${problem}`, { cause });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Compiles a program that wasm/shrink has packed: a module that makes the one that is wanted. One that isn't packed is taken as it is. */
export async function compilePacked(url: string, what: string): Promise<WebAssembly.Module> {
  const module = await compileWasm(url, what);
  if (!WebAssembly.Module.exports(module).some(({ name }) => name === 'unpack')) return module;
  const { memory, unpack } = (await WebAssembly.instantiate(module)).exports as { memory: WebAssembly.Memory; unpack: () => [from: number, to: number] };
  const [from, to] = unpack();
  return WebAssembly.compile(new Uint8Array(memory.buffer, from, to - from));
}
