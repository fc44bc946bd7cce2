import { timeWords } from '../../../src/client/tunnel-words.ts';
import type { AuditFilter } from '../../../src/contract/audit-query.ts';

const hourMs = 3_600_000;

/** Counted back from when they are chosen. */
export const recentRanges = [
  { name: 'Last hour', agoMs: hourMs },
  { name: 'Last 24 hours', agoMs: 24 * hourMs },
  { name: 'Last 7 days', agoMs: 7 * 24 * hourMs },
] as const;

/** As a datetime-local input has it: the time of here, in whole seconds. */
export function inputTime(atMs: number | undefined): string {
  return atMs === undefined ? '' : timeWords(atMs).replace(' ', 'T');
}

/** Undefined where it is empty, or not written to its end. */
export function parseInputTime(text: string): number | undefined {
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? undefined : atMs;
}

export function rangeProblem({
  sinceMs,
  untilMs,
}: Pick<AuditFilter, 'sinceMs' | 'untilMs'>): string | undefined {
  const isEmpty = sinceMs !== undefined && untilMs !== undefined && sinceMs >= untilMs;
  return isEmpty ? 'ends before it begins' : undefined;
}
