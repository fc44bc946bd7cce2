import type { Socket } from 'node:net';
import type { AppError } from '../base/app-error.ts';
import type { PodIdentity } from '../contract/pod.ts';
import type { LocalPeer } from './connection-event.ts';
import type { OpenStream, PodStream } from './upstream.ts';

/** Answers local clients itself, in the protocol that they speak: a gateway. The tunnel finds the pod, holds in outages and keeps count. */
export interface Intermediary {
  /** Takes over an admitted socket, which allows half-open, from its first byte to its last. */
  serve(socket: Socket, client: IntermediaryClient): Served;
}

export interface IntermediaryClient {
  /** Its number in this tunnel's events. */
  readonly connection: number;
  readonly dial: PodDial;
  /** Where it is known. */
  readonly peer: LocalPeer | undefined;
}

export interface Served {
  /** Resolves when nothing is left to do for the pod's side and the socket is closed or closing; with the error that ended it. */
  readonly over: Promise<AppError | undefined>;
  /** Ends it; the client is told why where its protocol can say so. */
  end(error?: AppError): void;
}

/**
 * Opens a stream to the pod that serves now, and waits for one in an outage. One at a time for each client. Rejects with the signal's reason,
 * and with an AppError of an attempt that says nothing about the pod: it may be made again after a rest.
 */
export type PodDial = (options: PodDialOptions) => Promise<DialledStream>;

export interface PodDialOptions extends Pick<OpenStream, 'signal'> {
  /** What goes out with the opening, to the pod that the attempt is made at. */
  readonly head: (pod: PodIdentity) => OpenStream['head'];
}

export interface DialledStream {
  readonly stream: PodStream;
  readonly pod: PodIdentity;
  /** What was asked for was answered: the pod serves. */
  served(): void;
  /** It was not, and why. True: the next dial waits for the end of this outage, so that nobody need rest before it. */
  failed(error: AppError): boolean;
  /** A further stream to this very pod, never to its successor. */
  again(options: Omit<OpenStream, 'port'>): Promise<PodStream>;
}
