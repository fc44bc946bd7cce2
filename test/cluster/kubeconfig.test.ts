import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ClusterApi } from '../support/cluster-api.ts';
import { writeKubeconfig } from '../support/kubeconfig-file.ts';
import { readLine } from '../support/line-client.ts';
import { connectProxy, socksProxy } from '../support/loopback-proxies.ts';
import { netPod, netPorts } from '../support/manifests.ts';
import { portForwardRole } from '../support/rbac.ts';
import type { Forward } from '../support/subject.ts';
import { carriers, describeOnRealcluster } from '../support/suite.ts';

const developer = 'dev@example.com';
const greeting = 'hello from net';

describeOnRealcluster('kubeconfig', (suite) => {
  const { namespace } = suite;
  const toNet = { target: 'pod/net', ports: [`:${netPorts.banner}`] };
  let dir: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'sallyport-kubeconfig-'));
    await suite.api.apply(
      netPod({ namespace, name: 'net' }),
      ...portForwardRole({ namespace, name: 'may-forward', user: developer }),
    );
    await suite.api.readyPod({ namespace, name: 'net' });
  });

  afterAll(() => rm(dir, { recursive: true, force: true }));

  /** Of the developer, whose token is good for this cluster alone. */
  async function asDeveloper(
    name: string,
    cluster: Readonly<Record<string, string | boolean>> = {},
  ): Promise<string> {
    const path = join(dir, name);
    const token = await suite.controls.token(developer, 600);
    await writeKubeconfig(path, { from: suite.kubeconfig, cluster, user: { token } });
    return path;
  }

  const greetingOf = async (forward: Forward) => (await readLine(await forward.port())).text;

  describe.each(carriers)('over %s', (carrier) => {
    test.each([
      ['http', connectProxy],
      ['socks5', socksProxy],
    ] as const)('a %s proxy-url carries all that goes to the API server', async (protocol, startProxy) => {
      const proxy = await startProxy();
      const kubeconfig = await asDeveloper(`${protocol}-${carrier}`, {
        'proxy-url': `${protocol}://127.0.0.1:${proxy.port}`,
      });
      await using forward = suite.forward({ ...toNet, carrier, kubeconfig });
      expect(await greetingOf(forward)).toBe(greeting);
      expect(proxy.seen.tunnels.length).toBeGreaterThan(0);
    });

    test('--as: the cluster sees the other user, and judges by its rights', async () => {
      await using allowed = suite.forward({ ...toNet, carrier, extraArguments: ['--as', developer] });
      expect(await greetingOf(allowed)).toBe(greeting);
      await using refused = suite.forward({
        ...toNet,
        carrier,
        extraArguments: ['--as', 'nobody@example.com'],
      });
      expect(await refused.ended()).toEqual({ code: 5, signal: null });
      const details = expect.objectContaining({ user: 'nobody@example.com' });
      const error = expect.objectContaining({ code: 'SP-FORBIDDEN', details });
      expect(refused.events).toContainEqual(expect.objectContaining({ event: 'error', error }));
    });
  });

  test('a certificate is checked for tls-server-name, and one of another name is refused', async () => {
    const right = await asDeveloper('right-name', { 'tls-server-name': 'kubernetes.default.svc' });
    await using forward = suite.forward({ ...toNet, carrier: 'auto', kubeconfig: right });
    expect(await greetingOf(forward)).toBe(greeting);
    const wrong = await asDeveloper('wrong-name', { 'tls-server-name': 'api.example.com' });
    await using refused = suite.forward({ ...toNet, carrier: 'auto', kubeconfig: wrong });
    const error = expect.objectContaining({ code: 'SP-API-TLS' });
    expect(await refused.ended()).toMatchObject({ code: 6 });
    expect(refused.events).toContainEqual(expect.objectContaining({ event: 'error', error }));
  });

  test('insecure-skip-tls-verify serves, and is said aloud', async () => {
    const kubeconfig = await asDeveloper('insecure', {
      'certificate-authority': '',
      'certificate-authority-data': '',
      'insecure-skip-tls-verify': true,
    });
    await using forward = suite.forward({ ...toNet, carrier: 'auto', kubeconfig });
    expect(await greetingOf(forward)).toBe(greeting);
    expect(forward.stderr).toMatch(/^warning: the certificate of \S+ is not verified/m);
  });

  test('a tokenFile is read again: a token that was revoked is replaced by the next one in it', async () => {
    const tokenFile = join(dir, 'token');
    const old = join(dir, 'old-token');
    const renew = async () => {
      const token = await suite.controls.token(developer, 600);
      await writeFile(tokenFile, token);
      return token;
    };
    await writeKubeconfig(old, { from: suite.kubeconfig, user: { token: await renew() } });
    const kubeconfig = join(dir, 'token-file');
    await writeKubeconfig(kubeconfig, { from: suite.kubeconfig, user: { tokenFile } });
    await using forward = suite.forward({ ...toNet, carrier: 'auto', kubeconfig });
    expect(await greetingOf(forward)).toBe(greeting);
    using withOld = await ClusterApi.load(old);
    await suite.controls.revokeTokens();
    await renew();
    await withOld.refused({ kind: 'Pod', namespace, name: 'net' });
    await suite.controls.bounceKubelet(100);
    expect(await greetingOf(forward)).toBe(greeting);
  });

  test('a KUBECONFIG list is read as kubectl reads it: missing files are passed over, the first of a name counts', async () => {
    const first = await asDeveloper('first');
    const second = join(dir, 'second');
    await writeKubeconfig(second, { cluster: { server: 'https://127.0.0.1:1' }, user: { token: 'x' } });
    const KUBECONFIG = [join(dir, 'missing'), first, second].join(':');
    await using forward = suite.forward({
      ...toNet,
      carrier: 'auto',
      kubeconfig: undefined,
      env: { KUBECONFIG },
    });
    expect(await greetingOf(forward)).toBe(greeting);
  });

  test('a user who may get and not watch is served, and told that changes are learnt of late', async () => {
    const user = 'reader@example.com';
    const [role, binding] = portForwardRole({ namespace, name: 'may-only-get', user, pods: ['net'] });
    const rules = (role as unknown as { rules: { verbs: string[] }[] }).rules;
    rules[0]!.verbs = ['get'];
    await suite.api.apply(role!, binding!);
    const kubeconfig = join(dir, 'reader');
    const token = await suite.controls.token(user, 600);
    await writeKubeconfig(kubeconfig, { from: suite.kubeconfig, user: { token } });
    await using forward = suite.forward({ ...toNet, carrier: 'auto', kubeconfig });
    expect(await greetingOf(forward)).toBe(greeting);
    const ready = await forward.state('ready');
    expect(ready).toMatchObject({ state: { polled: true } });
  });
});
