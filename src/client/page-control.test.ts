import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { eventsPath, protocolHeader, protocolVersion } from '../contract/control-protocol.ts';
import type { ControlView } from './control-view.ts';
import { PageControl } from './page-control.ts';

let stack: AsyncDisposableStack;
beforeEach(() => {
  stack = new AsyncDisposableStack();
});
afterEach(() => stack.disposeAsync());

async function controlOf(answer: RequestListener): Promise<{
  control: PageControl;
  clock: FakeClock;
  server: Server;
}> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  stack.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const clock = new FakeClock();
  const control = stack.use(new PageControl({ origin: `http://127.0.0.1:${port}`, version: '1.0.0', clock }));
  return { control, clock, server };
}

const answering =
  (status: number, body: unknown): RequestListener =>
  (_request, response) =>
    void response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));

it('posts the input of an operation as JSON, and gives its answer', async () => {
  const heard: unknown[] = [];
  const { control, clock } = await controlOf(async (request, response) => {
    const [body] = (await once(request, 'data')) as [Buffer];
    heard.push(request.method, request.url, request.headers[protocolHeader], JSON.parse(String(body)));
    response.end(JSON.stringify({ outcomes: [] }));
  });
  expect(await control.call('up', { names: ['orders-db'] })).toEqual({ outcomes: [] });
  expect(heard).toEqual(['POST', '/v1/up', String(protocolVersion), { names: ['orders-db'] }]);
  expect(clock.pending).toBe(0);
});

it('rejects with the error that the daemon answered', async () => {
  const error = { code: 'SP-TUNNEL-UNKNOWN', details: { name: 'x' } };
  const { control } = await controlOf(answering(422, { error }));
  await expect(control.call('down', {})).rejects.toMatchObject(error);
});

it.each([
  ['what is no JSON', answering(200, '<html>')],
  ['a refusal of something else', answering(502, {})],
  ['nothing', ((request) => void request.socket.destroy()) satisfies RequestListener],
])('takes %s for a daemon that is lost', async (_what, answer) => {
  const { control } = await controlOf(answer);
  await expect(control.call('version', {})).rejects.toMatchObject({ code: 'SP-DAEMON-LOST' });
});

it('waits as long as the operation may, and no longer', async () => {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const { control, clock } = await controlOf(() => resolve());
  let isOver = false;
  const call = control.call('up', { waitMs: 5_000 }).finally(() => {
    isOver = true;
  });
  const rejected = expect(call).rejects.toMatchObject({ code: 'SP-DAEMON-LOST' });
  await asked;
  await clock.advanceAsync(34_999);
  expect(isOver).toBe(false);
  clock.advance(1);
  await rejected;
});

it('ends a call that nobody waits for any more, with the reason for that', async () => {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const { control } = await controlOf(() => resolve());
  const leaving = new AbortController();
  const rejected = expect(control.call('version', {}, { signal: leaving.signal })).rejects.toThrow('left');
  await asked;
  leaving.abort(new Error('left'));
  await rejected;
});

it('follows the events from the same origin', async () => {
  const { control, server } = await controlOf(answering(404, {}));
  const sockets = new WebSocketServer({ server, path: eventsPath });
  stack.defer(() => sockets.close());
  sockets.on('connection', (socket) => {
    const profiles = { sequence: 0, sources: [], profiles: [], refused: [], groups: [], problems: [] };
    socket.send(
      JSON.stringify({ event: 'hello', protocol: protocolVersion, version: '2.0.0', pid: 1, startedAtMs: 1 }),
    );
    socket.send(JSON.stringify({ event: 'snapshot', sequence: 4, tunnels: [], questions: [], profiles }));
  });
  const { promise, resolve } = Promise.withResolvers<ControlView>();
  using _ = control.subscribe({ onView: resolve });
  expect(await promise).toMatchObject({ sequence: 4, daemon: { version: '2.0.0' } });
});
