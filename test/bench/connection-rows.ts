import { burstMs, echoMs, firstByteMs } from './load.ts';
import { openRoute } from './route.ts';
import { figure, kubectlTimes, limitOf, type Row, repeated, sized } from './row.ts';
import { median } from './statistics.ts';

const greeting = Buffer.from('ping');

/** How long it takes until a client has its first byte, and its next ones. */
export const connectionRows: readonly Row[] = [
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
        far: limitOf(53),
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
        far: limitOf(53),
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
