// What a user writes. package.test.mjs type-checks it against the installed package, and runs it.

import { TabgradError, io, load, type History, type Layer, type LoadHandler, type Model, type ModelArtifacts, type SaveHandler, type Tensor, type TextVectorizer } from 'tabgrad';

const tg = await load({ threads: 1, deterministic: true, seed: 7 });
const layers: Layer[] = [
  tg.layers.dense({ units: 8, activation: 'relu', inputShape: [2], kernelInitializer: tg.initializers.heUniform({ seed: 3 }) }),
  tg.layers.dense({ units: 2, activation: 'softmax' }),
];
const model = tg.sequential({ layers, name: 'xor' });
await model.compile({ optimizer: tg.optimizers.adam({ learningRate: 0.05 }), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });

const x: Tensor = tg.tensor([
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
]);
const y = tg.oneHot([0, 1, 1, 0], 2);
const seen: number[] = [];
const history: History = await model.fit(x, y, {
  epochs: 200,
  batchSize: 4,
  callbacks: {
    async onEpochEnd(epoch, logs) {
      if (logs['loss'] !== undefined) seen.push(epoch);
    },
  },
});
const { accuracy } = await model.evaluate(x, y);
const p: Tensor<Float32Array> = await model.predict(x);
console.log(JSON.stringify({ epochs: history.epoch.length, seen: seen.length, accuracy, shape: p.shape }));

let artifacts: ModelArtifacts | undefined;
const kept: SaveHandler & LoadHandler = {
  async save(given) {
    artifacts = given;
    return model.save('indexeddb://xor').catch(() => ({ modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON', modelTopologyBytes: 0, weightSpecsBytes: 0, weightDataBytes: 0 } }));
  },
  load: () => artifacts!,
};
const { modelArtifactsInfo } = await model.save(kept, { includeOptimizer: true });
const again: Model = await tg.loadModel(kept);
if (modelArtifactsInfo.modelTopologyType !== 'JSON' || (await again.evaluate(x, y))['accuracy'] !== accuracy || io.removeModel !== tg.io.removeModel) throw new Error('not the same');

const norm = tg.layers.normalization({ axis: null, inputShape: [2] });
await tg.adapt(norm, x);
await tg.adapt(tg.layers.discretization({ numBins: 2, outputMode: 'multiHot' }), [x, x]);
const words: TextVectorizer = tg.textVectorization({ standardize: (text) => text.trim(), split: null, ngrams: 2, outputMode: 'tf_idf' });
await words.adapt(['a', 'b']);
const counts: Tensor = await words.apply('a');
const vocabulary: string[] = await words.getVocabulary();
if (vocabulary.length !== 3 || counts.shape[1] !== 3) throw new Error('not the vocabulary');

try {
  await model.predict(tg.tensor([[1, 2, 3]]));
} catch (error) {
  if (!(error instanceof TabgradError)) throw error;
  console.log(error.code);
}

// A graph with a layer, a loss and a metric of one's own.
const { ops } = tg;
const input = tg.input({ shape: [2], name: 'input' });
const scale = tg.customLayer({
  name: 'scale',
  weights: [{ name: 'factor', shape: (x) => [x.at(-1)!], initializer: 'ones' }],
  call: ({ x, weights, training }) => (training ? ops.mul(x, weights['factor']!) : ops.mul(x, weights['factor']!)),
});
const hidden = tg.layers.dense({ units: 8, activation: 'tanh' }).apply(scale.apply(input));
const graph = tg.model({ inputs: input, outputs: [tg.layers.dense({ units: 2, activation: 'softmax', name: 'kind' }).apply(hidden), hidden] });
await graph.compile({
  loss: { kind: (yTrue, yPred) => ops.mean(ops.square(ops.sub(yTrue, yPred)), -1) },
  lossWeights: { kind: 2 },
  metrics: { kind: ['accuracy', { name: 'largest', fn: (_, yPred) => ops.max(yPred, { axis: -1 }) }] },
});
const logs = await graph.trainOnBatch({ input: x }, { kind: y });
const [kind, features] = await graph.predict<Tensor<Float32Array>[]>([x]);
graph.getLayer('scale').trainable = false;
console.log(Object.keys(logs).join(' '), kind!.shape.join(), features!.shape.join(), graph.layers.length);

// @ts-expect-error: a number is no tensor of a graph.
const wrongInput = () => tg.layers.flatten().apply(3);
// @ts-expect-error: an optimizer is no layer.
const wrongLayer: Layer = tg.optimizers.adam();
// @ts-expect-error: units is required.
const noUnits = () => tg.layers.dense({ activation: 'relu' });
// @ts-expect-error: there is no such option.
const unknownOption = () => tg.layers.dense({ units: 1, unit: 2 });
// @ts-expect-error: there is no such activation.
const unknownName = () => tg.layers.dense({ units: 1, activation: 'reluu' });
// @ts-expect-error: there is no such mode.
const unknownMode = () => tg.layers.randomFlip({ mode: 'both' });
// @ts-expect-error: a split gives tokens.
const noTokens = () => tg.textVectorization({ split: (text: string) => text });
export { wrongLayer, noUnits, unknownOption, unknownName, wrongInput, unknownMode, noTokens };

await tg.close();
