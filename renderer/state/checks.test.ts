import { beforeEach, expect, it } from 'vitest';
import { AppError } from '../../src/base/app-error.ts';
import type { Check } from '../../src/contract/control-check.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { FakeControl } from '../../test/support/fake-control.ts';
import { Checks } from './checks.ts';

const answer: Check = {
  resolved: {
    name: 'a',
    context: 'c',
    server: 's',
    namespace: 'n',
    target: 'pod/a',
    port: 1,
    resolution: { kind: 'none', reason: { code: 'SP-TARGET-NOT-FOUND', details: {} } },
  },
  access: { groups: [], namespace: 'n', allowed: [], missing: [], degraded: [], next: '' },
  leastRole: 'role',
};

let asked: { readonly name: string; readonly answer: PromiseWithResolvers<Check> }[];
let checks: Checks;
beforeEach(() => {
  asked = [];
  const control = new FakeControl().on('check', ({ name }, { signal }) => {
    const pending = Promise.withResolvers<Check>();
    asked.push({ name: name!, answer: pending });
    signal.addEventListener('abort', () => pending.reject(signal.reason), { once: true });
    return pending.promise;
  });
  checks = new Checks(control, new FakeClock());
});

const names = () => asked.map(({ name }) => name);
const settled = () => new Promise(setImmediate);
const ids = ['a', 'b', 'c', 'd', 'e', 'f'];

it('asks four at a time, each once, and all in the end', async () => {
  checks.run(ids);
  checks.run(['a', 'f']);
  expect([names(), checks.left]).toEqual([['a', 'b', 'c', 'd'], 6]);
  expect(ids.map((id) => checks.of(id).running)).toEqual(ids.map(() => true));
  asked[1]?.answer.resolve(answer);
  await settled();
  expect([names().at(-1), checks.left]).toEqual(['e', 5]);
  for (let at = 0; at < 6; at++) {
    asked[at]?.answer.resolve(answer);
    await settled();
  }
  expect([names(), checks.left]).toEqual([ids, 0]);
  expect(checks.of('f')).toEqual({ found: { kind: 'checked', check: answer, atMs: 1_700_000_000_000 } });
});

it('finds out why one could not be asked, and goes on', async () => {
  checks.run(['a', 'b']);
  asked[0]?.answer.reject(new AppError('SP-LOGIN-REQUIRED'));
  asked[1]?.answer.resolve(answer);
  await settled();
  expect(checks.of('a').found).toMatchObject({ kind: 'failed', error: { code: 'SP-LOGIN-REQUIRED' } });
  expect(checks.of('b').found?.kind).toBe('checked');
});

it('keeps what was found while it is asked again, and where that is stopped', async () => {
  checks.run(['a']);
  asked[0]?.answer.resolve(answer);
  await settled();
  const { found } = checks.of('a');
  checks.run(['a']);
  expect(checks.of('a')).toEqual({ running: true, found });
  checks.stop();
  await settled();
  expect([checks.of('a'), checks.left]).toEqual([{ found }, 0]);
});

it('stops those that wait and those that are asked, and can begin again', async () => {
  checks.run(ids);
  let told = 0;
  checks.subscribe(() => told++);
  checks.stop();
  await settled();
  expect([names().length, checks.left, ids.map((id) => checks.of(id))]).toEqual([4, 0, ids.map(() => ({}))]);
  expect(told).toBeGreaterThan(0);
  checks.run(['e']);
  asked[4]?.answer.resolve(answer);
  await settled();
  expect(checks.of('e').found?.kind).toBe('checked');
});
