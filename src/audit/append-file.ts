import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type LogFile, syncFolder } from './log-files.ts';

export interface ForeignChange {
  readonly expectedBytes: number;
  /** 0 where the file is gone. */
  readonly foundBytes: number;
}

/** The part of a file handle in use. */
export interface AppendHandle {
  stat(): Promise<{ readonly size: number; readonly nlink: number }>;
  write(bytes: Uint8Array, offset: number): Promise<{ readonly bytesWritten: number }>;
  datasync(): Promise<void>;
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
}

export type OpenAppend = (file: LogFile) => Promise<AppendHandle>;

/** Opens for appending, creates it private. Its folder is created too. */
export const openAppend: OpenAppend = async (file): Promise<FileHandle> => {
  const folder = dirname(file.path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const handle = await open(file.path, 'a', 0o600);
  await syncFolder(folder);
  return handle;
};

/**
 * One file that is appended to. What was written in part or not synced is taken back before the next try, so that each text is in the
 * file once and whole, or not at all.
 */
export class AppendFile implements AsyncDisposable {
  readonly file: LogFile;
  readonly #open: OpenAppend;
  #handle: AppendHandle | undefined;
  /** Of what is known to be on disk; undefined before the file was opened. */
  #sizeBytes: number | undefined;
  /** What was written behind it may be there in part. */
  #unsure = false;

  constructor(file: LogFile, open: OpenAppend = openAppend) {
    this.file = file;
    this.#open = open;
  }

  get sizeBytes(): number {
    return this.#sizeBytes ?? 0;
  }

  /**
   * Opens it, and tells whether somebody else has written to it, cut or removed it since the last text. Throws what the file system
   * throws; then, and after a change, the next call opens it anew.
   */
  async prepare(): Promise<ForeignChange | undefined> {
    if (this.#unsure) await this.#reopen();
    this.#handle ??= await this.#open(this.file);
    const { size, nlink } = await this.#handle.stat();
    const expected = this.#sizeBytes ?? size;
    const gone = nlink === 0;
    if (this.#unsure && !gone && size > expected) await this.#handle.truncate(expected);
    else if (gone || size !== expected) {
      this.#sizeBytes = gone ? 0 : size;
      if (gone) await this.#reopen();
      this.#unsure = false;
      return { expectedBytes: expected, foundBytes: this.#sizeBytes };
    }
    this.#sizeBytes = expected;
    this.#unsure = false;
    return undefined;
  }

  /** Resolves when the text is on disk. Throws what the file system throws; the text is then written again after `prepare`. */
  async append(text: string): Promise<void> {
    const handle = this.#handle!;
    const bytes = Buffer.from(text, 'latin1');
    this.#unsure = true;
    for (let written = 0; written < bytes.length; ) {
      const { bytesWritten } = await handle.write(bytes, written);
      written += bytesWritten;
    }
    await handle.datasync();
    this.#unsure = false;
    this.#sizeBytes = this.sizeBytes + bytes.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  /** After a failed sync the kernel may take the pages for written: another handle is no cure, writing them again is. */
  async #reopen(): Promise<void> {
    await this[Symbol.asyncDispose]().catch(() => {});
    this.#handle = await this.#open(this.file);
  }
}
