import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SocketControl } from '../../src/client/socket-control.ts';
import type { AccessRequest } from '../../src/sandbox/access.ts';
import { netserverManifest } from '../../src/sandbox/manifest.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { DaemonHome } from '../support/daemon-fixture.ts';
import { expectNoHandles } from '../support/no-handles.ts';

/** What there is to choose from, asked of a daemon over a cluster that answers in pages and may refuse. */
let sandbox: Sandbox;
let control: SocketControl;
const stack = new AsyncDisposableStack();

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), 'objects-'));
  stack.defer(() => rm(dir, { recursive: true }));
  const core = { apiVersion: 'v1', kind: 'Service' };
  const many = Array.from({ length: 600 }, (_, index) => ({
    ...core,
    metadata: { name: `s-${index}`, namespace: 'many' },
    spec: { selector: { app: 'x' }, ports: [{ port: 80 }] },
  }));
  sandbox = await startSandbox({
    dir,
    manifest: [
      ...netserverManifest(),
      {
        ...core,
        metadata: { name: 'orders-rw', namespace: 'shop', labels: { 'cnpg.io/cluster': 'orders' } },
        spec: { selector: { 'cnpg.io/instanceRole': 'primary' }, ports: [{ name: 'postgres', port: 5432 }] },
      },
      ...many,
    ],
  });
  stack.defer(() => sandbox.stop());
  await sandbox.controls.pods.until('default/net-0');
  const home = stack.use(await DaemonHome.create({ KUBECONFIG: sandbox.kubeconfigPath }));
  stack.use(await home.start());
  control = stack.use(home.control());
});
afterAll(async () => {
  await stack.disposeAsync();
  await expectNoHandles();
});

const may = (allow: (request: AccessRequest) => boolean) => {
  sandbox.controls.setAccess((_user, request) => allow(request));
  return { [Symbol.dispose]: () => sandbox.controls.setAccess(() => true) };
};

describe('contexts', () => {
  it('are those of the kubeconfig, with the current one', async () => {
    const { contexts, complete } = await control.call('contexts', {});
    expect(complete).toBe(true);
    expect(contexts.filter(({ current }) => current)).toEqual([
      expect.objectContaining({ server: sandbox.server, namespace: 'default' }),
    ]);
  });
});

describe('namespaces', () => {
  it('are listed with their phase', async () => {
    const { namespaces, current, refused } = await control.call('namespaces', {});
    expect(namespaces).toContainEqual({ name: 'many', phase: 'Active' });
    expect({ current, refused }).toEqual({ current: 'default', refused: undefined });
  });

  it('are the own one, and why no other, where they may not be listed', async () => {
    using _ = may(({ resource }) => resource !== 'namespaces');
    expect(await control.call('namespaces', {})).toMatchObject({
      namespaces: [{ name: 'default' }],
      complete: false,
      refused: { code: 'SP-FORBIDDEN', details: { verb: 'list', resource: 'namespaces' } },
    });
  });
});

describe('objects', () => {
  it("of the context's namespace, with ports and ready pods, and the cluster as a profile names it", async () => {
    const { objects, cluster, ...rest } = await control.call('objects', {});
    expect(rest).toMatchObject({ namespace: 'default', server: sandbox.server, complete: true, refused: [] });
    expect(objects.map(({ kind, name, pods }) => ({ kind, name, pods }))).toEqual([
      { kind: 'Service', name: 'net', pods: { ready: 1, wanted: 1 } },
      { kind: 'StatefulSet', name: 'net', pods: { ready: 1, wanted: 1 } },
    ]);
    expect(objects[1]?.ports).toContainEqual({ port: 7007, name: 'echo', protocol: 'TCP' });
    expect(cluster).toMatchObject({
      server: sandbox.server,
      caFingerprint: expect.stringMatching(/^\w{64}$/),
    });
  });

  it('of all namespaces, page by page', async () => {
    const { objects, namespace } = await control.call('objects', { allNamespaces: true });
    expect(namespace).toBeUndefined();
    expect(objects.length).toBe(603);
    expect(objects.find(({ name }) => name === 'orders-rw')).toMatchObject({
      namespace: 'shop',
      ports: [{ kind: 'postgres' }],
      database: { operator: 'CloudNativePG', cluster: 'orders', role: 'primary' },
    });
  });

  it('of one name are those alone', async () => {
    const { objects } = await control.call('objects', { namespace: 'many', name: 's-7' });
    expect(objects).toMatchObject([{ kind: 'Service', name: 's-7', pods: { ready: 0, wanted: 0 } }]);
  });

  it('tell which kind may not be listed, beside those of the other', async () => {
    using _ = may(({ resource }) => resource !== 'statefulsets' && resource !== 'endpointslices');
    const { objects, refused } = await control.call('objects', {});
    expect(objects).toMatchObject([{ kind: 'Service', name: 'net' }]);
    // Without endpoints it is not known how many pods are ready.
    expect(objects[0]?.pods).toBeUndefined();
    expect(refused).toMatchObject([{ kind: 'StatefulSet', error: { code: 'SP-FORBIDDEN' } }]);
  });

  it('of a context that is not there are refused by its name', async () => {
    await expect(control.call('objects', { context: 'absent' })).rejects.toMatchObject({
      code: 'SP-CONTEXT-UNKNOWN',
    });
    await expect(control.call('objects', { namespace: 'a', allNamespaces: true })).rejects.toMatchObject({
      code: 'SP-USAGE',
    });
  });
});
