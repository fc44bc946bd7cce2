/**
 * Where a log ends, for who goes on writing it. A crash leaves whole lines, perhaps a part of one, after power loss perhaps bytes that
 * nobody wrote: such an end is cut off, and the log says so. What lies before a checkpoint is never touched, whatever it looks like: no
 * crash reaches it.
 */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { AuditHead, AuditLogEvent } from '../contract/audit-event.ts';
import { emptyHead, hashOf, readFrame } from './audit-line.ts';
import { ChainCheck, type Finding } from './chain-check.ts';
import { CheckpointReader } from './checkpoint.ts';
import { logNameIn } from './file-ends.ts';
import { type LogFile, logFiles, sizeOf } from './log-files.ts';
import { readLines } from './read-lines.ts';

export interface LogEnd {
  /** The log's name; undefined where there is no log yet, or no line of it can be read. */
  readonly log: string | undefined;
  /** The last file, and whether a line is in it. */
  readonly file: LogFile | undefined;
  readonly fileIsEmpty: boolean;
  /** The last line to chain to. */
  readonly head: AuditHead;
  /** What was cut off or found, to be the next lines. */
  readonly notes: readonly AuditLogEvent[];
}

/** Finds the end and cuts off what a crash left there. Throws what the file system throws. */
export async function findLogEnd(folder: string): Promise<LogEnd> {
  const files = await logFiles(folder);
  const notes: AuditLogEvent[] = [];
  const lastFile = files.at(-1);
  for (const file of files.toReversed()) {
    const end = await endOf(file);
    if (end.damage && end.signedAfterDamage) {
      notes.push({ event: 'damage-found', file: file.name, line: end.damage.line, why: end.damage.why });
    } else if (end.goodBytes < (await sizeOf(file))) {
      notes.push(await cut(file, end.goodBytes));
    }
    if (end.head)
      return { log: end.log, file: lastFile, fileIsEmpty: file !== lastFile, head: end.head, notes };
  }
  return { log: undefined, file: lastFile, fileIsEmpty: true, head: emptyHead, notes };
}

interface FileEnd {
  readonly log: string | undefined;
  /** Of the last line that fits, or, behind damage that is left, the last that has a line's form. */
  readonly head: AuditHead | undefined;
  readonly goodBytes: number;
  readonly damage: Finding | undefined;
  readonly signedAfterDamage: boolean;
}

async function endOf(file: LogFile): Promise<FileEnd> {
  const check = new ChainCheck();
  const checkpoints = new CheckpointReader();
  let log: string | undefined;
  let damage: Finding | undefined;
  let signedAfterDamage = false;
  let goodBytes = 0;
  let last: AuditHead | undefined;
  let number = 0;
  for await (const { text, offset } of readLines(file.path)) {
    for (let from = 0; from < text.length; ) {
      const to = text.indexOf('\n', from);
      if (to < 0) break;
      const line = text.substring(from, to);
      from = to + 1;
      number++;
      if (number === 1) log = logNameIn(line);
      if (!damage) {
        damage = check.add(line, { file: file.name, line: number });
        if (!damage && check.lines === number) goodBytes = offset + from;
      }
      const frame = damage && readFrame(line);
      if (frame) last = { seq: frame.seq, hash: hashOf(line) };
      if (damage && checkpoints.signedBy(line)) signedAfterDamage = true;
    }
  }
  damage ??= check.end();
  const good = check.lines > 0 ? check.head : undefined;
  return {
    log,
    head: signedAfterDamage ? (last ?? good) : good,
    goodBytes,
    damage,
    signedAfterDamage,
  };
}

async function cut(file: LogFile, goodBytes: number): Promise<AuditLogEvent> {
  const sha256 = createHash('sha256');
  let bytes = 0;
  await using handle = await open(file.path, 'r+');
  for await (const chunk of handle.createReadStream({ start: goodBytes, autoClose: false })) {
    sha256.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  await handle.truncate(goodBytes);
  await handle.sync();
  return { event: 'tail-cut', file: file.name, bytes, sha256: sha256.digest('hex') };
}
