/**
 * Drops old files of a log that is being written, so that what stays is still proven: for each file a signed line says that it went and
 * what its last line was, and is on disk before the file is gone. The first line that stays then fits that line.
 */
import { unlink } from 'node:fs/promises';
import type { AuditLogEvent } from '../contract/audit-event.ts';
import type { AuditLog } from './audit-log.ts';
import { fileEnds } from './file-ends.ts';
import { dayOf, type LogFile, logFiles, sizeOf, syncFolder } from './log-files.ts';

export interface RetentionLimits {
  /** Days that a file is kept after its own. */
  readonly maxAgeDays: number;
  /** What all files may take together; the file being written stays all the same. */
  readonly maxBytes: number;
}

export interface RetentionOptions extends RetentionLimits {
  readonly folder: string;
  readonly log: AuditLog;
  readonly nowMs: number;
  /** What all shippers have sent: a file with lines behind it is kept whatever its age, unless the size asks for it. */
  readonly shippedTo?: number;
}

/** Drops what is due; returns the names of the files that went. Nothing goes that is not on record. Throws what the file system throws. */
export async function applyRetention(options: RetentionOptions): Promise<string[]> {
  const { folder, log } = options;
  const due = await dueFiles(options);
  const dropped: string[] = [];
  for (const { file, event } of due) {
    // One after the other: wherever this ends, the first file that stays fits a line.
    if (!log.append(event)) break;
    const commit = await log.flush({ sign: true });
    if (commit.kind !== 'durable' || !commit.signed) break;
    await unlink(file.path);
    dropped.push(file.name);
  }
  if (dropped.length > 0) await syncFolder(folder);
  return dropped;
}

interface DueFile {
  readonly file: LogFile;
  readonly event: Extract<AuditLogEvent, { event: 'file-dropped' }>;
}

async function dueFiles(options: RetentionOptions): Promise<DueFile[]> {
  const { folder, log, maxAgeDays, maxBytes, nowMs, shippedTo } = options;
  const oldestDay = dayOf(nowMs - maxAgeDays * 86_400_000);
  const files: { file: LogFile; bytes: number }[] = [];
  for (const file of await logFiles(folder)) files.push({ file, bytes: await sizeOf(file) });
  let total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const due: DueFile[] = [];
  // In order, and never the file that is written.
  for (const { file, bytes } of files.slice(0, -1)) {
    const tooMuch = total > maxBytes;
    if (file.name === log.fileName || (!tooMuch && file.day >= oldestDay)) break;
    const ends = await fileEnds(file);
    // A file without a line can only be what a tamperer left; it stays for whoever looks into it.
    if (!ends) break;
    const { firstSeq, last } = ends;
    const unshipped = shippedTo === undefined ? 0 : Math.max(0, last.seq - Math.max(shippedTo, firstSeq - 1));
    if (unshipped > 0 && !tooMuch) break;
    const why = tooMuch ? 'size' : 'age';
    const event = { event: 'file-dropped', file: file.name, bytes, last, why } as const;
    due.push({ file, event: { ...event, ...(unshipped > 0 && { unshipped }) } });
    total -= bytes;
  }
  return due;
}
