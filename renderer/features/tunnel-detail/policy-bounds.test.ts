import { describe, expect, it } from 'vitest';
import { policyBounds, policyRules } from './policy-bounds.ts';

const nowMs = new Date('2026-11-20T14:00:00').getTime();
const minuteMs = 60_000;
const up = { wanted: 'on', connections: 0, limit: undefined } as const;

describe('what bounds a tunnel', () => {
  it('counts down the limit that comes first', () => {
    const limit = {
      kind: 'time',
      limitMs: 480 * minuteMs,
      endsAtMs: nowMs + 60 * minuteMs,
      isNear: false,
    } as const;
    const [time, idle] = policyBounds({ ...up, limit }, { timeLimit: '8h', idleLimit: '30m' }, nowMs);
    expect(time).toEqual({
      name: 'Time limit',
      words: '60 min left of 8 h · ends at 15:00',
      share: 0.875,
      isNear: false,
    });
    expect(idle).toEqual({ name: 'Idle limit', words: '30 min without a connection', isNear: false });
  });

  it('says that it is near, and what would help', () => {
    const limit = { kind: 'idle', limitMs: 10 * minuteMs, endsAtMs: nowMs + 4_200, isNear: true } as const;
    expect(policyBounds({ ...up, limit }, { idleLimit: '10m' }, nowMs)).toMatchObject([
      { words: '5 seconds left of 10 min · ends at 14:00, unless somebody connects', isNear: true },
    ]);
    const over = { ...limit, endsAtMs: nowMs - 1 };
    expect(policyBounds({ ...up, limit: over }, { idleLimit: '10m' }, nowMs)[0]?.share).toBe(1);
    const tomorrow = { ...limit, kind: 'time', endsAtMs: nowMs + 24 * 60 * minuteMs } as const;
    expect(policyBounds({ ...up, limit: tomorrow }, { timeLimit: '48h' }, nowMs)[0]?.words).toContain(
      '11-21 14:00',
    );
  });

  it.each([
    [7, false],
    [8, true],
    [10, true],
  ])('calls %i of 10 connections near its end: %s', (connections, isNear) => {
    const [bound] = policyBounds({ ...up, connections }, { maxConnections: 10 }, nowMs);
    expect(bound).toEqual({
      name: 'Connections',
      words: `${connections} of at most 10`,
      share: connections / 10,
      isNear,
    });
  });

  it('counts nothing of a tunnel that is off', () => {
    const off = { ...up, wanted: 'off' } as const;
    const policy = { environment: 'production', maxConnections: 10, timeLimit: '90m' } as const;
    expect(policyBounds(off, policy, nowMs)).toEqual([
      { name: 'Environment', words: 'production', isNear: false },
      { name: 'Time limit', words: '90 min', isNear: false },
      { name: 'Connections', words: 'at most 10', isNear: false },
    ]);
    expect(policyBounds(up, undefined, nowMs)).toEqual([]);
  });
});

it('says in sentences what a policy asks and forbids', () => {
  expect(
    policyRules({
      reason: { pattern: '^[A-Z]+-[0-9]+' },
      readOnly: true,
      programs: ['/usr/lib/postgresql/18/bin/psql', '/usr/bin/dbeaver'],
      passwordless: ['/usr/bin/dbeaver'],
      superuser: 'forbid',
    }),
  ).toEqual([
    'It asks for a reason that matches ^[A-Z]+-[0-9]+ before it opens.',
    'Sessions are read-only.',
    'Only psql, dbeaver may connect.',
    'dbeaver needs no password.',
    'A role that is a superuser is refused.',
  ]);
  expect(policyRules()).toEqual([]);
});
