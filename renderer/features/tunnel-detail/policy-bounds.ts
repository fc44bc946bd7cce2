import { formatDuration, parseDurationMs } from '../../../src/base/duration.ts';
import { count, timeWords } from '../../../src/client/tunnel-words.ts';
import type { TunnelEntity } from '../../../src/contract/control-tunnel.ts';
import type { Profile } from '../../../src/contract/profile.ts';

/** What bounds a tunnel while it is up, and how much of it has gone. */
export interface PolicyBound {
  readonly name: string;
  /** 47 min left of 8 h · ends at 14:05 */
  readonly words: string;
  /** 0 to 1; absent where nothing counts now. */
  readonly share?: number;
  readonly isNear: boolean;
}

/** Connections are told to be short from here on. */
const nearShare = 0.8;

export function policyBounds(
  tunnel: Pick<TunnelEntity, 'limit' | 'connections' | 'wanted'>,
  policy: Profile['policy'] = {},
  nowMs: number,
): PolicyBound[] {
  const { environment, timeLimit, idleLimit, maxConnections } = policy;
  const { limit, connections, wanted } = tunnel;
  const bounds: (PolicyBound | undefined)[] = [
    environment && { name: 'Environment', words: environment, isNear: false },
    timeLimit === undefined
      ? undefined
      : limitBound({ name: 'Time limit', kind: 'time', written: timeLimit, limit, nowMs }),
    idleLimit === undefined
      ? undefined
      : limitBound({ name: 'Idle limit', kind: 'idle', written: idleLimit, limit, nowMs }),
    maxConnections === undefined
      ? undefined
      : wanted === 'on'
        ? {
            name: 'Connections',
            words: `${connections} of at most ${maxConnections}`,
            share: connections / maxConnections,
            isNear: connections / maxConnections >= nearShare,
          }
        : { name: 'Connections', words: `at most ${maxConnections}`, isNear: false },
  ];
  return bounds.filter((bound) => bound !== undefined);
}

/** What else its policy asks and forbids, each a sentence. */
export function policyRules(policy: Profile['policy'] = {}): string[] {
  const { reason, confirm, readOnly, statementAudit, programs, passwordless } = policy;
  const { localPasswordLifetime, trust, superuser } = policy;
  const pattern = typeof reason === 'object' ? reason.pattern : undefined;
  return [
    reason && `It asks for a reason${pattern ? ` that matches ${pattern}` : ''} before it opens.`,
    confirm && 'It asks for a yes before each start.',
    readOnly && 'Sessions are read-only.',
    statementAudit && 'Statements are recorded, without the values in them.',
    programs && `Only ${listed(programs)} may connect.`,
    passwordless && `${listed(passwordless)} ${passwordless.length === 1 ? 'needs' : 'need'} no password.`,
    localPasswordLifetime && `Its own password ends ${durationOf(localPasswordLifetime)} after it was made.`,
    trust === 'forbid' && 'A database that lets anyone in without a password is refused.',
    superuser === 'forbid' && 'A role that is a superuser is refused.',
  ].filter((sentence) => typeof sentence === 'string');
}

interface LimitGiven {
  readonly name: 'Time limit' | 'Idle limit';
  readonly kind: 'time' | 'idle';
  readonly written: string;
  /** The one that comes first as things are. */
  readonly limit: TunnelEntity['limit'];
  readonly nowMs: number;
}

function limitBound({ name, kind, written, limit, nowMs }: LimitGiven): PolicyBound {
  if (limit?.kind !== kind)
    return {
      name,
      words: kind === 'idle' ? `${durationOf(written)} without a connection` : durationOf(written),
      isNear: false,
    };
  const leftMs = Math.max(0, limit.endsAtMs - nowMs);
  const until = kind === 'idle' ? ', unless somebody connects' : '';
  return {
    name,
    words: `${leftWords(leftMs)} left of ${formatDuration(limit.limitMs)} · ends at ${endWords(limit.endsAtMs, nowMs)}${until}`,
    share: 1 - leftMs / limit.limitMs,
    isNear: limit.isNear,
  };
}

/** In whole seconds: tenths would never stand still. */
function leftWords(leftMs: number): string {
  return leftMs < 10_000 ? count(Math.ceil(leftMs / 1_000), 'second') : formatDuration(leftMs);
}

/** With the day where that is another one. */
function endWords(endsAtMs: number, nowMs: number): string {
  const [end, now] = [timeWords(endsAtMs), timeWords(nowMs)];
  return end.slice(0, 10) === now.slice(0, 10) ? end.slice(11, 16) : end.slice(5, 16);
}

function durationOf(written: string): string {
  const ms = parseDurationMs(written);
  return ms === undefined ? written : formatDuration(ms);
}

/** Programs by their names: their paths are long. */
function listed(paths: readonly string[]): string {
  return paths.map((path) => path.split(/[\\/]/).at(-1)).join(', ');
}
