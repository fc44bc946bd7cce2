import { Client } from 'pg';
import { beforeAll, expect, test } from 'vitest';
import { Secret } from '../../src/base/secret.ts';
import { psql } from '../support/debian-postgres.ts';
import { engineDial } from '../support/engine-dial.ts';
import { local, openGateway } from '../support/gateway-fixture.ts';
import { postgresLogin, postgresStatefulSet } from '../support/manifests.ts';
import { describeOnCluster } from '../support/suite.ts';

describeOnCluster('gateway', (suite) => {
  const name = 'guarded';
  beforeAll(async () => {
    await suite.api.apply(postgresStatefulSet({ namespace: suite.namespace, name }));
    await suite.api.readyPod({ namespace: suite.namespace, name: `${name}-0` });
  });

  async function open() {
    const { kubeconfig, namespace } = suite;
    const way = await engineDial({ kubeconfig, namespace, target: `sts/${name}/0`, port: 5432 });
    const credentials = async () => [
      { user: postgresLogin.user, password: new Secret(postgresLogin.password) },
    ];
    const gateway = await openGateway({ dial: way.dial, upstream: { credentials }, holdMs: 60_000 });
    return {
      ...gateway,
      login: { port: gateway.port, password: local.password, database: postgresLogin.database },
      async [Symbol.asyncDispose]() {
        await gateway[Symbol.asyncDispose]();
        await way[Symbol.asyncDispose]();
      },
    };
  }

  test('psql logs in with the password of the tunnel, and not with that of the database', async () => {
    await using gateway = await open();
    expect(await psql(gateway.login, 'select current_user')).toBe(postgresLogin.user);
    await expect(
      psql({ ...gateway.login, password: postgresLogin.password }, 'select 1'),
    ).rejects.toMatchObject({ stderr: expect.stringContaining('password authentication failed') });
  });

  test('a pod is deleted: its idle client is told 57P01, and the next query is answered by the new pod', async () => {
    await using gateway = await open();
    const connected = async () => {
      const client = new Client({ host: '127.0.0.1', user: local.user, ...gateway.login });
      client.on('error', () => {});
      await client.connect();
      return client;
    };
    const before = await suite.api.readyPod({ namespace: suite.namespace, name: `${name}-0` });
    const idle = await connected();
    const told = new Promise<{ code?: string }>((resolve) => idle.once('error', resolve));
    await suite.api.delete({ kind: 'Pod', namespace: suite.namespace, name: `${name}-0` });
    expect((await told).code).toBe('57P01');
    const next = await connected();
    expect((await next.query('select 1 as n')).rows).toEqual([{ n: 1 }]);
    await next.end();
    const login = gateway.events.findLast((event) => event.kind === 'login');
    expect(login?.pod.uid).not.toBe(before.metadata.uid);
  });
});
