// Runs an example in Node: node examples/run.mjs sentiment [epochs], after npm run build. MNIST's files are those of MNIST_DIR.

import { readFile } from 'node:fs/promises';
import { load } from '../dist/index.js';

export const names = ['residual', 'sentiment', 'transformer', 'forecast', 'houses'];

/** The texts of an example's files. */
export async function read(files) {
  const folder = { 'README.md': '../../../', 'RATIONALE.md': '../../../nn/' };
  return Promise.all(files.map((file) => readFile(new URL(`${folder[file] ?? '../../../nn/examples/files/'}${file}`, import.meta.url), 'utf8')));
}

const [, script, name, epochs] = process.argv;
if (script?.endsWith('run.mjs')) {
  if (!names.includes(name)) throw new Error(`usage: node examples/run.mjs ${names.join('|')} [epochs]`);
  const example = await import(`./${name}.mjs`);
  const tg = await load();
  const started = performance.now();
  try {
    const options = { files: await read(example.files), log: console.log, epochs: epochs && Number(epochs) };
    const line = { onEpochEnd: (epoch, logs) => console.log(`epoch ${epoch + 1}`, ...Object.entries(logs).map(([key, v]) => `${key} ${v.toPrecision(4)}`)) };
    if (name === 'residual') options.dataset = await tg.datasets.mnist({ url: `${process.env.MNIST_DIR}/` });
    await example.run(tg, { ...options, callbacks: [line], wrote: (text) => console.log(text, '\n') });
    console.log(`${((performance.now() - started) / 1000).toFixed(0)} s, ${tg.info.threads} threads`);
  } finally {
    await tg.close();
  }
}
