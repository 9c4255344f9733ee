// What is measured. Each workload makes a model and returns a function that does `steps` of it once and returns how
// many milliseconds they took together.

const cnn = ({ layers: l }) => [
  l.conv2d({ filters: 32, kernelSize: 3, activation: 'relu', inputShape: [28, 28, 1] }),
  l.conv2d({ filters: 64, kernelSize: 3, activation: 'relu' }),
  l.maxPooling2d({ poolSize: 2 }),
  l.dropout({ rate: 0.25 }),
  l.flatten(),
  l.dense({ units: 128, activation: 'relu' }),
  l.dropout({ rate: 0.5 }),
  l.dense({ units: 10, activation: 'softmax' }),
];

const mlp = (...hidden) => ({ layers: l }) => [
  ...hidden.map((units, i) => l.dense({ units, activation: 'relu', ...(i === 0 ? { inputShape: [784] } : {}) })),
  l.dense({ units: 10, activation: 'softmax' }),
];

const BATCH = 128;

/** Training steps of a fit, as the engine times them: from one step's begin to the next one's, batch and all, but without sending the data to it. */
function training(makeLayers, inputShape, optimizer, steps) {
  return async (tg) => {
    const model = tg.sequential({ layers: makeLayers(tg) });
    await model.compile({ optimizer: optimizer(tg), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
    const { x, y } = digits(tg, steps * BATCH, inputShape);
    return async () => {
      let msPerStep = NaN;
      await model.fit(x, y, { batchSize: BATCH, epochs: 1, callbacks: { onProgress: (p) => void ({ msPerStep } = p) } });
      return msPerStep * steps;
    };
  };
}

function prediction(makeLayers, inputShape, count, steps) {
  return async (tg) => {
    const model = tg.sequential({ layers: makeLayers(tg) });
    await model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy' });
    const { x } = digits(tg, count, inputShape);
    return async () => {
      const began = performance.now();
      for (let i = 0; i < steps; i++) await model.predict(x, { batchSize: Math.min(count, 256) });
      return performance.now() - began;
    };
  };
}

/** Noise with labels. The speed of a step doesn't depend on what is in the images. */
function digits(tg, n, shape) {
  const bytes = new Uint8Array(n * 784);
  let state = 1;
  for (let i = 0; i < bytes.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  const labels = Int32Array.from({ length: n }, (_, i) => bytes[i * 784] % 10);
  return { x: tg.tensor(bytes, [n, ...shape], { scale: 1 / 255 }), y: tg.oneHot(labels, 10) };
}

const image = [28, 28, 1];
const flat = [784];

export const workloads = [
  { name: 'seed CNN, training step', unit: 'ms', steps: 20, prepare: training(cnn, image, (tg) => tg.optimizers.adadelta({ learningRate: 1 }), 20) },
  { name: 'MLP 784-128-10, training step', unit: 'ms', steps: 400, prepare: training(mlp(128), flat, () => 'adam', 400) },
  { name: 'MLP 784-512-512-10, training step', unit: 'ms', steps: 100, prepare: training(mlp(512, 512), flat, () => 'adam', 100) },
  { name: 'seed CNN, predict 1 digit', unit: 'ms', steps: 100, prepare: prediction(cnn, image, 1, 100) },
  { name: 'seed CNN, predict 1,000 digits', unit: 'ms', steps: 2, prepare: prediction(cnn, image, 1000, 2) },
];
