import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ClusterApi } from '../support/cluster-api.ts';
import { writeKubeconfig } from '../support/kubeconfig-file.ts';
import { readLine } from '../support/line-client.ts';
import { Load } from '../support/load.ts';
import { netPod, netPorts } from '../support/manifests.ts';
import { portForwardRole } from '../support/rbac.ts';
import { carriers, describeOnRealcluster } from '../support/suite.ts';

const developer = 'dev@example.com';
/** The plugin's tokens live 20 s, and the API server may accept one 10 s longer. */
const longerThanATokenMs = 36_000;

describeOnRealcluster('credentials', (suite) => {
  const { namespace } = suite;
  const toNet = { target: 'pod/net', ports: [`:${netPorts.banner}`] };
  let dir: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'sallyport-credentials-'));
    await suite.api.apply(
      netPod({ namespace, name: 'net' }),
      ...portForwardRole({ namespace, name: 'may-forward', user: developer }),
    );
    await suite.api.readyPod({ namespace, name: 'net' });
  });

  afterAll(() => rm(dir, { recursive: true, force: true }));

  test.each(carriers)('a client certificate over %s', async (carrier) => {
    await using forward = suite.forward({ ...toNet, carrier, kubeconfig: suite.realcluster.developer });
    expect((await readLine(await forward.port())).text).toBe('hello from net');
  });

  test('an exec plugin whose tokens live 20 s: connections throughout, on both carriers', async () => {
    await using all = new AsyncDisposableStack();
    const kubeconfig = suite.realcluster.exec;
    const forwards = carriers.map((carrier) => all.use(suite.forward({ ...toNet, carrier, kubeconfig })));
    const ports = await Promise.all(forwards.map((forward) => forward.port()));
    const loads = ports.map((port) => all.use(new Load(1, () => readLine(port))));
    const until = performance.now() + longerThanATokenMs;
    // Dropped again and again, so that sessions must be opened with whatever credentials there are then.
    while (performance.now() < until) {
      await suite.controls.bounceKubelet(200);
      await Promise.all(loads.map((load) => load.more(200)));
    }
    await Promise.all(loads.map((load) => load.finish()));
    for (const load of loads) expect(load.failures).toEqual([]);
  });

  describe.each(carriers)('over %s', (carrier) => {
    test('a revoked token: it says to log in, and goes on by itself with the next one', async () => {
      const kubeconfig = join(dir, `token-${carrier}`);
      const renew = async () => {
        const token = await suite.controls.token(developer, 600);
        await writeKubeconfig(kubeconfig, { from: suite.kubeconfig, user: { token } });
      };
      await renew();
      await using forward = suite.forward({ ...toNet, carrier, kubeconfig });
      const port = await forward.port();
      expect((await readLine(port)).text).toBe('hello from net');

      using asUser = await ClusterApi.load(kubeconfig);
      await suite.controls.revokeTokens();
      await asUser.refused({ kind: 'Pod', namespace, name: 'net' });
      const seen = forward.events.length;
      await suite.controls.bounceKubelet(100);
      const reply = readLine(port);
      const needy = await forward.state('needs you', seen);
      expect(needy).toMatchObject({ state: { error: { code: 'SP-LOGIN-REQUIRED' } } });

      await renew();
      expect((await reply).text).toBe('hello from net');
    });
  });
});
