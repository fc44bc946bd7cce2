import { expect, it } from 'vitest';
import type { Sample } from '../../state/samples.ts';
import { connectData, connectionsData, peakOf, throughputData, timeScale } from './chart-data.ts';

const sample = (atS: number, rest: Partial<Sample> = {}): Sample => ({
  atMs: atS * 1_000,
  receivedBytes: 0,
  sentBytes: 0,
  served: 0,
  connections: 0,
  held: 0,
  p50Ms: undefined,
  p99Ms: undefined,
  ...rest,
});

it('makes rates of counters, over whatever time lies between them, and none of a new daemon', () => {
  const data = throughputData([
    sample(0, { receivedBytes: 100 }),
    sample(2, { receivedBytes: 300, sentBytes: 10 }),
    sample(6, { receivedBytes: 700, sentBytes: 10 }),
    sample(8),
  ]);
  expect(data).toEqual([
    [0, 2, 6, 8],
    [null, 100, 100, 0],
    [null, 5, 0, 0],
  ]);
  expect(peakOf(data)).toBe(100);
});

it('has connect times only where connections were made', () => {
  const times = { p50Ms: 2, p99Ms: 9 };
  const data = connectData([
    sample(0, { served: 1, ...times }),
    sample(2, { served: 1, ...times }),
    sample(4, { served: 3, ...times }),
    sample(6, { served: 4 }),
  ]);
  expect(data).toEqual([
    [0, 4, 6],
    [2, 2, null],
    [9, 9, null],
  ]);
  expect(connectData([sample(0), sample(2)])).toEqual([[], [], []]);
});

it('shows ten minutes up to the newest, however many there are', () => {
  expect(timeScale([sample(1_000), sample(1_002)])).toEqual([402, 1_002]);
  expect(connectionsData([sample(1, { connections: 3, held: 1 })])).toEqual([[1], [3], [1]]);
  expect(peakOf(connectionsData([]))).toBe(0);
});
