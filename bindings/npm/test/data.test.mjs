// tg.data: streams of samples, CSV files, pictures, sequences.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { data, load } from '../dist/index.js';
import { fails, xorModel } from './engine.mjs';

let tg, folder;
before(async () => {
  tg = await load({ threads: 1 });
  folder = await mkdtemp(join(tmpdir(), 'tabgrad-data-'));
});
after(async () => {
  await tg.close();
  await rm(folder, { recursive: true });
});

const golden = (path) => JSON.parse(readFileSync(new URL(`../../../nn/${path}`, import.meta.url), 'utf8'));

describe('streams', () => {
  const upTo = (n) =>
    data.generator(function* () {
      for (let i = 0; i < n; i++) yield i;
    });
  const first = async (stream, n) => {
    const list = [];
    for await (const v of stream) {
      list.push(v);
      if (list.length === n) break;
    }
    return list;
  };
  const cases = {
    plain: [upTo(4), [0, 1, 2, 3]],
    'of an array': [data.generator([3, 1]), [3, 1]],
    map: [upTo(3).map((v) => 2 * v), [0, 2, 4]],
    'map, asynchronous': [upTo(3).map(async (v) => 2 * v), [0, 2, 4]],
    filter: [upTo(7).filter(async (v) => v % 2 === 0), [0, 2, 4, 6]],
    take: [upTo(9).take(3), [0, 1, 2]],
    'take more than there is': [upTo(2).take(3), [0, 1]],
    skip: [upTo(5).skip(3), [3, 4]],
    'skip all': [upTo(2).skip(3), []],
    repeat: [upTo(3).repeat(2), [0, 1, 2, 0, 1, 2]],
    'repeat without an end': [upTo(3).repeat(), [0, 1, 2, 0, 1, 2, 0, 1]],
    'repeat nothing': [upTo(0).repeat(), []],
    prefetch: [upTo(5).prefetch(2), [0, 1, 2, 3, 4]],
    'in a row': [upTo(20).filter((v) => v % 2 === 0).map((v) => 2 * v).skip(2).take(3).prefetch(4).repeat(2), [8, 12, 16, 8, 12, 16]],
    'shuffle by one': [upTo(4).shuffle(1), [0, 1, 2, 3]],
  };
  for (const [name, [stream, want]] of Object.entries(cases)) {
    test(name, async () => {
      assert.deepEqual(await first(stream, 8), want);
      assert.deepEqual(await first(stream, 8), want, 'the second time');
    });
  }

  test('shuffle goes by seed and epoch, loses none, and keeps to its buffer', async () => {
    const epoch = (stream, n) => first(stream.epoch(n));
    const stream = upTo(100).shuffle(10, { seed: 5 });
    const one = await epoch(stream, 0);
    assert.notDeepEqual(await epoch(stream, 1), one);
    assert.deepEqual(await epoch(upTo(100).shuffle(10, { seed: 5 }), 0), one);
    assert.notDeepEqual(await epoch(upTo(100).shuffle(10, { seed: 6 }), 0), one);
    one.forEach((v, at) => assert.ok(v <= at + 9, `${v} comes at place ${at}`));
    assert.deepEqual([...one].sort((a, b) => a - b), await epoch(upTo(100), 0));
    const repeated = await first(upTo(6).shuffle(6).repeat(2));
    assert.notDeepEqual(repeated.slice(0, 6), repeated.slice(6));
    // Every place is as likely: 4,000 times 5 elements, a thousand each within five standard deviations.
    const counts = new Map();
    for (let e = 0; e < 4000; e++) {
      const [v] = await epoch(upTo(4).shuffle(4), e);
      counts.set(v, (counts.get(v) ?? 0) + 1);
    }
    for (const n of counts.values()) assert.ok(Math.abs(n - 1000) < 5 * Math.sqrt(750), `${n} of 4,000`);
  });

  test('cache keeps what was read to its end', async () => {
    let reads = 0;
    const stream = upTo(3).map((v) => (reads++, v)).cache();
    await first(stream, 1);
    for (let i = 0; i < 3; i++) assert.deepEqual(await first(stream), [0, 1, 2]);
    assert.equal(reads, 4);
  });

  test('prefetch reads ahead, maps at once, and passes errors on', async () => {
    let running = 0;
    let most = 0;
    const slow = upTo(12).map(async (v) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 2));
      running--;
      return v;
    });
    assert.deepEqual(await first(slow.prefetch(4)), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    assert.ok(most >= 3 && most <= 5, `${most} at once`);
    const failing = upTo(9).map((v) => {
      if (v === 3) throw new RangeError('mine');
      return v;
    });
    await assert.rejects(first(failing.prefetch(2)), RangeError);
    await assert.rejects(first(failing.shuffle(2).batch(2)), RangeError);
  });

  test('an iterator that is left is returned', async () => {
    let returned = 0;
    const stream = data.generator(async function* () {
      try {
        for (;;) yield { xs: [1], ys: [2] };
      } finally {
        returned++;
      }
    });
    for await (const _ of stream.shuffle(3).batch(2).prefetch(2)) break;
    assert.equal(returned, 1);
  });

  test('batches hold what samples hold', async () => {
    const [batch] = await first(data.generator([{ xs: [1, 2], ys: 0, sampleWeight: 0.5 }, { xs: [3, 4], ys: 1, sampleWeight: 2 }]).batch(5));
    assert.deepEqual(batch, { xs: { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] }, ys: { data: Float32Array.of(0, 1), shape: [2] }, sampleWeight: Float32Array.of(0.5, 2) });
    const bytes = data.samples({ data: Uint8Array.of(1, 2, 3, 4), shape: [2, 2], scale: 0.5 }).batch(2);
    assert.deepEqual(await first(bytes), [{ xs: { data: Uint8Array.of(1, 2, 3, 4), shape: [2, 2], scale: 0.5 } }]);
    const named = await first(data.generator([{ xs: { a: [1], b: 2 }, ys: [3] }, { xs: { a: [4], b: 5 }, ys: [6] }]).batch(2));
    assert.deepEqual(named[0].xs, { a: { data: Float32Array.of(1, 4), shape: [2, 1] }, b: { data: Float32Array.of(2, 5), shape: [2] } });
    assert.deepEqual((await first(upTo(5).batch(2, { dropRemainder: true }))).map(({ xs }) => [...xs.data]), [[0, 1], [2, 3]]);
    assert.deepEqual(await data.samples([[1], [2]], [3, 4]).tensors(), { xs: { data: Float32Array.of(1, 2), shape: [2, 1] }, ys: { data: Float32Array.of(3, 4), shape: [2] } });
    for (const [samples, code, message] of [
      [[{ xs: [1] }, { xs: [1, 2] }], 'shape_mismatch', /xs of sample 1 is \[2\], the batch's first is \[1\]/],
      [[{ xs: [1] }, { xs: Int32Array.of(1) }], 'bad_data', /xs of sample 1 is of another type or scale/],
      [[{ xs: 'x' }], 'bad_data', /xs of sample 0: got "x"/],
    ]) {
      await assert.rejects(first(data.generator(samples).batch(2)), fails(code, message));
    }
    assert.throws(() => upTo(1).batch(0), fails('bad_config', /the size is 0/));
    assert.throws(() => upTo(1).shuffle(0), fails('bad_config', /size is 0/));
    assert.throws(() => upTo(1).prefetch(0), fails('bad_config', /prefetch: got 0/));
    await assert.rejects(first(data.generator(() => 7)), fails('bad_data', /got number 7/));
    assert.throws(() => data.samples([[1]], [1, 2]), fails('shape_mismatch', /x has 1 samples, y has 2/));
  });
});

describe('CSV files are read as nn/data reads them', () => {
  for (const { name, text, options, ...want } of golden('data/testdata/csv.json')) {
    test(name, async () => {
      const columns = options.columns?.map(({ category, ...column }) => ({ ...column, type: category ? 'category' : 'number' }));
      const given = { name: 'test', columns, target: options.targets, names: options.names, missing: options.missing, delimiter: options.comma };
      const bytes = new TextEncoder().encode(text);
      // Whole, and a byte at a time.
      for (const source of [() => [bytes], () => Array.from(bytes, (_, i) => bytes.subarray(i, i + 1)), () => Array.from(text)]) {
        const read = async () => {
          const csv = data.csv(source, given);
          const samples = [await csv.toArray(), await csv.toArray()];
          assert.deepEqual(samples[0], samples[1]);
          return { description: await csv.describe(), samples: samples[0] };
        };
        if (want.error !== undefined) {
          await assert.rejects(read(), (error) => {
            assert.equal(error.message, want.error);
            return true;
          });
          continue;
        }
        const { description, samples } = await read();
        assert.deepEqual([description.features, description.targets], [want.features, want.targets]);
        for (const column of description.columns) if (want.vocabularies?.[column.name]) assert.deepEqual(column.vocabulary, want.vocabularies[column.name]);
        assert.deepEqual(samples.map(({ xs }) => [...xs]), want.x.map((row) => row.map(Math.fround)));
        assert.deepEqual(samples.flatMap(({ ys }) => (ys ? [[...ys]] : [])), want.y.map((row) => row.map(Math.fround)));
      }
    });
  }

  test('sources: text, a path, a file, a URL, a stream, a function', async () => {
    const text = 'a,b\n1,2\n3,4\n';
    const path = join(folder, 'x.csv');
    await writeFile(path, text);
    const server = createServer((request, response) => (request.url === '/x.csv' ? response.end(text) : response.writeHead(404).end())).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const base = `http://127.0.0.1:${server.address().port}`;
    try {
      for (const source of [text, path, new Blob([text]), new URL(`${base}/x.csv`), [text.slice(0, 5), text.slice(5)], async () => new Response(text).body]) {
        assert.deepEqual(await data.csv(source, { target: 'b' }).toArray(), [{ xs: Float32Array.of(1), ys: Float32Array.of(2) }, { xs: Float32Array.of(3), ys: Float32Array.of(4) }]);
      }
      const once = data.csv(new Response(text).body, { columns: { a: 'number' } });
      assert.deepEqual(await once.toArray(), [{ xs: Float32Array.of(1) }, { xs: Float32Array.of(3) }]);
      assert.deepEqual((await once.describe()).features, ['a']);
      await assert.rejects(once.toArray(), fails('bad_data', /a stream is read once, and it is wanted again/));
      await assert.rejects(data.csv(new Response(text).body).toArray(), fails('bad_data', /read once/));
      const named = data.csv(new Response('1,2\n').body, { columns: { a: 'number' }, names: ['a', 'b'] }).cache();
      for (let i = 0; i < 2; i++) assert.deepEqual(await named.toArray(), [{ xs: Float32Array.of(1) }]);
      await assert.rejects(data.csv(`${base}/none.csv`).toArray(), fails('not_found', /none.csv answered 404/));
      await assert.rejects(data.csv(join(folder, 'none.csv')).toArray(), fails('not_found', /none.csv could not be read/));
      await assert.rejects(data.csv(7).toArray(), fails('bad_data', /got number 7, want a file/));
      await assert.rejects(data.csv(new File(['a\nx\n'], 'mine.csv'), { columns: { a: 'number' } }).toArray(), fails('bad_data', /^mine.csv: line 2, column a: is "x", wanted a number$/));
    } finally {
      server.close();
    }
  });

  test('a network learns from one, with categories, and from its tensors the same way', async () => {
    const lines = Array.from({ length: 200 }, (_, i) => `${i % 10},${['red', 'green', 'blue'][i % 3]},${(i % 10) * 0.3 + [1, -1, 0.5][i % 3]}`);
    const csv = tg.data.csv(`n,colour,y\n${lines.join('\n')}\n`, { columns: { n: 'number', colour: { type: 'category', oneHot: true }, y: { target: true } } });
    assert.deepEqual(await csv.describe(), {
      columns: [
        { name: 'n', type: 'number', target: false },
        { name: 'colour', type: 'category', target: false, vocabulary: ['blue', 'green', 'red'] },
        { name: 'y', type: 'number', target: true },
      ],
      features: ['n', 'colour=blue', 'colour=green', 'colour=red'],
      targets: ['y'],
    });
    const model = tg.sequential({ layers: [tg.layers.dense({ units: 1, inputShape: [4] })] });
    model.compile({ optimizer: tg.optimizers.adam({ learningRate: 0.05 }), loss: 'mse' });
    const history = await model.fit(csv.shuffle(200, { seed: 1 }).batch(20).prefetch(2), undefined, { epochs: 40, validationData: csv.take(50).batch(25) });
    assert.ok(history.history.loss.at(-1) < 1e-3, `loss ${history.history.loss.at(-1)}`);
    assert.ok(history.history.val_loss.at(-1) < 1e-3);
    const { xs, ys } = await csv.tensors();
    assert.deepEqual([xs.shape, ys.shape], [[200, 4], [200, 1]]);
    assert.ok((await model.evaluate(xs, ys)).loss < 1e-3);
    assert.deepEqual((await model.predict(csv.batch(30))).shape, [200, 1]);
    await assert.rejects(model.fit(csv), fails('bad_data', /got a stream of samples, want batches: stream.batch\(32\)/));
  });

  test('a file larger than what is kept of it', async () => {
    const line = `${Array.from({ length: 50 }, (_, i) => i / 7).join(',')}\n`;
    function* parts() {
      yield `${Array.from({ length: 50 }, (_, i) => `c${i}`).join(',')}\n`;
      for (let i = 0; i < 60_000; i++) yield line; // 50 MB
    }
    const columns = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`c${i}`, i === 49 ? { target: true } : 'number']));
    const model = tg.sequential({ layers: [tg.layers.dense({ units: 1, inputShape: [49] })] });
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    const fit = (n) => model.fit(tg.data.csv(parts, { columns }).take(n).map(({ xs, ys }) => ({ xs: xs.map((v) => v / 100), ys })).batch(100));
    await fit(2000);
    globalThis.gc?.();
    const before = process.memoryUsage();
    await fit(60_000);
    globalThis.gc?.();
    const grown = process.memoryUsage().rss - before.rss;
    assert.ok(grown < 64 << 20, `${grown >> 20} MB more`);
  });
});

test('sequences are padded, and series cut into windows, as Keras does it', async () => {
  const { cases } = golden('testdata/keras/sequences.json');
  const camel = (config) => Object.fromEntries(Object.entries(config).map(([key, value]) => [key.replace(/_(.)/g, (_, letter) => letter.toUpperCase()), value]));
  assert.ok(cases.length >= 20);
  for (const c of cases) {
    if (c.sequences) {
      const { data: got, shape } = data.padSequences(c.sequences, c.config);
      assert.deepEqual({ shape, data: [...got] }, c.expect, c.name);
      continue;
    }
    const { xs, ys } = await data.timeseries(c.steps, c.targets, camel(c.config)).tensors();
    assert.deepEqual({ shape: xs.shape, data: [...xs.data] }, c.expect.x, c.name);
    if (c.targets) assert.deepEqual({ shape: ys.shape, data: [...ys.data] }, c.expect.y, c.name);
    else assert.equal(ys, undefined);
  }
  for (const [act, message] of [
    [() => data.padSequences([[1]], { padding: 'left' }), /padding is "left", want pre or post/],
    [() => data.padSequences([[1]], { truncating: 'left' }), /truncating is "left"/],
    [() => data.padSequences([[1]], { maxlen: 0 }), /maxlen is 0/],
    [() => data.timeseries([1, 2, 3], null, { sequenceLength: 4 }), /length is 4, wanted 1 to 3 for a series of 3 steps/],
    [() => data.timeseries([1, 2, 3], null, { sequenceLength: 2, samplingRate: 3 }), /no window of 2 steps, 3 apart, lies within steps 0 to 2/],
    [() => data.timeseries([1, 2, 3], null, { sequenceLength: 1, startIndex: 3 }), /start is 3, wanted 0 to 2/],
  ]) {
    assert.throws(act, fails('bad_config', message));
  }
  assert.throws(() => data.padSequences([[1, 'x']]), fails('bad_data', /element 1 of sequence 0 is x/));
});

describe('pictures are what Keras makes of them', () => {
  /** A picture as RGBA in a Blob, and what decodes it. */
  const picture = ({ shape: [height, width, channels], data: pixels }) => {
    const rgba = new Uint8Array(height * width * 4).fill(255);
    for (let i = 0; i < height * width; i++) {
      for (let k = 0; k < Math.max(channels, 3); k++) rgba[i * 4 + k] = pixels[i * channels + (channels === 1 ? 0 : k)];
    }
    return new Blob([Uint8Array.of(height, width), rgba]);
  };
  const decode = async (blob) => {
    const bytes = new Uint8Array(await blob.arrayBuffer());
    return { height: bytes[0], width: bytes[1], data: bytes.subarray(2) };
  };
  for (const c of golden('testdata/keras/image_folders.json').cases) {
    test(c.name, async () => {
      // In any order: images of a folder that was chosen come as the browser has them; here they are sorted as Keras sorts them.
      const files = c.expect.paths.map((path) => Object.assign(picture(c.files[path]), { webkitRelativePath: `chosen/${path}` }));
      const stream = data.images(files, {
        size: c.config.image_size, decode, colorMode: c.config.color_mode, interpolation: c.config.interpolation, labelMode: c.config.label_mode, classNames: c.config.class_names,
      });
      assert.deepEqual(stream.classNames, c.expect.classes);
      const { xs, ys } = await stream.prefetch(2).tensors();
      assert.deepEqual(xs.shape, c.expect.x.shape);
      xs.data.forEach((v, i) => assert.ok(Math.abs(v - c.expect.x.data[i]) < 1e-4, `number ${i} is ${v}, want ${c.expect.x.data[i]}`));
      assert.deepEqual([...ys.data], c.expect.y.data);
    });
  }

  test('labels, scale and mistakes', async () => {
    const gray = (v) => picture({ shape: [1, 1, 1], data: [v] });
    const o = { size: 1, decode, colorMode: 'grayscale' };
    const labels = async (images, options) => {
      const stream = data.images(images, { ...o, ...options });
      const { ys } = await stream.tensors();
      return [stream.classNames, ys && [...ys.data]];
    };
    const two = [gray(51), gray(255)];
    assert.deepEqual(await labels(two, { labels: ['b', 'a'] }), [['a', 'b'], [1, 0]]);
    assert.deepEqual(await labels(two, { labels: [2, 0] }), [['0', '1', '2'], [2, 0]]);
    assert.deepEqual(await labels([{ image: gray(1), label: 'x' }], { classNames: ['y', 'x'] }), [['y', 'x'], [1]]);
    assert.deepEqual(await labels(two, { labelMode: null }), [[], undefined]);
    assert.deepEqual([...(await data.images(two, { ...o, labelMode: null, scale: 1 / 255 }).tensors()).xs.data].map((v) => Math.round(v * 1000) / 1000), [0.2, 1]);
    for (const [images, options, code, message] of [
      [[], {}, 'bad_data', /there are none/],
      [two, {}, 'bad_data', /number 0 has no label/],
      [two, { labels: ['a'] }, 'shape_mismatch', /1 labels for 2 images/],
      [two, { labels: ['a', 'c'], classNames: ['a', 'b'] }, 'bad_data', /the label of number 1 is "c", want one of a, b/],
      [two, { labels: [0, 5], classNames: ['a', 'b'] }, 'bad_data', /the label of number 1 is 5, want a whole number from 0 to 1/],
      [two, { labels: ['a', 'a'], labelMode: 'binary' }, 'bad_data', /1 classes, want 2/],
      [two, { labels: ['a', 'b'], size: [0, 2] }, 'bad_config', /size is \[0,2\]/],
      [two, { labels: ['a', 'b'], colorMode: 'cmyk' }, 'bad_config', /colorMode is "cmyk"/],
      [[7], { labels: ['a'] }, 'bad_data', /number 0 is number 7/],
    ]) {
      assert.throws(() => data.images(images, { ...o, ...options }), fails(code, message));
    }
    await assert.rejects(data.images(two, { size: 1, labelMode: null }).toArray(), fails('unsupported', /no createImageBitmap.*give decode/));
    await assert.rejects(data.images(two, { size: 1, labelMode: null, decode: () => ({ data: new Uint8Array(3), width: 1, height: 1 }) }).toArray(), fails('bad_data', /decode gave 3 bytes for 1x1 pixels/));
  });
});

test('an interrupted fit on a shuffled stream is resumed', async () => {
  const rows = Array.from({ length: 30 }, (_, i) => ({ xs: [i % 2, (i >> 1) % 2], ys: [Number(i % 2 === (i >> 1) % 2), Number(i % 2 !== (i >> 1) % 2)] }));
  const place = {
    save(backup) {
      this.backup = backup;
    },
    load() {
      return this.backup;
    },
    remove() {
      this.backup = undefined;
    },
  };
  const run = async (kill, callbacks = []) => {
    const model = xorModel(tg);
    let n = 0;
    const die = { onBatchBegin: () => { if (++n === kill) throw new RangeError('killed'); } };
    await model.fit(tg.data.generator(rows).shuffle(8, { seed: 3 }).batch(4).prefetch(2), undefined, { epochs: 4, callbacks: [...callbacks, die] });
    return (await model.getWeights()).map(({ data: values }) => [...new Uint32Array(values.buffer)]);
  };
  const want = await run(0);
  for (const kill of [3, 14, 25]) {
    const backup = () => [tg.callbacks.backupAndRestore(place, { saveFreq: 2 })];
    await assert.rejects(run(kill, backup()), RangeError);
    assert.deepEqual(await run(0, backup()), want);
  }
});
