import type { AppError } from '../base/app-error.ts';
import type { Clock } from '../base/clock.ts';
import type { ErrorData } from '../contract/error-codes.ts';
import type { PodIdentity } from '../contract/pod.ts';
import type { ConnectionEvent, Traffic } from './connection-event.ts';
import type { PodLink } from './upstream.ts';

/** The way into a pod that one attempt takes. */
export interface Route {
  readonly link: PodLink;
  readonly pod: PodIdentity;
  readonly port: number;
  readonly round: number;
  /** Not refused for this long after opening means that it got through. */
  readonly throughAfterMs: number;
  /** A refusal is the pod's answer: the client gets it too. */
  readonly refusalEnds: boolean;
}

/** One local client from accept to close, as whoever keeps them all sees it. */
export interface LocalConnection {
  readonly id: number;
  /** Since when it waits for a pod; kept while it tries in vain, forgotten once it got through. */
  heldSinceMs: number | undefined;
  /** Bytes from the pod to the client, and back, so far. */
  readonly traffic: Traffic;
  /** It may submit itself from now on. */
  start(): void;
  /** Takes the way that it has submitted itself for. */
  attempt(route: Route): void;
  /** Ends it at once, whatever it is doing. */
  cutOff(error: AppError): void;
  /** The tunnel stops, which ends it at once; without a reason where that is what was asked for. */
  stop(why?: AppError): void;
}

/** What a connection tells and asks. */
export interface ConnectionHost {
  readonly clock: Clock;
  /** It can be served now or has to wait: the host decides. */
  submit(connection: LocalConnection): void;
  /** It waits in any case, until it submits itself or the tunnel has news. */
  hold(connection: LocalConnection): void;
  /** It does not wait any more. */
  withdraw(connection: LocalConnection): void;
  served(route: Route): void;
  refused(route: Route, error: ErrorData, tookMs: number): void;
  /** The attempt is over and says nothing about the port. */
  inconclusive(route: Route): void;
  event(event: ConnectionEvent): void;
  /** Nothing is left of it. */
  gone(connection: LocalConnection): void;
}
