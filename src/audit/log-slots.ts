/**
 * Who writes where. The daemon has the log `daemon`. A `forward` in the foreground has one of a few logs of its own, forward-1 and so
 * on, the first that nobody writes: each goes on where the last process ended, so that what one of them wrote is proven by the next.
 * A log belongs to whoever holds the lock in its folder; locks of processes that ended count for nothing.
 */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { acquireProcessLock } from '../base/process-lock.ts';
import { logNamePattern } from '../contract/audit-query.ts';

export const daemonSlot = 'daemon';
/** So many foreground forwards of one user have a log at one time. */
const forwardSlots = 16;

export interface SlotOptions {
  /** Holds a folder for each log. */
  readonly folder: string;
  readonly writer: 'daemon' | 'forward';
  readonly version: string;
  readonly clock: Clock;
}

export interface Slot {
  readonly name: string;
  readonly folder: string;
  /** Gives it to the next writer; only after its log was let go of. */
  readonly lock: AsyncDisposable;
}

/** A log to write; undefined where all that the writer may have are being written. Throws what the file system throws. */
export async function takeSlot({ folder, writer, version, clock }: SlotOptions): Promise<Slot | undefined> {
  const names =
    writer === 'daemon'
      ? [daemonSlot]
      : Array.from({ length: forwardSlots }, (_, index) => `forward-${index + 1}`);
  for (const name of names) {
    const own = join(folder, name);
    await mkdir(own, { recursive: true, mode: 0o700 });
    const answer = await acquireProcessLock({ folder: own, version, clock });
    if (answer.kind === 'acquired') return { name, folder: own, lock: answer.lock };
  }
  return undefined;
}

export function isSlotName(name: string): boolean {
  return logNamePattern.test(name);
}

/** All logs there are, the daemon's first. */
export async function slotFolders(folder: string): Promise<{ name: string; folder: string }[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return entries
    .filter((entry) => entry.isDirectory() && isSlotName(entry.name))
    .map(({ name }) => ({ name, folder: join(folder, name) }))
    .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
}
