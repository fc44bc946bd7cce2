import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { realpathSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { mayBeOtherUser, otherUid } from '../../test/support/other-user.ts';
import { unixCaller } from './unix-caller.ts';

async function callerOf(start: (path: string) => { pid?: number | undefined }) {
  const dir = await mkdtemp(join('/tmp', 'caller-'));
  const server = createServer().listen({ path: join(dir, 's'), writableAll: true, readableAll: true });
  onTestFinished(async () => {
    server.close();
    await rm(dir, { recursive: true });
  });
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  await chmod(dir, 0o755);
  const { pid } = start(join(dir, 's'));
  const [socket] = (await accepted) as [Socket];
  onTestFinished(() => void socket.destroy());
  return { pid, socket, caller: await unixCaller(socket) };
}

const program = (path: string) => [
  '-e',
  `require('node:net').connect(${JSON.stringify(path)}).on('close', () => process.exit())`,
];

it.runIf(process.platform === 'linux')('names the process that has connected', async () => {
  const { pid, caller } = await callerOf((path) => spawn(process.execPath, program(path)));
  expect(caller).toEqual({ pid, uid: process.geteuid?.(), program: realpathSync(process.execPath) });
});

it.runIf(mayBeOtherUser)('tells of another user, whose program may not be seen by everybody', async () => {
  const { pid, caller } = await callerOf((path) =>
    spawn('/bin/sh', ['-c', 'exec "$0" "$@"', process.execPath, ...program(path)], { uid: otherUid }),
  );
  expect(caller).toMatchObject({ pid, uid: otherUid });
});

it('knows nothing of a socket that has closed, nor elsewhere than on Linux', async () => {
  const { socket } = await callerOf((path) => spawn(process.execPath, program(path)));
  expect(await unixCaller(socket, 'darwin')).toBeUndefined();
  socket.destroy();
  await once(socket, 'close');
  expect(await unixCaller(socket)).toBeUndefined();
});
