import { basename, dirname } from 'node:path';
import pLimit from 'p-limit';
import { AppError } from '../base/app-error.ts';
import type { Clock } from '../base/clock.ts';
import { FolderWatch, withTarget } from '../base/folder-watch.ts';
import { Listeners } from '../base/listeners.ts';
import type { Log } from '../base/log.ts';
import { changedParts, readAtStart, readSettings, type Settings } from './settings.ts';

/** What counts for the daemon as soon as the file says it. */
const live: readonly (keyof Settings)[] = ['policy', 'approval'];

/**
 * The settings as their file has them. One that cannot be read any more changes nothing: who writes a file half must not loosen anything
 * by it.
 */
export class LiveSettings implements Disposable {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #listeners = new Listeners<Settings>();
  readonly #turn = pLimit(1);
  #current: Settings = {};
  #watch: FolderWatch | undefined;
  #isOver = false;

  constructor({ path, clock, log }: { readonly path: string; readonly clock: Clock; readonly log: Log }) {
    this.#path = path;
    this.#clock = clock;
    this.#log = log;
  }

  get current(): Settings {
    return this.#current;
  }

  /** Reads them for the first time, and follows their file from then on. Throws what readSettings throws. */
  async load(): Promise<Settings> {
    const files = withTarget(this.#path);
    const names = new Set(files.map((file) => basename(file)));
    this.#watch = new FolderWatch({
      folders: new Set(files.map((file) => dirname(file))),
      counts: (name) => names.has(name),
      clock: this.#clock,
      onChange: () => void this.#turn(() => this.#reload()),
      onUnwatched: (at) => this.#log.warn('settings not watched', at),
    }).start();
    await this.#turn(async () => {
      this.#current = await readSettings(this.#path);
    });
    return this.#current;
  }

  /** Called when something else counts; the returned function ends that. */
  onChange(listener: (settings: Settings) => void): () => void {
    return this.#listeners.add(listener);
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#watch?.[Symbol.dispose]();
  }

  async #reload(): Promise<void> {
    try {
      const before = this.#current;
      const now = await readSettings(this.#path);
      if (this.#isOver) return;
      this.#current = now;
      const changed = changedParts(before, now);
      const counting = changed.filter((part) => live.includes(part));
      const afterRestart = readAtStart.filter((part) => changed.includes(part));
      if (counting.length + afterRestart.length === 0) return;
      this.#log.info('settings changed', {
        counting: counting.join(' ') || 'none',
        afterRestart: afterRestart.join(' ') || 'none',
      });
      if (counting.length > 0) this.#listeners.emit(now);
    } catch (thrown) {
      const { code, details } = AppError.from(thrown);
      this.#log.warn('settings not taken up: those of before count', { code, ...details });
    }
  }
}
