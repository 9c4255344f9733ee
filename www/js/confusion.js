// The confusion matrix as a table: a row for each true digit, a column for what the network read.

import { CLASSES } from './networks.js';

/** Fills a <table> with the counts of score().matrix; when says what is counted: "Epoch 3". */
export function showConfusion(table, { matrix, accuracy, count }, when) {
  const caption = document.createElement('caption');
  caption.textContent = `${when}: ${count.toLocaleString('en')} test digits, ${(accuracy * 100).toFixed(2)} % read right. Rows: what it is; columns: what was read.`;
  table.replaceChildren(caption, head(), body(matrix));
}

/** An empty matrix, so that the table has its place before there is anything to count. */
export function clearConfusion(table) {
  const caption = document.createElement('caption');
  caption.textContent = 'Rows: what it is; columns: what was read.';
  table.replaceChildren(caption, head(), body(new Uint32Array(CLASSES * CLASSES)));
}

function head() {
  const row = document.createElement('tr');
  const corner = document.createElement('th');
  corner.scope = 'col';
  corner.setAttribute('aria-label', 'true digit');
  row.append(corner);
  for (let guess = 0; guess < CLASSES; guess++) row.append(header('col', guess));
  const group = document.createElement('thead');
  group.append(row);
  return group;
}

function body(matrix) {
  const group = document.createElement('tbody');
  for (let truth = 0; truth < CLASSES; truth++) {
    const counts = matrix.subarray(truth * CLASSES, (truth + 1) * CLASSES);
    const total = counts.reduce((sum, n) => sum + n, 0);
    const row = document.createElement('tr');
    row.append(header('row', truth));
    for (let guess = 0; guess < CLASSES; guess++) row.append(cell(counts[guess], total, truth, guess));
    group.append(row);
  }
  return group;
}

function header(scope, digit) {
  const element = document.createElement('th');
  element.scope = scope;
  element.textContent = digit;
  return element;
}

function cell(count, total, truth, guess) {
  const element = document.createElement('td');
  const share = total > 0 ? count / total : 0;
  element.textContent = count;
  element.className = count === 0 ? 'zero' : truth === guess ? 'hit' : 'miss';
  if (truth === guess && share > 0.5) element.classList.add('strong');
  // A few mistakes in a thousand are what there is to see, so their shade grows with the square root.
  element.style.setProperty('--share', String(truth === guess ? share : Math.sqrt(share)));
  if (count > 0) element.title = `${count} × a ${truth} read as ${guess}`;
  return element;
}
