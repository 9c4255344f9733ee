// The measuring itself: the page's button and `make bench` run this.

/** A step that takes longer is done once or twice, and not in rounds. */
const longStep = 1000;

/** A first step that takes longer, its compilation included, is the one that counts. */
const longFirst = 30_000;

/**
 * Measures the workloads on the systems. Those that take longer than a second a step do one step, labelled so; the others
 * take turns, round by round, so that a machine whose speed drifts treats them alike.
 *
 *   rounds     how often each is measured
 *   roundMs    how long a round lasts about, of one system
 *   limit      milliseconds after which a system is ended
 *   onStatus   (text), what is being done
 *   onRow      (row), when a row is complete or has got another round
 *
 * Resolves to the rows: { workload, system, steps, rounds: [milliseconds a step], threads?, note?, error? }, where error is
 * what the system says it can't do, and note what is to be known about the number.
 */
export async function measure(workloads, systems, { rounds = 5, roundMs = 500, limit = 90_000, onStatus = () => {}, onRow = () => {} } = {}) {
  const rows = [];
  for (const workload of workloads) {
    const running = [];
    try {
      for (const system of systems) {
        onStatus(`${workload.name}: ${system.name}`);
        const row = { workload: workload.id, system: system.id, steps: 1, rounds: [] };
        rows.push(row);
        const open = workload.does === 'start' ? openStart : openWarm;
        const one = await open(workload, system, row, { roundMs, limit });
        if (one) running.push(one);
        if (row.rounds.length > 0 || row.error) onRow(row);
      }
      for (let round = 1; round <= rounds; round++) {
        for (const { system, row, run } of [...running]) {
          onStatus(`${workload.name}: round ${round} of ${rounds}, ${system.name}`);
          try {
            row.rounds.push((await within(limit, run(row.steps))) / row.steps);
          } catch (error) {
            row.error = error.message;
            running.splice(running.findIndex((r) => r.row === row), 1)[0].close();
          }
          onRow(row);
        }
      }
    } finally {
      for (const { close } of running) await close();
    }
  }
  onStatus('');
  return rows;
}

/** Nothing is prepared for a start: each round is one. */
async function openStart(workload, system, row) {
  return { system, row, run: () => system.start(workload), close() {} };
}

/** Opens a session and lets it work until its code is optimized. Long ones are measured here and now, and errors noted. */
async function openWarm(workload, system, row, { roundMs, limit }) {
  let session;
  let opening;
  try {
    opening = system.open(workload);
    session = await within(limit, opening);
    if (session.threads) row.threads = session.threads;
    if (session.engine) row.engine = session.engine;
    const first = await within(limit, session.run(1));
    let step = first;
    if (first > longStep && first <= longFirst) step = await within(limit, session.run(1));
    if (step > longStep) {
      row.rounds.push(step);
      row.note = step === first ? 'one step, the first' : 'one step';
      await session.close();
      return undefined;
    }
    if (step <= roundMs) {
      const few = Math.max(1, Math.min(400, Math.round(roundMs / 2 / step)));
      step = (await within(limit, session.run(few))) / few;
      row.steps = Math.max(1, Math.min(400, Math.round(roundMs / step)));
      await within(limit, session.run(row.steps));
    }
    return { system, row, run: (steps) => session.run(steps), close: () => session.close() };
  } catch (error) {
    row.error = error.message;
    if (error instanceof TooLong) row.over = limit;
    if (session) await session.close();
    else opening?.then((late) => late.close(), () => {});
    return undefined;
  }
}

class TooLong extends Error {}

async function within(limit, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new TooLong(`stopped after ${limit / 1000} s`)), limit);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The median of a row's rounds. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}
