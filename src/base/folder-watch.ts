import { type FSWatcher, readlinkSync, realpathSync, watch } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Clock, Timer } from './clock.ts';

/** A file is written in several steps, a checkout in many; one call for all of them. */
const settleMs = 100;
/** A folder that never rests is reported all the same. */
const longestSettleMs = 2_000;

export interface FolderWatchOptions {
  /** Folders, because tools replace files rather than write into them. */
  readonly folders: Iterable<string>;
  /** Which of a folder's entries count. */
  readonly counts: (name: string, folder: string) => boolean;
  readonly clock: Clock;
  readonly onChange: () => void;
  /** A folder cannot be watched, or not any more; the others are. `error` is the system's code. */
  readonly onUnwatched: (at: { readonly folder: string; readonly error: string | undefined }) => void;
}

/** Tells when files in folders change, come or go. Does not keep the process alive. */
export class FolderWatch implements Disposable {
  readonly #options: FolderWatchOptions;
  readonly #watchers: FSWatcher[] = [];
  #settling: Timer | undefined;
  #changedSinceMs: number | undefined;

  constructor(options: FolderWatchOptions) {
    this.#options = options;
  }

  start(): this {
    for (const folder of this.#options.folders) this.#watchFolder(folder);
    return this;
  }

  /** Reports a change that is still settling now, for somebody who is about to act on what the files say. */
  flush(): void {
    if (this.#changedSinceMs === undefined) return;
    this.#settling?.cancel();
    this.#report();
  }

  [Symbol.dispose](): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#settling?.cancel();
  }

  #watchFolder(folder: string): void {
    const { counts, onUnwatched } = this.#options;
    const unwatched = (error: unknown) =>
      onUnwatched({ folder, error: (error as NodeJS.ErrnoException).code });
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => {
        if (name === null || counts(name, folder)) this.#changed();
      });
      watcher.on('error', (error) => {
        unwatched(error);
        watcher.close();
      });
      this.#watchers.push(watcher);
    } catch (error) {
      unwatched(error);
    }
  }

  #changed(): void {
    const { clock } = this.#options;
    this.#changedSinceMs ??= clock.nowMs();
    this.#settling?.cancel();
    const leftMs = Math.max(0, this.#changedSinceMs + longestSettleMs - clock.nowMs());
    this.#settling = clock.after(Math.min(settleMs, leftMs), () => this.#report());
  }

  #report(): void {
    this.#changedSinceMs = undefined;
    this.#options.onChange();
  }
}

/** A file to be watched, and what it points at where it is a link: either may be replaced. */
export function withTarget(file: string): string[] {
  const target = targetOf(file);
  return target === file ? [file] : [file, target];
}

function targetOf(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    // A link may lead to what is yet to come, or is away while it is replaced.
    try {
      return resolve(dirname(file), readlinkSync(file));
    } catch {
      return file;
    }
  }
}
