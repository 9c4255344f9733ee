// Go's runtime in a room of its own. wasm_exec.js, unpatched, wants to read and write globals (Go, fs, process, path); the build wraps it in a
// function whose `globalThis` and `fs` are parameters, so that it sees only what is listed here and the page's globals stay untouched.

import goRuntime from 'tabgrad:go-runtime';

/** What wasm_exec.js defines. */
export interface GoRuntime {
  importObject: WebAssembly.Imports;
  env: Record<string, string>;
  exit: (code: number) => void;
  run(instance: WebAssembly.Instance): Promise<void>;
}

export interface GoOutput {
  /** What the Go program wrote to standard error last; a panic's message and the first lines of its trace. */
  text: string;
}

/** A Go runtime whose `js.Global()` has these names and `tabgrad`, the host. */
export function makeGo(host: object): { go: GoRuntime; output: GoOutput } {
  const output: GoOutput = { text: '' };
  const decoder = new TextDecoder();
  const keep = 2000;
  const fs = {
    constants: { O_WRONLY: -1, O_RDWR: -1, O_CREAT: -1, O_TRUNC: -1, O_APPEND: -1, O_EXCL: -1, O_DIRECTORY: -1 },
    // The runtime's own writes: panics, fatal errors, println. The first lines say what happened; the trace after them is long.
    writeSync(_fd: number, bytes: Uint8Array): number {
      if (output.text.length < keep) output.text += decoder.decode(bytes.slice());
      return bytes.length;
    },
    write(fd: number, bytes: Uint8Array, _offset: number, _length: number, _position: unknown, done: (error: unknown, n: number) => void): void {
      done(null, fs.writeSync(fd, bytes));
    },
  };
  const absent = () => {
    throw new Error('not implemented');
  };
  const scope: Record<string, unknown> = {
    Object, Array, Error, Uint8Array, Uint8ClampedArray, Int32Array, Float32Array, Date, Promise, WebAssembly, Atomics, TextEncoder, TextDecoder,
    crypto: globalThis.crypto,
    performance: globalThis.performance,
    fs,
    process: { pid: -1, ppid: -1, getuid: () => -1, getgid: () => -1, geteuid: () => -1, getegid: () => -1, getgroups: absent, umask: absent, cwd: absent, chdir: absent },
    path: { resolve: (...segments: string[]) => segments.join('/') },
    tabgrad: host,
  };
  const Go = goRuntime(scope, fs) as new () => GoRuntime;
  return { go: new Go(), output };
}
