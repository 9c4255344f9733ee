// Times a program op by op; see main.go for what comes in and goes out. It runs in a worker, since lane 0 may sleep.

const bytesOf = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

/**
 * job: { kernels (base64), lanes, bytes, heapBase, maxPages, ready (address), ops: [{ words }], step: { words }, rounds }.
 * Returns milliseconds, medians of the rounds: ops, of each op; sum, of all ops one by one; whole, of the step in one call.
 */
async function profile(job) {
  const module = await WebAssembly.compile(bytesOf(job.kernels));
  const wordsAt = (job.bytes + 0xffff) & ~0xffff;
  const most = Math.max(...job.ops.map((op) => op.words.length), job.step.words.length) * 4;
  const memory = new WebAssembly.Memory({ initial: (wordsAt >> 16) + (most >> 16) + 1, maximum: job.maxPages, shared: true });
  const values = new Float32Array(memory.buffer);
  let state = 1;
  for (let i = job.heapBase / 4; i < wordsAt / 4; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    values[i] = state / 2 ** 32;
  }
  const { start, stop } = new WebAssembly.Instance(module, { env: { memory } }).exports;
  const words = new Int32Array(memory.buffer);
  const helpers = [];
  for (let lane = 1; lane < job.lanes; lane++) {
    const helper = new Worker(import.meta.url, { type: 'module' });
    helper.postMessage({ lane, module, memory });
    helpers.push(helper);
  }
  while (Atomics.load(words, job.ready / 4) !== job.lanes - 1) await new Promise((r) => setTimeout(r, 5));
  const times = job.ops.map(() => []);
  const sums = [];
  const wholes = [];
  const timed = (list) => {
    words.set(list, wordsAt / 4);
    const run = () => {
      if (start(wordsAt, job.lanes) !== 0) throw new Error('a lane was lost');
    };
    const warm = performance.now();
    run(); // brings the helpers awake, and what fits into the caches
    const began = performance.now();
    // The clock tells 5 microseconds at the best, so what is short is done often.
    const times = Math.max(1, Math.min(100, Math.ceil(0.5 / (began - warm + 0.005))));
    for (let i = 0; i < times; i++) run();
    return (performance.now() - began) / times;
  };
  for (let round = -2; round < job.rounds; round++) {
    const took = job.ops.map((op) => timed(op.words));
    const whole = timed(job.step.words);
    if (round >= 0) {
      took.forEach((ms, i) => times[i].push(ms));
      sums.push(took.reduce((a, b) => a + b, 0));
      wholes.push(whole);
    }
    await new Promise((r) => setTimeout(r, 20)); // optimized code arrives between calls
  }
  stop?.();
  for (const helper of helpers) helper.terminate();
  return { ops: times.map(median), sum: median(sums), whole: median(wholes) };
}

onmessage = async ({ data }) => {
  if (data.module) {
    const { lane_loop } = new WebAssembly.Instance(data.module, { env: { memory: data.memory } }).exports;
    lane_loop(data.lane);
    return;
  }
  try {
    postMessage({ result: await profile(data) });
  } catch (error) {
    postMessage({ error: String(error) });
  }
};
