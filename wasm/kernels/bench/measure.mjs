// Times the kernels in a page or in Node; see main.go for what comes in and goes out.

const bytesOf = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

/** Seconds that a call of f takes, from as many calls as last for the time given. */
function seconds(f, atLeast) {
  for (let calls = 1; ; calls *= 2) {
    const start = performance.now();
    for (let i = 0; i < calls; i++) f();
    const elapsed = (performance.now() - start) / 1000;
    if (elapsed >= atLeast) return elapsed / calls;
  }
}

/**
 * job: { relaxed, peak, peakFlops, kernels (base64), cases: [{ name, flops, words, bytes }], heapBase, rounds, slice }
 * Returns for each case the median of its GFLOP/s, the median of the peak measured just before and after each round, the
 * median of the ratio of the two, and the best round of either: on a busy machine, that is nearest to what the code can do.
 */
export async function measure(job) {
  if (!WebAssembly.validate(bytesOf(job.peak))) return { refused: true, results: [] };
  const peak = (await WebAssembly.instantiate(bytesOf(job.peak))).instance.exports.peak;
  const turns = 20000;
  let bestPeak = 0;
  const peakNow = () => {
    const rate = (job.peakFlops * turns) / seconds(() => peak(turns), job.slice / 2) / 1e9;
    bestPeak = Math.max(bestPeak, rate);
    return rate;
  };
  seconds(() => peak(turns), 0.3); // let the engine optimize it
  const compiled = await WebAssembly.compile(bytesOf(job.kernels));
  const results = [];
  for (const c of job.cases) {
    const memory = new WebAssembly.Memory({ initial: (c.bytes >> 16) + 1 });
    const values = new Float32Array(memory.buffer);
    let state = 1;
    for (let i = job.heapBase / 4; i < values.length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      values[i] = state / 2 ** 31;
    }
    new Uint32Array(memory.buffer).set(c.words, job.heapBase / 4);
    const { start } = (await WebAssembly.instantiate(compiled, { env: { memory } })).exports;
    const run = () => {
      if (start(job.heapBase, 1) !== 0) throw new Error(`${c.name}: the program failed`);
    };
    seconds(run, 0.3);
    await new Promise((r) => setTimeout(r, 20)); // optimized code arrives between calls
    seconds(run, 0.1);
    const rates = [];
    const shares = [];
    const peaks = [];
    for (let i = 0; i < job.rounds; i++) {
      const before = peakNow();
      const rate = c.flops / seconds(run, job.slice) / 1e9;
      const after = peakNow();
      rates.push(rate);
      peaks.push((before + after) / 2);
      shares.push(rate / ((before + after) / 2));
    }
    results.push({
      name: c.name, gflops: median(rates), peak: median(peaks), share: median(shares),
      best: Math.max(...rates), bestPeak,
    });
  }
  return { refused: false, results };
}
