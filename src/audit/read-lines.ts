import { open } from 'node:fs/promises';
import { maxLineBytes } from './audit-line.ts';

export interface Lines {
  /** Text of whole lines, each with its line feed, or of one that is longer than a line may be. */
  readonly text: string;
  /** Where the text begins in the file. */
  readonly offset: number;
}

const chunkBytes = 4 * 1024 * 1024;

/**
 * A file's whole lines, some thousand at a time; one byte a character, whatever the bytes are. What follows the last line feed comes
 * last and is the only text without one at its end. `from` must be the beginning of a line. Reads up to the size that the file has
 * when it is opened, or to `to`.
 */
export async function* readLines(
  path: string,
  range: { from?: number; to?: number } = {},
): AsyncGenerator<Lines> {
  await using file = await open(path, 'r');
  const end = range.to ?? (await file.stat()).size;
  const buffers = [Buffer.allocUnsafe(chunkBytes), Buffer.allocUnsafe(chunkBytes)];
  let turn = 0;
  let at = range.from ?? 0;
  const read = (from: number) =>
    from < end ? file.read(buffers[turn++ % 2]!, 0, Math.min(chunkBytes, end - from), from) : undefined;
  let rest = '';
  // The next chunk is read while this one is looked at.
  let reading = read(at);
  while (reading) {
    const { bytesRead, buffer } = await reading;
    if (bytesRead === 0) break;
    const text = rest + buffer.toString('latin1', 0, bytesRead);
    const offset = at - rest.length;
    at += bytesRead;
    reading = read(at);
    // A consumer that stops leaves a read under way, which the file's close waits for.
    reading?.catch(() => {});
    const whole = text.lastIndexOf('\n') + 1;
    rest = text.slice(whole);
    if (whole > 0) yield { text: text.slice(0, whole), offset };
    if (rest.length > maxLineBytes) break;
  }
  if (rest !== '') yield { text: rest, offset: at - rest.length };
}
