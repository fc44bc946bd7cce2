import type { ErrorData } from '../contract/error-codes.ts';
import type { PeerProcess } from '../contract/peer.ts';
import type { PodIdentity } from '../contract/pod.ts';

export interface Traffic {
  /** From the pod to the client, and back. */
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** The local process at the client's end. */
export interface LocalPeer {
  readonly uid: number;
  /** Looks for it when first asked; never rejects. */
  readonly process: () => Promise<PeerProcess | undefined>;
}

/** What becomes of each local connection, for --json, metrics and the audit. Times are ms. */
export type ConnectionEvent =
  /** It got through to a pod: a byte came back, or no refusal in the time that refusals take. Once for a connection. */
  | {
      readonly kind: 'start';
      readonly atMs: number;
      /** 1 is the tunnel's first. */
      readonly connection: number;
      readonly pod: PodIdentity;
      readonly port: number;
      /** Of the session that carries it, as the API server's audit log has it. */
      readonly auditId: string | undefined;
      /** From accept until the stream was opened. */
      readonly heldMs: number;
      /** What the way into the pod took, of the attempt that got through: until the pod's side had taken the stream. Waiting for a pod is no part of it. */
      readonly connectMs: number;
      /** Where it is known. */
      readonly peer: LocalPeer | undefined;
    }
  /** It is over; also without a start, when no pod was reached. */
  | (Traffic & {
      readonly kind: 'end';
      readonly atMs: number;
      readonly connection: number;
      readonly pod: PodIdentity | undefined;
      /** Where it is known. */
      readonly peer: LocalPeer | undefined;
      /** Since accept. */
      readonly durationMs: number;
      readonly error: ErrorData | undefined;
    })
  /** It was not let in; it has no number. */
  | { readonly kind: 'denied'; readonly atMs: number; readonly error: ErrorData };
