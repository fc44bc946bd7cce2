import { AppError } from '../../src/base/app-error.ts';
import type { SandboxStatus } from '../../src/contract/control-sandbox.ts';
import type { ErrorData } from '../../src/contract/error-codes.ts';
import type { Api } from '../api.ts';
import { go } from './route.ts';
import type { ViewStore } from './view-store.ts';

interface Failure {
  readonly error: ErrorData;
  /** What the sandbox was then. */
  readonly kind: SandboxStatus['kind'] | undefined;
}

/** A slow machine makes a database in half a minute. */
const startLimitMs = 90_000;

/**
 * What people ask of the sandbox, wherever in the window they do. Nothing here rejects: a failure stays until the next try, or until the
 * sandbox is in another state.
 */
export class SandboxActions {
  readonly #api: Pick<Api, 'call'>;
  readonly #view: Pick<ViewStore, 'view'>;
  readonly #listeners = new Set<() => void>();
  #failure: Failure | undefined;

  constructor(api: Pick<Api, 'call'>, view: Pick<ViewStore, 'view'>) {
    this.#api = api;
    this.#view = view;
  }

  readonly error = (): ErrorData | undefined =>
    this.#failure?.kind === this.#view.view?.sandbox.kind ? this.#failure?.error : undefined;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /** Starts it where none runs, connects, and shows its tunnel. */
  start(): Promise<void> {
    return this.#try(async () => {
      const started = await this.#api.call('startSandbox', { waitMs: startLimitMs });
      if (started.kind === 'running') go({ view: 'tunnels', chosen: started.tunnel });
    });
  }

  stop(): Promise<void> {
    return this.#try(() => this.#api.call('stopSandbox', {}));
  }

  restartPod(): Promise<void> {
    return this.#try(() => this.#api.call('restartSandboxPod', {}));
  }

  async #try(ask: () => Promise<unknown>): Promise<void> {
    this.#set(undefined);
    try {
      await ask();
    } catch (thrown) {
      this.#set({ error: AppError.from(thrown).toData(), kind: this.#view.view?.sandbox.kind });
    }
  }

  #set(failure: Failure | undefined): void {
    this.#failure = failure;
    for (const listener of [...this.#listeners]) listener();
  }
}
