import { duplexPair } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { AppError } from '../base/app-error.ts';
import { errorResponse, message, readyForQuery } from './message.ts';
import { MessageStream } from './message-stream.ts';
import { readServerError } from './server-error.ts';
import { Received, socketPair } from './socket-pair.fixture.ts';
import { Splice, type SpliceOptions } from './splice.ts';

async function spliced(options: Partial<SpliceOptions> = {}) {
  const { client, server: socket } = await socketPair();
  const [ours, theirs] = duplexPair();
  for (const stream of [ours, theirs]) stream.on('error', () => {});
  const clock = new FakeClock();
  const over = Promise.withResolvers<AppError | undefined>();
  const splice = new Splice({
    client: socket,
    server: ours,
    fromClient: Buffer.alloc(0),
    fromServer: Buffer.alloc(0),
    clock,
    toClient: new MessageStream(),
    toServer: undefined,
    farewell: (error) =>
      errorResponse({ severity: 'FATAL', sqlstate: '57P01', message: `lost: ${error?.code ?? 'closed'}` }),
    onOver: over.resolve,
    ...options,
  });
  splice.start();
  return {
    client,
    received: new Received(client),
    socket,
    server: theirs,
    ours,
    clock,
    splice,
    over: over.promise,
  };
}

const row = message('D', Buffer.from('data'));
const lost = new AppError('SP-SESSION-LOST');

/** The code of the ErrorResponse that is all there is. */
function sqlstate(bytes: Buffer): string {
  expect(String.fromCharCode(bytes[0] ?? 0)).toBe('E');
  expect(bytes.length).toBe(1 + bytes.readUInt32BE(1));
  return readServerError(bytes.subarray(5)).sqlstate;
}

const reset = (client: { once(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown }) =>
  new Promise<string | undefined>((resolve) => client.once('error', ({ code }) => resolve(code)));

describe('Splice', () => {
  it('moves bytes both ways, those read ahead first', async () => {
    const { client, received, server } = await spliced({
      fromClient: Buffer.from('a'),
      fromServer: row.subarray(0, 3),
    });
    client.write('b');
    server.write(row.subarray(3));
    expect(await received.bytes(row.length)).toEqual(row);
    let sent = '';
    while (sent.length < 2)
      sent += String(server.read() ?? (await new Promise((r) => setImmediate(() => r('')))));
    expect(sent).toBe('ab');
  });

  it.each([
    ['fails', lost],
    ['ends without a word', undefined],
  ])('tells an idle client when the server %s, after all that came before', async (_how, error) => {
    const { received, server, ours, over } = await spliced();
    server.write(Buffer.concat([row, readyForQuery]));
    expect(await received.bytes(row.length)).toEqual(row);
    if (error) ours.destroy(error);
    else server.end();
    await received.bytes(readyForQuery.length);
    expect(sqlstate(await received.rest())).toBe('57P01');
    expect((await over)?.code).toBe(error?.code);
  });

  it('resets a client whose message is cut, so that it takes nothing for the whole', async () => {
    for (let length = 5; length < row.length; length++) {
      const { client, received, server, ours } = await spliced();
      const ended = reset(client);
      server.write(row.subarray(0, length));
      await received.bytes(length);
      ours.destroy(lost);
      expect(await ended).toBe('ECONNRESET');
    }
  });

  it('tells nothing twice, and nothing to a client that said goodbye', async () => {
    const own = errorResponse({ severity: 'FATAL', sqlstate: '57P01', message: 'by the administrator' });
    const told = await spliced();
    told.server.end(own);
    expect(await told.received.rest()).toEqual(own);

    const done = await spliced();
    done.server.on('data', () => done.server.end());
    done.client.write(message('X'));
    expect(await done.received.rest()).toEqual(Buffer.alloc(0));
  });

  it('gives the server the rest when the client ends, and the client the answer; then it waits for silence', async () => {
    const { client, received, server, clock, over } = await spliced();
    const sent = new Promise<string>((resolve) => {
      let text = '';
      server.on('data', (chunk) => {
        text += chunk;
      });
      server.on('end', () => resolve(text));
    });
    client.end('the last');
    expect(await sent).toBe('the last');
    server.write(row);
    await received.bytes(row.length);
    clock.advance(30_000);
    expect(await over).toBeUndefined();
    expect(await received.rest()).toEqual(Buffer.alloc(0));
  });

  it('lets go of the server at once when the client is gone', async () => {
    const { client, ours, over } = await spliced();
    client.resetAndDestroy();
    await over;
    expect(ours.destroyed).toBe(true);
  });

  it('stops the server while the client does not read, and goes on when it does', async () => {
    const { client, received, server } = await spliced();
    client.pause();
    const large = message('D', Buffer.alloc(64 * 1024));
    let written = 0;
    const write = () => {
      while (written < 20 * 1024 * 1024) {
        written += large.length;
        if (!server.write(large)) return void server.once('drain', write);
      }
    };
    write();
    // Turns of the loop until nothing moves any more.
    for (let before = -1; before !== written; ) {
      before = written;
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(written).toBeLessThan(20 * 1024 * 1024);
    client.resume();
    for (let read = 0; read < 20 * 1024 * 1024; read += large.length)
      expect((await received.message()).body).toHaveLength(64 * 1024);
  });

  it('ends from this side as a lost server would', async () => {
    const { received, splice, over } = await spliced();
    splice.end(undefined);
    expect(sqlstate(await received.rest())).toBe('57P01');
    await over;
  });

  it('ends a client whose messages it must check and cannot', async () => {
    const { client, received, over } = await spliced({ toServer: new MessageStream() });
    client.write(Buffer.from('Q\0\0\0\0 and so on'));
    expect((await over)?.code).toBe('SP-DB-PROTOCOL');
    await received.rest();
  });
});
