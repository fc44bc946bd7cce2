import { beforeAll, expect, test } from 'vitest';
import { DaemonHome, firstLine } from '../support/daemon-fixture.ts';
import { freePort } from '../support/free-port.ts';
import { netStatefulSet, service } from '../support/manifests.ts';
import { describeOnRealcluster } from '../support/suite.ts';

const user = 'dev@example.com';
const rbac = 'rbac.authorization.k8s.io';

describeOnRealcluster('objects', (suite) => {
  const { namespace } = suite;

  beforeAll(async () => {
    await suite.api.apply(
      netStatefulSet({ namespace, name: 'net' }),
      service({
        namespace,
        name: 'net',
        app: 'net',
        ports: [{ name: 'hello', port: 80, targetPort: 'banner' }],
      }),
    );
    await suite.api.readyPod({ namespace, name: 'net-0' });
  });

  test('are listed with what is ready, and lead there by the cluster that they name', async () => {
    await using home = await DaemonHome.create({ KUBECONFIG: suite.kubeconfig });
    await using _daemon = await home.start();
    await using control = home.control();
    const { objects, cluster, refused } = await control.call('objects', { namespace });
    expect(refused).toEqual([]);
    expect(objects).toMatchObject([
      { kind: 'Service', name: 'net', ports: [{ port: 80, name: 'hello', kind: 'http' }] },
      { kind: 'StatefulSet', name: 'net', pods: { ready: 1, wanted: 1 } },
    ]);
    const local = await freePort();
    const profile = { cluster, namespace, target: 'service/net', port: 'hello', local };
    await home.writeProfiles({ profiles: { net: profile } });
    await control.call('reload', {});
    const { outcomes } = await control.call('up', { names: ['net'], waitMs: 20_000 });
    expect(outcomes[0]?.tunnel?.shown).toBe('ready');
    expect(await firstLine(local)).toBe('hello from net-0');

    const { objects: everywhere } = await control.call('objects', { allNamespaces: true });
    expect(everywhere).toContainEqual(
      expect.objectContaining({ namespace: 'default', name: 'kubernetes', withoutPods: 'no-selector' }),
    );
    const { namespaces } = await control.call('namespaces', {});
    expect(namespaces).toContainEqual({ name: namespace, phase: 'Active' });
  });

  test('of one name are found by who may see that one alone; what may not be listed is told', async () => {
    const metadata = { name: 'sees-one', namespace };
    await suite.api.apply(
      {
        apiVersion: `${rbac}/v1`,
        kind: 'Role',
        metadata,
        rules: [{ apiGroups: [''], resources: ['services'], resourceNames: ['net'], verbs: ['list'] }],
      },
      {
        apiVersion: `${rbac}/v1`,
        kind: 'RoleBinding',
        metadata,
        subjects: [{ kind: 'User', name: user, apiGroup: rbac }],
        roleRef: { kind: 'Role', name: metadata.name, apiGroup: rbac },
      },
    );
    await using home = await DaemonHome.create({ KUBECONFIG: suite.realcluster.developer });
    await using _daemon = await home.start();
    await using control = home.control();
    // The API server sees a new Role a moment later.
    let one = await control.call('objects', { namespace, name: 'net' });
    while (one.refused.length === 2) one = await control.call('objects', { namespace, name: 'net' });
    expect(one.objects).toMatchObject([{ kind: 'Service', name: 'net' }]);
    expect(one.refused).toMatchObject([{ kind: 'StatefulSet', error: { code: 'SP-FORBIDDEN' } }]);
    const all = await control.call('objects', { namespace });
    expect(all.refused).toMatchObject([
      { kind: 'Service', error: { details: { user, verb: 'list', resource: 'services', namespace } } },
      { kind: 'StatefulSet' },
    ]);
    const { refused, namespaces } = await control.call('namespaces', {});
    expect(refused).toMatchObject({ code: 'SP-FORBIDDEN', details: { resource: 'namespaces' } });
    expect(namespaces).toHaveLength(1);
  });
});
