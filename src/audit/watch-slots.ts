import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { FolderWatch } from '../base/folder-watch.ts';
import type { Log } from '../base/log.ts';
import { isSlotName, slotFolders } from './log-slots.ts';

export interface WatchSlotsOptions {
  /** Holds the folders of all logs; it may not be there yet. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** All logs that there are, at first and whenever there may be others, until aborted. Throws what the file system throws. */
export async function* watchSlots({ folder, clock, log, signal }: WatchSlotsOptions) {
  while (!signal.aborted) {
    // What is not there cannot be watched: then that in which it will be, or that in which this one will be.
    const watched = await nearestFolder(folder);
    // Nobody is told of an abort that came meanwhile.
    if (signal.aborted) return;
    const { promise: changed, resolve: wake } = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => wake(), { once: true });
    using _watch = new FolderWatch({
      folders: [watched],
      counts: (name) => watched !== folder || isSlotName(name),
      clock,
      onChange: wake,
      onUnwatched: (at) => log.warn('folder-not-watched', at),
    }).start();
    yield await slotFolders(folder);
    // It may have come in the moment before the watch.
    if ((await nearestFolder(folder)) === watched) await changed;
  }
}

async function nearestFolder(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  const parent = dirname(path);
  return found?.isDirectory() || parent === path ? path : nearestFolder(parent);
}
