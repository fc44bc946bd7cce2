import { beforeAll, describe, expect, test } from 'vitest';
import { readLine } from '../support/line-client.ts';
import { netPod, netPorts } from '../support/manifests.ts';
import { noPortForwards, portForwardRole } from '../support/rbac.ts';
import { carriers, describeOnRealcluster } from '../support/suite.ts';

const user = 'dev@example.com';

describeOnRealcluster('rights', (suite) => {
  const { namespace } = suite;
  const ports = [`:${netPorts.banner}`];

  beforeAll(async () => {
    await suite.api.apply(...carriers.map((carrier) => netPod({ namespace, name: carrier })));
    for (const name of carriers) await suite.api.readyPod({ namespace, name });
  });

  describe.each(carriers)('over %s', (carrier) => {
    test('without rights it says what is missing, and works once the Role is there', async () => {
      const kubeconfig = suite.realcluster.developer;
      await using forward = suite.forward({ target: `pod/${carrier}`, ports, carrier, kubeconfig });
      const needy = await forward.state('needs you');
      expect(needy).toMatchObject({ state: { error: { code: 'SP-FORBIDDEN', details: { user } } } });

      const reply = readLine(await forward.port());
      const name = `only-${carrier}`;
      await suite.api.apply(...portForwardRole({ namespace, name, user, pods: [carrier] }));
      expect((await reply).text).toBe(`hello from ${carrier}`);
      expect(forward.exit).toBeUndefined();
    });

    test('an admission policy that denies port-forwards is told apart from RBAC', async () => {
      const policy = noPortForwards({ namespace, message: 'port-forwards are closed on Fridays' });
      await suite.api.apply(...policy);
      try {
        await suite.api.admission({ namespace, pod: carrier, denied: true });
        await using forward = suite.forward({ target: `pod/${carrier}`, ports, carrier });
        const needy = await forward.state('needs you');
        expect(needy).toMatchObject({ state: { error: { code: 'SP-ADMISSION-DENIED' } } });
        expect(JSON.stringify(needy)).toContain('port-forwards are closed on Fridays');

        const reply = readLine(await forward.port());
        for (const { kind, metadata } of policy.toReversed())
          await suite.api.delete({ kind, name: metadata.name });
        expect((await reply).text).toBe(`hello from ${carrier}`);
      } finally {
        for (const { kind, metadata } of policy.toReversed())
          await suite.api.delete({ kind, name: metadata.name });
        await suite.api.admission({ namespace, pod: carrier, denied: false });
      }
    });
  });
});
