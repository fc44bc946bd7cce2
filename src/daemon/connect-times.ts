import type { TunnelEntity } from '../contract/control-tunnel.ts';

const maxSamples = 100;

/** How long the newest connections took. Sorted only when somebody asks after a new one came, as entities are made often and connections are not. */
export class ConnectTimes {
  readonly #samplesMs = new Float64Array(maxSamples);
  #taken = 0;
  #summary: TunnelEntity['connectTimes'];

  add(connectMs: number): void {
    this.#samplesMs[this.#taken++ % maxSamples] = connectMs;
    this.#summary = undefined;
  }

  /** Undefined before the first. To hundredths of a millisecond. */
  get summary(): TunnelEntity['connectTimes'] {
    if (this.#taken === 0) return undefined;
    this.#summary ??= this.#summed();
    return this.#summary;
  }

  #summed(): NonNullable<TunnelEntity['connectTimes']> {
    const samples = Math.min(this.#taken, maxSamples);
    const sorted = this.#samplesMs.slice(0, samples).sort();
    /** The nearest rank: a time that a connection did take. */
    const quantile = (share: number) => Math.round((sorted[Math.ceil(share * samples) - 1] ?? 0) * 100) / 100;
    return { p50Ms: quantile(0.5), p99Ms: quantile(0.99), samples };
  }
}
