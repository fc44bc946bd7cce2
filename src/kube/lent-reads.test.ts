import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lending, lendReads } from './lent-reads.ts';

let stack: AsyncDisposableStack;
let server: ReturnType<typeof createServer>;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  server = createServer().listen(0, '127.0.0.1');
  stack.defer(async () => {
    server.close();
    await once(server, 'close');
  });
  await once(server, 'listening');
});
afterEach(() => stack.disposeAsync());

async function pair(): Promise<{ client: Socket; peer: Socket }> {
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, 'connection');
  const client = lending((onread) => connect({ port, host: '127.0.0.1', ...onread }));
  const [[peer]] = (await Promise.all([accepted, once(client, 'connect')])) as [[Socket], unknown];
  stack.defer(() => {
    client.destroy();
    peer.destroy();
  });
  return { client, peer };
}

/** Resolves once so many bytes have been read, whoever keeps them. */
async function read(client: Socket, totalBytes: number): Promise<void> {
  while (client.bytesRead < totalBytes) await new Promise((resolve) => setImmediate(resolve));
}

describe('a socket that can lend its reads', () => {
  it('is a stream like any other before: what it keeps is its own, though others read meanwhile', async () => {
    const [one, two] = [await pair(), await pair()];
    one.peer.write('first ');
    await read(one.client, 6);
    two.peer.write('another');
    await read(two.client, 7);
    one.peer.write('second');
    await read(one.client, 12);
    expect(String(one.client.read())).toBe('first second');
    expect(String(two.client.read())).toBe('another');
  });

  it('stops its peer before that, while nobody reads', async () => {
    const [unread, other] = [await pair(), await pair()];
    const totalBytes = 32 * 1024 * 1024;
    unread.peer.write(Buffer.alloc(totalBytes));
    // By the time that as much has come another way, it would have been read.
    other.client.resume();
    other.peer.write(Buffer.alloc(totalBytes));
    await read(other.client, totalBytes);
    expect(unread.client.bytesRead).toBeGreaterThan(0);
    expect(unread.client.bytesRead).toBeLessThan(1024 * 1024);
    expect(unread.peer.writableLength).toBeGreaterThan(0);
    unread.client.resume();
    await read(unread.client, totalBytes);
  });

  it('lends what it reads after what it has kept, and nothing twice', async () => {
    const { client, peer } = await pair();
    peer.write('kept ');
    await read(client, 5);
    let text = '';
    lendReads(client, (lent) => {
      text += lent;
    });
    expect(text).toBe('kept ');
    peer.end('lent');
    await once(client, 'end');
    expect(text).toBe('kept lent');
  });

  it('stops while it is paused', async () => {
    const { client, peer } = await pair();
    const seen: string[] = [];
    const lent = Promise.withResolvers<void>();
    lendReads(client, (bytes) => {
      seen.push(String(bytes));
      lent.resolve();
    });
    client.pause();
    const written = new Promise((resolve) => peer.write('later', resolve));
    await written;
    // A round trip on another connection: what is read at all would have been by then.
    const other = await pair();
    other.peer.write('x');
    await read(other.client, 1);
    expect(seen).toEqual([]);
    client.resume();
    await lent.promise;
    expect(seen).toEqual(['later']);
  });

  it('gives what a socket reads that cannot lend', async () => {
    const { port } = server.address() as AddressInfo;
    const accepted = once(server, 'connection');
    const client = connect({ port, host: '127.0.0.1' });
    const [peer] = (await accepted) as [Socket];
    stack.defer(() => void client.destroy());
    const got = new Promise<string>((resolve) => {
      lendReads(client, (bytes) => resolve(String(bytes)));
    });
    peer.end('plain');
    expect(await got).toBe('plain');
  });
});
