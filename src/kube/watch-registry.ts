import type { Timer } from '../base/clock.ts';
import type { WatchScope } from './scope-reader.ts';
import { WatchCache, type WatchContext } from './watch-cache.ts';
import { NamedWatches, type WatchLease } from './watch-names.ts';
import { type Kind, type Kinds, resources } from './watch-resources.ts';

export interface WatchRegistryOptions extends WatchContext {
  /** How long a cache outlives its last user. Default 30 s. */
  readonly lingerMs?: number;
}

interface Shared {
  readonly cache: WatchCache<Kinds[Kind]>;
  users: number;
  closing: Timer | undefined;
}

/**
 * The watch caches of one cluster and user: one a namespace, kind and scope, shared by all who ask for it. Disposing a lease lets go of
 * the cache, which closes some time after its last user.
 */
export class WatchRegistry implements AsyncDisposable {
  readonly #options: WatchRegistryOptions;
  readonly #shared = new Map<string, Shared>();
  /** By kind and namespace. */
  readonly #named = new Map<string, NamedWatches<Kinds[Kind]>>();
  /** Caches that were let go of and have not ended yet. */
  readonly #ending = new Set<Promise<void>>();

  constructor(options: WatchRegistryOptions) {
    this.#options = options;
  }

  /** How many caches are open, those that linger included. */
  get size(): number {
    return this.#shared.size;
  }

  open<K extends Kind>(kind: K, namespace: string, scope: WatchScope): WatchLease<Kinds[K]> {
    if (scope.name === undefined) return this.#open(kind, namespace, scope);
    const key = `${kind} ${namespace}`;
    // The key begins with the kind, so what is found by it holds objects of that kind.
    let named = this.#named.get(key) as unknown as NamedWatches<Kinds[K]> | undefined;
    if (!named) {
      named = new NamedWatches((of) => this.#open(kind, namespace, of));
      this.#named.set(key, named as unknown as NamedWatches<Kinds[Kind]>);
    }
    return named.open(scope.name);
  }

  #open<K extends Kind>(kind: K, namespace: string, scope: WatchScope): WatchLease<Kinds[K]> {
    const key = JSON.stringify([kind, namespace, scope.name, scope.labelSelector]);
    const known = this.#shared.get(key);
    known?.cache.forgetRefusal();
    const shared = known ?? this.#start(key, kind, namespace, scope);
    shared.users++;
    shared.closing?.cancel();
    shared.closing = undefined;
    // As above.
    return lease(shared.cache as unknown as WatchCache<Kinds[K]>, () => this.#release(key, shared));
  }

  /** Reads everything anew at once, as after a wake from sleep. */
  refresh(): void {
    for (const { cache } of this.#shared.values()) cache.refresh();
  }

  /** As refresh, where the API server or the user is another now: nothing that is known counts any more. */
  reset(): void {
    for (const { cache } of this.#shared.values()) cache.reset();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const key of [...this.#shared.keys()]) this.#end(key);
    await Promise.all(this.#ending);
  }

  #start<K extends Kind>(key: string, kind: K, namespace: string, scope: WatchScope): Shared {
    const cache = new WatchCache<Kinds[K]>({ ...this.#options, resource: resources[kind], namespace, scope });
    const shared: Shared = {
      cache: cache as unknown as WatchCache<Kinds[Kind]>,
      users: 0,
      closing: undefined,
    };
    this.#shared.set(key, shared);
    let wasTroubled = false;
    cache.onChange(() => {
      const isTroubled = cache.state.trouble !== undefined;
      if (wasTroubled && !isTroubled) this.#retryTroubled();
      wasTroubled = isTroubled;
    });
    cache.start();
    return shared;
  }

  /** One watch has found the API server again, or a login: the others need not wait. Rights are another matter for each. */
  #retryTroubled(): void {
    for (const { cache } of this.#shared.values()) {
      const { trouble } = cache.state;
      if (trouble && trouble.code !== 'SP-FORBIDDEN') cache.retry();
    }
  }

  #release(key: string, shared: Shared): void {
    if (--shared.users > 0 || this.#shared.get(key) !== shared) return;
    shared.closing = this.#options.clock.after(this.#options.lingerMs ?? 30_000, () => this.#end(key));
  }

  #end(key: string): void {
    const shared = this.#shared.get(key);
    if (!shared) return;
    this.#shared.delete(key);
    shared.closing?.cancel();
    const ended = shared.cache[Symbol.asyncDispose]().finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
  }
}

function lease<T extends Kinds[Kind]>(cache: WatchCache<T>, release: () => void): WatchLease<T> {
  const stops = new Set<() => void>();
  let held = true;
  return {
    get state() {
      return cache.state;
    },
    onChange(listener) {
      const stop = cache.onChange(listener);
      stops.add(stop);
      return stop;
    },
    refresh: () => cache.refresh(),
    [Symbol.dispose]() {
      if (!held) return;
      held = false;
      for (const stop of stops) stop();
      release();
    },
  };
}
