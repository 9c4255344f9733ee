// Reading files: gzipped ones are unpacked on the page, broken ones explained by the engine.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { load } from '../dist/index.js';
import { fails } from './engine.mjs';

let tg;
before(async () => (tg = await load({ threads: 1 })));
after(() => tg.close());

/** Three images of 2 x 2. */
const file = Uint8Array.from([0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 2, ...Array(12).keys()]);

test('an IDX file reads the same gzipped', async () => {
  for (const bytes of [file, new Uint8Array(gzipSync(file))]) {
    const { data, shape } = await tg.datasets.idx(bytes);
    assert.deepEqual(shape, [3, 2, 2]);
    assert.deepEqual([...data], [...Array(12).keys()]);
  }
});

test('a file that ends early says so, gzipped, in a gzip stream that ends early, and plain', async () => {
  const zipped = new Uint8Array(gzipSync(file));
  await assert.rejects(tg.datasets.idx(file.slice(0, -5)), fails('bad_data', /12 bytes wanted for 3x2x2, got 7/));
  await assert.rejects(tg.datasets.idx(new Uint8Array(gzipSync(file.slice(0, -5)))), fails('bad_data', /12 bytes wanted for 3x2x2, got 7/));
  await assert.rejects(tg.datasets.idx(zipped.slice(0, -9)), fails('bad_data', /the gzip stream ends early/));
});
