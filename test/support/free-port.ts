import { createServer } from 'node:net';

const first = 10_000;
const portsPerWorker = 1_000;
const workers = 10;

const worker = Number(process.env.VITEST_POOL_ID ?? 0) % workers;
let next = Math.floor(Math.random() * portsPerWorker);

/**
 * A port that was free a moment ago and that nothing else of the tests is given: one of 10,000 to 19,999, another slice for each
 * worker. It stays free until the test takes it, because the kernel draws the ports of outgoing connections and of `listen(0)` above
 * 32,767, and clusters of the tests lie between.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < portsPerWorker; tries++) {
    const port = first + worker * portsPerWorker + next;
    next = (next + 1) % portsPerWorker;
    if (await isFree(port)) return port;
  }
  throw new Error(`no port of worker ${worker} is free`);
}

/** Whether nobody listens on the port of 127.0.0.1, nor on that of all addresses. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
