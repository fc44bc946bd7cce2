import { describe, expect, it } from 'vitest';
import type { HistoryEntry } from '../../../src/contract/control-tunnel.ts';
import { shownState } from '../../../src/contract/shown-state.ts';
import type { TunnelState } from '../../../src/contract/tunnel-state.ts';
import { fakePod } from '../../../test/support/fake-control.ts';
import { podsOf, rangeFor, roleMarks, spanAt, ticksOf, timelineOf } from './timeline.ts';

const next = { ...fakePod, uid: '7f3a0000-0000-4000-8000-000000000002' };
const entry = (atMs: number, state: TunnelState, rest: Partial<HistoryEntry> = {}): HistoryEntry => {
  const { wanted = state.kind === 'off' ? 'off' : 'on' } = rest;
  return { atMs, wanted, state, shown: shownState(wanted, state), held: 0, ...rest };
};
const ready = (pod = fakePod): TunnelState => ({ kind: 'ready', pod, port: 5432, sinceMs: 0 });
const waiting = (reason: string): TunnelState => ({
  kind: 'waiting',
  reason: { code: 'SP-POD-NOT-READY', details: { pod: 'postgres-0', reason } },
  sinceMs: 0,
});
const connecting: TunnelState = { kind: 'connecting', step: 'resolving', sinceMs: 0 };
const off: TunnelState = { kind: 'off' };
const at = (nowMs: number, daemonSinceMs = 0) => ({ nowMs, daemonSinceMs });

describe('a timeline', () => {
  it('says which pod answered from when until when, and what was between', () => {
    const spans = timelineOf(
      [
        entry(100, connecting),
        entry(200, ready()),
        entry(1_000, waiting('is not ready')),
        entry(1_500, waiting('crashed'), { held: 3 }),
        entry(1_700, connecting),
        entry(2_000, ready(next), { gapMs: 1_000, served: 3 }),
      ],
      at(9_000),
    );
    expect(spans).toMatchObject([
      { kind: 'gap', shown: 'connecting', fromMs: 100, toMs: 200, isNow: false },
      { kind: 'pod', pod: { uid: fakePod.uid }, fromMs: 200, toMs: 1_000 },
      {
        kind: 'gap',
        shown: 'waiting',
        fromMs: 1_000,
        toMs: 2_000,
        reasons: ['postgres-0 is not ready', 'postgres-0 crashed'],
        held: 3,
      },
      {
        kind: 'pod',
        pod: { uid: next.uid },
        change: 'new pod',
        was: fakePod,
        gapMs: 1_000,
        served: 3,
        fromMs: 2_000,
        toMs: 9_000,
        isNow: true,
      },
    ]);
    expect(podsOf(spans)).toEqual([fakePod.uid, next.uid]);
  });

  it('takes a role that is learned late for no other one, and none of a new pod for no change', () => {
    const { role: _, ...unasked } = fakePod;
    const spans = timelineOf(
      [
        entry(10, ready(unasked)),
        entry(20, ready()),
        entry(30, ready({ ...unasked, uid: next.uid })),
        entry(40, ready({ ...next, role: 'replica' })),
        entry(50, ready({ ...next, role: 'primary' })),
      ],
      at(60),
    );
    expect(spans.map((span) => [span.fromMs, span.kind === 'pod' && [span.change, span.pod.role]])).toEqual([
      [10, [undefined, 'primary']],
      [30, ['new pod', 'replica']],
      [50, ['role', 'primary']],
    ]);
    expect(roleMarks(spans, 0).map(({ fromMs, pod }) => [fromMs, pod.role])).toEqual([
      [30, 'replica'],
      [50, 'primary'],
    ]);
  });

  it('marks a role that changed and a container that restarted, and nothing else of one pod', () => {
    const replica = { ...fakePod, role: 'replica' };
    const spans = timelineOf(
      [
        entry(0, ready(replica)),
        entry(10, ready({ ...replica, ready: false })),
        entry(20, ready()),
        entry(30, ready({ ...fakePod, restarts: 1 })),
        entry(40, ready({ ...fakePod, name: 'postgres-1', uid: 'x' })),
      ],
      at(50),
    );
    expect(spans.map((span) => [span.fromMs, span.kind === 'pod' && span.change])).toEqual(
      [
        [0, undefined],
        [20, 'role'],
        [30, 'restart'],
        [40, 'other pod'],
      ].map(([fromMs, change]) => [fromMs, change]),
    );
    expect(spans[0]).toMatchObject({ pod: { ready: false } });
  });

  it('calls a pod the same one after a gap', () => {
    const spans = timelineOf([entry(0, ready()), entry(5, waiting('x')), entry(9, ready())], at(10));
    expect(spans[2]).toEqual({
      kind: 'pod',
      pod: fakePod,
      fromMs: 9,
      toMs: 10,
      isNow: true,
      isCut: false,
    });
  });

  it('claims nothing beyond the end of a daemon that wrote none', () => {
    const spans = timelineOf([entry(100, ready()), entry(5_000, connecting)], at(6_000, 4_000));
    expect(spans).toMatchObject([
      { kind: 'pod', toMs: 4_000, isCut: true, isNow: false },
      { kind: 'off', reason: 'no daemon was there', fromMs: 4_000, toMs: 5_000 },
      { kind: 'gap', fromMs: 5_000, isNow: true },
    ]);
    expect(timelineOf([entry(100, ready())], at(6_000, 4_000)).at(-1)).toMatchObject({
      kind: 'off',
      isNow: true,
    });
  });

  it('has what was off or paused as that', () => {
    const spans = timelineOf(
      [entry(0, ready()), entry(5, off), entry(6, off), entry(9, off, { wanted: 'paused' })],
      at(10),
    );
    expect(spans.map((span) => (span.kind === 'off' ? span.shown : span.kind))).toEqual([
      'pod',
      'off',
      'paused',
    ]);
  });

  it('answers which pod it was at a time', () => {
    const spans = timelineOf(
      [entry(100, ready()), entry(200, waiting('x')), entry(300, ready(next))],
      at(400),
    );
    const kinds = [99, 100, 199, 200, 300, 5_000].map((atMs) => {
      const span = spanAt(spans, atMs);
      return span?.kind === 'pod' ? span.pod.uid.slice(0, 4) : span?.kind;
    });
    expect(kinds).toEqual([undefined, '2c98', '2c98', 'gap', '7f3a', '7f3a']);
  });

  it('is looked at as far back as it goes, at round times', () => {
    const minuteMs = 60_000;
    const nowMs = new Date('2026-11-20T14:07:30').getTime();
    expect(rangeFor(nowMs - 6 * minuteMs, nowMs).name).toBe('15 min');
    expect(rangeFor(nowMs - 61 * minuteMs, nowMs).name).toBe('6 h');
    expect(rangeFor(0, nowMs).name).toBe('7 d');
    expect(ticksOf(nowMs - 15 * minuteMs, nowMs, 5 * minuteMs).map(({ words }) => words)).toEqual([
      '13:55',
      '14:00',
      '14:05',
    ]);
  });
});
