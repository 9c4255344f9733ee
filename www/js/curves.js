// The two curves, drawn by uPlot: a smoothed line for every batch trained on, with its raw values faintly behind it,
// and a point for the test digits after each epoch. The x axis counts epochs.

import uPlot from '../vendor/uPlot.esm.js';

// More points than this can't be told apart; neighbours are then merged, which also bounds memory over long runs.
const MOST_POINTS = 4096;
// Each smoothed point keeps this much of the one before: a memory of some ten batches.
const SMOOTHING = 0.9;
const BETWEEN_DRAWINGS = 160; // milliseconds

/** One curve in the given element. Colours come from the CSS variables --accent and --second and follow the theme. */
export class Curve {
  #element;
  #name;
  #percent;
  #plot = null;
  #x = [];
  #raw = [];
  #smooth = [];
  #test = [];
  #mean = 0;
  #weight = 0;
  #stride = 1;
  #pending = { x: 0, sum: 0, count: 0 };
  #timer = 0;

  /** percent: the values are fractions with 1 at the top; otherwise they start at 0 and have no top. */
  constructor(element, { name, percent }) {
    this.#element = element;
    this.#name = name;
    this.#percent = percent;
    new ResizeObserver(() => this.#resize()).observe(element);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#rebuild());
    this.#rebuild();
  }

  clear() {
    this.#x = [];
    this.#raw = [];
    this.#smooth = [];
    this.#test = [];
    this.#mean = 0;
    this.#weight = 0;
    this.#stride = 1;
    this.#pending = { x: 0, sum: 0, count: 0 };
    this.#schedule();
  }

  /** Adds one batch's value; x is the epoch, with its fraction, at which the batch ended. */
  addBatch(x, value) {
    this.#mean = SMOOTHING * this.#mean + (1 - SMOOTHING) * value;
    this.#weight = SMOOTHING * this.#weight + (1 - SMOOTHING);
    const pending = this.#pending;
    pending.x = x;
    pending.sum += value;
    pending.count++;
    if (pending.count < this.#stride && !Number.isInteger(x)) return;
    this.#x.push(x);
    this.#raw.push(pending.sum / pending.count);
    this.#smooth.push(this.#mean / this.#weight);
    this.#test.push(null);
    this.#pending = { x: 0, sum: 0, count: 0 };
    if (this.#x.length > MOST_POINTS) this.#thin();
    this.#schedule();
  }

  /** Adds the test value after so many whole epochs. */
  addTest(epochs, value) {
    const at = this.#x.findIndex((x) => x >= epochs);
    if (at < 0) return;
    this.#test[at] = value;
    this.#schedule();
  }

  // Halves the points, keeping the last of each pair and every test value.
  #thin() {
    this.#stride *= 2;
    const kept = { x: [], raw: [], smooth: [], test: [] };
    for (let i = 0; i < this.#x.length; i += 2) {
      const j = Math.min(i + 1, this.#x.length - 1);
      kept.x.push(this.#x[j]);
      kept.raw.push((this.#raw[i] + this.#raw[j]) / 2);
      kept.smooth.push(this.#smooth[j]);
      kept.test.push(this.#test[j] ?? this.#test[i]);
    }
    this.#x = kept.x;
    this.#raw = kept.raw;
    this.#smooth = kept.smooth;
    this.#test = kept.test;
  }

  // Batches come far faster than anyone can look, and drawing takes time from the lanes that train.
  #schedule() {
    this.#timer ||= setTimeout(() => requestAnimationFrame(() => {
      this.#timer = 0;
      this.#plot.setData(this.#data());
      this.#describe();
    }), BETWEEN_DRAWINGS);
  }

  #data() {
    return [this.#x, this.#raw, this.#smooth, this.#test];
  }

  #describe() {
    const format = (v) => (this.#percent ? `${(v * 100).toFixed(1)} %` : v.toFixed(4));
    const last = this.#smooth.at(-1);
    const tested = this.#test.findLast((v) => v !== null);
    let text = `${this.#name}: no points yet`;
    if (last !== undefined) text = `${this.#name} after ${this.#x.at(-1).toFixed(1)} epochs: ${format(last)} in training`;
    if (tested !== undefined) text += `, ${format(tested)} on the test digits`;
    this.#element.setAttribute('aria-label', text);
  }

  #size() {
    return { width: Math.max(this.#element.clientWidth, 120), height: Math.max(this.#element.clientHeight, 80) };
  }

  #resize() {
    const { width, height } = this.#size();
    if (width !== this.#plot.width || height !== this.#plot.height) this.#plot.setSize({ width, height });
  }

  #rebuild() {
    this.#plot?.destroy();
    const css = getComputedStyle(document.documentElement);
    const colour = (name) => css.getPropertyValue(name).trim();
    const axis = {
      stroke: colour('--soft'),
      font: `11px ${colour('--sans')}`,
      grid: { stroke: colour('--line'), width: 1 },
      ticks: { show: false },
      border: { show: false },
    };
    const accent = colour('--accent');
    const second = colour('--second');
    this.#plot = new uPlot({
      ...this.#size(),
      legend: { show: false },
      cursor: { show: false },
      padding: [8, 10, 0, 0],
      scales: {
        x: { time: false, range: (_, min, max) => [Math.min(Math.floor(min ?? 0), 0), Math.max(max ?? 1, 0.05)] },
        y: { range: (_, min, max) => this.#range(min, max) },
      },
      axes: [
        { ...axis, size: 26, gap: 4, space: 46, values: (_, ticks) => ticks.map((v) => `${+v.toFixed(3)}`) },
        { ...axis, size: 42, gap: 6, space: 26, values: (_, ticks) => ticks.map((v) => (this.#percent ? `${+(v * 100).toFixed(1)} %` : `${+v.toFixed(3)}`)) },
      ],
      series: [
        {},
        { stroke: `color-mix(in srgb, ${accent} 28%, transparent)`, width: 1, points: { show: false } },
        { stroke: accent, width: 2, points: { show: false } },
        { stroke: second, width: 1.5, spanGaps: true, points: { show: true, size: 7, width: 0, fill: second } },
      ],
    }, this.#data(), this.#element);
  }

  #range(min, max) {
    if (min === null || min === undefined) return [0, 1];
    if (this.#percent) return [Math.min(Math.floor(min * 10) / 10, 0.9), 1];
    return [0, Math.max(max * 1.05, 0.01)];
  }
}
