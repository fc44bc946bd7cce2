/** Events as CSV (RFC 4180). Plain functions: the command line and the window export the same. */
import type { AuditRecord } from './audit-event.ts';

/** A column: its name, and where its value is in a record. */
const columns = [
  ['seq', 'seq'],
  ['at', 'at'],
  ['event', 'event'],
  ['tunnel', 'tunnel'],
  ['profile', 'profile'],
  ['cluster', 'cluster'],
  ['user', 'user'],
  ['namespace', 'pod.namespace'],
  ['pod', 'pod.name'],
  ['pod_uid', 'pod.uid'],
  ['node', 'pod.node'],
  ['role', 'pod.role'],
  ['connection', 'connection'],
  ['audit_id', 'auditId'],
  ['peer_uid', 'peer.uid'],
  ['peer_pid', 'peer.pid'],
  ['peer_program', 'peer.program'],
  ['received_bytes', 'receivedBytes'],
  ['sent_bytes', 'sentBytes'],
  ['duration_ms', 'durationMs'],
  ['database_user', 'databaseUser'],
  ['database', 'database'],
  ['application', 'application'],
  ['statement', 'statement'],
  ['text', 'text'],
  ['reason', 'reason'],
  ['error', 'error.code'],
] as const;
/** In the columns already, or of the chain. */
const shown = new Set<string>(columns.map(([, path]) => path.split('.')[0]!));
for (const name of ['prev', 'clipped']) shown.add(name);

const lineEnd = '\r\n';

export const csvHeader = `${[...columns.map(([name]) => name), 'more'].join(',')}${lineEnd}`;

/** One event; what no column holds is JSON in the last one, `more`. */
export function csvLine(record: AuditRecord): string {
  const cells = columns.map(([, path]) => cell(valueAt(record, path)));
  return `${[...cells, cell(more(record))].join(',')}${lineEnd}`;
}

function valueAt(record: AuditRecord, path: string): unknown {
  let value: unknown = record;
  for (const name of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[name];
  return value;
}

function more(record: AuditRecord): string {
  const rest = Object.entries(record).filter(([name]) => !shown.has(name));
  // An error's code has a column, why has not.
  const { error } = record as { error?: { details?: object } };
  if (error?.details && Object.keys(error.details).length > 0) rest.push(['error', error.details]);
  return rest.length === 0 ? '' : JSON.stringify(Object.fromEntries(rest));
}

/**
 * Spreadsheets take text that begins with = + - @, a tab or a carriage return for a formula, and names come from whoever chose them: an
 * apostrophe before it makes it text.
 */
function cell(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = String(value);
  const guarded =
    /^[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/.test(text.trimStart()) || /^[\t\r\n]/.test(text)
      ? `'${text}`
      : text;
  return /[",\r\n\t';]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}
