import type { LogLine } from '../contract/control-tunnel.ts';
import type { PodIdentity } from '../contract/pod.ts';
import type { Colors } from './paint.ts';
import { podWords, timeWords } from './tunnel-words.ts';

/** 2026-11-20 14:03:12 warn port not bound port=15432 */
export function logLineWords({ atMs, level, event, fields }: LogLine, colors: Colors): string {
  const warned = level === 'warn' ? colors.yellow('warn ') : '';
  const facts = Object.entries(fields).filter(([field, value]) => isWorthALine(field, value));
  const words = facts.map(([field, value]) => `${colors.dim(`${field}=`)}${plain(value)}`);
  return [colors.dim(timeWords(atMs)), `${warned}${event}`, ...words].join(' ');
}

/** The line has the tunnel's name and its own time already. */
function isWorthALine(field: string, value: unknown): boolean {
  return field !== 'tunnel' && field !== 'sinceMs' && !(field === 'held' && value === 0);
}

function plain(value: unknown): string {
  const pod = podIdentityOf(value);
  if (pod) return podWords(pod);
  return typeof value === 'string' && /^[\w./:@-]+$/.test(value) ? value : JSON.stringify(value);
}

function podIdentityOf(value: unknown): PodIdentity | undefined {
  const isPod = typeof value === 'object' && value !== null && 'uid' in value && 'hostNetwork' in value;
  return isPod ? (value as PodIdentity) : undefined;
}
