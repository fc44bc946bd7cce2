import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, realpathSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectNoHandles } from '../../test/support/no-handles.ts';
import { connectAs, mayBeOtherUser, otherUid } from '../../test/support/other-user.ts';
import { systemClock } from '../base/clock.ts';
import { LinuxPeerFinder } from './linux-peer-finder.ts';
import { LsofPeerFinder } from './lsof-peer-finder.ts';
import { createPeerFinder } from './peer-finder.ts';
import type { PeerFinder } from './peer-owner.ts';

const ownUid = process.geteuid?.() ?? -1;
const lsof = '/usr/bin/lsof';
const hasLsof = mayRun(lsof);

let server: Server;
let accepted: Socket[];
let clients: Socket[];
let children: ChildProcess[];

beforeEach(() => {
  accepted = [];
  clients = [];
  children = [];
});
afterEach(async () => {
  for (const child of children)
    if (child.exitCode === null) child.kill('SIGKILL') && (await once(child, 'exit'));
  for (const socket of [...clients, ...accepted]) socket.destroy();
  server.close();
  await once(server, 'close');
});
afterAll(expectNoHandles);

async function listen(host = '127.0.0.1'): Promise<number> {
  server = createServer((socket) => accepted.push(socket.on('error', () => {}))).listen(0, host, 4_096);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** The server's end of the next connection. */
async function acceptedNext(): Promise<Socket> {
  const [socket] = (await once(server, 'connection')) as [Socket];
  return socket;
}

async function connected(port: number, host = '127.0.0.1'): Promise<Socket> {
  const next = acceptedNext();
  clients.push(connect({ port, host }).on('error', () => {}));
  return next;
}

const kinds: [string, () => PeerFinder][] = [
  ['socket diagnostics', () => new LinuxPeerFinder({ clock: systemClock, by: 'diagnostics' })],
  ['the socket table', () => new LinuxPeerFinder({ clock: systemClock, by: 'table' })],
  ...(hasLsof ? [['lsof', () => new LsofPeerFinder(lsof)] as [string, () => PeerFinder]] : []),
];

describe.runIf(process.platform === 'linux').each(kinds)('by %s', (kind, create) => {
  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
    ['127.0.0.1', '::ffff:127.0.0.1'],
    ['::', '::ffff:127.0.0.1'],
  ])('a connection to %s, by way of %s, is of this process', async (host, through) => {
    using finder = create();
    const socket = await connected(await listen(host), through);
    const owner = await finder.ownerOf(socket);
    expect(owner).toMatchObject({ kind: 'found', uid: ownUid });
    const found = owner.kind === 'found' ? await owner.process() : undefined;
    expect(found?.pid).toBe(process.pid);
    if (kind !== 'lsof') expect(found?.program).toBe(realpathSync(process.execPath));
  });

  it.runIf(mayBeOtherUser)('a connection of another user is told from ours', async () => {
    using finder = create();
    const port = await listen();
    const next = acceptedNext();
    const child = connectAs(otherUid, port);
    children.push(child);
    const theirs = await next;
    const ours = await connected(port);
    const owners = await Promise.all([finder.ownerOf(theirs), finder.ownerOf(ours)]);
    expect(owners).toMatchObject([
      { kind: 'found', uid: otherUid },
      { kind: 'found', uid: ownUid },
    ]);
    const [owner] = owners;
    expect(owner?.kind === 'found' && (await owner.process())).toMatchObject({ command: 'bash' });
  });

  it('one that has closed at once is of nobody', async () => {
    using finder = create();
    const socket = await connected(await listen());
    const closed = once(clients[0]!, 'close');
    clients[0]!.destroy();
    await closed;
    const nobody = { kind: kind === 'socket diagnostics' ? 'gone' : 'unmatched' };
    expect(await finder.ownerOf(socket)).toEqual(nobody);
    socket.destroy();
    expect(await finder.ownerOf(socket)).toEqual({ kind: 'gone' });
  });

  it('a socket that listens on the port of a client that is gone is not taken for it', async () => {
    using finder = create();
    const port = await listen();
    const loopback = '127.0.0.1';
    const gone = {
      remoteAddress: loopback,
      remotePort: port,
      localAddress: loopback,
      localPort: 1,
      destroyed: false,
      readableEnded: false,
    };
    expect(await finder.ownerOf(gone)).toEqual({
      kind: kind === 'socket diagnostics' ? 'gone' : 'unmatched',
    });
  });
});

describe.runIf(process.platform === 'linux')('among 5,000 sockets', () => {
  it.each(kinds.slice(0, 2))('by %s each of many at once is found', async (_kind, create) => {
    using finder = create();
    const port = await listen();
    for (let count = 0; count < 2_500; count++) await connected(port);
    const some = accepted.filter((_, index) => index % 25 === 0);
    const owners = await Promise.all(some.map((socket) => finder.ownerOf(socket)));
    expect(new Set(owners.map((owner) => owner.kind === 'found' && owner.uid))).toEqual(new Set([ownUid]));
  });
});

describe.runIf(process.platform === 'linux')('the process', () => {
  it('is that with the connection, with its program and the name that it was started by', async () => {
    using finder = createPeerFinder({ clock: systemClock });
    const port = await listen();
    const next = acceptedNext();
    const script = `require('net').connect(${port}, '127.0.0.1'); setInterval(() => {}, 1e6)`;
    const child = spawn(process.execPath, ['-e', script], { stdio: 'ignore' });
    children.push(child);
    const owner = await finder.ownerOf(await next);
    expect(owner.kind === 'found' && (await owner.process())).toEqual({
      pid: child.pid,
      program: realpathSync(process.execPath),
      command: 'node',
    });
  });

  it('is unknown once it has ended', async () => {
    using finder = createPeerFinder({ clock: systemClock });
    const socket = await connected(await listen());
    const owner = await finder.ownerOf(socket);
    const closed = once(clients[0]!, 'close');
    clients[0]!.destroy();
    await closed;
    expect(owner.kind === 'found' && (await owner.process())).toBeUndefined();
  });
});

it('is said to be absent on other systems', async () => {
  await listen();
  using finder = createPeerFinder({ clock: systemClock, platform: 'win32' });
  expect(await finder.ownerOf({} as Socket)).toEqual({ kind: 'absent' });
});

function mayRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
