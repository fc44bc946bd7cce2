import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { resetSocket } from './reset-socket.ts';

/** Both ends of one loopback connection. */
async function pair(): Promise<{ near: Socket; far: Socket }> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const far = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [near] = (await once(server, 'connection')) as [Socket];
  for (const socket of [near, far]) socket.on('error', () => {});
  onTestFinished(() => {
    far.destroy();
    near.destroy();
    server.close();
  });
  return { near, far };
}

test('the peer sees a reset', async () => {
  const { near, far } = await pair();
  const failed = new Promise((resolve) => far.once('error', resolve));
  far.resume();
  resetSocket(near);
  expect(await failed).toMatchObject({ code: 'ECONNRESET' });
});

test('a socket whose end is on its way closes all the same', async () => {
  const { near } = await pair();
  const closed = new Promise((resolve) => near.once('close', resolve));
  near.end();
  resetSocket(near);
  await closed;
});
