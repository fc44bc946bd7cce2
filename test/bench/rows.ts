import type { ClusterApi } from '../support/cluster-api.ts';
import { runPostgres } from '../support/postgres-programs.ts';
import { firstDirectAnswer, SslRequestProber } from '../support/ssl-request-prober.ts';
import { StalledReader } from '../support/stalled-reader.ts';
import { burstMs, downloadMibPerSecond, echoMs, firstByteMs, serveFor, uploadMibPerSecond } from './load.ts';
import { usageOf } from './process-usage.ts';
import { type Network, openRoute, type Route, type RouteOptions } from './route.ts';
import { median } from './statistics.ts';

/** How a figure of ours has to stand. bestKubectl: that many times the better of kubectl's carriers. */
export type Goal =
  | { readonly kind: 'bestKubectl'; readonly times: number }
  | { readonly kind: 'absolute'; readonly limit: number }
  | { readonly kind: 'none' };

export interface Figure {
  readonly key: string;
  readonly title: string;
  readonly unit: string;
  readonly better: 'lower' | 'higher';
  readonly goal: Readonly<Record<Network, Goal>>;
}

interface Effort {
  /** Divides what is repeated or moved. 1 is the full measure. */
  readonly divisor: number;
}

export interface Measuring {
  readonly network: Network;
  readonly effort: Effort;
  readonly api: ClusterApi;
  /** Options for a route of the row's own, to the test server or the database. */
  readonly net: RouteOptions;
  readonly database: RouteOptions;
  /** The subject's lasting route to the test server and the database. */
  lasting(): Promise<Route>;
  lastingDatabase(): Promise<Route>;
}

export interface Row {
  readonly key: string;
  readonly figures: readonly Figure[];
  /** Whether the direct way can be measured at all. */
  readonly direct: boolean;
  /** One measure of one subject; a figure that is not a number could not be had. */
  measure(given: Measuring): Promise<Readonly<Record<string, number>>>;
}

const none: Goal = { kind: 'none' };
const kubectlTimes = (times: number): Goal => ({ kind: 'bestKubectl', times });
const atMost = (limit: number): Goal => ({ kind: 'absolute', limit });
const greeting = Buffer.from('ping');
const mib = { far: 96, loopbackDown: 768, loopbackUp: 512 } as const;

const sized = ({ effort }: Measuring, full: number) => Math.max(1, Math.round(full / effort.divisor));

interface FigureOptions {
  readonly key: string;
  readonly title: string;
  readonly unit: string;
  readonly better?: 'lower' | 'higher';
  readonly loopback: Goal;
  readonly far?: Goal;
}

function figure({ key, title, unit, better = 'lower', loopback, far = none }: FigureOptions): Figure {
  return { key, title, unit, better, goal: { loopback, far } };
}

async function repeated(times: number, once: () => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let index = 0; index < times; index++) values.push(await once());
  return median(values);
}

export const rows: readonly Row[] = [
  {
    key: 'start',
    direct: false,
    figures: [
      figure({
        key: 'start',
        title: 'start of the command to first byte',
        unit: 'ms',
        loopback: kubectlTimes(1),
        far: kubectlTimes(1),
      }),
    ],
    async measure({ net }) {
      const startedMs = performance.now();
      await using route = await openRoute({ ...net, ports: ['identity'] });
      await firstByteMs(await route.address('identity'));
      return { start: performance.now() - startedMs };
    },
  },
  {
    key: 'new',
    direct: true,
    figures: [
      figure({
        key: 'new',
        title: 'new connection, server first, p50',
        unit: 'ms',
        loopback: kubectlTimes(0.5),
        far: atMost(53),
      }),
    ],
    async measure(given) {
      const address = await (await given.lasting()).address('identity');
      const times = sized(given, given.network === 'far' ? 40 : 1000);
      return { new: await repeated(times, () => firstByteMs(address)) };
    },
  },
  {
    key: 'new-client-first',
    direct: true,
    figures: [
      figure({
        key: 'new-client-first',
        title: 'new connection, client first, p50',
        unit: 'ms',
        loopback: kubectlTimes(0.5),
        far: atMost(53),
      }),
    ],
    async measure(given) {
      const address = await (await given.lasting()).address('echo');
      const times = sized(given, given.network === 'far' ? 40 : 1000);
      return { 'new-client-first': await repeated(times, () => firstByteMs(address, greeting)) };
    },
  },
  burst(16, 1),
  burst(100, 3),
  {
    key: 'echo',
    direct: true,
    figures: [
      figure({
        key: 'echo',
        title: 'echo round trip, 4 bytes, p50',
        unit: 'ms',
        loopback: kubectlTimes(1),
        far: kubectlTimes(1),
      }),
    ],
    async measure(given) {
      const address = await (await given.lasting()).address('echo');
      return { echo: median(await echoMs(address, sized(given, given.network === 'far' ? 80 : 4000))) };
    },
  },
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
        loopback: atMost(90),
      }),
    ],
    async measure(given) {
      const { pid } = await given.lasting();
      return { memory: pid === undefined ? Number.NaN : usageOf(pid).residentMib };
    },
  },
  {
    key: 'stall',
    direct: true,
    figures: [
      figure({
        key: 'before',
        title: 'connections in 4 s, nobody stalled',
        unit: '',
        better: 'higher',
        loopback: none,
      }),
      figure({
        key: 'stalled',
        title: 'connections in 4 s beside a stalled reader',
        unit: '',
        better: 'higher',
        loopback: kubectlTimes(1),
      }),
      figure({
        key: 'share',
        title: 'share of the rate without the stall',
        unit: 'x',
        better: 'higher',
        loopback: atMost(1),
      }),
      figure({
        key: 'latency',
        title: 'latency with the stall to without, p50',
        unit: 'x',
        loopback: atMost(1.1),
        far: atMost(1.1),
      }),
      figure({
        key: 'errors',
        title: 'errors beside a stalled reader',
        unit: '',
        loopback: atMost(0),
        far: atMost(0),
      }),
    ],
    async measure(given) {
      await using route = await openRoute({ ...given.net, ports: ['identity', 'chargen'] });
      const identity = await route.address('identity');
      const chargen = await route.address('chargen');
      const served = { lines: 4, durationMs: sized(given, 4000) };
      const before = await serveFor(identity, served);
      using _stalled = await StalledReader.open(chargen.port, chargen.host);
      const during = await serveFor(identity, served);
      return {
        before: before.latenciesMs.length,
        stalled: during.latenciesMs.length,
        share: during.latenciesMs.length / before.latenciesMs.length,
        latency: median(during.latenciesMs) / median(before.latenciesMs),
        errors: during.errors,
      };
    },
  },
  {
    key: 'deleted',
    direct: false,
    figures: [
      figure({
        key: 'failed',
        title: 'pod deleted, back after 3 s: failed clients',
        unit: '%',
        loopback: atMost(0),
        far: atMost(0),
      }),
      figure({ key: 'lag', title: "first answer after the pod's own", unit: 'ms', loopback: atMost(20) }),
    ],
    measure: podDeleted,
  },
];

function burst(count: number, times: number): Row {
  const key = `at-once-${count}`;
  return {
    key,
    direct: true,
    figures: [
      figure({ key, title: `${count} connections at once`, unit: 'ms', loopback: kubectlTimes(times) }),
    ],
    async measure(given) {
      const address = await (await given.lasting()).address('identity');
      return { [key]: await repeated(sized(given, 12), () => burstMs(address, count)) };
    },
  };
}

/** Deletes the database's pod under a client that connects every 50 ms. */
async function podDeleted({ api, database }: Measuring): Promise<Record<string, number>> {
  const { namespace, pod, controls } = database;
  const before = await api.readyPod({ namespace, name: pod });
  await using route = await openRoute({ ...database, ports: ['postgres'] });
  const { port } = await route.address('postgres');
  await using prober = new SslRequestProber({ port });
  await prober.nextAnswer();
  const { directMs, first } = await outage();
  await prober.finish();
  await api.readyPod({ namespace, name: pod, replacing: before.metadata.uid });
  return { failed: (100 * prober.errors.length) / prober.probes.length, lag: first - directMs };

  async function outage() {
    await api.delete({ kind: 'Pod', namespace, name: pod });
    const directMs = await firstDirectAnswer(async () => {
      const found = await controls.podAddress(namespace, pod);
      return found && found.uid !== before.metadata.uid ? found.address : undefined;
    });
    // kubectl has ended by now, and never answers.
    if (route.ended) return { directMs, first: Number.NaN };
    const answered = () =>
      prober.probes.find((probe) => probe.error === undefined && probe.endedMs >= directMs);
    const patience = AbortSignal.timeout(10_000);
    while (!answered() && !patience.aborted) await new Promise((resolve) => setTimeout(resolve, 20));
    return { directMs, first: answered()?.endedMs ?? Number.NaN };
  }
}

/** CPU seconds of a route's forwarder from now on; NaN when direct. */
function cpuMeter({ pid }: Route): () => number {
  if (pid === undefined) return () => Number.NaN;
  const before = usageOf(pid).cpuSeconds;
  return () => usageOf(pid).cpuSeconds - before;
}
