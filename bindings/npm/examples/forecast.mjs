// From the last two days' weather, how warm it will be in 24 hours; compared with who says: as warm as now.

export const title = 'Tomorrow’s temperature';
export const files = ['gen_weather.csv'];
export const epochs = 15;

const perDay = 8; // the weather is measured every three hours
const length = 2 * perDay; // what is looked at
const ahead = perDay; // behind the window's last step

/** By how many degrees the forecasts for days that were not learnt from are off on average, and the naive ones. */
export async function run(tg, { files: [table], log, epochs: n = epochs, callbacks = [], signal }) {
  const { xs: steps } = await tg.data.csv(table, { name: 'weather', columns: { temperature: 'number', pressure: 'number', wind: 'number', cloud: 'number' } }).tensors();
  const [count, columns] = steps.shape;
  const warmth = Float32Array.from({ length: count }, (_, i) => steps.data[i * columns]);
  // The last quarter is the future. A window's target is the temperature ahead steps behind its last.
  const cut = (count * 3) / 4;
  const later = tg.tensor(warmth.slice(length + ahead - 1), [count - length - ahead + 1, 1]);
  const windows = (startIndex, endIndex) => tg.data.timeseries(steps, later, { sequenceLength: length, startIndex, endIndex }).tensors();
  const past = await windows(0, cut - ahead);
  const future = await windows(cut, count);

  const { layers } = tg;
  const normalization = layers.normalization({ inputShape: [length, columns] });
  await tg.adapt(normalization, past.xs);
  const l2 = tg.regularizers.l2({ l2: 1e-3 });
  const model = tg.sequential({
    seed: 1,
    layers: [
      normalization,
      layers.gru({ units: 16, kernelRegularizer: l2, recurrentRegularizer: l2 }),
      layers.dense({ units: 1, biasInitializer: tg.initializers.constant({ value: 9 }) }), // the year's mean
    ],
  });
  await model.compile({ optimizer: tg.optimizers.adam({ learningRate: 0.005 }), loss: 'huber', metrics: ['meanAbsoluteError'] });
  await model.fit(past.xs, past.ys, { batchSize: 32, epochs: n, signal, callbacks, validationData: [future.xs, future.ys] });

  const { data: said } = await model.predict(future.xs);
  const now = (i) => warmth[cut + length - 1 + i]; // where window i ends
  const mean = (f) => said.reduce((sum, v, i) => sum + Math.abs(f(v, i)), 0) / said.length;
  const forecast = mean((v, i) => v - now(i + ahead));
  const naive = mean((v, i) => now(i) - now(i + ahead));
  log(`the temperature in 24 hours: off by ${forecast.toFixed(2)} °C on average; as warm as now: off by ${naive.toFixed(2)}`);
  return { forecast, naive };
}
