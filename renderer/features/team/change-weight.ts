import { parseDurationMs } from '../../../src/base/duration.ts';
import type { ProfileChange } from '../../../src/contract/profile-snapshot.ts';

/**
 * loosens: a bound of the tunnel becomes wider or goes. guard: another bound, or another way to log in. elsewhere: it leads to another place.
 * What else changes is plain.
 */
export type ChangeWeight = 'loosens' | 'guard' | 'elsewhere' | 'plain';

export const weightWords: Record<Exclude<ChangeWeight, 'plain'>, string> = {
  loosens: 'loosens a bound',
  guard: 'bound',
  elsewhere: 'leads elsewhere',
};

const places = /^(cluster\.|namespace$|target$|port$)/;
const guards = /^(policy\.|local\.address$|connection\.(password|certificate|sslmode|ca|serverName)(\.|$))/;
const stakes = ['development', 'staging', 'production'];

/** What one difference means for who is to agree to it. Pure. */
export function changeWeight(change: ProfileChange): ChangeWeight {
  // What was nowhere before leads nowhere else now.
  if (places.test(change.path)) return change.before === undefined ? 'plain' : 'elsewhere';
  if (!guards.test(change.path)) return 'plain';
  return isLooser(change) ? 'loosens' : 'guard';
}

/** Of several differences the gravest. */
export function gravest(changes: readonly ProfileChange[]): ChangeWeight {
  const weights = changes.map(changeWeight);
  const order = ['loosens', 'elsewhere', 'guard'] as const;
  return order.find((weight) => weights.includes(weight)) ?? 'plain';
}

function isLooser({ path, before, after }: ProfileChange): boolean {
  const [was, is] = [read(before), read(after)];
  switch (path) {
    case 'policy.environment':
      return stakes.indexOf(String(is)) < stakes.indexOf(String(was));
    case 'policy.timeLimit':
    case 'policy.idleLimit':
    case 'policy.localPasswordLifetime':
      return was !== undefined && (is === undefined || durationMs(is) > durationMs(was));
    case 'policy.maxConnections':
      return was !== undefined && (is === undefined || Number(is) > Number(was));
    case 'policy.programs':
      // Without a list all programs may connect.
      return was !== undefined && (is === undefined || hasMore(was, is));
    case 'policy.passwordless':
      return hasMore(was, is);
    case 'policy.gateway':
      // Absent it is on where there is a login, and nothing insists on it.
      return was === true || is === false;
    case 'policy.superuser':
    case 'policy.replication':
    case 'policy.trust':
      return was === 'forbid';
    case 'policy.hostNetwork':
      // Absent it is forbidden in production.
      return was === 'forbid' || is === 'allow';
    case 'local.address':
      return is !== undefined && !/^(127\.|::1$)/.test(String(is));
    default:
      // Those that are switched on, and a reason's pattern: off or gone is looser.
      return (
        path.startsWith('policy.') && was !== undefined && was !== false && (is === undefined || is === false)
      );
  }
}

/** Canonical JSON; a newer daemon may send what this page does not know. */
function read(value: string | undefined): unknown {
  try {
    return value === undefined ? undefined : JSON.parse(value);
  } catch {
    return value;
  }
}

function hasMore(was: unknown, is: unknown): boolean {
  const known = new Set(Array.isArray(was) ? was : []);
  return Array.isArray(is) && is.some((entry) => !known.has(entry));
}

function durationMs(value: unknown): number {
  return parseDurationMs(String(value)) ?? 0;
}
