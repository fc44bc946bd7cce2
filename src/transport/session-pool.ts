import pLimit from 'p-limit';
import { AppError } from '../base/app-error.ts';
import type { Clock } from '../base/clock.ts';
import { Listeners } from '../base/listeners.ts';
import type { PodIdentity } from '../contract/pod.ts';
import { PodSessions } from './pod-sessions.ts';
import type { PortForwardStream } from './port-forward-stream.ts';
import type { SpdySession } from './spdy-session.ts';

/** Sessions being opened at the same time: each costs the API server a TLS handshake and a dial of the kubelet. */
const maxDialling = 16;
/** Free sessions to all pods of one API server. */
const maxFreeTotal = 256;

export interface SessionPoolOptions {
  readonly clock: Clock;
  readonly dial: (pod: PodIdentity, signal: AbortSignal) => Promise<SpdySession>;
}

/** A user's hold on the sessions to one pod, shared with all who hold the same pod. */
export interface SessionLease extends AsyncDisposable {
  readonly pod: PodIdentity;
  warm(signal: AbortSignal): Promise<void>;
  onLost(listener: (error: AppError) => void): () => void;
  open(options: {
    readonly port: number;
    readonly head: readonly Uint8Array[];
    readonly signal: AbortSignal;
  }): Promise<PortForwardStream>;
}

/** What a lease holds on to: other sessions after retire(). */
interface Hold {
  sessions: PodSessions;
  readonly onLost: Listeners<AppError>;
  /** Ends the passing on of `sessions`' loss. */
  stop: () => void;
}

/** All sessions of one user with one API server. A session belongs to a pod's UID. */
export class SessionPool implements AsyncDisposable {
  readonly #options: SessionPoolOptions;
  readonly #pods = new Map<string, PodSessions>();
  /** Pods that nobody holds any more, until their last connection has ended. */
  readonly #left = new Set<PodSessions>();
  readonly #holds = new Set<Hold>();
  readonly #dialling = pLimit(maxDialling);

  constructor(options: SessionPoolOptions) {
    this.#options = options;
  }

  get freeCount(): number {
    let count = 0;
    for (const sessions of this.#pods.values()) count += sessions.freeCount;
    return count;
  }

  link(pod: PodIdentity): SessionLease {
    const onLost = new Listeners<AppError>();
    const hold = this.#take(pod, onLost);
    this.#holds.add(hold);
    return {
      pod,
      warm: (signal) => hold.sessions.warm(signal),
      onLost: (listener) => onLost.add(listener),
      open: ({ port, head, signal }) => hold.sessions.open(port, head, signal),
      [Symbol.asyncDispose]: async () => {
        if (!this.#holds.delete(hold)) return;
        this.#leave(hold);
      },
    };
  }

  /**
   * Sessions of before now take no new connection, as they belong to another user or server: free ones are closed, busy ones end with
   * their connection. To those who hold them they are lost, with `reason`.
   */
  retire(reason: AppError): void {
    this.#pods.clear();
    const lost = new Set<Listeners<AppError>>();
    for (const hold of this.#holds) {
      if (hold.sessions.sessionCount > 0) lost.add(hold.onLost);
      this.#leave(hold);
      Object.assign(hold, this.#take(hold.sessions.pod, hold.onLost));
    }
    for (const onLost of lost) onLost.emit(reason);
  }

  /** After a wake from sleep or a change of network. */
  probe(): void {
    for (const sessions of this.#pods.values()) sessions.probe();
    for (const sessions of this.#left) sessions.probe();
  }

  /** Ends every session and every connection on them. */
  async [Symbol.asyncDispose](): Promise<void> {
    const reason = new AppError('SP-SESSION-LOST', { message: 'Sallyport is ending' });
    for (const sessions of [...this.#pods.values(), ...this.#left]) sessions.close(reason);
    this.#pods.clear();
    this.#left.clear();
  }

  #take(pod: PodIdentity, onLost: Listeners<AppError>): Hold {
    const sessions = this.#sessionsOf(pod);
    sessions.addUser();
    return { sessions, onLost, stop: sessions.onLost.add((reason) => onLost.emit(reason)) };
  }

  #leave({ sessions, stop }: Hold): void {
    stop();
    if (!sessions.removeUser()) return;
    if (this.#pods.get(sessions.pod.uid) === sessions) this.#pods.delete(sessions.pod.uid);
    if (sessions.sessionCount > 0) this.#left.add(sessions);
  }

  #sessionsOf(pod: PodIdentity): PodSessions {
    const known = this.#pods.get(pod.uid);
    if (known) return known;
    for (const gone of this.#left) if (gone.sessionCount === 0) this.#left.delete(gone);
    const sessions = new PodSessions({
      pod,
      clock: this.#options.clock,
      dial: (of, signal) =>
        this.#dialling(() => {
          signal.throwIfAborted();
          return this.#options.dial(of, signal);
        }),
      maySpare: () => this.freeCount < maxFreeTotal,
    });
    this.#pods.set(pod.uid, sessions);
    return sessions;
  }
}
