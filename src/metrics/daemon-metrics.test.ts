import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { fakeTunnel } from '../../test/support/fake-control.ts';
import type { TunnelEntity } from '../contract/control-tunnel.ts';
import { DaemonMetrics } from './daemon-metrics.ts';

const metricsOf = (...tunnels: TunnelEntity[]) =>
  new DaemonMetrics({ version: '1.2.3', tunnels: () => tunnels });

it('reads tunnels when it is asked, and counts nothing twice', async () => {
  const traffic = { receivedBytes: 5, sentBytes: 7, served: 2, failed: 1, recoveries: 3 };
  const metrics = metricsOf(
    fakeTunnel({ wanted: 'on', shown: 'ready', connections: 4, held: 1, traffic }),
    fakeTunnel({ name: 'idle' }),
  );
  metrics.recovered(3_000);
  metrics.watchRestarted();
  await metrics.text();
  const lines = (await metrics.text()).split('\n').filter((line) => !line.startsWith('#'));
  expect(lines).toEqual(
    expect.arrayContaining([
      'sallyport_build_info{version="1.2.3"} 1',
      'sallyport_tunnels{state="ready"} 1',
      'sallyport_tunnels{state="off"} 1',
      'sallyport_tunnels{state="needs you"} 0',
      'sallyport_connections{tunnel="user/orders-db"} 4',
      'sallyport_held_connections{tunnel="user/orders-db"} 1',
      'sallyport_received_bytes_total{tunnel="user/orders-db"} 5',
      'sallyport_sent_bytes_total{tunnel="user/orders-db"} 7',
      'sallyport_connections_total{tunnel="user/orders-db",outcome="served"} 2',
      'sallyport_reconnects_total{tunnel="user/orders-db"} 3',
      'sallyport_recovery_seconds_bucket{le="2.5"} 0',
      'sallyport_recovery_seconds_bucket{le="5"} 1',
      'sallyport_watch_restarts_total 1',
    ]),
  );
  expect(lines.join()).not.toContain('user/idle');
});

it('has exactly the names that the dashboard uses', async () => {
  const dashboard = await readFile(new URL('../../docs/grafana-dashboard.json', import.meta.url), 'utf8');
  const used = [...dashboard.matchAll(/sallyport_[a-z_]+/g)].map(([name]) => name.replace(/_bucket$/, ''));
  expect([...new Set(used)].sort()).toEqual(metricsOf().names.sort());
});
