import { AppError } from '../base/app-error.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { Listeners } from '../base/listeners.ts';
import type { PodIdentity } from '../contract/pod.ts';
import type { PortForwardStream } from './port-forward-stream.ts';
import type { SpdySession } from './spdy-session.ts';

/** Free sessions kept ready where nothing is known of the demand. */
const minSpare = 2;
/** Free sessions opened ahead for bursts as large as the recent ones. */
const maxSpare = 16;
/** Free sessions kept after use, for the next burst, until trimmed. */
const maxFree = 64;
/** Connections opened within this time are one burst. */
const burstWindowMs = 250;
/** How long a burst is remembered, and a free session kept unused. */
const rememberMs = 60_000;
/** Spare sessions are opened a moment later, out of the way of the connection that is being opened now. */
const spareDelayMs = 25;
/** After the loss of a session its siblings are in doubt. Those that are lost with it close by themselves before they are asked. */
const doubtDelayMs = 10;
const waitersLimit = 4096;

export interface PodSessionsOptions {
  readonly pod: PodIdentity;
  readonly clock: Clock;
  /** Opens one session; limited and shared by the pool of the API server. */
  readonly dial: (pod: PodIdentity, signal: AbortSignal) => Promise<SpdySession>;
  /** Whether the API server's pool allows another free session. */
  readonly maySpare: () => boolean;
}

interface Waiter {
  /** Uses the free session at once, so that nobody else is given it as well. */
  readonly take: (session: SpdySession) => void;
  readonly fail: (error: AppError) => void;
}

/**
 * The sessions to one pod (by UID). One busy connection a session: the protocol has no flow control, so one stalled reader would freeze
 * all that share it (port-forward-protocol section 1). Free sessions hold nothing in the pod and make opening cost no round trip.
 */
export class PodSessions {
  readonly pod: PodIdentity;
  /** Emits when the last open session was lost, not when it was closed on purpose. */
  readonly onLost = new Listeners<AppError>();

  readonly #options: PodSessionsOptions;
  /** In the order of their last use, the latest last. */
  readonly #sessions = new Set<SpdySession>();
  readonly #waiters: Waiter[] = [];
  readonly #abort = new AbortController();
  #dialling = 0;
  /** One attempt for all who ask for a session to be open. */
  #warming: Promise<void> | undefined;
  #users = 0;
  #burst = { startMs: Number.NEGATIVE_INFINITY, before: 0, peak: 0, peakMs: Number.NEGATIVE_INFINITY };
  #spareTimer: Timer | undefined;
  #trimTimer: Timer | undefined;
  #doubtTimer: Timer | undefined;

  constructor(options: PodSessionsOptions) {
    this.#options = options;
    this.pod = options.pod;
  }

  get freeCount(): number {
    let count = 0;
    for (const session of this.#sessions) if (session.free) count++;
    return count;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  addUser(): void {
    this.#users++;
  }

  /** The last user's leaving closes what is free; connections that still run end by themselves. Returns whether it was the last. */
  removeUser(): boolean {
    this.#users--;
    if (this.#users > 0) return false;
    this.#abort.abort(new AppError('SP-SESSION-LOST', { pod: this.pod.name, message: 'no longer in use' }));
    this.#cancelTimers();
    for (const session of this.#sessions) if (session.free) this.#retire(session);
    return true;
  }

  /** Resolves at once where a session is open, else after one attempt to open one. */
  async warm(signal: AbortSignal): Promise<void> {
    if (this.#sessions.size > 0) return;
    this.#warming ??= this.#wait(this.#abort.signal, () => this.#spareLater()).finally(() => {
      this.#warming = undefined;
    });
    await this.#warming;
    signal.throwIfAborted();
  }

  /** Opens a stream on a free session, at once where there is one. Rejects with an AppError. */
  async open(port: number, head: readonly Uint8Array[], signal: AbortSignal): Promise<PortForwardStream> {
    this.#countBurst();
    const use = (session: SpdySession) => session.open(port, head);
    const free = this.#takeFree();
    const stream = free ? use(free) : await this.#wait(signal, use);
    this.#spareLater();
    return stream;
  }

  /** After a wake from sleep: every session must answer soon. */
  probe(): void {
    for (const session of this.#sessions) session.probe();
  }

  /** Ends all sessions and their streams. */
  close(reason: AppError): void {
    this.#abort.abort(reason);
    this.#cancelTimers();
    const sessions = [...this.#sessions];
    this.#sessions.clear();
    for (const session of sessions) session.close(reason);
    for (const waiter of this.#waiters.splice(0)) waiter.fail(reason);
  }

  #cancelTimers(): void {
    this.#spareTimer?.cancel();
    this.#trimTimer?.cancel();
    this.#doubtTimer?.cancel();
  }

  /** The free session used last: the others may then be trimmed. */
  #takeFree(): SpdySession | undefined {
    let latest: SpdySession | undefined;
    let idle: SpdySession | undefined;
    for (const session of this.#sessions) {
      if (!session.free) continue;
      latest = session;
      if (session.streamCount === 0) idle = session;
    }
    // What still lingers on a session may turn out to be a half-close.
    latest = idle ?? latest;
    if (latest) {
      this.#sessions.delete(latest);
      this.#sessions.add(latest);
    }
    return latest;
  }

  /** The next session that becomes free: of those dialled or of those in use, whichever comes first. */
  #wait<T>(signal: AbortSignal, use: (session: SpdySession) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      if (this.#waiters.length >= waitersLimit) {
        return reject(new AppError('SP-HOLD-FULL', { limit: waitersLimit }));
      }
      const leave = () => {
        signal.removeEventListener('abort', aborted);
        const at = this.#waiters.indexOf(waiter);
        if (at >= 0) this.#waiters.splice(at, 1);
      };
      const aborted = () => {
        leave();
        reject(signal.reason);
      };
      const waiter: Waiter = {
        take: (session) => {
          leave();
          resolve(use(session));
        },
        fail: (error) => {
          leave();
          reject(error);
        },
      };
      signal.addEventListener('abort', aborted, { once: true });
      this.#waiters.push(waiter);
      if (this.#dialling < this.#waiters.length) this.#dial();
    });
  }

  async #dial(): Promise<void> {
    this.#dialling++;
    let session: SpdySession;
    try {
      session = await this.#options.dial(this.pod, this.#abort.signal);
    } catch (error) {
      this.#dialling--;
      // Each failed attempt answers one who waits; the others have attempts of their own, or ask again.
      if (this.#waiters.length > this.#dialling) this.#waiters[0]?.fail(AppError.from(error));
      return;
    }
    this.#dialling--;
    if (this.#abort.signal.aborted) {
      session.close(new AppError('SP-SESSION-LOST', { pod: this.pod.name, message: 'no longer in use' }));
      return;
    }
    this.#sessions.add(session);
    session.onClosed.add((reason) => this.#closed(session, reason));
    session.onFreed.add(() => this.#freed(session));
    this.#freed(session);
  }

  /** Sessions that were closed on purpose are no longer in the set. */
  #closed(session: SpdySession, reason: AppError): void {
    if (!this.#sessions.delete(session)) return;
    if (reason.code === 'SP-SANDBOX-GONE') {
      // Out of the set first, or each would tell of the loss.
      for (const sibling of [...this.#sessions]) {
        if (!sibling.free) continue;
        this.#sessions.delete(sibling);
        sibling.close(reason);
      }
    }
    if (this.#sessions.size > 0) this.#nudgeLater();
    else if (!this.#abort.signal.aborted) this.onLost.emit(reason);
  }

  #nudgeLater(): void {
    this.#doubtTimer ??= this.#options.clock.after(doubtDelayMs, () => {
      this.#doubtTimer = undefined;
      for (const session of this.#sessions) session.nudge();
    });
  }

  #freed(session: SpdySession): void {
    while (session.free && this.#waiters[0]) this.#waiters[0].take(session);
    if (!session.free) return;
    if (this.#users <= 0) return this.#retire(session);
    if (this.freeCount > maxFree || !this.#options.maySpare()) return this.#retire(session);
    this.#trimLater();
  }

  /** Closes a free session on purpose, once nothing lingers on it. */
  #retire(session: SpdySession): void {
    if (session.streamCount > 0) return;
    this.#sessions.delete(session);
    session.close(new AppError('SP-SESSION-LOST', { pod: this.pod.name, message: 'not needed' }));
  }

  /** A burst is what is in use at once beyond what was before it; tries one after the other need no more than one session. */
  #countBurst(): void {
    const nowMs = this.#options.clock.nowMs();
    const burst = this.#burst;
    const busy = this.#sessions.size - this.freeCount + this.#waiters.length;
    if (nowMs - burst.startMs > burstWindowMs) {
      burst.startMs = nowMs;
      burst.before = busy;
    }
    burst.before = Math.min(burst.before, busy);
    const size = busy + 1 - burst.before;
    if (size >= burst.peak || nowMs - burst.peakMs > rememberMs) {
      burst.peak = size;
      burst.peakMs = nowMs;
    }
  }

  #spareTarget(): number {
    const recent = this.#options.clock.nowMs() - this.#burst.peakMs <= rememberMs ? this.#burst.peak : 0;
    return Math.min(maxSpare, Math.max(minSpare, recent));
  }

  #spareLater(): void {
    if (this.#spareTimer || this.#users <= 0) return;
    this.#spareTimer = this.#options.clock.after(spareDelayMs, () => {
      this.#spareTimer = undefined;
      const target = this.#spareTarget();
      while (this.freeCount + this.#dialling - this.#waiters.length < target && this.#options.maySpare()) {
        void this.#dial();
      }
    });
  }

  #trimLater(): void {
    if (this.#trimTimer || this.freeCount <= minSpare) return;
    this.#trimTimer = this.#options.clock.after(rememberMs, () => {
      this.#trimTimer = undefined;
      let surplus = this.freeCount - this.#spareTarget();
      for (const session of this.#sessions) {
        if (surplus <= 0) break;
        if (!session.free) continue;
        this.#retire(session);
        surplus--;
      }
      this.#trimLater();
    });
  }
}
