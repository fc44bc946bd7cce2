import type { Clock } from '../base/clock.ts';
import type { HistoryEntry, LiveConnection, TunnelEntity } from '../contract/control-tunnel.ts';
import type { ConnectionEvent, Traffic } from '../tunnel/connection-event.ts';
import { LogLines } from './log-lines.ts';

const maxHistory = 500;
const maxConnections = 1_000;

/** What one tunnel has been through since the daemon's start; for what was before see past-lines.ts. Every list is bounded; the oldest goes first. */
export class TunnelRecord {
  readonly history: HistoryEntry[] = [];
  readonly lines: LogLines;
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

  get connections(): LiveConnection[] {
    return [...this.#live.values()].slice(0, maxConnections);
  }

  state(entry: HistoryEntry): void {
    push(this.history, entry, maxHistory);
    const { state, atMs, gapMs } = entry;
    if (gapMs !== undefined) this.#recoveries++;
    const error =
      state.kind === 'waiting' ? state.reason : state.kind === 'blocked' ? state.error : undefined;
    if (error) this.lastError = { atMs, error };
  }

  connection(event: ConnectionEvent): void {
    switch (event.kind) {
      case 'start':
        this.#served++;
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
      if (process && this.#live.get(connection) === live)
        this.#live.set(connection, { ...live, peer: { uid: peer.uid, process } });
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
