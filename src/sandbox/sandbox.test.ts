import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Clock, systemClock } from '../base/clock.ts';
import type { Pod } from './kube-object.ts';
import { netserverPorts } from './manifest.ts';
import {
  type Answer,
  call,
  data,
  open,
  openPair,
  portForwardPath,
  SeenFrames,
  spdyHeaders,
  upgrade,
} from './raw-client.fixture.ts';
import { type Sandbox, startSandbox } from './sandbox.ts';
import { refusals } from './session-faults.ts';

const pod = 'default/net-0';
const podPath = '/api/v1/namespaces/default/pods/net-0';

/** The system's clock, counting the timers that still wait. */
class CountingClock implements Clock {
  readonly pending = new Set<object>();
  wallMs = () => systemClock.wallMs();
  nowMs = () => systemClock.nowMs();
  after(delayMs: number, callback: () => void) {
    const key = {};
    this.pending.add(key);
    const timer = systemClock.after(delayMs, () => {
      this.pending.delete(key);
      callback();
    });
    return {
      cancel: () => {
        this.pending.delete(key);
        timer.cancel();
      },
    };
  }
}

let dir: string;
let sandbox: Sandbox;
const clock = new CountingClock();
const sockets: Duplex[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sandbox-test-'));
  sandbox = await startSandbox({ dir, clock });
});

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  sandbox.controls.api.restore();
  sandbox.controls.sessions.allowUpgrades();
  sandbox.controls.sessions.resume();
  sandbox.controls.network.deliver();
  sandbox.controls.network.delay(0);
  sandbox.controls.setAccess(() => true);
});

afterAll(async () => {
  await sandbox.stop();
  await sandbox.stop();
  expect(await readdir(dir)).toEqual([]);
  await rm(dir, { recursive: true });
  // Handles are closed by the turn after their close event.
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  const left = process.getActiveResourcesInfo().filter((each) => /TCP|TLS|Process|Server/.test(each));
  expect(left).toEqual([]);
  expect(clock.pending.size).toBe(0);
});

async function connected(target = pod): Promise<{ socket: Duplex; frames: SeenFrames }> {
  await sandbox.controls.pods.until(target);
  const socket = await upgrade(sandbox, {
    method: 'POST',
    path: portForwardPath(target),
    headers: spdyHeaders,
  });
  if (!('write' in socket)) throw new Error(`refused: ${socket.httpCode} ${socket.body}`);
  sockets.push(socket);
  return { socket, frames: new SeenFrames(socket) };
}

const refusedBy = async (headers: Record<string, string> = spdyHeaders, method = 'POST'): Promise<Answer> => {
  const answer = await upgrade(sandbox, { method, path: portForwardPath(pod), headers });
  if ('write' in answer) throw new Error('the upgrade was accepted');
  return answer;
};

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
  const nobody = await call(sandbox, { path: podPath, token: 'unknown' });
  expect(nobody.httpCode).toBe(401);
  expect(JSON.parse(nobody.body)).toMatchObject({ kind: 'Status', reason: 'Unauthorized', code: 401 });
  const token = sandbox.controls.tokens.issue({ user: 'eve', groups: [] });
  expect((await call(sandbox, { path: podPath, token })).httpCode).toBe(200);
  sandbox.controls.tokens.expire(token);
  expect((await call(sandbox, { path: podPath, token })).httpCode).toBe(401);
});

test('access rules hold by resource name, and reviews say the same', async () => {
  sandbox.controls.setAccess(
    (_who, { subresource, name }) => subresource !== 'portforward' || name === 'other',
  );
  const refused = await refusedBy();
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
    const answer = await call(sandbox, {
      method: 'POST',
      path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      body: { spec: { resourceAttributes: attributes } },
    });
    return JSON.parse(answer.body).status.allowed;
  };
  expect([await review('net-0'), await review('other'), await review('')]).toEqual([false, true, false]);
  const self = { method: 'POST', path: '/apis/authentication.k8s.io/v1/selfsubjectreviews', body: {} };
  expect(JSON.parse((await call(sandbox, self)).body).status.userInfo).toEqual({
    username: 'sandbox-admin',
    groups: ['system:masters', 'system:authenticated'],
  });
});

test("a request's own Audit-ID is adopted, on upgrades too", async () => {
  const answer = await call(sandbox, { path: podPath, headers: { 'audit-id': 'mine-1' } });
  expect(answer.headers['audit-id']).toBe('mine-1');
  const headers = { ...spdyHeaders, 'audit-id': 'mine-2' };
  const socket = await upgrade(sandbox, { method: 'POST', path: portForwardPath(pod), headers });
  sockets.push(socket as Duplex);
  expect(sandbox.controls.auditIds()).toEqual(expect.arrayContaining(['mine-1', 'mine-2']));
});

test('requests fail as told, as often as told, with Retry-After', async () => {
  sandbox.controls.api.fail({ httpCode: 503, retryAfterSeconds: 1, count: 1 });
  sandbox.controls.api.fail({ httpCode: 429, count: 1, path: /pods/ });
  const first = await call(sandbox, { path: podPath });
  expect([first.httpCode, first.headers['retry-after']]).toEqual([503, '1']);
  expect((await call(sandbox, { path: '/version' })).httpCode).toBe(200);
  expect((await call(sandbox, { path: podPath })).httpCode).toBe(429);
  expect((await call(sandbox, { path: podPath })).httpCode).toBe(200);
});

test('a deleted pod of the StatefulSet comes back with a new UID, and a watch sees every step', async () => {
  const before = await sandbox.controls.pods.until(pod);
  const path = '/api/v1/namespaces/default/pods?watch=true&fieldSelector=metadata.name%3Dnet-0';
  const response = await open(sandbox, { path });
  await call(sandbox, { method: 'DELETE', path: podPath });
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
  const { resourceVersion } = JSON.parse((await call(sandbox, { path: '/api/v1/pods' })).body).metadata;
  const response = await open(sandbox, {
    path: `/api/v1/pods?watch=true&resourceVersion=${resourceVersion}`,
  });
  sandbox.controls.pods.setReady(pod, true);
  sandbox.controls.expireWatches();
  const events = [];
  for await (const event of linesOf(response.setEncoding('utf8'))) events.push(event);
  expect(events.at(-1)).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } });
  const late = await call(sandbox, { path: `/api/v1/pods?watch=true&resourceVersion=${resourceVersion}` });
  expect([late.httpCode, JSON.parse(late.body).reason]).toEqual([410, 'Expired']);
  expect(sandbox.controls.openWatches()).toBe(0);
});

test('bytes pass both ways, and a closed port is told on the error stream before its reset', async () => {
  const { socket, frames } = await connected();
  socket.write(Buffer.concat([openPair(1, netserverPorts.echo), data(3, 'hello')]));
  await frames.until((frame) => frame.type === 'data' && frame.text === 'hello');
  socket.write(openPair(5, 7_999));
  const seen = await frames.until(({ type, id }) => type === 'rst' && id === 5);
  const about = seen.filter(({ id }) => id === 5 || id === 7).map((frame) => frame.type);
  expect(about.filter((type) => type !== 'reply')).toEqual(['data', 'data', 'rst']);
  const text = seen.flatMap((frame) => (frame.type === 'data' && frame.id === 5 ? [frame.text] : []))[0];
  expect(text).toMatch(
    /^error forwarding port 7999 to pod [0-9a-f]{64}, uid : failed to execute portforward in network/,
  );
  expect(text).toContain('dial tcp4 127.0.0.1:7999: connect: connection refused');
  // The first connection is untouched.
  socket.write(data(3, 'again'));
  await frames.until((frame) => frame.type === 'data' && frame.text === 'again');
});

test("the pod's close is FIN on both streams, within a second", async () => {
  const { socket, frames } = await connected();
  socket.write(openPair(1, netserverPorts.identity));
  const { metadata } = (await sandbox.controls.pods.until(pod)) as Pod;
  const seen = await frames.until((frame) => frame.type === 'data' && frame.id === 1 && frame.fin);
  expect(seen).toContainEqual(expect.objectContaining({ id: 3, text: `net-0 ${metadata.uid}\n` }));
  expect(seen).toContainEqual(expect.objectContaining({ id: 3, fin: true }));
  expect(seen.some(({ type }) => type === 'rst')).toBe(false);
});

test('a stall holds the bytes until it is resumed', async () => {
  const { socket, frames } = await connected();
  socket.write(openPair(1, netserverPorts.echo));
  await frames.until(({ type, id }) => type === 'reply' && id === 3);
  sandbox.controls.sessions.stall(pod, 'fromPod');
  socket.write(data(3, 'held'));
  socket.write(openPair(5, 7_999));
  // The refusal of another connection overtakes what is held.
  const before = await frames.until(({ type, id }) => type === 'rst' && id === 5);
  expect(before.some((frame) => frame.type === 'data' && frame.text === 'held')).toBe(false);
  sandbox.controls.sessions.resume();
  await frames.until((frame) => frame.type === 'data' && frame.text === 'held');
});

test('sessions end by reset, by half-close, and by bytes that are not SPDY', async () => {
  const { controls } = sandbox;
  const reset = await connected();
  const failed = once(reset.socket, 'error');
  controls.sessions.reset(pod);
  expect((await failed)[0]).toMatchObject({ code: 'ECONNRESET' });

  const half = await connected();
  controls.sessions.halfClose(pod);
  expect(await half.frames.next()).toBeUndefined();

  const malformed = await connected();
  await controls.sessions.sendMalformed(pod);
  const [bytes] = (await malformed.frames.next().then((frame) => [frame])) as unknown[];
  expect(bytes).toMatchObject({ type: 'other' });
});

test('upgrades are refused as a proxy or an old server would, on one carrier or both', async () => {
  const { sessions } = sandbox.controls;
  sessions.refuseUpgrades('spdy', refusals.upgradeRequired);
  const stripped = await refusedBy();
  expect([stripped.httpCode, stripped.body]).toEqual([400, 'Upgrade request required\n']);
  sessions.refuseUpgrades('spdy', refusals.proxyForbidden);
  const proxy = await refusedBy();
  expect([proxy.httpCode, proxy.headers['content-type']]).toEqual([403, 'text/plain; charset=utf-8']);
  const webSocket = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'c2FuZGJveC1zYW5kYm94LQ==',
    'sec-websocket-protocol': 'v4.channel.k8s.io',
  };
  expect(await refusedBy(webSocket, 'GET')).toMatchObject({
    httpCode: 400,
    body: 'query parameter "port" is required\n',
  });
  const plain = await call(sandbox, { method: 'POST', path: portForwardPath(pod) });
  expect([plain.httpCode, JSON.parse(plain.body).message]).toEqual([400, 'Upgrade request required']);
});

test('a lost pod is told in the words of the node, on old sessions and new ones', async () => {
  const { pods } = sandbox.controls;
  const { socket, frames } = await connected();
  socket.write(openPair(1, netserverPorts.echo));
  await frames.until(({ type, id }) => type === 'reply' && id === 3);
  pods.lose(pod);
  socket.write(openPair(5, netserverPorts.echo));
  const seen = await frames.until((frame) => frame.type === 'data' && frame.id === 5);
  expect(seen.at(-1)).toMatchObject({
    text: expect.stringMatching(/failed to find sandbox "[0-9a-f]{64}" in store/),
  });
  const uid = pods.get(pod)?.metadata.uid;
  expect(await refusedBy()).toMatchObject({
    httpCode: 500,
    body: `failed to find sandboxID for pod "${uid}"\n`,
  });
  pods.lose(pod, 'pod');
  expect(await refusedBy()).toMatchObject({ httpCode: 404, body: 'pod does not exist\n' });
  pods.delete(pod);
  await pods.until(pod, (each) => each.metadata.uid !== uid);
  await connected();
});

test('a killed container restarts in its pod: same UID, one restart more', async () => {
  const { pods } = sandbox.controls;
  const before = await pods.until(pod);
  pods.kill(pod);
  await pods.until(pod, (each) => each.status.containerStatuses?.[0]?.ready === false);
  const after = await pods.until(pod);
  expect(after.metadata.uid).toBe(before.metadata.uid);
  const [was, is] = [before, after].map((each) => each.status.containerStatuses![0]!);
  expect(is!.restartCount).toBe(was!.restartCount + 1);
  expect(is!.lastState.terminated).toMatchObject({ exitCode: 137, signal: 9 });
});

test('readiness decides what the EndpointSlice says', async () => {
  const { pods, store } = sandbox.controls;
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

test('a silent network delivers nothing and closes nothing until it delivers again', async () => {
  const { socket, frames } = await connected();
  socket.write(openPair(1, netserverPorts.echo));
  await frames.until(({ type, id }) => type === 'reply' && id === 3);
  sandbox.controls.network.silence();
  let heard = false;
  const next = frames
    .until((frame) => frame.type === 'data' && frame.text === 'x')
    .then(() => {
      heard = true;
    });
  socket.write(data(3, 'x'));
  sandbox.controls.sessions.halfClose('default/none');
  for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(heard).toBe(false);
  sandbox.controls.network.deliver();
  await next;
});

test('an API server that is down refuses and resets, and is back on its port', async () => {
  const { socket } = await connected();
  const failed = once(socket, 'error');
  const back = sandbox.controls.network.down(20);
  expect((await failed)[0]).toMatchObject({ code: 'ECONNRESET' });
  await expect(call(sandbox, { path: podPath })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await back;
  expect((await call(sandbox, { path: podPath })).httpCode).toBe(200);
});

test('a delay holds each direction, in order', async () => {
  const { socket, frames } = await connected();
  socket.write(openPair(1, netserverPorts.echo));
  await frames.until(({ type, id }) => type === 'reply' && id === 3);
  sandbox.controls.network.delay(20);
  const sentMs = performance.now();
  for (const text of ['a', 'b', 'c']) socket.write(data(3, text));
  let text = '';
  await frames.until((frame) => {
    if (frame.type === 'data') text += frame.text;
    return text.length === 3;
  });
  expect(text).toBe('abc');
  // A lower bound only: there and back.
  expect(performance.now() - sentMs).toBeGreaterThanOrEqual(38);
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
