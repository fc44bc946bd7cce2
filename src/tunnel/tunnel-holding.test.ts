import { describe, expect, it } from 'vitest';
import { FakePod, type ServedStream } from '../../test/support/fake-upstream.ts';
import {
  echo,
  ending,
  firstBytes,
  greet,
  sslRequest,
  tunnelFixture,
  until,
} from '../../test/support/tunnel-fixture.ts';
import { AppError } from '../base/app-error.ts';

const setUp = tunnelFixture();

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
    const { clock, upstream, tunnel, events, local } = await setUp({ hold: { timeoutMs: 5_000 } });
    upstream.pointNowhere('SP-TARGET-NO-PODS');
    const client = local();
    await until(() => tunnel.held === 1);
    clock.advance(4_999);
    expect(tunnel.held).toBe(1);
    clock.advance(1);
    expect(await ending(client)).toBe('reset');
    await until(() => events.length === 1);
    expect(events[0]).toMatchObject({
      kind: 'end',
      error: {
        code: 'SP-HOLD-TIMEOUT',
        details: { heldMs: 5_000, why: 'no pod belongs to the target' },
      },
    });
  });

  it('ends it after five seconds where it only meets refusals on a port that the pod does not declare', async () => {
    const { clock, upstream, tunnel, events, local } = await setUp();
    const pod = new FakePod('a');
    upstream.point(pod, { otherPorts: 'pg=5432' });
    const first = local();
    const firstEnd = ending(first);
    await until(() => tunnel.state.kind === 'waiting' && tunnel.held === 1);
    clock.advance(4_900);
    await until(() => tunnel.held === 1);
    expect(tunnel.connections).toBe(1);
    while (tunnel.connections > 0) {
      clock.advance(100);
      await until(() => tunnel.held === 1 || tunnel.connections === 0);
    }
    expect(await firstEnd).toBe('reset');
    expect(clock.nowMs()).toBeLessThan(7_000);
    const opens = pod.opens;
    expect(await ending(local())).toBe('reset');
    expect(pod.opens).toBe(opens + 1);
    await until(() => events.length === 2);
    expect(events).toMatchObject(Array(2).fill({ kind: 'end', error: { code: 'SP-PORT-REFUSED' } }));
    pod.serve = greet('a');
    expect(await firstBytes(local())).toBe('hello from a\n');
    expect(tunnel.state.kind).toBe('ready');
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
    const { clock, upstream, tunnel, local, serving } = await setUp();
    const pod = await serving(greet('a'));
    const changes: unknown[] = [];
    tunnel.onState(({ state, held, gapMs, served }) => changes.push([state.kind, held, gapMs, served]));
    upstream.pointNowhere();
    const client = local();
    await until(() => tunnel.held === 1);
    clock.advance(3_000);
    upstream.point(pod);
    expect(await firstBytes(client)).toBe('hello from a\n');
    expect(changes).toEqual([
      ['waiting', 0, undefined, undefined],
      ['waiting', 1, undefined, undefined],
      ['ready', 1, 3_000, 1],
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

  it('is not through while the distance alone keeps the refusal away', async () => {
    const { clock, upstream, tunnel, local } = await setUp();
    const pod = new FakePod('a');
    const tries: ServedStream[] = [];
    pod.answers = false;
    pod.serve = (stream) => tries.push(stream);
    upstream.point(pod, { serving: false });
    local();
    await until(() => tries.length === 1);
    clock.advance(500);
    expect(tunnel.state.kind).toBe('waiting');
    tries[0]!.answer();
    clock.advance(99);
    expect(tunnel.state.kind).toBe('waiting');
    clock.advance(1);
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
    const { clock, tunnel, events, local, serving } = await setUp({ hold: { timeoutMs: 1_000 } });
    const pod = await serving(greet('a'));
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
