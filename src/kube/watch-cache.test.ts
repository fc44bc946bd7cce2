import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { FakeKubeApi, type Given } from '../../test/support/fake-kube-api.ts';
import { settle as settleClock } from '../../test/support/settle.ts';
import { AppError } from '../base/app-error.ts';
import { silentLog } from '../base/log.ts';
import type { WatchScope } from './scope-reader.ts';
import type { Pod } from './types.ts';
import { WatchCache, type WatchLimits, watchLimits } from './watch-cache.ts';
import { resources } from './watch-resources.ts';

const unreachable = new AppError('SP-API-UNREACHABLE', { message: 'connection refused' });

function pod(name: string, labels: Record<string, string> = {}): Given<Pod> {
  return { metadata: { name, labels }, spec: { containers: [{ name: 'main' }] } };
}

/** A cache on a fake cluster. `settle` lets everything happen that needs no time. */
function setUp(scope: WatchScope, limits: Partial<WatchLimits> = {}) {
  const clock = new FakeClock();
  const api = new FakeKubeApi(clock);
  const random = () => 0;
  const broken = vi.fn();
  const cache = new WatchCache<Pod>({
    api,
    clock,
    log: silentLog,
    random,
    limits,
    onBreak: broken,
    resource: resources.pods,
    namespace: 'db',
    scope,
  });
  onTestFinished(async () => {
    await cache[Symbol.asyncDispose]();
    expect(clock.pending).toBe(0);
    expect(api.openWatches).toBe(0);
  });
  const settle = (ms = 0) => settleClock(clock, ms);
  const names = () => [...cache.state.objects.keys()].sort();
  const troubles: (string | undefined)[] = [];
  cache.onChange(() => {
    const code = cache.state.trouble?.code;
    if (troubles.at(-1) !== code) troubles.push(code);
  });
  return { clock, api, cache, settle, names, troubles, broken };
}

describe('a collection', () => {
  it('is listed page by page, then watched from the version of the list', async () => {
    const { api, cache, settle, names } = setUp({ labelSelector: 'app=x' }, { pageSize: 2 });
    for (const name of ['a', 'b', 'c', 'd', 'e']) api.put('pods', pod(name, { app: 'x' }));
    api.put('pods', pod('other', { app: 'y' }));
    expect(cache.state.synced).toBe(false);
    cache.start();
    await settle();
    expect(names()).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(api.log).toEqual([...Array(3).fill('list pods db app=x'), 'watch pods db app=x @106']);
    expect(api.requests.at(-1)?.query.get('allowWatchBookmarks')).toBe('true');
    expect(api.requests.at(-1)?.query.get('timeoutSeconds')).toBe('300');
  });

  it('follows what is added, modified and deleted', async () => {
    const { api, cache, settle, names } = setUp({});
    api.put('pods', pod('a'));
    cache.start();
    await settle();
    api.put('pods', pod('b'));
    api.put('pods', { ...pod('a'), spec: { nodeName: 'node-1', containers: [] } });
    await settle();
    expect(names()).toEqual(['a', 'b']);
    expect(cache.state.objects.get('a')?.spec.nodeName).toBe('node-1');
    api.remove('pods', 'a');
    await settle();
    expect(names()).toEqual(['b']);
  });

  it('resumes from the last bookmark when the server ends the watch', async () => {
    const { api, cache, settle, troubles } = setUp({});
    cache.start();
    await settle(5_000);
    api.bookmark();
    await settle();
    api.endWatches();
    await settle();
    expect(api.log).toEqual(['list pods db', 'watch pods db @100', 'watch pods db @101']);
    expect(troubles).toEqual([]);
  });

  it('is listed anew after 410, whether it comes as HTTP status or in the stream', async () => {
    const { api, cache, settle, names, troubles } = setUp({});
    api.put('pods', pod('old'));
    cache.start();
    await settle(5_000);
    api.remove('pods', 'old');
    api.endWatches(unreachable);
    api.put('pods', pod('new'));
    api.forget();
    await settle(5_000);
    expect(names()).toEqual(['new']);
    expect(api.log.slice(2)).toEqual(['watch pods db @102', 'list pods db', 'watch pods db @103']);
    api.sendToAll(
      JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } }),
    );
    await settle();
    expect(api.log.slice(5)).toEqual(['list pods db', 'watch pods db @103']);
    expect(troubles).toEqual([]);
  });

  it('resumes at once, silently, when a watch that worked breaks in the middle of an event', async () => {
    const { api, cache, settle, names, troubles } = setUp({});
    cache.start();
    await settle(5_000);
    api.sendToAll('{"type":"ADDED","object":{"metada');
    api.put('pods', pod('a'));
    await settle();
    expect(names()).toEqual(['a']);
    expect(api.log.slice(1)).toEqual(['watch pods db @100', 'watch pods db @100']);
    expect(troubles).toEqual([]);
  });

  it('keeps what is known while the network is down, says so, and backs off', async () => {
    const { api, clock, cache, settle, names, troubles } = setUp({}, { backoffMaxMs: 1_000 });
    api.put('pods', pod('a'));
    cache.start();
    await settle(5_000);
    api.down = unreachable;
    api.endWatches(unreachable);
    const triedAtMs: number[] = [];
    const brokeAtMs = clock.nowMs();
    for (let asked = api.requests.length; clock.nowMs() < brokeAtMs + 4_000; ) {
      await settle(asked === api.requests.length ? 10 : 0);
      if (api.requests.length > asked) triedAtMs.push(clock.nowMs() - brokeAtMs);
      asked = api.requests.length;
    }
    expect(triedAtMs).toEqual([10, 210, 610, 1_410, 2_410, 3_410].map((ms) => expect.closeTo(ms, -1.6)));
    expect(names()).toEqual(['a']);
    expect(cache.state.synced).toBe(true);
    expect(cache.state.trouble?.code).toBe('SP-API-UNREACHABLE');
    api.down = undefined;
    await settle(1_000);
    expect(troubles).toEqual(['SP-API-UNREACHABLE', undefined]);
    expect(api.log.at(-1)).toBe('watch pods db @101');
  });

  it('tells of each watch that breaks off, and not of those that the server ends', async () => {
    const { api, cache, settle, broken } = setUp({});
    cache.start();
    await settle(5_000);
    api.endWatches();
    await settle(5_000);
    expect(broken).toHaveBeenCalledTimes(0);
    api.endWatches(unreachable);
    await settle(5_000);
    api.sendToAll('{"type":"ADDED","object":{"metada');
    await settle(5_000);
    expect(broken).toHaveBeenCalledTimes(2);
  });

  it('is not synced, but has a trouble, when the first list fails; then is listed', async () => {
    const { api, cache, settle } = setUp({});
    api.down = unreachable;
    cache.start();
    await settle();
    expect(cache.state).toMatchObject({ synced: false, trouble: { code: 'SP-API-UNREACHABLE' } });
    api.down = undefined;
    await settle(watchLimits.backoffFirstMs);
    expect(cache.state).toMatchObject({ synced: true, trouble: undefined });
  });

  it('opens a watch anew that is silent for longer than its idle time', async () => {
    const { api, cache, settle, troubles } = setUp({});
    cache.start();
    await settle(watchLimits.idleTimeoutMs - 1);
    expect(api.log).toHaveLength(2);
    await settle(1);
    expect(api.log.slice(2)).toEqual(['watch pods db @100']);
    expect(troubles).toEqual([]);
  });

  it('does not ask in a tight loop a server that ends each watch at once', async () => {
    const { api, cache, settle } = setUp({});
    cache.start();
    await settle();
    for (let round = 0; round < 50; round++) {
      api.endWatches();
      await settle(20);
    }
    // In one second: the first watch, one more at once, and after 200, 400 ms.
    expect(api.log.length).toBeLessThanOrEqual(5);
  });

  it('is read again at once after refresh, at most once in refreshMs, and what is known stays known meanwhile', async () => {
    const { api, cache, settle, names } = setUp({});
    api.put('pods', pod('a'));
    cache.start();
    await settle(5_000);
    cache.refresh();
    cache.refresh();
    await settle();
    expect(api.log.slice(1)).toEqual(['watch pods db @101', 'list pods db', 'watch pods db @101']);
    api.down = unreachable;
    api.endWatches(unreachable);
    await settle(20_000);
    cache.refresh();
    expect(cache.state.synced).toBe(true);
    expect(names()).toEqual(['a']);
    api.down = undefined;
    await settle(1_000);
    const before = api.log.length;
    cache.refresh();
    await settle();
    expect(api.log.slice(before)).toEqual(['list pods db', 'watch pods db @101']);
    expect(cache.state.trouble).toBeUndefined();
    expect(names()).toEqual(['a']);
  });

  it('is read again later, not never, after a refresh that comes too soon', async () => {
    const { api, cache, settle } = setUp({});
    cache.start();
    await settle(5_000);
    cache.refresh();
    await settle(100);
    const before = api.log.length;
    cache.refresh();
    await settle(100);
    expect(api.log).toHaveLength(before);
    await settle(100);
    expect(api.log.slice(before)).toEqual(['list pods db', 'watch pods db @100']);
  });

  it('is read again after refresh also where a watch from its version would tell nothing', async () => {
    const { api, cache, settle, names } = setUp({});
    api.put('pods', pod('old'));
    cache.start();
    await settle(5_000);
    // What a session has seen and no watch tells: the pod is gone.
    api.remove('pods', 'old', 'db', { silently: true });
    cache.refresh();
    await settle();
    expect(names()).toEqual([]);
  });

  it('forgets the cluster of before at a reset: neither objects nor their version are of the new one', async () => {
    const { api, cache, settle, names } = setUp({});
    for (const name of ['a', 'b', 'c']) api.put('pods', pod(name));
    cache.start();
    await settle(5_000);
    cache.refresh();
    api.restart();
    api.put('pods', pod('d'));
    cache.reset();
    expect(cache.state).toMatchObject({ synced: false, trouble: undefined });
    expect(names()).toEqual([]);
    await settle();
    expect(api.log.slice(-2)).toEqual(['list pods db', 'watch pods db @101']);
    expect(names()).toEqual(['d']);
  });

  it('waits no longer after retry, and otherwise does not notice it', async () => {
    const { api, cache, settle } = setUp({});
    cache.start();
    await settle(5_000);
    cache.retry();
    await settle();
    expect(api.log).toEqual(['list pods db', 'watch pods db @100']);
    api.down = unreachable;
    api.endWatches(unreachable);
    await settle(20_000);
    api.down = undefined;
    const before = api.log.length;
    cache.retry();
    await settle();
    expect(api.log.slice(before)).toEqual(['watch pods db @100']);
  });

  it('is bounded', async () => {
    const { api, cache, settle } = setUp({}, { maxObjects: 3, pageSize: 2 });
    for (const name of ['a', 'b', 'c', 'd']) api.put('pods', pod(name));
    cache.start();
    await settle();
    expect(cache.state).toMatchObject({ synced: false, trouble: { code: 'SP-API-ERROR' } });
  });

  it('is read at a stated interval where the user may list but not watch, until that is granted', async () => {
    const { api, cache, settle, names } = setUp({});
    api.allow = ({ verb }) => verb !== 'watch';
    cache.start();
    await settle();
    expect(cache.state).toMatchObject({ synced: true, mode: 'poll', trouble: undefined });
    api.put('pods', pod('a'));
    await settle(watchLimits.pollMs);
    expect(names()).toEqual(['a']);
    expect(api.log).toEqual(['list pods db', 'watch pods db @100', 'list pods db']);
    api.allow = () => true;
    await settle(watchLimits.forbiddenMs);
    expect(cache.state.mode).toBe('watch');
    expect(api.openWatches).toBe(1);
  });

  it.each([
    ['SP-CREDENTIAL-PLUGIN', watchLimits.forbiddenMs],
    ['SP-LOGIN-REQUIRED', watchLimits.forbiddenMs],
    ['SP-API-UNREACHABLE', watchLimits.backoffFirstMs],
  ] as const)(
    'after %s asks again in %i ms: what a person has to mend is not mended in a loop',
    async (code, ms) => {
      const { api, cache, settle } = setUp({});
      api.down = new AppError(code);
      cache.start();
      await settle(ms - 10);
      expect(api.requests).toHaveLength(1);
      api.down = undefined;
      await settle(10);
      expect(cache.state).toMatchObject({ synced: true, trouble: undefined });
    },
  );

  it('says so where the user may not list, and asks again later', async () => {
    const { api, cache, settle } = setUp({});
    api.allow = () => false;
    cache.start();
    await settle(watchLimits.forbiddenMs - 1);
    expect(cache.state).toMatchObject({ synced: false, trouble: { code: 'SP-FORBIDDEN' } });
    expect(api.log).toEqual(['list pods db']);
    api.allow = () => true;
    await settle(1);
    expect(cache.state).toMatchObject({ synced: true, trouble: undefined });
  });
});

describe('one object by name', () => {
  it('costs one GET and is watched alone, whatever else is in the namespace', async () => {
    const { api, cache, settle, names } = setUp({ name: 'postgres-0' });
    for (let n = 0; n < 2_000; n++) api.put('pods', pod(`other-${n}`));
    api.put('pods', pod('postgres-0'));
    cache.start();
    await settle();
    expect(api.log).toEqual(['get pods db postgres-0', 'watch pods db metadata.name=postgres-0 @2101']);
    expect(cache.state).toMatchObject({ mode: 'watch-name', synced: true });
    api.put('pods', pod('other-0'));
    await settle();
    expect(names()).toEqual(['postgres-0']);
  });

  it('that is absent is awaited without a gap', async () => {
    const { api, cache, settle, names } = setUp({ name: 'a' });
    cache.start();
    await settle();
    expect(cache.state.synced).toBe(true);
    expect(names()).toEqual([]);
    expect(api.log).toEqual(['get pods db a', 'watch pods db metadata.name=a @now']);
    api.put('pods', pod('a'));
    await settle();
    expect(names()).toEqual(['a']);
    api.endWatches();
    await settle();
    expect(api.log.at(-1)).toBe('watch pods db metadata.name=a @101');
  });

  it('that has not changed for long is watched from now on, as its version stays too old for good', async () => {
    const { api, cache, settle } = setUp({ name: 'a' });
    api.put('pods', pod('a'));
    api.put('pods', pod('other'));
    api.forget();
    cache.start();
    await settle();
    expect(api.log).toEqual([
      'get pods db a',
      'watch pods db metadata.name=a @101',
      'watch pods db metadata.name=a @now',
      'get pods db a',
    ]);
    expect(api.openWatches).toBe(1);
    const { metadata } = api.put('pods', { ...pod('a'), spec: { nodeName: 'node-1', containers: [] } });
    await settle();
    expect(cache.state.objects.get('a')?.spec.nodeName).toBe('node-1');
    api.endWatches();
    await settle();
    expect(api.log.at(-1)).toBe(`watch pods db metadata.name=a @${metadata.resourceVersion}`);
  });

  it('that is gone, or new, after a version that is too old, is found so', async () => {
    const { api, cache, settle, names, troubles } = setUp({ name: 'a' });
    const first = api.put('pods', pod('a'));
    cache.start();
    await settle(5_000);
    api.endWatches(unreachable);
    api.remove('pods', 'a');
    const second = api.put('pods', pod('a'));
    api.put('pods', pod('other'));
    api.forget();
    await settle();
    expect(cache.state.objects.get('a')?.metadata.uid).toBe(second.metadata.uid);
    expect(second.metadata.uid).not.toBe(first.metadata.uid);
    await settle(5_000);
    api.endWatches(unreachable);
    api.remove('pods', 'a');
    api.forget();
    await settle();
    expect(names()).toEqual([]);
    expect(troubles).toEqual([]);
  });

  it('tells the trouble when it can be watched from now on, but not read', async () => {
    const { api, cache, settle } = setUp({ name: 'a' });
    api.put('pods', pod('a'));
    cache.start();
    await settle(5_000);
    api.allow = ({ verb }) => verb === 'watch';
    api.endWatches(unreachable);
    // Gone unseen: the new watch brings nothing of it, and only a reading could tell.
    api.remove('pods', 'a');
    api.forget();
    await settle();
    expect(cache.state.trouble?.code).toBe('SP-FORBIDDEN');
    const before = api.log.length;
    await settle(10_000);
    expect(api.log.length).toBe(before);
  });

  it('is read at a stated interval where the user may not watch', async () => {
    const { api, cache, settle } = setUp({ name: 'a' });
    api.allow = ({ verb }) => verb === 'get';
    const { metadata } = api.put('pods', pod('a'));
    cache.start();
    await settle();
    expect(cache.state).toMatchObject({ mode: 'poll', synced: true, trouble: undefined });
    api.remove('pods', 'a');
    const again = api.put('pods', pod('a'));
    expect(cache.state.objects.get('a')?.metadata.uid).toBe(metadata.uid);
    await settle(watchLimits.pollMs);
    expect(cache.state.objects.get('a')?.metadata.uid).toBe(again.metadata.uid);
    cache.refresh();
    await settle();
    expect(api.log.slice(-2)).toEqual(['get pods db a', 'watch pods db metadata.name=a @103']);
  });

  it('that another cluster has under the same name is found after a reset, though its version is lower', async () => {
    const { api, cache, settle } = setUp({ name: 'a' });
    for (let change = 0; change < 3; change++) api.put('pods', pod('a'));
    cache.start();
    await settle(5_000);
    api.restart();
    const { metadata } = api.put('pods', pod('a'));
    cache.reset();
    await settle();
    expect(cache.state.objects.get('a')?.metadata.uid).toBe(metadata.uid);
    expect(api.log.slice(-2)).toEqual(['get pods db a', 'watch pods db metadata.name=a @101']);
  });
});
