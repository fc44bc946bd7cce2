import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { FakePod, FakeUpstream } from '../../test/support/fake-upstream.ts';
import { expectNoHandles } from '../../test/support/no-handles.ts';
import { AppError } from '../base/app-error.ts';
import { Listeners } from '../base/listeners.ts';
import { silentLog } from '../base/log.ts';
import type { TunnelFacts } from '../contract/forward-event.ts';
import { createPeerFinder } from '../peer/peer-finder.ts';
import { ForwardedPort } from './forwarded-port.ts';

afterAll(expectNoHandles);

/** A port of `forward` on an engine that is moved by hand. */
async function started() {
  const clock = new FakeClock();
  const upstream = new FakeUpstream();
  const retries = new Listeners<void>();
  const told: TunnelFacts[] = [];
  const forwarded = new ForwardedPort({
    engine: {
      upstream: () => upstream,
      onRetry: (listener) => retries.add(listener),
      firstPod: () => Promise.reject(new Error('the local port is given')),
    },
    clock,
    log: silentLog,
    target: { kind: 'pod', name: 'postgres-0' },
    namespace: 'db',
    port: { local: 0, remote: 5432 },
    addresses: ['127.0.0.1'],
    holdMs: 60_000,
    peers: createPeerFinder({ clock }),
    uids: 'any',
    patient: true,
    runningTimeoutMs: 30_000,
    tell: (facts) => told.push(facts),
    fail: () => {},
  });
  await forwarded.start(new AbortController().signal);
  return { clock, upstream, retries, told, forwarded };
}

it('tries at once what rests, when the engine says so', async () => {
  const { upstream, retries, forwarded, told } = await started();
  await using _ = forwarded;
  const pod = new FakePod('a');
  pod.sessionError = new AppError('SP-API-UNREACHABLE', { message: 'connection refused' });
  upstream.point(pod);
  await nextTurn();
  expect(told.at(-1)).toMatchObject({ shown: 'waiting' });
  pod.sessionError = undefined;
  retries.emit();
  await nextTurn();
  expect(told.at(-1)).toMatchObject({ shown: 'ready' });
});

it('leaves nothing with the engine, and no timer, when it has ended', async () => {
  const { clock, upstream, retries, forwarded } = await started();
  upstream.point(new FakePod('a'));
  await nextTurn();
  expect([retries.size, upstream.following]).toEqual([1, true]);
  await forwarded[Symbol.asyncDispose]();
  expect([retries.size, upstream.following, upstream.latestLink.disposed]).toEqual([0, false, true]);
  expect(clock.pending).toBe(0);
});
