import { AppError } from '../base/app-error.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { Engine } from '../engine/engine.ts';
import type { KubeApi } from '../kube/kube-api.ts';
import type { SessionEvent } from '../transport/session-dialer.ts';

/** A context of the user's kubeconfig, or of a file of its own. */
export interface ClusterChoice {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
}

/** One user of an engine that others use too. Disposing it lets go. */
export interface ClusterLease extends Disposable {
  readonly engine: Engine;
  readonly api: KubeApi;
  /** The context leads elsewhere now: this lease is to be given back and asked for anew. Returns what ends the subscription. */
  onMoved(listener: () => void): () => void;
}

export interface ClusterPoolOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Reads the kubeconfig; see createKubeApi. `interactive` says whether a credential plugin may ask. */
  readonly createApi: (
    choice: ClusterChoice,
    ask: { readonly interactive: () => boolean; readonly onPluginOutput: (text: string) => void },
  ) => Promise<KubeApi>;
  /** Called when a watch of any engine breaks off, which is then opened anew. */
  readonly onWatchBreak?: () => void;
  /** Told of each session of any engine. */
  readonly onSession?: (event: SessionEvent, api: KubeApi) => void;
  /** How long an engine outlives its last user. Default 10 s. */
  readonly lingerMs?: number;
}

interface Shared {
  readonly key: string;
  readonly api: KubeApi;
  readonly engine: Engine;
  /** By which its key is made. */
  readonly choice: ClusterChoice;
  /** By choice: who is to be told when that choice leads elsewhere. */
  readonly users: Map<string, Set<User>>;
  closing: Timer | undefined;
}

interface User {
  readonly isWaiting: () => boolean;
  readonly moved: Set<() => void>;
}

/** The output of credential plugins that is kept for `login`, characters. */
const keptOutput = 4_000;

/** The engines of all clusters in use: one a server and user, whatever the contexts are called that lead there. */
export class ClusterPool implements AsyncDisposable {
  readonly #options: ClusterPoolOptions;
  readonly #shared = new Map<string, Shared>();
  /** Those, and the retired that are still in use. */
  readonly #live = new Set<Shared>();
  /** By choice: kubeconfigs that are being read. */
  readonly #opening = new Map<string, Promise<Shared>>();
  readonly #ending = new Set<Promise<void>>();
  readonly #isInteractive = new Set<string>();
  readonly #output = new Map<string, string>();
  #isOver = false;

  constructor(options: ClusterPoolOptions) {
    this.#options = options;
  }

  get clusters(): readonly { readonly context: string; readonly server: string; readonly tunnels: number }[] {
    return [...this.#live].map(({ api, users }) => ({
      context: api.contextName,
      server: api.server,
      tunnels: [...users.values()].reduce((sum, { size }) => sum + size, 0),
    }));
  }

  /** Whatever rests in any cluster is tried at once. */
  retryNow(): void {
    for (const { engine } of this.#live) engine.retryNow();
  }

  /** `isWaiting`: a person waits, so that a credential plugin may ask. Rejects as createKubeApi does. */
  async lease(choice: ClusterChoice, isWaiting: () => boolean): Promise<ClusterLease> {
    const name = JSON.stringify([choice.kubeconfig, choice.context]);
    let opening = this.#opening.get(name);
    if (!opening) {
      opening = this.#open(choice).finally(() => this.#opening.delete(name));
      this.#opening.set(name, opening);
    }
    const shared = await opening;
    const user: User = { isWaiting, moved: new Set() };
    const users = shared.users.get(name) ?? new Set();
    shared.users.set(name, users.add(user));
    shared.closing?.cancel();
    shared.closing = undefined;
    return {
      engine: shared.engine,
      api: shared.api,
      onMoved(listener) {
        user.moved.add(listener);
        return () => user.moved.delete(listener);
      },
      [Symbol.dispose]: () => {
        if (!users.delete(user)) return;
        if (users.size === 0) shared.users.delete(name);
        this.#released(shared);
      },
    };
  }

  /** Runs `action` while the cluster's credential plugin may ask; gives back what the plugin said too. */
  async interactively<T>(
    { api }: ClusterLease,
    action: () => Promise<T>,
  ): Promise<{ readonly value: T; readonly output: string }> {
    const { key } = [...this.#shared.values()].find((shared) => shared.api === api) ?? api;
    this.#isInteractive.add(key);
    this.#output.delete(key);
    try {
      const value = await action();
      return { value, output: this.#output.get(key) ?? '' };
    } finally {
      this.#isInteractive.delete(key);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await Promise.allSettled(this.#opening.values());
    for (const shared of [...this.#live]) this.#end(shared);
    await Promise.all(this.#ending);
  }

  async #open(choice: ClusterChoice): Promise<Shared> {
    const { clock, log, createApi, onWatchBreak, onSession } = this.#options;
    let key = '';
    const api = await createApi(choice, {
      interactive: () => this.#isInteractive.has(key) || this.#somebodyWaits(key),
      onPluginOutput: (text) =>
        void this.#output.set(key, ((this.#output.get(key) ?? '') + text).slice(-keptOutput)),
    });
    key = keyOf(choice, api);
    const known = this.#shared.get(key);
    if (known || this.#isOver) {
      await api[Symbol.asyncDispose]();
      if (known && !this.#isOver) return known;
      throw new AppError('SP-DAEMON-STOPPING');
    }
    const engine = new Engine({
      api,
      clock,
      log,
      carrier: 'auto',
      onWatchBreak,
      onSession: (event) => onSession?.(event, api),
    });
    const shared: Shared = { key, api, engine, choice, users: new Map(), closing: undefined };
    api.onChange(() => void this.#lookAgain(shared));
    this.#shared.set(key, shared);
    this.#live.add(shared);
    log.info('cluster in use', { context: api.contextName, server: api.server });
    return shared;
  }

  #somebodyWaits(key: string): boolean {
    const users = [...(this.#shared.get(key)?.users.values() ?? [])];
    return users.some((each) => [...each].some(({ isWaiting }) => isWaiting()));
  }

  /**
   * The kubeconfig has changed: whose context leads to another server or user than before must not stay. Where it is the engine's own
   * context, which the engine follows, nobody may stay with it.
   */
  async #lookAgain(shared: Shared): Promise<void> {
    if (keyOf(shared.choice, shared.api) !== shared.key && this.#shared.get(shared.key) === shared) {
      this.#shared.delete(shared.key);
    }
    for (const [name, users] of [...shared.users]) {
      const [kubeconfig, context] = JSON.parse(name) as [string | null, string | null];
      const choice = { kubeconfig: kubeconfig ?? undefined, context: context ?? undefined };
      const key = await this.#keyNow(choice);
      // One that cannot be read now, as while somebody saves it, says nothing of where its contexts lead.
      const isWhereItWas = key === undefined || key === shared.key;
      if (isWhereItWas && this.#shared.get(shared.key) === shared) continue;
      this.#options.log.info('context leads elsewhere', { context: choice.context ?? 'current' });
      for (const { moved } of [...users]) for (const listener of [...moved]) listener();
    }
  }

  async #keyNow(choice: ClusterChoice): Promise<string | undefined> {
    try {
      await using api = await this.#options.createApi(choice, {
        interactive: () => false,
        onPluginOutput: () => {},
      });
      return keyOf(choice, api);
    } catch {
      return undefined;
    }
  }

  #released(shared: Shared): void {
    if (shared.users.size > 0 || !this.#live.has(shared)) return;
    if (this.#shared.get(shared.key) !== shared) return this.#end(shared);
    shared.closing = this.#options.clock.after(this.#options.lingerMs ?? 10_000, () => this.#end(shared));
  }

  #end(shared: Shared): void {
    this.#live.delete(shared);
    if (this.#shared.get(shared.key) === shared) this.#shared.delete(shared.key);
    shared.closing?.cancel();
    const ended = shared.engine[Symbol.asyncDispose]()
      .catch((error) => this.#options.log.warn('engine not ended cleanly', { error: String(error) }))
      .then(() => shared.api[Symbol.asyncDispose]())
      .finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
  }
}

function keyOf({ kubeconfig }: ClusterChoice, { key }: KubeApi): string {
  return `${kubeconfig ?? ''} ${key}`;
}
