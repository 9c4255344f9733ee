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
 * job: { relaxed, peak, peakFlops, kernels (base64), cases: [{ name, flops, traffic, words, before, copy, copyAt, bytes }], heapBase,
 * rounds, slice }. Returns for each case the median of its GFLOP/s or GB/s, the median of the peak or the copy measured just before
 * and after each round, the median of the ratio of the two, and the best round of either: on a busy machine, that is nearest to
 * what the code can do.
 */
export async function measure(job) {
  if (!WebAssembly.validate(bytesOf(job.peak))) return { refused: true, results: [] };
  const peak = (await WebAssembly.instantiate(bytesOf(job.peak))).instance.exports.peak;
  const turns = 20000;
  const multiplyAdds = { work: job.peakFlops * turns, run: () => peak(turns), best: 0 };
  seconds(multiplyAdds.run, 3 * job.slice); // let the engine optimize it
  const compiled = await WebAssembly.compile(bytesOf(job.kernels));
  const results = [];
  for (const c of job.cases) {
    const memory = new WebAssembly.Memory({ initial: (c.bytes >>> 16) + 1 });
    const values = new Float32Array(memory.buffer);
    let state = 1;
    for (let i = job.heapBase / 4; i < values.length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      values[i] = state / 2 ** 31;
    }
    const words = new Uint32Array(memory.buffer);
    const { start } = (await WebAssembly.instantiate(compiled, { env: { memory } })).exports;
    const program = (list, at) => {
      words.set(list, at / 4);
      return () => {
        if (start(at, 1) !== 0) throw new Error(`${c.name}: the program failed`);
      };
    };
    if (c.before) program(c.before, job.heapBase)();
    const run = program(c.words, job.heapBase);
    const moves = c.traffic > 0;
    // The copy writes over operands. What is timed doesn't depend on their values, but for maxima, which are computed anew.
    const against = moves ? { work: c.traffic, run: program(c.copy, c.copyAt), best: 0 } : multiplyAdds;
    const now = () => {
      const rate = against.work / seconds(against.run, job.slice / 2) / 1e9;
      against.best = Math.max(against.best, rate);
      if (c.before) {
        program(c.before, job.heapBase)();
        program(c.words, job.heapBase);
      }
      return rate;
    };
    seconds(run, 3 * job.slice);
    if (moves) seconds(against.run, job.slice);
    await new Promise((r) => setTimeout(r, 20)); // optimized code arrives between calls
    seconds(run, job.slice);
    const rates = [];
    const shares = [];
    const peaks = [];
    for (let i = 0; i < job.rounds; i++) {
      const before = now();
      const rate = (moves ? c.traffic : c.flops) / seconds(run, job.slice) / 1e9;
      const after = now();
      rates.push(rate);
      peaks.push((before + after) / 2);
      shares.push(rate / ((before + after) / 2));
    }
    results.push({
      name: c.name, unit: moves ? 'GB/s' : 'GFLOP/s', rate: median(rates), peak: median(peaks), share: median(shares),
      best: Math.max(...rates), bestPeak: against.best,
    });
  }
  return { refused: false, results };
}
