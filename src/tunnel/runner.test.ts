import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { FakePod, FakeUpstream } from '../../test/support/fake-upstream.ts';
import { AppError } from '../base/app-error.ts';
import { silentLog } from '../base/log.ts';
import { type OpenGate, TunnelRunner } from './runner.ts';

function setUp(upstream = new FakeUpstream()) {
  const clock = new FakeClock();
  const did: string[] = [];
  const connections = {
    releaseHeld: (gate: OpenGate) => void did.push(`release to ${gate.pod.uid}`),
    tryOldest: (gate: OpenGate) => void did.push(`try ${gate.pod.uid}`),
    endAll: () => void did.push('end all'),
  };
  const runner = new TunnelRunner({ upstream, clock, log: silentLog, connections, random: () => 0.5 });
  const states: string[] = [];
  runner.onState.add(({ state }) => states.push(state.kind));
  return { upstream, clock, runner, did, states };
}

describe('the runner', () => {
  it('follows, links, warms and gives a way in', async () => {
    const { upstream, clock, runner, did, states } = setUp();
    expect(upstream.following).toBe(false);
    runner.dispatch({ type: 'started' });
    runner.dispatch({ type: 'demand', held: 2 });
    upstream.point(new FakePod('a'));
    expect(runner.gate).toBeUndefined();
    await clock.advanceAsync(0);
    expect(runner.gate).toMatchObject({ kind: 'open', port: 5432, link: upstream.latestLink });
    expect(did).toEqual(['release to a']);
    // The second tells that two wait.
    expect(states).toEqual(['connecting', 'connecting', 'connecting', 'ready']);
    await runner[Symbol.asyncDispose]();
  });

  it('takes an answer that comes within follow()', async () => {
    const upstream = new FakeUpstream();
    const follow = upstream.follow.bind(upstream);
    upstream.follow = (onChange) => {
      const following = follow(onChange);
      upstream.point(new FakePod('a'));
      return following;
    };
    const { clock, runner } = setUp(upstream);
    runner.dispatch({ type: 'started' });
    await clock.advanceAsync(0);
    expect(runner.gate?.pod.uid).toBe('a');
    await runner[Symbol.asyncDispose]();
    expect(upstream.following).toBe(false);
  });

  it('closes the way in with the first word of a lost link, and warms anew', async () => {
    const { upstream, clock, runner, states } = setUp();
    runner.dispatch({ type: 'started' });
    upstream.point(new FakePod('a'));
    await clock.advanceAsync(0);
    upstream.latestLink.lost.emit(new AppError('SP-SESSION-LOST'));
    expect([runner.gate, states.at(-1)]).toEqual([undefined, 'waiting']);
    await clock.advanceAsync(0);
    expect([upstream.latestLink.warms, states.at(-1)]).toEqual([2, 'ready']);
    await runner[Symbol.asyncDispose]();
  });

  it('spreads the retries of links by chance', async () => {
    const { upstream, clock, runner } = setUp();
    const pod = new FakePod('a');
    pod.sessionError = new AppError('SP-API-UNREACHABLE');
    runner.dispatch({ type: 'started' });
    upstream.point(pod);
    await clock.advanceAsync(0);
    await clock.advanceAsync(89);
    expect(upstream.latestLink.warms).toBe(1);
    await clock.advanceAsync(1);
    expect(upstream.latestLink.warms).toBe(2);
    await runner[Symbol.asyncDispose]();
    expect(clock.pending).toBe(0);
  });

  it('hears nothing from a link that it has let go of', async () => {
    const { upstream, clock, runner } = setUp();
    runner.dispatch({ type: 'started' });
    upstream.point(new FakePod('a'));
    await clock.advanceAsync(0);
    const old = upstream.latestLink;
    upstream.point(new FakePod('b'));
    await clock.advanceAsync(0);
    expect([old.disposed, old.lost.size]).toEqual([true, 0]);
    expect(runner.gate?.pod.uid).toBe('b');
    await runner[Symbol.asyncDispose]();
  });

  it('waits until all is clean, and tells what was not', async () => {
    const { upstream, clock, runner, did } = setUp();
    runner.dispatch({ type: 'started' });
    upstream.point(new FakePod('a'));
    await clock.advanceAsync(0);
    const held = Promise.withResolvers<void>();
    upstream.latestLink[Symbol.asyncDispose] = () => held.promise;
    let isDisposed = false;
    const disposed = runner[Symbol.asyncDispose]();
    disposed.catch(() => {
      isDisposed = true;
    });
    await clock.advanceAsync(0);
    expect([isDisposed, did]).toEqual([false, ['end all']]);
    const broken = new Error('broken');
    held.reject(broken);
    await expect(disposed).rejects.toMatchObject({ errors: [broken] });
    await runner[Symbol.asyncDispose]();
  });
});
