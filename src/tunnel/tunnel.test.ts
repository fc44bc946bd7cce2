import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { FakePod } from '../../test/support/fake-upstream.ts';
import { ending, firstBytes, greet, tunnelFixture, until } from '../../test/support/tunnel-fixture.ts';
import { AppError } from '../base/app-error.ts';

const setUp = tunnelFixture();

describe('a ready tunnel', () => {
  it('opens the stream before the client has sent anything', async () => {
    const { local, serving } = await setUp();
    await serving(greet('a'));
    expect(await firstBytes(local())).toBe('hello from a\n');
  });

  it('tells start and end of each connection with bytes both ways', async () => {
    const { events, local, serving } = await setUp();
    await serving(greet('a'));
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

  it('counts what went through one connection while it runs', async () => {
    const { tunnel, local, serving } = await setUp();
    await serving(greet('a'));
    const [talker, silent] = [local(), local()];
    await Promise.all([firstBytes(talker), firstBytes(silent)]);
    talker.write('ping');
    expect(await firstBytes(talker)).toBe('ping');
    const both = [tunnel.trafficOf(1), tunnel.trafficOf(2)];
    expect(both).toContainEqual({ receivedBytes: 17, sentBytes: 4 });
    expect(both).toContainEqual({ receivedBytes: 13, sentBytes: 0 });
    talker.destroy();
    silent.destroy();
    await until(() => tunnel.connections === 0);
    expect(tunnel.trafficOf(1)).toBeUndefined();
  });

  it('measures the way into the pod without the wait for one', async () => {
    const { clock, tunnel, events, local, takenAfter } = await setUp();
    local();
    await until(() => tunnel.held === 1);
    clock.advance(7_000);
    const { app } = await takenAfter(12);
    clock.advance(50);
    app.write('hello');
    await until(() => events.length > 0);
    expect(events).toMatchObject([{ kind: 'start', heldMs: 7_000, connectMs: 12 }]);
  });

  it('passes a clean close on as a clean close, with all bytes before it', async () => {
    const { local, serving } = await setUp();
    const answer = Buffer.alloc(3_000_000, 'x');
    await serving(({ app }) => void app.end(answer));
    expect((await text(local())).length).toBe(answer.length);
  });

  it('ends one connection with a reset when its stream fails, after what came before, and no other', async () => {
    const { tunnel, events, local, serving } = await setUp();
    const pod = await serving(greet('a'));
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
    const { tunnel, local, serving } = await setUp();
    const pod = await serving(greet('a'));
    const client = local();
    await firstBytes(client);
    const [stream] = pod.streams;
    client.resetAndDestroy();
    await stream?.cancelled;
    await until(() => tunnel.connections === 0);
  });

  it('delivers the answer to a client that has already sent its end', async () => {
    const { local, serving } = await setUp();
    await serving(({ app }) => {
      app.on('data', () => {});
      app.on('end', () => app.end('late answer'));
    });
    const client = local();
    client.end('request');
    expect(await text(client)).toBe('late answer');
  });

  it('lets a pod that says nothing for 30 s after the end of the client go', async () => {
    const { clock, local, serving } = await setUp();
    const [bytes, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const pod = await serving(({ app }) => {
      app.on('data', () => bytes.resolve());
      app.on('end', () => ended.resolve());
    });
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
    const { local, serving } = await setUp();
    const flood = Buffer.alloc(65_536);
    let written = 0;
    await serving(({ app, head }) => {
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
    });
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
    const { clock, upstream, tunnel, local, serving } = await setUp();
    const pod = await serving(greet('a'));
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
