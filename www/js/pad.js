// The drawing pad: strokes by mouse, touch or pen, or a digit put there by a button. It gives out what was drawn as
// grey bytes; centring and scaling them as MNIST's digits are is the engine's work.

import { SIDE } from './networks.js';

// What was drawn is handed out at this many pixels a side: fine enough to be shrunk well to 20.
const GRID = 140;
// The pen's width as a share of the pad: MNIST's strokes are about two of its 20 pixels wide.
const PEN = 0.085;

/** A pad on a square canvas. onChange is called after every stroke, segment, digit or clearing. */
export class Pad {
  #canvas;
  #onChange;
  #strokes = [];
  #digit = null;
  #pointer = null;

  constructor(canvas, onChange) {
    this.#canvas = canvas;
    this.#onChange = onChange;
    canvas.addEventListener('pointerdown', (event) => this.#down(event));
    canvas.addEventListener('pointermove', (event) => this.#move(event));
    canvas.addEventListener('pointerup', (event) => this.#up(event));
    canvas.addEventListener('pointercancel', (event) => this.#up(event));
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#paint());
  }

  get empty() {
    return this.#strokes.length === 0 && this.#digit === null;
  }

  clear() {
    this.#strokes = [];
    this.#digit = null;
    this.#changed();
  }

  /** Shows a 28 x 28 digit of bytes in place of what was drawn. */
  show(digit) {
    this.#strokes = [];
    this.#digit = digit;
    this.#changed();
  }

  /**
   * What is on the pad, white on black.
   * @returns {{bytes: Uint8Array, side: number, centred: boolean}} centred: already as MNIST has it
   */
  read() {
    if (this.#digit && this.#strokes.length === 0) return { bytes: this.#digit, side: SIDE, centred: true };
    const small = new OffscreenCanvas(GRID, GRID);
    const context = small.getContext('2d', { willReadFrequently: true });
    context.imageSmoothingQuality = 'high';
    context.drawImage(this.#canvas, 0, 0, GRID, GRID);
    const { data } = context.getImageData(0, 0, GRID, GRID);
    const bytes = new Uint8Array(GRID * GRID);
    for (let i = 0; i < bytes.length; i++) bytes[i] = data[i * 4 + 3];
    return { bytes, side: GRID, centred: false };
  }

  #down(event) {
    if (this.#pointer !== null || event.button !== 0) return;
    this.#pointer = event.pointerId;
    this.#canvas.setPointerCapture(event.pointerId);
    this.#strokes.push([this.#at(event)]);
    this.#changed();
    event.preventDefault();
    this.#canvas.focus({ preventScroll: true, focusVisible: false });
  }

  #move(event) {
    if (event.pointerId !== this.#pointer) return;
    // Between two frames a pen reports several positions; without them fast strokes have corners.
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) this.#strokes.at(-1).push(this.#at(each));
    this.#changed();
  }

  #up(event) {
    if (event.pointerId === this.#pointer) this.#pointer = null;
  }

  // A position as a share of the pad, so that strokes outlive a change of size.
  #at(event) {
    const box = this.#canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  #changed() {
    this.#canvas.parentElement.toggleAttribute('data-drawn', !this.empty);
    this.#paint();
    this.#onChange();
  }

  #paint() {
    const { width } = this.#canvas;
    const context = this.#canvas.getContext('2d');
    const ink = getComputedStyle(this.#canvas).color;
    context.clearRect(0, 0, width, width);
    if (this.#digit) {
      context.imageSmoothingQuality = 'high';
      context.drawImage(inked(this.#digit, ink), 0, 0, width, width);
    }
    context.strokeStyle = ink;
    context.lineWidth = width * PEN;
    context.lineCap = 'round';
    context.lineJoin = 'round';
    for (const stroke of this.#strokes) {
      context.beginPath();
      context.moveTo(stroke[0][0] * width, stroke[0][1] * width);
      for (const [x, y] of stroke) context.lineTo(x * width, y * width);
      context.stroke();
    }
  }
}

/** Paints a 28 x 28 digit, white on black as MNIST has it, onto a canvas of that size. */
export function paintDigit(canvas, bytes) {
  const image = new ImageData(SIDE, SIDE);
  for (let i = 0; i < bytes.length; i++) image.data.set([bytes[i], bytes[i], bytes[i], 255], i * 4);
  canvas.getContext('2d').putImageData(image, 0, 0);
}

// The digit in the page's ink: its bytes become how opaque the ink is.
function inked(bytes, ink) {
  const canvas = new OffscreenCanvas(SIDE, SIDE);
  const context = canvas.getContext('2d');
  const image = new ImageData(SIDE, SIDE);
  for (let i = 0; i < bytes.length; i++) image.data[i * 4 + 3] = bytes[i];
  context.putImageData(image, 0, 0);
  context.globalCompositeOperation = 'source-in';
  context.fillStyle = ink;
  context.fillRect(0, 0, SIDE, SIDE);
  return canvas;
}
