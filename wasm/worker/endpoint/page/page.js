// Draw on the canvas; when the pen is lifted the drawing goes to the endpoint, which centres it as MNIST's digits were and answers.

const $ = (id) => document.getElementById(id);
const paper = $('paper');
const pen = paper.getContext('2d', { willReadFrequently: true });
const side = paper.width;
let token = '';
let model;
let drawn = false;
let asked = 0;

function clear() {
  asked++;
  drawn = false;
  pen.clearRect(0, 0, side, side);
  pen.lineWidth = side / 12;
  pen.lineCap = pen.lineJoin = 'round';
  pen.strokeStyle = getComputedStyle(paper).color;
  $('answer').textContent = '–';
  $('note').textContent = '';
  show([]);
}

function place(event) {
  const box = paper.getBoundingClientRect();
  return [((event.clientX - box.left) * side) / box.width, ((event.clientY - box.top) * side) / box.height];
}

paper.addEventListener('pointerdown', (event) => {
  if (event.button !== 0) return;
  paper.setPointerCapture(event.pointerId);
  pen.beginPath();
  pen.moveTo(...place(event));
  pen.lineTo(...place(event));
  pen.stroke();
  drawn = true;
});
paper.addEventListener('pointermove', (event) => {
  if (!paper.hasPointerCapture(event.pointerId)) return;
  pen.lineTo(...place(event));
  pen.stroke();
});
paper.addEventListener('pointerup', () => void ask());
$('clear').addEventListener('click', clear);
$('key').addEventListener('submit', (event) => {
  event.preventDefault();
  token = $('token').value;
  void describe().then(ask);
});

function headers(more = {}) {
  return token === '' ? more : { ...more, Authorization: `Bearer ${token}` };
}

/** The answer's JSON; throws with the endpoint's own words. */
async function call(path, options) {
  const response = await fetch(path, options);
  const answer = await response.json();
  $('key').hidden = response.status !== 401;
  if (!response.ok) throw new Error(answer.error.message);
  return answer;
}

async function describe() {
  try {
    model = await call('v1/model', { headers: headers() });
    const { name, input, params, sha256 } = model;
    $('about').textContent = `${name}: ${input.shape.join('×')} in, ${params.toLocaleString()} parameters, sha256 ${sha256.slice(0, 12)}…`;
    if (input.shape.reduce((a, b) => a * b, 1) !== 784) $('note').textContent = 'This model reads no digits; POST /v1/predict takes what it does read.';
  } catch (error) {
    $('about').textContent = error.message;
  }
}

async function ask() {
  if (!drawn) return;
  const mine = ++asked;
  const { data } = pen.getImageData(0, 0, side, side);
  const ink = new Uint8Array(side * side);
  for (let i = 0; i < ink.length; i++) ink[i] = data[4 * i + 3]; // what is drawn, whatever its colour
  const started = performance.now();
  try {
    const { predictions } = await call('v1/predict?center=digit', {
      method: 'POST',
      headers: headers({ 'Content-Type': 'application/octet-stream', 'X-Tensor-Shape': `${side},${side}` }),
      body: ink,
    });
    if (mine !== asked) return;
    const [{ class: best, probabilities, output }] = predictions;
    $('answer').textContent = best ?? '–';
    $('note').textContent = `answered in ${Math.round(performance.now() - started)} ms`;
    show(probabilities ?? output);
  } catch (error) {
    if (mine === asked) $('note').textContent = error.message;
  }
}

function show(probabilities) {
  const list = $('bars');
  list.replaceChildren(
    ...Array.from({ length: Math.max(probabilities.length, 10) }, (_, i) => {
      const p = probabilities[i] ?? 0;
      const item = document.createElement('li');
      const name = document.createElement('span');
      const bar = document.createElement('meter');
      const number = document.createElement('span');
      name.textContent = String(i);
      bar.value = p;
      bar.setAttribute('aria-label', `probability of ${i}`);
      number.textContent = `${(100 * p).toFixed(1)}%`;
      item.append(name, bar, number);
      return item;
    }),
  );
}

clear();
void describe();
