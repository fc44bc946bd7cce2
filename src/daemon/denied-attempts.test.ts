import { expect, test } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import type { AuditEvent } from '../contract/audit-event.ts';
import { DeniedAttempts } from './denied-attempts.ts';

type Denied = Extract<AuditEvent, { event: 'connection-denied' }>;

function setup() {
  const clock = new FakeClock();
  const told: Denied[] = [];
  const attempts = new DeniedAttempts({ clock, append: (event) => told.push(event) });
  const knock = (uid: number) =>
    attempts.add({
      event: 'connection-denied',
      tunnel: 'user/a',
      peer: { uid },
      error: { code: 'SP-PEER-DENIED', details: { uid } },
    });
  return { clock, told, attempts, knock };
}

test('the first attempt is told at once, those that follow as one with their number', () => {
  const { clock, told, knock } = setup();
  for (let times = 0; times < 5; times++) knock(7);
  knock(8);
  expect(told.map(({ peer, count }) => [peer?.uid, count])).toEqual([
    [7, undefined],
    [8, undefined],
  ]);
  clock.advance(10_000);
  expect(told.slice(2).map(({ peer, count }) => [peer?.uid, count])).toEqual([[7, 4]]);
  clock.advance(10_000);
  knock(7);
  expect(told).toHaveLength(4);
});

test('what was gathered is told at the end', () => {
  const { told, attempts, knock } = setup();
  knock(7);
  knock(7);
  attempts[Symbol.dispose]();
  expect(told.at(-1)?.count).toBe(1);
});

test('of very many kinds the rest is told as one', () => {
  const { clock, told, knock } = setup();
  for (let uid = 1; uid <= 1_000; uid++) knock(uid);
  expect(told).toHaveLength(101);
  clock.advance(10_000);
  expect(told.at(-1)).toMatchObject({ count: 899 });
  expect(told.at(-1)?.peer).toBeUndefined();
});
