/** Tells when files change, come or go. Folders are watched, because tools replace files rather than write into them. */
import { type FSWatcher, realpathSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';

/** A file is written in several steps; one call for all of them. */
const settleMs = 100;

export interface FileWatchOptions {
  readonly files: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  readonly onChange: () => void;
}

/** Does not keep the process alive. A folder that cannot be watched is logged: each dial looks at its files anyway. */
export class FileWatch implements Disposable {
  readonly #options: FileWatchOptions;
  readonly #watchers: FSWatcher[] = [];
  #settling: Timer | undefined;

  constructor(options: FileWatchOptions) {
    this.#options = options;
    const folders = new Map<string, Set<string>>();
    for (const file of options.files.flatMap(withTarget)) {
      const names = folders.get(dirname(file)) ?? new Set();
      folders.set(dirname(file), names.add(basename(file)));
    }
    for (const [folder, names] of folders) this.#watchFolder(folder, names);
  }

  [Symbol.dispose](): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#settling?.cancel();
  }

  #watchFolder(folder: string, names: ReadonlySet<string>): void {
    const { clock, log, onChange } = this.#options;
    const unwatched = (error: unknown) =>
      log.debug('folder-not-watched', { folder, error: (error as NodeJS.ErrnoException).code });
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => {
        if (name !== null && !names.has(name)) return;
        this.#settling?.cancel();
        this.#settling = clock.after(settleMs, onChange);
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
}

/** A link and what it points at: either may be replaced. */
function withTarget(file: string): string[] {
  try {
    const target = realpathSync(file);
    return target === file ? [file] : [file, target];
  } catch {
    return [file];
  }
}
