import type { Duplex } from 'node:stream';
import type { AppError } from '../base/app-error.ts';

/** What the gateway needs of the tunnel that carries it. */

export interface DialOptions {
  /** What goes out with the opening, so that it costs no round trip, to the pod that the attempt is made at: the last one asked about is the one dialled. */
  readonly head: (pod: DialledPod) => readonly Buffer[];
  readonly signal: AbortSignal;
}

/**
 * Opens a stream to the pod that serves now; in an outage it may wait for one. Rejects with an AppError: of the retry class auto it is tried again,
 * with SP-HOLD-* or any other class it is the end.
 */
export type Dial = (options: DialOptions) => Promise<Dialled>;

export interface Dialled {
  /** Errors are AppErrors. */
  readonly stream: Duplex;
  readonly pod: DialledPod;
  /** The database answered: the pod serves. */
  served(): void;
  /** It did not, and why. True: the tunnel takes this for an outage, and the next dial waits for its end. */
  failed(error: AppError): boolean;
  /** A further stream to this very pod, never to its successor. */
  again(options: { readonly head: readonly Buffer[]; readonly signal: AbortSignal }): Promise<Duplex>;
}

export interface DialledPod {
  readonly name: string;
  readonly uid: string;
}
