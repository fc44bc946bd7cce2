import { bytesWords, shortUid, timeWords } from '../client/tunnel-words.ts';
import type { AuditRecord } from '../contract/audit-event.ts';
import type { ListedRecord } from '../contract/audit-query.ts';
import type { Colors } from './paint.ts';

const badEvents = new Set(['tail-cut', 'damage-found', 'file-changed', 'events-lost', 'shipping-gap']);

/** 2026-11-21 18:44:12 daemon 17 connection-opened user/orders-db postgres-0 · 7f3a · node-1 …: an event in one line. */
export function recordWords({ log, record }: ListedRecord, colors: Colors): string {
  const { at, seq, event, tunnel } = record;
  const isBad = record.error !== undefined || badEvents.has(event);
  return [
    colors.dim(`${timeWords(Date.parse(at))} ${log} ${seq}`),
    isBad ? colors.yellow(plain(event)) : plain(event),
    typeof tunnel === 'string' ? colors.bold(plain(tunnel)) : '',
    factWords(record).map(plain).join(' · '),
  ]
    .filter(Boolean)
    .join(' ');
}

type Facts = Readonly<Record<string, unknown>>;

/** What a person looks for first; `audit show` has it all. */
function factWords(record: AuditRecord): string[] {
  const pod = inner(record.pod);
  const secret = inner(record.secret);
  return [
    ...words(record, ['state', 'change', 'why', 'by', 'environment', 'reason', 'outcome']),
    ...words(record, ['profile']).filter((profile) => profile !== record.tunnel),
    ...words(pod, ['name']),
    ...words(pod, ['uid']).map(shortUid),
    ...words(pod, ['node', 'role']),
    ...words(record, ['databaseUser', 'database', 'application', 'statement', 'text', 'user']),
    ...words(secret, ['kind', 'namespace', 'name', 'key', 'account', 'program', 'variable', 'path']),
    ...peerWords(inner(record.peer)),
    ...sizeWords(record.receivedBytes, 'received'),
    ...sizeWords(record.sentBytes, 'sent'),
    ...words(record, ['file', 'count']),
    ...words(inner(record.error), ['code']),
  ];
}

function peerWords(peer: Facts): string[] {
  const [program] = words(peer, ['program']);
  const [uid] = words(peer, ['uid']);
  const who = program ?? (uid === undefined ? undefined : `uid ${uid}`);
  return who === undefined ? [] : [[who, ...words(peer, ['pid'])].join(' ')];
}

function sizeWords(bytes: unknown, word: string): string[] {
  return typeof bytes === 'number' ? [`${bytesWords(bytes)} ${word}`] : [];
}

function inner(value: unknown): Facts {
  return typeof value === 'object' && value !== null ? (value as Facts) : {};
}

function words(from: Facts, names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const value = from[name];
    return typeof value === 'string' || typeof value === 'number' ? [String(value)] : [];
  });
}

/** Names may hold escape sequences for the terminal. */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
