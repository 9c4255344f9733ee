// Keras's golden cases (nn/testdata/keras) through the JavaScript API, in Node and in browsers: what a model of each predicts, the losses of its training steps
// and the weights behind them.

/** Models that are trained: files with layers, loss and optimizer. */
export const trained = ['activations', 'layers', 'layers_training', 'losses', 'networks', 'optimizers', 'optimizers_more', 'regularizers'];
/** Layers alone, of which the output is compared. */
export const alone = ['layers_spatial', 'layers_norm'];
/** Graphs around layers over sequences. */
export const graphs = ['layers_recurrent', 'layers_attention', 'layers_wrappers'];
export const families = [...trained, ...alone, ...graphs];

/** What of the cases of a file differs from Keras, as lines of text, and how many were compared. */
export async function compare(tg, family, cases) {
  const failures = [];
  let compared = 0;
  for (const c of cases) {
    const run = trained.includes(family) ? train : alone.includes(family) ? apply : predict;
    try {
      if ((await run(tg, c, (what, got, want) => near(failures, `${family} ${c.name}: ${what}`, got, want))) !== false) compared++;
    } catch (error) {
      failures.push(`${family} ${c.name}: ${error.message}`);
    }
  }
  return { compared, failures };
}

function near(failures, what, got, want) {
  const largest = Math.max(...want.map(Math.abs), 1e-6);
  const at = want.findIndex((w, i) => !(Math.abs(got[i] - w) <= 1e-5 * Math.abs(w) + 1e-5 * largest));
  if (got.length !== want.length) failures.push(`${what} has ${got.length} numbers, wanted ${want.length}`);
  else if (at >= 0) failures.push(`${what}[${at}] is ${got[at]}, wanted ${want[at]}`);
}

/** A layer or the like of a Keras class: names differ in case alone. */
export function make(tg, kind, { class_name: name, config }) {
  const factory = Object.keys(tg[kind]).find((key) => key.toLowerCase() === name.toLowerCase());
  if (!factory) throw new Error(`tg.${kind} has no ${name}`);
  return tg[kind][factory](config);
}
const tensor = (tg, { data, shape }) => tg.tensor(Float32Array.from(data), shape);
const weight = ({ name, shape, data }) => ({ name, shape, data: Float32Array.from(data) });

async function train(tg, c, check) {
  if (c.only_backend || c.badly_conditioned) return false; // what Keras's backends differ in, and what rounding decides
  const model = tg.sequential({ layers: [tg.layers.inputLayer({ inputShape: c.input_shape }), ...c.layers.map((layer) => make(tg, 'layers', layer))] });
  await model.compile({ optimizer: make(tg, 'optimizers', c.optimizer), loss: make(tg, 'losses', c.loss) });
  await model.setWeights(c.weights.map(weight));
  const [x, y] = [tensor(tg, c.x), tensor(tg, c.y)];
  if (c.expect.predict) check('the prediction', (await model.predict(x)).data, c.expect.predict.data);
  for (const { loss } of c.expect.steps ?? []) check('the loss', [(await model.trainOnBatch(x, y)).loss], [loss]);
  const weights = await model.getWeights();
  c.expect.final_weights?.forEach((want, i) => check(want.name ?? `weight ${i}`, weights[i].data, want.data));
  model.dispose();
}

async function apply(tg, c, check) {
  if (c.training || c.mask || c.x.length !== 1) return false;
  const model = tg.sequential({ layers: [tg.layers.inputLayer({ inputShape: c.x[0].shape.slice(1) }), make(tg, 'layers', c)] });
  await model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  if (c.weights) await model.setWeights(c.weights.map(weight));
  check('y', (await model.predict(tensor(tg, c.x[0]))).data, c.expect.y.data);
  model.dispose();
}

async function predict(tg, c, check) {
  if (c.batch_size || c.nodes.some((node) => node.args || (node.out ?? 1) !== 1)) return false; // stateful, called with arguments, or of several results
  const tensors = c.inputs.map((shape) => tg.input({ shape }));
  for (const { layer, in: from } of c.nodes) {
    tensors.push(make(tg, 'layers', layer).apply(from.length === 1 ? tensors[from[0]] : from.map((i) => tensors[i])));
  }
  const model = tg.model({ inputs: tensors.slice(0, c.inputs.length), outputs: c.outputs.map((i) => tensors[i]) });
  await model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  await model.setWeights(c.weights.map(weight));
  const y = await model.predict(c.x.map((x) => tensor(tg, x)));
  [y].flat().forEach(({ data }, i) => check(`output ${i}`, data, c.expect.predict[i].data));
  model.dispose();
}
