// The page around the measuring: what is chosen goes in, rows of a table come out.

import { workloads } from './workloads.js';
import { findSystems } from './systems.js';
import { measure, median } from './measure.js';

const form = document.querySelector('#setup');
const button = document.querySelector('#start');
const status = document.querySelector('#status');
const results = document.querySelector('#results');
const body = document.querySelector('#rows');

const found = findSystems().then((systems) => {
  const missing = systems.every(({ id }) => id.startsWith('tabgrad'));
  document.querySelector('#systems').textContent = systems.map(({ name, version }) => (version ? `${name} (${version})` : name)).join(' · ');
  document.querySelector('#missing').hidden = !missing;
  document.querySelector('#lanes').hidden = crossOriginIsolated;
  button.disabled = false;
  return systems;
});
found.catch((error) => (status.textContent = `The page can't measure: ${error.message}`));

/**
 * Measures what is asked for and shows it. `only` and `systems` are regular expressions that an id must match; without `long`
 * what takes a system seconds or minutes a step is left out; `quick` does all with one sample, to see that all works.
 * Resolves to { browser, systems, workloads, rows }, where rows is measure()'s.
 */
async function run({ only = '', systems: which = '', long = true, quick = false, ...options } = {}) {
  const systems = (await found).filter(({ id }) => new RegExp(which).test(id));
  const chosen = workloads.filter(({ id }) => new RegExp(only).test(id));
  body.replaceChildren();
  results.hidden = false;
  const rows = [];
  for (const workload of chosen) {
    const here = systems.filter(({ id }) => long || !workload.long.includes(id));
    const table = section(workload, here);
    const small = quick ? { ...workload, samples: 1 } : workload;
    rows.push(...(await measure([small], here, {
      ...options,
      onStatus: (text) => {
        status.textContent = text;
        options.onStatus?.(text);
      },
      onRow: (row) => table.show(row),
    })));
    table.rest(systems.filter((s) => !here.includes(s)));
  }
  return {
    browser: navigator.userAgent,
    systems: (await found).map(({ id, name, version }) => ({ id, name, version })),
    workloads: workloads.map(({ id, name }) => ({ id, name })),
    rows,
  };
}

/** A workload's part of the table: a line for each system, filled as its rounds come in. */
function section(workload, systems) {
  const part = document.createElement('tbody');
  const head = part.insertRow();
  const title = document.createElement('th');
  title.scope = 'rowgroup';
  title.colSpan = 4;
  title.textContent = workload.samples === 128 && workload.does !== 'start' ? `${workload.name} of 128` : workload.name;
  head.append(title);
  const lines = new Map(systems.map((system) => [system.id, line(part, system.name)]));
  body.before(part);
  parts.push(part);
  const rows = new Map();
  return {
    show(row) {
      rows.set(row.system, row);
      const base = [...rows.values()].findLast((r) => r.system.startsWith('tabgrad') && r.rounds.length > 0);
      for (const [id, r] of rows) fill(lines.get(id), r, base);
    },
    rest(left) {
      for (const system of left) fill(line(part, system.name), { rounds: [], error: 'left out: it takes long' });
    },
  };
}

const parts = [];

function line(part, name) {
  const row = part.insertRow();
  const system = document.createElement('th');
  system.scope = 'row';
  system.textContent = name;
  row.append(system);
  row.insertCell().textContent = '…';
  row.insertCell();
  row.insertCell();
  return row.cells;
}

function fill([, time, range, ratio], row, base) {
  if (row.rounds.length === 0) {
    time.colSpan = 3;
    time.className = 'cannot';
    time.textContent = row.error;
    range.hidden = ratio.hidden = true;
    return;
  }
  const middle = median(row.rounds);
  time.textContent = milliseconds(middle);
  range.textContent = row.note ?? `${milliseconds(Math.min(...row.rounds))} – ${milliseconds(Math.max(...row.rounds))}`;
  if (base) ratio.textContent = base === row ? '1' : times(middle / median(base.rounds));
}

/** Three digits are all that a measurement on a machine that does other things too can say. */
function milliseconds(v) {
  return v >= 100 ? Math.round(v).toLocaleString('en') : v.toPrecision(v < 1 ? 2 : 3);
}

const times = (ratio) => (ratio >= 10 ? Math.round(ratio).toLocaleString('en') : ratio.toPrecision(2));

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  button.disabled = true;
  for (const part of parts.splice(0)) part.remove();
  try {
    await run({ rounds: form.rounds.valueAsNumber, long: form.long.checked });
    status.textContent = 'Done.';
  } catch (error) {
    status.textContent = error.message;
  } finally {
    button.disabled = false;
  }
});

window.bench = run;
