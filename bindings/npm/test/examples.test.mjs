// The examples learn. Each is cut short; examples/run.mjs runs it whole.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { load } from '../dist/index.js';
import { names, read } from '../examples/files.mjs';

let tg;
before(async () => {
  tg = await load({ threads: 1, deterministic: true });
});
after(() => tg.close());

const lines = [];
const log = (line) => lines.push(line);
const run = async (name, options) => {
  const example = await import(`../examples/${name}.mjs`);
  return example.run(tg, { files: await read(example.files), log, ...options });
};

test('a residual network tells generated digits', async () => {
  const { accuracy } = await run('residual', { dataset: await tg.datasets.digits({ train: 1000, test: 200 }), epochs: 3, batchSize: 25 });
  assert.ok(accuracy > 0.7, `accuracy ${accuracy}`);
});

test('words by themselves tell half of the reviews, their order nearly all', async () => {
  const { accuracy, praise } = await run('sentiment', { epochs: 4 });
  assert.ok(accuracy > 0.95, `accuracy ${accuracy}`);
  const [good, bad] = await praise('The acting was not dull', 'the acting was not great');
  assert.ok(good > 0.5 && bad < 0.5, `${good} ${bad}`);
});

test('a small Transformer learns a short text by heart', async () => {
  const wrote = [];
  const { loss, write } = await run('transformer', {
    files: ['the quick brown fox jumps over the lazy dog. pack my box with five dozen liquor jugs. '.repeat(20)],
    shape: { context: 24, width: 24, blocks: 2, heads: 2 }, epochs: 2, stepsPerEpoch: 100, prompt: 'the quick ', letters: 30, wrote: (text) => wrote.push(text),
  });
  assert.ok(loss < 1, `loss ${loss}`);
  assert.equal(wrote.length, 2);
  assert.match(await write('pack my ', 20), /^pack my box with/);
});

test('the Transformer that is trained whole has about half a million parameters', async () => {
  const { build, large } = await import('../examples/transformer.mjs');
  const model = build(tg, large, 100);
  await model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
  const n = (await model.getWeights()).reduce((sum, { data }) => sum + data.length, 0);
  assert.ok(n > 450e3 && n < 550e3, `${n} parameters`);
});

test('the forecast beats the naive one', async () => {
  const { forecast, naive } = await run('forecast', { epochs: 5 });
  assert.ok(forecast < (naive * 2) / 3, `off by ${forecast}, the naive one by ${naive}`);
});

test('prices of houses are told better than by their mean', async () => {
  const { off, guess } = await run('houses', { epochs: 10 });
  assert.ok(off < guess / 2, `off by ${off}, the mean by ${guess}`);
});

test('each example has a title, files and a number of epochs', async () => {
  for (const name of names) {
    const { title, files, epochs } = await import(`../examples/${name}.mjs`);
    assert.ok(title && Array.isArray(files) && epochs > 0, name);
  }
});
