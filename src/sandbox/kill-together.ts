import { readFileSync } from 'node:fs';

/**
 * Ends a process and its children at one moment, as a container does. The first is stopped before: it starts no other, and those that it
 * has do not find it gone while they still live, which a Postgres would tell its clients. Those that have ended by themselves do not matter.
 */
export function killTogether(pid: number): void {
  signal(pid, 'SIGSTOP');
  for (const child of childrenOf(pid)) signal(child, 'SIGKILL');
  signal(pid, 'SIGKILL');
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended by itself: that is what was wanted.
  }
}

/** Linux tells; elsewhere Postgres' processes notice within moments that the first one has gone. */
function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
