import pLimit from 'p-limit';
import { AppError } from '../base/app-error.ts';
import type { Clock } from '../base/clock.ts';
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

/** All sessions of one user with one API server. A session belongs to a pod's UID. */
export class SessionPool implements AsyncDisposable {
  readonly #options: SessionPoolOptions;
  readonly #pods = new Map<string, PodSessions>();
  /** Pods that nobody holds any more, until their last connection has ended. */
  readonly #left = new Set<PodSessions>();
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
    const sessions = this.#sessionsOf(pod);
    sessions.addUser();
    let disposed = false;
    const removals = new Set<() => void>();
    return {
      pod,
      warm: (signal) => sessions.warm(signal),
      onLost: (listener) => {
        const remove = sessions.onLost.add(listener);
        removals.add(remove);
        return remove;
      },
      open: ({ port, head, signal }) => sessions.open(port, head, signal),
      [Symbol.asyncDispose]: async () => {
        if (disposed) return;
        disposed = true;
        for (const remove of removals) remove();
        if (!sessions.removeUser()) return;
        this.#pods.delete(pod.uid);
        if (sessions.sessionCount > 0) this.#left.add(sessions);
      },
    };
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
