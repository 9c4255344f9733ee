// The page of examples: each is a module of examples/, that this page runs and draws.

import { showEngine, startEngine } from './engine.js';

const whats = {
  transformer: 'Half a million parameters read this project’s own README and rationale and learn to write, letter by letter, in two or three minutes.',
  sentiment: 'An embedding and an LSTM that goes both ways tell reviews that praise from those that don’t, by who says what and where there is a not.',
  forecast: 'A GRU looks at two days of weather, and says how warm it will be in 24 hours.',
  houses: 'A table with numbers, names and gaps: what does a house sell for?',
  residual: 'Convolutions with batch normalization and shortcuts on digits that are turned, moved and zoomed while it trains; MNIST’s in some minutes, or generated ones where the site has none.',
};

/** What can be asked of a network that has learnt. */
const questions = {
  sentiment: {
    label: 'Your review', value: 'the story was anything but dull', button: 'Praise?',
    answer: async ({ praise }, text) => `praise with probability ${(await praise(text))[0].toFixed(2)}`,
  },
  transformer: { label: 'Begin with', value: 'The kernels ', button: 'Write on', answer: ({ write }, text) => write(text, 200, { random: Math.random }) },
};

const list = document.getElementById('examples');
const cards = new Map(Object.keys(whats).map((name) => [name, card(name)]));
list.append(...[...cards.values()].map(({ element }) => element));

const engine = document.getElementById('engine');
try {
  const tg = await startEngine();
  showEngine(engine, document.getElementById('versions'), tg);
  document.body.dataset.state = 'ready';
  for (const { run, begin } of cards.values()) {
    run.disabled = false;
    run.addEventListener('click', () => begin(tg));
  }
} catch (error) {
  document.body.dataset.state = 'failed';
  engine.replaceChildren(Object.assign(document.createElement('li'), { textContent: error.message }));
  engine.firstChild.dataset.tone = 'warn';
}

function card(name) {
  const element = document.getElementById('example').content.cloneNode(true).firstElementChild;
  element.id = name;
  const part = (selector) => element.querySelector(selector);
  part('.what').textContent = whats[name];
  part('.source').href = `examples/${name}.mjs`;
  const module = import(new URL(`../examples/${name}.mjs`, import.meta.url).href);
  module.then(({ title }) => (part('h2').textContent = title), () => {});
  const [run, stop, progress, wrote] = [part('.run'), part('.stop'), part('.figures'), part('.wrote')];

  async function begin(tg) {
    const losses = [];
    const abort = new AbortController();
    stop.onclick = () => abort.abort();
    [run.disabled, stop.hidden, wrote.hidden, part('.loss-curve').hidden, part('.ask').hidden] = [true, false, true, false, true];
    element.dataset.state = 'training';
    progress.textContent = 'reading…';
    try {
      const example = await module;
      const files = await Promise.all(example.files.map(read));
      const lines = [];
      const result = await example.run(tg, {
        files,
        signal: abort.signal,
        dataset: name === 'residual' ? await digits(tg) : undefined,
        log: (line) => lines.push(line),
        callbacks: [
          {
            onEpochEnd(epoch, logs) {
              losses.push(logs.loss);
              draw(part('.loss-curve path'), losses);
              progress.textContent = `epoch ${epoch + 1} of ${example.epochs}: ${figures(logs)}`;
            },
          },
        ],
        wrote: (text) => Object.assign(wrote, { hidden: false, textContent: text }),
      });
      if (name === 'transformer') Object.assign(wrote, { hidden: false, textContent: lines.pop() });
      progress.textContent = lines.join('\n');
      element.dataset.state = 'done';
      ask(part('.ask'), questions[name], result);
    } catch (error) {
      element.dataset.state = abort.signal.aborted ? 'stopped' : 'failed';
      progress.textContent = abort.signal.aborted ? 'stopped' : error.message;
    }
    [run.disabled, stop.hidden] = [false, true];
  }
  return { element, run, begin };
}

/** MNIST where the site has it, else generated digits. */
async function digits(tg) {
  const there = await fetch('mnist/index.json').then((answer) => answer.json());
  return there.files.length > 0 ? tg.datasets.mnist() : tg.datasets.digits({ train: 10000, test: 2000 });
}

async function read(file) {
  const answer = await fetch(`examples/files/${file}`);
  if (!answer.ok) throw new Error(`examples/files/${file}: ${answer.status} ${answer.statusText}`);
  return answer.text();
}

const figures = (logs) =>
  Object.entries(logs)
    .filter(([key]) => key !== 'learning_rate')
    .map(([key, value]) => `${key} ${value.toPrecision(3)}`)
    .join(', ');

/** A line through the losses, as high as the largest. */
function draw(path, losses) {
  const most = Math.max(...losses);
  const points = losses.map((loss, i) => `${((i + 0.5) / losses.length) * 300},${78 - (loss / most) * 72}`);
  path.setAttribute('d', `M${points.join('L')}`);
}

function ask(form, question, result) {
  if (!question) return;
  const [label, input, button, output] = ['span', 'input', 'button', 'output'].map((name) => form.querySelector(name));
  [label.textContent, button.textContent, form.hidden] = [question.label, question.button, false];
  input.value ||= question.value;
  output.textContent = '';
  form.onsubmit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    output.textContent = '…';
    output.textContent = await question.answer(result, input.value).catch((error) => error.message);
    button.disabled = false;
  };
}
