import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { ScriptedSpdyPeer } from '../../test/support/scripted-spdy-peer.ts';
import { AppError } from '../base/app-error.ts';
import type { PodIdentity } from '../contract/pod.ts';
import { SessionPool } from './session-pool.ts';
import { SpdySession } from './spdy-session.ts';

const pod: PodIdentity = {
  namespace: 'data',
  name: 'postgres-0',
  uid: 'u1',
  restarts: 0,
  ready: true,
  hostNetwork: false,
};

interface Dialled {
  readonly peer: ScriptedSpdyPeer;
  readonly session: SpdySession;
}

/** A pool whose dials wait for `answer`, unless `auto`. */
function start({ auto = true } = {}) {
  const clock = new FakeClock();
  const dialled: Dialled[] = [];
  const pending: { succeed(): void; fail(error: AppError): void }[] = [];
  const pool = new SessionPool({
    clock,
    dial: (of) =>
      new Promise((resolve, reject) => {
        const succeed = () => {
          const peer = new ScriptedSpdyPeer();
          const session = new SpdySession({ carrier: peer.carrier, pod: of, auditId: 'a', clock });
          dialled.push({ peer, session });
          resolve(session);
        };
        if (auto) succeed();
        else pending.push({ succeed, fail: reject });
      }),
  });
  return { clock, pool, dialled, pending, lease: pool.link(pod) };
}

const signal = new AbortController().signal;
const settle = () => new Promise((resolve) => setImmediate(resolve));
const stream = { port: 5432, head: [], signal };
const alive = (dialled: readonly Dialled[]) => dialled.filter(({ session }) => !session.closed).length;

describe('SessionPool', () => {
  it('opens on a warm session at once, without a dial', async () => {
    const { lease, dialled } = start();
    await lease.warm(signal);
    expect(dialled).toHaveLength(1);
    await lease.open({ ...stream, head: [Buffer.from('x')] });
    expect(dialled).toHaveLength(1);
    expect(dialled[0]!.peer.frames()).toEqual(['syn 1 fin', 'syn 3', 'data 3 x']);
  });

  it('gives no two busy connections the same session', async () => {
    const { lease, dialled } = start();
    await Promise.all(Array.from({ length: 20 }, () => lease.open(stream)));
    expect(dialled.filter(({ session }) => session.streamCount === 1)).toHaveLength(20);
    expect(dialled.filter(({ session }) => session.streamCount > 1)).toHaveLength(0);
  });

  it('serves the successor of a pod that was left with many dials under way', async () => {
    const { pool, lease, pending } = start({ auto: false });
    const successor = { ...pod, uid: 'u2' };
    const lost = Array.from({ length: 40 }, () => lease.open(stream).catch(() => undefined));
    await settle();
    const underWay = pending.splice(0);
    const warm = pool.link(successor).warm(signal);
    await lease[Symbol.asyncDispose]();
    for (const dial of underWay) dial.fail(new AppError('SP-SANDBOX-GONE', { pod: pod.name }));
    await settle();
    pending[0]!.succeed();
    await warm;
    expect(pending).toHaveLength(1);
    await pool[Symbol.asyncDispose]();
    await Promise.all(lost);
  });

  it('serves a waiting connection by whichever comes first, a freed session or a new one', async () => {
    const { lease, dialled, pending } = start({ auto: false });
    const first = lease.open(stream);
    await settle();
    pending[0]!.succeed();
    const opened = await first;
    const second = lease.open(stream);
    opened.on('error', () => {});
    opened.destroy();
    await second;
    expect(dialled).toHaveLength(1);
    expect(dialled[0]!.session.streamCount).toBe(2);
  });

  it('opens spare sessions after a burst, bounded, and closes them when idle for long', async () => {
    const { lease, dialled, clock } = start();
    const streams = await Promise.all(Array.from({ length: 40 }, () => lease.open(stream)));
    await clock.advanceAsync(25);
    expect(alive(dialled)).toBe(40 + 16);
    for (const open of streams) open.destroy();
    for (const { peer } of dialled) {
      peer.data(3, '', true);
      peer.data(1, '', true);
    }
    // Peers that answer their PINGs.
    for (let s = 0; s < 300; s += 5) {
      await clock.advanceAsync(5_000);
      for (const { peer } of dialled) peer.control(6, 1);
    }
    expect(alive(dialled)).toBe(2);
  });

  it('keeps two sessions warm however often one connection after the other is tried', async () => {
    const { lease, dialled, clock } = start();
    for (let tries = 0; tries < 25; tries++) {
      const open = await lease.open(stream);
      open.destroy();
      await clock.advanceAsync(10);
    }
    await clock.advanceAsync(25);
    expect(alive(dialled)).toBe(2);
  });

  it('fails who waits with what the dial said, one answer for each attempt', async () => {
    const { lease, pending } = start({ auto: false });
    const results = [lease.open(stream), lease.open(stream)].map((p) => p.catch((error) => error.code));
    await settle();
    expect(pending).toHaveLength(2);
    pending[0]!.fail(new AppError('SP-API-UNREACHABLE'));
    await settle();
    pending[1]!.succeed();
    const [one, two] = await Promise.all(results);
    expect([one, typeof two]).toEqual(['SP-API-UNREACHABLE', 'object']);
  });

  it('tells of the loss of the last session, not of a closing on purpose', async () => {
    const { lease, dialled, clock } = start();
    const lost: string[] = [];
    lease.onLost((error) => lost.push((error as AppError).code));
    await lease.warm(signal);
    await clock.advanceAsync(25);
    expect(dialled).toHaveLength(2);
    dialled[0]!.peer.receiver.onClose(undefined);
    expect(lost).toEqual([]);
    dialled[1]!.peer.receiver.onClose(undefined);
    expect(lost).toEqual(['SP-SESSION-LOST']);
    await lease.warm(signal);
    await lease[Symbol.asyncDispose]();
    expect(lost).toHaveLength(1);
  });

  it('lends no session out again after the sandbox behind it is gone', async () => {
    const { pool, lease, dialled, clock } = start();
    pool.link(pod);
    const lost: string[] = [];
    lease.onLost((error) => lost.push(error.code));
    const open = await lease.open(stream);
    await clock.advanceAsync(25);
    const failed = new Promise((resolve) => open.on('error', resolve));
    const { peer } = dialled[0]!;
    peer.data(3, '', true);
    peer.data(1, 'error forwarding port: network namespace for sandbox "x" is closed', true);
    expect(await failed).toMatchObject({ code: 'SP-SANDBOX-GONE' });
    expect(alive(dialled)).toBe(0);
    expect(lost).toEqual(['SP-SANDBOX-GONE']);
  });

  it('asks the siblings of a lost session for a sign of life', async () => {
    const { lease, dialled, clock } = start();
    const [first, second] = [await lease.open(stream), await lease.open(stream)];
    for (const { peer } of dialled) peer.frames();
    dialled[0]!.peer.receiver.onClose(undefined);
    expect(first.errored).toMatchObject({ code: 'SP-SESSION-LOST' });
    await clock.advanceAsync(10);
    expect(dialled[1]!.peer.frames()).toEqual(['ping 1']);
    expect(second.errored).toBeNull();
  });

  it('lets connections of a pod that nobody holds any more run on, and closes the rest', async () => {
    const { pool, lease, dialled, clock } = start();
    const open = await lease.open(stream);
    await clock.advanceAsync(25);
    await lease[Symbol.asyncDispose]();
    expect(alive(dialled)).toBe(1);
    expect(open.destroyed).toBe(false);
    open.on('error', () => {});
    await pool[Symbol.asyncDispose]();
    expect(open.destroyed).toBe(true);
    expect(alive(dialled)).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('shares the sessions of one pod between its holders', async () => {
    const { pool, lease, dialled } = start();
    const other = pool.link(pod);
    await Promise.all([lease.warm(signal), other.warm(signal)]);
    expect(dialled).toHaveLength(1);
    await lease[Symbol.asyncDispose]();
    expect(alive(dialled)).toBe(1);
    await other[Symbol.asyncDispose]();
    expect(alive(dialled)).toBe(0);
  });

  it('dials at most 16 at the same time', async () => {
    const { lease, pending } = start({ auto: false });
    const opened = Promise.all(Array.from({ length: 30 }, () => lease.open(stream)));
    await settle();
    expect(pending).toHaveLength(16);
    for (let i = 0; i < 30; i++) {
      pending[i]!.succeed();
      await settle();
    }
    expect(await opened).toHaveLength(30);
  });

  it('forgets who gave up waiting', async () => {
    const { lease, pending, dialled } = start({ auto: false });
    const gone = new AbortController();
    const left = lease.open({ ...stream, signal: gone.signal }).catch((error) => error);
    const stays = lease.open(stream);
    await settle();
    gone.abort(new AppError('SP-HOLD-TIMEOUT'));
    expect(await left).toMatchObject({ code: 'SP-HOLD-TIMEOUT' });
    pending[0]!.succeed();
    await stays;
    expect(dialled[0]!.session.streamCount).toBe(1);
  });

  it('that is retired lends no session of before: free ones end, busy ones with their connection', async () => {
    const { clock, lease, dialled, pool } = start();
    const lost: string[] = [];
    lease.onLost((reason) => lost.push(reason.code));
    await lease.warm(signal);
    await clock.advanceAsync(30);
    const busy = await lease.open(stream);
    const before = dialled.splice(0);
    pool.retire(new AppError('SP-SESSION-LOST', { message: 'another user' }));
    expect(lost).toEqual(['SP-SESSION-LOST']);
    expect(alive(before)).toBe(1);
    expect(busy.destroyed).toBe(false);
    await lease.warm(signal);
    await lease.open(stream);
    expect(alive(dialled)).toBe(1);
    const [carrier] = before.filter(({ session }) => !session.closed);
    carrier!.peer.data(1, '', true);
    carrier!.peer.data(3, '', true);
    busy.resume().end();
    await settle();
    await clock.advanceAsync(5_000);
    expect(alive(before)).toBe(0);
    expect(lost).toHaveLength(1);
  });

  it('that is retired takes no session whose dial had begun before', async () => {
    const { lease, pool, pending } = start({ auto: false });
    const warming = lease.warm(signal);
    await settle();
    pool.retire(new AppError('SP-SESSION-LOST', { message: 'another user' }));
    pending[0]!.succeed();
    await expect(warming).rejects.toMatchObject({ code: 'SP-SESSION-LOST' });
    const again = lease.warm(signal);
    await settle();
    pending[1]!.succeed();
    await again;
    await lease[Symbol.asyncDispose]();
    await lease[Symbol.asyncDispose]();
    expect(pool.freeCount).toBe(0);
  });
});
