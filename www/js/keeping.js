// The trained network, saved and had back: as files, which TensorFlow.js and the Worker's build read too, or kept in this browser.

import { CLASSES, SIDE } from './networks.js';
import { problems } from './problems.js';

/** What the files are called, and the network that the browser keeps. */
const NAME = 'tabgrad-digits';
const KEPT = `indexeddb://${NAME}`;

/** Downloads tabgrad-digits.json and tabgrad-digits.weights.bin, with all that training goes on from. */
export async function saveFiles(model) {
  await model.save(`downloads://${NAME}`, { includeOptimizer: true });
  return `Saved ${NAME}.json and ${NAME}.weights.bin.`;
}

/** Keeps it in this browser, in place of the one kept before. */
export async function keep(model) {
  await model.save(KEPT, { includeOptimizer: true });
  return 'Kept in this browser: it can be loaded when you come back.';
}

/** When the network that this browser keeps was saved; null where there is none. */
export async function keptSince(tg) {
  try {
    return (await tg.io.listModels())[KEPT]?.dateSaved ?? null;
  } catch {
    return null; // storage is forbidden here; saving to it will say so
  }
}

export const loadKept = (tg) => loadDigitReader(tg, KEPT);

/** A network of files that a person chose. */
export const loadChosen = (tg, files) => loadDigitReader(tg, [...files]);

// A network that answers ten probabilities to a digit, ready to go on training.
async function loadDigitReader(tg, source) {
  const model = await tg.loadModel(source).catch((error) => {
    throw error?.code === 'unsupported' ? problems.otherLayers(error) : error;
  });
  try {
    const { shape } = await model.predict(tg.tensor(new Uint8Array(SIDE * SIDE), [1, SIDE, SIDE, 1])).catch((error) => {
      throw problems.otherNetwork(error);
    });
    if (shape.length !== 2 || shape[1] !== CLASSES) throw problems.otherNetwork(new Error(`it answers [${shape.slice(1).join(', ')}]`));
    if (!model.compiled) await model.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  }
}
