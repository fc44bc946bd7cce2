import type { Duplex } from 'node:stream';
import type { PodIdentity } from '../contract/pod.ts';
import type { Resolution } from '../contract/resolution.ts';

/**
 * What a tunnel needs of the world behind it, given by the engine. The tunnel knows neither Kubernetes nor SPDY.
 */
export interface Upstream {
  /**
   * Follows what the target points at: calls back with the first answer, then with each change, until disposed; undefined: what was said
   * before counts no more, and another first answer follows. `onAsking` is told whether everything waits for a credential: a plugin runs,
   * which may be asking a person.
   */
  follow(
    onChange: (resolution: Resolution | undefined) => void,
    onAsking: (isAsking: boolean) => void,
  ): Following;
  /** A link to one pod (by UID); nothing is opened yet. Disposing lets running streams end by themselves. */
  link(pod: PodIdentity): PodLink;
}

export interface Following extends AsyncDisposable {
  /** Asks the cluster at once instead of waiting for its news. */
  refresh(): void;
  /** What serves in this pod is not what is wanted: turns to the next pod of the target. True: it points at another one. */
  avoid(podUid: string): boolean;
}

/** The transport sessions to one pod. Shared below by tunnels that point at the same pod. */
export interface PodLink extends AsyncDisposable {
  readonly pod: PodIdentity;
  /**
   * One attempt to have an open session whose UID is confirmed. Resolves at once where one is open. Rejects with an AppError; the
   * tunnel decides when to try again.
   */
  warm(signal: AbortSignal): Promise<void>;
  /** Called with the AppError when the last open session is lost. The tunnel then warms again. */
  onLost(listener: (error: Error) => void): () => void;
  /** Opens one stream. `head` goes out with the opening frames, so that it costs no round trip. Rejects with an AppError. */
  open(options: OpenStream): Promise<PodStream>;
}

export interface OpenStream {
  readonly port: number;
  readonly head: readonly Uint8Array[];
  readonly signal: AbortSignal;
}

/**
 * One connection into the pod. 'end' is the pod's close. Failures arrive as an AppError in 'error' (SP-PORT-REFUSED, SP-SANDBOX-GONE:
 * no byte reached the application; SP-STREAM-*, SP-SESSION-LOST: nothing is known); open() hands out a stream with an 'error' listener of its own,
 * so that a failure in the ticks before the tunnel listens is found in `errored` and not thrown. Writes honour backpressure. destroy() cancels at once.
 * end() says that the client will send no more: Kubernetes has no usable half-close (port-forward-protocol, section 1), so the transport
 * passes it on only once the pod has been quiet for a second; replies until then arrive whole.
 */
export interface PodStream extends Duplex {
  /** The pod's side has taken the opening, so that a refusal is on its way if there is one. 'answered' tells when. */
  readonly answered: boolean;
  /** Of the session that carries it, as the API server's audit log has it. */
  readonly auditId?: string | undefined;
  /** From now on the chunks of 'data' are lent: they may be others once the listener returns. */
  lend(): void;
}
