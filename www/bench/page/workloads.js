// What is measured: models as data, which every system builds in its own words, and what is done with them.

const relu3x3 = (filters, padding = 'valid') => ({ layer: 'conv2d', filters, kernelSize: 3, padding, activation: 'relu' });
const block = (filters) => [relu3x3(filters, 'same'), relu3x3(filters, 'same'), { layer: 'maxPooling2d', poolSize: 2 }];
const dense = (units) => ({ layer: 'dense', units, activation: 'relu' });
const classes = { layer: 'dense', units: 10, activation: 'softmax' };

/** name: { input: shape of a sample, optimizer, layers in Keras's terms }. The loss is always categorical crossentropy. */
export const models = {
  cnn: {
    input: [28, 28, 1],
    optimizer: { name: 'adadelta', learningRate: 1 },
    layers: [
      relu3x3(32), relu3x3(64), { layer: 'maxPooling2d', poolSize: 2 }, { layer: 'dropout', rate: 0.25 },
      { layer: 'flatten' }, dense(128), { layer: 'dropout', rate: 0.5 }, classes,
    ],
  },
  mlp: { input: [784], optimizer: { name: 'adam', learningRate: 0.001 }, layers: [dense(128), classes] },
  mlp512: { input: [784], optimizer: { name: 'adam', learningRate: 0.001 }, layers: [dense(512), dense(512), classes] },
  // What else tfjs has as a default would be other work than the others', or a slow start.
  lstm: {
    input: [28, 28],
    optimizer: { name: 'adam', learningRate: 0.001 },
    layers: [{ layer: 'lstm', units: 128, recurrentActivation: 'sigmoid', recurrentInitializer: 'glorotUniform' }, classes],
  },
  deep: {
    input: [32, 32, 3],
    optimizer: { name: 'adam', learningRate: 0.001 },
    layers: [...block(32), ...block(64), ...block(128), { layer: 'flatten' }, classes],
  },
};

/**
 * What is done: 'train' is a training step of `samples`, 'predict' the probabilities of `samples` images from an array to an
 * array, 'start' everything from the library's import to the end of its first training step. `long` names the systems that
 * take so long for it that they do one step.
 */
export const workloads = [
  { id: 'cnn', name: 'seed CNN, training step', model: 'cnn', does: 'train', samples: 128, long: ['tfjs-cpu', 'jax-js'] },
  { id: 'mlp', name: 'MLP 784-128-10, training step', model: 'mlp', does: 'train', samples: 128, long: [] },
  { id: 'mlp512', name: 'MLP 784-512-512-10, training step', model: 'mlp512', does: 'train', samples: 128, long: [] },
  { id: 'deep', name: 'deeper CNN, training step', model: 'deep', does: 'train', samples: 128, long: ['tfjs-cpu', 'jax-js'] },
  { id: 'lstm', name: 'LSTM(128) on 28x28, training step', model: 'lstm', does: 'train', samples: 128, long: ['tfjs-cpu'] },
  { id: 'predict1', name: 'seed CNN, predict 1 digit', model: 'cnn', does: 'predict', samples: 1, long: [] },
  { id: 'predict1000', name: 'seed CNN, predict 1,000 digits', model: 'cnn', does: 'predict', samples: 1000, long: ['tfjs-cpu', 'jax-js'] },
  { id: 'start', name: 'start: import to the first MLP step', model: 'mlp', does: 'start', samples: 128, long: [] },
];

/** How a large prediction is cut up, for those systems that are told. */
export const predictBatch = 256;

/** Noise from 0 to 255: the speed of a step doesn't depend on what is in the images. */
export function noise(length) {
  const bytes = new Uint8Array(length);
  let state = 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** n samples of a shape as numbers from 0 to 1, and their one-hot labels. */
export function batch(n, shape) {
  const size = shape.reduce((a, b) => a * b, 1);
  const x = Float32Array.from(noise(n * size), (byte) => byte / 255);
  const y = new Float32Array(n * 10);
  for (let i = 0; i < n; i++) y[i * 10 + ((i * 7) % 10)] = 1;
  return { x, y };
}
