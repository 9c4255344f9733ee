// What one pass over the test digits says: loss, accuracy, the confusion matrix and the digits misread.

import { CLASSES } from './networks.js';

// Keras clips probabilities here before the logarithm.
const EPSILON = 1e-7;

/**
 * Scores a prediction.
 * @param {Float32Array} probabilities (n, 10), row by row
 * @param {Uint8Array} labels (n), 0 to 9
 * @returns {{loss: number, accuracy: number, count: number, matrix: Uint32Array,
 *   wrong: {index: number, truth: number, guess: number, certainty: number}[]}}
 *   loss is the mean categorical crossentropy; matrix[truth * 10 + guess] counts digits; wrong is sorted, surest first.
 */
export function score(probabilities, labels) {
  const count = labels.length;
  const matrix = new Uint32Array(CLASSES * CLASSES);
  const wrong = [];
  let loss = 0;
  let hits = 0;
  for (let i = 0; i < count; i++) {
    const row = i * CLASSES;
    const truth = labels[i];
    const guess = largest(probabilities, row);
    loss -= Math.log(Math.min(Math.max(probabilities[row + truth], EPSILON), 1 - EPSILON));
    matrix[truth * CLASSES + guess]++;
    if (guess === truth) hits++;
    else wrong.push({ index: i, truth, guess, certainty: probabilities[row + guess] });
  }
  wrong.sort((a, b) => b.certainty - a.certainty);
  return { loss: loss / count, accuracy: hits / count, count, matrix, wrong };
}

/** The digit with the largest of the ten probabilities that start at offset. */
export function largest(probabilities, offset = 0) {
  let best = 0;
  for (let k = 1; k < CLASSES; k++) {
    if (probabilities[offset + k] > probabilities[offset + best]) best = k;
  }
  return best;
}
