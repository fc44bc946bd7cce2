import type { TunnelEntity } from '../../src/contract/control-tunnel.ts';

/** Ten minutes, two seconds at a time. */
export const samplesSpanMs = 600_000;
export const sampleEveryMs = 2_000;
/** A tick that comes a little early is that tick all the same. */
const earlyMs = 200;
const maxSamples = Math.ceil(samplesSpanMs / (sampleEveryMs - earlyMs)) + 2;

/** What is known of a tunnel at one time. Counters only grow, until the daemon begins anew. */
export interface Sample {
  readonly atMs: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly served: number;
  readonly connections: number;
  readonly held: number;
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
}

const none: readonly Sample[] = [];

/**
 * What each tunnel was through in the last ten minutes, from what the daemon tells anyway. Of a stretch in which nothing changes only its
 * ends are kept, so that one that rests costs nothing.
 */
export class Samples {
  readonly #series = new Map<string, readonly Sample[]>();
  readonly #listeners = new Set<() => void>();
  #lastMs = Number.NEGATIVE_INFINITY;

  /** To be called with all tunnels as they are then; more often than every two seconds is no use. */
  sample(tunnels: Iterable<TunnelEntity>, atMs: number): void {
    if (atMs - this.#lastMs < sampleEveryMs - earlyMs) return;
    this.#lastMs = atMs;
    const seen = new Set<string>();
    for (const tunnel of tunnels) {
      seen.add(tunnel.id);
      const series = this.#series.get(tunnel.id);
      if (series || tunnel.wanted === 'on')
        this.#series.set(tunnel.id, added(series ?? none, sampleOf(tunnel, atMs)));
    }
    for (const id of this.#series.keys()) if (!seen.has(id)) this.#series.delete(id);
    for (const listener of [...this.#listeners]) listener();
  }

  /** Oldest first. The same array until it changes. */
  readonly of = (id: string): readonly Sample[] => this.#series.get(id) ?? none;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };
}

function sampleOf({ traffic, connections, held, connectTimes }: TunnelEntity, atMs: number): Sample {
  const { receivedBytes, sentBytes, served } = traffic;
  const { p50Ms, p99Ms } = connectTimes ?? {};
  return { atMs, receivedBytes, sentBytes, served, connections, held, p50Ms, p99Ms };
}

function added(series: readonly Sample[], sample: Sample): readonly Sample[] {
  const [beforeLast, last] = series.slice(-2);
  const goesOn = last && beforeLast && isFlat(beforeLast, last) && isFlat(last, sample);
  const kept = goesOn ? series.slice(0, -1) : series;
  // One from before the window stays, for the line that comes from there.
  const from = kept.findIndex(
    ({ atMs }, index) => (kept[index + 1]?.atMs ?? atMs) > sample.atMs - samplesSpanMs,
  );
  return [...kept.slice(Math.max(from, kept.length - maxSamples)), sample];
}

function isFlat(a: Sample, b: Sample): boolean {
  return (
    a.receivedBytes === b.receivedBytes &&
    a.sentBytes === b.sentBytes &&
    a.served === b.served &&
    a.connections === b.connections &&
    a.held === b.held
  );
}
