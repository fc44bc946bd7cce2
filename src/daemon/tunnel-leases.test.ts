import { expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { TunnelLeases } from './tunnel-leases.ts';

function leases() {
  const clock = new FakeClock();
  const given: [string, string][] = [];
  const all = new TunnelLeases({ clock, giveBack: async (id, before) => void given.push([id, before]) });
  const hold = (lease: string) => {
    const client = new AbortController();
    const over = all.hold(lease, { waitMs: 600_000, signal: client.signal });
    const gone = () => {
      client.abort();
      return over;
    };
    return { gone, over };
  };
  return { clock, given, all, hold };
}

it('gives back with the last lease, as it was before the first', async () => {
  const { all, given } = leases();
  all.take('one', 'user/a', 'off');
  all.take('two', 'user/a', 'on');
  all.take('two', 'user/b', 'paused');
  await all.release('one');
  expect(given).toEqual([]);
  await all.release('two');
  expect(given).toEqual([
    ['user/a', 'off'],
    ['user/b', 'paused'],
  ]);
  expect(all.has('user/a')).toBe(false);
});

it('leaves alone what was up, and what a person took over', async () => {
  const { all, given } = leases();
  all.take('one', 'user/up', 'on');
  all.take('one', 'user/kept', 'off');
  all.keep('user/kept');
  await all.release('one');
  expect(given).toEqual([]);
});

it('ends with who holds it, even without a word', async () => {
  const { all, given, hold } = leases();
  all.take('one', 'user/a', 'off');
  await hold('one').gone();
  expect(given).toEqual([['user/a', 'off']]);
});

it('ends 30 s after nobody holds it, and not while somebody does', async () => {
  const { all, given, hold, clock } = leases();
  all.take('one', 'user/a', 'off');
  await clock.advanceAsync(29_000);
  const first = hold('one');
  await clock.advanceAsync(599_000);
  expect(given).toEqual([]);
  await clock.advanceAsync(1_000);
  await first.over;
  const { over } = hold('one');
  await clock.advanceAsync(599_000);
  expect(given).toEqual([]);
  await clock.advanceAsync(1_000);
  await over;
  await clock.advanceAsync(30_000);
  expect(given).toEqual([['user/a', 'off']]);
  expect(clock.pending).toBe(0);
});

it('answers its holder when it is released', async () => {
  const { all, hold, clock } = leases();
  const { over } = hold('one');
  await all.release('one');
  await over;
  expect(clock.pending).toBe(0);
});

it('has a limit', () => {
  const { all } = leases();
  for (let index = 0; index < 256; index++) all.take(`lease-${index}`, 'user/a', 'off');
  expect(() => all.take('one more', 'user/a', 'off')).toThrow('on lease already');
});
