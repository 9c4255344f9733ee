// A causal Transformer of about half a million parameters, that learns to write, letter by letter, in the style of a text.

export const title = 'A Transformer that writes';
export const files = ['README.md', 'RATIONALE.md'];
export const epochs = 10;

/** About half a million parameters. */
export const large = { context: 64, width: 96, blocks: 4, heads: 4 };

/**
 * The mean loss of the last epoch, in nats a letter, and a function that writes. An epoch is stepsPerEpoch steps of 32 windows of the text, after
 * each of which wrote gets what the network writes.
 */
export async function run(tg, { files: texts, log, epochs: n = epochs, stepsPerEpoch = 150, shape = large, prompt = 'The ', letters: length = 300, wrote, callbacks = [], signal }) {
  const text = [...texts.join('\n')];
  const alphabet = [...new Set(text)].sort();
  const places = new Map(alphabet.map((letter, i) => [letter, i]));
  const all = text.map((letter) => places.get(letter));
  const model = build(tg, shape, alphabet.length);
  const steps = n * stepsPerEpoch;
  const warmupSteps = Math.floor(steps / 20);
  await model.compile({
    optimizer: tg.optimizers.adamw({
      learningRate: tg.schedules.cosineDecay({ initialLearningRate: 0, warmupTarget: 3e-3, warmupSteps, decaySteps: steps - warmupSteps }),
      globalClipnorm: 1,
    }),
    loss: tg.losses.sparseCategoricalCrossentropy({ fromLogits: true }),
  });
  log(`${text.length} letters of ${alphabet.length} kinds, ${await parameters(model)} parameters`);

  const random = tossed(1);
  const windows = tg.data.generator(function* () {
    for (;;) {
      const [xs, ys] = [new Int32Array(32 * shape.context), new Int32Array(32 * shape.context)];
      for (let i = 0; i < 32; i++) {
        const at = Math.floor(random() * (all.length - shape.context));
        xs.set(all.slice(at, at + shape.context), i * shape.context);
        ys.set(all.slice(at + 1, at + shape.context + 1), i * shape.context); // the target of each letter is the next
      }
      yield { xs: tg.tensor(xs, [32, shape.context]), ys: tg.tensor(ys, [32, shape.context]) };
    }
  });

  /** Continues a text by some letters, one after another. A temperature below 1 makes likely letters likelier. */
  async function write(begin = prompt, some = length, { temperature = 0.7, random = tossed(2) } = {}) {
    const seen = [...begin].map((letter) => places.get(letter)).filter((place) => place !== undefined);
    if (seen.length === 0) seen.push(0);
    for (let i = 0; i < some; i++) {
      const last = seen.slice(-shape.context);
      const xs = new Int32Array(shape.context); // what stands behind them no letter sees
      xs.set(last);
      const { data } = await model.predict(tg.tensor(xs, [1, shape.context]));
      const scores = data.subarray((last.length - 1) * alphabet.length, last.length * alphabet.length);
      const most = Math.max(...scores);
      const weights = Array.from(scores, (score) => Math.exp((score - most) / temperature));
      let at = random() * weights.reduce((a, b) => a + b);
      seen.push(Math.max(0, weights.findIndex((weight) => (at -= weight) < 0)));
    }
    return begin + seen.slice(-some).map((place) => alphabet[place]).join('');
  }

  const writing = wrote ? [{ onEpochEnd: async (epoch) => wrote(await write(), epoch) }] : [];
  const { history } = await model.fit(windows, undefined, { epochs: n, batchesPerEpoch: stepsPerEpoch, signal, callbacks: [...callbacks, ...writing] });
  log(`a loss of ${history.loss.at(-1).toFixed(2)} nats a letter`);
  log(await write());
  return { loss: history.loss.at(-1), model, write };
}

/** For each letter of its context it says which is next (Vaswani et al. 2017; normalised before each part, as in GPT-2). */
export function build(tg, { context, width, blocks, heads }, letters) {
  const { layers } = tg;
  const normal = (x) => layers.layerNormalization().apply(x);
  // A vector that is learnt for each place is added: a layer of our own. There is no gradient to write.
  const positions = tg.customLayer({
    name: 'positions',
    weights: [{ name: 'positions', shape: [context, width], initializer: tg.initializers.randomNormal({ stddev: 0.02 }) }],
    call: ({ x, weights, ops }) => ops.add(x, weights.positions),
  });
  const text = tg.input({ shape: [context] });
  let x = positions.apply(layers.embedding({ inputDim: letters, outputDim: width }).apply(text));
  for (let i = 0; i < blocks; i++) {
    let y = normal(x);
    y = layers.multiHeadAttention({ numHeads: heads, keyDim: width / heads }).apply([y, y], { useCausalMask: true });
    x = layers.add().apply([x, y]);
    y = layers.dense({ units: 4 * width, activation: 'gelu' }).apply(normal(x));
    x = layers.add().apply([x, layers.dense({ units: width }).apply(y)]);
  }
  return tg.model({ inputs: text, outputs: layers.dense({ units: letters }).apply(normal(x)), seed: 1 });
}

const parameters = async (model) => (await model.getWeights()).reduce((sum, { data }) => sum + data.length, 0);

/** Random numbers from 0 to 1, the same for the same seed (mulberry32). */
function tossed(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
