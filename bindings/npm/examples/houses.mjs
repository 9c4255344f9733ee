// What houses sell for: a table of numbers and names, one column of which is to be told from the others.

export const title = 'Prices of houses';
export const files = ['gen_houses.csv'];
export const epochs = 60;

/** The mean absolute error on houses that were not learnt from, in thousands, and that of the mean price. */
export async function run(tg, { files: [table], log, epochs: n = epochs, callbacks = [], signal }) {
  const houses = tg.data.csv(table, {
    name: 'houses',
    columns: {
      district: { type: 'category', oneHot: true },
      area: 'number',
      rooms: 'number',
      built: { missing: 1960 },
      heating: { type: 'category', oneHot: true },
      garden: 'number',
      price: { target: true },
    },
  });
  const test = await houses.take(300).tensors();
  const train = await houses.skip(300).tensors();

  // Areas are hundreds and gardens 0 or 1: Normalization learns each column's mean and variance, of the houses that are learnt from.
  const { layers } = tg;
  const normalization = layers.normalization({ inputShape: train.xs.shape.slice(1) });
  await tg.adapt(normalization, train.xs);
  const model = tg.sequential({
    seed: 1,
    layers: [
      normalization,
      layers.dense({ units: 64, activation: 'relu' }),
      layers.dense({ units: 64, activation: 'relu' }),
      layers.dense({ units: 1, biasInitializer: tg.initializers.constant({ value: 300 }) }), // about what a house sells for
    ],
  });
  await model.compile({ optimizer: tg.optimizers.adam({ learningRate: 0.003 }), loss: 'meanSquaredError', metrics: ['meanAbsoluteError'] });
  await model.fit(train.xs, train.ys, {
    batchSize: 32,
    epochs: n,
    signal,
    callbacks: [tg.callbacks.reduceLROnPlateau({ monitor: 'loss', factor: 0.5, patience: 6 }), ...callbacks],
  });
  const { meanAbsoluteError: off } = await model.evaluate(test.xs, test.ys);
  const prices = [...test.ys.data];
  const mean = prices.reduce((a, b) => a + b) / prices.length;
  const guess = prices.reduce((sum, price) => sum + Math.abs(price - mean), 0) / prices.length;
  log(`prices are off by ${off.toFixed(1)} thousand on average; the mean price is by ${guess.toFixed(1)}`);
  return { off, guess };
}
