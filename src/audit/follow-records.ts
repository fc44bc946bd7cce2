import type { Clock } from '../base/clock.ts';
import { FolderWatch } from '../base/folder-watch.ts';
import type { Log } from '../base/log.ts';
import type { AuditFilter } from '../contract/audit-query.ts';
import { logFiles } from './log-files.ts';
import { readLines } from './read-lines.ts';
import { type ReadRecord, recordsOf } from './read-records.ts';
import { recordFilter } from './record-filter.ts';

export interface FollowOptions {
  readonly folder: string;
  readonly filter?: AuditFilter;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Default: now. */
  readonly from?: 'now' | 'beginning';
}

/** Events of one log as they are written until aborted, over the change of days too. A slow reader is given them from the files, at its own speed. */
export async function* followRecords(options: FollowOptions): AsyncGenerator<ReadRecord> {
  const { folder, filter = {}, clock, log, signal, from: since = 'now' } = options;
  const all = recordFilter({});
  const wanted = recordFilter(filter);
  let changed = Promise.withResolvers<void>();
  const wake = () => changed.resolve();
  using _watch = new FolderWatch({
    folders: new Set([folder]),
    counts: (name) => name.endsWith('.jsonl'),
    clock,
    onChange: wake,
    onUnwatched: (at) => log.warn('folder-not-watched', at),
  }).start();
  signal.addEventListener('abort', wake);
  try {
    const newest = since === 'now' ? (await logFiles(folder)).at(-1) : undefined;
    let name = newest?.name ?? '';
    let from = newest ? await wholeBytes(newest.path) : 0;
    while (!signal.aborted) {
      for (const file of await logFiles(folder)) {
        if (file.name < name) continue;
        if (file.name > name) from = 0;
        name = file.name;
        try {
          for await (const found of recordsOf(file, all, { from })) {
            from = found.end;
            if (signal.aborted) return;
            if (wanted.matches(found.record)) yield found;
          }
        } catch (error) {
          // Dropped by retention before a slow reader came to it.
          if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        }
      }
      await changed.promise;
      changed = Promise.withResolvers<void>();
    }
  } finally {
    signal.removeEventListener('abort', wake);
  }
}

/** Where the last whole line ends. */
async function wholeBytes(path: string): Promise<number> {
  let end = 0;
  for await (const { text, offset } of readLines(path)) if (text.endsWith('\n')) end = offset + text.length;
  return end;
}
