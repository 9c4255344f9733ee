// npm run build: Go to WebAssembly, TypeScript to JavaScript and declarations, all into dist/.

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

const here = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const root = resolve(here, '../..');
const dist = join(here, 'dist');
const { version } = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'));

const run = (command, args, options = {}) => (execFileSync(command, args, { stdio: ['ignore', 'pipe', 'inherit'], cwd: root, ...options }) ?? "").toString();

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });

// What is downloaded counts. -s -w leaves out symbols and debug information, a quarter of the file. -l, no inlining, takes another tenth off what
// is left after compression (906 KB for 993); the packages that do arithmetic keep it.
const module = 'github.com/tabgrad/tabgrad';
const inlined = [`${module}/nn/cpu`, `${module}/nn/data/...`, 'gonum.org/...', 'math/...'].map((pattern) => `-gcflags=${pattern}=`);
const docs = join(dist, 'docs.json');
writeFileSync(docs, run('go', ['run', './bindings/gen', '-docs']));
for (const [program, name, tags] of [
  ['./wasm/browser', 'tabgrad.wasm', 'nogzip'], // nearly every browser that has SIMD unpacks gzip itself
  ['./wasm/browser/cpu', 'tabgrad-cpu.wasm', ''],
]) {
  run('go', ['build', '-trimpath', `-tags=${tags}`, '-ldflags=-s -w', '-gcflags=all=-l', ...inlined, '-o', join(dist, name), program], {
    env: { ...process.env, GOOS: 'js', GOARCH: 'wasm' },
  });
  // Two fifths less to download: no lines and no names in traces, nothing that only GODEBUG needs, none of the registry's sentences, and
  // instructions that are packed by what they are. The names of functions stand beside the program, for whoever reads a trace; see wasm/shrink.
  const names = join(dist, name.replace('.wasm', '.names.txt'));
  run('go', ['run', './wasm/shrink', '-pack', '-unused', '-names', names, '-blank', docs, join(dist, name)]);
}
rmSync(docs);
for (const [from, to] of [
  ['gen_kernels_strict.wasm', 'kernels-strict.wasm'],
  ['gen_kernels_relaxed.wasm', 'kernels-relaxed.wasm'],
  ['gen_kernels_strict_single.wasm', 'kernels-strict-single.wasm'],
  ['gen_kernels_relaxed_single.wasm', 'kernels-relaxed-single.wasm'],
  ['gen_trampoline.wasm', 'trampoline.wasm'],
]) {
  copyFileSync(join(root, 'wasm/kernels', from), join(dist, to));
}

// The runtime must be that of the compiler which built tabgrad.wasm, so it is taken from there, unpatched. It reads and writes globals: as the body
// of a function with these parameters it sees ours instead. See src/go_scope.ts.
const goRuntime = {
  name: 'go-runtime',
  setup(build) {
    build.onResolve({ filter: /^tabgrad:go-runtime$/ }, () => ({ path: 'wasm_exec.js', namespace: 'go-runtime' }));
    build.onLoad({ filter: /.*/, namespace: 'go-runtime' }, () => {
      const source = readFileSync(join(run('go', ['env', 'GOROOT']).trim(), 'lib/wasm/wasm_exec.js'), 'utf8');
      return { contents: `export default function (globalThis, fs) {\n${source}\nreturn globalThis.Go;\n}`, loader: 'js' };
    });
  },
};

const common = {
  absWorkingDir: here,
  bundle: true,
  target: 'es2022',
  platform: 'neutral',
  charset: 'utf8',
  legalComments: 'inline',
  define: { TABGRAD_VERSION: JSON.stringify(version) },
  plugins: [goRuntime],
  logLevel: 'warning',
};
await Promise.all([
  esbuild.build({ ...common, entryPoints: ['src/index.ts'], outfile: 'dist/index.js', format: 'esm' }),
  esbuild.build({ ...common, entryPoints: ['src/script.ts'], outfile: 'dist/tabgrad.js', format: 'iife', globalName: 'tabgrad', minify: true }),
  // Workers are scripts without imports and exports: these run as classic workers, from a blob of another origin, and as modules in Node.
  esbuild.build({ ...common, entryPoints: ['src/engine.ts'], outfile: 'dist/engine.js', format: 'iife', minify: true }),
  esbuild.build({ ...common, entryPoints: ['src/lane.ts'], outfile: 'dist/lane.js', format: 'iife', minify: true }),
]);

run(process.execPath, [join(here, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'], { cwd: here, stdio: ['ignore', 'inherit', 'inherit'] });
