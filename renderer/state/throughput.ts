import type { TunnelEntity } from '../../src/contract/control-tunnel.ts';

/** A minute of seconds. */
export const throughputSeconds = 60;

interface Series {
  bytes: number;
  /** What the last second had. */
  lastBytes: number;
  /** Bytes a second, each the mean of two, oldest first, at most throughputSeconds. A new array for each change. */
  rates: readonly number[];
}

const none: readonly number[] = [];

/** What went through each tunnel in the last minute, both ways together, from counters that only grow. */
export class Throughput {
  readonly #series = new Map<string, Series>();
  readonly #listeners = new Set<() => void>();

  /** To be called once a second with all tunnels as they are then. */
  sample(tunnels: Iterable<TunnelEntity>): void {
    const seen = new Set<string>();
    for (const { id, traffic } of tunnels) {
      seen.add(id);
      const bytes = traffic.receivedBytes + traffic.sentBytes;
      const series = this.#series.get(id);
      if (!series) this.#series.set(id, { bytes, lastBytes: 0, rates: none });
      else {
        const nowBytes = Math.max(0, bytes - series.bytes);
        // Counters are told once a second too, so that one sample may find two of them and the next none.
        const rates = [...series.rates, (nowBytes + series.lastBytes) / 2].slice(-throughputSeconds);
        // One that rests costs nothing.
        series.rates = rates.some((rate) => rate > 0) ? rates : none;
        series.bytes = bytes;
        series.lastBytes = nowBytes;
      }
    }
    for (const id of this.#series.keys()) if (!seen.has(id)) this.#series.delete(id);
    for (const listener of [...this.#listeners]) listener();
  }

  /** Bytes a second, oldest first; empty where nothing went through. The same array until it changes. */
  rates(id: string): readonly number[] {
    return this.#series.get(id)?.rates ?? none;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };
}
