/**
 * Reads events back. What is in the files is shown as it is, proven or not: only `verify` says which. A line that is none is passed
 * over here, and named there.
 */
import { type AuditRecord, auditRecordSchema } from '../contract/audit-event.ts';
import type { AuditFilter } from '../contract/audit-query.ts';
import { dayOf, type LogFile, logFiles } from './log-files.ts';
import { readLines } from './read-lines.ts';
import { type RecordFilter, recordFilter } from './record-filter.ts';

export interface ReadRecord {
  readonly record: AuditRecord;
  /** As it stands in the file, without its line feed. */
  readonly line: string;
  readonly file: string;
}

export interface ReadOptions {
  /** Of one log. */
  readonly folder: string;
  readonly filter?: AuditFilter;
  readonly signal?: AbortSignal;
}

/** Events of one log, oldest first. Throws what the file system throws, and the signal's reason. */
export async function* readRecords({ folder, filter = {}, signal }: ReadOptions): AsyncGenerator<ReadRecord> {
  const wanted = recordFilter(filter);
  for (const file of filesOf(await logFiles(folder), filter)) yield* recordsOf(file, wanted, { signal });
}

/** The last events that match, oldest first. Reads no more files than it takes. */
export async function lastRecords(options: ReadOptions & { readonly count: number }): Promise<ReadRecord[]> {
  const { folder, filter = {}, count, signal } = options;
  const wanted = recordFilter(filter);
  let last: ReadRecord[] = [];
  for (const file of filesOf(await logFiles(folder), filter).toReversed()) {
    const inFile: ReadRecord[] = [];
    for await (const found of recordsOf(file, wanted, { signal })) {
      inFile.push(found);
      if (inFile.length > 2 * count) inFile.splice(0, inFile.length - count);
    }
    last = [...inFile, ...last].slice(-count);
    if (last.length === count) break;
  }
  return last;
}

/** Events of several logs in the order of their times; each log's own order stays. */
export async function* mergeRecords<R extends ReadRecord>(
  logs: readonly AsyncGenerator<R>[],
): AsyncGenerator<R> {
  const heads = await Promise.all(logs.map(async (log) => ({ log, next: await log.next() })));
  try {
    for (;;) {
      let first: (typeof heads)[number] | undefined;
      for (const head of heads) {
        if (head.next.done) continue;
        if (!first || head.next.value.record.at < (first.next.value as R).record.at) first = head;
      }
      if (!first) return;
      yield first.next.value as R;
      first.next = await first.log.next();
    }
  } finally {
    for (const { log } of heads) await log.return(undefined);
  }
}

/** One event by its number; undefined where it is not there. */
export async function findRecord(
  folder: string,
  seq: number,
  signal?: AbortSignal,
): Promise<ReadRecord | undefined> {
  const start = `{"seq":${seq},`;
  const wanted: RecordFilter = { mayMatch: (line) => line.startsWith(start), matches: () => true };
  for (const file of (await logFiles(folder)).toReversed()) {
    for await (const found of recordsOf(file, wanted, { signal })) return found;
  }
  return undefined;
}

/** Records of one file, from an offset at which a line begins. */
export async function* recordsOf(
  file: LogFile,
  wanted: RecordFilter,
  { from = 0, signal }: { readonly from?: number; readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<ReadRecord & { readonly end: number }> {
  for await (const { text, offset } of readLines(file.path, { from })) {
    signal?.throwIfAborted();
    for (let at = 0; at < text.length; ) {
      const to = text.indexOf('\n', at);
      if (to < 0) break;
      const line = text.substring(at, to);
      at = to + 1;
      if (!wanted.mayMatch(line)) continue;
      const record = parse(line);
      if (record && wanted.matches(record)) yield { record, line, file: file.name, end: offset + at };
    }
  }
}

function parse(line: string): AuditRecord | undefined {
  try {
    return auditRecordSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/** An event stands in the file of its day, or, written about midnight, in the next one. */
function filesOf(files: readonly LogFile[], { sinceMs, untilMs }: AuditFilter): LogFile[] {
  const first = sinceMs === undefined ? '' : dayOf(sinceMs);
  const last = untilMs === undefined ? '~' : dayOf(untilMs + 86_400_000);
  return files.filter(({ day }) => day >= first && day <= last);
}
