import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Pod } from './kube-object.ts';
import { netserverPorts } from './manifest.ts';
import { call, open, spdyHeaders } from './raw-client.fixture.ts';
import { pod, podPath, useSandbox } from './sandbox.fixture.ts';
import { startSandbox } from './sandbox.ts';

const cluster = useSandbox();

async function* linesOf(
  response: AsyncIterable<string>,
): AsyncGenerator<{ type: string; object: Pod & { code?: number } }> {
  let rest = '';
  for await (const chunk of response) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield JSON.parse(line);
  }
}

test('without a valid identity everything is 401', async () => {
  const nobody = await call(cluster.sandbox, { path: podPath, token: 'unknown' });
  expect(nobody.httpCode).toBe(401);
  expect(JSON.parse(nobody.body)).toMatchObject({ kind: 'Status', reason: 'Unauthorized', code: 401 });
  const token = cluster.controls.tokens.issue({ user: 'eve', groups: [] });
  expect((await call(cluster.sandbox, { path: podPath, token })).httpCode).toBe(200);
  cluster.controls.tokens.expire(token);
  expect((await call(cluster.sandbox, { path: podPath, token })).httpCode).toBe(401);
});

test('access rules hold by resource name, and reviews say the same', async () => {
  cluster.controls.setAccess(
    (_who, { subresource, name }) => subresource !== 'portforward' || name === 'other',
  );
  const refused = await cluster.refused();
  expect(refused.httpCode).toBe(403);
  expect(JSON.parse(refused.body).message).toBe(
    'pods "net-0" is forbidden: User "sandbox-admin" cannot create resource "pods/portforward" in API group "" in the namespace "default"',
  );
  const review = async (name: string) => {
    const attributes = {
      verb: 'create',
      resource: 'pods',
      subresource: 'portforward',
      namespace: 'default',
      name,
    };
    const answer = await call(cluster.sandbox, {
      method: 'POST',
      path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      body: { spec: { resourceAttributes: attributes } },
    });
    return JSON.parse(answer.body).status.allowed;
  };
  expect([await review('net-0'), await review('other'), await review('')]).toEqual([false, true, false]);
  const self = { method: 'POST', path: '/apis/authentication.k8s.io/v1/selfsubjectreviews', body: {} };
  expect(JSON.parse((await call(cluster.sandbox, self)).body).status.userInfo).toEqual({
    username: 'sandbox-admin',
    groups: ['system:masters', 'system:authenticated'],
  });
});

test("a request's own Audit-ID is adopted, on upgrades too", async () => {
  const answer = await call(cluster.sandbox, { path: podPath, headers: { 'audit-id': 'mine-1' } });
  expect(answer.headers['audit-id']).toBe('mine-1');
  cluster.controls.sessions.refuseUpgrades('spdy');
  await cluster.refused({ ...spdyHeaders, 'audit-id': 'mine-2' });
  expect(cluster.controls.auditIds()).toEqual(expect.arrayContaining(['mine-1', 'mine-2']));
});

test('requests fail as told, as often as told, with Retry-After', async () => {
  cluster.controls.api.fail({ httpCode: 503, retryAfterSeconds: 1, count: 1 });
  cluster.controls.api.fail({ httpCode: 429, count: 1, path: /pods/ });
  const first = await call(cluster.sandbox, { path: podPath });
  expect([first.httpCode, first.headers['retry-after']]).toEqual([503, '1']);
  expect((await call(cluster.sandbox, { path: '/version' })).httpCode).toBe(200);
  expect((await call(cluster.sandbox, { path: podPath })).httpCode).toBe(429);
  expect((await call(cluster.sandbox, { path: podPath })).httpCode).toBe(200);
});

test('a deleted pod of the StatefulSet comes back with a new UID, and a watch sees every step', async () => {
  const before = await cluster.controls.pods.until(pod);
  const path = '/api/v1/namespaces/default/pods?watch=true&fieldSelector=metadata.name%3Dnet-0';
  const response = await open(cluster.sandbox, { path });
  await call(cluster.sandbox, { method: 'DELETE', path: podPath });
  const steps: string[] = [];
  for await (const { type, object } of linesOf(response.setEncoding('utf8'))) {
    const own = object.metadata.uid === before.metadata.uid ? 'old' : 'new';
    const ready = object.status.conditions.find((each) => each.type === 'Ready')?.status === 'True';
    const step = `${type} ${own}${object.metadata.deletionTimestamp ? ' ending' : ''}${ready ? ' ready' : ''}`;
    if (step !== steps.at(-1)) steps.push(step);
    if (own === 'new' && ready) break;
  }
  expect(steps).toEqual([
    'ADDED old ready',
    'MODIFIED old ending ready',
    'MODIFIED old ending',
    'DELETED old ending',
    'ADDED new',
    'MODIFIED new',
    'MODIFIED new ready',
  ]);
});

test('expired watches end with an ERROR 410, and old versions with HTTP 410', async () => {
  const { resourceVersion } = JSON.parse(
    (await call(cluster.sandbox, { path: '/api/v1/pods' })).body,
  ).metadata;
  const response = await open(cluster.sandbox, {
    path: `/api/v1/pods?watch=true&resourceVersion=${resourceVersion}`,
  });
  cluster.controls.pods.setReady(pod, true);
  cluster.controls.expireWatches();
  const events = [];
  for await (const event of linesOf(response.setEncoding('utf8'))) events.push(event);
  expect(events.at(-1)).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } });
  const late = await call(cluster.sandbox, {
    path: `/api/v1/pods?watch=true&resourceVersion=${resourceVersion}`,
  });
  expect([late.httpCode, JSON.parse(late.body).reason]).toEqual([410, 'Expired']);
  expect(cluster.controls.openWatches()).toBe(0);
});

test('readiness decides what the EndpointSlice says', async () => {
  const { pods, store } = cluster.controls;
  await pods.until(pod);
  const endpoint = () => store.list('endpointslices', { namespace: 'default' }).items[0]?.endpoints[0];
  const changed = (ready: boolean) =>
    new Promise<void>((resolve) => {
      const stop = store.onChange(() => {
        if (endpoint()?.conditions.ready !== ready) return;
        stop();
        resolve();
      });
    });
  const becameUnready = changed(false);
  pods.setReady(pod, false);
  await becameUnready;
  const becameReady = changed(true);
  pods.setReady(pod, true);
  await becameReady;
  const slice = store.list('endpointslices', { namespace: 'default' }).items[0];
  expect(slice?.ports).toContainEqual({ name: 'echo', port: netserverPorts.echo, protocol: 'TCP' });
  expect(endpoint()?.targetRef).toMatchObject({
    kind: 'Pod',
    name: 'net-0',
    uid: pods.get(pod)?.metadata.uid,
  });
});

test('a killed container restarts in its pod: same UID, one restart more', async () => {
  const { pods } = cluster.controls;
  const before = await pods.until(pod);
  pods.kill(pod);
  await pods.until(pod, (each) => each.status.containerStatuses?.[0]?.ready === false);
  const after = await pods.until(pod);
  expect(after.metadata.uid).toBe(before.metadata.uid);
  const [was, is] = [before, after].map((each) => each.status.containerStatuses![0]!);
  expect(is!.restartCount).toBe(was!.restartCount + 1);
  expect(is!.lastState.terminated).toMatchObject({ exitCode: 137, signal: 9 });
});

test('a start that fails says why and leaves nothing behind', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const failedDir = await mkdtemp(join(tmpdir(), 'sandbox-test-'));
  const failing = startSandbox({ dir: failedDir, port: (taken.address() as { port: number }).port });
  await expect(failing).rejects.toMatchObject({ code: 'SP-SANDBOX-START' });
  expect(await readdir(failedDir)).toEqual([]);
  await rm(failedDir, { recursive: true });
  taken.close();
  await once(taken, 'close');
});
