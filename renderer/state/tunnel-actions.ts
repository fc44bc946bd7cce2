import { AppError } from '../../src/base/app-error.ts';
import type { OperationName, Outcomes } from '../../src/contract/control.ts';
import type { TunnelEntity } from '../../src/contract/control-tunnel.ts';
import type { ErrorData } from '../../src/contract/error-codes.ts';
import type { Api } from '../api.ts';
import { questionOf } from './questions.ts';
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
  /** What the view shows of the tunnel that asks, while that is older than what said that it asks: undefined where it shows none. */
  #outdated: { readonly tunnel: TunnelEntity | undefined } | undefined;

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
    if (action !== 'down' && action !== 'pause') this.#askFor(id);
    this.#set(id, { running: action });
    try {
      const { outcomes }: Outcomes = await this.#api.call(action, { names: [id] });
      const error = outcomes.find((outcome) => outcome.error)?.error;
      if (this.#asking === id) this.#awaitView(id, outcomes[0]?.tunnel);
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

  /** Shows what is asked about a tunnel, also where the view has yet to hear of it. */
  ask(id: string): void {
    this.#askFor(id);
    this.#outdated = { tunnel: this.#view.tunnel(id) };
    this.#tell();
  }

  stopAsking(): void {
    this.#askFor(undefined);
    this.#tell();
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
    this.#listeners.clear();
  }

  /** What a tunnel asks hours after it was opened is no business of the click that opened it. */
  #settle(): void {
    if (this.#asking === undefined || this.of(this.#asking).running) return;
    const { view } = this.#view;
    const tunnel = view?.tunnels.get(this.#asking);
    const isAsked = view !== undefined && questionOf(view, this.#asking) !== undefined;
    if (isAsked || this.#outdated?.tunnel !== tunnel) this.#outdated = undefined;
    if (isAsked || mayAsk(tunnel) || this.#outdated) return;
    this.stopAsking();
  }

  #askFor(id: string | undefined): void {
    this.#asking = id;
    this.#outdated = undefined;
  }

  /** Answers and events come by ways of their own: another tunnel's event may pass this one's. */
  #awaitView(id: string, answered: TunnelEntity | undefined): void {
    const tunnel = this.#view.tunnel(id);
    if (mayAsk(answered) && !mayAsk(tunnel)) this.#outdated = { tunnel };
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

function mayAsk(tunnel: TunnelEntity | undefined): boolean {
  if (!tunnel) return false;
  return tunnel.questions.length > 0 || (tunnel.wanted === 'on' && tunnel.shown !== 'ready');
}
