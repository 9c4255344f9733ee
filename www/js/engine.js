// Starts the engine and says which one runs.

import { problems } from './problems.js';

// Relative to this module, so that the page works under any path.
const ENGINE = new URL('../tabgrad/index.js', import.meta.url).href;

/** Loads tabgrad and starts its engine in a worker. Rejects with a TabgradError, or a PageProblem when its files aren't there. */
export async function startEngine() {
  let library;
  try {
    library = await import(ENGINE);
  } catch (error) {
    throw problems.missing(error);
  }
  return library.load();
}

/** Fills the list of chips and the footer's line with what tg says of itself. */
export function showEngine(list, versions, tg) {
  const kernels = { relaxed: 'SIMD relaxed', strict: 'SIMD strict' }[tg.info.kernels] ?? 'no SIMD: plain Go';
  list.replaceChildren(
    chip('engine-kernels', kernels, tg.info.kernels === 'none' ? 'warn' : 'good', KERNELS_NOTE[tg.info.kernels]),
    chip('engine-lanes', tg.threads === 1 ? '1 lane' : `${tg.threads} lanes`, tg.threads > 1 ? 'good' : 'warn', tg.info.note || 'Workers that share each step'),
    chip('engine-isolated', crossOriginIsolated ? 'isolated' : 'not isolated', crossOriginIsolated ? 'good' : 'warn', ISOLATED_NOTE[crossOriginIsolated]),
  );
  versions.textContent = `tabgrad ${tg.version}, uPlot 1.6.32`;
}

/** One chip in place of all: starting, or lost. */
export function showEngineState(list, text, tone) {
  list.replaceChildren(chip('engine-kernels', text, tone));
}

const KERNELS_NOTE = {
  relaxed: 'Kernels with fused multiply-adds: the fastest this browser has',
  strict: 'Kernels that give the same bits on every machine',
  none: 'This browser has no WebAssembly SIMD; training is slow',
};

const ISOLATED_NOTE = {
  true: 'The page is cross-origin isolated, so lanes can share memory',
  false: 'Without the headers COOP and COEP there is one lane, with the same results',
};

function chip(id, text, tone, title = '') {
  const item = document.createElement('li');
  item.id = id;
  item.dataset.tone = tone;
  item.textContent = text;
  item.title = title;
  return item;
}
