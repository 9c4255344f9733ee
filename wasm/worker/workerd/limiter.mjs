// What Cloudflare's rate limiting binding does, on one machine: LIMIT requests of a key in a minute.

import { WorkerEntrypoint } from 'cloudflare:workers';

const counts = new Map();
let minute = 0;

export class Limiter extends WorkerEntrypoint {
  async limit({ key }) {
    const now = Math.floor(Date.now() / 60000);
    if (now !== minute) {
      minute = now;
      counts.clear();
    }
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return { success: count <= LIMIT };
  }
}

export default Limiter;
