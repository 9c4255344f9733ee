// Runs an example in Node: node examples/run.mjs sentiment [epochs], after npm run build. MNIST's files are those of MNIST_DIR.

import { load } from '../dist/index.js';
import { names, read } from './files.mjs';

const [, , name, epochs] = process.argv;
if (!names.includes(name)) {
  console.error(`usage: node examples/run.mjs ${names.join('|')} [epochs]`);
  process.exit(2);
}
const example = await import(`./${name}.mjs`);
const tg = await load();
const started = performance.now();
try {
  const line = { onEpochEnd: (epoch, logs) => console.log(`epoch ${epoch + 1}`, ...Object.entries(logs).map(([key, v]) => `${key} ${v.toPrecision(4)}`)) };
  await example.run(tg, {
    files: await read(example.files),
    dataset: name === 'residual' ? await tg.datasets.mnist({ url: `${process.env.MNIST_DIR}/` }) : undefined,
    log: console.log,
    epochs: epochs && Number(epochs),
    callbacks: [line],
    wrote: (text) => console.log(text, '\n'),
  });
  console.log(`${((performance.now() - started) / 1000).toFixed(0)} s, ${tg.threads} threads`);
} finally {
  await tg.close();
}
