import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { type Limit, TunnelLimits } from './tunnel-limits.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

function limits({ timeMs, idleMs, agoMs = 0 }: { timeMs?: number; idleMs?: number; agoMs?: number }) {
  const clock = new FakeClock();
  const delays: number[] = [];
  const after = clock.after.bind(clock);
  clock.after = (delayMs, callback) => {
    delays.push(delayMs);
    return after(delayMs, callback);
  };
  const told: string[] = [];
  const startMs = clock.wallMs();
  const tell =
    (what: string) =>
    ({ kind }: Limit) =>
      void told.push(`${what} ${kind} ${(clock.wallMs() - startMs) / minuteMs}`);
  const world = { isBusy: false };
  const counted = new TunnelLimits({
    clock,
    timeMs,
    idleMs,
    sinceMs: startMs - agoMs,
    isBusy: () => world.isBusy,
    onNear: tell('near'),
    onOver: tell('over'),
  });
  counted.start();
  return { clock, delays, told, world, counted, startMs };
}

describe('a time limit', () => {
  it('is near five minutes before it is over, whoever is connected', () => {
    const { clock, told, world, counted, startMs } = limits({ timeMs: 2 * hourMs });
    world.isBusy = true;
    clock.advance(114 * minuteMs);
    expect(told).toEqual([]);
    expect(counted.limit).toEqual({
      kind: 'time',
      limitMs: 2 * hourMs,
      endsAtMs: startMs + 2 * hourMs,
      isNear: false,
    });
    clock.advance(hourMs);
    expect(told).toEqual(['near time 115', 'over time 120']);
    expect(clock.pending).toBe(0);
  });

  it('of less than 50 minutes is near in its last tenth', () => {
    const { clock, told } = limits({ timeMs: 10 * minuteMs });
    clock.advance(hourMs);
    expect(told).toEqual(['near time 9', 'over time 10']);
  });

  it('counts from when its tunnel was asked for, however many daemons ago', () => {
    const { clock, told } = limits({ timeMs: hourMs, agoMs: 58 * minuteMs });
    expect(told).toEqual(['near time 0']);
    clock.advance(hourMs);
    expect(told).toEqual(['near time 0', 'over time 2']);
    expect(limits({ timeMs: hourMs, agoMs: hourMs }).told).toEqual(['over time 0']);
  });

  it('may be longer than a timer can be', () => {
    const { clock, told, delays } = limits({ timeMs: 60 * 24 * hourMs });
    clock.advance(59 * 24 * hourMs);
    expect(told).toEqual([]);
    clock.advance(24 * hourMs);
    expect(told).toHaveLength(2);
    expect(Math.max(...delays)).toBeLessThan(2 ** 31);
  });

  it('counts anew when it is prolonged, and is near anew', () => {
    const { clock, told, counted } = limits({ timeMs: hourMs });
    clock.advance(56 * minuteMs);
    counted.prolong();
    expect(counted.limit?.isNear).toBe(false);
    clock.advance(2 * hourMs);
    expect(told).toEqual(['near time 55', 'near time 111', 'over time 116']);
  });

  it('that passes while the machine sleeps is over when somebody looks', () => {
    const { clock, told, counted } = limits({ timeMs: hourMs });
    const { wallMs } = clock;
    clock.wallMs = () => wallMs.call(clock) + 3 * hourMs;
    counted.look();
    expect(told).toEqual(['over time 180']);
  });
});

describe('an idle limit', () => {
  it('counts from the last connection, and not while there is one', () => {
    const { clock, told, world, counted, startMs } = limits({ idleMs: 30 * minuteMs });
    clock.advance(20 * minuteMs);
    world.isBusy = true;
    clock.advance(hourMs);
    expect(counted.limit).toBeUndefined();
    // As the event comes: the connection that ends is still among those that are there.
    counted.used();
    world.isBusy = false;
    expect(counted.limit?.endsAtMs).toBe(startMs + 110 * minuteMs);
    clock.advance(2 * hourMs);
    expect(told).toEqual(['near idle 107', 'over idle 110']);
  });

  it('beside a time limit: the one that comes first ends it', () => {
    const { clock, told, counted } = limits({ timeMs: hourMs, idleMs: 40 * minuteMs });
    expect(counted.limit?.kind).toBe('idle');
    clock.advance(30 * minuteMs);
    counted.used();
    expect(counted.limit?.kind).toBe('time');
    clock.advance(hourMs);
    expect(told).toEqual(['near time 55', 'over time 60']);
  });
});

it('counts nothing once it is let go of', () => {
  const { clock, told, counted } = limits({ timeMs: hourMs, idleMs: hourMs });
  counted[Symbol.dispose]();
  counted.used();
  counted.prolong();
  clock.advance(2 * hourMs);
  expect(told).toEqual([]);
  expect(clock.pending).toBe(0);
});
