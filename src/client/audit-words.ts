/** What is said of an event on record, by the command line and the window alike. */
import { plain } from '../base/plain.ts';
import type { AuditRecord } from '../contract/audit-event.ts';
import { bytesWords, shortUid } from './tunnel-words.ts';

/** For the window, which reaches no further down. */
export { plain };

const badEvents = new Set(['tail-cut', 'damage-found', 'file-changed', 'events-lost', 'shipping-gap']);

/** Whether it tells of something that failed, was refused or was found damaged. */
export function isTrouble({ event, error }: AuditRecord): boolean {
  return error !== undefined || badEvents.has(event);
}

type Facts = Readonly<Record<string, unknown>>;

/** What a person looks for first, safe to be shown: the pod, the user, the program, the sizes. The record has it all. */
export function factWords(record: AuditRecord): string[] {
  const pod = inner(record.pod);
  const secret = inner(record.secret);
  return [
    ...words(record, ['operation']),
    ...(Array.isArray(record.names) ? record.names.map(String) : []),
    ...words(record, ['state', 'change', 'why', 'by', 'environment', 'reason', 'outcome']),
    ...words(record, ['profile']).filter((profile) => profile !== record.tunnel),
    ...words(pod, ['name']),
    ...words(pod, ['uid']).map(shortUid),
    ...words(pod, ['node', 'role']),
    ...words(record, ['databaseUser', 'database', 'application', 'statement', 'text', 'user']),
    ...words(secret, ['kind', 'namespace', 'name', 'key', 'account', 'program', 'variable', 'path']),
    ...peerWords(inner(record.peer)),
    ...peerWords(inner(record.by)),
    ...sizeWords(record.receivedBytes, 'received'),
    ...sizeWords(record.sentBytes, 'sent'),
    ...words(record, ['file', 'count']),
    ...words(inner(record.error), ['code']),
  ].map(plain);
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
