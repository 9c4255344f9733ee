// The two networks of this page. Both take one 28 x 28 digit with one channel and answer ten probabilities.

/** Sizes every part of the page agrees on. */
export const SIDE = 28;
export const CLASSES = 10;

/**
 * Each entry: a name for people, the layers, and the optimizer that suits it.
 * The first is Keras's MNIST example, with the optimizer Keras trains it with.
 */
export const NETWORKS = {
  cnn: {
    name: 'convolutional network',
    layers: (tg) => [
      tg.layers.conv2d({ filters: 32, kernelSize: 3, activation: 'relu', inputShape: [SIDE, SIDE, 1] }),
      tg.layers.conv2d({ filters: 64, kernelSize: 3, activation: 'relu' }),
      tg.layers.maxPooling2d({ poolSize: 2 }),
      tg.layers.dropout({ rate: 0.25 }),
      tg.layers.flatten(),
      tg.layers.dense({ units: 128, activation: 'relu' }),
      tg.layers.dropout({ rate: 0.5 }),
      tg.layers.dense({ units: CLASSES, activation: 'softmax' }),
    ],
    optimizer: (tg) => tg.optimizers.adadelta({ learningRate: 1.0 }),
  },
  mlp: {
    name: 'dense network',
    layers: (tg) => [
      tg.layers.flatten({ inputShape: [SIDE, SIDE, 1] }),
      tg.layers.dense({ units: 128, activation: 'relu' }),
      tg.layers.dense({ units: CLASSES, activation: 'softmax' }),
    ],
    optimizer: (tg) => tg.optimizers.adam({ learningRate: 0.001 }),
  },
};

/** Builds and compiles one of NETWORKS in the engine; rejects with the engine's own error. */
export async function buildNetwork(tg, name) {
  const network = NETWORKS[name];
  const model = tg.sequential();
  for (const layer of network.layers(tg)) model.add(layer);
  await model.compile({ optimizer: network.optimizer(tg), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  return model;
}
