import { expect, it } from 'vitest';
import type { LiveConnection } from '../../../src/contract/control-tunnel.ts';
import { fakePod } from '../../../test/support/fake-control.ts';
import { durationWords, loginWords, programWords, trafficArrows, trafficWords } from './connection-words.ts';

const live = (rest: Partial<LiveConnection> = {}): LiveConnection => ({
  connection: 3,
  sinceMs: 1_000,
  heldMs: 0,
  pod: fakePod,
  ...rest,
});

it('names the program as far as it is known', () => {
  const process = { pid: 4711, command: 'psql' };
  expect(programWords(live({ peer: { uid: 1000, process } }))).toBe('psql · 4711');
  expect(programWords(live({ peer: { uid: 1000 } }))).toBe('a program of user 1000');
  expect(programWords(live())).toBe('connection 3');
});

it('says as whom it is logged in only where that was seen', () => {
  expect(loginWords(live({ login: { user: 'app', database: 'orders', application: '' } }))).toBe(
    'app@orders',
  );
  expect(loginWords(live({ login: { user: 'app', database: 'orders', application: 'psql' } }))).toBe(
    'app@orders · psql',
  );
  expect(loginWords(live())).toBe('');
});

it('tells no bytes that nobody counted', () => {
  expect(trafficArrows(live({ receivedBytes: 3_565_158, sentBytes: 0 }))).toBe('↓ 3.4 MiB  ↑ 0 bytes');
  expect(trafficWords(live({ receivedBytes: 2_048, sentBytes: 7 }))).toBe('2.0 KiB received, 7 bytes sent');
  expect([trafficArrows(live()), trafficWords(live())]).toEqual(['', '']);
});

it('tells a wait that somebody will have noticed', () => {
  expect(durationWords(live({ heldMs: 40 }), 121_000)).toBe('for 2 min');
  expect(durationWords(live({ heldMs: 3_100 }), 500)).toBe('for 0 ms, held 3.1 s before');
});
