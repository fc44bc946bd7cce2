import { formatDuration } from '../../../src/base/duration.ts';
import { plain } from '../../../src/client/audit-words.ts';
import { bytesWords } from '../../../src/client/tunnel-words.ts';
import type { AuditRecord } from '../../../src/contract/audit-event.ts';
import type { ErrorData } from '../../../src/contract/error-codes.ts';
import type { ExactFilter } from './audit-search.ts';

export interface EventFact {
  readonly name: string;
  readonly value: string;
  /** Addresses, UIDs, paths. */
  readonly isCode?: boolean;
  /** What finds all events that share it. */
  readonly only?: ExactFilter;
}

/** How a field is called and written; in this order. One that is not here is shown as it is called, at the end. */
const fields: Readonly<
  Record<string, Omit<EventFact, 'value'> & { readonly write?: (value: number) => string }>
> = {
  tunnel: { name: 'Tunnel' },
  profile: { name: 'Profile' },
  target: { name: 'Target' },
  namespace: { name: 'Namespace' },
  local: { name: 'Local', isCode: true },
  state: { name: 'State' },
  change: { name: 'Change' },
  outcome: { name: 'Outcome' },
  why: { name: 'Why' },
  by: { name: 'By' },
  reason: { name: 'Reason' },
  environment: { name: 'Environment' },
  'pod.name': { name: 'Pod' },
  'pod.uid': { name: 'Pod UID', isCode: true },
  'pod.namespace': { name: 'Namespace' },
  'pod.node': { name: 'Node' },
  'pod.role': { name: 'Role' },
  port: { name: 'Port' },
  databaseUser: { name: 'DB user' },
  database: { name: 'Database' },
  application: { name: 'Application' },
  statement: { name: 'Statement' },
  text: { name: 'Text', isCode: true },
  fingerprint: { name: 'Fingerprint', isCode: true },
  'peer.program': { name: 'Program', isCode: true },
  'peer.pid': { name: 'Process' },
  'peer.uid': { name: 'OS user' },
  connection: { name: 'Connection' },
  count: { name: 'Times' },
  served: { name: 'Served', write: (value) => `${value}` },
  receivedBytes: { name: 'Received', write: bytesWords },
  sentBytes: { name: 'Sent', write: bytesWords },
  heldMs: { name: 'Held', write: formatDuration },
  durationMs: { name: 'Lasted', write: formatDuration },
  user: { name: 'User' },
  groups: { name: 'Groups' },
  cluster: { name: 'Cluster', isCode: true },
  context: { name: 'Context' },
  auditId: { name: 'Audit-ID', isCode: true },
  hash: { name: 'Hash', isCode: true },
};

/** Shown elsewhere: in the heading, as an error, as a diff, or as the raw line. */
const elsewhere = new Set(['seq', 'prev', 'event', 'at', 'clipped', 'error', 'changes', 'signature']);

/** What an event tells, in the order in which people ask: what, where, who, how much. */
export function eventFacts(record: AuditRecord): EventFact[] {
  const values = new Map(flat(record));
  const known = Object.entries(fields).flatMap(([path, { write, ...field }]): EventFact[] => {
    const value = values.get(path);
    values.delete(path);
    if (value === undefined || (path === 'profile' && value === record.tunnel)) return [];
    const only = onlyOf(path, value);
    const text = write && typeof value === 'number' ? write(value) : written(value);
    return [{ ...field, value: text, ...(only && { only }) }];
  });
  const others = [...values].map(([path, value]) => ({ name: plain(path), value: written(value) }));
  return [...known, ...others];
}

/** The failure that it tells, where the code is one that is known by its form. */
export function eventError({ error }: AuditRecord): ErrorData | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, details = {} } = error as Partial<ErrorData>;
  const isError = typeof code === 'string' && typeof details === 'object' && details !== null;
  return isError ? { code, details } : undefined;
}

export interface EventChange {
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

/** What differs in a profile or policy, value by value. */
export function eventChanges({ changes }: AuditRecord): EventChange[] {
  if (!Array.isArray(changes)) return [];
  return changes.flatMap((change: unknown) => {
    if (typeof change !== 'object' || change === null) return [];
    const { path, before, after } = change as Partial<EventChange>;
    return [
      { path: written(path), before: written(before ?? 'not set'), after: written(after ?? 'not set') },
    ];
  });
}

function* flat(record: AuditRecord): Generator<[string, unknown]> {
  for (const [name, value] of Object.entries(record)) {
    if (elsewhere.has(name) || value === undefined) continue;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) yield [name, value];
    else for (const [inner, one] of Object.entries(value)) yield [`${name}.${inner}`, one];
  }
}

function written(value: unknown): string {
  if (Array.isArray(value)) return value.map(written).join(', ');
  return plain(typeof value === 'object' ? JSON.stringify(value) : String(value));
}

function onlyOf(path: string, value: unknown): ExactFilter | undefined {
  if (typeof value !== 'string') return undefined;
  switch (path) {
    case 'tunnel':
    case 'user':
    case 'databaseUser':
    case 'auditId':
      return { [path]: value };
    case 'pod.uid':
      return { podUid: value };
    default:
      return undefined;
  }
}
