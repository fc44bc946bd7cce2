import { expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import type { HistoryEntry } from '../contract/control-tunnel.ts';
import { TunnelRecord } from './tunnel-record.ts';

const entry = (atMs: number): HistoryEntry => ({
  atMs,
  wanted: 'on',
  state: { kind: 'off' },
  shown: 'off',
  held: 0,
});

it('gives the newest 500 of its history, with what was before this daemon as far as there is room', () => {
  const record = new TunnelRecord(new FakeClock());
  const past = Array.from({ length: 200 }, (_, index) => entry(index));
  const times = () => record.historyAfter(past).map(({ atMs }) => atMs);
  record.state(entry(200));
  expect(times()).toEqual(Array.from({ length: 201 }, (_, index) => index));
  for (let atMs = 201; atMs < 600; atMs++) record.state(entry(atMs));
  expect(times()).toEqual(Array.from({ length: 500 }, (_, index) => 100 + index));
  for (let atMs = 600; atMs < 900; atMs++) record.state(entry(atMs));
  expect(times()[0]).toBe(400);
});
