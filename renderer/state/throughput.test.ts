import { expect, it } from 'vitest';
import { fakeTunnel } from '../../test/support/fake-control.ts';
import { Throughput, throughputSeconds } from './throughput.ts';

const id = 'user/orders-db';
const after = (receivedBytes: number, sentBytes = 0) =>
  fakeTunnel({ traffic: { receivedBytes, sentBytes, served: 0, failed: 0, recoveries: 0 } });

it('gives what went through in the last minute, both ways, each second with the one before it', () => {
  const throughput = new Throughput();
  throughput.sample([after(1_000)]);
  expect(throughput.rates(id)).toEqual([]);
  throughput.sample([after(1_500, 30)]);
  throughput.sample([after(1_500, 30)]);
  throughput.sample([after(1_500, 30)]);
  expect(throughput.rates(id)).toEqual([265, 265, 0]);
  for (let second = 1; second <= 100; second++) throughput.sample([after(1_500 + second, 30)]);
  expect(throughput.rates(id)).toHaveLength(throughputSeconds);
});

it('is nothing, and one and the same nothing, where a minute had no traffic', () => {
  const throughput = new Throughput();
  throughput.sample([after(0)]);
  throughput.sample([after(5)]);
  for (let second = 0; second <= throughputSeconds; second++) throughput.sample([after(5)]);
  expect(throughput.rates(id)).toEqual([]);
  expect(throughput.rates(id)).toBe(throughput.rates('another'));
});

it('takes counters of a new daemon for a new begin, and forgets tunnels that are gone', () => {
  const throughput = new Throughput();
  throughput.sample([after(9_000)]);
  throughput.sample([after(9_100)]);
  throughput.sample([after(10)]);
  expect(throughput.rates(id)).toEqual([50, 50]);
  throughput.sample([]);
  throughput.sample([after(50)]);
  expect(throughput.rates(id)).toEqual([]);
});
