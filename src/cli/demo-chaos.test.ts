import { expect, test } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { chaosEveryMs, startChaos } from './demo-chaos.ts';

test('chaos reports and restarts every 15 s, and reports once more at its end', () => {
  const clock = new FakeClock();
  const did: string[] = [];
  const chaos = startChaos({
    clock,
    restart: () => did.push(`restart at ${clock.nowMs()}`),
    report: () => did.push('report'),
  });
  expect(chaosEveryMs).toBe(15_000);
  clock.advance(14_999);
  expect(did).toEqual([]);
  clock.advance(15_001);
  expect(did).toEqual(['report', 'restart at 15000', 'report', 'restart at 30000']);
  chaos[Symbol.dispose]();
  clock.advance(60_000);
  expect(did.slice(4)).toEqual(['report']);
  expect(clock.pending).toBe(0);
});
