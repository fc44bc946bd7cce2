import type { AuditRecord } from '../contract/audit-event.ts';
import type { AuditFilter } from '../contract/audit-query.ts';

export interface RecordFilter {
  /** False only where no record of this line can match: spares reading most lines as JSON. */
  mayMatch(line: string): boolean;
  matches(record: AuditRecord): boolean;
}

/** What a filter asks of one line and of one record. */
export function recordFilter(filter: AuditFilter): RecordFilter {
  const { tunnel, profile, events, sinceMs, untilMs, podUid, user, databaseUser, auditId } = filter;
  const named = Object.entries({ tunnel, profile }).filter(([, value]) => value !== undefined);
  const exact = { user, databaseUser, auditId };
  const fields = Object.entries(exact).filter(([, value]) => value !== undefined);
  // As JSON.stringify wrote it, where it is plain ASCII: other texts may be written in several ways.
  const texts = [...fields.map(([, value]) => value!), ...(podUid === undefined ? [] : [podUid])];
  const needles = [
    ...texts.filter(isPlain).map((value) => JSON.stringify(value)),
    // The end of a text: its source may stand before it.
    ...named.flatMap(([, value]) => (isPlain(value!) ? [JSON.stringify(value).slice(1)] : [])),
  ];
  const kinds = events?.map((event) => `"event":"${event}"`);
  const [first, last] = [timeText(sinceMs), timeText(untilMs)];
  return {
    mayMatch(line) {
      if (first !== undefined || last !== undefined) {
        const at = lineStart.exec(line)?.[1];
        if (at !== undefined && ((first && at < first) || (last && at > last))) return false;
      }
      if (kinds && !kinds.some((kind) => line.includes(kind))) return false;
      return needles.every((needle) => line.includes(needle));
    },
    matches(record) {
      if (events && !events.includes(record.event)) return false;
      if (fields.some(([name, value]) => record[name] !== value)) return false;
      if (named.some(([name, value]) => !isNamed(record[name], value!))) return false;
      if (podUid !== undefined && !hasUid(record.pod, podUid)) return false;
      if (sinceMs === undefined && untilMs === undefined) return true;
      const atMs = Date.parse(record.at);
      return atMs >= (sinceMs ?? atMs) && (untilMs === undefined || atMs < untilMs);
    },
  };
}

/** As this product writes its lines; of others the time is read from their JSON. */
const lineStart = /^\{"seq":\d+,"prev":"[0-9a-f]{64}","event":"[^"\\]*","at":"(\d{4}-[^"\\]{19})"/;

/** Of the four-digit years: only their texts stand in the order of time. */
function timeText(atMs: number | undefined): string | undefined {
  const isComparable = atMs !== undefined && atMs >= 0 && atMs < 253_402_300_800_000;
  return isComparable ? new Date(atMs).toISOString() : undefined;
}

function isPlain(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

/** A bare name is that of any source. */
function isNamed(id: unknown, name: string): boolean {
  return id === name || (typeof id === 'string' && !name.includes('/') && id.endsWith(`/${name}`));
}

function hasUid(pod: unknown, uid: string): boolean {
  return typeof pod === 'object' && pod !== null && 'uid' in pod && pod.uid === uid;
}
