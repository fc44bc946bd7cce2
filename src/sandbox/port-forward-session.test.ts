import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { PortForwardSession } from './port-forward-session.ts';
import { data, openPair, rst, SeenFrames, storedBlock, synStream } from './raw-client.fixture.ts';

let listener: Server;
let accepted: Socket[];
let clock: FakeClock;
let client: Duplex;
let frames: SeenFrames;
let served: Promise<void>;

beforeEach(async () => {
  accepted = [];
  listener = createServer({ allowHalfOpen: true }, (socket) => accepted.push(socket)).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as { port: number };
  clock = new FakeClock();
  const [near, far] = duplexPair();
  client = near;
  frames = new SeenFrames(near);
  const session = new PortForwardSession({
    carrier: far,
    clock,
    target: {
      sandboxId: 'f'.repeat(64),
      clock,
      gate: () => undefined,
      dial: async () => {
        const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
        await once(socket, 'connect');
        return socket;
      },
    },
  });
  served = session.serve();
});

afterEach(async () => {
  client.destroy();
  for (const socket of accepted) socket.destroy();
  clock.advance(1_000);
  await served;
  listener.close();
  await once(listener, 'close');
  expect(clock.pending).toBe(0);
});

const ofStream = (type: string, id: number) => (frame: { type: string; id: number }) =>
  frame.type === type && frame.id === id;
const stream = (id: number, streamtype: string, first = false) =>
  synStream(id, storedBlock({ streamtype, port: '5432', requestid: '9' }, first));

async function podSide(): Promise<Socket> {
  if (accepted.length === 0) await once(listener, 'connection');
  const socket = accepted.at(-1)!;
  socket.on('error', () => {});
  return socket;
}

test('a pair may come data first, and the pod is dialled only when it is complete', async () => {
  client.write(stream(1, 'data', true));
  await frames.until(ofStream('reply', 1));
  expect(accepted).toHaveLength(0);
  client.write(stream(3, 'error'));
  client.write(data(1, 'hello'));
  const [bytes] = await once(await podSide(), 'data');
  expect(String(bytes)).toBe('hello');
});

test('an incomplete pair is told after 30 s', async () => {
  client.write(stream(1, 'error', true));
  await frames.until(ofStream('reply', 1));
  clock.advance(29_999);
  expect(clock.pending).toBe(1);
  clock.advance(1);
  expect(await frames.next()).toMatchObject({
    id: 1,
    text: expect.stringContaining('timed out waiting for streams'),
  });
});

test('a stream without a port or of another type is reset', async () => {
  client.write(synStream(1, storedBlock({ streamtype: 'data', requestid: '1' }, true)));
  client.write(synStream(3, storedBlock({ streamtype: 'stdin', port: '1', requestid: '1' }, false)));
  const seen = [await frames.next(), await frames.next()];
  expect(seen.map((frame) => `${frame?.type} ${frame?.id}`).sort()).toEqual(['rst 1', 'rst 3']);
});

test("after the pod's end the client's direction stays open for a second, then both close", async () => {
  client.write(openPair(1, 5_432));
  const pod = await podSide();
  pod.end('bye');
  await frames.until((frame) => frame.type === 'data' && frame.text === 'bye');
  client.write(data(3, 'late'));
  const [bytes] = await once(pod, 'data');
  expect(String(bytes)).toBe('late');
  const closed = once(pod.resume(), 'end');
  clock.advance(1_000);
  await closed;
  await frames.until((frame) => frame.type === 'data' && frame.id === 1 && frame.fin);
});

test("the client's lone FIN cuts an answer that takes longer than a second, as containerd does", async () => {
  client.write(openPair(1, 5_432));
  client.write(data(3, 'question', 1));
  const pod = await podSide();
  pod.resume();
  const gone = once(pod, 'end');
  // Two timers: none for the pair any more, one for the late close.
  while (clock.pending === 0) await new Promise((resolve) => setImmediate(resolve));
  clock.advance(1_000);
  await gone;
  const seen = await frames.until((frame) => frame.type === 'data' && frame.id === 1 && frame.fin);
  expect(seen.some(({ type }) => type === 'rst')).toBe(false);
});

test("a pod's reset becomes text and RST on the error stream, FIN on the data stream", async () => {
  client.write(openPair(1, 5_432));
  const pod = await podSide();
  pod.write('x');
  await frames.until((frame) => frame.type === 'data' && frame.text === 'x');
  pod.resetAndDestroy();
  while (clock.pending === 0) await new Promise((resolve) => setImmediate(resolve));
  clock.advance(1_000);
  const seen = await frames.until(ofStream('rst', 1));
  expect(seen).toContainEqual(expect.objectContaining({ type: 'data', id: 3, fin: true }));
  expect(seen).toContainEqual(
    expect.objectContaining({ id: 1, text: expect.stringContaining('connection reset by peer') }),
  );
});

test("after the client's reset the pod's connection ends within a second and the session serves on", async () => {
  client.write(openPair(1, 5_432));
  const pod = await podSide();
  const gone = once(pod.resume(), 'end');
  client.write(rst(3));
  while (clock.pending === 0) await new Promise((resolve) => setImmediate(resolve));
  clock.advance(1_000);
  await gone;
  const next = once(listener, 'connection');
  client.write(openPair(5, 5_432));
  await next;
});
