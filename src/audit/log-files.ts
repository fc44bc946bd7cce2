import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** One file of a log: DAY.NUMBER.jsonl, the day in UTC, its numbers from 0001; names sort as the files follow each other. */
export interface LogFile {
  readonly name: string;
  readonly path: string;
  /** YYYY-MM-DD */
  readonly day: string;
  readonly number: number;
}

/** What four digits hold; the last file of such a day grows without bound. */
const maxNumber = 9_999;
const pattern = /^(\d{4}-\d{2}-\d{2})\.(\d{4})\.jsonl$/;

export function logFile(folder: string, day: string, number: number): LogFile {
  const name = `${day}.${String(number).padStart(4, '0')}.jsonl`;
  return { name, path: join(folder, name), day, number };
}

/** A log's files, first to last. A folder that does not exist has none; throws what else the file system throws. */
export async function logFiles(folder: string): Promise<LogFile[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names
    .map((name) => pattern.exec(name))
    .filter((match) => match !== null)
    .map(([, day, number]) => logFile(folder, day!, Number(number)))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The file that comes after this one when it is too large, or when the day is over. A clock that goes back opens no earlier day. */
export function nextFile(folder: string, last: LogFile | undefined, today: string): LogFile {
  if (!last || today > last.day) return logFile(folder, today, 1);
  if (last.number === maxNumber) return last;
  return logFile(folder, last.day, last.number + 1);
}

export function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}

export async function sizeOf(file: LogFile): Promise<number> {
  return (await stat(file.path)).size;
}

/** Makes new and removed names last through power loss, where the platform can. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  if (!handle) return;
  await handle.sync().catch(() => {});
  await handle.close();
}
