import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDurationMs } from '../base/duration.ts';
import { forbidsHostNetwork, type Policy, policySchema, policyTighteningSchema } from '../contract/policy.ts';
import { loosenings, patternsOf, tightest, withFloor } from './tightest-policy.ts';

const environments = ['development', 'staging', 'production'] as const;
const programs = ['/bin/a', '/bin/b', '/bin/c'];
const pattern = fc.constantFrom('^OPS-', '[0-9]$', 'x');
const duration = fc.constantFrom('30s', '90s', '1m30s', '1h', '60m', '8h');
const forbid = fc.constantFrom<'allow' | 'forbid'>('allow', 'forbid');
const policies: fc.Arbitrary<Policy> = fc.record(
  {
    environment: fc.constantFrom(...environments),
    reason: fc.oneof(
      fc.boolean(),
      fc.record({
        pattern: fc.oneof(pattern, fc.uniqueArray(pattern, { minLength: 1 })),
        example: fc.constant('OPS-1'),
      }),
    ),
    confirm: fc.boolean(),
    timeLimit: duration,
    idleLimit: duration,
    readOnly: fc.boolean(),
    maxConnections: fc.integer({ min: 1, max: 9 }),
    programs: fc.subarray(programs),
    statementAudit: fc.boolean(),
    gateway: fc.boolean(),
    superuser: forbid,
    trust: forbid,
    hostNetwork: forbid,
  },
  { requiredKeys: [] },
);

/** One thing that somebody tries; what a policy says of it is written here without the code under test. */
const attempts = fc.record({
  reason: fc.constantFrom(undefined, 'OPS-1', 'OPS-x', '1', 'y'),
  confirmed: fc.boolean(),
  upMs: fc.integer({ min: 0, max: 30_000_000 }),
  idleMs: fc.integer({ min: 0, max: 30_000_000 }),
  clients: fc.integer({ min: 1, max: 10 }),
  program: fc.constantFrom(...programs),
  writes: fc.boolean(),
  recorded: fc.boolean(),
  gateway: fc.boolean(),
  superuser: fc.boolean(),
  trusted: fc.boolean(),
  hostNetwork: fc.boolean(),
  atStake: fc.constantFrom(...environments),
});
type Attempt = typeof attempts extends fc.Arbitrary<infer T> ? T : never;

/** By aspect, so that what one forbids never hides what another fails to. */
function allows(policy: Policy, attempt: Attempt): Record<string, boolean> {
  const within = (limit: string | undefined, ms: number) =>
    limit === undefined || ms < (parseDurationMs(limit) as number);
  const { reason } = policy;
  const wanted = typeof reason === 'object' ? [reason.pattern].flat() : [];
  return {
    reasonGiven: !reason || attempt.reason !== undefined,
    reasonMatches: wanted.every((each) => new RegExp(each, 'u').test(attempt.reason ?? '')),
    confirmed: !policy.confirm || attempt.confirmed,
    time: within(policy.timeLimit, attempt.upMs),
    idle: within(policy.idleLimit, attempt.idleMs),
    connections: attempt.clients <= (policy.maxConnections ?? 10),
    program: policy.programs?.includes(attempt.program) ?? true,
    writes: !(policy.readOnly && attempt.writes),
    recorded: !policy.statementAudit || attempt.recorded,
    gateway: policy.gateway !== true || attempt.gateway,
    superuser: !(policy.superuser === 'forbid' && attempt.superuser),
    trusted: !(policy.trust === 'forbid' && attempt.trusted),
    hostNetwork: !(policy.hostNetwork === 'forbid' && attempt.hostNetwork),
    atStake:
      environments.indexOf(attempt.atStake) >= environments.indexOf(policy.environment ?? 'development'),
  };
}

/** The same for every attempt, whatever it is called. */
const meaning = (policy: Policy) => ({
  ...policy,
  reason: [policy.reason && true, [...patternsOf(policy.reason)].sort()],
  programs: policy.programs?.toSorted(),
  timeLimit: policy.timeLimit && parseDurationMs(policy.timeLimit),
  idleLimit: policy.idleLimit && parseDurationMs(policy.idleLimit),
});

const both = (a: Policy, b: Policy) => tightest(a, b) as Policy;

describe('the tightest of two policies', () => {
  it('allows what both allow, and nothing else', () => {
    fc.assert(
      fc.property(policies, policies, attempts, (a, b, attempt) => {
        const [ofA, ofB] = [allows(a, attempt), allows(b, attempt)];
        const ofBoth = Object.fromEntries(Object.keys(ofA).map((what) => [what, ofA[what] && ofB[what]]));
        expect(allows(both(a, b), attempt)).toEqual(ofBoth);
      }),
      { numRuns: 3_000 },
    );
  });

  it('is a meet: the same twice, in any order, in any grouping; it is a policy, and changes neither', () => {
    fc.assert(
      fc.property(policies, policies, policies, (a, b, c) => {
        const before = structuredClone([a, b]);
        expect(policySchema.parse(both(a, b))).toEqual(both(a, b));
        expect([a, b]).toEqual(before);
        expect(meaning(both(a, a))).toEqual(meaning(a));
        expect(meaning(both(a, b))).toEqual(meaning(both(b, a)));
        expect(meaning(both(both(a, b), c))).toEqual(meaning(both(a, both(b, c))));
        expect(tightest(a, undefined)).toEqual(a);
        expect(tightest(undefined, a)).toEqual(a);
      }),
    );
  });

  it('never lets more pods of a node through than either', () => {
    fc.assert(
      fc.property(policies, policies, (team, given) => {
        const own = policyTighteningSchema.safeParse(given);
        if (!own.success) return;
        if (forbidsHostNetwork(team)) expect(forbidsHostNetwork(both(team, own.data))).toBe(true);
      }),
    );
  });
});

describe('what a user says over a policy', () => {
  it.each<[string, Policy, Policy, string]>([
    ['timeLimit', { timeLimit: '1h' }, { timeLimit: '2h' }, 'at most 1h'],
    ['idleLimit', { idleLimit: '90s' }, { idleLimit: '2m' }, 'at most 90s'],
    ['maxConnections', { maxConnections: 5 }, { maxConnections: 6 }, 'at most 5'],
    ['environment', { environment: 'production' }, { environment: 'staging' }, 'production'],
    ['programs', { programs: ['/bin/a'] }, { programs: ['/bin/a', '/bin/b'] }, 'some of /bin/a'],
    [
      'reason',
      { reason: { pattern: 'x' } },
      { reason: true },
      'a pattern of its own beside that of the profile, or nothing',
    ],
  ])('is told that its %s is looser, and what would be right', (field, team, own, right) => {
    expect(loosenings(team, policyTighteningSchema.parse(own))).toEqual([{ field, right }]);
  });

  it('may say the same in other words, more, or what the profile leaves open', () => {
    const team: Policy = {
      timeLimit: '1h',
      maxConnections: 5,
      programs: ['/bin/a', '/bin/b'],
      reason: { pattern: 'x' },
    };
    const own = policyTighteningSchema.parse({
      timeLimit: '60m',
      idleLimit: '8h',
      maxConnections: 1,
      programs: ['/bin/b'],
      reason: { pattern: 'y' },
      confirm: true,
      hostNetwork: 'forbid',
    });
    expect(loosenings(team, own)).toEqual([]);
    expect(loosenings(undefined, own)).toEqual([]);
  });

  it.each(['confirm', 'readOnly', 'statementAudit', 'gateway', 'reason'])(
    'has no word for %s: false',
    (field) => {
      expect(policyTighteningSchema.safeParse({ [field]: false }).success).toBe(false);
    },
  );

  it.each(['superuser', 'trust', 'hostNetwork'])('has no word for %s: allow', (field) => {
    expect(policyTighteningSchema.safeParse({ [field]: 'allow' }).success).toBe(false);
  });
});

describe('the floor of the settings', () => {
  const floor = {
    all: { maxConnections: 20, readOnly: true as const },
    production: { timeLimit: '8h', confirm: true as const },
  };

  it('bounds every profile, and those of an environment further', () => {
    expect(withFloor({ kind: 'postgres' }, floor)).toEqual({ maxConnections: 20, readOnly: true });
    const policy = { environment: 'production', timeLimit: '9h', maxConnections: 3 } as const;
    expect(withFloor({ kind: 'postgres', policy }, floor)).toEqual({
      environment: 'production',
      timeLimit: '8h',
      confirm: true,
      maxConnections: 3,
      readOnly: true,
    });
  });

  it('asks of no other kind what only the gateway of a database sees to', () => {
    expect(withFloor({ kind: 'redis' }, floor)).toEqual({ maxConnections: 20 });
    expect(withFloor({}, {})).toBeUndefined();
  });

  it('counts an environment that the floor itself sets', () => {
    const strict = { all: { environment: 'production' as const }, production: { confirm: true as const } };
    expect(withFloor({}, strict)).toEqual({ environment: 'production', confirm: true });
  });
});

describe('pods of the node', () => {
  it.each<[Policy | undefined, boolean]>([
    [undefined, false],
    [{}, false],
    [{ environment: 'staging' }, false],
    [{ environment: 'production' }, true],
    [{ environment: 'production', hostNetwork: 'allow' }, false],
    [{ hostNetwork: 'forbid' }, true],
  ])('%j forbids them: %s', (policy, forbidden) => {
    expect(forbidsHostNetwork(policy)).toBe(forbidden);
  });
});
