// Layers that learn from data, augmentation, and text, through the API. Keras's numbers for the same are in nn/testdata/keras.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { load } from '../dist/index.js';
import { fails } from './engine.mjs';
import { make } from './goldens.mjs';

let tg;
before(async () => {
  tg = await load({ threads: 1, deterministic: true });
});
after(() => tg.close());

const golden = (family) => JSON.parse(readFileSync(new URL(`../../../nn/testdata/keras/${family}.json`, import.meta.url))).cases;
const near = (got, want, what) => {
  assert.equal(got.length, want.length, what);
  const largest = Math.max(...want.map(Math.abs), 1e-6);
  want.forEach((w, i) => assert.ok(Math.abs(got[i] - w) <= 1e-5 * Math.abs(w) + 2e-6 * largest, `${what}[${i}] is ${got[i]}, want ${w}`));
};

test('the preprocessing layers give what Keras gives', async () => {
  const cases = golden('preprocessing').filter((c) => c.weights === undefined);
  assert.ok(cases.length > 90);
  for (const c of cases) {
    const layer = make(tg, 'layers', { class_name: c.class_name, config: { ...c.config, inputShape: c.x.shape.slice(1) } });
    const batches = c.adapt?.map((b) => tg.tensor(Float32Array.from(b.data), b.shape));
    if (batches?.length === 1) await tg.adapt(layer, batches[0]);
    else if (batches) await tg.adapt(layer, batches);
    const model = tg.sequential({ layers: [layer] });
    const y = await model.predict(tg.tensor(Float32Array.from(c.x.data), c.x.shape));
    assert.deepEqual(y.shape, c.expect.y.shape, c.name);
    near(y.data, c.expect.y.data, c.name);
    model.dispose();
  }
});

test('TextVectorization and StringLookup give what Keras gives', async () => {
  for (const c of golden('text')) {
    const make = (config) => (c.class_name === 'StringLookup' ? tg.stringLookup(config) : tg.textVectorization(config));
    const text = make(c.config);
    if (c.stream) await text.adapt(c.adapt);
    else if (c.adapt) await text.adapt(c.adapt);
    // Once more of its config, through JSON.
    for (const t of [text, make(JSON.parse(JSON.stringify((await text.getConfig()).config)))]) {
      assert.deepEqual(await t.getVocabulary(), c.expect.vocabulary, c.name);
      const y = await t.apply(c.texts);
      assert.deepEqual(y.shape, c.expect.y.shape, c.name);
      assert.ok(y.data instanceof (c.config.output_mode === 'tf_idf' ? Float32Array : Int32Array), c.name);
      near(y.data, c.expect.y.data, c.name);
    }
  }
});

test('what a layer has learnt is saved with the model', async () => {
  const norm = tg.layers.normalization({ inputShape: [2] });
  async function* batches() {
    yield [[1, 10], [2, 10]];
    yield { xs: tg.tensor(Uint8Array.of(6, 60, 8, 60), [2, 2], { scale: 0.5 }), ys: [0, 0] };
  }
  await tg.adapt(norm, batches());
  const model = tg.sequential({ layers: [norm, tg.layers.discretization({ binBoundaries: [0] })] });
  const weights = await model.getWeights();
  assert.deepEqual(weights.map((w) => [w.name, [...w.data]]), [['normalization/mean', [2.5, 20]], ['normalization/variance', [1.25, 100]], ['normalization/count', [0]]]);
  let files;
  await model.save({ save: (artifacts) => ((files = artifacts), { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } }) });
  const again = await tg.loadModel({ load: () => files });
  assert.deepEqual([...(await again.predict([[2, 21]])).data], [0, 1]);
  await assert.rejects(tg.adapt(norm, [[1, 2]]), fails('bad_config', /adapt: Normalization is part of a model that is built; adapt it before/));
});

test('a layer whose data end in an error has learnt nothing', async () => {
  const norm = tg.layers.normalization({ inputShape: [1] });
  async function* broken() {
    yield [[100]];
    throw new Error('the file ends here');
  }
  await assert.rejects(tg.adapt(norm, broken()), /the file ends here/);
  await assert.rejects(tg.adapt(norm, [[[1]], [[1, 2]]].map((b) => tg.tensor(b))), fails('shape_mismatch', /adapt: normalization: a batch has samples of \[2\], the first had \[1\]/));
  await assert.rejects(tg.adapt(norm, [[NaN]]), fails('bad_data', /adapt: normalization: sample 0 holds NaN/));
  await assert.rejects(tg.adapt(norm, 7), fails('bad_data', /adapt: data is number 7, want a tensor or an iterable of batches/));
  await assert.rejects(tg.adapt(norm, []), fails('bad_data', /adapt: normalization: there are no data/));
  await assert.rejects(tg.adapt(tg.layers.dense({ units: 1 }), [[1]]), fails('bad_config', /adapt: dense learns nothing from data/));
  await assert.rejects(tg.adapt({}, [[1]]), fails('bad_config', /adapt: got Object, want a layer/));
  await tg.adapt(norm, [[1], [3]]);
  const model = tg.sequential({ layers: [norm] });
  assert.deepEqual([...(await model.predict([[2], [3]])).data], [0, 1]);
});

test('augmentation acts in training, the same way for the same seed', async () => {
  const x = tg.tensor(Float32Array.from({ length: 8 * 16 }, (_, i) => (i % 16) / 16), [8, 4, 4, 1]);
  const y = Float32Array.from({ length: 8 }, (_, i) => i % 2);
  const losses = [];
  for (const seed of [3, 3, 4]) {
    const model = tg.sequential({
      seed,
      layers: [
        tg.layers.randomFlip({ mode: 'horizontalAndVertical', inputShape: [4, 4, 1] }),
        tg.layers.randomRotation({ factor: [-0.1, 0.3], fillMode: 'constant', fillValue: 0.5 }),
        tg.layers.randomZoom({ heightFactor: 0.3 }),
        tg.layers.randomTranslation({ heightFactor: 0.2, widthFactor: 0.2 }),
        tg.layers.flatten(),
        tg.layers.dense({ units: 1, kernelInitializer: tg.initializers.constant({ value: 0.1 }) }),
      ],
    });
    model.compile({ optimizer: tg.optimizers.sgd({ learningRate: 0 }), loss: 'meanSquaredError' });
    const steps = [];
    for (let i = 0; i < 3; i++) steps.push((await model.trainOnBatch(x, y)).loss);
    losses.push(steps);
    assert.equal((await model.evaluate(x, y)).loss, (await model.evaluate(x, y)).loss);
    const plain = tg.sequential({ layers: [tg.layers.flatten({ inputShape: [4, 4, 1] }), tg.layers.dense({ units: 1, kernelInitializer: tg.initializers.constant({ value: 0.1 }) })] });
    assert.deepEqual(await model.predict(x), await plain.predict(x));
  }
  assert.deepEqual(losses[0], losses[1]);
  assert.notDeepEqual(losses[0], losses[2]);
  assert.equal(new Set(losses[0]).size, 3, `the steps have the losses ${losses[0]}`);
});

test('text in functions of the page', async () => {
  const text = tg.textVectorization({ standardize: (t) => t.toUpperCase(), split: (t) => t.split('-'), ngrams: 2 });
  await text.adapt(['a-b', 'b', 'über-a']);
  assert.deepEqual(await text.getVocabulary(), ['', '[UNK]', 'B', 'A', 'ÜBER A', 'ÜBER', 'A B']);
  assert.deepEqual(await text.apply(['b-x', 'ü']), { data: Int32Array.of(2, 1, 1, 1, 0, 0), shape: [2, 3] });
  await assert.rejects(text.getConfig(), fails('bad_config', /TextVectorization: a function cannot be written into a config/));

  // Standardizing comes before splitting, here as in the engine.
  const engine = tg.textVectorization();
  const page = tg.textVectorization({ split: (t) => t.split(/[ \t\n\v\f\r]+/).filter((w) => w !== '') });
  const texts = ["Don't  sit\ton it\nmat?", 'Straße ÄÖ (über) [café] 日本; ~`^', '', 'a_b@c.d \ud800'];
  for (const t of [engine, page]) await t.adapt(texts);
  assert.deepEqual(await page.getVocabulary(), await engine.getVocabulary());
  assert.deepEqual(await page.apply(texts), await engine.apply(texts));
  for (const t of [text, engine, page]) t.dispose();
  await assert.rejects(text.apply(['a']), fails('disposed', /TextVectorization: it was disposed/));
});

test('what is wrong with text is said', async () => {
  const text = tg.textVectorization({ name: 'words' });
  await assert.rejects(text.apply(['a']), fails('bad_config', /words: there is no vocabulary: give one, or adapt it to texts first/));
  await assert.rejects(text.adapt([1, 2]), fails('bad_data', /adapt: a batch is number 1, want an array of strings/));
  await assert.rejects(text.apply(7), fails('bad_data', /apply: texts is number 7, want an array of strings/));
  await assert.rejects(text.adapt([]), fails('bad_data', /words: adapt: there are no tokens in the data/));
  await assert.rejects(tg.textVectorization({ outputMode: 'oneHot' }).getVocabulary(), fails('bad_config', /output_mode is "oneHot", wanted int or multi_hot or count or tf_idf/));
  await assert.rejects(tg.stringLookup({ vocabulary: ['a'], numOovIndices: 0 }).apply(['a', 'b']), fails('bad_data', /string_lookup: text 1 has "b", which is not in the vocabulary/));
  // An adapt that ended in an error is forgotten by the next.
  async function* broken() {
    yield ['zebra'];
    throw new Error('gone');
  }
  await assert.rejects(text.adapt(broken()), /gone/);
  await text.adapt(['horse']);
  assert.deepEqual(await text.getVocabulary(), ['', '[UNK]', 'horse']);
});

test('tabular data: categories of strings, numbers in ranges', async () => {
  const colour = tg.stringLookup({ outputMode: 'oneHot' });
  await colour.adapt(['red', 'green', 'red', 'blue']);
  assert.deepEqual(await colour.apply(['blue', 'red', 'pink']), { data: Int32Array.of(0, 0, 0, 1, 0, 1, 0, 0, 1, 0, 0, 0), shape: [3, 4] });
  const kept = JSON.parse(JSON.stringify({ colour: await colour.getConfig() }));
  assert.deepEqual(await tg.stringLookup(kept.colour.config).apply(['green']), await colour.apply(['green']));
});
