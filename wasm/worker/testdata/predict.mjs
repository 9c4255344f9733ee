// What the npm package's engine says, in Node, on the strict kernels, of the images on standard input: prints the probabilities' bits as JSON.
// Arguments: the model's layers as JSON of the API's options, and a file with all weights as little-endian float32, one behind another.

import { readFileSync } from 'node:fs';
import { load } from '../../../bindings/npm/dist/index.js';

const [layers, weightFile] = process.argv.slice(2);
const tg = await load({ deterministic: true });
const model = tg.sequential();
for (const { layer, ...options } of JSON.parse(layers)) model.add(tg.layers[layer](options));
model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy' });

const bytes = readFileSync(weightFile);
const all = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
let at = 0;
const weights = (await model.getWeights()).map(({ name, shape }) => {
  const data = all.slice(at, (at += shape.reduce((a, b) => a * b, 1)));
  return { name, shape, data };
});
if (at !== all.length) throw new Error(`${all.length} weights, the model has ${at}`);
await model.setWeights(weights);

const images = new Uint8Array(readFileSync(0));
const { data } = await model.predict(tg.tensor(images, [images.length / 784, 28, 28, 1], { scale: 1 / 255 }));
console.log(JSON.stringify(Array.from(new Uint32Array(data.buffer, data.byteOffset, data.length))));
await tg.close();
