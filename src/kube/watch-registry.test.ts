import { expect, it } from 'vitest';
import { fakeRegistry } from '../../test/support/fake-registry.ts';
import { settle } from '../../test/support/settle.ts';
import { AppError } from '../base/app-error.ts';

it('shares one cache between all users of a namespace, kind and scope', async () => {
  const { clock, api, registry } = fakeRegistry({ lingerMs: 1_000 });
  const scopes = [
    { name: 'a' },
    { name: 'a' },
    { labelSelector: 'app=x' },
    { labelSelector: 'app=x' },
    {},
    {},
  ];
  for (const scope of scopes) registry.open('pods', 'db', scope);
  registry.open('services', 'db', {});
  registry.open('pods', 'other', {});
  await settle(clock);
  expect(registry.size).toBe(5);
  expect(api.openWatches).toBe(5);
});

it('closes a cache some time after its last user, not while one is left or comes back', async () => {
  const { clock, api, registry } = fakeRegistry({ lingerMs: 1_000 });
  const first = registry.open('pods', 'db', {});
  const second = registry.open('pods', 'db', {});
  await settle(clock);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  await settle(clock, 5_000);
  expect(api.openWatches).toBe(1);
  second[Symbol.dispose]();
  await settle(clock, 990);
  const third = registry.open('pods', 'db', {});
  await settle(clock, 5_000);
  expect(api.log.filter((line) => line.startsWith('list'))).toHaveLength(1);
  third[Symbol.dispose]();
  await settle(clock, 1_000);
  expect(api.openWatches).toBe(0);
  expect(registry.size).toBe(0);
});

it('calls no listener of a lease that was let go of', async () => {
  const { clock, api, registry } = fakeRegistry({ lingerMs: 1_000 });
  const kept = registry.open('pods', 'db', {});
  const left = registry.open('pods', 'db', {});
  let keptCalls = 0;
  let leftCalls = 0;
  kept.onChange(() => keptCalls++);
  left.onChange(() => leftCalls++);
  left[Symbol.dispose]();
  api.put('pods', { metadata: { name: 'a' }, spec: { containers: [] } });
  await settle(clock);
  expect(keptCalls).toBe(1);
  expect(leftCalls).toBe(0);
});

it('asks for everything again after a wake from sleep', async () => {
  const { clock, api, registry } = fakeRegistry({ lingerMs: 1_000 });
  registry.open('pods', 'db', {});
  registry.open('services', 'db', { name: 'a' });
  await settle(clock, 1_000);
  const before = api.log.length;
  registry.refresh();
  await settle(clock);
  expect(api.log.slice(before).toSorted()).toEqual([
    'get services db a',
    'list pods db',
    'watch pods db @100',
    'watch services db metadata.name=a @now',
  ]);
});

it('forgets all of a cluster that is another now', async () => {
  const { clock, api, registry } = fakeRegistry({ lingerMs: 1_000 });
  const leases = [registry.open('pods', 'db', {}), registry.open('services', 'db', { name: 'a' })];
  await settle(clock, 1_000);
  const before = api.log.length;
  registry.reset();
  expect(leases.map(({ state }) => state.synced)).toEqual([false, false]);
  await settle(clock);
  expect(leases.map(({ state }) => state.synced)).toEqual([true, true]);
  expect(api.log.length - before).toBe(4);
});

it('lets the watches that wait out a back-off try at once when one of them succeeds', async () => {
  const { clock, api, registry } = fakeRegistry({ lingerMs: 1_000 });
  const down = new AppError('SP-API-UNREACHABLE', { message: 'connection refused' });
  api.down = down;
  const early = registry.open('pods', 'db', { name: 'a' });
  await settle(clock, 5_100);
  const late = registry.open('pods', 'db', { name: 'b' });
  await settle(clock, 400);
  expect([early.state.trouble, late.state.trouble]).toEqual([down, down]);
  api.down = undefined;
  const before = api.log.length;
  await settle(clock, 300);
  const reads = api.log.slice(before).filter((line) => line.startsWith('get'));
  expect(reads).toEqual(['get pods db b', 'get pods db a']);
  expect([early.state.trouble, late.state.trouble]).toEqual([undefined, undefined]);
});

it('lets all try at once when one finds that the user has logged in again, but not what is forbidden', async () => {
  const { clock, api, registry } = fakeRegistry({ lingerMs: 1_000 });
  api.down = new AppError('SP-CREDENTIAL-PLUGIN');
  const asked = registry.open('pods', 'db', { name: 'a' });
  const other = registry.open('services', 'db', { name: 'b' });
  await settle(clock, 5_000);
  api.down = undefined;
  api.allow = ({ namespace }) => namespace === 'db';
  const forbidden = registry.open('pods', 'closed', {});
  await settle(clock);
  expect(forbidden.state.trouble?.code).toBe('SP-FORBIDDEN');
  expect(other.state.trouble?.code).toBe('SP-CREDENTIAL-PLUGIN');
  asked.refresh();
  await settle(clock);
  expect([asked.state.trouble, other.state.trouble]).toEqual([undefined, undefined]);
  expect(api.log.filter((line) => line === 'list pods closed')).toHaveLength(1);
});

it('takes no refusal over from before: who comes now is answered anew', async () => {
  const { clock, api, registry } = fakeRegistry({ lingerMs: 1_000 });
  api.down = new AppError('SP-FORBIDDEN');
  using early = registry.open('pods', 'db', {});
  await settle(clock, 500);
  expect(early.state.trouble?.code).toBe('SP-FORBIDDEN');
  const asked = api.log.length;
  using late = registry.open('pods', 'db', {});
  expect(late.state).toMatchObject({ synced: false, trouble: undefined });
  await settle(clock);
  expect(api.log.length).toBeGreaterThan(asked);
  expect(late.state.trouble?.code).toBe('SP-FORBIDDEN');

  api.down = undefined;
  await settle(clock, 500);
  using last = registry.open('pods', 'db', {});
  await settle(clock);
  expect([early, last].map(({ state }) => [state.synced, state.trouble])).toEqual([
    [true, undefined],
    [true, undefined],
  ]);
});
