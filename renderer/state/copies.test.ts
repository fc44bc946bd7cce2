import { expect, it } from 'vitest';
import type { ConnectionFormat, ConnectionKind } from '../../src/contract/connection-format.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { Copies } from './copies.ts';

function copiesWith(write: (text: string) => Promise<void> = async () => {}) {
  const clock = new FakeClock();
  const kept = new Map<ConnectionKind, ConnectionFormat>();
  const favourites = {
    format: (kind: ConnectionKind) => kept.get(kind),
    prefer: (kind: ConnectionKind, format: ConnectionFormat) => void kept.set(kind, format),
  };
  return { clock, kept, copies: new Copies({ clock, write, favourites }) };
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
  kept.set('redis', 'jdbc');
  expect(copies.favourite('redis')).toBe('redis-cli');
});
