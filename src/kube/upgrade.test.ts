import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { acceptWebSocket, connectTo, startLoopbackApi, switching } from '../../test/support/loopback-api.ts';

describe('upgrades', () => {
  const upgrade = {
    path: '/api/v1/namespaces/db/pods/x/portforward',
    headers: { Upgrade: 'SPDY/3.1' },
    timeoutMs: 5000,
  };

  it('give the socket with what came behind the 101', async () => {
    const server = await startLoopbackApi({
      onUpgrade: (_request, socket) => socket.write(`${switching('SPDY/3.1')}first`),
    });
    const api = await connectTo(await server.kubeconfig({ user: { token: 'abc' } }));
    const { socket, head, headers } = await api.upgrade({
      ...upgrade,
      headers: { ...upgrade.headers, 'Audit-ID': 'u-1' },
    });
    expect(head.toString()).toBe('first');
    expect(headers.upgrade).toBe('SPDY/3.1');
    expect(server.seen[0]).toMatchObject({
      method: 'POST',
      headers: { connection: 'Upgrade', upgrade: 'SPDY/3.1', 'audit-id': 'u-1', authorization: 'Bearer abc' },
    });
    expect(server.seen[0]?.headers).not.toHaveProperty('accept');
    socket.destroy();
  });

  it.each([
    ['403 without a Status', '403 Forbidden', 'Forbidden', 'SP-UPGRADE-REFUSED'],
    ['an answer that is no upgrade', '200 OK', '{}', 'SP-UPGRADE-REFUSED'],
    [
      'a pod that is not there',
      '404 Not Found',
      '{"kind":"Status","reason":"NotFound"}',
      'SP-TARGET-NOT-FOUND',
    ],
    ['a kubelet that is away', '500 Oops', 'error dialing backend: EOF', 'SP-API-ERROR'],
  ])('%s', async (_what, head, body, code) => {
    const answer = `HTTP/1.1 ${head}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const server = await startLoopbackApi({ onUpgrade: (_request, socket) => socket.write(answer) });
    const api = await connectTo(await server.kubeconfig());
    await expect(api.upgrade(upgrade)).rejects.toMatchObject({ code });
    await expect(api.webSocket({ ...upgrade, headers: {}, protocols: ['a'] })).rejects.toMatchObject({
      code,
    });
  });

  it('refuse another protocol than the one asked for', async () => {
    const server = await startLoopbackApi({
      onUpgrade: (_request, socket) => socket.write(switching('h2c')),
    });
    const api = await connectTo(await server.kubeconfig());
    await expect(api.upgrade(upgrade)).rejects.toMatchObject({ code: 'SP-UPGRADE-REFUSED' });
  });

  it('end after their time', async () => {
    const clock = new FakeClock();
    const server = await startLoopbackApi({ onUpgrade: () => {} });
    const api = await connectTo(await server.kubeconfig(), { clock });
    for (const open of [
      () => api.upgrade(upgrade),
      () => api.webSocket({ ...upgrade, headers: {}, protocols: ['a'] }),
    ]) {
      const arrived = once(server.server, 'upgrade');
      const late = open();
      late.catch(() => {});
      await arrived;
      clock.advance(5000);
      await expect(late).rejects.toMatchObject({ code: 'SP-API-UNREACHABLE' });
    }
  });
});

describe('WebSockets', () => {
  const protocol = 'SPDY/3.1+portforward.k8s.io';

  it('open with a subprotocol that ws itself would refuse, and carry bytes', async () => {
    const received = Promise.withResolvers<Buffer>();
    const server = await startLoopbackApi({
      onUpgrade: (request, socket) => {
        acceptWebSocket(request, socket, protocol);
        socket.once('data', (frame: Buffer) => received.resolve(frame));
        socket.write(Buffer.from([0x82, 2, 0x68, 0x69]));
      },
    });
    const api = await connectTo(await server.kubeconfig({ user: { token: 'abc' } }));
    const webSocket = await api.webSocket({
      path: '/x',
      headers: { 'Audit-ID': 'u' },
      protocols: [protocol],
      timeoutMs: 5000,
    });
    expect(server.seen[0]?.headers).toMatchObject({
      'sec-websocket-protocol': protocol,
      'audit-id': 'u',
      authorization: 'Bearer abc',
      'user-agent': 'sallyport/1 (test)',
    });
    expect(server.seen[0]?.headers).not.toHaveProperty('sec-websocket-extensions');
    // What comes with the handshake's answer is not lost.
    const [data] = await once(webSocket, 'message');
    expect(String(data)).toBe('hi');
    webSocket.send(Buffer.from('ping'));
    // Binary, final, 4 bytes, masked with zeros.
    expect([...(await received.promise)]).toEqual([0x82, 0x84, 0, 0, 0, 0, ...Buffer.from('ping')]);
    webSocket.terminate();
  });

  it.each([
    ['no subprotocol', undefined],
    ['another subprotocol', 'v4.channel.k8s.io'],
  ] as const)('refuse %s', async (_what, chosen) => {
    const server = await startLoopbackApi({
      onUpgrade: (request, socket) => acceptWebSocket(request, socket, chosen),
    });
    const api = await connectTo(await server.kubeconfig());
    const refused = api.webSocket({ path: '/x', headers: {}, protocols: [protocol], timeoutMs: 5000 });
    await expect(refused).rejects.toMatchObject({ code: 'SP-UPGRADE-REFUSED' });
  });

  it('refuse a peer that is no WebSocket server', async () => {
    const server = await startLoopbackApi({
      onUpgrade: (_request, socket) => socket.write(switching('websocket')),
    });
    const api = await connectTo(await server.kubeconfig());
    const refused = api.webSocket({ path: '/x', headers: {}, protocols: [protocol], timeoutMs: 5000 });
    await expect(refused).rejects.toMatchObject({ code: 'SP-UPGRADE-REFUSED' });
  });
});
