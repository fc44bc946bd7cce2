import * as z from 'zod';
import { readBounded } from '../../base/read-bounded.ts';
import { replaceFile } from '../../base/replace-file.ts';
import { auditHeadSchema } from '../../contract/audit-event.ts';
import type { LogPlace } from '../file-ends.ts';

/** Up to where a receiver has a log; also a head that `verify` may hold the log against. */
const cursorSchema = z.object({ log: z.string(), head: auditHeadSchema });
const maxCursorBytes = 4_096;

/** The file of one receiver's place, in the folder of all logs. */
export function cursorFile(name: string): string {
  return `sent-${name}.json`;
}

/** Whose place a file holds; undefined where it holds none. */
export function cursorName(file: string): string | undefined {
  return /^sent-(.+)\.json$/.exec(file)?.[1];
}

/** Undefined where there is none that can be read: then all is sent again. */
export async function readCursor(path: string): Promise<LogPlace | undefined> {
  const read = await readBounded(path, maxCursorBytes);
  if (read.kind !== 'text') return undefined;
  try {
    return cursorSchema.safeParse(JSON.parse(read.text)).data;
  } catch {
    return undefined;
  }
}

export async function writeCursor(path: string, place: LogPlace): Promise<void> {
  await replaceFile(path, `${JSON.stringify(place)}\n`);
}
