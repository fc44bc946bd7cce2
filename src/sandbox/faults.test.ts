import { once } from 'node:events';
import { expect, test } from 'vitest';
import type { Pod } from './kube-object.ts';
import { netserverPorts } from './manifest.ts';
import { call, data, openPair, portForwardPath } from './raw-client.fixture.ts';
import { pod, podPath, useSandbox } from './sandbox.fixture.ts';
import { refusals } from './session-faults.ts';

const cluster = useSandbox();

test('bytes pass both ways, and a closed port is told on the error stream before its reset', async () => {
  const { socket, frames } = await cluster.connected();
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
  const { socket, frames } = await cluster.connected();
  socket.write(openPair(1, netserverPorts.identity));
  const { metadata } = (await cluster.controls.pods.until(pod)) as Pod;
  const seen = await frames.until((frame) => frame.type === 'data' && frame.id === 1 && frame.fin);
  expect(seen).toContainEqual(expect.objectContaining({ id: 3, text: `net-0 ${metadata.uid}\n` }));
  expect(seen).toContainEqual(expect.objectContaining({ id: 3, fin: true }));
  expect(seen.some(({ type }) => type === 'rst')).toBe(false);
});

test('a stall holds the bytes until it is resumed', async () => {
  const { socket, frames } = await cluster.connected();
  socket.write(openPair(1, netserverPorts.echo));
  await frames.until(({ type, id }) => type === 'reply' && id === 3);
  cluster.controls.sessions.stall(pod, 'fromPod');
  socket.write(data(3, 'held'));
  socket.write(openPair(5, 7_999));
  // The refusal of another connection overtakes what is held.
  const before = await frames.until(({ type, id }) => type === 'rst' && id === 5);
  expect(before.some((frame) => frame.type === 'data' && frame.text === 'held')).toBe(false);
  cluster.controls.sessions.resume();
  await frames.until((frame) => frame.type === 'data' && frame.text === 'held');
});

test('sessions end by reset, by half-close, and by bytes that are not SPDY', async () => {
  const { controls } = cluster;
  const reset = await cluster.connected();
  const failed = once(reset.socket, 'error');
  controls.sessions.reset(pod);
  expect((await failed)[0]).toMatchObject({ code: 'ECONNRESET' });

  const half = await cluster.connected();
  controls.sessions.halfClose(pod);
  expect(await half.frames.next()).toBeUndefined();

  const malformed = await cluster.connected();
  await controls.sessions.sendMalformed(pod);
  const [bytes] = (await malformed.frames.next().then((frame) => [frame])) as unknown[];
  expect(bytes).toMatchObject({ type: 'other' });
});

test('upgrades are refused as a proxy or an old server would, on one carrier or both', async () => {
  const { sessions } = cluster.controls;
  sessions.refuseUpgrades('spdy', refusals.upgradeRequired);
  const stripped = await cluster.refused();
  expect([stripped.httpCode, stripped.body]).toEqual([400, 'Upgrade request required\n']);
  sessions.refuseUpgrades('spdy', refusals.proxyForbidden);
  const proxy = await cluster.refused();
  expect([proxy.httpCode, proxy.headers['content-type']]).toEqual([403, 'text/plain; charset=utf-8']);
  const webSocket = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'c2FuZGJveC1zYW5kYm94LQ==',
    'sec-websocket-protocol': 'v4.channel.k8s.io',
  };
  expect(await cluster.refused(webSocket, 'GET')).toMatchObject({
    httpCode: 400,
    body: 'query parameter "port" is required\n',
  });
  const plain = await call(cluster.sandbox, { method: 'POST', path: portForwardPath(pod) });
  expect([plain.httpCode, JSON.parse(plain.body).message]).toEqual([400, 'Upgrade request required']);
});

test('a lost pod is told in the words of the node, on old sessions and new ones', async () => {
  const { pods } = cluster.controls;
  const { socket, frames } = await cluster.connected();
  socket.write(openPair(1, netserverPorts.echo));
  await frames.until(({ type, id }) => type === 'reply' && id === 3);
  pods.lose(pod);
  socket.write(openPair(5, netserverPorts.echo));
  const seen = await frames.until((frame) => frame.type === 'data' && frame.id === 5);
  expect(seen.at(-1)).toMatchObject({
    text: expect.stringMatching(/failed to find sandbox "[0-9a-f]{64}" in store/),
  });
  const uid = pods.get(pod)?.metadata.uid;
  expect(await cluster.refused()).toMatchObject({
    httpCode: 500,
    body: `failed to find sandboxID for pod "${uid}"\n`,
  });
  pods.lose(pod, 'pod');
  expect(await cluster.refused()).toMatchObject({ httpCode: 404, body: 'pod does not exist\n' });
  pods.delete(pod);
  await pods.until(pod, (each) => each.metadata.uid !== uid);
  await cluster.connected();
});

test('a silent network delivers nothing and closes nothing until it delivers again', async () => {
  const { socket, frames } = await cluster.connected();
  socket.write(openPair(1, netserverPorts.echo));
  await frames.until(({ type, id }) => type === 'reply' && id === 3);
  cluster.controls.network.silence();
  let heard = false;
  const next = frames
    .until((frame) => frame.type === 'data' && frame.text === 'x')
    .then(() => {
      heard = true;
    });
  socket.write(data(3, 'x'));
  cluster.controls.sessions.halfClose('default/none');
  for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(heard).toBe(false);
  cluster.controls.network.deliver();
  await next;
});

test('an API server that is down refuses and resets, and is back on its port', async () => {
  const { socket } = await cluster.connected();
  const failed = once(socket, 'error');
  const back = cluster.controls.network.down(20);
  expect((await failed)[0]).toMatchObject({ code: 'ECONNRESET' });
  await expect(call(cluster.sandbox, { path: podPath })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await back;
  expect((await call(cluster.sandbox, { path: podPath })).httpCode).toBe(200);
});

test('a delay holds each direction, in order', async () => {
  const { socket, frames } = await cluster.connected();
  socket.write(openPair(1, netserverPorts.echo));
  await frames.until(({ type, id }) => type === 'reply' && id === 3);
  cluster.controls.network.delay(20);
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
