import type { Socket } from 'node:net';
import { AppError } from '../base/app-error.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { Listeners } from '../base/listeners.ts';
import { type ErrorData, errorText } from '../contract/error-codes.ts';
import { Connection } from './connection.ts';
import type { ConnectionEvent, LocalPeer, Traffic } from './connection-event.ts';
import type { ConnectionHost, LocalConnection, Route } from './connection-host.ts';
import type { Intermediary } from './intermediary.ts';
import { ServedConnection } from './served-connection.ts';

export interface HoldLimits {
  /** How long one connection waits for a pod. */
  readonly timeoutMs: number;
  /** How many wait at most. */
  readonly limit: number;
}

export const defaultHold: HoldLimits = { timeoutMs: 60_000, limit: 256 };

/** What the connections tell the state machine. */
interface PoolReport {
  served(round: number): void;
  refused(round: number, error: ErrorData, tookMs: number): void;
  pilotOver(round: number): void;
  demand(held: number): void;
}

export interface PoolOptions {
  readonly clock: Clock;
  readonly hold: HoldLimits;
  /** Where a connection may go now; undefined: it waits. */
  readonly openRoute: () => Route | undefined;
  /** Why connections wait, for those that wait in vain. */
  readonly reason: () => ErrorData | undefined;
  readonly report: PoolReport;
  /** Answers the clients itself. Default: their bytes are passed on. */
  readonly intermediary?: Intermediary | undefined;
}

/** All local connections of one tunnel, and among them those that wait for a pod: the oldest first, each until its deadline. */
export class ConnectionPool implements ConnectionHost {
  readonly clock: Clock;
  readonly onEvent = new Listeners<ConnectionEvent>();
  readonly #options: PoolOptions;
  readonly #live = new Map<number, LocalConnection>();
  /** In the order of accept. */
  readonly #held: { readonly connection: LocalConnection; readonly deadline: Timer }[] = [];
  #endedTraffic: Traffic = { receivedBytes: 0, sentBytes: 0 };
  #lastId = 0;
  #whenEmpty: (() => void)[] = [];

  constructor(options: PoolOptions) {
    this.#options = options;
    this.clock = options.clock;
  }

  get held(): number {
    return this.#held.length;
  }

  get size(): number {
    return this.#live.size;
  }

  /** Of all connections so far, those that run included. */
  get traffic(): Traffic {
    return [...this.#live.values()].reduce((sum, { traffic }) => added(sum, traffic), this.#endedTraffic);
  }

  /** Of one that runs. */
  trafficOf(connection: number): Traffic | undefined {
    return this.#live.get(connection)?.traffic;
  }

  /** Takes an accepted socket. Where a pod serves, its stream is opened before this returns. */
  accept(socket: Socket, peer?: LocalPeer): void {
    const { intermediary } = this.#options;
    const client = { id: ++this.#lastId, socket, peer, host: this };
    const connection = intermediary
      ? new ServedConnection({ ...client, intermediary })
      : new Connection(client);
    this.#live.set(connection.id, connection);
    connection.start();
  }

  submit(connection: LocalConnection): void {
    const route = this.#options.openRoute();
    if (!route) return this.hold(connection);
    this.#unhold(connection);
    connection.attempt(route);
  }

  hold(connection: LocalConnection): void {
    if (this.#held.some((other) => other.connection === connection)) return;
    const { timeoutMs, limit } = this.#options.hold;
    if (this.#held.length >= limit) return connection.cutOff(new AppError('SP-HOLD-FULL', { limit }));
    const nowMs = this.clock.nowMs();
    connection.heldSinceMs ??= nowMs;
    const leftMs = connection.heldSinceMs + timeoutMs - nowMs;
    const expire = () => connection.cutOff(this.#inVain(timeoutMs));
    if (leftMs <= 0) return expire();
    const entry = { connection, deadline: this.clock.after(leftMs, expire) };
    const after = this.#held.findLastIndex((other) => other.connection.id < connection.id);
    this.#held.splice(after + 1, 0, entry);
    this.#options.report.demand(this.#held.length);
  }

  /** All that wait go. */
  release(route: Route): void {
    const released = this.#held.splice(0);
    for (const { deadline } of released) deadline.cancel();
    this.#options.report.demand(0);
    for (const { connection } of released) connection.attempt(route);
  }

  /** The oldest that waits goes. */
  tryOldest(route: Route): void {
    const oldest = this.#held[0]?.connection;
    if (!oldest) return this.#options.report.pilotOver(route.round);
    this.#unhold(oldest);
    oldest.attempt(route);
  }

  /** Ends every connection; resolves when none is left. */
  async endAll(why?: AppError): Promise<void> {
    for (const connection of [...this.#live.values()]) connection.stop(why);
    if (this.#live.size > 0) await new Promise<void>((resolve) => this.#whenEmpty.push(resolve));
  }

  withdraw(connection: LocalConnection): void {
    this.#unhold(connection);
  }

  served(route: Route): void {
    this.#options.report.served(route.round);
  }

  refused(route: Route, error: ErrorData, tookMs: number): void {
    this.#options.report.refused(route.round, error, tookMs);
  }

  inconclusive(route: Route): void {
    this.#options.report.pilotOver(route.round);
  }

  event(event: ConnectionEvent): void {
    this.onEvent.emit(event);
  }

  gone(connection: LocalConnection): void {
    if (this.#live.delete(connection.id)) this.#endedTraffic = added(this.#endedTraffic, connection.traffic);
    this.#unhold(connection);
    if (this.#live.size > 0) return;
    for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }

  #inVain(heldMs: number): AppError {
    const reason = this.#options.reason();
    return new AppError('SP-HOLD-TIMEOUT', { heldMs, ...(reason && { why: errorText(reason).headline }) });
  }

  #unhold(connection: LocalConnection): void {
    const at = this.#held.findIndex((other) => other.connection === connection);
    if (at < 0) return;
    this.#held[at]?.deadline.cancel();
    this.#held.splice(at, 1);
    this.#options.report.demand(this.#held.length);
  }
}

function added(a: Traffic, b: Traffic): Traffic {
  return { receivedBytes: a.receivedBytes + b.receivedBytes, sentBytes: a.sentBytes + b.sentBytes };
}
