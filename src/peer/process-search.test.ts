import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { LinuxPeerFinder } from './linux-peer-finder.ts';
import { SocketHolders } from './socket-holder.ts';

/** Told of each link that is read; what it returns is read instead. */
const reading = vi.hoisted(() => ({
  instead: undefined as ((link: string, target: string) => string) | undefined,
}));

vi.mock('node:fs', async (importOriginal) => {
  const fs = await importOriginal<typeof import('node:fs')>();
  const readlink = (link: string) => {
    const target = fs.readlinkSync(link);
    return reading.instead?.(link, target) ?? target;
  };
  return { ...fs, readlinkSync: readlink };
});

it.runIf(process.platform === 'linux')(
  'a process that takes the number of the one that was found is not described as it',
  async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    await once(socket, 'connect');
    onTestFinished(() => {
      reading.instead = undefined;
      socket.destroy();
      server.close();
    });
    const { fd } = (socket as unknown as { _handle: { fd: number } })._handle;
    const held = readlinkSync(`/proc/self/fd/${fd}`);
    const wanted = { inode: Number(/\d+/.exec(held)?.[0]), uid: process.geteuid!() };
    const seen: string[] = [];
    reading.instead = (link, target) => {
      if (target !== held) return target;
      seen.push(link);
      // Another process by the second look: its descriptor of that number is another.
      return seen.length === 1 ? target : '/dev/tty';
    };
    expect(await new SocketHolders(systemClock).find(wanted)).toBeUndefined();
    expect(seen).toEqual(Array(2).fill(`/proc/${process.pid}/fd/${fd}`));
    reading.instead = undefined;
    expect(await new SocketHolders(systemClock).find(wanted)).toMatchObject({ pid: process.pid });
  },
);

it.runIf(process.platform === 'linux')(
  'a client that has closed is not looked for, though our end of its connection is still open',
  async () => {
    const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const accepted = once(server, 'connection');
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [socket] = (await accepted) as [Socket];
    using finder = new LinuxPeerFinder({ clock: systemClock });
    const looks: string[] = [];
    onTestFinished(() => {
      reading.instead = undefined;
      socket.destroy();
      server.close();
    });
    const owner = await finder.ownerOf(socket);
    reading.instead = (link, target) => {
      looks.push(link);
      return target;
    };
    client.destroy();
    socket.resume();
    await once(socket, 'end');
    expect(owner.kind === 'found' && (await owner.process())).toBeUndefined();
    expect(looks).toEqual([]);
  },
);
