import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { FakePod, FakeUpstream } from '../../test/support/fake-upstream.ts';
import { expectNoHandles } from '../../test/support/no-handles.ts';
import { AppError } from '../base/app-error.ts';
import { Listeners } from '../base/listeners.ts';
import { silentLog } from '../base/log.ts';
import { errorText } from '../contract/error-codes.ts';
import type { TunnelFacts } from '../contract/forward-event.ts';
import type { Resolution } from '../contract/resolution.ts';
import { createPeerFinder } from '../peer/peer-finder.ts';
import type { FollowSpec } from './engine.ts';
import { ForwardedPort, type ForwardedPortOptions, type PortWitness } from './forwarded-port.ts';

afterAll(expectNoHandles);

/** A port of `forward` on an engine that is moved by hand. */
async function started() {
  const made = forwardedPort();
  await made.forwarded.start(new AbortController().signal);
  return made;
}

function forwardedPort(options: Partial<ForwardedPortOptions> = {}) {
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
    ...options,
  });
  return { clock, upstream, retries, told, forwarded };
}

/** A port of `forward` whose local port waits for the pod's, and what its target points at. */
function named(options: Partial<ForwardedPortOptions> = {}) {
  const pod = Promise.withResolvers<Extract<Resolution, { kind: 'pod' }>>();
  let spec: FollowSpec | undefined;
  const upstream = new FakeUpstream();
  const made = forwardedPort({
    engine: {
      upstream: () => upstream,
      onRetry: () => () => {},
      firstPod: (asked) => {
        spec = asked;
        return pod.promise;
      },
    },
    port: { local: 'as-remote', remote: 'http' },
    ...options,
  });
  const starting = made.forwarded.start(new AbortController().signal);
  const resolve = (resolution: Resolution) => {
    spec?.onResolution?.(resolution);
    if (resolution.kind === 'pod') pod.resolve(resolution);
  };
  return { ...made, upstream, starting, resolve };
}

const unreachable = {
  code: 'SP-API-UNREACHABLE',
  details: { server: 'http://127.0.0.1:1', message: 'connection refused' },
} as const;

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

it('is on record from the moment its port is bound, before anything that its tunnel says', async () => {
  const seen: string[] = [];
  const witness: PortWitness = {
    bound: (local) => seen.push(`bound to ${local.length}`),
    state: ({ state }) => seen.push(state.kind),
    connection: () => {},
    closed: () => seen.push('closed'),
  };
  const { forwarded, upstream } = forwardedPort({ witness });
  await forwarded.start(new AbortController().signal);
  upstream.pointNowhere('SP-TARGET-NO-PODS');
  await forwarded[Symbol.asyncDispose]();
  expect(seen).toEqual(['bound to 1', 'connecting', 'waiting', 'off', 'closed']);
});

describe('a named port that is its own local port', () => {
  it('says what it waits for before there is a port to bind', async () => {
    const { told, resolve, starting, forwarded } = named();
    await using _ = forwarded;
    expect(told).toMatchObject([{ event: 'state', shown: 'connecting', state: { step: 'resolving' } }]);
    resolve({ kind: 'none', reason: unreachable });
    resolve({ kind: 'none', reason: unreachable });
    const absent = { code: 'SP-TARGET-NOT-FOUND', details: { target: 'pod/nope' } } as const;
    resolve({ kind: 'none', reason: absent });
    expect(told.slice(1)).toMatchObject([
      { event: 'state', shown: 'waiting', state: { reason: unreachable }, held: 0 },
      { event: 'state', shown: 'waiting', state: { reason: absent }, held: 0 },
    ]);
    resolve({ kind: 'pod', pod: new FakePod('a').identity, port: 0, serving: true });
    await starting;
    expect(told).toContainEqual(expect.objectContaining({ event: 'listening' }));
  });

  it('out of time, names the last reason it waited for', async () => {
    const failures: AppError[] = [];
    const { clock, resolve, forwarded } = named({ fail: (error) => failures.push(error) });
    await using _ = forwarded;
    resolve({ kind: 'none', reason: unreachable });
    clock.advance(30_000);
    expect(failures.map((error) => error.toData())).toEqual([unreachable]);
  });

  it('out of time without an answer, says so in one sentence', async () => {
    const failures: AppError[] = [];
    const { clock, forwarded } = named({ fail: (error) => failures.push(error) });
    await using _ = forwarded;
    clock.advance(30_000);
    expect(failures.map((error) => errorText(error.toData()).headline)).toEqual([
      'the API server cannot be reached: no answer within 30 s',
    ]);
  });
});
