// The JavaScript side of the Worker: it starts Go with the kernels and the model beside it, and gives it requests one at a time.
//
// Go computes an answer inside of one call, without ever waiting: a request's body is read here before, and no stream leaves Go. So an instance can't be
// lent to two requests at once, none is lost with a request that is cancelled, and one instance is a full pool: an isolate has one thread, and a second
// instance would only take memory. An instance that fails is replaced at the next request.

import goModule from './endpoint.wasm';
import kernelsModule from './kernels.wasm';
import trampolineModule from './trampoline.wasm';
import goRuntime from './go_runtime.mjs';

const defaultMaxBody = 1 << 20;

/** The instance that answers. */
let current;
let instances = 0;

/** When a request began to load the model, 0 while none does. */
let loadingSince = 0;
/** A request that has loaded for so long has been cancelled. */
const loadingPatience = 5000;

export default {
  async fetch(request, env) {
    let body;
    try {
      body = await readBody(request, Number(env.MAX_BODY) || defaultMaxBody);
    } catch {
      return refuse(400, 'bad_body', 'body: it ended before its time');
    }
    const headers = new Headers(request.headers);
    headers.delete('X-Tabgrad-Limited');
    if (env.RATE_LIMITER && request.method === 'POST') {
      const { success } = await env.RATE_LIMITER.limit({ key: headers.get('CF-Connecting-IP') ?? 'local' });
      if (!success) headers.set('X-Tabgrad-Limited', '1');
    }
    try {
      while (!current) {
        const now = Date.now();
        if (loadingSince === 0 || now - loadingSince > loadingPatience) await load(env);
        // A promise of another request's would never be kept if that request is cancelled: everyone waits for himself.
        else await scheduler.wait(2);
      }
      return current.answer({ url: request.url, method: request.method, headers, body });
    } catch (error) {
      console.error(error);
      return refuse(500, 'internal', 'the endpoint failed; its log says how');
    }
  },
};

async function load(env) {
  loadingSince = Date.now();
  try {
    const response = await env.ASSETS.fetch('http://assets/model.safetensors');
    if (!response.ok) throw new Error(`model.safetensors: the assets answered ${response.status}`);
    const model = await response.arrayBuffer();
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', model));
    const sha256 = Array.from(digest, (b) => b.toString(16).padStart(2, '0')).join('');
    current ??= new Instance(env, new Uint8Array(model), sha256);
  } finally {
    loadingSince = 0;
  }
}

/** A body that is too long is read on for so long: a connection that is closed in the middle of it would not bring the client its answer. */
const patienceBytes = 16 << 20;

/** All of a body, as Go wants it; of one that is too long, one byte more than Go takes. */
async function readBody(request, limit) {
  if (!request.body) return new Uint8Array();
  if (Number(request.headers.get('Content-Length')) > patienceBytes) {
    await request.body.cancel();
    return new Uint8Array(limit + 1);
  }
  const chunks = [];
  let size = 0;
  const reader = request.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (size <= limit) chunks.push(value);
    size += value.length;
    if (size > patienceBytes) {
      await reader.cancel();
      break;
    }
  }
  if (chunks.length === 1) return chunks[0].subarray(0, limit + 1);
  const body = new Uint8Array(Math.min(size, limit + 1));
  let at = 0;
  for (const chunk of chunks) {
    const part = chunk.subarray(0, body.length - at);
    body.set(part, at);
    at += part.length;
  }
  return body;
}

/** What package endpoint answers with, where there is no Go to do it. */
function refuse(status, code, message) {
  return Response.json({ error: { status, code, message } }, { status, headers: { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' } });
}

/** A Go runtime with the kernels. */
class Instance {
  #binding = {};
  #broken = '';
  #output = '';

  constructor(env, model, sha256) {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const kernels = new WebAssembly.Instance(kernelsModule, { env: { memory } }).exports;
    const trampoline = new WebAssembly.Instance(trampolineModule).exports;
    let mem;
    const host = {
      instance: ++instances,
      model,
      sha256,
      kernels: { variant: 'strict', lanes: 1, memory, exports: kernels, table: trampoline.table },
      goMemoryBytes: () => mem.buffer.byteLength,
      failed: (why) => (this.#broken = why),
    };
    const Go = makeRuntime({ tabgrad: host, context: { env, binding: this.#binding } }, (text) => {
      if (this.#output.length < 4000) this.#output += text;
      console.error(text);
    });
    const go = new Go();
    go.exit = (code) => (this.#broken ||= `Go ended with exit code ${code}: ${this.#output}`);
    let ready = false;
    const instance = new WebAssembly.Instance(goModule, { ...go.importObject, tabgrad: trampoline, workers: { ready: () => (ready = true) } });
    mem = instance.exports.mem;
    void go.run(instance); // returns when Go waits for the first request
    host.model = undefined; // Go has a copy
    if (!ready || this.#broken) throw new Error(this.#broken || 'Go waits before it is ready');
  }

  /** The response to one request, whose body is a Uint8Array. */
  answer(request) {
    let answer;
    try {
      answer = this.#binding.handleRequest(request);
    } catch (error) {
      this.#broken ||= String(error);
    }
    if (!this.#broken && !answer.settled) this.#broken = 'Go waits in the middle of a request';
    if (this.#broken) {
      if (current === this) current = undefined;
      throw new Error(this.#broken);
    }
    // The only error that package workers has of its own is that of a URL.
    if (answer.error) return refuse(400, 'bad_url', 'the URL is malformed');
    return answer.value;
  }
}

/** A promise without waiting: what Go has settled before it returns. */
class Settled {
  settled = false;
  constructor(executor) {
    executor(
      (value) => {
        this.settled = true;
        this.value = value;
      },
      (error) => {
        this.settled = true;
        this.error = error;
      },
    );
  }
}

/** wasm_exec.js's Go, whose js.Global() has these names and what is in more. */
function makeRuntime(more, write) {
  const decoder = new TextDecoder();
  const fs = {
    constants: { O_WRONLY: -1, O_RDWR: -1, O_CREAT: -1, O_TRUNC: -1, O_APPEND: -1, O_EXCL: -1, O_DIRECTORY: -1 },
    writeSync(_fd, bytes) {
      write(decoder.decode(bytes));
      return bytes.length;
    },
    write(fd, bytes, _offset, _length, _position, done) {
      done(null, fs.writeSync(fd, bytes));
    },
  };
  const absent = () => {
    throw new Error('not implemented');
  };
  const scope = {
    Object, Array, Error, Uint8Array, Uint8ClampedArray, Int32Array, Float32Array, Date, WebAssembly, TextEncoder, TextDecoder,
    Request, Response, Headers, ReadableStream, crypto, performance,
    Promise: Settled,
    fs,
    process: { pid: -1, ppid: -1, getuid: () => -1, getgid: () => -1, geteuid: () => -1, getegid: () => -1, getgroups: absent, umask: absent, cwd: absent, chdir: absent },
    path: { resolve: (...segments) => segments.join('/') },
    ...more,
  };
  // A timer belongs to the request that made it, and would ring in none or in another's. Nothing in a request waits for one; what Go's runtime would do at
  // its time (give memory back) it does in the next request.
  let timers = 0;
  return goRuntime(scope, fs, () => ++timers, () => {});
}
