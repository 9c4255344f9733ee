// node check.mjs FOLDER...: loads each folder's model in TensorFlow.js and compares what it answers with the folder's predict.json.
// Prints a line a folder; exits with 1 where an answer is off by more than 1e-5, or by more than 1e-4 after more training.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readModel, predict, trainMore } from './files.mjs';

function difference(got, want) {
  if (Array.isArray(want)) return Math.max(...want.map((w, i) => difference(got[i], w)));
  if (String(got.shape) !== String(want.shape)) throw new Error(`outputs are [${got.shape}], wanted [${want.shape}]`);
  const d = Math.max(...got.data.map((v, i) => Math.abs(v - want.data[i])));
  return Number.isNaN(d) ? Infinity : d;
}

for (const folder of process.argv.slice(2)) {
  try {
    const want = JSON.parse(await readFile(join(folder, 'predict.json'), 'utf8'));
    const model = await readModel(folder);
    let line = `${folder}: off by ${difference(predict(model, want.inputs), want.outputs)}`;
    let ok = difference(predict(model, want.inputs), want.outputs) <= 1e-5;
    if (want.more) {
      if (!model.optimizer) throw new Error('tfjs found no optimizer in it');
      await trainMore(model, want.more);
      const d = difference(predict(model, want.inputs), want.more.outputs);
      line += `, after ${want.more.steps} more steps by ${d}`;
      ok &&= d <= 1e-4;
    }
    console.log(line + (ok ? '' : ' FAIL'));
    if (!ok) process.exitCode = 1;
  } catch (e) {
    console.log(`${folder}: FAIL ${e.stack}`);
    process.exitCode = 1;
  }
}
