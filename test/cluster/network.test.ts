import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { checkedEcho } from '../support/checked-echo.ts';
import { Conversation, readLine } from '../support/line-client.ts';
import { Load } from '../support/load.ts';
import { netPod, netPorts } from '../support/manifests.ts';
import { carriers, describeOnRealcluster } from '../support/suite.ts';

const silenceMs = 30_000;

describeOnRealcluster('network', (suite) => {
  const { namespace } = suite;
  const ports = [`:${netPorts.banner}`, `:${netPorts.echo}`];
  const far = { target: 'pod/net', ports, kubeconfig: suite.realcluster.far };

  beforeAll(async () => {
    await suite.api.apply(netPod({ namespace, name: 'net' }));
    await suite.api.readyPod({ namespace, name: 'net' });
  });

  afterEach(() => suite.controls.far());

  describe.each(carriers)('over %s', (carrier) => {
    test('slow: all that is sent comes back', async () => {
      await suite.controls.far({ delayMs: 100 });
      await using forward = suite.forward({ ...far, carrier });
      const port = await forward.port(1);
      const echoes = Array.from({ length: 8 }, () => checkedEcho(port, 128 * 1024));
      for (const { outcome } of await Promise.all(echoes)) expect(outcome).toBe('whole');
    });

    test('reset: open streams end, no greeting fails', async () => {
      await using forward = suite.forward({ ...far, carrier });
      const [bannerPort, echoPort] = [await forward.port(0), await forward.port(1)];
      using conversation = new Conversation(echoPort);
      await conversation.echo('before');
      await using load = new Load(4, () => readLine(bannerPort));
      await load.more(4);
      for (let round = 0; round < 3; round++) {
        await suite.controls.far({ reset: true });
        await load.more(8);
      }
      await conversation.closed;
      await load.finish();
      expect(load.failures).toEqual([]);
    });
  });

  test('silent for 30 s: what waits is served when the network is back', async () => {
    const forwards = carriers.map((carrier) => suite.forward({ ...far, carrier }));
    await using cleanUp = new AsyncDisposableStack();
    for (const forward of forwards) cleanUp.use(forward);
    const ofPorts = await Promise.all(forwards.map((forward) => forward.port(0)));
    const loads = ofPorts.map((port) => new Load(2, () => readLine(port)));
    await Promise.all(loads.map((load) => load.more(2)));

    await suite.controls.far({ silent: true });
    const ended = new Promise((resolve) => setTimeout(resolve, silenceMs));
    await ended;
    await suite.controls.far();

    await Promise.all(loads.map((load) => load.more(8)));
    await Promise.all(loads.map((load) => load.finish()));
    for (const load of loads) expect(load.failures).toEqual([]);
  });
});
