import { expect, it } from 'vitest';
import { ConnectTimes } from './connect-times.ts';

it('has nothing to say before the first connection', () => {
  expect(new ConnectTimes().summary).toBeUndefined();
});

it('gives times that were measured, by nearest rank', () => {
  const times = new ConnectTimes();
  times.add(7.126);
  expect(times.summary).toEqual({ p50Ms: 7.13, p99Ms: 7.13, samples: 1 });
  for (const ms of [1, 100, 2]) times.add(ms);
  expect(times.summary).toEqual({ p50Ms: 2, p99Ms: 100, samples: 4 });
});

it('forgets all but the newest hundred', () => {
  const times = new ConnectTimes();
  for (const ms of [8_000, 9_000]) times.add(ms);
  for (let ms = 1; ms <= 98; ms++) times.add(ms);
  expect(times.summary).toEqual({ p50Ms: 50, p99Ms: 8_000, samples: 100 });
  for (const ms of [99, 100]) times.add(ms);
  expect(times.summary).toEqual({ p50Ms: 50, p99Ms: 99, samples: 100 });
});

it('makes the same summary only once', () => {
  const times = new ConnectTimes();
  times.add(1);
  expect(times.summary).toBe(times.summary);
});
