import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { commandOf, SocketHolders } from './socket-holder.ts';

describe('the name of a process', () => {
  it.each([
    [['/usr/lib/postgresql/15/bin/psql', '-h', 'localhost'], 'psql'],
    [['/usr/bin/python3.11', '/usr/bin/pgcli', 'orders'], 'pgcli'],
    [['node', '/home/dev/app/server.js'], 'server.js'],
    [['/usr/bin/perl', '-w', '/usr/bin/psql'], 'perl'],
    [['python3'], 'python3'],
    [['postgres: checkpointer'], 'postgres: checkpointer'],
    [[''], 'a program'],
    [[], 'a program'],
  ])('%j is %s', (words, name) => expect(commandOf(words)).toBe(name));
});

describe.runIf(process.platform === 'linux')('the holder of a socket', () => {
  /** A socket of this process, the last that a search looks at. */
  async function ownInode(): Promise<number> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    await once(socket, 'connect');
    onTestFinished(() => {
      socket.destroy();
      server.close();
    });
    const { fd } = (socket as unknown as { _handle: { fd: number } })._handle;
    return Number(/\d+/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[0]);
  }

  it('is found a little at a time, with pauses for the traffic', async () => {
    const clock = new FakeClock();
    const holders = new SocketHolders(clock);
    const found = holders.find({ inode: await ownInode(), uid: process.geteuid!() });
    const turns = await paced(clock, found);
    expect((await found)?.pid).toBe(process.pid);
    expect(turns).toBeGreaterThanOrEqual(readdirSync('/proc/self/fd').length / 64);
    const again = holders.find({ inode: await ownInode(), uid: process.geteuid!() });
    expect(await paced(clock, again)).toBeLessThanOrEqual(turns);
  });

  it('is looked for no longer once the connection is over', async () => {
    const clock = new FakeClock();
    let asked = 0;
    const isOver = () => ++asked > 0;
    const found = new SocketHolders(clock).find({ inode: await ownInode(), uid: undefined, isOver });
    expect(await paced(clock, found)).toBe(1);
    expect(await found).toBeUndefined();
  });

  it('is nobody of another user', async () => {
    const clock = new FakeClock();
    const found = new SocketHolders(clock).find({ inode: await ownInode(), uid: 4_294_967_294 });
    await paced(clock, found);
    expect(await found).toBeUndefined();
  });
});

/** Ends each pause at once until it is settled; how many there were. */
async function paced(clock: FakeClock, outcome: Promise<unknown>): Promise<number> {
  let isPending = true;
  void outcome.then(() => {
    isPending = false;
  });
  let turns = 0;
  while (isPending) {
    await Promise.resolve();
    if (clock.pending === 0) continue;
    turns++;
    clock.advance(2);
  }
  return turns;
}
