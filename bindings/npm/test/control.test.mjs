// A training that runs: asked, paused, stopped, cancelled; and an engine that dies.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { load } from '../dist/index.js';
import { fails, xor, xorModel } from './engine.mjs';

const forever = { epochs: 1e6, batchSize: 1 };

let tg;
before(async () => (tg = await load({ threads: 1 })));
after(() => tg.close());

test('predict and evaluate are served while fit runs, and AbortSignal ends it', async () => {
  const model = xorModel(tg);
  const abort = new AbortController();
  const fit = model.fit(xor.x, xor.y, { ...forever, signal: abort.signal });
  for (let i = 0; i < 5; i++) {
    assert.deepEqual((await model.predict(xor.x)).shape, [4, 2]);
    assert.ok((await model.evaluate(xor.x, xor.y)).loss >= 0); // 0 once it has learnt all there is, and never NaN
  }
  await assert.rejects(model.fit(xor.x, xor.y), fails('busy', /trained already/));
  await assert.rejects(model.trainOnBatch(xor.x, xor.y), fails('busy'));
  const why = new Error('enough');
  abort.abort(why);
  await assert.rejects(fit, (error) => {
    fails('aborted')(error);
    assert.equal(error.cause, why);
    return true;
  });
  // The model goes on with what it has learnt.
  await model.fit(xor.x, xor.y, { epochs: 1 });
  await assert.rejects(model.fit(xor.x, xor.y, { signal: abort.signal }), fails('aborted'));
});

test('a callback may use the model, is awaited, and its error ends the fit', async () => {
  const model = xorModel(tg);
  const order = [];
  await model.fit(xor.x, xor.y, {
    epochs: 2,
    callbacks: [
      {
        async onEpochEnd(epoch) {
          order.push(`in ${epoch}`);
          await model.evaluate(xor.x, xor.y);
          order.push(`out ${epoch}`);
        },
      },
      { onEpochBegin: (epoch) => void order.push(`begin ${epoch}`) },
    ],
  });
  assert.deepEqual(order, ['begin 0', 'in 0', 'out 0', 'begin 1', 'in 1', 'out 1']);
  const mine = new RangeError('mine');
  const fit = model.fit(xor.x, xor.y, {
    ...forever,
    callbacks: {
      onBatchEnd() {
        throw mine;
      },
    },
  });
  await assert.rejects(fit, (error) => error === mine);
  await model.fit(xor.x, xor.y);
});

test('pause holds the training and resume lets it go on', async () => {
  const model = xorModel(tg);
  const steps = async () => (await tg.stats()).steps;
  const abort = new AbortController();
  const fit = model.fit(xor.x, xor.y, { ...forever, signal: abort.signal });
  await model.predict(xor.x);
  await model.pause();
  await model.predict(xor.x); // the step that was under way is over
  const held = await steps();
  for (let i = 0; i < 5; i++) await model.evaluate(xor.x, xor.y);
  assert.equal(await steps(), held);
  await model.resume();
  while ((await steps()) === held);
  abort.abort();
  await assert.rejects(fit, fails('aborted'));
});

test('stopTraining ends the fit with its history', async () => {
  const model = xorModel(tg);
  const history = await model.fit(xor.x, xor.y, {
    ...forever,
    callbacks: {
      onEpochEnd(epoch) {
        if (epoch === 2) model.stopTraining = true;
      },
    },
  });
  assert.deepEqual(history.epoch, [0, 1, 2]);
});

test('what was disposed says so', async () => {
  const model = xorModel(tg);
  await model.fit(xor.x, xor.y);
  const { models } = await tg.stats();
  model.dispose();
  model.dispose();
  await assert.rejects(model.predict(xor.x), fails('disposed'));
  assert.equal((await tg.stats()).models, models - 1);
});

// On the calling thread, too: this process could not end if the training went on.
for (const worker of [true, false]) {
  test(`close() ends a training (worker: ${worker})`, async () => {
    const own = await load({ threads: 2, worker });
    const model = xorModel(own);
    const ended = assert.rejects(model.fit(xor.x, xor.y, forever), fails('disposed', /closed/));
    await model.predict(xor.x);
    await own.close();
    await ended;
  });
}

// Workers that run the real engine, or lane, and die when they are told or at once.
const deaths = {
  'throws in the middle of a training': { engine: `port.on('message', (m) => { if (m.method === 'model.summary') throw new Error('killed by the test'); });`, why: /killed by the test/ },
  'exits in the middle of a training': { engine: `port.on('message', (m) => { if (m.method === 'model.summary') process.exit(7); });`, why: /ended with code 7/ },
};
for (const [name, { engine, why }] of Object.entries(deaths)) {
  test(`an engine whose worker ${name} is lost, and another can be loaded`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tabgrad-death-'));
    try {
      await writeFile(
        join(folder, 'engine.mjs'),
        `import ${JSON.stringify(new URL('../dist/engine.js', import.meta.url).href)}; import { parentPort as port } from 'node:worker_threads'; ${engine}`,
      );
      const own = await load({ threads: 1, workerUrl: join(folder, 'engine.mjs') });
      const model = xorModel(own);
      const lost = assert.rejects(model.fit(xor.x, xor.y, forever), fails('engine_lost', why));
      await model.predict(xor.x);
      model.summary().catch(() => {}); // its reply may come before the death
      await lost;
      assert.equal((await own.closed).code, 'engine_lost');
      await assert.rejects(model.predict(xor.x), fails('engine_lost'));
      await own.close();
    } finally {
      await rm(folder, { recursive: true });
    }
    const next = await load({ threads: 1 });
    await xorModel(next).fit(xor.x, xor.y);
    await next.close();
  });
}

test('an engine whose lane dies is lost', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tabgrad-lane-'));
  try {
    const dist = (name) => JSON.stringify(new URL(`../dist/${name}`, import.meta.url).href);
    await writeFile(join(folder, 'engine.js'), `import ${dist('engine.js')};`);
    // It says that it is ready, and then it isn't.
    await writeFile(join(folder, 'lane.js'), `import { parentPort } from 'node:worker_threads'; parentPort.once('message', ({ lane }) => { parentPort.postMessage({ laneReady: lane }); setTimeout(() => process.exit(3), 1); });`);
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    await assert.rejects(load({ threads: 2, workerUrl: join(folder, 'engine.js') }), fails('engine_lost', /lane 1 of 2 died/));
  } finally {
    await rm(folder, { recursive: true });
  }
});
