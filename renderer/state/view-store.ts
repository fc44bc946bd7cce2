import { AppError } from '../../src/base/app-error.ts';
import type { Control } from '../../src/client/control.ts';
import type { ControlView } from '../../src/client/control-view.ts';
import type { TunnelEntity } from '../../src/contract/control-tunnel.ts';
import type { ErrorData } from '../../src/contract/error-codes.ts';

/** How the window stands with the daemon. Lost: what it shows is what it last heard. */
export type Link =
  | { readonly kind: 'opening' }
  | { readonly kind: 'live' }
  | { readonly kind: 'lost'; readonly error: ErrorData; readonly final: boolean };

/** One value, so that a view which comes is no change of this. */
const live: Link = { kind: 'live' };

/** The view's hand-over to the screen: called with what to do before the next frame. */
export type Schedule = (flush: () => void) => void;

/**
 * What the daemon tells, kept outside of React. Views that come within one frame become one, and who listens to one tunnel is told of that
 * one alone, so that a busy list costs as much as what is on the screen.
 */
export class ViewStore implements Disposable {
  readonly #schedule: Schedule;
  readonly #feed: Disposable;
  readonly #listeners = new Set<() => void>();
  readonly #ofTunnel = new Map<string, Set<() => void>>();
  #view: ControlView | undefined;
  #link: Link = { kind: 'opening' };
  #next: { view: ControlView | undefined; link: Link } | undefined;

  constructor(control: Control, schedule: Schedule = (flush) => requestAnimationFrame(flush)) {
    this.#schedule = schedule;
    this.#feed = control.subscribe({
      onView: (view) => this.#heard(view, live),
      onLost: (error, final) => {
        const view = this.#next?.view ?? this.#view;
        this.#heard(view, { kind: 'lost', error: AppError.from(error).toData(), final });
      },
    });
  }

  get view(): ControlView | undefined {
    return this.#view;
  }

  get link(): Link {
    return this.#link;
  }

  tunnel(id: string): TunnelEntity | undefined {
    return this.#view?.tunnels.get(id);
  }

  /** Calls back after each change of anything. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /** Calls back after each change of one tunnel. */
  subscribeTunnel(id: string, listener: () => void): () => void {
    const listeners = this.#ofTunnel.get(id) ?? new Set();
    this.#ofTunnel.set(id, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#ofTunnel.get(id) === listeners) this.#ofTunnel.delete(id);
    };
  }

  [Symbol.dispose](): void {
    this.#feed[Symbol.dispose]();
    this.#listeners.clear();
    this.#ofTunnel.clear();
  }

  #heard(view: ControlView | undefined, link: Link): void {
    const isScheduled = this.#next !== undefined;
    this.#next = { view, link };
    if (!isScheduled) this.#schedule(() => this.#flush());
  }

  #flush(): void {
    if (!this.#next) return;
    const before = this.#view;
    this.#view = this.#next.view;
    this.#link = this.#next.link;
    this.#next = undefined;
    for (const [id, listeners] of this.#ofTunnel) {
      if (before?.tunnels.get(id) !== this.#view?.tunnels.get(id))
        for (const listener of listeners) listener();
    }
    for (const listener of [...this.#listeners]) listener();
  }
}
