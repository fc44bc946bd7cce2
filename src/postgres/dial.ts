import type { Duplex } from 'node:stream';
import type { AppError } from '../base/app-error.ts';

/** What the gateway needs of the tunnel that carries it. */

export interface DialOptions {
  /** Goes out with the opening, so that it costs no round trip. */
  readonly head: readonly Buffer[];
  readonly signal: AbortSignal;
}

/** Opens a stream to the pod that serves now; waits for one in an outage. Rejects with the signal's reason, or with an AppError when the tunnel gives up. */
export type Dial = (options: DialOptions) => Promise<Dialled>;

export interface Dialled {
  /** Errors are AppErrors. */
  readonly stream: Duplex;
  readonly pod: DialledPod;
  /** The database answered: the pod serves. */
  served(): void;
  /** It did not, and why. The next dial waits as in an outage where the tunnel takes this for one. */
  failed(error: AppError): void;
  /** A further stream to this very pod, never to its successor. */
  again(options: DialOptions): Promise<Duplex>;
}

export interface DialledPod {
  readonly name: string;
  readonly uid: string;
}
