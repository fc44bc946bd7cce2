import type { Clock } from '../base/clock.ts';
import type { HistoryEntry, LiveConnection, TunnelEntity } from '../contract/control-tunnel.ts';
import type { ConnectionEvent, Traffic } from '../tunnel/connection-event.ts';
import { LogLines } from './log-lines.ts';

const maxHistory = 500;
const maxConnections = 1_000;

/** What one tunnel has been through since the daemon's start. Every list is bounded; the oldest goes first. */
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
    const { connection } = event;
    if (event.kind === 'start') {
      this.#served++;
      const { atMs: sinceMs, heldMs, pod } = event;
      this.#live.set(connection, { connection, sinceMs, heldMs, pod });
    } else {
      if (!event.pod) this.#failed++;
      this.#live.delete(connection);
      if (event.error) this.lastError = { atMs: event.atMs, error: event.error };
    }
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
