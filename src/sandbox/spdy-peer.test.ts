import { type Duplex, duplexPair } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import { data, ping, rst, SeenFrames, storedBlock, synStream } from './raw-client.fixture.ts';
import { HeaderReader, headerDictionary } from './spdy-headers.ts';
import { SpdyPeer } from './spdy-peer.ts';
import type { SpdyStream } from './spdy-stream.ts';

const ends: Duplex[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end.destroy();
});

/** A peer with the client's end of its carrier, what the client sees, and the streams that opened. */
function session(options: { accepts?: (stream: SpdyStream) => boolean; maxWriteBytes?: number } = {}) {
  const [client, carrier] = duplexPair();
  ends.push(client, carrier);
  const streams: SpdyStream[] = [];
  const peer = new SpdyPeer({
    carrier,
    accepts: options.accepts ?? (() => true),
    onStream: (stream) => streams.push(stream),
    ...(options.maxWriteBytes ? { maxWriteBytes: options.maxWriteBytes } : {}),
  });
  const served = peer.serve();
  return { client, carrier, served, streams, frames: new SeenFrames(client) };
}

const isReply = ({ type }: { type: string }) => type === 'reply';
const block = (first = true) => storedBlock({ streamtype: 'data', port: '1', requestid: '1' }, first);

test('the dictionary is the one of the SPDY/3 specification', async () => {
  expect(headerDictionary).toHaveLength(1_423);
  // What kubectl 1.32 sent for its first four streams: zlib checks the dictionary by its Adler-32, e3c6a7c2.
  const reader = new HeaderReader();
  const sent = [
    '78f9e3c6a7c202253a703a2b294a4dcc851625aca9a0808614cb45e01c606e6068c0c0c0c0590489c64c50f2663400000000ffff',
    'c2aa19540e2512d60b000000ffff',
    '82eac5afca1087d300000000ffff',
    'a2c0624300000000ffff',
  ];
  const read: Record<string, string>[] = [];
  for (const hex of sent) read.push(Object.fromEntries(await reader.read(Buffer.from(hex, 'hex'))));
  reader.close();
  expect(read).toEqual([
    { streamtype: 'error', port: '7010', requestid: '0' },
    { streamtype: 'data', port: '7010', requestid: '0' },
    { streamtype: 'error', port: '7010', requestid: '1' },
    { streamtype: 'data', port: '7010', requestid: '1' },
  ]);
});

test('the same bytes open the same streams wherever they are cut', async () => {
  const bytes = Buffer.concat([
    synStream(1, block()),
    data(1, 'hello'),
    synStream(3, block(false)),
    data(1, '', 1),
  ]);
  for (let cut = 1; cut < bytes.length; cut++) {
    const { client, streams, frames } = session();
    client.write(bytes.subarray(0, cut));
    client.write(bytes.subarray(cut));
    await frames.until(isReply);
    await frames.until(isReply);
    const first = streams.find(({ id }) => id === 1)!;
    expect((await first.read())?.toString()).toBe('hello');
    expect(await first.read()).toBeUndefined();
    expect(first.headers.get('requestid')).toBe('1');
    client.destroy();
  }
});

test('bytes fed one at a time are read the same', async () => {
  const { client, streams, frames } = session();
  for (const byte of Buffer.concat([synStream(1, block()), data(1, 'hello', 1)]))
    client.write(Buffer.from([byte]));
  await frames.until(isReply);
  expect((await streams[0]!.read())?.toString()).toBe('hello');
  expect(await streams[0]!.read()).toBeUndefined();
});

test('a reply comes before any data of its stream', async () => {
  const { client, streams, frames } = session();
  client.write(synStream(1, block()));
  const [reply] = await frames.until(isReply);
  await streams[0]!.write(Buffer.from('x'));
  await streams[0]!.end();
  expect(reply).toMatchObject({ id: 1 });
  expect(await frames.next()).toMatchObject({ type: 'data', id: 1, text: 'x', fin: false });
  expect(await frames.next()).toMatchObject({ type: 'data', id: 1, text: '', fin: true });
});

test('PING with an odd id is answered, one with an even id is not', async () => {
  const { client, frames } = session();
  client.write(Buffer.concat([ping(2), ping(7)]));
  expect(await frames.next()).toEqual({ type: 'ping', id: 7 });
});

test('SETTINGS and WINDOW_UPDATE are ignored', async () => {
  const { client, frames } = session();
  client.write(Buffer.from('800300040000000c000000010000000400000064', 'hex'));
  client.write(Buffer.from('80030009000000080000000100000400', 'hex'));
  client.write(ping(1));
  expect(await frames.next()).toEqual({ type: 'ping', id: 1 });
});

test.each([
  ['an unknown type', Buffer.from('8003000500000000', 'hex')],
  ['PING 0', ping(0)],
  ['data for stream 0', data(0, 'x')],
  ['SYN_STREAM 0', synStream(0, block())],
  ['RST with status 0', rst(1, 0)],
  ['another version', Buffer.from('8002000600000004', 'hex')],
  ['a header block that is not zlib', synStream(1, Buffer.from('nothing of the kind'))],
  ['a truncated PING', Buffer.from('800300060000000100', 'hex')],
  ['a control frame over 64 KiB', Buffer.from('80030006000f0000', 'hex')],
  ['GOAWAY', Buffer.from('80030007000000080000000000000000', 'hex')],
])('%s ends the session, and its streams', async (_what, bytes) => {
  const { client, frames, served, streams } = session();
  client.write(synStream(1, block()));
  await frames.until(isReply);
  client.write(bytes);
  expect(await frames.next()).toBeUndefined();
  await served;
  expect(await streams[0]!.read()).toBeUndefined();
});

test('stream ids that are even or go back are reset with PROTOCOL_ERROR, and the session lives', async () => {
  const { client, frames } = session();
  client.write(
    Buffer.concat([synStream(5, block()), synStream(3, block(false)), synStream(8, block(false))]),
  );
  const seen = [await frames.next(), await frames.next(), await frames.next()];
  const byId = seen.map((frame) => `${frame?.type} ${frame?.id}`).sort();
  expect(byId).toEqual(['reply 5', 'rst 3', 'rst 8']);
});

test('a refused stream is reset', async () => {
  const { client, frames } = session({ accepts: () => false });
  client.write(synStream(1, block()));
  expect(await frames.next()).toEqual({ type: 'rst', id: 1 });
});

test('a write longer than the carrier takes at once goes out in slices', async () => {
  const { client, carrier, streams, frames } = session({ maxWriteBytes: 1_000 });
  const writes: number[] = [];
  const write = carrier.write.bind(carrier);
  carrier.write = ((chunk: Buffer) => {
    writes.push(chunk.length);
    return write(chunk);
  }) as typeof carrier.write;
  client.write(synStream(1, block()));
  await frames.until(isReply);
  writes.length = 0;
  await streams[0]!.write(Buffer.alloc(2_500));
  expect(writes).toEqual([1_000, 1_000, 508]);
});

/** Frames of one byte for a stream whose reader has stalled, behind the one that its reader took. */
function stalled(count: number): Buffer {
  return Buffer.concat(Array.from({ length: count }, () => data(1, 'x')));
}

test('a stalled reader blocks its worker alone until the queue of 50 is full, then the whole session', async () => {
  const { client, frames, streams } = session();
  client.write(synStream(1, block()));
  await frames.until(isReply);
  const stream = streams[0]!;
  // One frame with the reader, one in the worker's hand, 49 in its queue: a PING has room there.
  client.write(stalled(51));
  await stream.read();
  client.write(Buffer.concat([ping(1), ping(3), ping(5), ping(7), ping(9)]));
  // PINGs go to the workers in turn: the one that lands on stream 1's worker is not answered.
  const answered: number[] = [];
  await frames.until(({ id }) => answered.push(id) === 4);
  expect(answered).toHaveLength(4);

  // One frame more than the queue holds: now nothing is read any more.
  client.write(stalled(1));
  client.write(ping(11));
  client.write(rst(1));
  let heard = false;
  const next = frames.next().then((frame) => {
    heard = true;
    return frame;
  });
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(heard).toBe(false);

  // Reading on frees it.
  for (let read = 0; read < 52; read++) await stream.read();
  expect(await next).toMatchObject({ type: 'ping' });
});

test('closing the session frees a stalled reader', async () => {
  const { client, carrier, frames, served, streams } = session();
  client.write(synStream(1, block()));
  await frames.until(isReply);
  client.write(stalled(100));
  carrier.destroy();
  await served;
  await expect(streams[0]!.write(Buffer.from('x'))).rejects.toThrow('closed');
});

test('after a reset by the client nothing more is sent on that stream', async () => {
  const { client, frames, streams } = session();
  client.write(synStream(1, block()));
  await frames.until(isReply);
  client.write(rst(1));
  expect(await streams[0]!.read()).toBeUndefined();
  await expect(streams[0]!.write(Buffer.from('x'))).rejects.toThrow('closed stream');
  await streams[0]!.end();
  client.write(ping(1));
  expect(await frames.next()).toEqual({ type: 'ping', id: 1 });
});
