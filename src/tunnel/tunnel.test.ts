import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { FakePod, FakeUpstream, type ServedStream } from '../../test/support/fake-upstream.ts';
import { expectNoHandles } from '../../test/support/no-handles.ts';
import { AppError } from '../base/app-error.ts';
import { silentLog } from '../base/log.ts';
import type { ConnectionEvent } from './connection-event.ts';
import { createTunnel, type Tunnel, type TunnelOptions } from './tunnel.ts';

const tunnels: Tunnel[] = [];
const clients: Socket[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await Promise.all(tunnels.splice(0).map((tunnel) => tunnel.stop()));
});
afterAll(expectNoHandles);

const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);
const echo = ({ app }: ServedStream) => void app.pipe(app);
const greet = (name: string) => (stream: ServedStream) => {
  stream.app.write(`hello from ${name}\n`);
  echo(stream);
};

async function setUp(options: Partial<TunnelOptions> = {}) {
  const clock = new FakeClock();
  const upstream = new FakeUpstream();
  const events: ConnectionEvent[] = [];
  const tunnel = createTunnel({
    upstream,
    clock,
    log: silentLog,
    listen: { kind: 'tcp', port: 0, addresses: ['127.0.0.1'] },
    random: () => 0,
    ...options,
  });
  tunnels.push(tunnel);
  tunnel.onConnection((event) => events.push(event));
  await tunnel.start();
  const local = () => {
    const [address] = tunnel.addresses;
    if (address?.kind !== 'tcp') throw new Error('no TCP address');
    const client = connect({ host: address.address, port: address.port, allowHalfOpen: true });
    client.on('error', () => {});
    clients.push(client);
    return client;
  };
  return { clock, upstream, tunnel, events, local };
}

/** Lets sockets and promises go on until it is so. Bounded by the test's own timeout. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

async function firstBytes(client: Socket): Promise<string> {
  const [chunk] = await once(client, 'data');
  return String(chunk);
}

/** How the client saw its connection end. */
async function ending(client: Socket): Promise<'end' | 'reset'> {
  client.resume();
  return new Promise((resolve) => {
    client.once('end', () => resolve('end'));
    client.once('error', () => resolve('reset'));
  });
}

describe('a ready tunnel', () => {
  it('opens the stream before the client has sent anything', async () => {
    const { upstream, tunnel, local } = await setUp();
    const pod = new FakePod('a');
    pod.serve = greet('a');
    upstream.point(pod);
    await until(() => tunnel.state.kind === 'ready');
    expect(await firstBytes(local())).toBe('hello from a\n');
  });

  it('tells start and end of each connection with bytes both ways', async () => {
    const { upstream, tunnel, events, local } = await setUp();
    const pod = new FakePod('a');
    pod.serve = greet('a');
    upstream.point(pod);
    await until(() => tunnel.state.kind === 'ready');
    const client = local();
    await firstBytes(client);
    client.write('ping');
    expect(await firstBytes(client)).toBe('ping');
    client.end();
    await once(client, 'end');
    await until(() => events.length === 2);
    expect(events).toMatchObject([
      { kind: 'start', connection: 1, pod: { uid: 'a' }, port: 5432, heldMs: 0 },
      { kind: 'end', connection: 1, pod: { uid: 'a' }, receivedBytes: 17, sentBytes: 4, error: undefined },
    ]);
  });

  it('passes a clean close on as a clean close, with all bytes before it', async () => {
    const { upstream, tunnel, local } = await setUp();
    const pod = new FakePod('a');
    const answer = Buffer.alloc(3_000_000, 'x');
    pod.serve = ({ app }) => void app.end(answer);
    upstream.point(pod);
    await until(() => tunnel.state.kind === 'ready');
    expect((await text(local())).length).toBe(answer.length);
  });

  it('ends one connection with a reset when its stream fails, after what came before, and no other', async () => {
    const { upstream, tunnel, events, local } = await setUp();
    const pod = new FakePod('a');
    pod.serve = greet('a');
    upstream.point(pod);
    await until(() => tunnel.state.kind === 'ready');
    const [doomed, other] = [local(), local()];
    await Promise.all([firstBytes(doomed), firstBytes(other)]);
    const [first] = pod.streams;
    first?.fail(new AppError('SP-STREAM-RESET'));
    const victim = await Promise.race([
      ending(doomed).then((how) => ({ how, alive: other })),
      ending(other).then((how) => ({ how, alive: doomed })),
    ]);
    expect(victim.how).toBe('reset');
    victim.alive.write('ping');
    expect(await firstBytes(victim.alive)).toBe('ping');
    await until(() => events.some((event) => event.kind === 'end'));
    expect(events.find((event) => event.kind === 'end')?.error?.code).toBe('SP-STREAM-RESET');
    expect(tunnel.state.kind).toBe('ready');
  });

  it('cancels the stream when the client resets', async () => {
    const { upstream, tunnel, local } = await setUp();
    const pod = new FakePod('a');
    pod.serve = greet('a');
    upstream.point(pod);
    await until(() => tunnel.state.kind === 'ready');
    const client = local();
    await firstBytes(client);
    const [stream] = pod.streams;
    client.resetAndDestroy();
    await stream?.cancelled;
    await until(() => tunnel.connections === 0);
  });

  it('delivers the answer to a client that has already sent its end', async () => {
    const { upstream, tunnel, local } = await setUp();
    const pod = new FakePod('a');
    pod.serve = ({ app }) => {
      app.on('data', () => {});
      app.on('end', () => app.end('late answer'));
    };
    upstream.point(pod);
    await until(() => tunnel.state.kind === 'ready');
    const client = local();
    client.end('request');
    expect(await text(client)).toBe('late answer');
  });

  it('lets a pod that says nothing for 30 s after the end of the client go', async () => {
    const { clock, upstream, tunnel, local } = await setUp();
    const pod = new FakePod('a');
    const [bytes, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    pod.serve = ({ app }) => {
      app.on('data', () => bytes.resolve());
      app.on('end', () => ended.resolve());
    };
    upstream.point(pod);
    await until(() => tunnel.state.kind === 'ready');
    const client = local();
    client.end('request');
    await ended.promise;
    clock.advance(29_999);
    expect(pod.streams.size).toBe(1);
    clock.advance(1);
    expect(await ending(client)).toBe('end');
    expect(pod.streams.size).toBe(0);
  });

  it('does not let a client that reads nothing slow another one', async () => {
    const { upstream, tunnel, local } = await setUp();
    const pod = new FakePod('a');
    const flood = Buffer.alloc(65_536);
    let written = 0;
    pod.serve = ({ app, head }) => {
      app.once('data', (chunk: Buffer) => {
        if (String(chunk) !== 'flood') return void app.write(chunk);
        const pour = () => {
          do written += flood.length;
          while (app.write(flood));
        };
        app.on('drain', pour);
        pour();
      });
      expect(head.length).toBe(0);
    };
    upstream.point(pod);
    await until(() => tunnel.state.kind === 'ready');
    const stalled = local();
    stalled.pause();
    stalled.write('flood');
    await until(() => written > 100_000);
    for (let round = 0; round < 20; round++) {
      const other = local();
      other.write(`ping ${round}`);
      expect(await firstBytes(other)).toBe(`ping ${round}`);
      other.destroy();
    }
    // What piles up for it is bounded by buffers: kernel's and ours.
    expect(written).toBeLessThan(64 * 1024 * 1024);
  });
});

describe('holding', () => {
  it('holds a connection until a pod serves, and sends what it had sent', async () => {
    const { clock, upstream, tunnel, events, local } = await setUp();
    const client = local();
    client.write('early ');
    await until(() => tunnel.held === 1);
    clock.advance(20_000);
    client.write('bytes');
    const pod = new FakePod('a');
    pod.serve = echo;
    upstream.point(pod);
    let got = '';
    client.on('data', (chunk) => {
      got += chunk;
    });
    await until(() => got === 'early bytes');
    expect(tunnel.held).toBe(0);
    expect(events[0]).toMatchObject({ kind: 'start', heldMs: 20_000 });
  });

  it('ends a connection with a reset when nothing serves it in time', async () => {
    const { clock, tunnel, events, local } = await setUp({ hold: { timeoutMs: 5_000 } });
    const client = local();
    await until(() => tunnel.held === 1);
    clock.advance(4_999);
    expect(tunnel.held).toBe(1);
    clock.advance(1);
    expect(await ending(client)).toBe('reset');
    await until(() => events.length === 1);
    expect(events[0]).toMatchObject({
      kind: 'end',
      error: { code: 'SP-HOLD-TIMEOUT', details: { heldMs: 5_000 } },
    });
  });

  it('refuses more than the limit and keeps those that wait', async () => {
    const { tunnel, events, local } = await setUp({ hold: { limit: 3 } });
    for (let n = 0; n < 3; n++) local();
    await until(() => tunnel.held === 3);
    expect(await ending(local())).toBe('reset');
    await until(() => events.length === 1);
    expect(events[0]).toMatchObject({ kind: 'end', error: { code: 'SP-HOLD-FULL', details: { limit: 3 } } });
    expect(tunnel.held).toBe(3);
  });

  it.each(['end', 'reset'] as const)('drops a held client that leaves (%s) at once', async (how) => {
    const { tunnel, local } = await setUp();
    const client = local();
    client.write(sslRequest);
    await until(() => tunnel.held === 1);
    if (how === 'end') client.end();
    else client.resetAndDestroy();
    await until(() => tunnel.held === 0);
    await until(() => tunnel.connections === 0);
  });

  it('reads no more than the bound of a client that waits, and loses none of it', async () => {
    const { upstream, tunnel, local } = await setUp();
    const bytes = Buffer.alloc(8_000_000, 'abcdefg');
    const client = local();
    client.write(bytes);
    await until(() => tunnel.held === 1);
    const pod = new FakePod('a');
    const whole = Promise.withResolvers<Buffer>();
    let head = 0;
    pod.serve = (stream) => {
      head = stream.head.length;
      const chunks: Buffer[] = [];
      let size = 0;
      stream.app.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size === bytes.length) whole.resolve(Buffer.concat(chunks));
      });
    };
    upstream.point(pod);
    expect((await whole.promise).equals(bytes)).toBe(true);
    expect(head).toBeLessThanOrEqual(2 * 64 * 1024);
  });

  it('says how long the outage was and how many it served', async () => {
    const { clock, upstream, tunnel, local } = await setUp();
    const pod = new FakePod('a');
    pod.serve = greet('a');
    upstream.point(pod);
    await until(() => tunnel.state.kind === 'ready');
    const changes: unknown[] = [];
    tunnel.onState(({ state, gapMs, served }) => changes.push([state.kind, gapMs, served]));
    upstream.pointNowhere();
    const client = local();
    await until(() => tunnel.held === 1);
    clock.advance(3_000);
    upstream.point(pod);
    expect(await firstBytes(client)).toBe('hello from a\n');
    expect(changes).toEqual([
      ['waiting', undefined, undefined],
      ['ready', 3_000, 1],
    ]);
  });
});

describe('the pilot', () => {
  it('alone tries a port that is not known to serve, and gets the others through', async () => {
    const { clock, upstream, tunnel, local } = await setUp();
    const all = Array.from({ length: 20 }, local);
    const answers = all.map(firstBytes);
    await until(() => tunnel.held === 20);
    const pod = new FakePod('a');
    upstream.point(pod, { serving: false });
    for (let tries = 1; tries <= 5; tries++) {
      await until(() => pod.opens === tries && tunnel.held === 20);
      expect(tunnel.state.kind).toBe('waiting');
      clock.advance(10);
    }
    await until(() => pod.opens === 6 && tunnel.held === 20);
    pod.serve = greet('a');
    clock.advance(10);
    await Promise.all(answers);
    expect(pod.opens).toBe(6 + 20);
    expect(tunnel.state.kind).toBe('ready');
  });

  it('counts as through when it is not refused for 100 ms, so that silent clients are released too', async () => {
    const { clock, upstream, tunnel, local } = await setUp();
    const silent = [local(), local(), local()];
    await until(() => tunnel.held === 3);
    const pod = new FakePod('a');
    pod.serve = () => {};
    upstream.point(pod, { serving: false });
    await until(() => pod.streams.size === 1);
    clock.advance(99);
    expect(tunnel.held).toBe(2);
    clock.advance(1);
    await until(() => pod.streams.size === 3);
    expect(tunnel.state.kind).toBe('ready');
    expect(silent.every((client) => !client.destroyed)).toBe(true);
  });

  it('is followed by the next one when its client leaves', async () => {
    const { clock, upstream, tunnel, local } = await setUp();
    const first = local();
    await until(() => tunnel.held === 1);
    const second = local();
    await until(() => tunnel.held === 2);
    const pod = new FakePod('a');
    pod.serve = () => {};
    upstream.point(pod, { serving: false });
    await until(() => pod.streams.size === 1);
    pod.serve = greet('a');
    first.resetAndDestroy();
    await until(() => tunnel.connections === 1);
    clock.advance(10);
    expect(await firstBytes(second)).toBe('hello from a\n');
  });

  it('is what remains of a ready tunnel when its port refuses; the refused keep place, bytes and deadline', async () => {
    const { clock, upstream, tunnel, events, local } = await setUp({ hold: { timeoutMs: 1_000 } });
    const pod = new FakePod('a');
    pod.serve = greet('a');
    upstream.point(pod);
    await until(() => tunnel.state.kind === 'ready');
    pod.kill();
    const request = 'INSERT INTO t VALUES (1)';
    const client = local();
    client.write(request);
    await until(() => tunnel.held === 1);
    expect(tunnel.state).toMatchObject({ kind: 'waiting', reason: { code: 'SP-PORT-REFUSED' } });
    const received: string[] = [];
    pod.serve = ({ app }) => app.on('data', (chunk) => received.push(String(chunk)));
    clock.advance(500);
    await until(() => received.length === 1);
    expect(received).toEqual([request]);
    pod.kill(new AppError('SP-PORT-REFUSED'));
    await until(() => tunnel.held === 1);
    clock.advance(600);
    expect(await ending(client)).toBe('reset');
    await until(() => events.length > 0);
    expect(events.at(-1)).toMatchObject({ kind: 'end', error: { code: 'SP-HOLD-TIMEOUT' } });
  });
});

describe('what may be sent again', () => {
  const failures = {
    'session lost': new AppError('SP-SESSION-LOST'),
    reset: new AppError('SP-STREAM-RESET'),
    'clean close': undefined,
  };
  const openings = {
    nothing: Buffer.alloc(0),
    handshake: sslRequest,
    'half a handshake': sslRequest.subarray(0, 5),
  };

  for (const [failure, error] of Object.entries(failures)) {
    for (const [opening, bytes] of Object.entries(openings)) {
      it(`${opening} after a ${failure}`, async () => {
        const { clock, upstream, tunnel, local } = await setUp();
        const pod = new FakePod('a');
        let arrived = 0;
        pod.serve = ({ app }) => app.on('data', (chunk: Buffer) => (arrived += chunk.length));
        upstream.point(pod);
        await until(() => tunnel.state.kind === 'ready');
        const client = local();
        if (bytes.length > 0) client.write(bytes);
        const answer = firstBytes(client);
        await until(() => pod.streams.size === 1 && arrived === bytes.length);
        pod.kill(error);
        await until(() => tunnel.held === 1);
        upstream.pointNowhere();
        const next = new FakePod('b');
        next.serve = ({ app }) => {
          let got = Buffer.alloc(0);
          const answered = () => {
            if (got.equals(bytes)) app.write('S');
          };
          app.on('data', (chunk: Buffer) => {
            got = Buffer.concat([got, chunk]);
            answered();
          });
          answered();
        };
        upstream.point(next);
        clock.advance(100);
        expect(await answer).toBe('S');
      });
    }

    it(`not a request after a ${failure}`, async () => {
      const { upstream, tunnel, local } = await setUp();
      const pod = new FakePod('a');
      let arrived = '';
      pod.serve = ({ app }) => app.on('data', (chunk) => (arrived += chunk));
      upstream.point(pod);
      await until(() => tunnel.state.kind === 'ready');
      const client = local();
      client.write('GET / HTTP/1.1\r\n');
      await until(() => arrived.length > 0);
      const end = ending(client);
      const opens = pod.opens;
      for (const stream of [...pod.streams]) {
        if (error) stream.fail(error);
        else stream.app.end();
      }
      expect(await end).toBe(error ? 'reset' : 'end');
      expect(pod.opens).toBe(opens);
    });
  }

  it('never after a byte came back', async () => {
    const { upstream, tunnel, local } = await setUp();
    const pod = new FakePod('a');
    pod.serve = greet('a');
    upstream.point(pod);
    await until(() => tunnel.state.kind === 'ready');
    const client = local();
    await firstBytes(client);
    const end = ending(client);
    for (const stream of pod.streams) stream.fail(new AppError('SP-SANDBOX-GONE'));
    expect(await end).toBe('reset');
    expect(pod.opens).toBe(1);
  });

  it('a server that closes without a word looks so after two more tries', async () => {
    const { upstream, tunnel, local } = await setUp();
    const pod = new FakePod('a');
    pod.serve = ({ app }) => void app.end();
    upstream.point(pod);
    await until(() => tunnel.state.kind === 'ready');
    expect(await ending(local())).toBe('end');
    expect(pod.opens).toBe(3);
    expect(tunnel.state.kind).toBe('ready');
  });

  it('does not fail those that wait for a greeting when a transport fails again and again', async () => {
    const { clock, upstream, tunnel, local } = await setUp();
    const pod = new FakePod('a');
    pod.serve = (stream) => stream.fail(new AppError('SP-STREAM-FAILED'));
    upstream.point(pod);
    await until(() => tunnel.state.kind === 'ready');
    const answer = firstBytes(local());
    for (let tries = 1; tries <= 8; tries++) {
      await until(() => pod.opens === tries && tunnel.held === 1);
      clock.advance(1_000);
    }
    await until(() => tunnel.held === 1);
    pod.serve = greet('a');
    clock.advance(1_000);
    expect(await answer).toBe('hello from a\n');
  });
});

describe('a pod that is replaced', () => {
  it('keeps its running streams; new ones go to the successor', async () => {
    const { upstream, tunnel, local } = await setUp();
    const [old, successor] = [new FakePod('a'), new FakePod('b')];
    old.serve = greet('a');
    successor.serve = greet('b');
    upstream.point(old);
    await until(() => tunnel.state.kind === 'ready');
    const running = local();
    await firstBytes(running);
    upstream.point(successor);
    expect(await firstBytes(local())).toBe('hello from b\n');
    running.write('still here');
    expect(await firstBytes(running)).toBe('still here');
    expect(upstream.links[0]?.disposed).toBe(true);
  });

  it('waits with the reason when its sessions cannot be had, then recovers by itself', async () => {
    const { clock, upstream, tunnel, local } = await setUp();
    const pod = new FakePod('a');
    pod.serve = greet('a');
    pod.sessionError = new AppError('SP-API-UNREACHABLE');
    upstream.point(pod);
    await until(() => tunnel.state.kind === 'waiting');
    const answer = firstBytes(local());
    await until(() => tunnel.held === 1);
    pod.sessionError = undefined;
    clock.advance(1_000);
    expect(await answer).toBe('hello from a\n');
  });

  it('is blocked while a person has to act, and goes on when told to try again', async () => {
    const { upstream, tunnel, local } = await setUp();
    const pod = new FakePod('a');
    pod.serve = greet('a');
    pod.sessionError = new AppError('SP-LOGIN-REQUIRED');
    upstream.point(pod);
    await until(() => tunnel.state.kind === 'blocked');
    pod.sessionError = undefined;
    tunnel.retryNow();
    expect(await firstBytes(local())).toBe('hello from a\n');
  });
});

describe('stop', () => {
  it('ends held and running connections and leaves nothing', async () => {
    const { clock, upstream, tunnel, local } = await setUp();
    const pod = new FakePod('a');
    pod.serve = greet('a');
    upstream.point(pod);
    await until(() => tunnel.state.kind === 'ready');
    const running = local();
    await firstBytes(running);
    upstream.pointNowhere();
    const held = local();
    await until(() => tunnel.held === 1);
    const ends = Promise.all([ending(running), ending(held)]);
    await tunnel.stop();
    expect(await ends).toEqual(['reset', 'reset']);
    expect([tunnel.state.kind, tunnel.connections, tunnel.held, pod.streams.size]).toEqual(['off', 0, 0, 0]);
    expect([upstream.following, upstream.latestLink.disposed, clock.pending]).toEqual([false, true, 0]);
    await tunnel.stop();
  });

  it('can be started again on the same port', async () => {
    const { upstream, tunnel, local } = await setUp();
    await tunnel.stop();
    await tunnel.start();
    const pod = new FakePod('a');
    pod.serve = greet('a');
    upstream.point(pod);
    expect(await firstBytes(local())).toBe('hello from a\n');
  });
});
