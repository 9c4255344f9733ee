// The ten probabilities, as bars with numbers beside them.

import { CLASSES } from './networks.js';
import { largest } from './scores.js';

/** Fills an <ol> with ten bars, all at nothing; returns a function that sets them, or clears them when given null. */
export function makeBars(list) {
  const rows = Array.from({ length: CLASSES }, (_, digit) => row(digit));
  list.replaceChildren(...rows.map((r) => r.entry));
  return (probabilities) => {
    const top = probabilities ? largest(probabilities) : -1;
    rows.forEach(({ entry, fill, value }, digit) => {
      const p = probabilities ? probabilities[digit] : 0;
      entry.classList.toggle('top', digit === top);
      fill.style.setProperty('--p', p.toFixed(4));
      entry.dataset.p = probabilities ? String(p) : '';
      value.textContent = probabilities ? `${(p * 100).toFixed(1)} %` : '';
    });
  };
}

function row(digit) {
  const entry = document.createElement('li');
  const name = document.createElement('span');
  name.className = 'digit';
  name.textContent = digit;
  const track = document.createElement('span');
  track.className = 'track';
  const fill = document.createElement('div');
  fill.className = 'fill';
  track.append(fill);
  const value = document.createElement('span');
  value.className = 'value';
  entry.append(name, track, value);
  return { entry, fill, value };
}
