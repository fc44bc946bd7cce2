import type { MetricsRegistry, MetricsSource } from './metrics-registry.ts';

/** Outages that are remembered until the first scrape. */
const maxRemembered = 10_000;

/**
 * The daemon's metrics; their names are those of docs/grafana-dashboard.json. Most daemons are never scraped, so the library is loaded by
 * the first scrape: it takes 3 MiB.
 */
export class DaemonMetrics {
  readonly #source: MetricsSource;
  #loading: Promise<MetricsRegistry> | undefined;
  /** What has passed since the last scrape. */
  #gapsMs: number[] = [];
  #watchRestarts = 0;

  constructor(source: MetricsSource) {
    this.#source = source;
  }

  recovered(gapMs: number): void {
    if (this.#gapsMs.length < maxRemembered) this.#gapsMs.push(gapMs);
  }

  watchRestarted(): void {
    this.#watchRestarts++;
  }

  async names(): Promise<string[]> {
    const { registry } = await this.#load();
    return registry.getMetricsAsArray().map(({ name }) => name);
  }

  /** The Prometheus text format, version 0.0.4. */
  async text(): Promise<string> {
    const { registry, recovery, watchRestarts } = await this.#load();
    for (const gapMs of this.#gapsMs.splice(0)) recovery.observe(gapMs / 1000);
    watchRestarts.inc(this.#watchRestarts);
    this.#watchRestarts = 0;
    return registry.metrics();
  }

  #load(): Promise<MetricsRegistry> {
    this.#loading ??= import('./metrics-registry.ts').then(({ metricsRegistry }) =>
      metricsRegistry(this.#source),
    );
    return this.#loading;
  }
}
