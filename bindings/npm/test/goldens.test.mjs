// Keras's numbers through the JavaScript API.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { load } from '../dist/index.js';
import { compare, families } from './goldens.mjs';

test('what Keras computes the API computes', async () => {
  const tg = await load({ threads: 1 });
  let all = 0;
  for (const family of families) {
    const { cases } = JSON.parse(readFileSync(new URL(`../../../nn/testdata/keras/${family}.json`, import.meta.url), 'utf8'));
    const { compared, failures } = await compare(tg, family, cases);
    assert.deepEqual(failures, []);
    assert.ok(compared > 0, family);
    all += compared;
  }
  assert.ok(all > 600, `${all} cases`);
  await tg.close();
});
