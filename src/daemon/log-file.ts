import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';

export interface LogFileOptions {
  readonly path: string;
  /** Size at which a new file is begun. Default 5 MiB. */
  readonly maxBytes?: number;
  /** Old files that are kept, as PATH.1 (the newest) and so on. Default 4. */
  readonly keep?: number;
}

const filesKept = 4;

/** The files that a log with the usual limits may have, the newest first. */
export function logFileNames(path: string): string[] {
  return Array.from({ length: filesKept + 1 }, (_, age) => logFileName(path, age));
}

function logFileName(path: string, age: number): string {
  return age === 0 ? path : `${path}.${age}`;
}

/**
 * An append-only log that rotates by size. Lines are written at once and synchronously: there are few, and the last one before a crash is
 * the one that is asked for. A disk that is full loses lines, never the daemon.
 */
export class LogFile implements Disposable {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #keep: number;
  #file: number | undefined;
  #sizeBytes = 0;

  constructor({ path, maxBytes = 5 * 1024 * 1024, keep = filesKept }: LogFileOptions) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#keep = keep;
  }

  write(line: string): void {
    try {
      const bytes = Buffer.from(`${line}\n`);
      this.#file ??= this.#open();
      if (this.#sizeBytes > 0 && this.#sizeBytes + bytes.length > this.#maxBytes) this.#rotate();
      this.#sizeBytes += writeSync(this.#file, bytes);
    } catch {
      // Nowhere is left to say so. The next line tries again, with the file opened anew.
      this[Symbol.dispose]();
    }
  }

  [Symbol.dispose](): void {
    if (this.#file === undefined) return;
    const file = this.#file;
    this.#file = undefined;
    try {
      closeSync(file);
    } catch {
      // Gone already.
    }
  }

  #open(): number {
    const file = openSync(this.#path, 'a', 0o600);
    this.#sizeBytes = fstatSync(file).size;
    return file;
  }

  #rotate(): void {
    this[Symbol.dispose]();
    const name = (age: number) => logFileName(this.#path, age);
    for (let age = this.#keep - 1; age >= 0; age--) {
      try {
        renameSync(name(age), name(age + 1));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
    this.#file = this.#open();
  }
}
