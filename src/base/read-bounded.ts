import { constants, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';

export type BoundedText =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'absent' }
  | { readonly kind: 'refused'; readonly why: string };

/**
 * A regular file's text of at most maxBytes; never waits on a pipe or a device that bears its name. Absent, too large, unreadable and
 * not UTF-8 are answers, not errors; `why` follows the file's name in a sentence. `refuse` may say why one is not to be read: it is asked
 * of the very file that is then read, at the end of all links.
 */
export async function readBounded(
  path: string,
  maxBytes: number,
  refuse?: (found: Stats) => string | undefined,
): Promise<BoundedText> {
  const refused = (why: string): BoundedText => ({ kind: 'refused', why });
  try {
    // Without O_NONBLOCK opening a FIFO waits for its writer.
    await using file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const found = await file.stat();
    if (!found.isFile()) return refused('is not a regular file');
    const why = refuse?.(found);
    if (why !== undefined) return refused(why);
    // One byte more than allowed tells a file that is too large, whatever its size was said to be.
    const buffer = Buffer.alloc(Math.min(maxBytes, found.size) + 1);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    if (length > maxBytes) return refused(`is larger than ${Math.floor(maxBytes / 1024)} KiB`);
    if (length > found.size) return refused('grew while it was read');
    const bytes = buffer.subarray(0, length);
    return { kind: 'text', text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'absent' };
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return refused('is not UTF-8 text');
    if (code === 'EACCES' || code === 'EPERM') return refused('may not be read by you');
    return refused(`cannot be read (${code ?? 'unknown error'})`);
  }
}
