import { setFlagsFromString } from 'node:v8';

/**
 * For the Node that runs a daemon, before its script. A small young generation: the default grows to 32 MiB at the first burst and stays so;
 * bytes of tunnels are not in it. Nothing is compiled to machine code while no client was served: that, and the compilers' own pages, are
 * 8 MiB once the profiles of 100 tunnels were read. Later it is done on the main thread, some milliseconds a function while it warms up:
 * the compiler's threads keep the memory that they once took.
 */
export const daemonNodeFlags = [
  '--max-semi-space-size=1',
  '--no-concurrent-recompilation',
  '--no-maglev',
  '--no-opt',
] as const;

let done = false;

/** Undoes the last two of `daemonNodeFlags`, once there are bytes to carry. */
export function compileHotCode(): void {
  if (done) return;
  done = true;
  setFlagsFromString('--maglev');
  setFlagsFromString('--opt');
}
