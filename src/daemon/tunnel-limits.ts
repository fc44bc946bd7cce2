import type { Clock, Timer } from '../base/clock.ts';
import { parseDurationMs } from '../base/duration.ts';
import type { TunnelEntity } from '../contract/control-tunnel.ts';
import type { ErrorData } from '../contract/error-codes.ts';
import type { TunnelDefinition } from './tunnel-definition.ts';

/** A limit is told of this long before it ends a tunnel, or in its last tenth where that is shorter. */
const nearMs = 300_000;
/** Timers stand still while the machine sleeps, and none may be longer than 24 days: the wall clock is asked at least this often. */
const longestTimerMs = 600_000;
/** How long an on-demand tunnel keeps the cluster after its last client, where its policy says nothing shorter. */
const restMs = 300_000;

export type Limit = NonNullable<TunnelEntity['limit']>;

export interface TunnelLimitsOptions {
  readonly clock: Clock;
  /** From its start, and without a connection. Undefined: for ever. */
  readonly timeMs: number | undefined;
  readonly idleMs: number | undefined;
  /** From when the time limit counts, ms since the epoch. */
  readonly sinceMs: number;
  /** Whether somebody is connected now. */
  readonly isBusy: () => boolean;
  /** A limit is near that was not before. */
  readonly onNear: (limit: Limit) => void;
  /** Once: nothing is counted any more. May be called by `start`. */
  readonly onOver: (limit: Limit) => void;
}

/** How long what a definition describes may stay open. */
export function limitsOf({ profile }: TunnelDefinition): Pick<TunnelLimitsOptions, 'timeMs' | 'idleMs'> {
  const { timeLimit, idleLimit } = profile.policy ?? {};
  const idleMs = idleLimit === undefined ? undefined : parseDurationMs(idleLimit);
  return {
    timeMs: timeLimit === undefined ? undefined : parseDurationMs(timeLimit),
    idleMs: profile.onDemand ? Math.min(idleMs ?? restMs, restMs) : idleMs,
  };
}

/** What is said of a tunnel that a limit has ended. */
export function limitError({ name, profile }: TunnelDefinition, { kind }: Limit): ErrorData {
  const { timeLimit, idleLimit } = profile.policy ?? {};
  return kind === 'time'
    ? { code: 'SP-TIME-LIMIT', details: { tunnel: name, limit: timeLimit } }
    : { code: 'SP-IDLE-LIMIT', details: { tunnel: name, limit: idleLimit } };
}

/** Counts how long a tunnel may stay open, by the wall clock: a machine that sleeps gains nothing. */
export class TunnelLimits implements Disposable {
  readonly #options: TunnelLimitsOptions;
  #sinceMs: number;
  #usedMs: number;
  #timer: Timer | undefined;
  #isNear = false;
  #isOver = false;

  constructor(options: TunnelLimitsOptions) {
    this.#options = options;
    this.#sinceMs = options.sinceMs;
    this.#usedMs = options.clock.wallMs();
  }

  /** What ends it first as things are; while somebody is connected it is not idle. */
  get limit(): Limit | undefined {
    return this.#all.find(({ kind }) => kind === 'time' || !this.#options.isBusy());
  }

  start(): void {
    this.look();
  }

  /** A connection has ended. */
  used(): void {
    if (this.#options.idleMs === undefined) return;
    this.#usedMs = this.#options.clock.wallMs();
    this.look();
  }

  /** All limits count from now on. */
  prolong(): void {
    this.#sinceMs = this.#usedMs = this.#options.clock.wallMs();
    this.look();
  }

  /** Also called after a sleep of the machine, in which limits may have passed. */
  look(): void {
    if (this.#isOver) return;
    const { clock, isBusy, onNear, onOver } = this.#options;
    const nowMs = clock.wallMs();
    if (isBusy()) this.#usedMs = nowMs;
    const { limit } = this;
    if (limit && limit.endsAtMs <= nowMs) {
      this[Symbol.dispose]();
      return onOver(limit);
    }
    const wasNear = this.#isNear;
    this.#isNear = limit?.isNear ?? false;
    // Who is connected now may be gone by then: both limits are looked at, whatever counts now.
    const due = this.#all.flatMap(({ endsAtMs, limitMs }) => [endsAtMs - noticeMs(limitMs), endsAtMs]);
    const nextMs = Math.min(...due.filter((atMs) => atMs > nowMs)) - nowMs;
    this.#timer?.cancel();
    this.#timer = Number.isFinite(nextMs)
      ? clock.after(Math.min(nextMs, longestTimerMs), () => this.look())
      : undefined;
    if (limit?.isNear && !wasNear) onNear(limit);
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#timer?.cancel();
  }

  /** The soonest first. */
  get #all(): Limit[] {
    const { clock, timeMs, idleMs } = this.#options;
    const nowMs = clock.wallMs();
    const limit = (kind: Limit['kind'], fromMs: number, limitMs: number | undefined): Limit[] => {
      if (limitMs === undefined) return [];
      const endsAtMs = fromMs + limitMs;
      return [{ kind, limitMs, endsAtMs, isNear: nowMs >= endsAtMs - noticeMs(limitMs) }];
    };
    const all = [...limit('time', this.#sinceMs, timeMs), ...limit('idle', this.#usedMs, idleMs)];
    return all.sort((a, b) => a.endsAtMs - b.endsAtMs);
  }
}

function noticeMs(limitMs: number): number {
  return Math.min(nearMs, limitMs / 10);
}
