import { setFlagsFromString } from 'node:v8';

let done = false;

/**
 * To be called when bytes begin to come faster than they leave. What local sockets read lies in buffers outside the heap; V8 answers each
 * 64 MiB of them with a full collection, a third of the CPU of a bulk upload (measured), unless it counts them as part of the heap. That
 * costs some 40 MiB while the bulk lasts. Not at the start: code that was compiled under other flags would be compiled again. Other
 * versions of Node need not know the flag, and would complain.
 */
export function prepareForBulk(): void {
  if (done) return;
  done = true;
  if (process.versions.node.startsWith('24.'))
    setFlagsFromString('--external-memory-accounted-in-global-limit');
}
