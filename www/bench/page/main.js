// Runs the workloads, in this tab, and shows what they took. The same function is what `make bench` calls.

import { load } from '../tabgrad/index.js';
import { workloads } from './workloads.js';

const status = document.querySelector('#status');
const button = document.querySelector('#start');
const table = document.querySelector('#results');

/**
 * Measures every workload with each number of lanes, `rounds` times, the lanes taking turns so that a machine whose
 * speed drifts treats them alike. Resolves to { engine, rows: [{ name, unit, lanes, rounds: [per step] }] }.
 */
async function measure({ rounds = 5, lanes, only = '' } = {}) {
  const counts = lanes ?? (crossOriginIsolated && navigator.hardwareConcurrency > 1 ? [1, 2] : [1]);
  const rows = [];
  const engine = {};
  for (const { name, unit, steps, prepare } of workloads.filter((w) => new RegExp(only).test(w.name))) {
    const engines = [];
    try {
      for (const threads of counts) {
        const tg = await load({ threads });
        Object.assign(engine, { kernels: tg.info.kernels, version: tg.version, browser: navigator.userAgent });
        status.textContent = `${name}: warming up on ${threads} ${threads === 1 ? 'lane' : 'lanes'}`;
        const run = await prepare(tg);
        await run();
        engines.push({ tg, run, row: { name, unit, lanes: tg.threads, rounds: [] } });
      }
      for (let round = 1; round <= rounds; round++) {
        for (const { run, row } of engines) {
          status.textContent = `${name}: round ${round} of ${rounds}, ${row.lanes} ${row.lanes === 1 ? 'lane' : 'lanes'}`;
          row.rounds.push((await run()) / steps);
        }
      }
    } finally {
      for (const { tg } of engines) await tg.close();
    }
    for (const { row } of engines) {
      rows.push(row);
      show(row);
    }
  }
  status.textContent = 'Done.';
  return { engine, rows };
}

function show({ name, unit, lanes, rounds }) {
  const sorted = rounds.toSorted((a, b) => a - b);
  const cells = [name, lanes, ...[sorted[sorted.length >> 1], sorted[0], sorted.at(-1)].map((v) => `${v.toFixed(2)} ${unit}`)];
  const line = table.tBodies[0].insertRow();
  for (const text of cells) line.insertCell().textContent = text;
  table.hidden = false;
}

button.addEventListener('click', async () => {
  button.disabled = true;
  table.tBodies[0].replaceChildren();
  try {
    await measure();
  } catch (error) {
    status.textContent = error.message;
  } finally {
    button.disabled = false;
  }
});

window.measure = measure;
