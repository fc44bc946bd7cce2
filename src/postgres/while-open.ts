import type { Duplex } from 'node:stream';

/** Works on a stream that the signal's abort destroys. What is still to come from one that is given up belongs to nobody. */
export async function whileOpen<T>(stream: Duplex, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  stream.on('error', () => {});
  const abort = () => stream.destroy();
  signal.addEventListener('abort', abort, { once: true });
  try {
    if (signal.aborted) abort();
    return await work();
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
