import { AppError } from '../base/app-error.ts';
import type { KubeApi } from './kube-api.ts';
import type { KubeObject } from './types.ts';
import { parseWatchEvent, type WatchEvent } from './watch-event.ts';
import { collectionPath, type Resource } from './watch-resources.ts';

/** What of a kind is watched. An empty scope is the whole namespace. */
export type WatchScope =
  | { readonly name: string; readonly labelSelector?: never }
  | { readonly labelSelector: string; readonly name?: never }
  | { readonly name?: never; readonly labelSelector?: never };

export interface ScopeReaderOptions<T extends KubeObject> {
  readonly api: Pick<KubeApi, 'request' | 'lines'>;
  readonly resource: Resource<T>;
  readonly namespace: string;
  readonly scope: WatchScope;
  readonly limits: { readonly pageSize: number; readonly maxObjects: number; readonly idleTimeoutMs: number };
}

/** What was there at one moment, and the version from which a watch goes on. */
export interface Reading<T> {
  readonly objects: readonly T[];
  readonly version: string | undefined;
}

interface WatchRequest {
  /** Where the watch resumes. Undefined: from now on, beginning with what is there. */
  readonly version: string | undefined;
  /** The server is asked to end it after this. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** The server has accepted the watch. */
  readonly onOpen: () => void;
}

/** Asks the API server about one scope of a kind: what is there, and what changes. Keeps nothing of the answers. */
export class ScopeReader<T extends KubeObject> {
  readonly path: string;
  readonly #options: ScopeReaderOptions<T>;

  constructor(options: ScopeReaderOptions<T>) {
    this.#options = options;
    this.path = collectionPath(options.resource, options.namespace);
  }

  /** GET of the one object, or LIST, page by page. */
  async read(signal: AbortSignal): Promise<Reading<T>> {
    const { scope, resource } = this.#options;
    if (scope.name === undefined) return this.#list(signal);
    const sent = await this.#get(scope.name, signal);
    return { objects: sent ? [resource.pick(sent)] : [], version: sent?.metadata.resourceVersion };
  }

  /** Whether the object of this name exists. */
  async has(name: string, signal: AbortSignal): Promise<boolean> {
    return (await this.#get(name, signal)) !== undefined;
  }

  /** The events until the server ends the watch. Throws SP-API-GONE where the version is too old, SP-FORBIDDEN, or how it broke. */
  async *watch({ version, timeoutMs, signal, onOpen }: WatchRequest): AsyncGenerator<WatchEvent<T>> {
    const { api, scope, resource, limits } = this.#options;
    const query = new URLSearchParams({ watch: '1', allowWatchBookmarks: 'true' });
    query.set('timeoutSeconds', String(Math.ceil(timeoutMs / 1_000)));
    if (version !== undefined) query.set('resourceVersion', version);
    if (scope.labelSelector !== undefined) query.set('labelSelector', scope.labelSelector);
    if (scope.name !== undefined) query.set('fieldSelector', `metadata.name=${scope.name}`);
    const { idleTimeoutMs } = limits;
    for await (const line of api.lines({ path: `${this.path}?${query}`, signal, idleTimeoutMs, onOpen })) {
      signal.throwIfAborted();
      if (line.trim() === '') continue;
      const { type, object } = parseWatchEvent<T>(line);
      const isKept = type === 'ADDED' || type === 'MODIFIED';
      yield { type, object: isKept ? resource.pick(object) : object };
    }
    signal.throwIfAborted();
  }

  /** More than a cache holds. */
  tooMany(): AppError {
    const { limits, resource } = this.#options;
    return new AppError('SP-API-ERROR', {
      message: `more than ${limits.maxObjects} ${resource.plural} match`,
    });
  }

  /** Undefined where there is none of this name. */
  async #get(name: string, signal: AbortSignal): Promise<T | undefined> {
    try {
      return await this.#options.api.request<T>({
        path: `${this.path}/${encodeURIComponent(name)}`,
        signal,
      });
    } catch (error) {
      if (error instanceof AppError && error.code === 'SP-TARGET-NOT-FOUND') return undefined;
      throw error;
    }
  }

  async #list(signal: AbortSignal): Promise<Reading<T>> {
    const { api, scope, resource, limits } = this.#options;
    const objects: T[] = [];
    let next: string | undefined;
    let version: string | undefined;
    do {
      const query = new URLSearchParams({ limit: String(limits.pageSize) });
      if (scope.labelSelector !== undefined) query.set('labelSelector', scope.labelSelector);
      if (next) query.set('continue', next);
      const page = await api.request<ListPage<T>>({ path: `${this.path}?${query}`, signal });
      signal.throwIfAborted();
      for (const sent of page.items ?? []) objects.push(resource.pick(sent));
      if (objects.length > limits.maxObjects) throw this.tooMany();
      next = page.metadata?.continue;
      version = page.metadata?.resourceVersion;
    } while (next);
    return { objects, version };
  }
}

interface ListPage<T> {
  /** Null is what Go sends for an empty list. */
  readonly items?: readonly T[] | null;
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
}
