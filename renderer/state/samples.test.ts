import { expect, it } from 'vitest';
import type { TunnelEntity } from '../../src/contract/control-tunnel.ts';
import { fakeTunnel } from '../../test/support/fake-control.ts';
import { Samples, sampleEveryMs, samplesSpanMs } from './samples.ts';

const traffic = (receivedBytes: number) => ({
  receivedBytes,
  sentBytes: 0,
  served: 0,
  failed: 0,
  recoveries: 0,
});
const on = (receivedBytes: number, rest: Partial<TunnelEntity> = {}) =>
  fakeTunnel({ wanted: 'on', traffic: traffic(receivedBytes), ...rest });
const id = 'user/orders-db';

it('keeps what changes, and of what stays as it is the ends', () => {
  const samples = new Samples();
  for (const [index, bytes] of [0, 5, 5, 5, 5, 9].entries())
    samples.sample([on(bytes)], index * sampleEveryMs);
  expect(samples.of(id).map(({ atMs, receivedBytes }) => [atMs / sampleEveryMs, receivedBytes])).toEqual([
    [0, 0],
    [1, 5],
    [4, 5],
    [5, 9],
  ]);
});

it('takes one in two seconds, also where ticks come a little early', () => {
  const samples = new Samples();
  for (const atMs of [0, 1_000, 1_990, 3_000, 4_000]) samples.sample([on(atMs)], atMs);
  expect(samples.of(id).map(({ atMs }) => atMs)).toEqual([0, 1_990, 4_000]);
});

it('forgets what is older than ten minutes, but for where the line comes from', () => {
  const samples = new Samples();
  const last = 1_000 * sampleEveryMs;
  for (let atMs = 0; atMs <= last; atMs += sampleEveryMs) samples.sample([on(atMs)], atMs);
  const kept = samples.of(id);
  expect(kept.length).toBeLessThanOrEqual(samplesSpanMs / sampleEveryMs + 2);
  expect(kept[0]?.atMs).toBeLessThanOrEqual(last - samplesSpanMs);
  expect(kept[1]?.atMs).toBeGreaterThan(last - samplesSpanMs);

  const quiet = new Samples();
  quiet.sample([on(1)], 0);
  for (let atMs = sampleEveryMs; atMs <= last; atMs += sampleEveryMs) quiet.sample([on(2)], atMs);
  expect(quiet.of(id)).toHaveLength(2);
});

it('knows nothing of tunnels that were not up, and forgets those that are gone', () => {
  const samples = new Samples();
  samples.sample([fakeTunnel(), on(0, { id: 'user/a' })], 0);
  expect([samples.of(id), samples.of('user/a').length]).toEqual([[], 1]);
  samples.sample([fakeTunnel()], sampleEveryMs);
  expect(samples.of('user/a')).toEqual([]);
});

it('is the same array while nothing is added, and tells who listens', () => {
  const samples = new Samples();
  let told = 0;
  const stop = samples.subscribe(() => told++);
  samples.sample([on(0)], 0);
  expect(samples.of(id)).toBe(samples.of(id));
  stop();
  samples.sample([on(0)], sampleEveryMs);
  expect(told).toBe(1);
});
