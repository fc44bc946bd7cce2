import { expect, onTestFinished } from 'vitest';
import { silentLog } from '../../src/base/log.ts';
import { WatchRegistry } from '../../src/kube/watch-registry.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeKubeApi } from './fake-kube-api.ts';

/** Watches on a cluster in memory, with a clock that is moved by hand. Ends with the test, which fails where one stays open. */
export function fakeRegistry(options: { readonly lingerMs?: number } = {}) {
  const clock = new FakeClock();
  const api = new FakeKubeApi(clock);
  const registry = new WatchRegistry({ api, clock, log: silentLog, random: () => 0, ...options });
  onTestFinished(async () => {
    await registry[Symbol.asyncDispose]();
    expect(clock.pending).toBe(0);
    expect(api.openWatches).toBe(0);
  });
  return { clock, api, registry };
}
