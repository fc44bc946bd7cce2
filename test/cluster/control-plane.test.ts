import { beforeAll, describe, expect, test } from 'vitest';
import { Conversation, readLine } from '../support/line-client.ts';
import { Load } from '../support/load.ts';
import { netPod, netPorts } from '../support/manifests.ts';
import { carriers, describeOnRealcluster } from '../support/suite.ts';

describeOnRealcluster('control plane', (suite) => {
  const { namespace } = suite;
  const ports = [`:${netPorts.banner}`, `:${netPorts.echo}`];

  beforeAll(async () => {
    await suite.api.apply(netPod({ namespace, name: 'net' }));
    await suite.api.readyPod({ namespace, name: 'net' });
  });

  describe.each(carriers)('over %s', (carrier) => {
    test.each([
      ['the kubelet is bounced', () => suite.controls.bounceKubelet(1000)],
      ['the API server is killed and restarted', () => suite.controls.restart('kube-apiserver', 1000)],
    ] as const)('%s: open streams end, no greeting fails', async (_, fault) => {
      await using forward = suite.forward({ target: 'pod/net', ports, carrier });
      const [bannerPort, echoPort] = [await forward.port(0), await forward.port(1)];
      using conversation = new Conversation(echoPort);
      await conversation.echo('before');
      await using load = new Load(4, () => readLine(bannerPort));
      await load.more(4);

      await fault();
      await conversation.closed;
      await load.more(8);
      await load.finish();
      expect(load.failures).toEqual([]);
      using again = new Conversation(echoPort);
      await again.echo('after');
    });
  });
});
