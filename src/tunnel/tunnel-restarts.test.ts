import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { FakePod, FakeUpstream, type ServedStream } from '../../test/support/fake-upstream.ts';
import { expectNoHandles } from '../../test/support/no-handles.ts';
import { AppError } from '../base/app-error.ts';
import { silentLog } from '../base/log.ts';
import { createTunnel } from './tunnel.ts';

const clientCount = 200;
const restarts = 10;

afterAll(expectNoHandles);

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

/** Numbers from a seed, so that a failure can be run again (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** All the ways in which a pod's streams are seen to die. */
const deaths = [
  undefined,
  'SP-STREAM-RESET',
  'SP-SANDBOX-GONE',
  'SP-POD-REPLACED',
  'SP-PORT-REFUSED',
  'SP-SESSION-LOST',
] as const;

/** A pod's life: it comes without its port, then serves, then dies; the way it dies goes around. */
async function restartPods(options: {
  readonly clock: FakeClock;
  readonly upstream: FakeUpstream;
  readonly serve: (stream: ServedStream, generation: number) => void;
  readonly whileServing: (generation: number) => Promise<void>;
}): Promise<void> {
  const { clock, upstream, serve, whileServing } = options;
  for (let generation = 0; generation <= restarts; generation++) {
    const pod = new FakePod(`uid-${generation}`);
    upstream.point(pod, { serving: generation % 3 === 0 });
    for (let turn = 0; turn < 20; turn++) await clock.advanceAsync(1);
    pod.serve = (stream) => serve(stream, generation);
    if (generation % 2 === 1) upstream.point(pod);
    const serving = whileServing(generation);
    let isServed = false;
    serving.then(() => {
      isServed = true;
    });
    while (!isServed) {
      await clock.advanceAsync(5);
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (generation === restarts) return;
    const code = deaths[generation % deaths.length];
    if (code === 'SP-SESSION-LOST') upstream.latestLink.lost.emit(new AppError(code));
    pod.kill(code && new AppError(code));
    await clock.advanceAsync(10);
    upstream.pointNowhere();
    await clock.advanceAsync(50);
  }
}

async function tunnelTo(upstream: FakeUpstream, clock: FakeClock) {
  const tunnel = createTunnel({
    upstream,
    clock,
    log: silentLog,
    listen: { kind: 'tcp', port: 0, addresses: ['127.0.0.1'] },
    random: () => 0.5,
  });
  await tunnel.start();
  const [at] = tunnel.addresses;
  if (at?.kind !== 'tcp') throw new Error('no TCP address');
  return { tunnel, port: at.port };
}

describe(`${clientCount} connections through ${restarts} restarts`, () => {
  it('that wait for a greeting: none fails', async () => {
    const clock = new FakeClock();
    const upstream = new FakeUpstream();
    const { tunnel, port } = await tunnelTo(upstream, clock);
    const greetings = Array.from({ length: clientCount }, () => {
      const socket = connect({ host: '127.0.0.1', port });
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      socket.once('data', (chunk) => {
        resolve(String(chunk));
        socket.destroy();
      });
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('closed without a greeting')));
      return promise;
    });
    // A rejection has to be seen when it comes, not when all are awaited.
    const all = Promise.all(greetings);
    all.catch(() => {});
    await until(() => tunnel.connections === clientCount);
    let arrived = 0;
    await restartPods({
      clock,
      upstream,
      serve: ({ app }, generation) => {
        arrived++;
        // Only the last pod speaks: the others die in the silence.
        if (generation === restarts) app.write('welcome');
      },
      whileServing: async (generation) => {
        if (generation === restarts) await all.catch(() => {});
        else {
          const before = arrived;
          await until(() => arrived >= before + clientCount / 2 && tunnel.held === 0);
        }
      },
    });
    expect(new Set(await all)).toEqual(new Set(['welcome']));
    await tunnel.stop();
    expect(clock.pending).toBe(0);
  });

  it('that exchange random bytes: each stream is echoed exactly, or cut as a prefix of what was sent', async () => {
    const clock = new FakeClock();
    const upstream = new FakeUpstream();
    const { tunnel, port } = await tunnelTo(upstream, clock);
    const random = seeded(20_261_120);
    let isLast = false;
    let cut = 0;
    let whole = 0;

    /** Sends up to 200 KiB in pieces; a cut stream is checked and sent anew on another connection, as a client would. */
    async function exchange(): Promise<void> {
      for (;;) {
        const sizeBytes = 1 + Math.floor(random() * 200_000);
        const sent = Buffer.from(Array.from({ length: 997 }, () => random() * 256));
        const bytes = Buffer.alloc(sizeBytes, sent);
        const received = await send(bytes);
        const prefix = bytes.subarray(0, received.length);
        expect(createHash('sha256').update(received).digest('hex')).toBe(
          createHash('sha256').update(prefix).digest('hex'),
        );
        if (received.length < bytes.length) cut++;
        else whole++;
        if (isLast && received.length === bytes.length) return;
      }
    }

    function send(bytes: Buffer): Promise<Buffer> {
      const socket: Socket = connect({ host: '127.0.0.1', port });
      const chunks: Buffer[] = [];
      let receivedBytes = 0;
      socket.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        receivedBytes += chunk.length;
        if (receivedBytes >= bytes.length) socket.destroy();
      });
      socket.on('error', () => {});
      let at = 0;
      const more = () => {
        const piece = bytes.subarray(at, at + 1 + Math.floor(random() * 40_000));
        at += piece.length;
        if (piece.length > 0) socket.write(piece, more);
      };
      more();
      return new Promise((resolve) => socket.once('close', () => resolve(Buffer.concat(chunks))));
    }

    const all = Promise.all(Array.from({ length: clientCount }, exchange));
    all.catch(() => {});
    await restartPods({
      clock,
      upstream,
      serve: ({ app }) => void app.pipe(app),
      whileServing: async (generation) => {
        isLast = generation === restarts;
        const enough = whole + 50;
        if (isLast) await all.catch(() => {});
        else await until(() => whole >= enough);
      },
    });
    await all;
    expect(cut).toBeGreaterThan(0);
    expect(whole).toBeGreaterThanOrEqual(clientCount);
    await tunnel.stop();
    expect(clock.pending).toBe(0);
  });
});
