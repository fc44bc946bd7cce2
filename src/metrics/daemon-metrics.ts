import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { shownStateSchema, type TunnelEntity } from '../contract/control-tunnel.ts';

export interface MetricsSource {
  readonly version: string;
  readonly tunnels: () => readonly TunnelEntity[];
}

/** From a failover that nobody noticed to a pod that took a quarter of an hour. */
const recoveryBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900];

/**
 * The daemon's metrics by Prometheus' conventions. What tunnels know is read when somebody scrapes; only what passes is counted here. The
 * names are those of docs/grafana-dashboard.json.
 */
export class DaemonMetrics {
  readonly #registry = new Registry();
  readonly #recovery: Histogram;
  readonly #watchRestarts: Counter;

  constructor({ version, tunnels }: MetricsSource) {
    const registers = [this.#registry];
    const each = (set: (tunnel: TunnelEntity) => void) => {
      for (const tunnel of tunnels()) if (tunnel.wanted !== 'off' || tunnel.traffic.served > 0) set(tunnel);
    };
    const gauge = (name: string, help: string, labelNames: string[], collect: (gauge: Gauge) => void) =>
      new Gauge({
        name: `sallyport_${name}`,
        help,
        labelNames,
        registers,
        collect() {
          this.reset();
          collect(this);
        },
      });
    /** A counter that somebody else counts. */
    const counter = (name: string, help: string, labelNames: string[], collect: (counter: Counter) => void) =>
      new Counter({
        name: `sallyport_${name}`,
        help,
        labelNames,
        registers,
        collect() {
          this.reset();
          collect(this);
        },
      });

    gauge('build_info', 'The version that runs.', ['version'], (one) => one.set({ version }, 1));
    gauge('resident_memory_bytes', 'Resident memory of the daemon.', [], (one) =>
      one.set(process.memoryUsage.rss()),
    );
    gauge('tunnels', 'Tunnels by the state that people see.', ['state'], (one) => {
      for (const state of shownStateSchema.options) one.set({ state }, 0);
      for (const { shown } of tunnels()) one.inc({ state: shown });
    });
    gauge('connections', 'Local clients now.', ['tunnel'], (one) =>
      each(({ id, connections }) => one.set({ tunnel: id }, connections)),
    );
    gauge('held_connections', 'Local clients that wait for a pod now.', ['tunnel'], (one) =>
      each(({ id, held }) => one.set({ tunnel: id }, held)),
    );
    counter('received_bytes_total', 'Bytes from pods to clients.', ['tunnel'], (one) =>
      each(({ id, traffic }) => one.inc({ tunnel: id }, traffic.receivedBytes)),
    );
    counter('sent_bytes_total', 'Bytes from clients to pods.', ['tunnel'], (one) =>
      each(({ id, traffic }) => one.inc({ tunnel: id }, traffic.sentBytes)),
    );
    counter(
      'connections_total',
      'Local clients that reached a pod (served) and those that left or were ended without (failed).',
      ['tunnel', 'outcome'],
      (one) =>
        each(({ id, traffic }) => {
          one.inc({ tunnel: id, outcome: 'served' }, traffic.served);
          one.inc({ tunnel: id, outcome: 'failed' }, traffic.failed);
        }),
    );
    counter('reconnects_total', 'Times a tunnel was ready again after an outage.', ['tunnel'], (one) =>
      each(({ id, traffic }) => one.inc({ tunnel: id }, traffic.recoveries)),
    );
    this.#recovery = new Histogram({
      name: 'sallyport_recovery_seconds',
      help: 'How long nothing could be served, for each outage that ended.',
      buckets: recoveryBuckets,
      registers,
    });
    this.#watchRestarts = new Counter({
      name: 'sallyport_watch_restarts_total',
      help: 'Watches on clusters that broke and were begun anew.',
      registers,
    });
  }

  get names(): string[] {
    return this.#registry.getMetricsAsArray().map(({ name }) => name);
  }

  recovered(gapMs: number): void {
    this.#recovery.observe(gapMs / 1000);
  }

  watchRestarted(): void {
    this.#watchRestarts.inc();
  }

  /** The Prometheus text format, version 0.0.4. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
