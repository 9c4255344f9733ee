// A residual network with batch normalization and augmentation on MNIST.

export const title = 'A residual network';
export const files = [];
export const epochs = 15;

/** The accuracy on images that were not learnt from. dataset is { train, test }; by default it is MNIST. */
export async function run(tg, { dataset, log, epochs: n = epochs, batchSize = 128, callbacks = [], signal }) {
  const { train, test } = dataset ?? (await tg.datasets.mnist());
  const model = build(tg);
  const steps = n * Math.ceil(train.x.shape[0] / batchSize);
  const warmupSteps = Math.floor(steps / 10);
  await model.compile({
    optimizer: tg.optimizers.adamw({
      learningRate: tg.schedules.cosineDecay({ initialLearningRate: 0, warmupTarget: 4e-3, warmupSteps, decaySteps: steps - warmupSteps }),
      weightDecay: 0.02,
    }),
    loss: tg.losses.categoricalCrossentropy({ labelSmoothing: 0.05 }),
    metrics: ['accuracy'],
  });
  await model.fit(train.x, train.y, { batchSize, epochs: n, signal, callbacks, validationData: [test.x, test.y] });
  const { accuracy } = await model.evaluate(test.x, test.y, { batchSize });
  log(`${(100 * accuracy).toFixed(2)}% of ${test.x.shape[0]} images that were not learnt from are told rightly`);
  return { accuracy };
}

/**
 * Images are turned, moved and zoomed a little, each time in another way; then come three stages of residual blocks, each of half the height and
 * width and more channels.
 */
function build(tg) {
  const { layers } = tg;
  const convolved = (x, filters, strides, activation) => {
    const y = layers.conv2d({ filters, kernelSize: 3, strides, padding: 'same', useBias: false, kernelInitializer: 'heNormal' }).apply(x);
    return layers.activation({ activation }).apply(layers.batchNormalization({ momentum: 0.9 }).apply(y));
  };
  // A block adds two convolutions to what comes in (He et al. 2015). Where the shape changes, what comes in is brought to it.
  const block = (x, filters, strides) => {
    const y = convolved(convolved(x, filters, strides, 'relu'), filters, 1, 'linear');
    const short = strides === 1 ? x : layers.conv2d({ filters, kernelSize: 1, useBias: false }).apply(layers.averagePooling2d({ poolSize: strides }).apply(x));
    return layers.activation({ activation: 'relu' }).apply(layers.add().apply([short, y]));
  };
  const images = tg.input({ shape: [28, 28, 1] });
  let x = layers.randomRotation({ factor: 0.03, fillMode: 'constant' }).apply(images); // of a turn
  x = layers.randomTranslation({ heightFactor: 0.08, widthFactor: 0.08, fillMode: 'constant' }).apply(x);
  x = layers.randomZoom({ heightFactor: 0.1, fillMode: 'constant' }).apply(x);
  x = convolved(x, 16, 1, 'relu');
  x = block(block(block(x, 16, 1), 32, 2), 64, 2);
  x = layers.dense({ units: 10, activation: 'softmax' }).apply(layers.globalAveragePooling2d().apply(x));
  return tg.model({ inputs: images, outputs: x, seed: 1 });
}
