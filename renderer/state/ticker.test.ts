import { expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { Ticker } from './ticker.ts';

it('moves on once a second for all who look, and rests while nobody does', () => {
  const clock = new FakeClock();
  const ticker = new Ticker(clock);
  const beginMs = ticker.now();
  const told: number[] = [];
  const leave = [0, 1].map((who) => ticker.subscribe(() => void told.push(who)));
  clock.advance(500);
  expect(ticker.now()).toBe(beginMs);
  clock.advance(500);
  expect(ticker.now()).toBe(beginMs + 1_000);
  expect(told).toEqual([0, 1]);
  for (const end of leave) end();
  expect(clock.pending).toBe(0);
});
