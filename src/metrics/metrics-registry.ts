import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { AuditStatus } from '../contract/audit-status.ts';
import { shownStateSchema, type TunnelEntity } from '../contract/control-tunnel.ts';

export interface MetricsSource {
  readonly version: string;
  readonly tunnels: () => readonly TunnelEntity[];
  readonly audit?: () => AuditStatus;
}

/** From a failover that nobody noticed to a pod that took a quarter of an hour. */
const recoveryBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900];

export interface MetricsRegistry {
  readonly registry: Registry;
  readonly recovery: Histogram;
  readonly watchRestarts: Counter;
}

/** All metrics by Prometheus' conventions. What tunnels know is read when somebody scrapes. */
export function metricsRegistry({ version, tunnels, audit }: MetricsSource): MetricsRegistry {
  const registry = new Registry();
  const registers = [registry];
  const each = (set: (tunnel: TunnelEntity) => void) => {
    for (const tunnel of tunnels()) if (tunnel.wanted !== 'off' || tunnel.traffic.served > 0) set(tunnel);
  };
  const options = <M extends Gauge | Counter>(
    name: string,
    help: string,
    labelNames: string[],
    collect: (metric: M) => void,
  ) => ({
    name: `sallyport_${name}`,
    help,
    labelNames,
    registers,
    collect(this: M) {
      this.reset();
      collect(this);
    },
  });
  const gauge = (...given: Parameters<typeof options<Gauge>>) => new Gauge(options(...given));
  /** A counter that somebody else counts. */
  const counter = (...given: Parameters<typeof options<Counter>>) => new Counter(options(...given));

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
  gauge('audit_writable', 'Whether the audit log can be written.', [], (one) => {
    const state = audit?.().state.kind;
    if (state) one.set(state === 'unavailable' ? 0 : 1);
  });
  counter('audit_lines_total', 'Lines of the audit log on disk.', [], (one) =>
    one.inc(audit?.().head?.seq ?? 0),
  );
  gauge('audit_behind_lines', 'Lines that a receiver does not have yet.', ['receiver'], (one) => {
    for (const shipper of audit?.().shippers ?? [])
      if (shipper.state !== 'off') one.set({ receiver: shipper.name }, shipper.behind);
  });
  const recovery = new Histogram({
    name: 'sallyport_recovery_seconds',
    help: 'How long nothing could be served, for each outage that ended.',
    buckets: recoveryBuckets,
    registers,
  });
  const watchRestarts = new Counter({
    name: 'sallyport_watch_restarts_total',
    help: 'Watches on clusters that broke and were begun anew.',
    registers,
  });
  return { registry, recovery, watchRestarts };
}
