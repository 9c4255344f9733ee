// The grid of test digits that the network misread. Each is a button that puts the digit on the drawing pad.

import { SIDE } from './networks.js';
import { paintDigit } from './pad.js';

// Whole rows of the grid, with seven columns as with four.
const MOST_SHOWN = 28;

/**
 * Shows the surest mistakes of score().wrong.
 * @param {{list: HTMLElement, note: HTMLElement}} places
 * @param {Uint8Array} images (n, 28, 28)
 * @param {(bytes: Uint8Array, truth: number) => void} onPick
 */
export function showMistakes({ list, note }, wrong, images, onPick) {
  const shown = wrong.slice(0, MOST_SHOWN);
  note.textContent = wrong.length === 0
    ? 'Not one test digit was misread.'
    : `${wrong.length.toLocaleString('en')} misread, what it is → what was read; the surest ${shown.length} first. Press one to look closer.`;
  list.replaceChildren(...shown.map((mistake) => item(mistake, images, onPick)));
}

/** Nothing is misread yet. */
export function clearMistakes({ list, note }) {
  list.replaceChildren();
  note.textContent = 'After each epoch: the test digits it misread, the surest of its mistakes first.';
}

function item({ index, truth, guess, certainty }, images, onPick) {
  const bytes = images.subarray(index * SIDE * SIDE, (index + 1) * SIDE * SIDE);
  const canvas = document.createElement('canvas');
  canvas.width = SIDE;
  canvas.height = SIDE;
  canvas.setAttribute('aria-hidden', 'true');
  paintDigit(canvas, bytes);
  const button = document.createElement('button');
  button.type = 'button';
  button.setAttribute('aria-label', `A ${truth} read as ${guess}, ${Math.round(certainty * 100)} % sure. Put it on the drawing pad.`);
  const read = document.createElement('i');
  read.textContent = guess;
  const caption = document.createElement('span');
  caption.append(`${truth} → `, read);
  button.append(canvas, caption);
  button.addEventListener('click', () => onPick(bytes.slice(), truth));
  const entry = document.createElement('li');
  entry.append(button);
  return entry;
}
