/**
 * When V8 compiles to machine code. In a daemon that served no client yet that code, and the compilers' own pages, are 8 MiB once the profiles
 * of 100 tunnels were read, and nothing there is hot.
 */
import { setFlagsFromString } from 'node:v8';

let isPutOff = false;

export function compileNothing(): void {
  isPutOff = true;
  setFlagsFromString('--no-maglev');
  setFlagsFromString('--no-opt');
}

/** To be called once there are bytes to carry. */
export function compileHotCode(): void {
  if (!isPutOff) return;
  isPutOff = false;
  setFlagsFromString('--maglev');
  setFlagsFromString('--opt');
}
