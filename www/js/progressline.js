// The training log, as Keras 3 prints it: a line "Epoch 1/12", then
// 469/469 ━━━━━━━━━━━━━━━━━━━━ 12s 25ms/step - accuracy: 0.9312 - loss: 0.2210

const WIDTH = 20;

/** A log that writes into the given element. One line is current: it is rewritten in place until the next epoch begins. */
export class ProgressLog {
  #element;
  #counts;
  #done;
  #rest;
  #tail;

  constructor(element) {
    this.#element = element;
  }

  clear() {
    this.#element.replaceChildren();
  }

  /** Begins an epoch's two lines. epoch counts from 0. */
  beginEpoch(epoch, epochs) {
    const head = paragraph('epoch-head');
    head.textContent = `Epoch ${epoch + 1}/${epochs}`;
    const line = paragraph('epoch-line');
    this.#counts = span();
    this.#done = span('bar-done');
    this.#rest = span('bar-rest');
    this.#tail = span();
    line.append(this.#counts, this.#done, this.#rest, this.#tail);
    this.#element.append(head, line);
    this.#scroll();
  }

  /**
   * Rewrites the current line.
   * @param {{step: number, steps: number, seconds: number, stepSeconds: number}} at seconds: left while the epoch runs, taken once it is done
   * @param {Record<string, number>} logs running means, printed in this order
   */
  update({ step, steps, seconds, stepSeconds }, logs) {
    const full = Math.floor((WIDTH * step) / steps);
    this.#counts.textContent = `${String(step).padStart(String(steps).length)}/${steps} `;
    this.#done.textContent = '━'.repeat(full);
    this.#rest.textContent = '━'.repeat(WIDTH - full);
    const numbers = Object.entries(logs).map(([name, value]) => ` - ${name}: ${logNumber(value)}`);
    const following = this.#atEnd();
    this.#tail.textContent = ` ${clock(seconds)} ${perStep(stepSeconds)}${numbers.join('')}`;
    if (following) this.#scroll();
  }

  /** Adds a line of plain words, such as why training ended. */
  say(text) {
    const line = paragraph('epoch-head');
    line.textContent = text;
    this.#element.append(line);
    this.#scroll();
  }

  // Whoever has scrolled back to read is left alone.
  #atEnd() {
    return this.#element.scrollHeight - this.#element.scrollTop - this.#element.clientHeight < 40;
  }

  #scroll() {
    this.#element.scrollTop = this.#element.scrollHeight;
  }
}

/** Seconds as Keras writes them: 12s, 1:05, 1:02:09. */
export function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const two = (n) => String(n).padStart(2, '0');
  if (whole >= 3600) return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  if (whole >= 60) return `${Math.floor(whole / 60)}:${two(whole % 60)}`;
  return `${whole}s`;
}

function perStep(seconds) {
  if (seconds >= 1) return `${seconds.toFixed(0)}s/step`;
  if (seconds >= 1e-3) return `${(seconds * 1e3).toFixed(0)}ms/step`;
  return `${(seconds * 1e6).toFixed(0)}us/step`;
}

function logNumber(value) {
  return Math.abs(value) > 1e-3 || value === 0 ? value.toFixed(4) : value.toExponential(4);
}

function paragraph(name) {
  const element = document.createElement('p');
  element.className = name;
  return element;
}

function span(name = '') {
  const element = document.createElement('span');
  if (name) element.className = name;
  return element;
}
