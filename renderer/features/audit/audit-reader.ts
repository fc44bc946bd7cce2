import { AppError } from '../../../src/base/app-error.ts';
import type { Clock, Timer } from '../../../src/base/clock.ts';
import type { AuditFilter } from '../../../src/contract/audit-query.ts';
import type { ErrorData } from '../../../src/contract/error-codes.ts';
import type { Api } from '../../api.ts';
import {
  firstPage,
  type Loaded,
  maxLoaded,
  newerThan,
  olderThan,
  withNewer,
  withOlder,
} from './record-pages.ts';

const pageSize = 200;
const tailSize = 1_000;
/** The most that the daemon gives at a time. */
const largestPage = 10_000;
const tailMs = 2_000;

export interface ReaderState {
  /** Absent before the first answer. */
  readonly loaded?: Loaded;
  readonly isLoading: boolean;
  /** Why the last thing that was asked for did not come; what came before stays. */
  readonly error?: ErrorData;
}

export interface AuditReaderOptions {
  readonly api: Pick<Api, 'call'>;
  readonly clock: Clock;
  readonly filter: AuditFilter;
}

/** What matches one filter: the newest first, older ones when they are asked for, and new ones every two seconds while it is followed. */
export class AuditReader implements Disposable {
  readonly #options: AuditReaderOptions;
  readonly #ended = new AbortController();
  readonly #listeners = new Set<() => void>();
  #state: ReaderState = { isLoading: false };
  #isFollowed = false;
  #timer: Timer | undefined;

  constructor(options: AuditReaderOptions) {
    this.#options = options;
  }

  readonly state = (): ReaderState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /** The first page, or where there is one the next older. Never rejects. One at a time. */
  async loadMore(): Promise<void> {
    const { loaded, isLoading } = this.#state;
    if (isLoading || loaded?.isWhole || (loaded && loaded.records.length >= maxLoaded)) return;
    this.#become({ ...(loaded && { loaded }), isLoading: true });
    try {
      const more = loaded ? await this.#older() : firstPage(await this.#page({}, pageSize));
      this.#become({ loaded: more, isLoading: false });
    } catch (thrown) {
      this.#fail(thrown);
    }
    if (!loaded) this.#schedule();
  }

  /** Whether new events are looked for. */
  follow(isFollowed: boolean): void {
    if (this.#isFollowed === isFollowed) return;
    this.#isFollowed = isFollowed;
    if (isFollowed) void this.#look();
    else this.#timer?.cancel();
  }

  [Symbol.dispose](): void {
    this.#isFollowed = false;
    this.#timer?.cancel();
    this.#ended.abort();
    this.#listeners.clear();
  }

  /** What came while it was asked is put to what there is by then. */
  async #older(): Promise<Loaded> {
    for (let limit = pageSize; ; ) {
      const untilMs = olderThan(this.#state.loaded!);
      const page = await this.#page({ untilMs }, limit);
      const before = this.#state.loaded!;
      // A look that was under way began the list anew: between that and this page there is more.
      if (olderThan(before) !== untilMs) continue;
      const more = withOlder(before, page);
      if (more !== before) return more;
      if (limit === largestPage) return { ...before, isWhole: true };
      limit = Math.min(limit * 8, largestPage);
    }
  }

  async #look(): Promise<void> {
    this.#timer?.cancel();
    const { loaded, isLoading } = this.#state;
    if (!loaded || isLoading) return this.#schedule();
    try {
      const page = await this.#page({ sinceMs: newerThan(loaded) }, tailSize);
      const before = this.#state.loaded!;
      const after = loaded.records.length === 0 ? firstPage(page) : withNewer(before, page);
      const isChanged = after !== before && after.records.length > 0;
      if (isChanged || this.#state.error) {
        const { isLoading: isStillLoading } = this.#state;
        this.#become({ loaded: isChanged ? after : before, isLoading: isStillLoading });
      }
    } catch (thrown) {
      this.#fail(thrown);
    }
    this.#schedule();
  }

  #schedule(): void {
    this.#timer?.cancel();
    if (!this.#isFollowed) return;
    this.#timer = this.#options.clock.after(tailMs, () => void this.#look());
  }

  async #page({ sinceMs, untilMs }: Pick<AuditFilter, 'sinceMs' | 'untilMs'>, limit: number) {
    const { api, filter } = this.#options;
    const narrowed: AuditFilter = {
      ...filter,
      ...(sinceMs !== undefined && { sinceMs: Math.max(sinceMs, filter.sinceMs ?? sinceMs) }),
      ...(untilMs !== undefined && { untilMs: Math.min(untilMs, filter.untilMs ?? untilMs) }),
    };
    const { signal } = this.#ended;
    const { records } = await api.call('audit', { filter: narrowed, limit }, { signal });
    return { records, limit };
  }

  #fail(thrown: unknown): void {
    if (this.#ended.signal.aborted) return;
    this.#become({ ...this.#state, isLoading: false, error: AppError.from(thrown).toData() });
  }

  #become(state: ReaderState): void {
    if (this.#ended.signal.aborted) return;
    this.#state = state;
    for (const listener of [...this.#listeners]) listener();
  }
}
