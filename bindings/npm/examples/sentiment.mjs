// Reviews of films, that praise or don't. Each word by itself is in as many of the one as of the other, so that it takes their order.

export const title = 'Praise or not';
export const files = ['gen_reviews.csv'];
export const epochs = 8;

/** The share of reviews that were not learnt from and are told rightly, and a function that says how likely texts are praise. */
export async function run(tg, { files: [table], log, epochs: n = epochs, callbacks = [], signal }) {
  const reviews = table.trim().split('\n').slice(1).map((line) => line.split(','));
  const texts = reviews.map(([, text]) => text);
  const liked = Float32Array.from(reviews, ([label]) => (label === 'positive' ? 1 : 0));
  const held = 400; // the first are not learnt from

  const words = tg.textVectorization({ outputSequenceLength: 48 });
  await words.adapt(texts.slice(held));
  const { layers } = tg;
  const model = tg.sequential({
    seed: 1,
    layers: [
      layers.embedding({ inputDim: (await words.getVocabulary()).length, outputDim: 16, maskZero: true, inputShape: [48] }),
      layers.bidirectional({ layer: layers.lstm({ units: 16 }) }),
      layers.dense({ units: 1, activation: 'sigmoid' }),
    ],
  });
  await model.compile({ optimizer: tg.optimizers.adam({ learningRate: 0.005 }), loss: 'binaryCrossentropy', metrics: ['accuracy'] });
  const some = async (from, to) => [await words.apply(texts.slice(from, to)), tg.tensor(liked.slice(from, to), [to - from, 1])];
  await model.fit(...(await some(held, texts.length)), { batchSize: 32, epochs: n, signal, callbacks });
  const { accuracy } = await model.evaluate(...(await some(0, held)));
  log(`of ${held} reviews that were not learnt from ${(100 * accuracy).toFixed(1)}% are told rightly`);

  const praise = async (...texts) => [...(await model.predict(await words.apply(texts))).data];
  const sentences = ['The plot was not boring!', 'Critics said the acting was superb, but I found it clumsy.'];
  (await praise(...sentences)).forEach((p, i) => log(`${p.toFixed(2)}  ${sentences[i]}`));
  return { accuracy, praise };
}
