import { describe, expect, it } from 'vitest';
import { fakeRegistry } from '../../test/support/fake-registry.ts';
import { runningPod } from '../../test/support/kube-objects.ts';
import { settle as settleClock } from '../../test/support/settle.ts';
import type { Pod } from './types.ts';
import { maxOwnWatches, type WatchLease } from './watch-names.ts';

function setUp() {
  const { clock, api, registry } = fakeRegistry({ lingerMs: 1_000 });
  const settle = (ms = 0) => settleClock(clock, ms);
  const open = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, n) => registry.open('pods', 'db', { name: `p-${from + n}` }));
  for (let n = 0; n < 100; n++) api.put('pods', runningPod(`p-${n}`));
  return { api, registry, settle, open };
}

const ready = (lease: WatchLease<Pod>) =>
  [...lease.state.objects.values()].map(({ metadata, status }) => [
    metadata.name,
    status?.conditions?.[0]?.status,
  ]);

describe('objects followed by name', () => {
  it('have a watch each while they are few, however many follow one of them', async () => {
    const { api, settle, open } = setUp();
    open(0, maxOwnWatches);
    open(0, maxOwnWatches);
    await settle();
    expect(api.openWatches).toBe(maxOwnWatches);
    expect(api.log.some((line) => line.startsWith('list'))).toBe(false);
  });

  it('share one watch of the namespace when they are many, and nobody notices', async () => {
    const { api, settle, open } = setUp();
    const leases = open(0, maxOwnWatches);
    await settle();
    const told: number[] = [];
    for (const [index, lease] of leases.entries()) lease.onChange(() => told.push(index));
    leases.push(...open(maxOwnWatches, 100));
    await settle(1_000);
    expect(api.openWatches).toBe(1);
    expect(leases.map(ready)).toEqual(leases.map((_, n) => [[`p-${n}`, 'True']]));
    told.length = 0;
    api.put('pods', runningPod('p-3', { ready: false }));
    api.put('pods', runningPod('stranger'));
    api.remove('pods', 'p-4');
    await settle();
    expect(told).toEqual([3, 4]);
    expect(ready(leases[3]!)).toEqual([['p-3', 'False']]);
    expect(ready(leases[4]!)).toEqual([]);
  });

  it('joins the shared watch without a request of its own', async () => {
    const { api, settle, open } = setUp();
    open(0, 20);
    await settle(1_000);
    const before = api.log.length;
    const [late] = open(50, 51);
    expect(ready(late!)).toEqual([['p-50', 'True']]);
    await settle();
    expect(api.log.length).toBe(before);
  });

  it('keep their own watches where the user may not list the namespace', async () => {
    const { api, settle, open } = setUp();
    api.allow = ({ verb }) => verb !== 'list';
    const leases = open(0, 20);
    await settle(2_000);
    expect(api.openWatches).toBe(20);
    expect(leases.map(ready)).toEqual(leases.map((_, n) => [[`p-${n}`, 'True']]));
    expect(leases.every(({ state }) => state.trouble === undefined)).toBe(true);
  });

  it('close the shared watch some time after the last of them', async () => {
    const { api, settle, open } = setUp();
    const leases = open(0, 20);
    await settle(1_000);
    for (const lease of leases) lease[Symbol.dispose]();
    await settle(1_000);
    expect(api.openWatches).toBe(0);
    const [again] = open(0, 1);
    await settle();
    expect(ready(again!)).toEqual([['p-0', 'True']]);
    expect(api.log.at(-1)).toMatch(/^watch pods db metadata.name=p-0/);
  });
});
