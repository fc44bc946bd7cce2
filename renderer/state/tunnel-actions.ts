import { AppError } from '../../src/base/app-error.ts';
import type { OperationName, Outcomes } from '../../src/contract/control.ts';
import type { ErrorData } from '../../src/contract/error-codes.ts';
import type { Api } from '../api.ts';
import type { ViewStore } from './view-store.ts';

export type TunnelAction = Extract<OperationName, 'up' | 'down' | 'restart' | 'pause' | 'resume'>;

/** What this window is doing with one tunnel, and what came of it last. */
export interface ActionState {
  readonly running?: TunnelAction;
  readonly error?: ErrorData;
}

const idle: ActionState = {};

/**
 * What people ask of tunnels, wherever in the window they do. A failure stays with its tunnel until the next try; what a tunnel asks back
 * is shown to who asked for it here, and to nobody else.
 */
export class TunnelActions implements Disposable {
  readonly #api: Api;
  readonly #view: ViewStore;
  readonly #onConnected: (id: string) => void;
  readonly #states = new Map<string, ActionState>();
  readonly #listeners = new Set<() => void>();
  readonly #unsubscribe: () => void;
  #asking: string | undefined;

  /** onConnected: a click brought it up, and nothing is asked any more. */
  constructor(api: Api, view: ViewStore, onConnected: (id: string) => void = () => {}) {
    this.#onConnected = onConnected;
    this.#api = api;
    this.#view = view;
    this.#unsubscribe = view.subscribe(() => this.#settle());
  }

  /** The tunnel whose questions are to be answered now. */
  readonly asking = (): string | undefined => this.#asking;

  of(id: string): ActionState {
    return this.#states.get(id) ?? idle;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /** Never rejects: what fails is kept. One thing at a time for each tunnel. */
  async run(action: TunnelAction, id: string): Promise<void> {
    if (this.of(id).running) return;
    if (action !== 'down' && action !== 'pause') this.#asking = id;
    this.#set(id, { running: action });
    try {
      const { outcomes }: Outcomes = await this.#api.call(action, { names: [id] });
      const error = outcomes.find((outcome) => outcome.error)?.error;
      this.#set(id, error ? { error } : undefined);
      const isAsked = outcomes.some(({ tunnel }) => tunnel && tunnel.questions.length > 0);
      if (action === 'up' && !error && !isAsked) this.#onConnected(id);
    } catch (thrown) {
      this.#set(id, { error: AppError.from(thrown).toData() });
    }
  }

  /** What was tried with a tunnel by other ways than these, and failed. */
  failed(id: string, thrown: unknown): void {
    this.#set(id, { error: AppError.from(thrown).toData() });
  }

  /** Shows what a tunnel asks. */
  ask(id: string): void {
    this.#asking = id;
    this.#tell();
  }

  stopAsking(): void {
    this.#asking = undefined;
    this.#tell();
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
    this.#listeners.clear();
  }

  /** What a tunnel asks hours after it was opened is no business of the click that opened it. */
  #settle(): void {
    if (this.#asking === undefined || this.of(this.#asking).running) return;
    const tunnel = this.#view.tunnel(this.#asking);
    if (tunnel && tunnel.shown !== 'ready' && tunnel.wanted === 'on') return;
    if (tunnel && tunnel.questions.length > 0) return;
    this.stopAsking();
  }

  #set(id: string, state: ActionState | undefined): void {
    if (state) this.#states.set(id, state);
    else this.#states.delete(id);
    this.#tell();
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
