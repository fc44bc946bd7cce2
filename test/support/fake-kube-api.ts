import { AppError } from '../../src/base/app-error.ts';
import type { Clock } from '../../src/base/clock.ts';
import type { KubeApi, KubeRequest } from '../../src/kube/kube-api.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { type Kind, type Kinds, resources } from '../../src/kube/watch-resources.ts';

export interface FakeRequest {
  readonly verb: 'get' | 'list' | 'watch' | 'create';
  /** Plural. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string | undefined;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

/** An object as a test gives it: uid, namespace and version are filled in. */
export type Given<T extends KubeObject> = Omit<T, 'metadata'> & {
  readonly metadata: Partial<T['metadata']> & { readonly name: string };
};

interface Change {
  readonly type: string;
  readonly resource: string;
  readonly object: KubeObject;
  readonly version: number;
}

interface OpenWatch {
  readonly request: FakeRequest;
  readonly queue: string[];
  wake: () => void;
  end: 'no' | 'close' | AppError;
}

/**
 * An API server in memory, behind the KubeApi interface: get, list in pages, watch with versions. A test scripts what goes wrong:
 * forbid, fail, forget versions (410), break, end or silence watches. `requests` tells what was asked.
 */
export class FakeKubeApi implements KubeApi {
  readonly key = 'https://fake dev';
  readonly server = 'https://fake';
  readonly namespace = 'default';
  readonly contextName = 'fake';
  readonly warnings: readonly string[] = [];
  readonly requests: FakeRequest[] = [];
  /** Answers to POST, by plural: the review APIs. */
  readonly posts = new Map<string, (body: unknown) => unknown>();
  /** Answers that are given as they are, by path. */
  readonly answers = new Map<string, unknown>();
  /** Says of each request whether the user may. */
  allow: (request: FakeRequest) => boolean = () => true;
  /** When set, every new request fails with it, as when the network is down. */
  down: AppError | undefined;
  readonly #clock: Clock;
  readonly #objects = new Map<string, KubeObject>();
  readonly #watches = new Set<OpenWatch>();
  #changes: Change[] = [];
  #version = 100;
  #uid = 0;
  #forgottenVersion = 0;
  #waiting: { readonly matches: (request: FakeRequest) => boolean; readonly resolve: () => void }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Short lines for assertions: `get pods db postgres-0`, `watch pods db metadata.name=postgres-0 @101`. */
  get log(): string[] {
    return this.requests.map(({ verb, resource, namespace, name, query }) => {
      const of = name ?? query.get('fieldSelector') ?? query.get('labelSelector');
      const at = verb === 'watch' ? `@${query.get('resourceVersion') ?? 'now'}` : undefined;
      return [verb, resource, namespace, of, at].filter(Boolean).join(' ');
    });
  }

  get openWatches(): number {
    return this.#watches.size;
  }

  /** Creates or replaces an object. A new object gets a new UID unless one is given; a replaced one keeps its own. */
  put<K extends Kind>(kind: K, given: Given<Kinds[K]>): Kinds[K] {
    const namespace = given.metadata.namespace ?? 'db';
    const key = `${kind}/${namespace}/${given.metadata.name}`;
    const before = this.#objects.get(key);
    const uid = given.metadata.uid ?? before?.metadata.uid ?? `uid-${++this.#uid}`;
    const version = ++this.#version;
    const metadata = { ...given.metadata, namespace, uid, resourceVersion: String(version) };
    const object = { ...given, metadata } as unknown as Kinds[K];
    this.#objects.set(key, object);
    this.#change({ type: before ? 'MODIFIED' : 'ADDED', resource: resources[kind].plural, object, version });
    return object;
  }

  /** `silently`: no watch is told, as when the server that it hangs on knows no more. */
  remove(kind: Kind, name: string, namespace = 'db', { silently = false } = {}): void {
    const key = `${kind}/${namespace}/${name}`;
    const before = this.#objects.get(key);
    if (!before) throw new Error(`there is no ${key}`);
    this.#objects.delete(key);
    const version = ++this.#version;
    if (silently) return;
    const object = { ...before, metadata: { ...before.metadata, resourceVersion: String(version) } };
    this.#change({ type: 'DELETED', resource: resources[kind].plural, object, version });
  }

  /** Another cluster in the place of this one: nothing is left, and its versions begin anew. */
  restart(): void {
    this.#objects.clear();
    this.#changes = [];
    this.#version = 100;
    this.#forgottenVersion = 0;
  }

  /** Tells every watch how far the cluster's version has come. */
  bookmark(): void {
    const object = { metadata: { resourceVersion: String(++this.#version) } };
    for (const watch of this.#watches) this.#sendLine(watch, JSON.stringify({ type: 'BOOKMARK', object }));
  }

  /** Watches from a version before now answer 410, once they are opened anew. */
  forget(): void {
    this.#forgottenVersion = this.#version;
    this.#changes = [];
  }

  /** Sends one line, as it is, to every open watch. */
  sendToAll(line: string): void {
    for (const watch of this.#watches) this.#sendLine(watch, line);
  }

  /** Ends every watch: normally, or with an error as when a connection breaks. */
  endWatches(how: 'close' | AppError = 'close'): void {
    for (const watch of this.#watches) {
      watch.end = how;
      watch.wake();
    }
  }

  /** Resolves when a request that matches has been made, at once where it already was. */
  async asked(matches: (request: FakeRequest) => boolean): Promise<void> {
    if (this.requests.some(matches)) return;
    await new Promise<void>((resolve) => this.#waiting.push({ matches, resolve }));
  }

  async request<T>({ method = 'GET', path, body, signal }: KubeRequest): Promise<T> {
    const request = this.#note(method === 'POST' ? 'create' : 'get', path, body);
    await Promise.resolve();
    signal?.throwIfAborted();
    if (this.down) throw this.down;
    const { verb, resource, namespace, name, query } = request;
    if (!this.allow(request)) throw forbidden(request);
    if (verb === 'create') {
      const answer = this.posts.get(resource);
      if (!answer) throw new AppError('SP-TARGET-NOT-FOUND', { target: path });
      return answer(body) as T;
    }
    if (this.answers.has(path)) return this.answers.get(path) as T;
    if (verb === 'get') {
      const object = this.#objects.get(`${resource}/${namespace}/${name}`);
      if (!object) throw new AppError('SP-TARGET-NOT-FOUND', { target: `${resource}/${name}`, namespace });
      return structuredClone(object) as T;
    }
    const all = [...this.#objects]
      .filter(([key, object]) => key.startsWith(`${resource}/${namespace}/`) && selects(query, object))
      .map(([, object]) => structuredClone(object));
    const from = Number(query.get('continue') ?? 0);
    const to = from + Number(query.get('limit') ?? all.length);
    const metadata = {
      resourceVersion: String(this.#version),
      ...(to < all.length && { continue: String(to) }),
    };
    return { metadata, items: all.slice(from, to) } as T;
  }

  async *lines(options: Parameters<KubeApi['lines']>[0]): AsyncIterable<string> {
    const request = this.#note('watch', options.path, undefined);
    const { signal, idleTimeoutMs } = options;
    await Promise.resolve();
    signal.throwIfAborted();
    if (this.down) throw this.down;
    if (!this.allow(request)) throw forbidden(request);
    const since = request.query.get('resourceVersion');
    if (since !== null && Number(since) < this.#forgottenVersion) throw new AppError('SP-API-GONE');
    options.onOpen?.();
    const watch: OpenWatch = { request, queue: this.#backlog(request, since), wake: () => {}, end: 'no' };
    this.#watches.add(watch);
    const aborted = () => watch.wake();
    signal.addEventListener('abort', aborted);
    try {
      for (;;) {
        const line = watch.queue.shift();
        if (line !== undefined) {
          yield line;
          continue;
        }
        signal.throwIfAborted();
        if (watch.end === 'close') return;
        if (watch.end !== 'no') throw watch.end;
        let idle = false;
        await new Promise<void>((resolve) => {
          const timer = this.#clock.after(idleTimeoutMs, () => {
            idle = true;
            resolve();
          });
          watch.wake = () => {
            timer.cancel();
            resolve();
          };
        });
        if (idle) throw new AppError('SP-API-UNREACHABLE', { message: 'no answer' });
      }
    } finally {
      signal.removeEventListener('abort', aborted);
      this.#watches.delete(watch);
    }
  }

  preconnect(): void {}

  onAsking(): () => void {
    return () => {};
  }

  onChange(): () => void {
    return () => {};
  }

  async upgrade(): Promise<never> {
    throw new AppError('SP-UPGRADE-REFUSED');
  }

  async webSocket(): Promise<never> {
    throw new AppError('SP-UPGRADE-REFUSED');
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #sendLine(watch: OpenWatch, line: string): void {
    if (watch.end === 'no') watch.queue.push(line);
    watch.wake();
  }

  #note(verb: 'get' | 'create' | 'watch', fullPath: string, body: unknown): FakeRequest {
    const url = new URL(fullPath, 'https://fake');
    const parts = url.pathname.split('/').slice(url.pathname.startsWith('/api/') ? 3 : 4);
    const [namespace = '', resource = '', name] = parts[0] === 'namespaces' ? parts.slice(1) : ['', ...parts];
    const request: FakeRequest = {
      verb: verb === 'get' && name === undefined && !this.answers.has(fullPath) ? 'list' : verb,
      resource,
      namespace,
      name,
      query: url.searchParams,
      body,
    };
    this.requests.push(request);
    const met = this.#waiting.filter(({ matches }) => matches(request));
    this.#waiting = this.#waiting.filter((waiting) => !met.includes(waiting));
    for (const { resolve } of met) resolve();
    return request;
  }

  #change(change: Change): void {
    this.#changes.push(change);
    for (const watch of this.#watches) {
      if (concerns(watch.request, change)) this.#sendLine(watch, eventLine(change.type, change.object));
    }
  }

  #backlog(request: FakeRequest, since: string | null): string[] {
    if (since === null) {
      return [...this.#objects]
        .filter(([key]) => key.startsWith(`${request.resource}/${request.namespace}/`))
        .filter(([, object]) => selects(request.query, object))
        .map(([, object]) => eventLine('ADDED', object));
    }
    return this.#changes
      .filter((change) => change.version > Number(since) && concerns(request, change))
      .map(({ type, object }) => eventLine(type, object));
  }
}

function eventLine(type: string, object: KubeObject): string {
  return JSON.stringify({ type, object });
}

function concerns({ resource, namespace, query }: FakeRequest, change: Change): boolean {
  const { metadata } = change.object;
  return change.resource === resource && metadata.namespace === namespace && selects(query, change.object);
}

/** Knows `metadata.name=x` and labels compared by `=`: what the tests use. */
function selects(query: URLSearchParams, { metadata }: KubeObject): boolean {
  const field = query.get('fieldSelector');
  if (field !== null && field !== `metadata.name=${metadata.name}`) return false;
  const terms = query.get('labelSelector')?.split(',') ?? [];
  return terms.every((term) => {
    const [key = '', value] = term.split('=');
    return metadata.labels?.[key] === value;
  });
}

function forbidden({ verb, resource, namespace, name }: FakeRequest): AppError {
  return new AppError('SP-FORBIDDEN', { user: 'dev', verb, resource, namespace, name });
}
