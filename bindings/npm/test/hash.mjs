// The same training everywhere: 50 steps of a small network with every kind of layer, from fixed seeds on the strict kernels. Its weights must be
// the same bits in Node, in every browser and natively on wazero (hash_test.go, which sends the same requests), on any number of lanes.

/**
 * Trains and returns the sha256 of all weights, in getWeights' order, as little-endian float32, in hex.
 * @param tg an engine started with { deterministic: true }
 */
export async function trainedHash(tg) {
  const { train } = await tg.datasets.digits({ train: 400, test: 1, seed: 3 });
  const model = tg.sequential({
    seed: 7,
    layers: [
      tg.layers.conv2d({ filters: 8, kernelSize: 3, strides: 2, padding: 'same', activation: 'relu', inputShape: [28, 28, 1] }),
      tg.layers.conv2d({ filters: 12, kernelSize: 3, activation: 'elu' }),
      tg.layers.maxPooling2d({ poolSize: 2 }),
      tg.layers.averagePooling2d({ poolSize: 2, strides: 1 }),
      tg.layers.dropout({ rate: 0.25 }),
      tg.layers.flatten(),
      tg.layers.dense({ units: 32, activation: 'tanh', kernelInitializer: 'heNormal', kernelRegularizer: tg.regularizers.l2({ l2: 0.001 }) }),
      tg.layers.dense({ units: 24, activation: 'gelu' }),
      tg.layers.dropout({ rate: 0.5 }),
      tg.layers.dense({ units: 10, activation: 'softmax' }),
    ],
  });
  await model.compile({ optimizer: tg.optimizers.adadelta({ learningRate: 1 }), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  await model.fit(train.x, train.y, { batchSize: 40, epochs: 5, seed: 11 });
  const weights = await model.getWeights();
  const bytes = new Uint8Array(weights.reduce((size, { data }) => size + data.byteLength, 0));
  let at = 0;
  for (const { data } of weights) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  model.dispose();
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (b) => b.toString(16).padStart(2, '0')).join('');
}
