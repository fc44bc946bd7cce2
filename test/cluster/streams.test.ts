import { beforeAll, describe, expect, test } from 'vitest';
import { checkedEcho } from '../support/checked-echo.ts';
import { readLine } from '../support/line-client.ts';
import { Load } from '../support/load.ts';
import { netPorts, netStatefulSet } from '../support/manifests.ts';
import { StalledReader } from '../support/stalled-reader.ts';
import { carriers, describeOnRealcluster } from '../support/suite.ts';

const parallel = 200;
const restarts = 10;
const echoBytes = 256 * 1024;

describeOnRealcluster('streams', (suite) => {
  const { namespace } = suite;
  const pod = { namespace, name: 'net-0' };

  beforeAll(async () => {
    await suite.api.apply(netStatefulSet({ namespace, name: 'net' }));
    await suite.api.readyPod(pod);
  });

  describe.each(carriers)('over %s', (carrier) => {
    test('through ten pod restarts no byte is wrong and no greeting fails', async ({ annotate }) => {
      const ports = [`:${netPorts.echo}`, `:${netPorts.banner}`];
      await using forward = suite.forward({ target: 'sts/net/0', ports, carrier });
      const [echoPort, bannerPort] = [await forward.port(0), await forward.port(1)];
      const outcomes = { whole: 0, cut: 0 };
      const echoes = new Load(parallel, async () => {
        const { outcome } = await checkedEcho(echoPort, echoBytes);
        outcomes[outcome]++;
      });

      for (let restart = 0; restart < restarts; restart++) {
        await echoes.more(20);
        const { uid } = (await suite.api.readyPod(pod)).metadata;
        // Half of them while the pod is still there, half while it is going.
        const before = greetings(bannerPort, parallel / 2);
        if (restart % 2 === 0) await suite.api.delete({ kind: 'Pod', ...pod });
        else await suite.controls.kill(namespace, pod.name);
        const after = greetings(bannerPort, parallel / 2);
        expect(new Set([...(await before), ...(await after)])).toEqual(new Set(['hello from net-0']));
        if (restart % 2 === 0) await suite.api.readyPod({ ...pod, replacing: uid });
      }
      await echoes.more(parallel);
      await echoes.finish();

      expect(echoes.failures).toEqual([]);
      expect(outcomes.whole).toBeGreaterThan(parallel);
      await annotate(`${outcomes.whole} streams whole, ${outcomes.cut} cut by the restarts, each a prefix`);
    });

    test('a stalled reader leaves the others untouched', async () => {
      const ports = [`:${netPorts.chargen}`, `:${netPorts.identity}`, `:${netPorts.echo}`];
      await using forward = suite.forward({ target: 'sts/net/0', ports, carrier });
      using _stalled = await StalledReader.open(await forward.port(0));
      const [identityPort, echoPort] = [await forward.port(1), await forward.port(2)];
      await using load = new Load(8, () => readLine(identityPort));
      await load.more(400);
      const echo = await checkedEcho(echoPort, 1024 * 1024);
      await load.finish();
      expect(load.failures).toEqual([]);
      expect(echo.outcome).toBe('whole');
    });
  });
});

/** What so many clients that send nothing are greeted with; an error is a greeting that nobody expects. */
function greetings(port: number, count: number): Promise<string[]> {
  const one = () =>
    readLine(port).then(
      ({ text }) => text,
      (error: Error) => `failed: ${error.message}`,
    );
  return Promise.all(Array.from({ length: count }, one));
}
