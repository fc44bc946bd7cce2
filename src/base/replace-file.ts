/**
 * Replaces a file as a whole: whoever reads it sees the old content or the new one, through a kill at any step and through power
 * loss. The new content is written and synced beside the file, then renamed onto it.
 */
import { randomBytes } from 'node:crypto';
import * as nodeFiles from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

export interface ReplaceFileOptions {
  /** Of a file that does not exist yet; one that does keeps its own. Default 0600. */
  readonly mode?: number;
  /** Called last before the new content takes the file's place; what it throws leaves the old one. */
  readonly beforeRename?: () => Promise<void>;
  /** For tests: what to do it with. */
  readonly files?: FileOperations;
}

/** The part of node:fs/promises in use. */
export interface FileOperations {
  open(path: string, flags: string, mode?: number): Promise<OpenFile>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  realpath(path: string): Promise<string>;
  stat(path: string): Promise<{ readonly mode: number; readonly mtimeMs: number }>;
  readdir(path: string): Promise<string[]>;
}

interface OpenFile {
  writeFile(text: string): Promise<void>;
  chmod(mode: number): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** A temporary file of this age belongs to a writer that was killed. */
const abandonedMs = 60_000;

/** Its folder must exist. A symbolic link stays, what it points at is replaced. Throws what the file system throws. */
export async function replaceFile(
  path: string,
  text: string,
  options: ReplaceFileOptions = {},
): Promise<void> {
  const { mode = 0o600, beforeRename, files = nodeFiles } = options;
  const target = await files.realpath(path).catch(unlessAbsent(path));
  const existing = await files.stat(target).catch(unlessAbsent(undefined));
  const prefix = `.${basename(target)}.`;
  await removeAbandoned(files, dirname(target), prefix);
  const temporary = join(dirname(target), `${prefix}${randomBytes(6).toString('hex')}${suffix}`);
  try {
    // Private from the first byte; the mode is widened once the content is whole.
    const file = await files.open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.chmod(existing ? existing.mode & 0o777 : mode);
      await file.sync();
    } finally {
      await file.close();
    }
    await beforeRename?.();
    await files.rename(temporary, target);
  } catch (error) {
    await files.unlink(temporary).catch(() => {});
    throw error;
  }
  await syncFolder(files, dirname(target));
}

const suffix = '.tmp';

function unlessAbsent<T>(instead: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code === 'ENOENT') return instead;
    throw error;
  };
}

/** Best effort: a folder full of what others left is no reason not to write. */
async function removeAbandoned(files: FileOperations, folder: string, prefix: string): Promise<void> {
  const names = await files.readdir(folder).catch(() => []);
  for (const name of names) {
    if (!name.startsWith(prefix) || !name.endsWith(suffix)) continue;
    const path = join(folder, name);
    const found = await files.stat(path).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > abandonedMs) await files.unlink(path).catch(() => {});
  }
}

/** Makes the rename last through power loss. Not every platform can open a folder; there the rename alone has to do. */
async function syncFolder(files: FileOperations, folder: string): Promise<void> {
  const handle = await files.open(folder, 'r').catch(() => undefined);
  if (!handle) return;
  try {
    await handle.sync();
  } catch {
    // EINVAL on some file systems, EPERM on Windows.
  } finally {
    await handle.close();
  }
}
