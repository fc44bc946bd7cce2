import type { AuditHead, AuditLogEvent } from '../contract/audit-event.ts';
import { hashOf, readFrame } from './audit-line.ts';
import { type LogFile, logFiles } from './log-files.ts';
import { readLines } from './read-lines.ts';

export interface FileEnds {
  /** Number of the first line. */
  readonly firstSeq: number;
  readonly last: AuditHead;
}

/** First and last whole line of a file by what they say of themselves; undefined where it has none. */
export async function fileEnds(file: LogFile): Promise<FileEnds | undefined> {
  let firstSeq: number | undefined;
  let last: AuditHead | undefined;
  for await (const { text } of readLines(file.path)) {
    if (!text.endsWith('\n')) continue;
    firstSeq ??= readFrame(text.slice(0, text.indexOf('\n')))?.seq;
    const line = text.slice(text.lastIndexOf('\n', text.length - 2) + 1, -1);
    const frame = readFrame(line);
    if (frame) last = { seq: frame.seq, hash: hashOf(line) };
  }
  return firstSeq !== undefined && last ? { firstSeq, last } : undefined;
}

/** The name of the log that a file belongs to, which its first line says. */
export function logNameIn(firstLine: string): string | undefined {
  try {
    const record = JSON.parse(firstLine) as AuditLogEvent;
    return record.event === 'file-opened' ? record.log : undefined;
  } catch {
    return undefined;
  }
}

export interface LogPlace {
  readonly log: string;
  readonly head: AuditHead;
}

/** A log's name and its last whole line; undefined where there is none. */
export async function logPlace(folder: string): Promise<LogPlace | undefined> {
  for (const file of (await logFiles(folder)).toReversed()) {
    const ends = await fileEnds(file);
    if (!ends) continue;
    for await (const { text } of readLines(file.path)) {
      const log = logNameIn(text.slice(0, text.indexOf('\n')));
      return log === undefined ? undefined : { log, head: ends.last };
    }
  }
  return undefined;
}
