import { expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { Copies } from './copies.ts';

function copiesWith(write: (text: string) => Promise<void> = async () => {}) {
  const clock = new FakeClock();
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
  return { clock, kept, copies: new Copies({ clock, write, storage }) };
}

it('says for two seconds what was copied, counted from the last time', async () => {
  const { clock, copies } = copiesWith();
  await copies.copy({ of: 'user/a', what: 'uri' }, 'x');
  clock.advance(1_500);
  await copies.copy({ of: 'user/b', what: 'uri' }, 'y');
  clock.advance(1_999);
  expect(copies.last()).toEqual({ of: 'user/b', what: 'uri' });
  clock.advance(1);
  expect(copies.last()).toBeUndefined();
});

it('never says of what could not be copied that it was', async () => {
  const { copies } = copiesWith(async () => {
    throw new Error('not allowed');
  });
  await expect(copies.copy({ of: 'user/a', what: 'uri' }, 'x')).rejects.toThrow('not allowed');
  expect(copies.last()).toBeUndefined();
});

it('remembers the format taken last of each kind, and takes no other kind’s for it', () => {
  const { copies, kept } = copiesWith();
  expect(copies.favourite('postgres')).toBe('psql');
  copies.prefer('postgres', 'jdbc');
  expect(copies.favourite('postgres')).toBe('jdbc');
  expect(copies.favourite('redis')).toBe('redis-cli');
  kept.set('format.redis', 'jdbc');
  expect(copies.favourite('redis')).toBe('redis-cli');
});
