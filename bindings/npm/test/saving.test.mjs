// Saving and loading in Node: paths, handlers, a server, and TensorFlow.js on the other side.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { io, load } from '../dist/index.js';
import { fails, xor, xorModel } from './engine.mjs';

const tfjs = new URL('../../../nn/format/testdata/tfjs/', import.meta.url);

let tg, folder;
before(async () => {
  tg = await load({ threads: 2, deterministic: true });
  folder = await mkdtemp(join(tmpdir(), 'tabgrad-saving-'));
});
after(async () => {
  await tg.close();
  await rm(folder, { recursive: true });
});

/** A network whose training depends on the seed, on the steps so far and on what the optimizer remembers. */
function dropping(seed = 7) {
  const { layers: l } = tg;
  const model = tg.sequential({
    name: 'dropping',
    seed,
    layers: [l.conv2d({ filters: 3, kernelSize: 2, activation: 'relu', inputShape: [4, 4, 1] }), l.dropout({ rate: 0.3 }), l.flatten(), l.dense({ units: 2, activation: 'softmax' })],
  });
  model.compile({ optimizer: tg.optimizers.adam({ learningRate: 0.02 }), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  return model;
}

const x = { data: Float32Array.from({ length: 12 * 16 }, (_, i) => Math.sin(i * i)), shape: [12, 4, 4, 1] };
const y = { data: Float32Array.from({ length: 24 }, (_, i) => Number(i % 2 === (i >> 2) % 2)), shape: [12, 2] };
const tensor = ({ data, shape }) => ({ data: Float32Array.from(data), shape });

const bits = (array) => Array.from(new Uint32Array(array.buffer, array.byteOffset, array.length));
async function sameWeights(a, b) {
  const [left, right] = await Promise.all([a.getWeights(), b.getWeights()]);
  assert.deepEqual(left.map(({ name, shape }) => ({ name, shape })), right.map(({ name, shape }) => ({ name, shape })));
  left.forEach((w, i) => assert.deepEqual(bits(w.data), bits(right[i].data), w.name));
}

/** A handler that keeps what it gets. */
const memory = () => ({
  async save(artifacts) {
    this.artifacts = artifacts;
    return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
  },
  async load() {
    return this.artifacts;
  },
});

test('a model comes back from a path bit by bit, and goes on training as if it had never been saved', async () => {
  const straight = dropping();
  const cut = dropping();
  await straight.fit(x, y, { batchSize: 5, epochs: 5 });
  await cut.fit(x, y, { batchSize: 5, epochs: 2 });
  cut.userDefinedMetadata = { classes: ['cross', 'ring'], 'größe': 1.5 };
  const path = join(folder, 'my models', 'dropping.json');
  const { modelArtifactsInfo: info } = await cut.save(path, { includeOptimizer: true });
  assert.ok(info.dateSaved instanceof Date && info.modelTopologyType === 'JSON');
  assert.equal(info.weightDataBytes, (await readFile(path.replace('.json', '.weights.bin'))).length);
  const again = await tg.loadModel(path);
  await sameWeights(again, cut);
  assert.deepEqual(again.userDefinedMetadata, { classes: ['cross', 'ring'], 'größe': 1.5 });
  assert.deepEqual(again.layers.map((layer) => layer.className), ['InputLayer', 'Conv2D', 'Dropout', 'Flatten', 'Dense']);
  assert.match(await again.summary(), /Model: "dropping"/);
  await again.fit(x, y, { batchSize: 5, initialEpoch: 2, epochs: 5 });
  await sameWeights(again, straight);
});

test('a folder, a file: URL and a handler hold the same', async () => {
  const model = dropping(8);
  await model.trainOnBatch(x, y);
  const kept = memory();
  await model.save(kept);
  await model.save(pathToFileURL(join(folder, 'as-folder')).href);
  const p = await model.predict(x);
  for (const source of [kept, join(folder, 'as-folder'), pathToFileURL(join(folder, 'as-folder', 'model.json'))]) {
    const again = await tg.loadModel(source);
    await sameWeights(again, model);
    assert.deepEqual(bits((await again.predict(x)).data), bits(p.data));
    // It was saved without its optimizer.
    await assert.rejects(again.fit(x, y), fails('bad_config', /compile/));
    await again.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy' });
    await again.trainOnBatch(x, y);
  }
  // What a handler holds stays its own.
  assert.equal(kept.artifacts.weightData.byteLength, 4 * (12 + 3 + 27 * 2 + 2));
});

test('a model is saved while it is trained', async () => {
  const model = xorModel(tg);
  const kept = memory();
  await model.fit(xor.x, xor.y, { epochs: 3, callbacks: { onEpochEnd: async (epoch) => void (epoch === 1 && (await model.save(kept, { includeOptimizer: true }))) } });
  const again = await tg.loadModel(kept);
  await again.fit(xor.x, xor.y, { initialEpoch: 2, epochs: 3 });
  await sameWeights(again, model);
});

test('files that a person chose are a model, in any order', async () => {
  const model = dropping(9);
  await model.save(join(folder, 'chosen.json'));
  const file = async (name) => new File([await readFile(join(folder, name))], name);
  const json = await file('chosen.json');
  const weights = await file('chosen.weights.bin');
  await sameWeights(await tg.loadModel([weights, json]), model);
  await assert.rejects(tg.loadModel([json]), fails('not_found', /chosen\.json names the weight file chosen\.weights\.bin/));
  await assert.rejects(tg.loadModel([weights]), fails('bad_format', /want one model\.json/));
  await assert.rejects(tg.loadModel([]), fails('bad_format', /\(none\)/));
  await assert.rejects(tg.loadModel([json, new File([new Uint8Array(8)], 'chosen.weights.bin')]), fails('bad_format', /chosen\.weights\.bin: 8 bytes, the manifest announces 284/));
});

/** A server of some answers by path, and what was posted to it. */
async function serve(answers) {
  const server = createServer((request, response) => {
    response.shouldKeepAlive = false; // a connection kept open is closed by its age, perhaps under the next request
    const answer = answers[request.url];
    if (typeof answer === 'function') return answer(request, response);
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': typeof answer === 'string' && answer.startsWith('<') ? 'text/html' : 'application/octet-stream' });
    response.end(answer ?? 'not found');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => new Promise((resolve) => server.close(resolve)) };
}

test('a server has models, and takes them', async () => {
  const golden = (name) => readFile(new URL(`golden/mlp/${name}`, tfjs));
  const json = await golden('model.json');
  const { weightsManifest: [{ paths }] } = JSON.parse(json);
  assert.ok(paths.length > 1);
  const shards = Object.fromEntries(await Promise.all(paths.map(async (path) => [path, await golden(path)])));
  const below = (prefix, query = '') => Object.fromEntries(paths.map((path) => [prefix + path + query, shards[path]]));
  let posted;
  const server = await serve({
    '/m/model.json': json, ...below('/m/'),
    '/q/model.json?v=2': json, ...below('/q/', '?v=2'),
    '/far/model.json': json, ...below('/cdn/'),
    '/cut/model.json': json, ...below('/cut/'), [`/cut/${paths[1]}`]: undefined,
    '/page/model.json': '<!doctype html><title>my app</title>',
    '/out/model.json': String(json).replace(paths[0], `../m/${paths[0]}`),
    '/take'(request, response) {
      const parts = [];
      request.on('data', (part) => parts.push(part)).on('end', () => {
        posted = { type: request.headers['content-type'], token: request.headers['x-token'], body: Buffer.concat(parts) };
        response.end();
      });
    },
    '/full': (_, response) => response.writeHead(507).end(),
  });
  try {
    const { url } = server;
    const first = await tg.loadModel(`${url}/m/model.json`);
    assert.deepEqual(first.userDefinedMetadata?.classes, ['a', 'b', 'c']);
    const want = JSON.parse(await golden('predict.json'));
    const p = await first.predict(tensor(want.inputs));
    p.data.forEach((v, i) => assert.ok(Math.abs(v - want.outputs.data[i]) <= 1e-5));
    // tfjs saved its optimizer: training goes on as it does there.
    for (let i = 0; i < want.more.steps; i++) await first.trainOnBatch(tensor(want.more.x), tensor(want.more.y));
    const q = await first.predict(tensor(want.inputs));
    q.data.forEach((v, i) => assert.ok(Math.abs(v - want.more.outputs.data[i]) <= 1e-4));

    const second = await tg.loadModel(`${url}/q/model.json?v=2`);
    await sameWeights(await tg.loadModel(`${url}/far/model.json`, { weightPathPrefix: `${url}/cdn/` }), second);
    await sameWeights(await tg.loadModel(`${url}/far/model.json`, { weightUrlConverter: async (path) => `${url}/m/${path}` }), second);

    await assert.rejects(tg.loadModel(`${url}/nowhere/model.json`), fails('not_found', /nowhere\/model\.json, the model, answered 404/));
    await assert.rejects(tg.loadModel(`${url}/cut/model.json`), fails('not_found', new RegExp(`cut/${paths[1]}, a weight file of .*, answered 404`)));
    await assert.rejects(tg.loadModel(`${url}/page/model.json`), fails('bad_format', /is a web page/));
    await assert.rejects(tg.loadModel(`${url}/out/model.json`), fails('bad_format', /below the model's folder/));
    await assert.rejects(tg.loadModel(`${url}/m/model.json`, { signal: AbortSignal.abort() }), fails('aborted'));

    const { responses } = await second.save(`${url}/take`, { requestInit: { headers: { 'x-token': 'secret' } } });
    assert.equal(responses[0].status, 200);
    assert.equal(posted.token, 'secret');
    const form = await new Response(posted.body, { headers: { 'content-type': posted.type } }).formData();
    await sameWeights(await tg.loadModel([form.get('model.json'), form.get('model.weights.bin')]), second);
    await assert.rejects(second.save(`${url}/full`), fails('not_saved', /answered 507/));
  } finally {
    await server.close();
  }
  await assert.rejects(tg.loadModel(`${server.url}/m/model.json`), fails('not_found', /could not be fetched/));
});

test('TensorFlow.js loads what is saved here, goes on training it, and saves what is loaded here', async () => {
  const { tf } = await import(new URL('files.mjs', tfjs));
  const { layers: l } = tg;
  const model = tg.sequential({ seed: 3, layers: [l.conv2d({ filters: 3, kernelSize: 2, activation: 'relu', inputShape: [4, 4, 1] }), l.flatten(), l.dense({ units: 2, activation: 'softmax' })] });
  await model.compile({ optimizer: tg.optimizers.adam({ learningRate: 0.02 }), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  for (let i = 0; i < 3; i++) await model.trainOnBatch(x, y);
  const kept = memory();
  await model.save(kept, { includeOptimizer: true });
  const theirs = await tf.loadLayersModel(kept); // a handler of ours is one of theirs
  const tx = tf.tensor(x.data, x.shape);
  const ty = tf.tensor(y.data, y.shape);
  const close = (a, b, within) => a.forEach((v, i) => assert.ok(Math.abs(v - b[i]) <= within, `${v} and ${b[i]}`));
  close(await theirs.predict(tx).data(), (await model.predict(x)).data, 1e-5);
  await model.trainOnBatch(x, y);
  await theirs.fit(tx, ty, { batchSize: 12, shuffle: false, verbose: 0 });
  close(await theirs.predict(tx).data(), (await model.predict(x)).data, 1e-4);
  const back = memory();
  await theirs.save(back, { includeOptimizer: true });
  const again = await tg.loadModel(back);
  close(await theirs.predict(tx).data(), (await again.predict(x)).data, 1e-5);
  await again.trainOnBatch(x, y);
  await theirs.fit(tx, ty, { batchSize: 12, shuffle: false, verbose: 0 });
  close(await theirs.predict(tx).data(), (await again.predict(x)).data, 1e-4);
});

test('what cannot be saved or loaded is said', async () => {
  const model = xorModel(tg);
  const kept = memory();
  await model.save(kept);
  const changed = (change) => ({ load: () => ({ ...structuredClone(kept.artifacts), ...change }) });
  await assert.rejects(tg.loadModel(changed({ modelTopology: undefined })), fails('bad_format', /no modelTopology/));
  await assert.rejects(tg.loadModel(changed({ weightData: undefined })), fails('bad_format', /no weights/));
  await assert.rejects(tg.loadModel(changed({ weightData: kept.artifacts.weightData.slice(4) })), fails('bad_format', /announces/));
  const topology = JSON.parse(JSON.stringify(kept.artifacts.modelTopology).replace('Dense', 'Capsule'));
  await assert.rejects(tg.loadModel(changed({ modelTopology: topology })), fails('unsupported', /Capsule/));
  await assert.rejects(tg.loadModel(join(folder, 'nowhere.json')), fails('not_found', /nowhere\.json could not be read/));
  await writeFile(join(folder, 'broken.json'), '{"modelTopology": ');
  await assert.rejects(tg.loadModel(join(folder, 'broken.json')), fails('bad_format', /broken\.json is not JSON/));
  await writeFile(join(folder, 'list.json'), '[1]');
  await assert.rejects(tg.loadModel(join(folder, 'list.json')), fails('bad_format', /not an object/));
  await writeFile(join(folder, 'cut.safetensors'), new Uint8Array(4));
  await assert.rejects(tg.loadModel(join(folder, 'cut.safetensors')), fails('bad_format', /4 bytes/));
  await writeFile(join(folder, 'file'), '');
  await assert.rejects(model.save(join(folder, 'file', 'model.json')), fails('not_saved', /could not be written/));
  await assert.rejects(tg.loadModel(42), fails('bad_config', /want a URL, files/));
  await assert.rejects(model.save(42), fails('bad_config', /want a URL/));
  await assert.rejects(model.save('ftp://host/model'), fails('bad_config', /want indexeddb/));
  await assert.rejects(model.save('indexeddb://'), fails('bad_config', /name is missing/));
  for (const url of ['indexeddb://m', 'localstorage://m', 'downloads://m']) await assert.rejects(model.save(url), fails('unsupported', /browser/));
  await assert.rejects(io.removeModel('m'), fails('bad_config', /want indexeddb/));
  const thrown = new Error('mine');
  await assert.rejects(model.save({ save() { throw thrown; } }), (error) => error === thrown);
  model.dispose();
  await assert.rejects(model.save(kept), fails('disposed'));
});

test('a million weights and more travel as bytes', async () => {
  const model = tg.sequential({ layers: [tg.layers.dense({ units: 1024, inputShape: [1100] })] });
  const kept = memory();
  const { modelArtifactsInfo: info } = await model.save(kept).then(() => model.save(join(folder, 'large')));
  assert.equal(info.weightDataBytes, 4 * 1101 * 1024);
  assert.ok(info.modelTopologyBytes + info.weightSpecsBytes < 4096);
  await sameWeights(await tg.loadModel(join(folder, 'large')), model);
});
