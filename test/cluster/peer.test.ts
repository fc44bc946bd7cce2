import { beforeAll, expect, test } from 'vitest';
import { readLine } from '../support/line-client.ts';
import { netPorts, netStatefulSet } from '../support/manifests.ts';
import { connectAs, mayBeOtherUser, otherUid, outputOf } from '../support/other-user.ts';
import { describeOnRealcluster } from '../support/suite.ts';

describeOnRealcluster('peer', (suite) => {
  const { namespace } = suite;

  beforeAll(async () => {
    await suite.api.apply(netStatefulSet({ namespace, name: 'net' }));
    await suite.api.readyPod({ namespace, name: 'net-0' });
  });

  test.runIf(mayBeOtherUser)(
    'another user of the machine is refused before the pod, and that is told',
    async () => {
      await using forward = suite.forward({
        target: 'sts/net/0',
        ports: [`:${netPorts.identity}`],
        carrier: 'auto',
        json: true,
      });
      const port = await forward.port();
      // The pod speaks first, so that whoever reaches it reads its name.
      expect((await readLine(port)).text).toContain('net-0');
      expect(await outputOf(connectAs(otherUid, port))).toBe('');
      expect(await forward.event(({ event }) => event === 'connection-denied')).toMatchObject({
        error: { code: 'SP-PEER-DENIED', details: { uid: otherUid } },
      });
      expect((await readLine(port)).text).toContain('net-0');
    },
  );
});
