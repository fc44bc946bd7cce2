import { firstDirectAnswer, SslRequestProber } from '../support/ssl-request-prober.ts';
import { StalledReader } from '../support/stalled-reader.ts';
import { serveFor } from './load.ts';
import { openRoute } from './route.ts';
import { figure, kubectlTimes, limitOf, type Measuring, none, type Row, sized } from './row.ts';
import { median } from './statistics.ts';

/** What the others notice of one client's stall, and of a pod's end. */
export const faultRows: readonly Row[] = [
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
        loopback: limitOf(0.9),
      }),
      figure({
        key: 'latency',
        title: 'latency with the stall to without, p50',
        unit: 'x',
        loopback: limitOf(1.1),
        far: limitOf(1.1),
      }),
      figure({
        key: 'errors',
        title: 'errors beside a stalled reader',
        unit: '',
        loopback: limitOf(0),
        far: limitOf(0),
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
        loopback: limitOf(0),
        far: limitOf(0),
      }),
      figure({ key: 'lag', title: "first answer after the pod's own", unit: 'ms', loopback: limitOf(20) }),
    ],
    measure: podDeleted,
  },
];

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
