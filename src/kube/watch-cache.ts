/**
 * One watched piece of the cluster: a collection (all of a kind in a namespace, or what a label selector matches), or one object by name.
 * What is known stays known while the network fails; the failure is told beside it, as `trouble`.
 */
import { AppError } from '../base/app-error.ts';
import { backoffMs } from '../base/backoff.ts';
import { type Clock, delay, type Timer } from '../base/clock.ts';
import { Listeners } from '../base/listeners.ts';
import type { Log } from '../base/log.ts';
import type { KubeApi } from './kube-api.ts';
import { ScopeReader, type WatchScope } from './scope-reader.ts';
import type { KubeObject } from './types.ts';
import type { WatchEvent } from './watch-event.ts';
import type { Resource } from './watch-resources.ts';

/**
 * How changes are learnt of. watch: of the collection. watch-name: of the one object. poll: read at a stated interval, because the
 * user may not watch.
 */
export type WatchMode = 'watch' | 'watch-name' | 'poll';

export interface WatchState<T> {
  /** False until the first answer. */
  readonly synced: boolean;
  /** By name. As last known: see `trouble`. */
  readonly objects: ReadonlyMap<string, T>;
  readonly mode: WatchMode;
  /** Why what is known may be old, or why nothing is known. Absent while all is well. */
  readonly trouble: AppError | undefined;
}

export interface WatchLimits {
  readonly pageSize: number;
  readonly maxObjects: number;
  /** A watch is closed by the server after this, and up to as much again at random, so that watches do not all come back at once. */
  readonly watchTimeoutMs: number;
  /** A watch that brought no line for so long is opened anew. The API server sends a bookmark about every minute. */
  readonly idleTimeoutMs: number;
  /** Between reads where the user may not watch. */
  readonly pollMs: number;
  /** Until something is asked for again that a person has to mend first: rights may have been granted, a login done. */
  readonly forbiddenMs: number;
  /** Refreshes within this time are one. */
  readonly refreshMs: number;
  readonly backoffFirstMs: number;
  readonly backoffMaxMs: number;
}

export const watchLimits: WatchLimits = {
  pageSize: 500,
  maxObjects: 20_000,
  watchTimeoutMs: 300_000,
  idleTimeoutMs: 90_000,
  pollMs: 5_000,
  forbiddenMs: 30_000,
  refreshMs: 250,
  backoffFirstMs: 200,
  backoffMaxMs: 5_000,
};

/** A server that ends watches sooner than this is not asked in a tight loop. */
const brieflyMs = 1_000;

/** What the caches of one cluster share. */
export interface WatchContext {
  readonly api: Pick<KubeApi, 'request' | 'lines'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
  readonly limits?: Partial<WatchLimits>;
  /** Called when a watch breaks off, which is then opened anew; not when the server ends it in good order. */
  readonly onBreak?: (() => void) | undefined;
}

export interface WatchCacheOptions<T extends KubeObject> extends WatchContext {
  readonly resource: Resource<T>;
  readonly namespace: string;
  readonly scope: WatchScope;
}

export class WatchCache<T extends KubeObject> implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #random: () => number;
  readonly #limits: WatchLimits;
  readonly #onBreak: (() => void) | undefined;
  readonly #reader: ScopeReader<T>;
  readonly #name: string | undefined;
  readonly #changed = new Listeners<void>();
  readonly #closing = new AbortController();
  #objects = new Map<string, T>();
  #synced = false;
  #mode: WatchMode;
  #trouble: AppError | undefined;
  /** Where the next watch resumes. Undefined: to be read first or, for one object, from now on, beginning with what is there. */
  #resourceVersion: string | undefined;
  #mustRead = true;
  /** Turns in a row that brought nothing. */
  #attempt = 0;
  /** When, having been forbidden, a watch may be asked for again; monotonic ms. */
  #watchAgainMs = 0;
  #refreshedMs = Number.NEGATIVE_INFINITY;
  #refreshLater: Timer | undefined;
  /** The turn or the wait that is under way; refresh() and reset() cut it short. */
  #step = new AbortController();
  #isWaiting = false;
  #done: Promise<void> | undefined;

  constructor(options: WatchCacheOptions<T>) {
    this.#clock = options.clock;
    this.#random = options.random ?? Math.random;
    this.#limits = { ...watchLimits, ...options.limits };
    this.#onBreak = options.onBreak;
    this.#reader = new ScopeReader({ ...options, limits: this.#limits });
    this.#name = options.scope.name;
    this.#mode = this.#name === undefined ? 'watch' : 'watch-name';
    const { path } = this.#reader;
    const of = this.#name ?? options.scope.labelSelector;
    this.#log = {
      debug: (event, fields) => options.log.debug(event, { path, of, ...fields }),
      info: (event, fields) => options.log.info(event, { path, of, ...fields }),
      warn: (event, fields) => options.log.warn(event, { path, of, ...fields }),
    };
  }

  get state(): WatchState<T> {
    return { synced: this.#synced, objects: this.#objects, mode: this.#mode, trouble: this.#trouble };
  }

  /** Called after each change of the state; the returned function ends that. */
  onChange(listener: () => void): () => void {
    return this.#changed.add(listener);
  }

  /** Begins to read and watch, once. */
  start(): void {
    this.#done ??= this.#run();
  }

  /** Ends a wait before its time: what it waits for has happened. */
  retry(): void {
    if (this.#isWaiting) this.#startOver();
  }

  /** Who comes now has not been refused yet: what needed a person may be mended by now, and is asked for at once. */
  forgetRefusal(): void {
    if (this.#trouble?.retry !== 'user') return;
    this.#trouble = undefined;
    this.refresh();
  }

  /**
   * Reads anew at once: after a wake from sleep, or when something else knows better, which a watch from the last known version need not
   * tell. What is known stays known meanwhile.
   */
  refresh(): void {
    const leftMs = this.#refreshedMs + this.#limits.refreshMs - this.#clock.nowMs();
    if (leftMs <= 0) return this.#refreshNow();
    // Put off, not dropped: what it was asked for may be newer than the last reading.
    this.#refreshLater ??= this.#clock.after(leftMs, () => this.#refreshNow());
  }

  /** Looks at no clock: a timer may be up a moment early. */
  #refreshNow(): void {
    this.#refreshLater?.cancel();
    this.#refreshLater = undefined;
    this.#refreshedMs = this.#clock.nowMs();
    this.#mustRead = true;
    this.#startOver();
  }

  /** Forgets everything and reads anew: it is of another cluster, or was seen as another user. */
  reset(): void {
    this.#refreshedMs = this.#clock.nowMs();
    this.#objects = new Map();
    this.#synced = false;
    this.#trouble = undefined;
    this.#resourceVersion = undefined;
    this.#mustRead = true;
    this.#startOver();
    this.#changed.emit();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#refreshLater?.cancel();
    this.#step.abort();
    await this.#done;
  }

  #startOver(): void {
    this.#attempt = 0;
    this.#watchAgainMs = 0;
    this.#step.abort();
  }

  async #run(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      this.#step = new AbortController();
      const { signal } = this.#step;
      let waitMs: number;
      try {
        waitMs = await this.#turn(signal);
      } catch (error) {
        if (signal.aborted) continue;
        waitMs = this.#failed(AppError.from(error));
      }
      this.#isWaiting = waitMs > 0;
      if (this.#isWaiting) await delay(this.#clock, waitMs, signal).catch(() => {});
      this.#isWaiting = false;
    }
  }

  /** One read, where one is due, and one watch. Returns how long to wait before the next turn, ms. */
  async #turn(signal: AbortSignal): Promise<number> {
    const reads = this.#mustRead;
    if (reads) {
      await this.#read(signal);
      // Who was told of it may have asked for another one.
      signal.throwIfAborted();
      this.#mustRead = false;
    }
    if (this.#clock.nowMs() < this.#watchAgainMs) return this.#poll();
    const sinceMs = this.#clock.nowMs();
    let opened = false;
    let broke: AppError | undefined;
    try {
      await this.#watch(signal, () => {
        opened = true;
        this.#opened(signal);
      });
    } catch (thrown) {
      signal.throwIfAborted();
      broke = AppError.from(thrown);
      this.#log.debug('watch broke', { error: broke.message });
      this.#onBreak?.();
    }
    if (this.#clock.nowMs() - sinceMs >= brieflyMs) this.#attempt = 0;
    if (broke?.code === 'SP-FORBIDDEN') {
      this.#watchAgainMs = this.#clock.nowMs() + this.#limits.forbiddenMs;
      return this.#poll();
    }
    if (broke?.code === 'SP-API-GONE') return this.#tooOld({ justRead: reads });
    // Watches break all the time, by idle proxies and server restarts; it is trouble when the next one fails too.
    if (broke && (!opened || this.#attempt > 0)) throw broke;
    return this.#nextWaitMs();
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { objects, version } = await this.#reader.read(signal);
    signal.throwIfAborted();
    this.#resourceVersion = version;
    this.#objects = new Map(objects.map((object) => [object.metadata.name, object]));
    this.#synced = true;
    this.#trouble = undefined;
    this.#changed.emit();
  }

  /** Takes in events until the server ends the watch. Throws SP-API-GONE, SP-FORBIDDEN or how it broke. */
  async #watch(signal: AbortSignal, onOpen: () => void): Promise<void> {
    const version = this.#resourceVersion;
    const timeoutMs = this.#limits.watchTimeoutMs * (1 + this.#random());
    for await (const event of this.#reader.watch({ version, timeoutMs, signal, onOpen })) this.#apply(event);
  }

  /**
   * The server has forgotten the version. A collection is listed anew. One object is watched from now on: a GET brings the version of its
   * last change, which after a restart of the API server stays too old for good. Returns how long to wait, ms.
   */
  #tooOld({ justRead }: { readonly justRead: boolean }): number {
    const isAgain = this.#name === undefined ? justRead : this.#resourceVersion === undefined;
    if (this.#name === undefined) this.#mustRead = true;
    this.#resourceVersion = undefined;
    return isAgain ? this.#nextWaitMs() : 0;
  }

  /** A watch "from now on" tells what is there, not that what is known is gone. */
  async #confirm(name: string, signal: AbortSignal): Promise<void> {
    const known = this.#objects.get(name);
    if (!known) return;
    const found = await this.#reader.has(name, signal).catch(() => undefined);
    if (found || signal.aborted || this.#objects.get(name) !== known) return;
    if (found === false) {
      this.#objects.delete(name);
      this.#changed.emit();
    } else {
      // The next turn reads it, and tells the trouble.
      this.#mustRead = true;
      this.#step.abort();
    }
  }

  #opened(signal: AbortSignal): void {
    if (this.#name !== undefined && this.#resourceVersion === undefined)
      void this.#confirm(this.#name, signal);
    const told = this.#trouble !== undefined || this.#mode === 'poll';
    this.#trouble = undefined;
    this.#watchAgainMs = 0;
    this.#setMode(this.#name === undefined ? 'watch' : 'watch-name');
    if (told) this.#changed.emit();
  }

  #apply({ type, object }: WatchEvent<T>): void {
    this.#attempt = 0;
    this.#resourceVersion = object.metadata.resourceVersion ?? this.#resourceVersion;
    if (type === 'BOOKMARK') return;
    if (type === 'DELETED') this.#objects.delete(object.metadata.name);
    else this.#objects.set(object.metadata.name, object);
    if (this.#objects.size > this.#limits.maxObjects) throw this.#reader.tooMany();
    this.#changed.emit();
  }

  /** The user may read but not watch: the next turn reads again. Returns in how many ms. */
  #poll(): number {
    this.#mustRead = true;
    if (this.#setMode('poll')) this.#changed.emit();
    return this.#limits.pollMs;
  }

  /** Tells of a failure and returns how long to wait before the next turn, ms. */
  #failed(error: AppError): number {
    if (error.code !== this.#trouble?.code) this.#log.info('watch failed', { error: error.message });
    this.#trouble = error;
    this.#changed.emit();
    if (error.retry === 'user') return this.#limits.forbiddenMs;
    this.#attempt = Math.max(1, this.#attempt);
    return this.#nextWaitMs();
  }

  #setMode(mode: WatchMode): boolean {
    if (mode === this.#mode) return false;
    this.#mode = mode;
    this.#log.info('watch mode', { mode, intervalMs: mode === 'poll' ? this.#limits.pollMs : undefined });
    return true;
  }

  /** None after a watch that lived, else exponential. */
  #nextWaitMs(): number {
    const attempt = this.#attempt++;
    if (attempt === 0) return 0;
    const { backoffFirstMs: firstMs, backoffMaxMs: maxMs } = this.#limits;
    return backoffMs(attempt - 1, { firstMs, maxMs, jitter: 0.5, random: this.#random });
  }
}
