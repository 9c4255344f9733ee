// The package as a user has it: packed, installed in an empty folder without a network, type-checked, imported and run.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompressSync } from 'node:zlib';
import * as esbuild from 'esbuild';

const here = fileURLToPath(new URL('..', import.meta.url));
const run = async (command, args, cwd) => {
  try {
    return (await promisify(execFile)(command, args, { cwd, timeout: 120_000 })).stdout;
  } catch (error) {
    throw new Error(`${command} ${args.join(' ')}\n${error.stdout}${error.stderr}`, { cause: error });
  }
};

let folder;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tabgrad-user-'));
  const packed = JSON.parse(await run('npm', ['pack', '--json', '--silent', '--pack-destination', folder], here));
  const { filename } = Array.isArray(packed) ? packed[0] : Object.values(packed)[0];
  await writeFile(join(folder, 'package.json'), '{"private":true,"type":"module"}');
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', join(folder, filename)], folder);
  await copyFile(join(here, 'test/user/sample.ts'), join(folder, 'sample.ts'));
});
after(() => rm(folder, { recursive: true }));

test('the package holds all files of the engine and nothing else', async () => {
  const listed = (await run('find', ['node_modules/tabgrad', '-type', 'f'], folder)).split('\n').filter(Boolean);
  const names = listed.map((name) => name.replace('node_modules/tabgrad/', ''));
  for (const name of ['index.js', 'index.d.ts', 'tabgrad.js', 'engine.js', 'lane.js', 'tabgrad.wasm', 'tabgrad-cpu.wasm', 'tabgrad.names.txt', 'tabgrad-cpu.names.txt', 'kernels-strict.wasm', 'kernels-relaxed.wasm', 'kernels-strict-single.wasm', 'kernels-relaxed-single.wasm', 'trampoline.wasm']) {
    assert.ok(names.includes(`dist/${name}`), `dist/${name} is missing`);
  }
  const others = names.filter((name) => !/^dist\/[a-z_-]+\.(js|d\.ts|wasm|names\.txt)$/.test(name) && !['package.json', 'README.md', 'LICENSE'].includes(name));
  assert.deepEqual(others, []);
});

for (const [resolution, module] of [
  ['bundler', 'esnext'],
  ['nodenext', 'nodenext'],
]) {
  test(`its types fit a user's program (moduleResolution ${resolution})`, async () => {
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: { target: 'es2022', module, moduleResolution: resolution, lib: ['es2022', 'dom'], types: [], strict: true, noEmit: true, skipLibCheck: false },
        files: ['sample.ts'],
      }),
    );
    await run(process.execPath, [resolve(here, 'node_modules/typescript/bin/tsc'), '-p', folder], folder);
  });
}

test('it runs when imported', async () => {
  await esbuild.build({ entryPoints: [join(folder, 'sample.ts')], outfile: join(folder, 'sample.js'), format: 'esm', target: 'es2022' });
  const [result, code, graph] = (await run(process.execPath, ['sample.js'], folder)).trim().split('\n');
  assert.deepEqual(JSON.parse(result), { epochs: 200, seen: 200, accuracy: 1, shape: [4, 2] });
  assert.equal(code, 'shape_mismatch');
  assert.equal(graph, 'loss kind_accuracy kind_largest 4,2 4,8 4');
});

test('it is one script with one global', async () => {
  const source = await readFile(join(here, 'dist/tabgrad.js'), 'utf8');
  const names = new Function(`${source}\nreturn Object.keys(tabgrad)`)();
  for (const name of ['load', 'tensor', 'oneHot', 'TabgradError', 'layers', 'optimizers', 'losses', 'metrics', 'initializers']) assert.ok(names.includes(name), `tabgrad.${name} is missing`);
  assert.match(source, /^"use strict";var tabgrad=/);
});

test('the WebAssembly that a browser downloads is at most 750 KB, brotli', async () => {
  const names = ['tabgrad.wasm', 'kernels-relaxed.wasm', 'trampoline.wasm'];
  const sizes = await Promise.all(names.map(async (name) => [name, brotliCompressSync(await readFile(join(here, 'dist', name))).length]));
  const total = sizes.reduce((sum, [, size]) => sum + size, 0);
  assert.ok(total <= 750_000, `${total} bytes: ${sizes.map(([name, size]) => `${name} ${size}`).join(', ')}`);
});
