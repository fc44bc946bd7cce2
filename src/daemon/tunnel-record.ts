import type { Clock } from '../base/clock.ts';
import type { HistoryEntry, LiveConnection, TunnelEntity } from '../contract/control-tunnel.ts';
import type { ConnectionEvent, Traffic } from '../tunnel/connection-event.ts';
import { ConnectTimes } from './connect-times.ts';
import { LogLines } from './log-lines.ts';

const maxHistory = 500;
const maxConnections = 1_000;

/** What one tunnel has been through since the daemon's start; for what was before see past-lines.ts. Every list is bounded; the oldest goes first. */
export class TunnelRecord {
  readonly history: HistoryEntry[] = [];
  readonly lines: LogLines;
  readonly connectTimes = new ConnectTimes();
  readonly #live = new Map<number, LiveConnection>();
  #served = 0;
  #failed = 0;
  #recoveries = 0;
  /** Of listeners that are no more. */
  #past: Traffic = { receivedBytes: 0, sentBytes: 0 };
  lastError: TunnelEntity['lastError'];

  constructor(clock: Clock) {
    this.lines = new LogLines(clock);
  }

  /** `trafficOf`: what went through each so far, as the listener counts it. */
  connections(trafficOf: (connection: number) => Traffic | undefined): LiveConnection[] {
    return [...this.#live.values()]
      .slice(0, maxConnections)
      .map((live) => ({ ...live, ...trafficOf(live.connection) }));
  }

  state(entry: HistoryEntry): void {
    push(this.history, entry, maxHistory);
    const { state, atMs, gapMs } = entry;
    if (gapMs !== undefined) this.#recoveries++;
    const error =
      state.kind === 'waiting' ? state.reason : state.kind === 'blocked' ? state.error : undefined;
    if (error) this.lastError = { atMs, error };
  }

  /** Its history behind that of the daemons before, of both together the newest. */
  historyAfter(past: readonly HistoryEntry[]): HistoryEntry[] {
    return [...past, ...this.history].slice(-maxHistory);
  }

  connection(event: ConnectionEvent): void {
    switch (event.kind) {
      case 'start':
        this.#served++;
        this.connectTimes.add(event.connectMs);
        return this.#begin(event);
      case 'end':
        if (!event.pod) this.#failed++;
        this.#live.delete(event.connection);
        break;
      case 'denied':
        this.#failed++;
    }
    if (event.error) this.lastError = { atMs: event.atMs, error: event.error };
  }

  /** It has got as far as into the database. */
  loggedIn(connection: number, login: NonNullable<LiveConnection['login']>): void {
    const live = this.#live.get(connection);
    if (live) this.#live.set(connection, { ...live, login });
  }

  #begin({
    connection,
    atMs: sinceMs,
    heldMs,
    pod,
    peer,
  }: Extract<ConnectionEvent, { kind: 'start' }>): void {
    const live = { connection, sinceMs, heldMs, pod, ...(peer && { peer: { uid: peer.uid } }) };
    this.#live.set(connection, live);
    void peer?.process().then((process) => {
      // Unless it has ended meanwhile.
      const now = this.#live.get(connection);
      if (process && now) this.#live.set(connection, { ...now, peer: { uid: peer.uid, process } });
    });
  }

  /** The listener that counted this is gone. */
  keepTraffic(traffic: Traffic): void {
    this.#past = sum(this.#past, traffic);
    this.#live.clear();
  }

  traffic(now: Traffic | undefined): TunnelEntity['traffic'] {
    return {
      ...(now ? sum(this.#past, now) : this.#past),
      served: this.#served,
      failed: this.#failed,
      recoveries: this.#recoveries,
    };
  }
}

function push<T>(list: T[], item: T, limit: number): void {
  list.push(item);
  if (list.length > limit) list.shift();
}

function sum(a: Traffic, b: Traffic): Traffic {
  return { receivedBytes: a.receivedBytes + b.receivedBytes, sentBytes: a.sentBytes + b.sentBytes };
}
