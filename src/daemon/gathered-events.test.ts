import { expect, test } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import type { AuditEvent } from '../contract/audit-event.ts';
import { GatheredEvents } from './gathered-events.ts';

type Denied = Extract<AuditEvent, { event: 'connection-denied' }>;

function setup() {
  const clock = new FakeClock();
  const told: Denied[] = [];
  const attempts = new GatheredEvents({ clock, append: (event) => told.push(event as Denied) });
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
  for (let uid = 1; uid <= 2_000; uid++) knock(uid);
  expect(told).toHaveLength(1_001);
  clock.advance(10_000);
  expect(told.at(-1)).toMatchObject({ count: 999 });
  expect(told.at(-1)?.peer).toBeUndefined();
});

test('some may be told each by itself before they are gathered', () => {
  const { clock, told, attempts } = setup();
  const request = { event: 'control-request' as const, operation: 'up', names: ['a'], by: { pid: 1 } };
  for (let times = 0; times < 30; times++) attempts.add(request, { atOnce: 20 });
  expect(told).toHaveLength(20);
  clock.advance(10_000);
  expect(told.at(-1)).toMatchObject({ event: 'control-request', count: 10 });
});

test('the end of a tunnel tells what was gathered of it alone', () => {
  const { told, attempts, knock } = setup();
  for (let times = 0; times < 2; times++) {
    knock(7);
    attempts.add({
      event: 'tunnel-denied',
      tunnel: 'user/b',
      error: { code: 'SP-REASON-MISMATCH', details: {} },
    });
  }
  attempts.flush('user/a');
  expect(told.slice(2)).toMatchObject([{ tunnel: 'user/a', count: 1 }]);
});

test('names that a stranger chooses are not told apart without end', () => {
  const { told, attempts } = setup();
  for (let user = 0; user < 2_000; user++)
    attempts.add({
      event: 'connection-denied',
      tunnel: 'user/a',
      databaseUser: `u${user}`,
      error: { code: 'SP-GATEWAY-LOGIN', details: { why: 'wrong-password' } },
    });
  expect(told).toHaveLength(1_001);
  expect(told.at(-1)?.databaseUser).toBeUndefined();
});
