/**
 * Policies from several hands: a profile's own, what its user adds to it, and the floor of the settings. For each field it is said here
 * which of two values is stricter; what nobody says bounds nothing. docs/policy.md has the same as a table.
 */
import { parseDurationMs } from '../base/duration.ts';
import type { Policy, PolicyFloor, PolicyTightening } from '../contract/policy.ts';
import type { Profile } from '../contract/profile.ts';

interface Strictness<T> {
  /** A value that allows nothing that either forbids. */
  tightest(a: T, b: T): T;
  /** Whether a user's own value would allow what the profile's forbids. */
  isLooser(own: T, than: T): boolean;
  /** What would be right instead, behind "must be". */
  right(than: T): string;
}

/** passwordless only ever loosens, so that nobody's has a say beside the profile's. */
type Bounding = Exclude<keyof Policy, 'passwordless'>;
type Value<Field extends Bounding> = NonNullable<Policy[Field]>;
type Strictnesses = { readonly [Field in Bounding]: Strictness<Value<Field>> };

const environments = ['development', 'staging', 'production'] as const;
const flag = ranked<boolean>(Number, String);
const forbid = ranked<'allow' | 'forbid'>((word) => Number(word === 'forbid'), String);
const duration = ranked<string>((text) => -(parseDurationMs(text) ?? Infinity), atMost);
const strictness: Strictnesses = {
  environment: ranked((word) => environments.indexOf(word), String),
  reason: {
    tightest: bothReasons,
    isLooser: (own, than) => reasonRank(own) < reasonRank(than),
    right: (than) =>
      patternsOf(than).length > 0 ? 'a pattern of its own beside that of the profile, or nothing' : 'true',
  },
  confirm: flag,
  timeLimit: duration,
  idleLimit: duration,
  readOnly: flag,
  maxConnections: ranked<number>((most) => -most, atMost),
  programs: {
    tightest: (a, b) => a.filter((program) => b.includes(program)),
    isLooser: (own, than) => own.some((program) => !than.includes(program)),
    right: (than) => `some of ${than.slice(0, 5).join(', ')}${than.length > 5 ? ' …' : ''}`,
  },
  localPasswordLifetime: duration,
  statementAudit: flag,
  gateway: flag,
  superuser: forbid,
  replication: forbid,
  trust: forbid,
  hostNetwork: forbid,
};

const fields = Object.keys(strictness) as Bounding[];

/** What both allow. Pure; neither is changed. */
export function tightest(team: Policy | undefined, own: Policy | undefined): Policy | undefined {
  if (!team || !own) return team ?? own;
  const both: Policy = { ...team };
  for (const field of fields) tighten(both, field, own[field]);
  return both;
}

export interface Loosening {
  readonly field: Bounding;
  readonly right: string;
}

/** What of a user's own policy is looser than the profile's, and what would be right. */
export function loosenings(team: Policy | undefined, own: PolicyTightening): Loosening[] {
  return fields.flatMap((field) => loosening(field, team?.[field], own[field]) ?? []);
}

/** Those that the gateway of a Postgres sees to, and that say nothing of another kind. */
export const ofPostgres = [
  'readOnly',
  'localPasswordLifetime',
  'statementAudit',
  'gateway',
  'superuser',
  'replication',
  'trust',
] as const;

/** A profile's policy as the user's settings bound it. What only a database's gateway can see to is asked of databases alone. */
export function withFloor(
  { kind, policy }: Pick<Profile, 'kind' | 'policy'>,
  floor: PolicyFloor,
): Policy | undefined {
  const fitting = (added: PolicyTightening | undefined) => {
    if (!added || kind === 'postgres') return added;
    const rest = { ...added };
    for (const field of ofPostgres) delete rest[field];
    return rest;
  };
  const bounded = tightest(policy, fitting(floor.all));
  return bounded?.environment ? tightest(bounded, fitting(floor[bounded.environment])) : bounded;
}

/** All that a reason must match. */
export function patternsOf(reason: Policy['reason']): readonly string[] {
  return typeof reason === 'object' ? [reason.pattern].flat() : [];
}

function tighten<Field extends Bounding>(policy: Policy, field: Field, own: Policy[Field]): void {
  if (own === undefined) return;
  const team: Policy[Field] = policy[field];
  const { tightest: both }: Strictness<Value<Field>> = strictness[field];
  policy[field] = team === undefined ? own : both(team, own);
}

function loosening<Field extends Bounding>(
  field: Field,
  team: Policy[Field],
  own: Policy[Field],
): Loosening | undefined {
  if (team === undefined || own === undefined) return undefined;
  const { isLooser, right }: Strictness<Value<Field>> = strictness[field];
  return isLooser(own, team) ? { field, right: right(team) } : undefined;
}

/** The higher its rank, the stricter is a value. Of equals the first stays. */
function ranked<T>(rank: (value: T) => number, right: (than: T) => string): Strictness<T> {
  return {
    tightest: (a, b) => (rank(b) > rank(a) ? b : a),
    isLooser: (own, than) => rank(own) < rank(than),
    right,
  };
}

/** Two patterns are not compared: both have to match. */
function reasonRank(reason: Value<'reason'>): number {
  return typeof reason === 'object' ? 2 : Number(reason);
}

/** A reason that somebody wants is wanted, and matches whatever anybody wants of it. */
function bothReasons(a: Value<'reason'>, b: Value<'reason'>): Value<'reason'> {
  const patterns = [...new Set([...patternsOf(a), ...patternsOf(b)])];
  if (patterns.length === 0) return a || b;
  const example = (typeof a === 'object' && a.example) || (typeof b === 'object' && b.example);
  const [only, ...others] = patterns as [string, ...string[]];
  return { pattern: others.length > 0 ? patterns : only, ...(example && { example }) };
}

function atMost(most: string | number): string {
  return `at most ${most}`;
}
