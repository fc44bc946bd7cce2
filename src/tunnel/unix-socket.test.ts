import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { listenPrivately } from './unix-socket.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-socket-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('a socket is this user’s alone', async () => {
  const path = join(folder, 'socket');
  await using server = createServer();
  listenPrivately(server, path);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

it('a folder that is made meanwhile can be entered', async () => {
  await using server = createServer();
  const listen = server.listen.bind(server);
  let during = Number.NaN;
  vi.spyOn(server, 'listen').mockImplementation(((path: string) => {
    during = process.umask();
    return listen(path);
  }) as typeof server.listen);
  const before = process.umask();
  listenPrivately(server, join(folder, 'other'));
  expect(during).toBe(0o077);
  expect(process.umask()).toBe(before);
});

it('a file that is in the way keeps its mode', async () => {
  const path = join(folder, 'taken');
  await using first = createServer();
  first.listen(path);
  const { mode } = await stat(path);
  const second = createServer();
  const failed = new Promise((resolve) => second.once('error', resolve));
  listenPrivately(second, path);
  expect(await failed).toMatchObject({ code: 'EADDRINUSE' });
  expect((await stat(path)).mode).toBe(mode);
});
