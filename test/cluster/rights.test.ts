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

  // Both at once: where nothing may be watched, the next look is half a minute away.
  test('with --wait it says what is missing, and works once the Role is there', async () => {
    await Promise.all(
      carriers.map(async (carrier) => {
        const toPod = { target: `pod/${carrier}`, ports, carrier, extraArguments: ['--wait'] };
        await using forward = suite.forward({ ...toPod, kubeconfig: suite.realcluster.developer });
        const needy = await forward.state('needs you');
        expect(needy).toMatchObject({ state: { error: { code: 'SP-FORBIDDEN', details: { user } } } });

        const reply = readLine(await forward.port());
        const name = `only-${carrier}`;
        await suite.api.apply(...portForwardRole({ namespace, name, user, pods: [carrier] }));
        expect((await reply).text).toBe(`hello from ${carrier}`);
        await suite.api.delete({ kind: 'RoleBinding', namespace, name });
      }),
    );
  });

  describe.each(carriers)('over %s', (carrier) => {
    test('without rights it says what is missing, with exit code 5', async () => {
      const kubeconfig = suite.realcluster.developer;
      await using forward = suite.forward({ target: `pod/${carrier}`, ports, carrier, kubeconfig });
      expect(await forward.ended()).toEqual({ code: 5, signal: null });
      const error = expect.objectContaining({ code: 'SP-FORBIDDEN' });
      expect(forward.events).toContainEqual(expect.objectContaining({ event: 'error', error }));
    });

    test('an admission policy that denies port-forwards is told apart from RBAC', async () => {
      const policy = noPortForwards({ namespace, message: 'port-forwards are closed on Fridays' });
      await suite.api.apply(...policy);
      try {
        await suite.api.admission({ namespace, pod: carrier, denied: true });
        const toPod = { target: `pod/${carrier}`, ports, carrier, extraArguments: ['--wait'] };
        await using forward = suite.forward(toPod);
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
