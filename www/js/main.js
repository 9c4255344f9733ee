// The page: joins the form, the engine and what is shown. Its state is on <body data-state>:
// starting (no engine yet), idle, preparing (data or network on the way), training, paused, stopping, lost.
// It leaves marks in the browser's performance timeline: engine, digits, train (pressed) and first step.

import { makeBars } from './bars.js';
import { clearConfusion, showConfusion } from './confusion.js';
import { Curve } from './curves.js';
import { hasMnist, loadDigits } from './digits.js';
import { showEngine, showEngineState, startEngine } from './engine.js';
import { FilePicker } from './files.js';
import { keep, keptSince, loadChosen, loadKept, saveFiles } from './keeping.js';
import { Settings } from './settings.js';
import { LiveReader, centred, read } from './live.js';
import { clearMistakes, showMistakes } from './mistakes.js';
import { NETWORKS, buildNetwork } from './networks.js';
import { Pad, paintDigit } from './pad.js';
import { ProblemPanel, problems } from './problems.js';
import { ProgressLog, clock } from './progressline.js';
import { largest, score } from './scores.js';
import { tensors, train } from './training.js';

const at = (id) => document.getElementById(id);

const page = {
  tg: null,
  model: null,
  untrained: '', // which of NETWORKS page.model is, until it is trained
  data: null,
  dataKey: '',
  loading: null,
  abort: null,
};

const panel = new ProblemPanel({ restart: start, reload: () => location.reload(), generated: () => settings.chooseData('generated') });
const settings = new Settings(at('setup'), { onData: dataChanged, onModel: modelChanged });
const files = new FilePicker({ drop: at('drop'), input: at('files'), list: at('files-list') }, dataChanged);
const log = new ProgressLog(at('log'));
const lossCurve = new Curve(at('loss-curve'), { name: 'Loss', percent: false });
const accuracyCurve = new Curve(at('accuracy-curve'), { name: 'Accuracy', percent: true });
const setBars = makeBars(at('bars'));
const reader = new LiveReader({ ask: readPad, show: showReading });
const pad = new Pad(at('pad'), () => reader.refresh());
let padTruth = null;
const mistakes = { list: at('wrong'), note: at('mistakes-note') };
const TITLE = document.title;
const mnistHere = hasMnist();

settings.form.addEventListener('submit', (event) => {
  event.preventDefault();
  run();
});
at('pause').addEventListener('click', pauseOrResume);
at('stop').addEventListener('click', stop);
at('save').addEventListener('click', () => store(saveFiles));
at('keep').addEventListener('click', () => store(keep));
at('restore').addEventListener('click', () => take(loadKept));
at('load').addEventListener('click', () => at('model-files').click());
at('model-files').addEventListener('change', ({ target }) => {
  const chosen = [...target.files];
  target.value = ''; // so that the same files can be chosen again
  if (chosen.length > 0) take((tg) => loadChosen(tg, chosen));
});
at('clear-pad').addEventListener('click', () => {
  padTruth = null;
  pad.clear();
});
at('random-digit').addEventListener('click', () => {
  const { images, labels } = page.data.test;
  const index = Math.floor(Math.random() * labels.length);
  putOnPad(images.slice(index * 784, (index + 1) * 784), labels[index]);
});
clearConfusion(at('confusion'));
clearMistakes(mistakes);
start();

function setState(state) {
  document.body.dataset.state = state;
  const focused = document.activeElement?.closest('.actions button');
  const running = state === 'training' || state === 'paused';
  const busy = running || state === 'preparing' || state === 'stopping';
  settings.lock(busy);
  at('train').disabled = busy || state === 'starting' || state === 'lost';
  at('pause').disabled = !running;
  at('pause').textContent = state === 'paused' ? 'Resume' : 'Pause';
  at('stop').disabled = !(running || state === 'preparing');
  showKeeping();
  reader.follow(state === 'training');
  // Whoever pressed a button with the keyboard goes on from the next one that can be pressed.
  if (focused?.disabled) [at('pause'), at('stop'), at('train')].find((button) => !button.disabled)?.focus({ preventScroll: true });
}

// What can be saved and loaded now: a network that has learnt something, also while it goes on; and another one instead when nothing runs.
function showKeeping() {
  const { state } = document.body.dataset;
  const learnt = page.model !== null && page.untrained === '' && ['idle', 'training', 'paused'].includes(state);
  at('save').disabled = at('keep').disabled = !learnt;
  at('load').disabled = at('restore').disabled = state !== 'idle';
}

function say(text) {
  at('status').textContent = text;
}

// Starts an engine, also a second time after the first was lost. What was chosen stays; the digits are loaded again
// only if they never were, as the page holds them.
async function start() {
  setState('starting');
  showEngineState(at('engine'), 'starting the engine…', 'wait');
  say('Starting the engine…');
  page.model = null;
  page.untrained = '';
  settings.withoutLoaded();
  const before = page.tg;
  page.tg = null;
  try {
    await before?.close();
    const tg = await startEngine();
    page.tg = tg;
    tg.closed.then((error) => {
      if (error && page.tg === tg) fail(error);
    });
  } catch (error) {
    fail(error, { lost: true });
    return;
  }
  showEngine(at('engine'), at('versions'), page.tg);
  performance.mark('engine');
  showKept();
  // Train can be pressed once it is known what there is to train on.
  const mnist = await mnistHere;
  setState('idle');
  if (!mnist && settings.values().source === 'mnist') {
    settings.withoutMnist();
    panel.show(problems.noMnist());
  }
  prepareAhead();
}

// Loads the digits and builds the network before Train is pressed, so that pressing it shows a loss at once.
async function prepareAhead() {
  const { source } = settings.values();
  if (source === 'own' && files.chosen.length === 0) {
    say('Choose the IDX files to train on.');
    return;
  }
  try {
    const data = await digits();
    if (document.body.dataset.state !== 'idle') return;
    performance.mark('digits');
    say(`Ready: ${count(data.train)} ${data.name} to train on, ${count(data.test)} to test with.`);
    await network();
    reader.refresh();
  } catch (error) {
    fail(error);
  }
}

// The chosen digits, loaded once. A later choice may overtake an earlier one: the caller gets what is chosen now.
async function digits() {
  const chosen = settings.values();
  const key = JSON.stringify([chosen.source, chosen.source === 'generated' ? chosen.seed : 0, chosen.source === 'own' ? files.version : 0]);
  if (page.dataKey !== key) {
    page.dataKey = key;
    page.data = null;
    at('random-digit').disabled = true;
    say(LOADING[chosen.source]);
    page.loading = loadDigits(page.tg, chosen.source, { seed: chosen.seed, files: files.chosen });
  }
  try {
    const data = await page.loading;
    if (page.dataKey !== key) return digits();
    page.data = data;
    at('random-digit').disabled = false;
    return data;
  } catch (error) {
    if (page.dataKey === key) page.dataKey = '';
    throw error;
  }
}

const LOADING = {
  mnist: 'Loading MNIST…',
  generated: 'Drawing digits…',
  own: 'Reading your files…',
};

// An untrained network of the chosen kind: the one there is, when it has not been trained yet.
async function network() {
  const { model: name } = settings.values();
  if (page.model && (page.untrained === name || name === 'loaded')) return page.model;
  const made = await buildNetwork(page.tg, name);
  await exchange(made, name);
  settings.withoutLoaded();
  return made;
}

// Puts a network in the place of the one there was.
async function exchange(model, untrained) {
  page.model?.dispose();
  page.model = model;
  page.untrained = untrained;
  showKeeping();
  at('summary').textContent = await model.summary();
}

async function showKept() {
  const since = await keptSince(page.tg);
  at('restore').hidden = since === null;
  if (since) at('restore').title = `Kept ${since.toLocaleString()}`;
}

// Saves the network; how says where.
async function store(how) {
  try {
    say(await how(page.model));
    await showKept();
  } catch (error) {
    panel.show(error);
  }
}

// Loads a network: it can be asked at once, and Train goes on with it.
async function take(how) {
  panel.hide();
  page.abort = new AbortController();
  setState('preparing');
  say('Loading the network…');
  try {
    const data = await digits();
    await exchange(await how(page.tg), '');
    settings.withLoaded();
    clearResults();
    const { x } = tensors(page.tg, data.test);
    const accuracy = showScore(score((await page.model.predict(x, { batchSize: 256 })).data, data.test.labels), data, 'As loaded');
    setState('idle');
    say(`Loaded: it reads ${accuracy} of the test digits right. Train goes on with it.`);
    reader.refresh();
  } catch (error) {
    fail(error);
  }
}

function dataChanged() {
  settings.showOwnFiles();
  panel.hide();
  if (document.body.dataset.state === 'idle') prepareAhead();
}

function modelChanged() {
  // A trained network stays until Train is pressed again: it may still be asked.
  if (document.body.dataset.state === 'idle' && page.untrained) network().then(() => reader.refresh(), fail);
}

async function run() {
  if (document.body.dataset.state !== 'idle') return;
  panel.hide();
  const chosen = settings.values();
  if (chosen.source === 'own' && files.chosen.length === 0) {
    fail(problems.files('Choose a file of images and a file of labels first.'));
    return;
  }
  const abort = new AbortController();
  page.abort = abort;
  performance.mark('train');
  setState('preparing');
  try {
    const data = await digits();
    const model = await network();
    if (abort.signal.aborted) throw new DOMException('stopped before training', 'AbortError');
    page.untrained = '';
    clearResults();
    say(`Training the ${NETWORKS[chosen.model]?.name ?? 'loaded network'} on ${count(data.train, chosen.limit)} ${data.name}.`);
    setState('training');
    bringIntoView(at('progress'));
    const ended = await train({ ...chosen, tg: page.tg, model, data, signal: abort.signal }, shown(chosen, data));
    setState('idle');
    log.say(ended === 'done' ? 'Done.' : 'Stopped.');
    say(ended === 'done' ? `Done: ${at('test-accuracy').textContent} of the test digits read right.` : 'Stopped. What it has learnt stays: draw a digit.');
  } catch (error) {
    if (abort.signal.aborted && error?.code !== 'engine_lost') {
      setState('idle');
      say('Stopped.');
    } else {
      fail(error);
    }
  }
  at('left').textContent = '–';
  reader.refresh();
}

// On a phone the curves are below the form. They come up if none of them can be seen.
function bringIntoView(element) {
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  if (element.getBoundingClientRect().top > innerHeight * 0.7) element.scrollIntoView({ block: 'start', behavior: still ? 'auto' : 'smooth' });
}

function clearResults() {
  document.title = TITLE;
  log.clear();
  lossCurve.clear();
  accuracyCurve.clear();
  clearConfusion(at('confusion'));
  clearMistakes(mistakes);
  for (const id of ['test-accuracy', 'epoch', 'rate', 'left']) at(id).textContent = '–';
}

// What train() tells, on the page.
function shown({ epochs }, data) {
  let line = null;
  let stepped = false;
  return {
    onEpoch(epoch) {
      log.beginEpoch(epoch, epochs);
      at('epoch').textContent = `${epoch + 1} / ${epochs}`;
    },
    onBatch(position, loss, accuracy) {
      if (!stepped) performance.mark('first step');
      stepped = true;
      lossCurve.addBatch(position, loss);
      accuracyCurve.addBatch(position, accuracy);
    },
    onProgress(progress, left) {
      const stepSeconds = progress.msPerStep / 1000;
      log.update({ step: progress.batch, steps: progress.batches, seconds: progress.secondsLeft, stepSeconds }, inOrder(progress.logs));
      at('rate').textContent = Math.round(progress.samplesPerSecond).toLocaleString('en');
      at('left').textContent = clock(left);
    },
    onTrained(epoch, steps, progress, logs) {
      const stepSeconds = (progress?.msPerStep ?? 0) / 1000;
      line = { at: { step: steps, steps, seconds: steps * stepSeconds, stepSeconds }, logs: inOrder(logs) };
      log.update(line.at, line.logs);
    },
    onScored(epoch, result) {
      log.update(line.at, { ...line.logs, val_accuracy: result.accuracy, val_loss: result.loss });
      lossCurve.addTest(epoch + 1, result.loss);
      accuracyCurve.addTest(epoch + 1, result.accuracy);
      const accuracy = showScore(result, data, `Epoch ${epoch + 1}`);
      say(`Epoch ${epoch + 1} of ${epochs}: ${accuracy} of the test digits read right.`);
    },
  };
}

// Shows what the network makes of the test digits, and returns the share that it reads right, as text.
function showScore(result, data, when) {
  showConfusion(at('confusion'), result, when);
  showMistakes(mistakes, result.wrong, data.test.images, putOnPad);
  const accuracy = `${(result.accuracy * 100).toFixed(2)} %`;
  at('test-accuracy').textContent = accuracy;
  document.title = `${accuracy} – tabgrad`;
  return accuracy;
}

// Keras prints its logs by name.
function inOrder({ accuracy, loss }) {
  return { accuracy, loss };
}

async function pauseOrResume() {
  const pausing = document.body.dataset.state === 'training';
  try {
    await (pausing ? page.model.pause() : page.model.resume());
    if (!['training', 'paused'].includes(document.body.dataset.state)) return;
    setState(pausing ? 'paused' : 'training');
    say(pausing ? 'Paused. The network can still be asked: draw a digit.' : 'Training.');
  } catch (error) {
    fail(error);
  }
}

function stop() {
  setState('stopping');
  say('Stopping after this batch…');
  page.abort.abort();
}

function putOnPad(bytes, truth) {
  padTruth = truth;
  pad.show(bytes);
}

// What the network reads on the pad, or null when there is nothing to read or no network.
async function readPad() {
  const { tg, model } = page;
  if (!tg || !model || pad.empty || document.body.dataset.state === 'lost') return null;
  try {
    const seen = await centred(tg, pad.read());
    return { seen, probabilities: await read(tg, model, seen) };
  } catch (error) {
    // While a network is exchanged for the next one, the question is simply asked again.
    if (error?.code === 'disposed' || model !== page.model) return null;
    fail(error);
    return null;
  }
}

function showReading(reading) {
  setBars(reading?.probabilities ?? null);
  if (!reading) {
    if (pad.empty) at('verdict').textContent = 'Draw, and see what the network thinks, even while it learns.';
    return;
  }
  paintDigit(at('seen'), reading.seen);
  at('seen').hidden = false;
  const guess = largest(reading.probabilities);
  const answer = document.createElement('b');
  answer.textContent = guess;
  const parts = ['It reads ', answer, `, ${Math.round(reading.probabilities[guess] * 100)} % sure.`];
  if (padTruth !== null) parts.push(guess === padTruth ? ' It is.' : ` It is a ${padTruth}.`);
  at('verdict').replaceChildren(...parts);
  // The percentage changes all the time; only another digit is worth saying aloud.
  if (at('spoken').textContent !== `It reads ${guess}.`) at('spoken').textContent = `It reads ${guess}.`;
}

// Says what went wrong. When the engine is gone, only starting again helps, so Train stays off.
function fail(error, { lost = false } = {}) {
  // Said by the engine that is being replaced.
  if (error?.code === 'disposed') return;
  const gone = lost || error?.code === 'engine_lost' || error?.code === 'bad_wasm';
  setState(gone ? 'lost' : page.tg ? 'idle' : 'lost');
  if (gone) showEngineState(at('engine'), 'no engine', 'lost');
  say('');
  panel.show(error);
}

function count({ labels }, limit = Infinity) {
  return Math.min(labels.length, limit).toLocaleString('en');
}
