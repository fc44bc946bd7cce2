import { runPostgres } from '../support/postgres-programs.ts';
import { downloadMibPerSecond, uploadMibPerSecond } from './load.ts';
import { usageOf } from './process-usage.ts';
import type { Route } from './route.ts';
import { figure, kubectlTimes, limitOf, none, type Row, sized } from './row.ts';

const mib = { far: 96, loopbackDown: 768, loopbackUp: 512 } as const;

/** How much goes through, and what the forwarder needs for it. */
export const transferRows: readonly Row[] = [
  {
    key: 'download',
    direct: true,
    figures: [
      figure({
        key: 'download',
        title: 'download',
        unit: 'MiB/s',
        better: 'higher',
        loopback: kubectlTimes(1.1),
      }),
      figure({
        key: 'download-cpu',
        title: `CPU of the forwarder for ${mib.loopbackDown} MiB down`,
        unit: 's',
        loopback: kubectlTimes(0.75),
      }),
    ],
    async measure(given) {
      const route = await given.lasting();
      const size = sized(given, given.network === 'far' ? mib.far : mib.loopbackDown);
      const address = await route.address('chargen');
      const used = cpuMeter(route);
      const rate = await downloadMibPerSecond(address, size);
      return { download: rate, 'download-cpu': used() * (mib.loopbackDown / size) };
    },
  },
  {
    key: 'upload',
    direct: true,
    figures: [
      figure({
        key: 'upload',
        title: 'upload',
        unit: 'MiB/s',
        better: 'higher',
        loopback: kubectlTimes(1.3),
      }),
      figure({
        key: 'upload-cpu',
        title: `CPU of the forwarder for ${mib.loopbackUp} MiB up`,
        unit: 's',
        loopback: none,
      }),
    ],
    async measure(given) {
      const route = await given.lasting();
      const size = sized(given, given.network === 'far' ? mib.far : mib.loopbackUp);
      const address = await route.address('sink');
      const used = cpuMeter(route);
      const rate = await uploadMibPerSecond(address, size);
      return { upload: rate, 'upload-cpu': used() * (mib.loopbackUp / size) };
    },
  },
  {
    key: 'pgbench',
    direct: true,
    figures: [
      figure({
        key: 'pgbench',
        title: 'pgbench -S, 8 clients',
        unit: 'tps',
        better: 'higher',
        loopback: kubectlTimes(1.15),
      }),
    ],
    async measure(given) {
      const { host, port } = await (await given.lastingDatabase()).address('postgres');
      const seconds = String(sized(given, 5));
      const args = ['-h', host, '-n', '-S', '-c', '8', '-j', '2', '-T', seconds];
      const report = await runPostgres('pgbench', port, args);
      return { pgbench: Number(/^tps = ([\d.]+)/m.exec(report)?.[1]) };
    },
  },
  {
    key: 'memory',
    direct: false,
    figures: [
      figure({
        key: 'memory',
        title: 'resident memory after the rows above',
        unit: 'MiB',
        loopback: limitOf(90),
      }),
    ],
    async measure(given) {
      const { pid } = await given.lasting();
      return { memory: pid === undefined ? Number.NaN : usageOf(pid).residentMib };
    },
  },
];

/** CPU seconds of a route's forwarder from now on; NaN when direct. */
function cpuMeter({ pid }: Route): () => number {
  if (pid === undefined) return () => Number.NaN;
  const before = usageOf(pid).cpuSeconds;
  return () => usageOf(pid).cpuSeconds - before;
}
