// Starting and ending the engine: what goes wrong must be said, and nothing may be left behind.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { load } from '../dist/index.js';
import { fails } from './engine.mjs';

let folder;
let server;
let origin;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tabgrad-start-'));
  server = createServer((request, response) => {
    if (request.url === '/page.wasm') response.writeHead(200, { 'content-type': 'text/html' }).end('<!DOCTYPE html><title>not here</title>');
    else if (request.url === '/typed.wasm') response.writeHead(200, { 'content-type': 'application/wasm' }).end('<!DOCTYPE html>');
    else response.writeHead(404).end('no');
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  origin = `http://127.0.0.1:${server.address().port}`;
});
after(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

test('a .wasm that comes back as a page, or not at all, is said to be so', async () => {
  await assert.rejects(load({ wasmUrl: `${origin}/page.wasm` }), fails('bad_wasm', /tabgrad\.wasm: .*\/page\.wasm answered 200 with text\/html/, /begins with "<!DOCTYPE html>/));
  await assert.rejects(load({ wasmUrl: `${origin}/typed.wasm` }), fails('bad_wasm', /typed\.wasm answered 200 with application\/wasm/));
  await assert.rejects(load({ wasmUrl: `${origin}/gone.wasm` }), fails('bad_wasm', /gone\.wasm answered 404/));
  await assert.rejects(load({ wasmUrl: join(folder, 'none.wasm') }), fails('bad_wasm', /none\.wasm could not be read/));
  await assert.rejects(load({ wasmUrl: `${origin}/page.wasm`, worker: false }), fails('bad_wasm', /text\/html/));
  await assert.rejects(load({ kernelsUrl: `${origin}/nowhere/` }), fails('bad_wasm', /kernels-\w+\.wasm: .* answered 404/));
});

test('an engine.js that is not there or not JavaScript rejects', async () => {
  await assert.rejects(load({ workerUrl: join(folder, 'no-engine.js') }), fails('engine_lost', /did not start/));
  await writeFile(join(folder, 'engine.mjs'), '<!DOCTYPE html>');
  await assert.rejects(load({ workerUrl: join(folder, 'engine.mjs') }), fails('engine_lost', /did not start/));
});

test('options are checked', async () => {
  await assert.rejects(load({ threads: 0 }), fails('bad_config', /threads is 0/));
  await assert.rejects(load({ backend: 'gpu' }), fails('bad_config', /backend is 'gpu'/));
  await assert.rejects(load({ backend: 'webgpu' }), fails('unsupported', /webgpu/));
  await assert.rejects(load({ seed: -1 }), fails('bad_config', /seed is -1/));
  await assert.rejects(load({ signal: AbortSignal.abort() }), fails('aborted', /aborted/));
});

test('the ESM build touches no global', async () => {
  const names = () => new Set(Object.getOwnPropertyNames(globalThis));
  const before = names();
  const tg = await load({ worker: false, backend: 'cpu' });
  await tg.stats();
  await tg.close();
  assert.deepEqual([...names()].filter((name) => !before.has(name)), []);
});

test('after close() everything rejects as disposed, and closed resolves', async () => {
  const tg = await load({ backend: 'cpu' });
  assert.equal(tg.backend, 'cpu');
  assert.equal(tg.threads, 1);
  assert.match(tg.version, /^\d+\.\d+\.\d+$/);
  await tg.close();
  assert.equal(await tg.closed, undefined);
  await assert.rejects(tg.stats(), fails('disposed', /closed/));
  await tg.close();
});

// A process that has an engine must end by itself: after close(), and also when it forgot to close.
for (const [name, ending] of [
  ['after close()', 'await tg.close();'],
  ['without close()', ''],
]) {
  test(`a Node process ends by itself ${name}`, async () => {
    const index = pathToFileURL(fileURLToPath(new URL('../dist/index.js', import.meta.url))).href;
    const program = `import { load } from ${JSON.stringify(index)}; const tg = await load({ threads: 3 }); console.log(tg.threads, (await tg.stats()).models); ${ending}`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { timeout: 60_000 });
    assert.equal(stdout, '3 0\n');
  });
}
