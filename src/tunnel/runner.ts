import { AppError } from '../base/app-error.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { Listeners } from '../base/listeners.ts';
import type { Log } from '../base/log.ts';
import type { PodIdentity } from '../contract/pod.ts';
import type { TunnelState } from '../contract/tunnel-state.ts';
import type { Route } from './connection-host.ts';
import { gate, initialModel, type TunnelModel } from './model.ts';
import { type Effect, next, type TimerKind, type TunnelEvent } from './state.ts';
import type { Following, PodLink, Upstream } from './upstream.ts';

/** A new state with what it took to get there, or the same one with another number of connections that wait. */
export interface StateChange {
  readonly atMs: number;
  readonly state: TunnelState;
  readonly held: number;
  /** On ready after an outage: how long nothing could be served, ms, and how many waiting connections go now. */
  readonly gapMs?: number;
  readonly served?: number;
}

/** The way into a pod that may be tried: by every connection (open), or by the oldest waiting one (pilot). */
export interface OpenGate extends Route {
  readonly kind: 'pilot' | 'open';
}

/** What the machine has done to the local connections. */
interface ConnectionEffects {
  releaseHeld(gate: OpenGate): void;
  tryOldest(gate: OpenGate): void;
  endAll(): void;
}

export interface RunnerOptions {
  readonly upstream: Upstream;
  readonly clock: Clock;
  readonly log: Log;
  readonly connections: ConnectionEffects;
  /** Uniform in [0, 1): spreads the retries of many tunnels. */
  readonly random?: () => number;
}

/** States in which the number of connections that wait is news. */
const waits: readonly TunnelState['kind'][] = ['connecting', 'waiting', 'blocked'];

interface LiveLink {
  readonly generation: number;
  readonly link: PodLink;
  readonly abort: AbortController;
  readonly forget: () => void;
}

/** Performs what the state machine asks for and tells it what came of it. The only place that keeps a tunnel's model. */
export class TunnelRunner implements AsyncDisposable {
  readonly onState = new Listeners<StateChange>();
  readonly #options: RunnerOptions;
  readonly #timers = new Map<TimerKind, Timer>();
  /** What was let go of and is not yet clean. */
  readonly #closing = new Set<Promise<void>>();
  readonly #queue: TunnelEvent[] = [];
  readonly #failures: unknown[] = [];
  #busy = false;
  #model: TunnelModel = initialModel;
  #gate: OpenGate | undefined;
  #follow: Following | undefined;
  #link: LiveLink | undefined;
  /** When ready ended, while it has not come back. */
  #outageFromMs: number | undefined;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  get model(): TunnelModel {
    return this.#model;
  }

  /** Where a connection may go now. Undefined: nowhere. */
  get gate(): OpenGate | undefined {
    return this.#gate;
  }

  /** Takes one event; effects that cause further events have them taken afterwards, in order. */
  dispatch(event: TunnelEvent): void {
    this.#queue.push(event);
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let taken = this.#queue.shift(); taken; taken = this.#queue.shift()) this.#take(taken);
    } finally {
      this.#busy = false;
    }
  }

  /** Stops, and waits until follower and links are clean. Rejects with what failed on the way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.dispatch({ type: 'stopped' });
    while (this.#closing.size > 0) await Promise.all(this.#closing);
    const failures = this.#failures.splice(0);
    if (failures.length > 0) throw new AggregateError(failures, 'a tunnel did not close cleanly');
  }

  #take(event: TunnelEvent): void {
    const before = this.#model;
    const { model, effects } = next(before, event, this.#options.clock.wallMs());
    if (model === before && effects.length === 0) return;
    this.#model = model;
    this.#gate = this.#openGate();
    if (model.state !== before.state) this.#changed(before.state, model.state);
    else if (model.held !== before.held && waits.includes(model.state.kind)) this.#tell(model.state);
    for (const effect of effects) this.#perform(effect);
  }

  #changed(before: TunnelState, state: TunnelState): void {
    const { clock, log } = this.#options;
    const nowMs = clock.nowMs();
    const { held } = this.#model;
    if (before.kind === 'ready' && state.kind !== 'ready') this.#outageFromMs = nowMs;
    let recovery = {};
    if (state.kind === 'ready' && this.#outageFromMs !== undefined) {
      recovery = { gapMs: nowMs - this.#outageFromMs, served: held };
      this.#outageFromMs = undefined;
    }
    if (state.kind === 'off') this.#outageFromMs = undefined;
    log.info('tunnel state', { ...state, held, ...recovery });
    this.#tell(state, recovery);
  }

  #tell(state: TunnelState, recovery: Pick<StateChange, 'gapMs' | 'served'> = {}): void {
    const atMs = this.#options.clock.wallMs();
    this.onState.emit({ atMs, state, held: this.#model.held, ...recovery });
  }

  #openGate(): OpenGate | undefined {
    const now = gate(this.#model);
    const live = this.#link;
    if (now.kind === 'closed' || live?.generation !== this.#model.link?.generation || !live) return undefined;
    return { ...now, link: live.link };
  }

  #perform(effect: Effect): void {
    const { clock, upstream, connections } = this.#options;
    switch (effect.do) {
      case 'follow':
        this.#follow = upstream.follow(
          (resolution) => this.dispatch({ type: 'resolved', resolution }),
          (isAsking) => this.dispatch({ type: 'asking', isAsking }),
        );
        return;
      case 'unfollow':
        this.#letGo(this.#follow);
        this.#follow = undefined;
        return;
      case 'look-again':
        return this.#follow?.refresh();
      case 'link':
        return this.#openLink(effect.generation, effect.pod);
      case 'unlink':
        this.#link?.forget();
        this.#link?.abort.abort();
        this.#letGo(this.#link?.link);
        this.#link = undefined;
        return;
      case 'warm':
        return this.#warm(effect.generation);
      case 'schedule': {
        this.#timers.get(effect.timer)?.cancel();
        const { timer, delayMs } = effect;
        // Only links are spread: many tunnels share an API server, nobody shares a pilot.
        const { random = Math.random } = this.#options;
        const spreadMs = timer === 'warm' ? delayMs * (1 - 0.2 * random()) : delayMs;
        this.#timers.set(
          timer,
          clock.after(spreadMs, () => this.dispatch({ type: 'timer', timer })),
        );
        return;
      }
      case 'cancel':
        this.#timers.get(effect.timer)?.cancel();
        this.#timers.delete(effect.timer);
        return;
      case 'release-held':
        if (this.#gate) connections.releaseHeld(this.#gate);
        return;
      case 'try-one':
        if (this.#gate) connections.tryOldest(this.#gate);
        return;
      case 'end-connections':
        return connections.endAll();
    }
  }

  #openLink(generation: number, pod: PodIdentity): void {
    const link = this.#options.upstream.link(pod);
    const forget = link.onLost((error) =>
      this.dispatch({ type: 'link-lost', generation, error: AppError.from(error).toData() }),
    );
    this.#link = { generation, link, abort: new AbortController(), forget };
  }

  #warm(generation: number): void {
    const live = this.#link;
    if (live?.generation !== generation) return;
    live.link.warm(live.abort.signal).then(
      () => this.dispatch({ type: 'link-open', generation }),
      (error) => this.dispatch({ type: 'link-failed', generation, error: AppError.from(error).toData() }),
    );
  }

  #letGo(resource: AsyncDisposable | undefined): void {
    if (!resource) return;
    const closing: Promise<void> = Promise.resolve(resource[Symbol.asyncDispose]()).then(
      () => void this.#closing.delete(closing),
      (error) => {
        this.#failures.push(error);
        this.#closing.delete(closing);
      },
    );
    this.#closing.add(closing);
  }
}
