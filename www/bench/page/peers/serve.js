// What systems.js asks of a library's worker. open(workload, model, backend) resolves to { threads, step }, where step does
// one step, to its very end.

export function serve(open) {
  let step;
  onmessage = async ({ data }) => {
    try {
      if (data.open) {
        const session = await open(data.open, data.model, data.backend);
        step = session.step;
        postMessage({ threads: session.threads });
        return;
      }
      const began = performance.now();
      for (let i = 0; i < data.run; i++) await step();
      postMessage({ ms: performance.now() - began });
    } catch (error) {
      postMessage({ error: error?.message ?? String(error) });
    }
  };
}
