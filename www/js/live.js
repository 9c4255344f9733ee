// Asks the network what it reads on the pad: at once when the drawing changes, and a few times a second while it trains.
// One question is under way at a time; what changed meanwhile is asked next.

import { SIDE } from './networks.js';

const WHILE_TRAINING = 350; // milliseconds between questions

export class LiveReader {
  #ask;
  #show;
  #busy = false;
  #again = false;
  #timer = 0;

  /**
   * ask: resolves to { probabilities, seen } for what is on the pad now, or null when there is nothing to ask or no one to answer.
   * show: is given that answer.
   */
  constructor({ ask, show }) {
    this.#ask = ask;
    this.#show = show;
  }

  /** The drawing or the network has changed. */
  async refresh() {
    if (this.#busy) {
      this.#again = true;
      return;
    }
    this.#busy = true;
    try {
      do {
        this.#again = false;
        this.#show(await this.#ask());
      } while (this.#again);
    } finally {
      this.#busy = false;
    }
  }

  /** Keeps asking while the weights change. */
  follow(on) {
    clearInterval(this.#timer);
    this.#timer = on ? setInterval(() => this.refresh(), WHILE_TRAINING) : 0;
  }
}

/** The pad's drawing as MNIST has its digits: 28 x 28, its ink within 20 x 20, its centre of mass in the middle. */
export async function centred(tg, { bytes, side, centred: already }) {
  return already ? bytes : tg.datasets.centerDigit(bytes, side, side);
}

/** The ten probabilities for one 28 x 28 digit of bytes. */
export async function read(tg, model, digit) {
  const { data } = await model.predict(tg.tensor(digit.slice(), [1, SIDE, SIDE, 1], { scale: 1 / 255 }));
  return data;
}
