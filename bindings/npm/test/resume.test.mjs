// An interrupted training ends to the bit as one that ran through.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { load } from '../dist/index.js';
import { fails, xor, xorModel } from './engine.mjs';
import { train } from './resume.mjs';

let folder;
before(async () => (folder = await mkdtemp(join(tmpdir(), 'tabgrad-resume-'))));
after(() => rm(folder, { recursive: true }));

const started = (options = {}) => load({ threads: 1, deterministic: true, ...options });

/** A place that keeps the last backup. */
const shelf = () => ({
  save(backup) {
    this.backup = backup;
  },
  load() {
    return this.backup;
  },
  remove() {
    this.backup = undefined;
  },
});

for (const kind of ['tensors', 'batches', 'endless']) {
  describe(`a training on ${kind}`, () => {
    let want, log;
    before(async () => {
      const tg = await started();
      const path = join(folder, kind, 'whole.csv');
      want = await train(tg, { kind, seed: 3, log: path });
      log = await readFile(path, 'utf8');
      await tg.close();
      assert.ok(want.history.epoch.length >= 4, `${want.history.epoch.length} epochs`);
    });

    for (const [saveFreq, kills] of [
      ['epoch', [6, 9, 15]],
      [1, [2, 4]],
      [3, [5, 11]],
    ]) {
      for (const kill of kills) {
        test(`a backup each ${saveFreq}, the engine ended after ${kill} batches`, async () => {
          const place = shelf();
          const path = join(folder, kind, `${saveFreq}-${kill}.csv`);
          const first = await started();
          const die = async (n) => {
            if (n !== kill) return;
            await first.close();
          };
          await assert.rejects(train(first, { kind, seed: 3, place, saveFreq, log: path, onBatch: die }), fails('disposed'));
          assert.ok(place.backup instanceof Uint8Array);
          const second = await started({ seed: 99 });
          assert.deepEqual(await train(second, { kind, seed: 77, place, saveFreq, log: path }), want);
          assert.equal(await readFile(path, 'utf8'), log);
          assert.equal(place.backup, undefined);
          await second.close();
        });
      }
    }

    test('its process is killed, and another goes on from the files', async () => {
      const place = join(folder, kind, 'killed');
      const program = fileURLToPath(new URL('./resume.mjs', import.meta.url));
      for (const kill of [7, 3]) {
        const { signal, stderr } = spawnSync(process.execPath, [program, kind, place, String(kill), '2'], { encoding: 'utf8' });
        assert.equal(signal, 'SIGKILL', stderr);
      }
      assert.deepEqual((await readdir(place)).sort(), ['backup.safetensors', 'log.csv']);
      const tg = await started();
      assert.deepEqual(await train(tg, { kind, seed: 50, place, saveFreq: 2, log: join(place, 'log.csv') }), want);
      assert.equal(await readFile(join(place, 'log.csv'), 'utf8'), log);
      assert.deepEqual(await readdir(place), ['log.csv']);
      await tg.close();
    });
  });
}

test('a backup that does not fit, or cannot be read, is refused', async () => {
  const tg = await started();
  const place = shelf();
  const fit = (model, options = {}) => model.fit(xor.x, xor.y, { batchSize: 1, callbacks: tg.callbacks.backupAndRestore(place, { saveFreq: 1, deleteCheckpoint: false }), ...options });
  await fit(xorModel(tg));
  const { backup } = place;
  assert.ok(backup);
  await assert.rejects(fit(xorModel(tg), { batchSize: 2 }), fails('bad_config', /4 samples in batches of 1, fit has 4 in batches of 2: delete it to begin anew/));
  const other = tg.sequential({ layers: [tg.layers.dense({ units: 2, activation: 'softmax', inputShape: [2] })] });
  other.compile({ loss: 'categoricalCrossentropy' });
  await assert.rejects(fit(other), fails('shape_mismatch', /the backup does not fit the model/));
  place.backup = backup.slice(0, 50);
  await assert.rejects(fit(xorModel(tg)), fails('bad_format', /backup_and_restore: safetensors/));
  place.load = () => Promise.reject(new RangeError('mine'));
  await assert.rejects(fit(xorModel(tg)), RangeError);
  place.load = () => undefined;
  place.save = () => {
    throw new RangeError('full');
  };
  await assert.rejects(fit(xorModel(tg)), RangeError);
  await tg.close();
});
