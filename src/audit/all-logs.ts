/** All logs of one user as one: what the daemon and foreground forwards wrote, each line with the name of its log. */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { AuditFilter } from '../contract/audit-query.ts';
import { type FollowOptions, followRecords } from './follow-records.ts';
import { slotFolders } from './log-slots.ts';
import { findRecord, lastRecords, mergeRecords, type ReadRecord, readRecords } from './read-records.ts';
import { watchSlots } from './watch-slots.ts';

export interface FoundRecord extends ReadRecord {
  readonly log: string;
}

export interface AllLogsOptions {
  /** Holds the folders of all logs. */
  readonly folder: string;
  /** One log alone. */
  readonly log?: string | undefined;
  readonly filter?: AuditFilter;
}

/** By time; each log's own order stays. Throws what the file system throws. */
export async function* recordsOfAll({
  folder,
  log,
  ...options
}: AllLogsOptions): AsyncGenerator<FoundRecord> {
  const slots = await chosenSlots(folder, log);
  const logs = slots.map(({ name, folder: own }) => named(name, readRecords({ ...options, folder: own })));
  yield* mergeRecords(logs);
}

/** The last that match, oldest first. */
export async function lastOfAll(
  options: AllLogsOptions & { readonly count: number },
): Promise<FoundRecord[]> {
  const { folder, log, ...rest } = options;
  const found = await Promise.all(
    (await chosenSlots(folder, log)).map(async ({ name, folder: own }) =>
      (await lastRecords({ ...rest, folder: own })).map((record) => ({ ...record, log: name })),
    ),
  );
  // Stable: each log's own order stays where times are equal.
  return found
    .flat()
    .sort((a, b) => (a.record.at < b.record.at ? -1 : a.record.at > b.record.at ? 1 : 0))
    .slice(-options.count);
}

/** The line of this number in each log that has one. */
export async function findInAll({ folder, log }: AllLogsOptions, seq: number): Promise<FoundRecord[]> {
  const found: FoundRecord[] = [];
  for (const { name, folder: own } of await chosenSlots(folder, log)) {
    const record = await findRecord(own, seq);
    if (record) found.push({ ...record, log: name });
  }
  return found;
}

export interface FollowAllOptions extends AllLogsOptions {
  readonly clock: Clock;
  readonly warn: Log;
  readonly signal: AbortSignal;
}

/** Tells what is written from now on, until aborted, in logs that begin later too; rejects as files do. */
export async function followAll(
  { folder, log: only, clock, warn, signal, filter = {} }: FollowAllOptions,
  tell: (record: FoundRecord) => void,
): Promise<void> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const common = { filter, clock, log: warn, signal: either };
  const followed = new Map<string, Promise<void>>();
  const follow = async (name: string, options: Pick<FollowOptions, 'folder' | 'from'>) => {
    for await (const record of named(name, followRecords({ ...common, ...options }))) tell(record);
  };
  let from: FollowOptions['from'] = 'now';
  for await (const slots of watchSlots({ folder, clock, log: warn, signal: either })) {
    for (const { name, folder: own } of slots) {
      if (followed.has(name) || (only !== undefined && only !== name)) continue;
      followed.set(
        name,
        follow(name, { folder: own, from }).catch((error) => failed.abort(error)),
      );
    }
    // All of a log that begins later is new.
    from = 'beginning';
  }
  await Promise.all(followed.values());
  failed.signal.throwIfAborted();
}

async function chosenSlots(folder: string, log: string | undefined) {
  const slots = await slotFolders(folder);
  return log === undefined ? slots : slots.filter(({ name }) => name === log);
}

async function* named(log: string, records: AsyncGenerator<ReadRecord>): AsyncGenerator<FoundRecord> {
  for await (const record of records) yield { ...record, log };
}
